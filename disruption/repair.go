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

// repair is a broken node that is to be replaced.
type repair struct {
	*candidate
	cause
}

// ailing reports whether a condition of the node is one that the repair policies call broken, however long it has lasted.
func (p *planner) ailing(c *candidate) bool {
	return c.node != nil && slices.ContainsFunc(c.node.Status.Conditions, func(condition corev1.NodeCondition) bool {
		_, found := p.policyFor(&condition)
		return found
	})
}

// policyFor is the first of the repair policies that matches the condition: it decides.
func (p *planner) policyFor(condition *corev1.NodeCondition) (cloudprovider.RepairPolicy, bool) {
	at := slices.IndexFunc(p.in.RepairPolicies, func(r cloudprovider.RepairPolicy) bool {
		return r.Condition == condition.Type && r.Status == condition.Status && (r.Reason == "" || r.Reason == condition.Reason)
	})
	if at < 0 {
		return cloudprovider.RepairPolicy{}, false
	}
	return p.in.RepairPolicies[at], true
}

// broken reports whether the node must be replaced because a condition has meant a broken machine for longer than its policy
// tolerates. Of several conditions the one that ran out first is told, then the first by type. Machines that the policy
// wants restarted are not removed, and conditions of which nobody knows when they began have only just begun.
func (p *planner) broken(c *candidate) (cause, bool) {
	if c.node == nil {
		return cause{}, false
	}
	var first *corev1.NodeCondition
	var end time.Time
	for i := range c.node.Status.Conditions {
		condition := &c.node.Status.Conditions[i]
		policy, found := p.policyFor(condition)
		if !found || policy.Action == cloudprovider.RepairReboot {
			continue
		}
		at := condition.LastTransitionTime.Add(policy.Tolerate)
		if condition.LastTransitionTime.IsZero() {
			if policy.Tolerate > 0 {
				continue
			}
			at = p.in.Now
		}
		if first == nil || cmp.Or(at.Compare(end), strings.Compare(string(condition.Type), string(first.Type))) < 0 {
			first, end = condition, at
		}
	}
	switch {
	case first == nil:
		return cause{}, false
	case p.in.Now.Before(end):
		return cause{next: end}, false
	}
	detail := fmt.Sprintf("%s is %s", first.Type, first.Status)
	if !first.LastTransitionTime.IsZero() {
		detail += " since " + stamp(first.LastTransitionTime.Time)
	}
	if first.Reason != "" {
		detail += ": " + first.Reason
	}
	return cause{reason: ReasonUnhealthy, detail: detail, since: end}, true
}

// ward is the nodes that are repaired together: those of one NodePool.
type ward struct {
	name   string // of the NodePool
	nodes  int
	ailing int
	busy   int      // being repaired by commands in progress
	broken []repair // may be replaced, the one that ran out first in front
}

// repairs are the broken nodes that are to be replaced now, those that have been broken the longest first, and why the
// others stay. next is when another one will have been broken for too long.
//
// Where more than a fifth of a pool's nodes, rounded up, looks broken, something else than its machines is: nothing is
// replaced. Otherwise as many are as [Options.RepairRate] lets be repaired at once. Nodes of no pool are measured by the
// whole cluster.
func (p *planner) repairs() (replace []repair, held []Kept, next time.Time) {
	if len(p.in.RepairPolicies) == 0 {
		return nil, nil, time.Time{}
	}
	wards := map[string]*ward{}
	everything := &ward{name: "the cluster"}
	repairing := p.repairing()
	for _, c := range p.all {
		name := c.label(v1.NodePoolLabelKey)
		w := wards[name]
		switch {
		case w != nil:
		case name == "":
			w = everything
		default:
			w = &ward{name: name}
		}
		wards[name] = w
		counted := []*ward{w}
		if w != everything {
			counted = append(counted, everything)
		}
		ailing := p.ailing(c)
		for _, w := range counted {
			if c.node != nil {
				w.nodes++
			}
			if ailing {
				w.ailing++
			}
			if repairing[c.name] {
				w.busy++
			}
		}
		why, found := p.broken(c)
		next = earlier(next, why.next)
		if _, ok := p.eligible(c, forceful); found && ok {
			w.broken = append(w.broken, repair{c, why})
		}
	}
	for _, w := range wards {
		fine, sick := p.triage(w)
		replace, held = append(replace, fine...), append(held, sick...)
	}
	slices.SortFunc(replace, compareRepairs)
	slices.SortFunc(held, func(a, b Kept) int { return strings.Compare(a.Node, b.Node) })
	return replace, held, next
}

// repairing are the nodes that commands in progress replace because they are broken.
func (p *planner) repairing() map[string]bool {
	out := map[string]bool{}
	for i := range p.in.InProgress {
		if command := &p.in.InProgress[i]; command.Reason == ReasonUnhealthy {
			for _, name := range command.Remove {
				out[name] = true
			}
		}
	}
	return out
}

// triage says which of the ward's broken nodes are replaced now, and why the others are not.
func (p *planner) triage(w *ward) (replace []repair, held []Kept) {
	slices.SortFunc(w.broken, compareRepairs)
	fifth := (w.nodes + 4) / 5
	rate := p.o.RepairRate
	switch {
	case rate == 0:
		rate = fifth
	case rate < 0:
		rate = len(w.broken) + w.busy
	}
	rate = max(0, rate-w.busy)
	detail := fmt.Sprintf("%d of %d nodes of %s look broken, more than a fifth: nothing is replaced", w.ailing, w.nodes, w.name)
	if w.ailing <= fifth {
		n := min(rate, len(w.broken))
		replace, w.broken = w.broken[:n:n], w.broken[n:]
		detail = fmt.Sprintf("%d broken %s of %s are being replaced, no more at once", n+w.busy, plural(n+w.busy, "node", "nodes"), w.name)
	}
	for _, r := range w.broken {
		held = append(held, Kept{Node: r.name, Code: CodeBudget, Detail: r.detail + "; " + detail})
	}
	return replace, held
}

func compareRepairs(a, b repair) int {
	return cmp.Or(a.since.Compare(b.since), strings.Compare(a.name, b.name))
}
