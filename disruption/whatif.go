package disruption

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// scene is the cluster at one moment of the deliberation, as the engine sees it: what waits has found its place, and the
// commands that have been chosen have been carried out. A what-if asks what becomes of the pods of some of its nodes.
type scene struct {
	facts   scheduling.Snapshot // without waiting pods
	problem *scheduling.Problem
	gone    []string // nodes without pods to move that are gone besides
	quiet   bool     // nodes within their NodePool's consolidateAfter take no pods
}

// settle is the first scene. Waiting pods, and those of nodes that are on their way out, are given their room by one solve, and
// so they count for no command: those that find none go on waiting whatever is done. Nodes that take nothing new are closed.
func (p *planner) settle(ctx context.Context) (*scene, error) {
	s := p.in.Snapshot
	s.Nodes, s.Pods = slices.Clone(s.Nodes), slices.Clone(s.Pods)
	s.Groups = nil // members that run already are pods like others
	for i := range s.Nodes {
		s.Nodes[i].Pods = p.remade(p.by[s.Nodes[i].Name()], s.Nodes[i].Pods)
	}
	s = p.onTheirWay(s).Drained()
	s, err := s.Without(p.leavingBy(s)...)
	if err != nil {
		return nil, err
	}
	if len(s.Pods) > 0 {
		if s, err = p.placed(ctx, s); err != nil {
			return nil, err
		}
	}
	for i := range s.Nodes {
		if c := p.by[s.Nodes[i].Name()]; c == nil || p.closed(c) {
			s.Nodes[i] = closedNode(s.Nodes[i])
		}
	}
	return p.scene(ctx, s, true)
}

// tuned is the scene for commands that save money, which is quiet, or for all others, which are not to wait, or buy, where there
// is room.
func (p *planner) tuned(ctx context.Context, s *scene, quiet bool) (*scene, error) {
	if s.quiet == quiet || !slices.ContainsFunc(s.facts.Nodes, p.restlessNode) {
		return s, nil
	}
	next, err := p.scene(ctx, s.facts, quiet)
	if err != nil {
		return nil, err
	}
	next.gone = s.gone
	return next, nil
}

func (p *planner) scene(ctx context.Context, s scheduling.Snapshot, quiet bool) (*scene, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.Catalog = p.catalog
	seen := s
	if quiet {
		seen.Nodes = slices.Clone(s.Nodes)
		for i := range seen.Nodes {
			if p.restlessNode(seen.Nodes[i]) {
				seen.Nodes[i] = closedNode(seen.Nodes[i])
			}
		}
	}
	problem, err := scheduling.Compile(seen)
	if err != nil {
		return nil, err
	}
	p.catalog = problem.Catalog()
	return &scene{facts: s, problem: problem, quiet: quiet}, nil
}

// remade are the pods with their controllers as the planner sees them: what is made anew once it is evicted has one, and what
// is not, or may not be evicted now, has none. On a machine that the cloud takes away, pods go whether or not they may. The list
// is the same where nothing changes.
func (p *planner) remade(c *candidate, pods []*corev1.Pod) []*corev1.Pod {
	var out []*corev1.Pod
	for i, pod := range pods {
		owner := metav1.GetControllerOfNoCopy(pod)
		wants, has := p.demands(pod) || c != nil && c.notice != nil && movable(pod, p.o.BarePods), owner != nil && owner.Kind != "DaemonSet" && owner.Kind != "Node"
		if wants == has || !wants && terminal(pod) {
			continue
		}
		if out == nil {
			out = slices.Clone(pods)
		}
		if wants {
			out[i] = withController(pod)
			continue
		}
		changed := *pod
		changed.OwnerReferences = nil
		out[i] = &changed
	}
	if out == nil {
		return pods
	}
	return out
}

// withController is the pod as if somebody made it anew.
func withController(pod *corev1.Pod) *corev1.Pod {
	yes, out := true, *pod
	out.OwnerReferences = append(slices.Clone(pod.OwnerReferences), metav1.OwnerReference{Kind: "Pod", Name: pod.Name, UID: pod.UID, Controller: &yes})
	return &out
}

