package disruption

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/phrase"
)

// isEmpty reports whether no pod of the node would have to move, and none is expected on it. Pods that are being deleted and
// come back elsewhere, of DaemonSets, and static ones do not count. A pod that is cheap to evict does: it needs a place.
func (p *planner) isEmpty(c *candidate) bool {
	if len(p.guests[c.name]) > 0 {
		return false // room that is kept for pods that wait, or that stands for a buffer
	}
	return len(c.movable) == 0 && c.nominated == "" && !p.in.Now.Before(p.in.Expected[c.name])
}

// mayGoEmpty reports whether the node may be given back if it is empty, and keeps it otherwise. Budgets are not asked.
func (p *planner) mayGoEmpty(c *candidate) bool {
	k, ok := p.eligible(c, graceful)
	if ok {
		k, ok = p.consolidatable(c)
	}
	if !ok {
		p.keep(c, k)
	}
	return ok
}

// mayConsolidate reports whether the node may be removed to save money, its pods being moved, and keeps it otherwise. The
// budgets for this reason must have room for it. An empty node may not: it goes for being empty or, if what bounds that does
// not let it, not at all.
func (p *planner) mayConsolidate(c *candidate) bool {
	if p.isEmpty(c) {
		return false // with a reason since it was asked about as such
	}
	k, ok := p.eligible(c, graceful)
	if ok {
		k, ok = p.consolidatable(c)
	}
	if ok {
		k, ok = p.budgets.admits(c, v1.ReasonUnderutilized)
	}
	if !ok {
		p.keep(c, k)
	}
	return ok
}

// consolidatable reports whether the node's NodePool lets it go to save money, and if not, why. A pool with replicas does
// not, nor does one with consolidateAfter Never, nor, as long as pods would have to move, one with policy WhenEmpty. The others do
// once no pod has come or left for consolidateAfter, and what earlier commands have done to them is long enough ago.
func (p *planner) consolidatable(c *candidate) (Kept, bool) {
	kept := func(code Code, until time.Time, detail string, args ...any) (Kept, bool) {
		return Kept{Node: c.name, Code: code, Detail: fmt.Sprintf(detail, args...), Until: until}, false
	}
	never := time.Time{}
	if c.pool == nil {
		return kept(CodeNodePoolMissing, never, "NodePool %s does not exist", c.label(v1.NodePoolLabelKey))
	}
	disruption := &c.pool.Spec.Disruption
	switch {
	case c.pool.Spec.Replicas != nil:
		return kept(CodeStatic, never, "NodePool %s keeps %d %s", c.pool.Name, *c.pool.Spec.Replicas, phrase.Plural(int(*c.pool.Spec.Replicas), "node", "nodes"))
	case consolidationOff(disruption):
		return kept(CodeDisabled, never, "NodePool %s: consolidateAfter is Never", c.pool.Name)
	case len(c.movable) > 0 && disruption.ConsolidationPolicy == v1.ConsolidationPolicyWhenEmpty:
		return kept(CodeDisabled, never, "NodePool %s: consolidationPolicy is WhenEmpty", c.pool.Name)
	}
	if until := p.restless(c); p.in.Now.Before(until) {
		return kept(CodeConsolidateAfter, until, "until %s", stamp(until))
	}
	if until := p.history.rests[c.name]; until.After(p.in.Now) {
		return kept(CodeCoolDown, until, "until %s", stamp(until))
	}
	return Kept{}, true
}

// consolidationOff reports that consolidateAfter is Never. One that is not set is 0s, as the API server fills it in.
func consolidationOff(d *v1.Disruption) bool {
	return d.ConsolidateAfter.Duration == nil && !d.ConsolidateAfter.IsZero()
}

// settledAt is when the node was initialised, as its claim says, or else when it was created.
func (c *candidate) settledAt() time.Time {
	if c.claim != nil {
		ready := meta.FindStatusCondition(c.claim.Status.Conditions, v1.ConditionTypeInitialized)
		if ready != nil && ready.Status == metav1.ConditionTrue && !ready.LastTransitionTime.IsZero() {
			return ready.LastTransitionTime.Time
		}
	}
	return c.created()
}
