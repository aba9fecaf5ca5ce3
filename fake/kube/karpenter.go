package kube

import (
	"cmp"
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Karpenter is a [Policy] in the manner of Karpenter's consolidation, for comparison: first empty nodes go, then the longest
// prefix of the nodes, sorted by price per disturbance, that can go for at most one replacement (found by bisection), then
// single nodes in that order, again for one replacement at the most. Each decision has one command of that kind, which is
// held back for 15 seconds and looked at again.
//
// What becomes of the pods is asked of Kerf's engine, which packs at least as well. Drift, static pools and policy Balanced
// are left out; nodes that are interrupted or have expired are drained at once. The zero value is ready for use, for one
// cluster.
type Karpenter struct {
	// SpotToSpot lets spot nodes be replaced by spot nodes, as the feature gate of that name does. A single node then needs 15
	// cheaper types to choose from.
	SpotToSpot bool

	waiting *disruption.Command // found, and held back until its time
	until   time.Time
}

const (
	validateAfter = 15 * time.Second // how long a command is held back
	mostNodes     = 100              // how many nodes the search for a prefix considers
	spotChoices   = 15               // how many cheaper types a single spot node needs
)

// Name is karpenter, or karpenter-spot with SpotToSpot.
func (k *Karpenter) Name() string {
	if k.SpotToSpot {
		return "karpenter-spot"
	}
	return "karpenter"
}

// Decide looks for the next command.
func (k *Karpenter) Decide(ctx context.Context, in disruption.Input) (*disruption.Decision, error) {
	d := &disruption.Decision{}
	d.Commands, d.Recheck = forced(&in)
	if len(d.Commands) > 0 {
		return d, nil
	}
	r, err := k.survey(&in)
	if err != nil {
		return nil, err
	}
	d.Recheck = earlier(d.Recheck, r.recheck)
	if k.waiting != nil {
		if in.Now.Before(k.until) {
			d.Recheck = earlier(d.Recheck, k.until)
			return d, nil
		}
		held := k.waiting
		k.waiting = nil
		valid, err := r.validate(ctx, *held)
		if err != nil {
			return nil, err
		}
		if valid != nil {
			d.Commands = append(d.Commands, *valid)
			return d, nil
		}
	}
	found, err := r.search(ctx)
	if err != nil {
		return nil, err
	}
	if found != nil {
		k.waiting, k.until = found, in.Now.Add(validateAfter)
		d.Recheck = earlier(d.Recheck, k.until)
	}
	return d, nil
}

// round is one look at the cluster.
type round struct {
	in      *disruption.Input
	policy  *Karpenter
	ordered []*target       // those that may go, the best first
	young   map[string]bool // nodes that are not initialised
	recheck time.Time

	base   *scheduling.Problem // nil until it is needed
	market *offers
	slots  *slots
}

// target is a node that may go.
type target struct {
	scheduling.Node
	pool  *v1.NodePool
	spot  bool
	typ   string
	price float64
	cost  float64 // of disturbing its pods, 1 for none
	pods  int     // that would move
}

// survey finds the nodes that may go.
func (k *Karpenter) survey(in *disruption.Input) (*round, error) {
	r := &round{
		in: in, policy: k, young: map[string]bool{},
		market: &offers{pools: in.NodePools, types: in.InstanceTypes},
	}
	pools := map[string]*v1.NodePool{}
	for _, pool := range in.NodePools {
		pools[pool.Name] = pool
	}
	blocked, err := newBlocks(in)
	if err != nil {
		return nil, err
	}
	busy := inProgress(in)
	for _, n := range in.Nodes {
		if n.Node == nil || n.Node.Labels[v1.InitializedLabelKey] != "true" {
			r.young[n.Name()] = true
			continue
		}
		if n.Claim == nil || n.Claim.DeletionTimestamp != nil || busy[n.Name()] || in.Now.Before(in.Expected[n.Name()]) ||
			n.Node.Annotations[v1.DoNotDisruptAnnotationKey] == "true" {
			continue
		}
		pool := pools[n.Claim.Labels[v1.NodePoolLabelKey]]
		if pool == nil || pool.Spec.Replicas != nil || pool.Spec.Disruption.ConsolidateAfter.Duration == nil {
			continue
		}
		since := n.Claim.CreationTimestamp.Time
		for _, c := range n.Claim.Status.Conditions {
			if c.Type == v1.ConditionTypeInitialized {
				since = maxTime(since, c.LastTransitionTime.Time)
			}
		}
		since = maxTime(since, n.Claim.Status.LastPodEventTime.Time)
		if ripe := since.Add(*pool.Spec.Disruption.ConsolidateAfter.Duration); in.Now.Before(ripe) {
			r.recheck = earlier(r.recheck, ripe)
			continue
		}
		if blocked.node(n) {
			continue
		}
		r.ordered = append(r.ordered, r.target(n, pool))
	}
	r.slots = newSlots(slices.DeleteFunc(slices.Clone(in.Nodes), func(n scheduling.Node) bool {
		return busy[n.Name()] || n.Claim == nil || n.Claim.DeletionTimestamp != nil
	}))
	slices.SortStableFunc(r.ordered, func(a, b *target) int {
		return cmp.Or(cmp.Compare(b.price/b.cost, a.price/a.cost), cmp.Compare(a.Name(), b.Name()))
	})
	return r, nil
}

func (r *round) target(n scheduling.Node, pool *v1.NodePool) *target {
	t := &target{Node: n, pool: pool, cost: 1, typ: n.Node.Labels[corev1.LabelInstanceTypeStable]}
	zone, capacity := n.Node.Labels[corev1.LabelTopologyZone], n.Node.Labels[v1.CapacityTypeLabelKey]
	t.spot = capacity == v1.CapacityTypeSpot
	for _, typ := range r.in.InstanceTypes[pool.Name] {
		if typ.Name != t.typ {
			continue
		}
		for _, o := range typ.Offerings {
			if o.Zone == zone && o.CapacityType == capacity {
				t.price = o.Price
			}
		}
	}
	for _, p := range n.Pods {
		if reschedulable(p) {
			t.cost += max(0, disruption.EvictionCost(p))
			t.pods++
		}
	}
	return t
}

// search is the command to find next; nil if there is none.
func (r *round) search(ctx context.Context) (*disruption.Command, error) {
	if c := r.empties(); c != nil {
		return c, nil
	}
	var full []*target
	for _, t := range r.ordered {
		if t.pods > 0 && t.pool.Spec.Disruption.ConsolidationPolicy != v1.ConsolidationPolicyWhenEmpty {
			full = append(full, t)
		}
	}
	allowed, err := r.allowed(v1.ReasonUnderutilized)
	if err != nil {
		return nil, err
	}
	var within []*target
	for _, t := range full {
		if allowed[t.pool.Name] > 0 {
			within = append(within, t)
			allowed[t.pool.Name]--
		}
	}
	if len(within) > mostNodes {
		within = within[:mostNodes]
	}
	var best *disruption.Command
	for low, high := 1, len(within)-1; low <= high; {
		middle := (low + high) / 2
		c, err := r.consolidate(ctx, within[:middle+1])
		if err != nil {
			return nil, err
		}
		if c != nil {
			best, low = c, middle+1
		} else {
			high = middle - 1
		}
	}
	if best != nil {
		return best, nil
	}
	if allowed, err = r.allowed(v1.ReasonUnderutilized); err != nil {
		return nil, err
	}
	for _, t := range full {
		if allowed[t.pool.Name] <= 0 {
			continue
		}
		if c, err := r.consolidate(ctx, []*target{t}); c != nil || err != nil {
			return c, err
		}
	}
	return nil, nil
}

// empties is the command that removes as many empty nodes as the budgets allow.
func (r *round) empties() *disruption.Command {
	allowed, err := r.allowed(v1.ReasonEmpty)
	if err != nil {
		return nil
	}
	var nodes []scheduling.Node
	for _, t := range r.ordered {
		if t.pods == 0 && allowed[t.pool.Name] > 0 {
			allowed[t.pool.Name]--
			nodes = append(nodes, t.Node)
		}
	}
	if len(nodes) == 0 {
		return nil
	}
	c := remove(v1.ReasonEmpty, nodes...)
	return &c
}

// allowed is how many more nodes of each pool may be disrupted for the reason.
func (r *round) allowed(reason v1.DisruptionReason) (map[string]int, error) {
	nodes, taken := map[string]int{}, map[string]int{}
	busy := inProgress(r.in)
	for _, n := range r.in.Nodes {
		if n.Claim == nil || r.young[n.Name()] {
			continue
		}
		pool := n.Claim.Labels[v1.NodePoolLabelKey]
		nodes[pool]++
		if n.Claim.DeletionTimestamp != nil || busy[n.Name()] {
			taken[pool]++
		}
	}
	out := map[string]int{}
	for _, pool := range r.in.NodePools {
		n, err := pool.AllowedDisruptions(r.in.Now, nodes[pool.Name], reason)
		if err != nil {
			return nil, err
		}
		out[pool.Name] = max(0, n-taken[pool.Name])
	}
	return out, nil
}

// asSeen is the cluster as Karpenter's simulation sees it: what is about to be removed takes nothing, and its pods wait.
func (r *round) asSeen() scheduling.Snapshot {
	s := r.in.Snapshot
	s.Nodes = slices.Clone(s.Nodes)
	busy := inProgress(r.in)
	for i, n := range s.Nodes {
		if busy[n.Name()] && n.Claim != nil && n.Claim.DeletionTimestamp == nil {
			s.Nodes[i] = leaving(n)
		}
	}
	return s.Drained()
}

// free is a price for which nothing is sold.
const free = 1e-9

// whatIf is the plan for a cluster without the nodes, in which at most one machine is bought, for at most so much.
func (r *round) whatIf(ctx context.Context, names []string, price float64) (*scheduling.Plan, error) {
	if r.base == nil {
		compiled, err := scheduling.Compile(r.asSeen())
		if err != nil {
			return nil, err
		}
		r.base = compiled
	}
	problem, err := r.base.Without(names...)
	if err != nil {
		return nil, err
	}
	return problem.Solve(ctx, scheduling.Options{MaxLaunches: 1, MaxPrice: price, Draft: true})
}

// consolidate is the command that removes the nodes, for at most one replacement; nil if their pods would have no place or
// nothing would be saved. As Karpenter does, it fills the nodes that there are, and asks for a machine for what is left.
func (r *round) consolidate(ctx context.Context, nodes []*target) (*disruption.Command, error) {
	names, moving := []string{}, map[types.NamespacedName]*corev1.Pod{}
	price, allSpot := 0.0, true
	var sources []scheduling.Node
	for _, t := range nodes {
		names, sources = append(names, t.Name()), append(sources, t.Node)
		price += t.price
		allSpot = allSpot && t.spot
		for _, p := range t.Pods {
			if reschedulable(p) {
				moving[nameOf(p)] = p
			}
		}
	}
	if r.hopeless(r.slots.homeless(nodes), price, allSpot) {
		return nil, nil
	}
	plan, err := r.whatIf(ctx, names, free)
	if err != nil {
		return nil, err
	}
	var left []*corev1.Pod
	for _, u := range plan.Unplaced {
		if p := moving[u.Pod]; p != nil {
			left = append(left, p)
		}
	}
	if r.hopeless(left, price, allSpot) {
		return nil, nil
	}
	if len(left) > 0 {
		if plan, err = r.whatIf(ctx, names, 0); err != nil {
			return nil, err
		}
	}
	for _, u := range plan.Unplaced {
		if moving[u.Pod] != nil {
			return nil, nil
		}
	}
	command := remove(v1.ReasonUnderutilized, sources...)
	for _, a := range plan.Assignments {
		if moving[a.Pod] == nil {
			continue
		}
		if !a.Launch && r.young[a.Node] {
			return nil, nil
		}
		command.Moves = append(command.Moves, a)
	}
	command.Savings = price
	if len(plan.Launches) == 1 {
		launch := plan.Launches[0]
		if launch.Choices = r.cheaper(launch.Choices, nodes, price, allSpot); len(launch.Choices) == 0 {
			return nil, nil
		}
		command.Replace = append(command.Replace, launch)
		command.Savings -= launch.Choices[0].Price
	}
	return &command, nil
}

// hopeless reports whether no replacement could take the pods that have no other place. Pods that run on spot machines would
// run on another, and so the replacement of spot nodes would be one.
func (r *round) hopeless(left []*corev1.Pod, price float64, allSpot bool) bool {
	return len(left) > 0 && (allSpot && !r.policy.SpotToSpot || !r.market.sold(left, price))
}

// cheaper are the choices that a replacement may be bought as.
func (r *round) cheaper(choices []cloudprovider.Choice, nodes []*target, price float64, allSpot bool) []cloudprovider.Choice {
	least := price
	if len(nodes) > 1 { // not of a type that is removed, unless that type would have to stay anyway
		for _, t := range nodes {
			if slices.ContainsFunc(choices, func(c cloudprovider.Choice) bool { return c.InstanceType == t.typ }) {
				least = min(least, t.price)
			}
		}
	}
	spot := slices.ContainsFunc(choices, func(c cloudprovider.Choice) bool { return c.CapacityType == v1.CapacityTypeSpot })
	if spot && allSpot && !r.policy.SpotToSpot {
		return nil
	}
	var out []cloudprovider.Choice
	kinds := map[string]bool{}
	for _, c := range choices {
		if c.Price < least && (!spot || c.CapacityType == v1.CapacityTypeSpot) {
			out = append(out, c)
			kinds[c.InstanceType] = true
		}
	}
	if spot && allSpot && len(nodes) == 1 && len(kinds) < spotChoices {
		return nil
	}
	return out
}

// validate is the command as the cluster is now; nil if it does not hold any more.
func (r *round) validate(ctx context.Context, c disruption.Command) (*disruption.Command, error) {
	allowed, err := r.allowed(c.Reason)
	if err != nil {
		return nil, err
	}
	byName := map[string]*target{}
	for _, t := range r.ordered {
		byName[t.Name()] = t
	}
	var still []*target
	for _, name := range c.Remove {
		t := byName[name]
		good := t != nil && allowed[t.pool.Name] > 0 && (t.pods == 0) == (c.Reason == v1.ReasonEmpty)
		switch {
		case good:
			allowed[t.pool.Name]--
			still = append(still, t)
		case c.Reason != v1.ReasonEmpty:
			return nil, nil
		}
	}
	if len(still) == 0 {
		return nil, nil
	}
	if c.Reason == v1.ReasonEmpty {
		var nodes []scheduling.Node
		for _, t := range still {
			nodes = append(nodes, t.Node)
		}
		again := remove(c.Reason, nodes...)
		return &again, nil
	}
	again, err := r.consolidate(ctx, still)
	if err != nil || again == nil || len(again.Replace) != len(c.Replace) {
		return nil, err
	}
	return again, nil
}