// onTheirWay adds the replacements of commands in progress that the snapshot does not show yet.
func (p *planner) onTheirWay(s scheduling.Snapshot) scheduling.Snapshot {
	var coming []scheduling.Launch
	for i := range p.in.InProgress {
		for _, l := range p.in.InProgress[i].Replace {
			if p.by[l.Name] == nil && l.Node != nil && len(l.Choices) > 0 {
				s.Nodes, coming = append(s.Nodes, scheduling.Node{Node: l.Node}), append(coming, l)
			}
		}
	}
	s.InstanceTypes = drawn(s.InstanceTypes, coming)
	return s
}

// leavingBy are the nodes of the snapshot that commands in progress remove and that are not being deleted yet.
func (p *planner) leavingBy(s scheduling.Snapshot) []string {
	var names []string
	for _, n := range s.Nodes {
		if c := p.by[n.Name()]; c != nil && c.command != "" && !c.leaving() {
			names = append(names, c.name)
		}
	}
	return names
}

// placed is the snapshot once its waiting pods are where a plan puts them. What is launched for them is there and closed.
func (p *planner) placed(ctx context.Context, s scheduling.Snapshot) (scheduling.Snapshot, error) {
	p.stats.WhatIfs++
	plan, err := scheduling.Solve(ctx, s, p.engine())
	if err != nil {
		return s, err
	}
	waiting := make(map[types.NamespacedName]*corev1.Pod, len(s.Pods))
	for _, pod := range s.Pods {
		if isBare(pod) {
			pod = withController(pod) // it waits again if its node goes
		}
		waiting[podName(pod)] = pod
	}
	for _, a := range plan.Assignments {
		p.guests[a.Node] = append(p.guests[a.Node], a.Pod)
		if !a.Launch && !isBuffer(waiting[a.Pod]) {
			if _, known := p.expected[a.Node]; !known {
				p.expected[a.Node] = a.Pod
			}
		}
	}
	return bound(s, plan, waiting), nil
}

// bound is the snapshot with the pods where the plan puts them, and nothing waiting. Launches are nodes that are closed.
func bound(s scheduling.Snapshot, plan *scheduling.Plan, waiting map[types.NamespacedName]*corev1.Pod) scheduling.Snapshot {
	at := map[string][]*corev1.Pod{}
	for _, a := range plan.Assignments {
		pod := *waiting[a.Pod]
		pod.Spec.NodeName = a.Node
		pod.Status.Phase = corev1.PodRunning
		at[a.Node] = append(at[a.Node], &pod)
	}
	nodes := make([]scheduling.Node, 0, len(s.Nodes)+len(plan.Launches))
	for _, n := range s.Nodes {
		if more := at[n.Name()]; len(more) > 0 {
			n.Pods = slices.Concat(n.Pods, more)
		}
		nodes = append(nodes, n)
	}
	for i := range plan.Launches {
		l := &plan.Launches[i]
		nodes = append(nodes, closedNode(scheduling.Node{Node: l.Node, Pods: at[l.Name]}))
	}
	s.Nodes, s.Pods = nodes, []*corev1.Pod{}
	s.InstanceTypes = drawn(s.InstanceTypes, plan.Launches)
	return s
}

// closedNode is the node without room for a further pod. Those that are on it count as ever.
func closedNode(n scheduling.Node) scheduling.Node {
	none := *resource.NewQuantity(0, resource.DecimalSI)
	full := func(list corev1.ResourceList) corev1.ResourceList {
		out := maps.Clone(list)
		if out == nil {
			out = corev1.ResourceList{}
		}
		out[corev1.ResourcePods] = none
		return out
	}
	if n.Node != nil {
		node := *n.Node
		node.Status.Allocatable, node.Status.Capacity = full(node.Status.Allocatable), full(node.Status.Capacity)
		n.Node = &node
	}
	if n.Claim != nil {
		claim := *n.Claim
		claim.Status.Allocatable, claim.Status.Capacity = full(claim.Status.Allocatable), full(claim.Status.Capacity)
		n.Claim = &claim
	}
	return n
}

