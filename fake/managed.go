package fake

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// ManagedNode is a node, its claim and its pods. It has the fields of a scheduling.Node, which it is converted to:
// scheduling.Node(fake.Managed(...)).
type ManagedNode struct {
	Node  *corev1.Node
	Claim *v1.NodeClaim
	Pods  []*corev1.Pod
}

// ManagedOption changes a node and its claim that are being built together. Options that fit both a node and a claim are
// ManagedOptions, and so are [NodeFunc], [NodeClaimFunc], [With], and [Condition], which sets one of the node.
type ManagedOption interface{ applyManaged(*ManagedNode) }

// Managed builds a node that a NodePool has launched, with its claim: registered, initialised and ready since it was
// created, with what the pool's template says of labels, annotations, taints, expiry and grace. It is not drifted. The claim
// has the name of the node.
func Managed(name string, pool *v1.NodePool, made MadeOfOption, created time.Time, options ...ManagedOption) ManagedNode {
	template := pool.Spec.Template
	n := ManagedNode{
		Node:  Node(name, InPool(pool.Name), made, CreatedAt(created), Condition(string(corev1.NodeReady), metav1.ConditionTrue, created)),
		Claim: NodeClaim(name, InPool(pool.Name), made, CreatedAt(created), ForNode(name)),
		Pods:  []*corev1.Pod{},
	}
	n.Node.Spec.Taints = append(n.Node.Spec.Taints, template.Spec.DeepCopy().Taints...)
	n.Claim.Spec = v1.NodeClaimSpec{
		Taints: template.Spec.DeepCopy().Taints, StartupTaints: template.Spec.DeepCopy().StartupTaints,
		Requirements: template.Spec.DeepCopy().Requirements, NodeClassRef: template.Spec.NodeClassRef,
		ExpireAfter: template.Spec.ExpireAfter, TerminationGracePeriod: template.Spec.TerminationGracePeriod,
	}
	for key, value := range template.Labels {
		Label(key, value).applyManaged(&n)
	}
	for key, value := range template.Annotations {
		Annotation(key, value).applyManaged(&n)
	}
	Annotation(v1.NodePoolHashAnnotationKey, pool.Hash()).applyNodeClaim(n.Claim)
	Annotation(v1.NodePoolHashVersionAnnotationKey, v1.NodePoolHashVersion).applyNodeClaim(n.Claim)
	for _, kind := range []string{v1.ConditionTypeLaunched, v1.ConditionTypeRegistered, v1.ConditionTypeInitialized, v1.ConditionTypeReady} {
		Condition(kind, metav1.ConditionTrue, created).applyNodeClaim(n.Claim)
	}
	for _, option := range options {
		option.applyManaged(&n)
	}
	return ManagedNode{Node: n.Node.DeepCopy(), Claim: n.Claim.DeepCopy(), Pods: n.Pods}
}

// With puts running pods on the node. They are copies: bound to it, and running and ready since the node was created, unless
// they state a start or a condition of their own.
func With(pods ...*corev1.Pod) WithOption { return WithOption{pods} }

// WithOption is the result of [With].
type WithOption struct{ pods []*corev1.Pod }

func (o WithOption) applyManaged(n *ManagedNode) {
	for _, pod := range o.pods {
		bound := pod.DeepCopy()
		start := bound.Status.StartTime
		conditions := bound.Status.Conditions
		Running(n.Node.Name, n.Node.CreationTimestamp.Time).applyPod(bound)
		if start != nil {
			bound.Status.StartTime = start
		}
		if len(conditions) > 0 {
			bound.Status.Conditions = pod.DeepCopy().Status.Conditions
		}
		n.Pods = append(n.Pods, bound)
	}
}

// LastPodEvent is when a pod last came to the node or left it.
func LastPodEvent(t time.Time) NodeClaimFunc {
	return func(c *v1.NodeClaim) { c.Status.LastPodEventTime = metav1.NewTime(t) }
}

// both applies an option that fits nodes and claims to both.
func both(n *ManagedNode, option interface {
	NodeOption
	NodeClaimOption
}) {
	option.applyNode(n.Node)
	option.applyNodeClaim(n.Claim)
}

func (f NodeFunc) applyManaged(n *ManagedNode)         { f(n.Node) }
func (f NodeClaimFunc) applyManaged(n *ManagedNode)    { f(n.Claim) }
func (o ConditionOption) applyManaged(n *ManagedNode)  { o.applyNode(n.Node) }
func (o LabelOption) applyManaged(n *ManagedNode)      { both(n, o) }
func (o AnnotationOption) applyManaged(n *ManagedNode) { both(n, o) }
func (o TaintOption) applyManaged(n *ManagedNode)      { both(n, o) }
func (o CapacityOption) applyManaged(n *ManagedNode)   { both(n, o) }
func (o CreatedAtOption) applyManaged(n *ManagedNode)  { both(n, o) }
func (o DeletedAtOption) applyManaged(n *ManagedNode)  { both(n, o) }
