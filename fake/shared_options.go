package fake

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// This file has the options that fit several kinds. Each is a small type, so that the compiler knows which.

// Label sets a label: of the pod, the node or the claim, or of the nodes of a pool.
func Label(key, value string) LabelOption { return LabelOption{key, value} }

// LabelOption is the result of [Label].
type LabelOption struct{ key, value string }

func (o LabelOption) applyPod(p *corev1.Pod)         { p.Labels = put(p.Labels, o.key, o.value) }
func (o LabelOption) applyNode(n *corev1.Node)       { n.Labels = put(n.Labels, o.key, o.value) }
func (o LabelOption) applyNodeClaim(c *v1.NodeClaim) { c.Labels = put(c.Labels, o.key, o.value) }
func (o LabelOption) applyNodePool(p *v1.NodePool) {
	p.Spec.Template.Labels = put(p.Spec.Template.Labels, o.key, o.value)
}

// Annotation sets an annotation, where [Label] would set a label.
func Annotation(key, value string) AnnotationOption { return AnnotationOption{key, value} }

// AnnotationOption is the result of [Annotation].
type AnnotationOption struct{ key, value string }

func (o AnnotationOption) applyPod(p *corev1.Pod) { p.Annotations = put(p.Annotations, o.key, o.value) }
func (o AnnotationOption) applyNode(n *corev1.Node) {
	n.Annotations = put(n.Annotations, o.key, o.value)
}
func (o AnnotationOption) applyNodeClaim(c *v1.NodeClaim) {
	c.Annotations = put(c.Annotations, o.key, o.value)
}
func (o AnnotationOption) applyNodePool(p *v1.NodePool) {
	p.Spec.Template.Annotations = put(p.Spec.Template.Annotations, o.key, o.value)
}

// Taint adds a taint to the node, the claim or the nodes of a pool. The value may be empty.
func Taint(key, value string, effect corev1.TaintEffect) TaintOption {
	return TaintOption{corev1.Taint{Key: key, Value: value, Effect: effect}}
}

// TaintOption is the result of [Taint].
type TaintOption struct{ taint corev1.Taint }

func (o TaintOption) applyNode(n *corev1.Node)       { n.Spec.Taints = append(n.Spec.Taints, o.taint) }
func (o TaintOption) applyNodeClaim(c *v1.NodeClaim) { c.Spec.Taints = append(c.Spec.Taints, o.taint) }
func (o TaintOption) applyNodePool(p *v1.NodePool) {
	p.Spec.Template.Spec.Taints = append(p.Spec.Template.Spec.Taints, o.taint)
}

// StartupTaint adds a taint that somebody removes once the node is up. On a node it is a taint like any other.
func StartupTaint(key, value string, effect corev1.TaintEffect) StartupTaintOption {
	return StartupTaintOption{corev1.Taint{Key: key, Value: value, Effect: effect}}
}

// StartupTaintOption is the result of [StartupTaint].
type StartupTaintOption struct{ taint corev1.Taint }

func (o StartupTaintOption) applyNode(n *corev1.Node) { n.Spec.Taints = append(n.Spec.Taints, o.taint) }
func (o StartupTaintOption) applyNodeClaim(c *v1.NodeClaim) {
	c.Spec.StartupTaints = append(c.Spec.StartupTaints, o.taint)
}
func (o StartupTaintOption) applyNodePool(p *v1.NodePool) {
	p.Spec.Template.Spec.StartupTaints = append(p.Spec.Template.Spec.StartupTaints, o.taint)
}

// Require adds a requirement: to a pool or a claim, or to every required node affinity term of a pod. Operators are In,
// NotIn, Exists, DoesNotExist, Gt, Lt, Gte and Lte.
func Require(key string, operator corev1.NodeSelectorOperator, values ...string) RequireOption {
	return RequireOption{v1.NodeRequirement{Key: key, Operator: operator, Values: values}}
}

// MinValues asks for at least n different values of the key: it marks the requirement on it that stands before, or adds
// one that the key exists.
func MinValues(key string, n int) MinValuesOption { return MinValuesOption{key, n} }

// RequireOption is the result of [Require].
type RequireOption struct{ requirement v1.NodeRequirement }

// MinValuesOption is the result of [MinValues].
type MinValuesOption struct {
	key string
	n   int
}

func (o RequireOption) applyPod(p *corev1.Pod) {
	selector := nodeSelectorOf(p)
	if len(selector.NodeSelectorTerms) == 0 {
		selector.NodeSelectorTerms = make([]corev1.NodeSelectorTerm, 1)
	}
	for i := range selector.NodeSelectorTerms {
		term := &selector.NodeSelectorTerms[i]
		term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{
			Key: o.requirement.Key, Operator: o.requirement.Operator, Values: o.requirement.Values,
		})
	}
}

