package disruption

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// candidate is a node with all that is known of it. Every node of the snapshot has one, whether it may be disrupted or not.
type candidate struct {
	name  string
	node  *corev1.Node  // nil while the machine has not joined
	claim *v1.NodeClaim // nil for a node that nobody manages
	pool  *v1.NodePool  // nil if it does not exist
	pods  []*corev1.Pod // all that are bound to it

	// movable are the pods that are made anew elsewhere once evicted, bare ones included. cost is what disturbing them comes to.
	movable []*corev1.Pod
	cost    float64

	// shape is what the NodePool asks of its nodes; nil without a pool. command is the command in progress that removes the
	// node, and nominated the waiting pod that is expected on it; both are empty for none. notice is what the cloud has
	// announced, nil for nothing.
	shape     *shape
	command   string
	nominated string
	notice    *cloudprovider.Interruption

	// barred is set when the node may not be disrupted, held when it is to go for another reason than money and must wait, and
	// evaluated when it has been asked what would become of its pods. cause is why it is to go.
	barred, held, evaluated bool
	cause                   cause

	// content is what its pods ask for, and waste what it costs beyond what these are worth. kinds are the places of movable in
	// worth.kinds, -1 for pods that need no place. left is what it could still take; nil if it is closed.
	content amounts
	waste   float64
	kinds   []int32
	left    amounts

	// offering is what the node was bought as; price is dollars per hour, known says whether that can be told.
	offering cloudprovider.OfferingKey
	price    float64
	known    bool
}

// owner is the name of the NodePool, empty for none.
func (c *candidate) owner() string {
	if c.pool != nil {
		return c.pool.Name
	}
	return ""
}

// label is the value of a label of the node, or of its claim while the machine has not joined.
func (c *candidate) label(key string) string {
	if c.node != nil {
		if v, ok := c.node.Labels[key]; ok {
			return v
		}
	}
	if c.claim != nil {
		return c.claim.Labels[key]
	}
	return ""
}

// created is when the claim was made, or else the node.
func (c *candidate) created() time.Time {
	if c.claim != nil && !c.claim.CreationTimestamp.IsZero() {
		return c.claim.CreationTimestamp.Time
	}
	if c.node != nil {
		return c.node.CreationTimestamp.Time
	}
	return time.Time{}
}

// initialized reports whether the node takes pods for good.
func (c *candidate) initialized() bool {
	if c.node == nil {
		return false
	}
	if c.node.Labels[v1.InitializedLabelKey] == "true" {
		return true
	}
	return c.claim != nil && meta.IsStatusConditionTrue(c.claim.Status.Conditions, v1.ConditionTypeInitialized)
}

// leaving reports whether the node or its claim is being deleted.
func (c *candidate) leaving() bool {
	if c.node != nil && c.node.DeletionTimestamp != nil {
		return true
	}
	return c.claim != nil && (c.claim.DeletionTimestamp != nil ||
		meta.IsStatusConditionTrue(c.claim.Status.Conditions, v1.ConditionTypeInstanceTerminating))
}

// capacity is what the machine has, as its node reports it or else its claim.
func (c *candidate) capacity() corev1.ResourceList {
	if c.node != nil && len(c.node.Status.Capacity) > 0 {
		return c.node.Status.Capacity
	}
	if c.claim != nil {
		return c.claim.Status.Capacity
	}
	return nil
}
