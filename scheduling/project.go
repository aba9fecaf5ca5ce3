package scheduling

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// Picking a derived problem from a universe. Ids of classes, signatures, cells and so on are those that compiling the changed
// snapshot would give, so that the plan is the same; ids of matchers and anti-affinity terms, on the order of which nothing
// depends, are the universe's.

// picking is a derived problem in the making.
type picking struct {
	u *universe
	q *Problem

	classes []int32 // by class of q, the universe's
	terms   bitset.Set
	asked   bitset.Set // matchers that somebody looks for
}

// pick is the problem without the nodes, which are in ascending order, and with more waiting pods; nil if it has to be
// compiled anew.
func (u *universe) pick(gone []int32, more []*corev1.Pod) *Problem {
	k := &picking{u: u, q: &Problem{family: u.family, universe: u, gone: gone, more: more}}
	if len(gone) == len(u.nodes) && len(gone) > 0 || !k.pods() {
		return nil
	}
	k.shared()
	k.indexTerms()
	k.group()
	k.takeScale()
	if !k.variantsAgree() {
		return nil
	}
	q := k.q
	q.compileTopology()
	if len(q.topology.cells) > maxCells {
		return nil
	}
	q.takeBins()
	q.roomySets = newRoomySets(len(q.classes))
	return q
}

// pods lists the pods that wait, with their classes in the universe; false if compiling alone can say what they are.
func (k *picking) pods() bool {
	u, q := k.u, k.q
	places := u.waiting
	for _, g := range q.gone {
		if u.odd[g] {
			return false
		}
		places = merged(places, u.movers[g], func(a, b int32) int { return int(a - b) })
	}
	q.pods, q.classOf = make([]*corev1.Pod, len(places), len(places)+len(q.more)), make([]int32, len(places), len(places)+len(q.more))
	for i, at := range places {
		q.pods[i], q.classOf[i] = u.pods[at], u.classOf[at]
		if i > 0 && comparePods(q.pods[i-1], q.pods[i]) == 0 {
			return false
		}
	}
	for i, pod := range q.more {
		switch {
		case pod == nil, pod.Spec.NodeName != "", pod.Status.NominatedNodeName != "":
			return false
		case !wanted(pod, u.snapshot.Profile):
			continue
		}
		grown, class, known := u.family.admit(pod)
		if known {
			k.u, q.universe = grown, grown
		}
		at, taken := slices.BinarySearchFunc(q.pods, pod, comparePods)
		if !known || taken || slices.Contains(q.more[:i], pod) {
			return false
		}
		q.pods, q.classOf = slices.Insert(q.pods, at, pod), slices.Insert(q.classOf, at, class)
	}
	return true
}

// shared takes over what does not depend on which pods wait.
func (k *picking) shared() {
	u, q := k.u, k.q
	q.snapshot = u.snapshot
	q.snapshot.Pods, q.snapshot.Nodes = nil, nil
	q.limitDims, q.offers, q.stocks, q.rows, q.overheadOf = u.limitDims, u.offers, u.stocks, u.rows, u.overheadOf
	q.boundAnti, q.rowOrder, q.rowRank, q.priced, q.byPrice, q.roomOf = u.boundAnti, u.rowOrder, u.rowRank, u.priced, u.byPrice, u.roomOf
	q.shunned, q.typeIDs, q.providerKeys, q.rowPlaces, q.nodePlaces = u.shunned, u.typeIDs, u.providerKeys, u.rowPlaces, u.nodePlaces
	q.pools = u.pools
	if len(q.gone) > 0 {
		q.pools = slices.Clone(u.pools)
		q.goneNames = map[string]int32{}
	}
	for _, g := range q.gone {
		n := u.nodes[g].object
		for _, name := range nodeNames(n) {
			q.goneNames[name]++
		}
		for i := range q.pools {
			if pl := &q.pools[i]; pl.source.Name == n.Labels[v1.NodePoolLabelKey] {
				pl.nodes--
				pl.used = pl.used.Clone()
				pl.used.Sub(q.limitDims.Demand(n.Status.Capacity), 1)
			}
		}
	}
}

