package scheduling

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// writer expands an attempt, pod by pod. Pods of a class are interchangeable and go out in the order of their names: to
// existing nodes first, then to launches.
type writer struct {
	*solver
	plan    *Plan
	next    []int   // by class, how many of its pods have a home
	homeOf  []int32 // by pod, one more than its place in homes; 0 without a home
	homes   []home
	names   []types.NamespacedName // room for the names of all pods that go to launches
	numbers map[string]int         // by pool, the last number in a name

	alternatives *alternatives
	blueprints   map[int32]*corev1.Node           // by row
	daemonsOf    map[int32][]types.NamespacedName // by overhead
}

// home is a node that pods go to.
type home struct {
	node   string
	launch bool
}

// write makes a plan of the attempt.
func (s *solver) write() *Plan {
	plan := &Plan{
		problem: s.p, final: s,
		Stats: Stats{Pods: len(s.p.pods) + len(s.p.promises), Classes: s.p.roots(), Offerings: s.p.purchasable(), Effort: s.meter.used, Pivots: s.meter.pivots, Checks: s.meter.checks},
	}
	s.sortPatterns()
	var at []int // by pattern, its place in the ledger; nil if preferences do not matter
	if s.p.wishing && s.opts.Preferences != PreferencesIgnore {
		g := &settling{solver: s}
		g.open()
		s.ledger, at = g.ledger, slices.Clip(append([]int{}, g.at...))
	}
	w := &writer{
		solver: s, plan: plan, next: make([]int, len(s.p.classes)), homeOf: make([]int32, len(s.p.pods)), numbers: map[string]int{},
		alternatives: s.newAlternatives(), blueprints: map[int32]*corev1.Node{}, daemonsOf: map[int32][]types.NamespacedName{},
	}
	for i, content := range s.onNodes {
		if len(content) == 0 {
			continue
		}
		place := -1
		if at != nil {
			place = i
		}
		w.fill(content, home{node: s.p.nodes[i].object.Name}, place)
	}
	w.writeLaunches(at)
	slices.SortStableFunc(plan.Forgone, func(a, b Forgone) int { return compareNames(a.Pod, b.Pod) })
	w.writeAssignments()
	s.writeUnplaced(plan, w.next)
	plan.Truncated = s.stopped && slices.ContainsFunc(plan.Unplaced, func(u Unplaced) bool { return u.Rejections[0].Code == EffortExhausted })
	plan.Bound = s.proven()
	if compareMoney(plan.Bound, plan.Price()) == 0 { // an optimal plan: let rounding not put the bound above it
		plan.Bound = math.Min(plan.Bound, plan.Price())
	}
	return plan
}

// fill sends the next pods of the content to the node and returns them, in the order of their names. at is where the
// ledger has the node, -1 if preferences do not matter.
func (w *writer) fill(content []portion, node home, at int) []int32 {
	w.homes = append(w.homes, node)
	var all []int32
	for _, part := range content {
		root := w.p.classes[part.class].root
		pods := w.p.classes[root].pods[w.next[root]:][:part.count]
		w.next[root] += len(pods)
		for _, i := range pods {
			w.homeOf[i] = int32(len(w.homes))
		}
		all = append(all, pods...)
		if at < 0 || len(w.p.classes[root].wishes) == 0 {
			continue
		}
		forgone := w.forgone(root, at)
		for _, i := range pods {
			for _, f := range forgone {
				f.Pod = podName(w.p.pods[i])
				w.plan.Forgone = append(w.plan.Forgone, f)
			}
		}
	}
	slices.Sort(all)
	return all
}

// writeAssignments lists the pods that have a home.
func (w *writer) writeAssignments() {
	placed := 0
	for _, n := range w.next {
		placed += n
	}
	w.plan.Assignments = make([]Assignment, 0, placed)
	for i, h := range w.homeOf {
		if h > 0 {
			node := &w.homes[h-1]
			w.plan.Assignments = append(w.plan.Assignments, Assignment{Pod: podName(w.p.pods[i]), Node: node.node, Launch: node.launch})
		}
	}
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
		if a.row != b.row {
			x, y := &s.p.rows[a.row], &s.p.rows[b.row]
			return cmp.Or(strings.Compare(s.p.pools[x.pool].source.Name, s.p.pools[y.pool].source.Name), s.p.compareRows(a.row, b.row))
		}
		return slices.CompareFunc(a.content, b.content, func(p, q portion) int {
			return cmp.Or(cmp.Compare(p.class, q.class), cmp.Compare(q.count, p.count))
		})
	})
}