// engine are the options that every question is put with.
func (p *planner) engine() scheduling.Options {
	o := p.o.Scheduling
	o.MinValues, o.Effort, o.Round, o.MaxLaunches, o.Trace = scheduling.MinValuesStrict, 0, 0, 0, nil
	return o
}

// outcome is what would become of the pods if some nodes were gone.
type outcome struct {
	remove []*candidate
	plan   *scheduling.Plan
}

// without asks what becomes of the pods if the nodes are gone from the scene: a plan to go by.
func (p *planner) without(ctx context.Context, s *scene, set ...*candidate) (outcome, error) {
	return p.asked(ctx, s, p.engine(), set)
}

// draft asks the same for a first plan, in one goroutine: enough to see which question is worth asking in earnest.
func (p *planner) draft(ctx context.Context, s *scene, set ...*candidate) (outcome, error) {
	o := p.engine()
	o.Workers, o.Draft = 1, true
	return p.asked(ctx, s, o, set)
}

func (p *planner) asked(ctx context.Context, s *scene, o scheduling.Options, set []*candidate) (outcome, error) {
	names := slices.Clone(s.gone)
	for _, c := range set {
		names = append(names, c.name)
	}
	problem, err := s.problem.Without(names...)
	if err != nil {
		return outcome{}, err
	}
	plan, err := problem.Solve(ctx, o)
	if err != nil {
		return outcome{}, err
	}
	return outcome{remove: set, plan: plan}, nil
}

// saving is what the removed nodes cost, as far as that is known, minus what is launched, in dollars per hour.
func (o outcome) saving() float64 {
	total := -o.plan.Price()
	for _, c := range o.remove {
		total += c.price
	}
	return total
}

// homeless are the pods that would have no place, sorted.
func (o outcome) homeless() []types.NamespacedName {
	out := make([]types.NamespacedName, len(o.plan.Unplaced))
	for i := range o.plan.Unplaced {
		out[i] = o.plan.Unplaced[i].Pod
	}
	return out
}

// part is some nodes of an outcome with all that depends on them: the launches that take their pods, and no others'.
type part struct {
	remove   []*candidate // by name
	launches []scheduling.Launch
	moves    []scheduling.Assignment
	guests   []scheduling.Assignment // of pods that wait, and were expected on the nodes
	homeless []types.NamespacedName
}

// parts takes an outcome apart. Nodes whose pods share a launch belong together; room on nodes that exist has been given out
// once for all, so it ties nobody. The parts are in the order of their first nodes.
func (p *planner) parts(o outcome) []part {
	at := map[types.NamespacedName]int{} // which node of the outcome the pod comes from
	guests := map[types.NamespacedName]bool{}
	for i, c := range o.remove {
		for _, pod := range p.guests[c.name] { // they wait, and were expected on the node
			at[pod], guests[pod] = i, true
		}
		for _, pod := range c.movable {
			at[podName(pod)] = i
		}
	}
	root := make([]int, len(o.remove))
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	from := make([]int, len(o.plan.Launches))
	for l := range o.plan.Launches {
		from[l] = -1
		for _, pod := range o.plan.Launches[l].Pods {
			i, known := at[pod]
			switch {
			case !known:
			case from[l] < 0:
				from[l] = find(i)
			default:
				a, b := find(from[l]), find(i)
				root[max(a, b)] = min(a, b)
			}
		}
	}
	out := make([]part, 0, len(o.remove))
	number := map[int]int{}
	for i, c := range o.remove {
		r := find(i)
		n, known := number[r]
		if !known {
			n = len(out)
			number[r] = n
			out = append(out, part{})
		}
		out[n].remove = append(out[n].remove, c)
	}
	for l, i := range from {
		if i >= 0 {
			n := number[find(i)]
			out[n].launches = append(out[n].launches, o.plan.Launches[l])
		}
	}
	for _, a := range o.plan.Assignments {
		if i, known := at[a.Pod]; known {
			n := number[find(i)]
			if guests[a.Pod] {
				out[n].guests = append(out[n].guests, a)
				continue
			}
			out[n].moves = append(out[n].moves, a)
		}
	}
	for _, u := range o.plan.Unplaced {
		if i, known := at[u.Pod]; known && !guests[u.Pod] {
			n := number[find(i)]
			out[n].homeless = append(out[n].homeless, u.Pod)
		}
	}
	for i := range out {
		slices.SortFunc(out[i].remove, func(a, b *candidate) int { return strings.Compare(a.name, b.name) })
	}
	return out
}

