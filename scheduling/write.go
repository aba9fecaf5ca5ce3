package scheduling

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// write expands the attempt, pod by pod, into a plan. Pods of a class are interchangeable and go out in the order of
// their names: to existing nodes first, then to launches.
func (s *solver) write() *Plan {
	plan := &Plan{
		problem: s.p, final: s,
		Stats: Stats{Pods: len(s.p.pods) + len(s.p.promises), Classes: s.p.roots(), Offerings: s.p.purchasable(), Effort: s.meter.used},
	}
	s.sortPatterns()
	var at []int // by pattern, its place in the ledger; nil if preferences do not matter
	if s.p.wishing && s.opts.Preferences != PreferencesIgnore {
		g := &settling{solver: s}
		g.open()
		s.ledger, at = g.ledger, slices.Clip(append([]int{}, g.at...))
	}
	next := make([]int, len(s.p.classes))
	plan.Assignments = make([]Assignment, 0, len(s.p.pods))
	take := func(content []portion, node string, at int, launch bool) []types.NamespacedName {
		var names []types.NamespacedName
		for _, part := range content {
			root := s.p.classes[part.class].root
			pods := s.p.classes[root].pods
			var forgone []Forgone
			if at >= 0 && len(s.p.classes[root].wishes) > 0 {
				forgone = s.forgone(root, at)
			}
			for range part.count {
				name := podName(s.p.pods[pods[next[root]]])
				next[root]++
				names = append(names, name)
				plan.Assignments = append(plan.Assignments, Assignment{Pod: name, Node: node, Launch: launch})
				for _, f := range forgone {
					f.Pod = name
					plan.Forgone = append(plan.Forgone, f)
				}
			}
		}
		slices.SortFunc(names, compareNames)
		return names
	}
	for i, content := range s.onNodes {
		place := -1
		if at != nil {
			place = i
		}
		take(content, s.p.nodes[i].object.Name, place, false)
	}
	s.writeLaunches(plan, at, take)
	slices.SortStableFunc(plan.Forgone, func(a, b Forgone) int { return compareNames(a.Pod, b.Pod) })
	slices.SortFunc(plan.Assignments, func(a, b Assignment) int { return compareNames(a.Pod, b.Pod) })
	s.writeUnplaced(plan, next)
	plan.Truncated = s.stopped && slices.ContainsFunc(plan.Unplaced, func(u Unplaced) bool { return u.Rejections[0].Code == EffortExhausted })
	plan.Bound = s.p.bound(s.placed())
	if compareMoney(plan.Bound, plan.Price()) == 0 { // an optimal plan: let rounding not put the bound above it
		plan.Bound = math.Min(plan.Bound, plan.Price())
	}
	return plan
}

// roots is how many kinds of pods there are.
func (p *Problem) roots() int {
	n := 0
	for c := range p.classes {
		n += int(count(int(p.classes[c].root) == c))
	}
	return n
}

// purchasable is how many rows are available.
func (p *Problem) purchasable() int {
	n := 0
	for r := range p.rows {
		if p.available(int32(r)) {
			n++
		}
	}
	return n
}

// placed is how many pods of each root have a home.
func (s *solver) placed() []int64 {
	out := make([]int64, len(s.p.classes))
	for c := range s.p.classes {
		if cl := &s.p.classes[c]; cl.unsupported == "" && !s.leavesOut(cl) {
			out[cl.root] += int64(cl.planned()) - s.remaining[c] - s.waiting[c]
		}
	}
	return out
}

// sortPatterns orders the patterns as their launches shall appear: by pool name, then as rows, then by content.
func (s *solver) sortPatterns() {
	slices.SortStableFunc(s.patterns, func(a, b pattern) int {
		x, y := &s.p.rows[a.row], &s.p.rows[b.row]
		return cmp.Or(
			strings.Compare(s.p.pools[x.pool].source.Name, s.p.pools[y.pool].source.Name),
			s.p.compareRows(a.row, b.row),
			slices.CompareFunc(a.content, b.content, func(p, q portion) int {
				return cmp.Or(cmp.Compare(p.class, q.class), cmp.Compare(q.count, p.count))
			}),
		)
	})
}

// writeLaunches writes the patterns, which are sorted. at is where the ledger has them, if it is needed.
func (s *solver) writeLaunches(plan *Plan, at []int, take func([]portion, string, int, bool) []types.NamespacedName) {
	plan.Launches = make([]Launch, 0, s.launches)
	numbers := map[string]int{}
	for i := range s.patterns {
		pt := &s.patterns[i]
		row := &s.p.rows[pt.row]
		pool := &s.p.pools[row.pool]
		template := s.launch(pt)
		place := -1
		if at != nil {
			place = at[i]
		}
		for range pt.nodes {
			l := template
			l.Name = s.p.freshName(pool.source.Name, numbers)
			l.Pods = take(pt.content, l.Name, place, true)
			l.Node = s.p.newNode(pt.row, l.Name)
			plan.Launches = append(plan.Launches, l)
		}
		if t := s.opts.Trace; t != nil && t.Pattern != nil {
			pods := int64(0)
			for _, part := range pt.content {
				pods += part.count
			}
			t.Pattern(pool.source.Name, s.p.offeringKey(&s.p.offers[row.offer]), int(pt.nodes), int(pods))
		}
	}
}

