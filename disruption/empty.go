package disruption

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// empty reports whether no pod of the node would have to move, and so the node may go for nothing. Pods that are being
// deleted and come back elsewhere, of DaemonSets, and static ones do not count. A pod that is cheap to evict does: it
// needs a place.
func (p *planner) empty(c *candidate) (cause, bool) {
	if len(c.movable) > 0 || c.nominated != "" {
		return cause{}, false
	}
	if kept, ok := p.consolidatable(c); !ok {
		return cause{next: kept.Until}, false
	}
	return cause{reason: v1.ReasonEmpty}, true
}

// consolidatable reports whether the node's NodePool lets it go to save money, and if not, why. A pool with replicas does
// not, nor does one with consolidateAfter Never, nor, as long as pods would have to move, one with policy WhenEmpty. The others do
// once no pod has come or left for consolidateAfter.
func (p *planner) consolidatable(c *candidate) (Kept, bool) {
	if c.pool == nil {
		return Kept{Node: c.name, Code: CodeNodePoolMissing, Detail: fmt.Sprintf("NodePool %s does not exist", c.label(v1.NodePoolLabelKey))}, false
	}
	disruption := &c.pool.Spec.Disruption
	switch {
	case c.pool.Spec.Replicas != nil:
		return Kept{Node: c.name, Code: CodeStatic, Detail: fmt.Sprintf("NodePool %s keeps %d nodes", c.pool.Name, *c.pool.Spec.Replicas)}, false
	case consolidationOff(disruption):
		return Kept{Node: c.name, Code: CodeDisabled, Detail: fmt.Sprintf("NodePool %s: consolidateAfter is Never", c.pool.Name)}, false
	case len(c.movable) > 0 && disruption.ConsolidationPolicy == v1.ConsolidationPolicyWhenEmpty:
		return Kept{Node: c.name, Code: CodeDisabled, Detail: fmt.Sprintf("NodePool %s: consolidationPolicy is WhenEmpty", c.pool.Name)}, false
	}
	if until := c.quietAt(); p.in.Now.Before(until) {
		return Kept{Node: c.name, Code: CodeConsolidateAfter, Detail: "until " + stamp(until), Until: until}, false
	}
	return Kept{}, true
}

// consolidationOff reports that consolidateAfter is Never. One that is not set is 0s, as the API server fills it in.
func consolidationOff(d *v1.Disruption) bool {
	return d.ConsolidateAfter.Duration == nil && !d.ConsolidateAfter.IsZero()
}

// quietAt is when no pod will have come to the node or left it for consolidateAfter. It counts from the last pod event, or
// from when the node was initialised if that is later, or from its creation if neither is known. Zero without a claim or a
// pool, and if the pool never consolidates.
func (c *candidate) quietAt() time.Time {
	if c.claim == nil || c.pool == nil || consolidationOff(&c.pool.Spec.Disruption) {
		return time.Time{}
	}
	since := c.claim.Status.LastPodEventTime.Time
	ready := meta.FindStatusCondition(c.claim.Status.Conditions, v1.ConditionTypeInitialized)
	if meta.IsStatusConditionTrue(c.claim.Status.Conditions, v1.ConditionTypeInitialized) && ready.LastTransitionTime.After(since) {
		since = ready.LastTransitionTime.Time
	}
	if since.IsZero() {
		since = c.created()
	}
	if span := c.pool.Spec.Disruption.ConsolidateAfter.Duration; span != nil {
		since = since.Add(*span)
	}
	return since
}
