package disruption

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// ailment is a condition of a node that a repair policy means.
type ailment struct {
	of     *candidate
	policy cloudprovider.RepairPolicy
	since  time.Time // of the condition
}

// due is from when on the node is to be replaced.
func (a *ailment) due() time.Time { return a.since.Add(a.policy.Tolerate) }

// ailmentOf is the ailment of the node that is due first; nil without one. Of the policies for one condition the first in the
// list that matches it counts. A condition without a transition time counts from the creation of the node.
func (p *planner) ailmentOf(c *candidate) *ailment {
	if c.node == nil {
		return nil
	}
	var first *ailment
	for i := range c.node.Status.Conditions {
		condition := &c.node.Status.Conditions[i]
		at := slices.IndexFunc(p.in.RepairPolicies, func(r cloudprovider.RepairPolicy) bool { return means(r, condition) })
		if at < 0 {
			continue
		}
		a := &ailment{of: c, policy: p.in.RepairPolicies[at], since: condition.LastTransitionTime.Time}
		if a.since.IsZero() {
			a.since = c.created()
		}
		if first == nil || a.due().Before(first.due()) {
			first = a
		}
	}
	return first
}

func means(r cloudprovider.RepairPolicy, condition *corev1.NodeCondition) bool {
	return r.Condition == condition.Type && r.Status == condition.Status && (r.Reason == "" || r.Reason == condition.Reason)
}

// broken are the nodes to repair and why: those that have had a condition that a policy means for longer than it tolerates.
//
// When more than a fifth of a NodePool, rounded up, has such a condition, tolerated or not, something else is broken than its
// machines, and none of them is repaired. Otherwise no more are repaired at a time than Options.RepairRate, which is the same
// fifth by default; those that have been broken for the longest go first. Nodes that belong to no pool count among all nodes of the
// cluster. Whether a policy says to reboot a machine first makes no difference: whoever reboots machines names such a policy
// only once that has not helped.
func (p *planner) broken() map[*candidate]cause {
	if len(p.in.RepairPolicies) == 0 {
		return nil
	}
	nodes, ailing := map[string]int{}, map[string]int{}
	busy := map[string]int{} // ailing ones that are on their way out
	waiting := map[string][]*ailment{}
	for _, c := range p.all {
		if c.node == nil {
			continue
		}
		pool := c.label(v1.NodePoolLabelKey)
		a := p.ailmentOf(c)
		for _, group := range slices.Compact([]string{pool, ""}) {
			nodes[group]++
			if a != nil {
				ailing[group]++
			}
		}
		switch {
		case a == nil:
		case c.command != "" || c.leaving():
			busy[pool]++
		case c.claim == nil:
		case p.in.Now.Before(a.due()):
			p.wake(a.due(), c.name, "is broken by then")
		default:
			waiting[pool] = append(waiting[pool], a)
		}
	}
	out := map[*candidate]cause{}
	for pool, list := range waiting {
		name := cmp.Or(pool, "the cluster")
		fifth := (nodes[pool] + 4) / 5
		if n := ailing[pool]; n > fifth {
			for _, a := range list {
				p.keep(a.of, Kept{Code: CodeBudget, Detail: fmt.Sprintf("%s, but so are others: %d of %d nodes of %s, of at most %d", a.text(), n, nodes[pool], name, fifth)})
			}
			continue
		}
		slices.SortFunc(list, func(a, b *ailment) int {
			return cmp.Or(a.due().Compare(b.due()), strings.Compare(a.of.name, b.of.name))
		})
		rate := cmp.Or(p.o.RepairRate, fifth)
		for i, a := range list {
			if rate >= 0 && i+busy[pool] >= rate {
				p.keep(a.of, Kept{Code: CodeBudget, Detail: fmt.Sprintf("%s, and %d of %s are repaired already", a.text(), i+busy[pool], name)})
				continue
			}
			out[a.of] = cause{reason: ReasonUnhealthy, detail: a.text(), since: a.due()}
		}
	}
	return out
}

// text is the condition and since when, as in `Ready=False since 2026-01-05T09:00:00Z`.
func (a *ailment) text() string {
	return fmt.Sprintf("%s=%s since %s", a.policy.Condition, a.policy.Status, stamp(a.since))
}