// freshName is the pool's name and the next number that is no node's name and that no pod asks for.
func (p *Problem) freshName(pool string, numbers map[string]int) string {
	for {
		numbers[pool]++
		if name := fmt.Sprintf("%s-%d", pool, numbers[pool]); !p.reserved[name] {
			return name
		}
	}
}

// launch is what all nodes of the pattern have in common.
func (s *solver) launch(pt *pattern) Launch {
	p := s.p
	row := &p.rows[pt.row]
	need := p.needs(pt)
	l := Launch{NodePool: p.pools[row.pool].source.Name}
	l.Choices, l.InstanceTypes = s.alternatives(pt, &need)
	if minimums := p.pools[row.pool].minimums; pt.relaxed && len(minimums) > 0 {
		values := p.newTally(row.pool)
		for _, t := range p.hostTypes(pt.row, &need) {
			values.add(t)
		}
		l.RelaxedMinValues = values.short()
	}
	over := &p.overheads[p.overheadOf[pt.row]]
	total := need.demand.Clone()
	total.Add(over.demand)
	for d := range over.daemons.All() {
		l.DaemonPods = append(l.DaemonPods, p.daemons[d].name)
	}
	l.Requests = make(corev1.ResourceList, p.dims.Len())
	for d, amount := range total {
		if amount > 0 && !p.standsForVolumes(d) {
			l.Requests[p.dims.Name(d)] = *resource.Quantity(p.dims.Name(d), amount)
		}
	}
	return l
}

// alternatives are the offerings that can host the pattern's content: the one that is paid for first, then the others
// by price. Offerings that are sold out by the plan itself, or whose machines the pool's limits no longer admit, are
// left out. The names of their types come cheapest first, each at what it costs in the cheapest cell; in pools with
// minValues, types that could serve in other cells alone are among them.
func (s *solver) alternatives(pt *pattern, need *needs) ([]cloudprovider.Choice, []string) {
	p := s.p
	chosen := &p.rows[pt.row]
	pool := &p.pools[chosen.pool]
	var rows []int32
	here := map[int32]bool{} // types with a row where the pattern is
	for r := pool.rows[0]; r < pool.rows[1]; r++ {
		if r == pt.row || p.look(r) == p.look(pt.row) && p.available(r) && need.hostedInSomeCell(p, r) && s.replaceable(pt, r) {
			rows = append(rows, r)
			here[p.rows[r].typ] = here[p.rows[r].typ] || r == pt.row || need.hostedBy(p, r)
		}
	}
	slices.SortFunc(rows, p.compareRows)
	choices := []cloudprovider.Choice{p.choice(pt.row)}
	var names []string
	seen, listed := map[int32]bool{}, map[int32]bool{chosen.offer: true}
	for _, r := range rows {
		o, t := p.rows[r].offer, p.rows[r].typ
		inStock := p.offers[o].stock < 0 || s.supply.stocks[p.offers[o].stock] > 0
		if !listed[o] && inStock && need.hostedBy(p, r) {
			listed[o] = true
			choices = append(choices, p.choice(r))
		}
		if !seen[t] && (here[t] || len(pool.minimums) > 0) {
			seen[t] = true
			names = append(names, p.types[t].source.Name)
		}
	}
	return choices, names
}

// replaceable reports whether the pool's limits would admit the row in place of one node of the pattern. Pools with
// minValues keep every type, since flexibility is what they ask for.
func (s *solver) replaceable(pt *pattern, r int32) bool {
	pool := s.p.rows[pt.row].pool
	if len(s.p.pools[pool].minimums) > 0 {
		return true
	}
	have, want := s.p.types[s.p.rows[pt.row].typ].capacity, s.p.types[s.p.rows[r].typ].capacity
	for d, room := range s.supply.room[pool] {
		if room != math.MaxInt64 && want[d]-have[d] > room {
			return false
		}
	}
	return true
}

func (p *Problem) choice(r int32) cloudprovider.Choice {
	return cloudprovider.Choice{OfferingKey: p.offeringKey(&p.offers[p.rows[r].offer]), Price: p.rowPrice(r)}
}

// newNode is the node as it will look once registered and initialised.
func (p *Problem) newNode(r int32, name string) *corev1.Node {
	row := &p.rows[r]
	pool, typ, o := &p.pools[row.pool], &p.types[row.typ], &p.offers[row.offer]
	labels := make(map[string]string, 12)
	maps.Copy(labels, typ.labels)
	maps.Copy(labels, o.labels)
	maps.Copy(labels, pool.labels)
	for key, choice := range pool.variants[row.variant] {
		if !choice.absent && p.chosen(pool, o, key) {
			labels[key] = choice.value
		}
	}
	for _, key := range []string{corev1.LabelTopologyZone, v1.CapacityTypeLabelKey, corev1.LabelInstanceTypeStable} {
		labels[key], _ = p.offerLabel(o, key)
	}
	for _, pair := range olderNames() {
		if value, ok := labels[pair[1]]; ok {
			if _, taken := labels[pair[0]]; !taken {
				labels[pair[0]] = value
			}
		}
	}
	for _, key := range settledLabels() {
		labels[key] = "true"
	}
	labels[corev1.LabelHostname] = name
	node := &corev1.Node{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec:       corev1.NodeSpec{Taints: pool.taints},
	}
	node.Status.Capacity = typ.source.Capacity
	node.Status.Allocatable = typ.published
	return node
}