// writeLaunches writes the patterns, which are sorted. at is where the ledger has them, if it is needed.
func (w *writer) writeLaunches(at []int) {
	launches, launched := 0, int64(0)
	for i := range w.patterns {
		launches += int(w.patterns[i].nodes)
		launched += w.patterns[i].nodes * w.patterns[i].pods()
	}
	w.plan.Launches = make([]Launch, 0, launches)
	w.names = make([]types.NamespacedName, 0, launched)
	for i := range w.patterns {
		pt := &w.patterns[i]
		row := &w.p.rows[pt.row]
		pool := &w.p.pools[row.pool]
		template := w.launch(pt)
		blueprint, known := w.blueprints[pt.row]
		if !known {
			blueprint = w.p.blueprint(pt.row)
			w.blueprints[pt.row] = blueprint
		}
		place := -1
		if at != nil {
			place = at[i]
		}
		for range pt.nodes {
			l := template
			l.Name = w.freshName(pool.source.Name)
			first := len(w.names)
			for _, pod := range w.fill(pt.content, home{l.Name, true}, place) {
				w.names = append(w.names, podName(w.p.pods[pod]))
			}
			l.Pods = slices.Clip(w.names[first:])
			l.Node = named(blueprint, l.Name)
			w.plan.Launches = append(w.plan.Launches, l)
		}
		if t := w.opts.Trace; t != nil && t.Pattern != nil {
			t.Pattern(pool.source.Name, w.p.offeringKey(&w.p.offers[row.offer]), int(pt.nodes), int(pt.pods()))
		}
	}
}

// pods is how many pods a node of the pattern holds.
func (pt *pattern) pods() int64 {
	n := int64(0)
	for _, part := range pt.content {
		n += part.count
	}
	return n
}

// freshName is the pool's name and the next number that is no node's name and that no pod asks for.
func (w *writer) freshName(pool string) string {
	for {
		w.numbers[pool]++
		if name := pool + "-" + strconv.Itoa(w.numbers[pool]); !w.p.taken(name) {
			return name
		}
	}
}

// taken reports whether launches must not have the name.
func (p *Problem) taken(name string) bool {
	return p.reserved[name] || p.family.names[name] > p.goneNames[name]
}

// launch is what all nodes of the pattern have in common.
func (w *writer) launch(pt *pattern) Launch {
	p := w.p
	row := &p.rows[pt.row]
	need := p.needs(pt)
	alternatives := w.alternatives.of(pt, &need)
	l := Launch{NodePool: p.pools[row.pool].source.Name, Choices: alternatives.choices, InstanceTypes: alternatives.types}
	l.countAlternatives(&w.opts)
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
	l.DaemonPods = w.daemons(p.overheadOf[pt.row])
	l.Requests = make(corev1.ResourceList, p.dims.Len())
	for d, amount := range total {
		if amount > 0 && !p.standsForVolumes(d) {
			l.Requests[p.dims.Name(d)] = *resource.Quantity(p.dims.Name(d), amount)
		}
	}
	return l
}

// daemons are the names of the DaemonSets of an overhead, shared by its launches.
func (w *writer) daemons(overhead int32) []types.NamespacedName {
	names, known := w.daemonsOf[overhead]
	if !known {
		for d := range w.p.overheads[overhead].daemons.All() {
			names = append(names, w.p.daemons[d].name)
		}
		w.daemonsOf[overhead] = names
	}
	return names
}

// blueprint is a node of the row as it will look once registered and initialised, without its name. New nodes share all
// but their names and labels.
func (p *Problem) blueprint(r int32) *corev1.Node {
	row := &p.rows[r]
	pool, typ, o := &p.pools[row.pool], &p.types[row.typ], &p.offers[row.offer]
	labels := make(map[string]string, 16)
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
	node := &corev1.Node{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec:       corev1.NodeSpec{Taints: pool.taints},
	}
	node.Status.Capacity = typ.source.Capacity
	node.Status.Allocatable = typ.published
	return node
}

// named is a node after the blueprint.
func named(blueprint *corev1.Node, name string) *corev1.Node {
	node := *blueprint
	node.Name = name
	node.Labels = maps.Clone(blueprint.Labels)
	node.Labels[corev1.LabelHostname] = name
	return &node
}
