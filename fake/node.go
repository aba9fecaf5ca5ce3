package fake

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// Node builds a ready node with 4 CPUs, 16Gi of memory and room for 110 pods, amd64 and linux, that nobody manages. Its
// provider id is that of the [NodeClaim] with the same name.
func Node(name string, options ...NodeOption) *corev1.Node {
	node := &corev1.Node{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("node/" + name), Labels: map[string]string{
			corev1.LabelHostname:   name,
			corev1.LabelArchStable: defaultArch,
			corev1.LabelOSStable:   defaultOS,
		}},
		Spec: corev1.NodeSpec{ProviderID: providerID(name)},
		Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady"},
		}},
	}
	Size("4", "16Gi").applyNode(node)
	PodLimit(defaultPods).applyNode(node)
	for _, option := range options {
		option.applyNode(node)
	}
	return node.DeepCopy()
}

// NodeClaim builds a claim that has not been launched. With [OfType] it has been, and without a node it is in flight.
func NodeClaim(name string, options ...NodeClaimOption) *v1.NodeClaim {
	claim := &v1.NodeClaim{
		TypeMeta:   metav1.TypeMeta{APIVersion: "karpenter.sh/v1", Kind: "NodeClaim"},
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("nodeclaim/" + name)},
	}
	for _, option := range options {
		option.applyNodeClaim(claim)
	}
	v1.SetDefaultsNodeClaim(claim)
	return claim.DeepCopy()
}

// Size sets CPU and memory, capacity and allocatable alike, of a node or a claim. An empty quantity is left out.
func Size(cpu, memory string) SizeOption { return SizeOption{cpu, memory} }

// SizeOption is the result of [Size].
type SizeOption struct{ cpu, memory string }

func (o SizeOption) applyNode(n *corev1.Node) {
	Capacity(corev1.ResourceCPU, o.cpu).applyNode(n)
	Capacity(corev1.ResourceMemory, o.memory).applyNode(n)
}

func (o SizeOption) applyNodeClaim(c *v1.NodeClaim) {
	Capacity(corev1.ResourceCPU, o.cpu).applyNodeClaim(c)
	Capacity(corev1.ResourceMemory, o.memory).applyNodeClaim(c)
}

// Allocatable sets what of a resource is left for pods on a node or a claim, when that is less than its [Capacity].
func Allocatable(resource corev1.ResourceName, quantity string) AllocatableOption {
	return AllocatableOption{resource, quantity}
}

// AllocatableOption is the result of [Allocatable].
type AllocatableOption struct {
	resource corev1.ResourceName
	quantity string
}

func (o AllocatableOption) applyNode(n *corev1.Node) {
	n.Status.Allocatable = set(n.Status.Allocatable, o.resource, o.quantity)
}

func (o AllocatableOption) applyNodeClaim(c *v1.NodeClaim) {
	c.Status.Allocatable = set(c.Status.Allocatable, o.resource, o.quantity)
}

// InPool says that a node or a claim belongs to the NodePool of that name. A node is registered and initialized then.
func InPool(pool string) PoolOption { return PoolOption{pool} }

// PoolOption is the result of [InPool].
type PoolOption struct{ pool string }

func (o PoolOption) applyNode(n *corev1.Node) {
	n.Labels = put(n.Labels, v1.NodePoolLabelKey, o.pool)
	n.Labels = put(n.Labels, v1.RegisteredLabelKey, "true")
	n.Labels = put(n.Labels, v1.InitializedLabelKey, "true")
}

func (o PoolOption) applyNodeClaim(c *v1.NodeClaim) {
	c.Labels = put(c.Labels, v1.NodePoolLabelKey, o.pool)
}

// OfType makes a node or a claim of an instance type bought there: its labels, capacity and allocatable. A claim has been
// launched then.
func OfType(t *cloudprovider.InstanceType, zone, capacityType string) MadeOfOption {
	return MadeOfOption{t, cloudprovider.Offering{Zone: zone, CapacityType: capacityType}}
}

// MadeOfOption is the result of [OfType].
type MadeOfOption struct {
	of       *cloudprovider.InstanceType
	offering cloudprovider.Offering
}

func (o MadeOfOption) labels() map[string]string {
	offering := &o.offering
	for i := range o.of.Offerings {
		if sold := &o.of.Offerings[i]; sold.Zone == offering.Zone && sold.CapacityType == offering.CapacityType {
			offering = sold
			break
		}
	}
	return o.of.Labels(offering, requirement.Set{})
}

func (o MadeOfOption) applyNode(n *corev1.Node) {
	maps.Copy(n.Labels, o.labels())
	n.Status.Capacity, n.Status.Allocatable = o.of.Capacity, o.of.Allocatable()
}

func (o MadeOfOption) applyNodeClaim(c *v1.NodeClaim) {
	for key, value := range o.labels() {
		c.Labels = put(c.Labels, key, value)
	}
	c.Status.Capacity, c.Status.Allocatable = o.of.Capacity, o.of.Allocatable()
	c.Status.ProviderID = providerID(c.Name)
	c.Status.Conditions = append(c.Status.Conditions, metav1.Condition{
		Type: v1.ConditionTypeLaunched, Status: metav1.ConditionTrue, Reason: v1.ConditionTypeLaunched,
	})
}

// ForNode says that the claim's machine has become the node of that name.
func ForNode(node string) NodeClaimOption {
	return NodeClaimFunc(func(c *v1.NodeClaim) {
		c.Status.NodeName, c.Status.ProviderID = node, providerID(node)
	})
}

// providerID is what builders give to the machine of that name. A [Cloud] numbers its machines instead.
func providerID(name string) string { return "fake:///" + name }
