package scheduling

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// class is a kind of waiting pods that nothing can tell apart: all later work goes by class and count.
//
// A root holds the pods. Roots with preferences have rungs besides (preference.go): the same pods, bound to keep some of
// them. Roots and rungs with constraints over domains wider than a host have parts, one for each cell (topology.go): the
// same pods, bound to go to hosts of that cell. A solve gives the pods of such a class to its parts.
type class struct {
	pods        []int32 // of a root: in Problem.pods, which is sorted, in ascending order
	demand      resource.Vector
	priority    int32
	sig         int32
	unsupported string // the field that the planner does not understand; empty when there is none
	// perNode is how many of the class may share a host, MaxInt32 without a cap.
	perNode int32
	// apart lists the other classes that may not share a host with this one, ascending.
	apart []int32
	// caps are in Problem.caps: groups of classes of which a host takes a few pods together.
	caps []int32
	ties podTies
	// shares says that a node may attach fewer volumes for some of its pods than demand says.
	shares bool

	root int32 // whose pods they are: itself, for a root
	base int32 // what it is a part of: a root or a rung; itself, if it is not a part
	cell int32 // of a part; -1 if it is not a part
	// group is which of Snapshot.Groups the pods are in, counted from 1; 0 if in none.
	group int32
	topo  *related
	kin   int32 // of a derived problem: the same class, or what it is a part or a rung of, in the universe
	// wishes are the preferences, heaviest first.
	wishes []wish
	// reserved is set where the pods go to reserved capacity or wait for the next round; see reserved.go.
	reserved bool
}

// signature is what decides which hosts admit a pod, resources and company aside: node selector, required node
// affinity, tolerations, where its volumes are, and the DaemonSets that exclude the pod or that it excludes.
type signature struct {
	pod     *corev1.Pod // one that has it
	shunned bitset.Set  // of Problem.daemons
	rows    bitset.Set  // of Problem.rows, availability aside
	nodes   bitset.Set  // of Problem.nodes
	root    int32       // itself, or the signature that it narrows to one cell
	kin     int32       // of a derived problem: the same, or what it narrows, in the universe
}

// kind is a group of waiting pods with one spec, before labels are looked at.
type kind struct {
	pod         *corev1.Pod
	constraints *constraints
	wishes      []wish
}

// compileClasses sorts the waiting pods, drops those that are nobody's concern, and groups the rest. It returns what the
// pods of each class ask for.
func (p *Problem) compileClasses(f *findings) []corev1.ResourceList {
	x := newPrinter()
	all := p.waitingPods(f, x)
	if honoured := p.honourNominations(all); len(honoured) > 0 {
		all = slices.DeleteFunc(all, func(w waiting) bool { return honoured[w.pod] })
	}
	p.pods = make([]*corev1.Pod, len(all))
	for i := range all {
		p.pods[i] = all[i].pod
	}

	p.compileStorage(f, all)
	kinds, kindOf := p.kinds(f, x, all)
	p.terms.finish()
	for d := range p.daemons {
		daemon := &p.daemons[d]
		daemon.matches = p.terms.matches(daemon.pod)
		daemon.ties = p.terms.ties(daemon.anti, daemon.matches)
	}
	return p.groupByLabels(x, kinds, kindOf)
}

func podPath(pod *corev1.Pod) string { return fmt.Sprintf("Pods[%s/%s]", pod.Namespace, pod.Name) }

// kinds groups pods by spec and collects the terms of every pod there is.
func (p *Problem) kinds(f *findings, x printer, all []waiting) ([]kind, []int32) {
	known := p.snapshot.Namespaces != nil
	p.terms = newTerms(p.snapshot.Namespaces)
	p.terms.setGroups(p.snapshot.Groups)
	var kinds []kind
	ids := map[print128]int32{}
	kindOf := make([]int32, len(p.pods))
	spread := newDefaultSpread(p.snapshot.Profile)
	p.finishPrints(x, all)
	for i := range all {
		if i > 0 && all[i].spec == all[i-1].spec {
			kindOf[i] = kindOf[i-1]
			continue
		}
		id, seen := ids[all[i].spec]
		if !seen {
			pod := all[i].pod
			id = int32(len(kinds))
			ids[all[i].spec] = id
			checkPod(f, podPath(pod), pod)
			kinds = append(kinds, kind{
				pod: pod, constraints: p.terms.constraintsOf(f, x, pod, podPath(pod), spread.of(pod), known),
				wishes: p.terms.wishes(f, x, pod, podPath(pod), spread.of(pod), known),
			})
		}
		kindOf[i] = id
	}
	if p.index != nil {
		p.index.printer, p.index.spread, p.index.ids = x, spread, ids
	}
	for d := range p.daemons {
		daemon := &p.daemons[d]
		daemon.anti = p.terms.addAnti(f, x, daemon.pod, fmt.Sprintf("DaemonPods[%s]", daemon.name), known)
	}
	p.boundAnti = map[*corev1.Pod][]int32{}
	for i := range p.nodes {
		n := &p.nodes[i]
		for _, pod := range n.pods {
			if len(requiredAnti(pod)) > 0 || holdsOfHost(pod) {
				path := fmt.Sprintf("Nodes[%s].Pods[%s/%s]", n.object.Name, pod.Namespace, pod.Name)
				p.boundAnti[pod] = p.terms.addAnti(f, x, pod, path, known)
			}
		}
	}
	return kinds, kindOf
}