// indexTerms finds the matchers and anti-affinity terms of the pods that are there.
func (k *picking) indexTerms() {
	u, q := k.u, k.q
	k.terms, k.asked = u.always.Clone(), bitset.New(len(u.terms.matchers))
	lost := map[int32]int32{}
	for _, g := range q.gone {
		for _, id := range u.owners[g] {
			lost[id]++
		}
	}
	for id, n := range u.boundOwner {
		if n > lost[int32(id)] {
			k.terms.Add(id)
		}
	}
	seen := bitset.New(len(u.classes))
	for _, c := range q.classOf {
		if !seen.Has(int(c)) {
			seen.Add(int(c))
			k.terms.Or(u.owns[c])
			k.asked.Or(u.uses[c])
		}
	}
	for id := range k.terms.All() {
		k.asked.Add(int(u.terms.anti[id].matcher))
	}
	q.terms = u.terms
	if k.terms.Count() < len(u.terms.anti) {
		narrow := *u.terms
		narrow.antiOf = make([][]int32, len(u.terms.antiOf))
		for id := range k.terms.All() {
			m := u.terms.anti[id].matcher
			narrow.antiOf[m] = append(narrow.antiOf[m], int32(id))
		}
		q.terms = &narrow
	}
	q.daemons = slices.Clone(u.daemons)
	for d := range q.daemons {
		q.daemons[d].ties = k.narrowed(q.daemons[d].ties)
	}
}

// narrowed is the ties but for terms that nobody owns.
func (k *picking) narrowed(t podTies) podTies {
	out := podTies{owns: t.owns.Clone(), selectedBy: t.selectedBy.Clone()}
	out.owns.And(k.terms)
	out.selectedBy.And(k.terms)
	return out
}

// group makes the classes and signatures, in the order in which the pods come.
func (k *picking) group() {
	u, q := k.u, k.q
	ids, sigs := make([]int32, len(u.classes)), make([]int32, len(u.sigs))
	alike := map[print128][]int32{}
	q.reserved = map[string]bool{}
	for i, of := range q.classOf {
		if ids[of] == 0 {
			ids[of] = k.class(of, q.pods[i], alike, sigs) + 1
		}
		c := ids[of] - 1
		q.classOf[i] = c
		q.classes[c].pods = append(q.classes[c].pods, int32(i))
	}
	for d := range q.daemons {
		for _, name := range namedHosts(&q.daemons[d].pod.Spec) {
			q.reserved[name] = true
		}
	}
	s := *u.storage
	s.dims, s.rules = nil, slices.Clone(s.rules)
	for i := range s.rules {
		s.rules[i].nodes = q.without(s.rules[i].nodes)
	}
	q.storage = &s
}

// class is the class of q for one of the universe, of which the pod is the first.
func (k *picking) class(of int32, pod *corev1.Pod, alike map[print128][]int32, sigs []int32) int32 {
	u, q := k.u, k.q
	like, ask := &u.classes[of], u.index.asks[of]
	for _, c := range alike[ask] {
		if agree(u.classes[k.classes[c]].topo.matches, like.topo.matches, k.asked) {
			return c
		}
	}
	if sigs[like.sig] == 0 {
		sig := u.sigs[like.sig]
		sigs[like.sig] = int32(len(q.sigs)) + 1
		sig.pod, sig.nodes, sig.kin, sig.root = pod, q.without(sig.nodes), like.sig, int32(len(q.sigs))
		q.sigs = append(q.sigs, sig)
		for _, name := range namedHosts(&pod.Spec) {
			q.reserved[name] = true
		}
		for _, id := range u.volumeRules(pod) {
			for _, name := range namedHosts(u.storage.rules[id].spec()) {
				q.reserved[name] = true
			}
		}
	}
	c := int32(len(q.classes))
	kind := &u.index.kinds[u.index.kindOf[of]]
	q.classes = append(q.classes, class{
		sig: sigs[like.sig] - 1, priority: like.priority, unsupported: like.unsupported, perNode: endless, ties: k.narrowed(like.ties),
		root: c, base: c, cell: -1, kin: of, topo: &related{constraints: kind.constraints, matches: like.topo.matches}, wishes: slices.Clone(kind.wishes),
	})
	k.classes = append(k.classes, of)
	alike[ask] = append(alike[ask], c)
	return c
}

