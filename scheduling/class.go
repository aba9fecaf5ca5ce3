package scheduling

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// class is a kind of waiting pods that nothing can tell apart: all later work goes by class and count.
type class struct {
	pods        []int32 // in Problem.pods, which is sorted, in ascending order
	demand      resource.Vector
	priority    int32
	sig         int32
	unsupported string // the field that the planner does not understand; empty when there is none
	// perNode is how many of the class may share a host, MaxInt32 without a cap.
	perNode int32
	// apart lists the other classes that may not share a host with this one, ascending.
	apart []int32
	ties  podTies
}

// signature is what decides which hosts admit a pod, resources and company aside: node selector, required node
// affinity, tolerations, and the DaemonSets that exclude the pod or that it excludes.
type signature struct {
	pod     *corev1.Pod // one that has it
	shunned bitset.Set  // of Problem.daemons
	rows    bitset.Set  // of Problem.rows, availability aside
}

// kind is a group of waiting pods with one spec, before labels are looked at.
type kind struct {
	pod  *corev1.Pod
	owns []int32 // anti-affinity terms
}

// compileClasses sorts the waiting pods, drops those that are nobody's concern, and groups the rest.
func (p *Problem) compileClasses(f *findings) {
	p.pods = make([]*corev1.Pod, 0, len(p.snapshot.Pods))
	for i, pod := range p.snapshot.Pods {
		switch {
		case pod == nil:
			f.add(fmt.Sprintf("Pods[%d]", i), "is nil")
		case pod.Spec.NodeName != "":
			f.add(podPath(pod)+".spec.nodeName", "is bound to node %q already: such pods belong to Nodes", pod.Spec.NodeName)
		case wanted(pod, p.snapshot.Profile):
			p.pods = append(p.pods, pod)
		}
	}
	if !slices.IsSortedFunc(p.pods, comparePods) {
		slices.SortFunc(p.pods, comparePods)
	}
	for i := 1; i < len(p.pods); i++ {
		if comparePods(p.pods[i-1], p.pods[i]) == 0 {
			f.add(podPath(p.pods[i]), "occurs twice")
		}
	}

	x := newPrinter()
	kinds, kindOf := p.kinds(f, x)
	p.terms.finish()
	for d := range p.daemons {
		p.daemons[d].ties = p.terms.ties(p.daemonOwns[d], p.daemons[d].pod)
	}
	p.groupByLabels(x, kinds, kindOf)
}

func podPath(pod *corev1.Pod) string { return fmt.Sprintf("Pods[%s/%s]", pod.Namespace, pod.Name) }

// kinds groups pods by spec and collects the anti-affinity terms of every pod there is.
func (p *Problem) kinds(f *findings, x printer) ([]kind, []int32) {
	known := p.snapshot.Namespaces != nil
	p.terms = newAntiTerms(p.snapshot.Namespaces)
	var kinds []kind
	ids := map[print128]int32{}
	kindOf := make([]int32, len(p.pods))
	for i, pod := range p.pods {
		h := x.spec(pod)
		id, seen := ids[h]
		if !seen {
			id = int32(len(kinds))
			ids[h] = id
			checkPod(f, podPath(pod), pod)
			kinds = append(kinds, kind{pod: pod, owns: p.terms.add(f, x, pod, podPath(pod), known, false)})
		}
		kindOf[i] = id
	}
	p.daemonOwns = make([][]int32, len(p.daemons))
	for d := range p.daemons {
		pod := p.daemons[d].pod
		p.daemonOwns[d] = p.terms.add(f, x, pod, fmt.Sprintf("DaemonPods[%s]", p.daemons[d].name), known, true)
	}
	p.boundOwns = map[*corev1.Pod][]int32{}
	for i := range p.nodes {
		n := &p.nodes[i]
		for _, pod := range n.pods {
			if len(requiredAnti(pod)) > 0 || len(hostPorts(pod)) > 0 {
				path := fmt.Sprintf("Nodes[%s].Pods[%s/%s]", n.object.Name, pod.Namespace, pod.Name)
				p.boundOwns[pod] = p.terms.add(f, x, pod, path, known, true)
			}
		}
	}
	return kinds, kindOf
}

// groupByLabels makes the classes: pods of one kind whose labels no anti-affinity term tells apart, and kinds that
// agree in everything that counts.
func (p *Problem) groupByLabels(x printer, kinds []kind, kindOf []int32) {
	type labelled struct {
		kind   int32
		labels print128
	}
	groups := map[labelled]int32{}
	classes := map[print128]int32{}
	sigs := map[print128]int32{}
	demands := make([]print128, len(kinds))
	for i := range kinds {
		demands[i] = x.resources(requests(kinds[i].pod))
	}
	p.classOf = make([]int32, len(p.pods))
	for i, pod := range p.pods {
		g := labelled{kind: kindOf[i]}
		if len(p.terms.list) > 0 {
			g.labels = x.text(pod.Namespace)
			for _, key := range p.terms.keys {
				value, has := pod.Labels[key]
				if has {
					g.labels = g.labels.join(x.text(value))
				}
				g.labels = g.labels.number(1)
			}
		}
		c, seen := groups[g]
		if !seen {
			ties := p.terms.ties(kinds[g.kind].owns, pod)
			c = p.class(x, classes, sigs, pod, ties, demands[g.kind])
			groups[g] = c
		}
		p.classOf[i] = c
		p.classes[c].pods = append(p.classes[c].pods, int32(i))
	}
}

// class finds or makes the class of a pod.
func (p *Problem) class(x printer, classes, sigs map[print128]int32, pod *corev1.Pod, ties podTies, demand print128) int32 {
	unsupported := unsupportedField(pod)
	if unsupported == "" {
		unsupported, _ = p.terms.beyondHost(ties)
	}
	shunned := bitset.New(max(len(p.daemons), 1))
	for d := range p.daemons {
		if ties.conflict(p.daemons[d].ties) {
			shunned.Add(d)
		}
	}
	sigKey := x.nodeAffinity(&pod.Spec).join(x.tolerations(pod.Spec.Tolerations)).join(setPrint(shunned))
	sig, seen := sigs[sigKey]
	if !seen {
		sig = int32(len(p.sigs))
		sigs[sigKey] = sig
		p.sigs = append(p.sigs, signature{pod: pod, shunned: shunned})
	}
	key := demand.number(uint64(sig)).number(uint64(priority(pod))).join(x.text(unsupported)).join(setPrint(ties.owns)).join(setPrint(ties.selectedBy))
	c, seen := classes[key]
	if !seen {
		c = int32(len(p.classes))
		classes[key] = c
		p.classes = append(p.classes, class{sig: sig, priority: priority(pod), unsupported: unsupported, perNode: endless, ties: ties})
	}
	return c
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

// keepApart works out which classes may not share a host.
func (p *Problem) keepApart() {
	if len(p.terms.list) == 0 {
		return
	}
	owners := make([][]int32, len(p.terms.list))
	selected := make([][]int32, len(p.terms.list))
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
		slices.Sort(cl.apart)
		cl.apart = slices.DeleteFunc(slices.Compact(cl.apart), func(o int32) bool { return int(o) == c })
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
