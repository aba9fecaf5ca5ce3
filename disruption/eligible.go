package disruption

import (
	"fmt"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// class says what a removal honours.
type class int

const (
	// graceful removals save money and can wait: they honour everything. Empty and Underutilized.
	graceful class = iota
	// eventual removals must happen some day: where the claim has a grace period for its termination, pods that do not want to
	// go, or must not, keep the node no longer than that, and are no reason not to begin. Drifted.
	eventual
	// forceful removals cannot wait: nobody asks whether the node or its pods want to stay. Expired, Unhealthy, Interrupted and
	// Surplus.
	forceful
)

// eligible reports whether the node may be removed by a removal of that class, as far as it itself and its pods are
// concerned, and if not, the first rule that keeps it. Budgets of NodePools are not asked. What the PodDisruptionBudgets
// say depends on what has been taken of them.
//
// A forceful removal takes nodes that have not joined as well; only those that are on their way out already, and those
// that nobody manages, stay.
func (p *planner) eligible(c *candidate, k class) (Kept, bool) {
	kept := func(code Code, detail string, args ...any) (Kept, bool) {
		return Kept{Node: c.name, Code: code, Detail: fmt.Sprintf(detail, args...)}, false
	}
	switch {
	case c.command != "":
		return kept(CodeInProgress, "%s removes it", c.command)
	case c.claim == nil:
		return kept(CodeUnmanaged, "no NodeClaim stands behind it")
	case c.leaving():
		return kept(CodeDeleting, "")
	case k == forceful:
		return Kept{}, true
	case c.node == nil:
		return kept(CodeNotReady, "the machine has not joined")
	case !c.initialized():
		return kept(CodeNotReady, "")
	case c.nominated != "":
		return kept(CodeNominated, "pod %s is expected", c.nominated)
	case p.in.Now.Before(p.in.Expected[c.name]):
		until := p.in.Expected[c.name]
		return Kept{Node: c.name, Code: CodeNominated, Detail: "pods are expected until " + stamp(until), Until: until}, false
	case c.protected():
		return kept(CodeDoNotDisrupt, "the node itself")
	case c.label(v1.NodePoolLabelKey) == "":
		return kept(CodeUnmanaged, "it has no label %s", v1.NodePoolLabelKey)
	case c.pool == nil && p.in.NodePools == nil:
		return kept(CodeUnknown, "the NodePools are not known")
	case c.pool == nil:
		return kept(CodeNodePoolMissing, "NodePool %s does not exist", c.label(v1.NodePoolLabelKey))
	case k == eventual && c.claim.Spec.TerminationGracePeriod != nil:
		return Kept{}, true
	}
	if k, ok := p.podsWilling(c); !ok {
		return k, false
	}
	return p.pdbs.admits(c)
}

// podsWilling reports whether no pod of the node asks to be left alone, and none is to stay that nothing would make anew.
func (p *planner) podsWilling(c *candidate) (Kept, bool) {
	if pod, until := c.protector(p.in.Now); pod != nil {
		detail := fmt.Sprintf("pod %s/%s", pod.Namespace, pod.Name)
		if !until.IsZero() {
			detail += " until " + stamp(until)
		}
		return Kept{Node: c.name, Code: CodeDoNotDisrupt, Detail: detail, Until: until}, false
	}
	if p.o.BarePods != BarePodsStay {
		return Kept{}, true
	}
	for _, pod := range c.pods {
		if active(pod) && isBare(pod) {
			return Kept{Node: c.name, Code: CodeDoNotDisrupt,
				Detail: fmt.Sprintf("pod %s/%s has no controller that would make it anew", pod.Namespace, pod.Name)}, false
		}
	}
	return Kept{}, true
}

// isForced reports whether removals for the reason are forceful.
func isForced(reason v1.DisruptionReason) bool {
	switch reason {
	case ReasonExpired, ReasonUnhealthy, ReasonInterrupted, ReasonSurplus:
		return true
	}
	return false
}
