package disruption

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// shape is what a NodePool asks of its nodes.
type shape struct {
	pool  *v1.NodePool
	hash  string
	wants requirement.Set
	// types are what the pool can launch, by name; empty if that is not known, or nothing.
	types map[string]*cloudprovider.InstanceType
}

// newShapes are the shapes of all pools, by name.
func newShapes(in *Input) map[string]*shape {
	out := make(map[string]*shape, len(in.NodePools))
	for _, pool := range in.NodePools {
		if pool == nil {
			continue
		}
		s := &shape{pool: pool, hash: pool.Hash(), types: map[string]*cloudprovider.InstanceType{}}
		for _, entry := range pool.Spec.Template.Spec.Requirements {
			entry.Key = in.Vocabulary.Canonical(entry.Key)
			if r, err := entry.Requirement(); err == nil { // nobody can say whether a node meets one that cannot be read
				s.wants = s.wants.With(r)
			}
		}
		for _, t := range in.InstanceTypes[pool.Name] {
			if t != nil {
				s.types[t.Name] = t
			}
		}
		out[pool.Name] = s
	}
	return out
}

// unlistedFor is how old a node must be to drift because its instance type is gone: right after its launch the lists that
// it was chosen from may not be complete.
const unlistedFor = time.Hour

// drifted reports whether the node is not what its NodePool asks for, in this order: the template has another hash; the
// node's labels do not meet the requirements; what it was bought as is not offered any more, available or not; the
// provider says so. What the provider says is taken from the claim's condition where nobody has asked it. Nodes that
// have not been launched do not drift.
//
// A pool to which nothing at all is offered makes no node drift: there is nothing to replace it with.
func (p *planner) drifted(c *candidate) (cause, bool) {
	if c.claim == nil || c.shape == nil {
		return cause{}, false
	}
	conditions := c.claim.Status.Conditions
	if launched := meta.FindStatusCondition(conditions, v1.ConditionTypeLaunched); launched == nil && c.node == nil ||
		launched != nil && launched.Status != metav1.ConditionTrue {
		return cause{}, false
	}
	out := cause{reason: v1.ReasonDrifted}
	recorded := meta.FindStatusCondition(conditions, v1.ConditionTypeDrifted)
	if recorded != nil && recorded.Status == metav1.ConditionTrue {
		out.since = recorded.LastTransitionTime.Time
	} else {
		recorded = nil
	}
	matures := c.created().Add(unlistedFor)
	unlisted := !c.created().IsZero() && !c.shape.offers(c)
	switch {
	case c.hashDiffers():
		out.detail = v1.ReasonNodePoolDrifted
	case c.requirementsDiffer(p.in.Vocabulary):
		out.detail = v1.ReasonRequirementsDrifted
	case unlisted && !p.in.Now.Before(matures):
		out.detail = v1.ReasonInstanceTypeNotFound
	case p.in.Drifted[c.claim.Name] != "":
		out.detail = p.in.Drifted[c.claim.Name]
	case p.in.Drifted == nil && recorded != nil && !ownReason(recorded.Reason):
		out.detail = recorded.Reason
	case unlisted:
		return cause{next: matures}, false
	default:
		return cause{}, false
	}
	return out, true
}

// ownReason reports whether the library finds drift for the reason itself, so that a condition need not be believed.
func ownReason(reason string) bool {
	switch reason {
	case v1.ReasonNodePoolDrifted, v1.ReasonRequirementsDrifted, v1.ReasonInstanceTypeNotFound:
		return true
	}
	return false
}

// hashDiffers reports whether the claim was made from another template. Hashes of another algorithm than the library's are
// compared with the one that the same algorithm has left on the pool; where there is none, nobody knows.
func (c *candidate) hashDiffers() bool {
	version, hash := c.claim.Annotations[v1.NodePoolHashVersionAnnotationKey], c.claim.Annotations[v1.NodePoolHashAnnotationKey]
	if version == "" || hash == "" {
		return false
	}
	if version == v1.NodePoolHashVersion {
		return hash != c.shape.hash
	}
	annotations := c.pool.Annotations
	wanted := annotations[v1.NodePoolHashAnnotationKey]
	return annotations[v1.NodePoolHashVersionAnnotationKey] == version && wanted != "" && wanted != hash
}

// requirementsDiffer reports whether the labels do not meet the pool's requirements. Labels of the claim come first: people
// may write to a Node.
func (c *candidate) requirementsDiffer(vocabulary cloudprovider.Vocabulary) bool {
	for r := range c.shape.wants.All() {
		if value, ok := c.recorded(r.Key(), vocabulary); ok && !r.Has(value) || !ok && !r.HasAbsent() {
			return true
		}
	}
	return false
}

// recorded is the value of a label of the claim, else of the node, under the key itself or one that stands for it.
func (c *candidate) recorded(key string, vocabulary cloudprovider.Vocabulary) (string, bool) {
	sources := []map[string]string{c.claim.Labels}
	if c.node != nil {
		sources = append(sources, c.node.Labels)
	}
	for _, labels := range sources {
		if value, ok := labels[key]; ok {
			return value, true
		}
	}
	found, value := "", ""
	for _, labels := range sources {
		for other, v := range labels {
			if vocabulary.Canonical(other) == key && (found == "" || other < found) {
				found, value = other, v
			}
		}
	}
	return value, found != ""
}

// offers reports whether what the node was bought as is still offered, available or not. A reserved machine may have become
// an on-demand one when its reservation ended, and its labels that name the reservation do not count. Without a list
// the answer is yes.
func (s *shape) offers(c *candidate) bool {
	if len(s.types) == 0 {
		return true
	}
	t := s.types[c.label(corev1.LabelInstanceTypeStable)]
	if t == nil {
		return false
	}
	zone, capacityType := c.label(corev1.LabelTopologyZone), c.label(v1.CapacityTypeLabelKey)
	reserved := capacityType == v1.CapacityTypeReserved
	for i := range t.Offerings {
		o := &t.Offerings[i]
		switch {
		case zone != "" && o.Zone != zone:
		case capacityType != "" && o.CapacityType != capacityType && !(reserved && o.CapacityType == v1.CapacityTypeOnDemand):
		case reserved || c.carries(o.Requirements):
			return true
		}
	}
	return false
}

// carries reports whether none of the node's labels contradicts the requirements.
func (c *candidate) carries(wants requirement.Set) bool {
	for r := range wants.All() {
		if value := c.label(r.Key()); value != "" && !r.Has(value) {
			return false
		}
	}
	return true
}
