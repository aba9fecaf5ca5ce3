package disruption

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// judge finds for each node whether it may be disrupted, and keeps those that may not be.
func (p *planner) judge() {
	for _, c := range p.all {
		c.nominated = ""
		if pod, known := p.expected[c.name]; known {
			c.nominated = pod.String()
		}
		if k, ok := p.eligible(c, eventual); !ok {
			p.keep(c, k)
			c.barred = true
			continue
		}
		p.stats.Candidates++
	}
}

// admit takes from the list the first nodes that budgets admit, up to most, and reserves for them what they need. seen is how
// many of the list were looked at; those that are not admitted are kept for it.
func (p *planner) admit(reason v1.DisruptionReason, list []*candidate, most int) (set []*candidate, seen int) {
	for _, c := range list {
		if len(set) == most {
			break
		}
		seen++
		if k, ok := p.budgets.admits(c, reason); !ok {
			p.keep(c, k)
			continue
		}
		if k, ok := p.pdbs.admits(c); !ok && !(reason == v1.ReasonDrifted && c.patient()) {
			p.keep(c, k)
			continue
		}
		p.budgets.take(c)
		p.pdbs.take(c)
		set = append(set, c)
	}
	return set, seen
}

// release gives back what admit has reserved.
func (p *planner) release(set []*candidate) {
	for _, c := range set {
		p.budgets.giveBack(c)
		p.pdbs.giveBack(c)
	}
}

// affords reports whether the budgets have room for all of the nodes at once.
func (p *planner) affords(set []*candidate) bool {
	wanted := map[*v1.NodePool]int{}
	for _, c := range set {
		wanted[c.pool] += p.budgets.share(c)
	}
	for pool, n := range wanted {
		if left, _, _ := p.budgets.left(pool, v1.ReasonUnderutilized); n > 0 && left < n {
			return false
		}
	}
	return true
}

// patient reports whether the node's end does not wait for its pods for ever, so that what keeps pods need not keep the node
// from drifting away.
func (c *candidate) patient() bool {
	return c.claim != nil && c.claim.Spec.TerminationGracePeriod != nil
}

// note keeps the candidate for what would become of its pods.
func (p *planner) note(c *candidate, o outcome) {
	if p.taken[c.name] {
		return
	}
	if !c.evaluated {
		c.evaluated = true
		p.stats.Evaluated++
	}
	if k, ok := p.eligible(c, graceful); !ok {
		p.keep(c, k)
		return
	}
	switch {
	case len(o.plan.Unplaced) > 0:
		p.keep(c, Kept{Code: CodeNoPlace, Detail: noPlace(o)})
	case o.clean() && p.kept[c.name].Code == CodeBudget: // that is why it stays
	case o.clean():
		p.keep(c, Kept{Code: CodeNoPlace, Detail: "its pods find room, but not beside those of other commands"})
	default:
		p.keep(c, Kept{Code: CodeNotCheaper, Detail: savesAtMost(o.saving(), p.o.MinSavings)})
	}
}

// noPlace says of one pod why it would have no place.
func noPlace(o outcome) string {
	u := &o.plan.Unplaced[0]
	text := fmt.Sprintf("%s: %s", u.Pod, u.Rejections[0])
	if more := len(o.plan.Unplaced) - 1; more > 0 {
		text += fmt.Sprintf(" +%d", more)
	}
	return text
}