// finishPrints adds to the prints what specs do not say: volumes and groups.
func (p *Problem) finishPrints(x printer, all []waiting) {
	grouped := len(p.terms.groups) > 0
	inChunks(len(all), func(from, to int) {
		for i := from; i < to; i++ {
			w := &all[i]
			if w.volumes {
				w.spec = w.spec.join(p.volumePrint(x, w.pod))
			}
			if grouped {
				w.spec = w.spec.number(uint64(p.terms.groups[podName(w.pod)]))
			}
		}
	})
}

// labelPrints tells apart pods that some matcher may tell apart by their labels: one print for each pod; nil if there is
// no matcher.
func (p *Problem) labelPrints(x printer) []print128 {
	if len(p.terms.matchers) == 0 && len(p.terms.groups) == 0 {
		return nil
	}
	prints := make([]print128, len(p.pods))
	inChunks(len(p.pods), func(from, to int) {
		for i := from; i < to; i++ {
			prints[i] = p.terms.labels(x, p.pods[i])
		}
	})
	return prints
}

// labelled is pods of one kind with labels that no matcher tells apart.
type labelled struct {
	kind   int32
	labels print128
}

// groupByLabels makes the roots: pods of one kind whose labels no matcher tells apart, and kinds that agree in everything
// that counts. It returns what the pods of each root ask for.
func (p *Problem) groupByLabels(x printer, kinds []kind, kindOf []int32) []corev1.ResourceList {
	groups := map[labelled]int32{}
	classes := map[print128]int32{}
	sigs := map[print128]int32{}
	var requests []corev1.ResourceList // by class
	asked, demands, restrictions := make([]corev1.ResourceList, len(kinds)), make([]print128, len(kinds)), make([]print128, len(kinds))
	for i := range kinds {
		asked[i] = p.requests(kinds[i].pod)
		demands[i], restrictions[i] = x.resources(asked[i]).join(p.volumePrint(x, kinds[i].pod)), kinds[i].constraints.print(x)
		for w := range kinds[i].wishes {
			restrictions[i] = restrictions[i].join(kinds[i].wishes[w].print(x))
		}
	}
	labels := p.labelPrints(x)
	var last labelled
	if p.index != nil {
		p.index.kinds, p.index.sigs = kinds, sigs
	}
	p.classOf = make([]int32, len(p.pods))
	for i, pod := range p.pods {
		g := labelled{kind: kindOf[i]}
		if labels != nil {
			g.labels = labels[i]
		}
		if i > 0 && g == last {
			p.classOf[i] = p.classOf[i-1]
			continue
		}
		last = g
		c, seen := groups[g]
		if !seen {
			k := &kinds[g.kind]
			ask := demands[g.kind].join(restrictions[g.kind])
			c = p.class(x, classes, sigs, pod, k, ask)
			if int(c) == len(requests) {
				requests = append(requests, asked[g.kind])
			}
			groups[g] = c
			if p.index != nil {
				p.index.note(p, g, c, ask)
			}
		}
		p.classOf[i] = c
	}
	p.listPods()
	return requests
}

// listPods gives each root its pods.
func (p *Problem) listPods() {
	counts := make([]int, len(p.classes))
	for _, c := range p.classOf {
		counts[c]++
	}
	all := make([]int32, len(p.pods))
	for c, n := range counts {
		p.classes[c].pods, all = all[:0:n], all[n:]
	}
	for i, c := range p.classOf {
		p.classes[c].pods = append(p.classes[c].pods, int32(i))
	}
}

// labels prints what the matchers can see of the pod.
func (t *terms) labels(x printer, pod *corev1.Pod) print128 {
	h := x.text(pod.Namespace)
	for _, key := range t.keys {
		value, has := pod.Labels[key]
		if has {
			h = h.join(x.text(value))
		}
		h = h.number(1)
	}
	if pod.DeletionTimestamp != nil {
		h = h.number(2)
	}
	if len(t.groups) > 0 && pod.Spec.NodeName == "" {
		h = h.number(uint64(t.groups[podName(pod)]))
	}
	return h
}