// saving is what the part saves at the first choices of its launches, in dollars per hour.
func (t *part) saving() float64 {
	total := -launchPrice(t.launches)
	for _, c := range t.remove {
		total += c.price
	}
	return total
}

// cost is what disturbing the part's pods comes to.
func (t *part) cost() float64 {
	total := 0.0
	for _, c := range t.remove {
		total += c.cost
	}
	return total
}

// apply is the scene in which the parts have been carried out: their nodes are gone, their pods are where they go to, and what
// is launched for them is there and closed.
func (p *planner) apply(ctx context.Context, s *scene, parts []part) (*scene, error) {
	empty := true
	for i := range parts {
		empty = empty && len(parts[i].moves) == 0 && len(parts[i].guests) == 0
	}
	if empty {
		next := *s
		next.gone = slices.Clone(s.gone)
		for i := range parts {
			for _, c := range parts[i].remove {
				next.gone = append(next.gone, c.name)
			}
		}
		return &next, nil
	}
	plan := &scheduling.Plan{}
	names := slices.Clone(s.gone)
	for i := range parts {
		plan.Launches = append(plan.Launches, parts[i].launches...)
		plan.Assignments = append(plan.Assignments, parts[i].moves...)
		plan.Assignments = append(plan.Assignments, parts[i].guests...)
		for _, c := range parts[i].remove {
			names = append(names, c.name)
		}
	}
	facts, err := s.facts.Without(names...)
	if err != nil {
		return nil, err
	}
	waiting := make(map[types.NamespacedName]*corev1.Pod, len(facts.Pods))
	for _, pod := range facts.Pods {
		waiting[podName(pod)] = pod
	}
	for _, a := range plan.Assignments {
		if waiting[a.Pod] == nil {
			return nil, fmt.Errorf("moving pod %s to %s: no such pod comes to wait", a.Pod, a.Node)
		}
	}
	return p.scene(ctx, bound(facts, plan, waiting), s.quiet)
}

// closed reports whether the node takes no pods from others: it is not initialised, or it is about to go.
func (p *planner) closed(c *candidate) bool {
	return c.claim != nil && !c.initialized() || c.leaving()
}

// restlessNode reports whether the node is within its NodePool's consolidateAfter, so that it may soon be looked at itself.
func (p *planner) restlessNode(n scheduling.Node) bool {
	c := p.by[n.Name()]
	return c != nil && p.restless(c).After(p.in.Now)
}

// restless is until when the node is within its NodePool's consolidateAfter; the zero time if it never is.
func (p *planner) restless(c *candidate) time.Time {
	if c.pool == nil || c.claim == nil {
		return time.Time{}
	}
	window := c.pool.Spec.Disruption.ConsolidateAfter.Duration
	if window == nil || *window <= 0 {
		return time.Time{}
	}
	since := c.claim.Status.LastPodEventTime.Time
	if settled := c.settledAt(); settled.After(since) {
		since = settled
	}
	return since.Add(*window)
}

func podName(pod *corev1.Pod) types.NamespacedName {
	return types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}
}

// isBuffer reports whether the pod stands for spare capacity.
func isBuffer(pod *corev1.Pod) bool {
	return pod != nil && pod.Annotations[v1.CapacityBufferFakePodAnnotationKey] == "true"
}