func (o RequireOption) applyNodePool(p *v1.NodePool) {
	p.Spec.Template.Spec.Requirements = append(p.Spec.Template.Spec.Requirements, o.requirement)
}

func (o RequireOption) applyNodeClaim(c *v1.NodeClaim) {
	c.Spec.Requirements = append(c.Spec.Requirements, o.requirement)
}

func (o MinValuesOption) applyNodePool(p *v1.NodePool) {
	p.Spec.Template.Spec.Requirements = o.mark(p.Spec.Template.Spec.Requirements)
}

func (o MinValuesOption) applyNodeClaim(c *v1.NodeClaim) {
	c.Spec.Requirements = o.mark(c.Spec.Requirements)
}

func (o MinValuesOption) mark(list []v1.NodeRequirement) []v1.NodeRequirement {
	for i := range list {
		if list[i].Key == o.key {
			list[i].MinValues = ptr.To(o.n)
			return list
		}
	}
	return append(list, v1.NodeRequirement{Key: o.key, Operator: corev1.NodeSelectorOpExists, MinValues: ptr.To(o.n)})
}

// Capacity sets a resource of an instance type, or capacity and allocatable of a node or a claim.
func Capacity(resource corev1.ResourceName, quantity string) CapacityOption {
	return CapacityOption{resource, quantity}
}

// PodLimit sets how many pods fit.
func PodLimit(n int) CapacityOption { return CapacityOption{corev1.ResourcePods, itoa(n)} }

// CapacityOption is the result of [Capacity] and [PodLimit].
type CapacityOption struct {
	resource corev1.ResourceName
	quantity string
}

func (o CapacityOption) applyType(t *cloudprovider.InstanceType) {
	t.Capacity = set(t.Capacity, o.resource, o.quantity)
}

func (o CapacityOption) applyNode(n *corev1.Node) {
	n.Status.Capacity = set(n.Status.Capacity, o.resource, o.quantity)
	n.Status.Allocatable = set(n.Status.Allocatable, o.resource, o.quantity)
}

func (o CapacityOption) applyNodeClaim(c *v1.NodeClaim) {
	c.Status.Capacity = set(c.Status.Capacity, o.resource, o.quantity)
	c.Status.Allocatable = set(c.Status.Allocatable, o.resource, o.quantity)
}

// Overhead is what an instance type keeps for the system, or what a pod needs besides its containers. An empty quantity
// is left out.
func Overhead(cpu, memory string) OverheadOption { return OverheadOption{cpu, memory} }

// OverheadOption is the result of [Overhead].
type OverheadOption struct{ cpu, memory string }

func (o OverheadOption) applyType(t *cloudprovider.InstanceType) {
	t.Overhead = set(set(t.Overhead, corev1.ResourceCPU, o.cpu), corev1.ResourceMemory, o.memory)
}

func (o OverheadOption) applyPod(p *corev1.Pod) {
	p.Spec.Overhead = set(set(p.Spec.Overhead, corev1.ResourceCPU, o.cpu), corev1.ResourceMemory, o.memory)
}

// Limit sets how much of a resource a pool may have in all, or the pod's container may use.
func Limit(resource corev1.ResourceName, quantity string) LimitOption {
	return LimitOption{resource, quantity}
}

// LimitOption is the result of [Limit].
type LimitOption struct {
	resource corev1.ResourceName
	quantity string
}

func (o LimitOption) applyNodePool(p *v1.NodePool) {
	p.Spec.Limits = v1.Limits(set(corev1.ResourceList(p.Spec.Limits), o.resource, o.quantity))
}

func (o LimitOption) applyPod(p *corev1.Pod) {
	main := &p.Spec.Containers[0].Resources
	main.Limits = set(main.Limits, o.resource, o.quantity)
}

// InZone asks for a zone in the pod's node selector, or is the zone label of a node or a claim.
func InZone(zone string) ZoneOption { return ZoneOption{zone} }

// ZoneOption is the result of [InZone].
type ZoneOption struct{ zone string }

func (o ZoneOption) applyPod(p *corev1.Pod) {
	p.Spec.NodeSelector = put(p.Spec.NodeSelector, corev1.LabelTopologyZone, o.zone)
}
func (o ZoneOption) applyNode(n *corev1.Node) {
	n.Labels = put(n.Labels, corev1.LabelTopologyZone, o.zone)
}
func (o ZoneOption) applyNodeClaim(c *v1.NodeClaim) {
	c.Labels = put(c.Labels, corev1.LabelTopologyZone, o.zone)
}
