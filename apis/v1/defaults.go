package v1

import "time"

// Defaults of the manifests.
const (
	// DefaultExpireAfter is the age at which nodes are deleted unless their pool says otherwise.
	DefaultExpireAfter = 720 * time.Hour
	// DefaultBudgetNodes is how many nodes may be disrupted at a time unless the pool says otherwise.
	DefaultBudgetNodes = "10%"
)

// SetDefaultsNodePool fills the fields that are not set as an API server does. It changes its argument and nothing else;
// a second call changes nothing. An empty list of budgets is set, to no restraint; a nil one is not. requirements and
// nodeClassRef have no default.
func SetDefaultsNodePool(p *NodePool) {
	defaultExpiry(&p.Spec.Template.Spec.ExpireAfter)
	disruption := &p.Spec.Disruption
	if disruption.ConsolidateAfter.IsZero() {
		disruption.ConsolidateAfter = NillableDuration{Duration: new(time.Duration), text: "0s"}
	}
	if disruption.ConsolidationPolicy == "" {
		disruption.ConsolidationPolicy = ConsolidationPolicyWhenEmptyOrUnderutilized
	}
	if disruption.Budgets == nil {
		disruption.Budgets = []Budget{{Nodes: DefaultBudgetNodes}}
	}
	for i := range disruption.Budgets {
		if disruption.Budgets[i].Nodes == "" {
			disruption.Budgets[i].Nodes = DefaultBudgetNodes
		}
	}
}

// SetDefaultsNodeClaim fills the fields that are not set as an API server does: expireAfter. It changes its argument
// and nothing else.
func SetDefaultsNodeClaim(c *NodeClaim) {
	defaultExpiry(&c.Spec.ExpireAfter)
}

func defaultExpiry(d *NillableDuration) {
	if d.IsZero() {
		after := DefaultExpireAfter
		*d = NillableDuration{Duration: &after, text: "720h"}
	}
}
