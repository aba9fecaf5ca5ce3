package scheduling

import (
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// family is what a compiled problem and those derived from it have in common.
type family struct {
	root  *Problem
	names map[string]int32 // how many nodes are called so, by name or hostname; nil until there is a universe

	once sync.Once
	mu   sync.Mutex
	all  *universe
}

// universe is a snapshot compiled with every pod that a what-if may set waiting among the waiting pods, while it is still
// counted on its node: all kinds of pods that there are, and what nodes and machines have to say to each. A derived problem
// picks from it what concerns the pods that wait in it. A universe never becomes a plan.
type universe struct {
	*Problem
	index *classIndex

	nodeOf  map[string]int32
	waiting []int32   // in pods, those that wait anyhow
	movers  [][]int32 // by node, in pods: those that come back when the node is gone
	odd     []bool    // by node: it has pods that come back, and that only compiling anew can judge

	matching   [][]int32 // by matcher and node: pods there that it matches; nil where there are none
	owning     [][]int32 // by anti-affinity term and node: pods there that own it
	boundOwner []int32   // by anti-affinity term: bound pods that own it
	owners     [][]int32 // by node: the terms that pods there own, once for each pod
	always     bitset.Set
	uses       []bitset.Set // by class: the matchers that its pods look for
	owns       []bitset.Set // by class: the anti-affinity terms that it owns or wishes for

	*shelf
}

// shelf is what derived problems have found out so far.
type shelf struct {
	layouts    cache[string, *layout]
	inclusions cache[inclusionKey, *inclusion]
	scales     cache[string, *scale]
}

type inclusionKey struct {
	sig              int32
	affinity, taints bool
	keys             string
}

// classIndex finds the class of a pod that was not there when the universe was compiled.
type classIndex struct {
	printer printer
	spread  *defaultSpread
	ids     map[print128]int32 // of kinds
	kinds   []kind
	classes map[labelled]int32
	kindOf  []int32    // by class
	asks    []print128 // by class: all that tells classes apart, but for the matchers that they match
	sigs    map[print128]int32
	mu      *sync.Mutex // of spread
}

// note enters a class that pods with those labels belong to.
func (x *classIndex) note(p *Problem, pods labelled, class int32, ask print128) {
	x.classes[pods] = class
	if int(class) == len(x.asks) {
		cl := &p.classes[class]
		x.kindOf = append(x.kindOf, pods.kind)
		x.asks = append(x.asks, ask.number(uint64(cl.sig)).number(uint64(cl.priority)).join(x.printer.text(cl.unsupported)))
	}
}

// cache keeps what is worked out once for all problems of a family.
type cache[K comparable, V any] struct {
	mu    sync.Mutex
	known map[K]V
}

// of is what is known under the key, or else what find says, which must be the same whoever asks.
func (c *cache[K, V]) of(key K, find func() V) V {
	c.mu.Lock()
	v, known := c.known[key]
	c.mu.Unlock()
	if known {
		return v
	}
	v = find()
	c.mu.Lock()
	defer c.mu.Unlock()
	if first, known := c.known[key]; known {
		return first
	}
	if c.known == nil {
		c.known = map[K]V{}
	}
	c.known[key] = v
	return v
}

// universe compiles the family's universe when it is first asked for; nil if the snapshot has something that derived problems
// can only be right about by being compiled anew: groups, nominated pods, nodes that share a hostname, DaemonSets with
// anti-affinity over zones and the like, or volumes that waiting pods have still to get.
func (f *family) universe() *universe {
	f.once.Do(func() {
		p := f.root
		if p.twins || len(p.snapshot.Groups)+len(p.promises) > 0 ||
			slices.ContainsFunc(p.pods, func(pod *corev1.Pod) bool { return pod.Status.NominatedNodeName != "" }) ||
			slices.ContainsFunc(p.daemons, func(d daemon) bool { return p.tiedWidely(&d) }) {
			return
		}
		f.all = f.compile()
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all
}

func (f *family) compile() *universe {
	root := f.root
	u := &universe{
		Problem: &Problem{snapshot: root.snapshot, family: f}, movers: make([][]int32, len(root.nodes)), odd: make([]bool, len(root.nodes)),
		index: &classIndex{classes: map[labelled]int32{}, mu: &sync.Mutex{}}, shelf: &shelf{},
	}
	u.Problem.index = u.index
	home := map[*corev1.Pod]int{} // nodes
	u.snapshot.Pods = slices.Clip(root.pods)
	for i := range root.nodes {
		for _, pod := range root.nodes[i].pods {
			if !comesBack(pod) {
				continue
			}
			moved := successor(pod)
			if !wanted(moved, root.snapshot.Profile) {
				continue
			}
			if !root.knows(moved) {
				u.odd[i] = true
				continue
			}
			home[moved] = i
			u.snapshot.Pods = append(u.snapshot.Pods, moved)
		}
	}
	if err := u.read(); err != nil {
		return nil
	}
	for k, pod := range u.pods {
		i, moved := home[pod]
		plain := u.storage.needs[pod].plain()
		switch {
		case !moved && !plain:
			return nil
		case !moved:
			u.waiting = append(u.waiting, int32(k))
		default:
			u.movers[i] = append(u.movers[i], int32(k))
			u.odd[i] = u.odd[i] || !plain
		}
	}
	u.countTerms()
	u.roomySets = newRoomySets(len(u.classes))
	u.rowOrder = u.orderedRows()
	f.names, u.nodeOf = map[string]int32{}, make(map[string]int32, len(u.nodes))
	for i := range u.nodes {
		u.nodeOf[u.nodes[i].object.Name] = int32(i)
		for _, name := range nodeNames(u.nodes[i].object) {
			f.names[name]++
		}
	}
	return u
}

// nodeNames are the names that a node takes from launches: its own, and its hostname.
func nodeNames(n *corev1.Node) []string {
	names := []string{n.Name}
	if host := n.Labels[corev1.LabelHostname]; host != n.Name {
		names = append(names, host)
	}
	return names
}

// knows reports whether the snapshot has all facts that may be needed to judge the pod.
func (p *Problem) knows(pod *corev1.Pod) bool {
	s := &p.snapshot.Storage
	if usesVolumes(&pod.Spec) && (s.Claims == nil || s.Volumes == nil || s.Classes == nil || s.CSINodes == nil || s.CSIDrivers == nil || s.Attachments == nil) {
		return false
	}
	return p.snapshot.Namespaces != nil || !selectsNamespaces(&pod.Spec)
}

// selectsNamespaces reports whether some term of pod affinity or anti-affinity, required or preferred, has a selector of
// namespaces.
func selectsNamespaces(spec *corev1.PodSpec) bool {
	a := spec.Affinity
	if a == nil {
		return false
	}
	var terms []corev1.PodAffinityTerm
	var weighted []corev1.WeightedPodAffinityTerm
	if a.PodAffinity != nil {
		terms = append(terms, a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution...)
		weighted = append(weighted, a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution...)
	}
	if a.PodAntiAffinity != nil {
		terms = append(terms, a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution...)
		weighted = append(weighted, a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution...)
	}
	return slices.ContainsFunc(terms, func(t corev1.PodAffinityTerm) bool { return t.NamespaceSelector != nil }) ||
		slices.ContainsFunc(weighted, func(t corev1.WeightedPodAffinityTerm) bool { return t.PodAffinityTerm.NamespaceSelector != nil })
}

// plain reports whether the volumes only say where the pod can run: what they ask for does not depend on other pods.
func (n *volumeNeeds) plain() bool {
	return n == nil || !n.excluded() && !n.shared && !n.chosen && len(n.demand)+len(n.delayed)+len(n.exclusive) == 0
}

// countTerms counts, node by node, the pods that each matcher matches and those that own each anti-affinity term.
func (u *universe) countTerms() {
	t := u.terms
	u.matching, u.owning = make([][]int32, len(t.matchers)), make([][]int32, len(t.anti))
	u.boundOwner, u.owners, u.always = make([]int32, len(t.anti)), make([][]int32, len(u.nodes)), bitset.New(len(t.anti))
	add := func(counts [][]int32, id, node int) {
		if counts[id] == nil {
			counts[id] = make([]int32, len(u.nodes))
		}
		counts[id][node]++
	}
	for i := range u.nodes {
		n := &u.nodes[i]
		for _, pod := range n.pods {
			for m := range t.matchesOf(pod).All() {
				add(u.matching, m, i)
			}
			owned := slices.Compact(slices.Sorted(slices.Values(u.boundAnti[pod])))
			for _, id := range owned {
				add(u.owning, int(id), i)
				u.boundOwner[id]++
			}
			u.owners[i] = append(u.owners[i], owned...)
		}
		for _, d := range n.owed {
			for m := range u.daemons[d].matches.All() {
				add(u.matching, m, i)
			}
			for _, id := range slices.Compact(slices.Sorted(slices.Values(u.daemons[d].anti))) {
				add(u.owning, int(id), i)
			}
		}
	}
	for d := range u.daemons {
		for _, id := range u.daemons[d].anti {
			u.always.Add(int(id))
		}
	}
	u.uses, u.owns = make([]bitset.Set, len(u.classes)), make([]bitset.Set, len(u.classes))
	for c := range u.classes {
		u.uses[c], u.owns[c] = u.askedBy(int32(c))
	}
}

// askedBy are the matchers that pods of the class look for, and the anti-affinity terms that they own or wish for.
func (u *universe) askedBy(c int32) (uses, owns bitset.Set) {
	k, t := &u.index.kinds[u.index.kindOf[c]], u.terms
	uses, owns = bitset.New(len(t.matchers)), bitset.New(len(t.anti))
	for _, s := range k.constraints.spreads {
		if s.matcher >= 0 {
			uses.Add(int(s.matcher))
		}
	}
	for _, a := range k.constraints.near() {
		uses.Add(int(a.matcher))
	}
	for _, id := range k.constraints.anti {
		owns.Add(int(id))
	}
	for i := range k.wishes {
		switch w := &k.wishes[i]; {
		case w.spread != nil && w.spread.matcher >= 0:
			uses.Add(int(w.spread.matcher))
		case w.near != nil:
			uses.Add(int(w.near.matcher))
		case w.anti != nil:
			uses.Add(int(w.anti.matcher))
			if w.anti.host >= 0 {
				owns.Add(int(w.anti.host))
			}
		}
	}
	return uses, owns
}