// agree reports whether two sets have the same members of a third.
func agree(a, b, among bitset.Set) bool {
	for i := range among.All() {
		if a.Has(i) != b.Has(i) {
			return false
		}
	}
	return true
}

// scale is what depends on which resources are counted.
type scale struct {
	dims      resource.Index
	of        []int // positions in the universe
	nodes     []node
	frees     []resource.Vector
	types     []typeInfo
	overheads []overhead
	rooms     []resource.Vector
	bins      cache[string, *Problem] // of which only bins and columns are there
}

func (s *scale) project(v resource.Vector) resource.Vector {
	out := make(resource.Vector, len(s.of))
	for i, at := range s.of {
		out[i] = v[at]
	}
	return out
}

// takeScale counts those resources that the pods and DaemonSets ask for.
func (k *picking) takeScale() {
	u, q := k.u, k.q
	asked := make([]byte, u.dims.Len())
	note := func(demand resource.Vector) {
		for d, amount := range demand {
			if amount > 0 {
				asked[d] = 1
			}
		}
	}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourcePods} {
		at, _ := u.dims.Position(name)
		asked[at] = 1
	}
	for _, c := range k.classes {
		note(u.classes[c].demand)
	}
	for d := range u.daemons {
		note(u.daemons[d].demand)
	}
	s := u.scales.of(string(asked), func() *scale { return u.newScale(asked) })
	q.scale, q.dims, q.nodes, q.frees, q.types, q.overheads, q.rooms = s, s.dims, s.nodes, s.frees, s.types, s.overheads, s.rooms
	for c, of := range k.classes {
		q.classes[c].demand = s.project(u.classes[of].demand)
	}
	for d := range q.daemons {
		q.daemons[d].demand = s.project(u.daemons[d].demand)
	}
}

func (u *universe) newScale(asked []byte) *scale {
	s := &scale{nodes: slices.Clone(u.nodes), types: slices.Clone(u.types), overheads: slices.Clone(u.overheads), rooms: slices.Clone(u.rooms)}
	var names []corev1.ResourceName
	for d, yes := range asked {
		if yes == 1 {
			s.of, names = append(s.of, d), append(names, u.dims.Name(d))
		}
	}
	s.dims = resource.NewIndex(names...)
	for i := range s.nodes {
		s.nodes[i].free = s.project(u.nodes[i].free)
	}
	s.frees = freesOf(s.nodes)
	for i := range s.types {
		s.types[i].allocatable = s.project(u.types[i].allocatable)
	}
	for i := range s.overheads {
		s.overheads[i].demand = s.project(u.overheads[i].demand)
	}
	for i := range s.rooms {
		s.rooms[i] = s.project(u.rooms[i])
	}
	return s
}

// variantsAgree reports whether the pods tell the values of open keys apart as those of the universe do.
func (k *picking) variantsAgree() bool {
	u, q := k.u, k.q
	if !slices.ContainsFunc(u.pools, func(pl pool) bool { return len(pl.variants[0]) > 0 }) {
		return true
	}
	mentioned := mentions{}
	for i := range q.sigs {
		mentioned.add(&q.sigs[i].pod.Spec)
		for _, id := range u.volumeRules(q.sigs[i].pod) {
			mentioned.add(u.storage.rules[id].spec())
		}
	}
	for i := range q.daemons {
		mentioned.add(&q.daemons[i].pod.Spec)
	}
	for _, key := range q.topologyKeys() {
		for _, value := range q.valuesOf(key) {
			mentioned.note(requirement.In(key, value))
		}
	}
	for i := range q.pools {
		pl := q.pools[i]
		q.compileVariants(&pl, mentioned)
		if !slices.EqualFunc(pl.variants, u.pools[i].variants, maps.Equal) {
			return false
		}
	}
	return true
}