// forced removes the nodes that cannot wait: the cloud takes them, they are broken, they have expired, or their pool has more
// than its replicas. Pods that have no other place are stranded, and said to be.
func (p *planner) forced(ctx context.Context, s *scene) (*scene, error) {
	var broken map[*candidate]cause
	p.holding(func() { broken = p.broken() })
	var set []*candidate
	want := func(c *candidate, why cause) {
		if budgeted := why.reason == ReasonExpired && p.o.ExpirationBudget || why.reason == ReasonUnhealthy && p.o.RepairBudget; budgeted {
			if k, ok := p.budgets.admits(c, why.reason); !ok {
				p.hold(c, k)
				return
			}
		}
		p.budgets.take(c)
		p.pdbs.take(c)
		c.cause = why
		p.taken[c.name] = true
		set = append(set, c)
	}
	for _, c := range p.all {
		if c.command != "" || c.claim == nil || c.leaving() {
			continue
		}
		if why, ok := p.interrupted(c); ok {
			want(c, why)
			continue
		}
		if why, ok := broken[c]; ok {
			want(c, why)
			continue
		}
		why, ok := p.expired(c)
		if ok {
			want(c, why)
			continue
		}
		p.wake(why.next, c.name, "expires")
	}
	for _, c := range p.surplus() {
		if !p.taken[c.name] {
			want(c, c.cause)
		}
	}
	s, err := p.shut(ctx, s, set)
	if err != nil {
		return nil, err
	}
	for _, reason := range []v1.DisruptionReason{ReasonInterrupted, ReasonUnhealthy, ReasonExpired, ReasonSurplus} {
		of := slices.DeleteFunc(slices.Clone(set), func(c *candidate) bool { return c.cause.reason != reason })
		for some := range slices.Chunk(of, p.o.MaxNodes) {
			p.stats.WhatIfs++
			o, err := p.without(ctx, s, some...)
			if err != nil {
				return nil, err
			}
			if s, err = p.commit(ctx, s, reason, p.parts(o)); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// shut is the scene in which the nodes take no further pods: they are to go, now or when their turn comes, and whoever came to
// them would have to move again.
func (p *planner) shut(ctx context.Context, s *scene, set []*candidate) (*scene, error) {
	if len(set) == 0 {
		return s, nil
	}
	leaving := make(map[string]bool, len(set))
	for _, c := range set {
		leaving[c.name] = true
	}
	facts := s.facts
	facts.Nodes = slices.Clone(facts.Nodes)
	for i := range facts.Nodes {
		if leaving[facts.Nodes[i].Name()] {
			facts.Nodes[i] = closedNode(facts.Nodes[i])
		}
	}
	next, err := p.scene(ctx, facts, false)
	if err != nil {
		return nil, err
	}
	next.gone = s.gone
	return next, nil
}

// holding calls what may keep nodes that are to go, and holds those.
func (p *planner) holding(find func()) {
	before := maps.Clone(p.kept)
	find()
	for _, c := range p.all {
		c.held = c.held || p.kept[c.name] != before[c.name]
	}
}

// empty removes nodes without pods that would have to move, as far as the budgets admit: the dearest first.
func (p *planner) empty(ctx context.Context, s *scene) (*scene, error) {
	var set []*candidate
	for _, c := range p.all {
		if p.taken[c.name] || p.destination[c.name] || c.barred || !p.isEmpty(c) || !p.mayGoEmpty(c) {
			continue
		}
		set = append(set, c)
	}
	slices.SortStableFunc(set, func(a, b *candidate) int {
		return cmp.Or(-cmp.Compare(a.price, b.price), strings.Compare(a.name, b.name))
	})
	set, _ = p.admit(v1.ReasonEmpty, set, len(set))
	parts := make([]part, len(set))
	for i, c := range set {
		parts[i].remove = []*candidate{c}
	}
	return p.commit(ctx, s, v1.ReasonEmpty, parts)
}

// replace removes nodes that are not what their pools ask for, those first that have drifted the longest, and of these those
// without pods. Each needs a place for all of its pods, on other nodes or on replacements at whatever price.
func (p *planner) replace(ctx context.Context, s *scene) (*scene, error) {
	var drifted []*candidate
	for _, c := range p.all {
		if p.taken[c.name] || p.destination[c.name] || c.barred {
			continue
		}
		why, ok := p.drifted(c)
		p.wake(why.next, c.name, "may drift")
		if !ok {
			continue
		}
		c.cause = why
		if c.pool != nil && c.pool.Spec.Replicas != nil {
			continue // its replacement follows from the template alone
		}
		drifted = append(drifted, c)
	}
	slices.SortStableFunc(drifted, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(min(1, len(a.movable)), min(1, len(b.movable))), a.cause.since.Compare(b.cause.since), strings.Compare(a.name, b.name))
	})
	s, err := p.shut(ctx, s, drifted)
	if err != nil {
		return nil, err
	}
	for !p.spent() {
		set, _ := p.admit(v1.ReasonDrifted, drifted, p.o.MaxNodes)
		if len(set) == 0 {
			break
		}
		p.stats.WhatIfs++
		o, err := p.without(ctx, s, set...)
		if err != nil {
			return nil, err
		}
		gone := set
		if len(o.plan.Unplaced) > 0 { // without those that are stuck, others may have their turn
			p.release(set)
			gone = p.stuck(set, o)
		} else if s, err = p.commit(ctx, s, v1.ReasonDrifted, p.orderly(p.parts(o))); err != nil {
			return nil, err
		}
		drifted = slices.DeleteFunc(drifted, func(c *candidate) bool { return slices.Contains(gone, c) })
	}
	for _, c := range drifted {
		_, kept := p.kept[c.name]
		c.held = kept
	}
	return p.replaceStatic(ctx, s)
}

// orderly are the parts that open no domain to pods that other commands move; the nodes of the others are kept.
func (p *planner) orderly(parts []part) []part {
	return slices.DeleteFunc(parts, func(t part) bool {
		key := p.domains.opens(&t)
		if key == "" || len(p.chosen) == 0 {
			return false
		}
		for _, c := range t.remove {
			p.hold(c, p.waits(key))
		}
		p.release(t.remove)
		return true
	})
}

// stuck are the nodes of the set whose pods have no place, which are kept. Where pods of none of them have none, all are stuck but
// the first.
func (p *planner) stuck(set []*candidate, o outcome) []*candidate {
	homeless := map[types.NamespacedName]bool{}
	for _, pod := range o.homeless() {
		homeless[pod] = true
	}
	var out []*candidate
	for _, c := range set {
		if slices.ContainsFunc(c.movable, func(pod *corev1.Pod) bool { return homeless[podName(pod)] }) {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		out = set[min(1, len(set)-1):]
	}
	for _, c := range out {
		p.hold(c, Kept{Code: CodeNoPlace, Detail: noPlace(o)})
	}
	return out
}

// replaceStatic replaces drifted nodes of pools with replicas: each by one machine from the template, whatever its pods ask for.
func (p *planner) replaceStatic(ctx context.Context, s *scene) (*scene, error) {
	var list []*candidate
	p.holding(func() { list = p.staticDrift() })
	var parts []part
	for _, c := range list {
		if p.taken[c.name] {
			continue
		}
		set, _ := p.admit(v1.ReasonDrifted, []*candidate{c}, 1)
		if len(set) == 0 {
			c.held = true
			continue
		}
		l, err := p.fromTemplate(ctx, c.pool)
		if err != nil {
			p.release(set)
			p.hold(c, Kept{Code: CodeNoPlace, Detail: err.Error()})
			continue
		}
		parts = append(parts, part{remove: set, launches: []scheduling.Launch{l}})
	}
	return p.commit(ctx, s, v1.ReasonDrifted, parts)
}

// fromTemplate is the cheapest machine that the pool's template admits, as a launch without pods.
func (p *planner) fromTemplate(ctx context.Context, pool *v1.NodePool) (scheduling.Launch, error) {
	s := p.in.Snapshot
	one := pool.DeepCopy()
	one.Spec.Replicas, one.Spec.Limits = nil, nil
	s.NodePools, s.Nodes, s.Groups = []*v1.NodePool{one}, []scheduling.Node{}, nil
	probe := &corev1.Pod{}
	probe.Namespace, probe.Name = "kube-system", "any-pod-of-"+pool.Name
	probe.Spec.Containers = []corev1.Container{{Name: "any"}}
	probe.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	if names := s.Profile.SchedulerNames; len(names) > 0 {
		probe.Spec.SchedulerName = names[0]
	}
	s.Pods = []*corev1.Pod{probe}
	p.stats.WhatIfs++
	plan, err := scheduling.Solve(ctx, s, p.engine())
	if err != nil {
		return scheduling.Launch{}, err
	}
	if len(plan.Launches) == 0 {
		return scheduling.Launch{}, fmt.Errorf("%s can launch nothing: %s", pool.Name, plan.Unplaced[0].Rejections[0])
	}
	l := plan.Launches[0]
	l.Pods = nil
	return l, nil
}