// class finds or makes the class of a pod. ask is a print of what it requires of resources and of other pods.
func (p *Problem) class(x printer, classes, sigs map[print128]int32, pod *corev1.Pod, k *kind, ask print128) int32 {
	unsupported := unsupportedField(pod)
	if unsupported == "" && p.storage.needs[pod].excluded() {
		unsupported = volumesField
	}
	matches := p.terms.matches(pod)
	group := p.terms.groups[podName(pod)]
	ties := p.terms.ties(k.constraints.anti, matches)
	shunned := p.shunnedBy(ties)
	sigKey := p.sigPrint(x, pod, shunned)
	sig, seen := sigs[sigKey]
	if !seen {
		sig = int32(len(p.sigs))
		sigs[sigKey] = sig
		p.sigs = append(p.sigs, signature{pod: pod, shunned: shunned, root: sig})
	}
	key := ask.number(uint64(sig)).number(uint64(priority(pod))).join(x.text(unsupported)).join(setPrint(matches)).number(uint64(group))
	c, seen := classes[key]
	if !seen {
		c = int32(len(p.classes))
		classes[key] = c
		p.classes = append(p.classes, class{
			sig: sig, priority: priority(pod), unsupported: unsupported, perNode: endless, ties: ties,
			root: c, base: c, cell: -1, group: group, topo: &related{constraints: k.constraints, matches: matches}, wishes: slices.Clone(k.wishes),
		})
	}
	return c
}

// sigPrint tells signatures apart.
func (p *Problem) sigPrint(x printer, pod *corev1.Pod, shunned bitset.Set) print128 {
	return x.nodeAffinity(&pod.Spec).join(x.tolerations(pod.Spec.Tolerations)).join(p.placePrint(pod)).join(setPrint(shunned))
}

// shunnedBy are the DaemonSets that exclude pods with those ties from a host, or that such pods exclude.
func (p *Problem) shunnedBy(ties podTies) bitset.Set {
	shunned := bitset.New(max(len(p.daemons), 1))
	for d := range p.daemons {
		if ties.conflict(p.daemons[d].ties) {
			shunned.Add(d)
		}
	}
	return shunned
}

func setPrint(s bitset.Set) print128 {
	var h print128
	for i := range s.All() {
		h = h.number(uint64(i) + 1)
	}
	return h
}

// exemplar is a pod of the class.
func (p *Problem) exemplar(c *class) *corev1.Pod { return p.pods[c.pods[0]] }

// keepApart works out which roots may not share a host, and how many pods of each may.
func (p *Problem) keepApart() {
	if len(p.terms.anti) == 0 {
		return
	}
	owners := make([][]int32, len(p.terms.anti))
	selected := make([][]int32, len(p.terms.anti))
	for c := range p.classes {
		if p.classes[c].unsupported != "" {
			continue
		}
		for t := range p.classes[c].ties.owns.All() {
			owners[t] = append(owners[t], int32(c))
		}
		for t := range p.classes[c].ties.selectedBy.All() {
			selected[t] = append(selected[t], int32(c))
		}
	}
	for t := range owners {
		if clique := intersection(owners[t], selected[t]); len(clique) > 0 {
			p.cliques = append(p.cliques, clique)
		}
	}
	slices.SortFunc(p.cliques, slices.Compare)
	for c := range p.classes {
		cl := &p.classes[c]
		if cl.unsupported != "" {
			continue
		}
		if cl.ties.conflict(cl.ties) {
			cl.perNode = 1
		}
		for t := range cl.ties.owns.All() {
			cl.apart = append(cl.apart, selected[t]...)
		}
		for t := range cl.ties.selectedBy.All() {
			cl.apart = append(cl.apart, owners[t]...)
		}
	}
}

// settleApart completes the lists of classes that exclude each other: those of parts follow from their roots'. Parts of
// one root exclude each other where the root excludes itself.
func (p *Problem) settleApart() {
	active := make([][]int32, len(p.classes)) // by undivided class, those that its pods may be of
	for c := range p.classes {
		if base := p.classes[c].base; p.parts[base] == nil || int(base) != c || p.classes[c].topo.wished {
			active[base] = append(active[base], int32(c))
		}
	}
	roots := make([][]int32, len(p.classes))
	for c := range p.classes {
		if cl := &p.classes[c]; int(cl.base) == c {
			roots[c] = cl.apart
			slices.Sort(roots[c])
			roots[c] = slices.Compact(roots[c])
		}
	}
	for c := range p.classes {
		cl := &p.classes[c]
		cl.apart = nil
		for _, other := range roots[cl.base] {
			cl.apart = append(cl.apart, active[other]...)
		}
		slices.Sort(cl.apart)
		cl.apart = slices.DeleteFunc(slices.Compact(cl.apart), func(o int32) bool { return int(o) == c })
	}
	for i, clique := range p.cliques {
		for _, root := range clique {
			for _, c := range active[root] {
				if c != root {
					p.cliques[i] = append(p.cliques[i], c)
				}
			}
		}
	}
}

// apart reports whether pods of the two different classes may not share a host.
func (p *Problem) apart(a, b int32) bool {
	_, found := slices.BinarySearch(p.classes[a].apart, b)
	return found
}

// intersection of two ascending lists.
func intersection(a, b []int32) []int32 {
	var out []int32
	for _, v := range a {
		if _, found := slices.BinarySearch(b, v); found {
			out = append(out, v)
		}
	}
	return out
}
