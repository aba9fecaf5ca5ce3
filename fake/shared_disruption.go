package fake

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// This file has the options of what is running, getting old or going away.

// Namespace puts the pod or the PodDisruptionBudget there.
func Namespace(namespace string) NamespaceOption { return NamespaceOption{namespace} }

// NamespaceOption is the result of [Namespace].
type NamespaceOption struct{ namespace string }

func (o NamespaceOption) applyPod(p *corev1.Pod)                      { p.Namespace = o.namespace }
func (o NamespaceOption) applyBudget(b *policyv1.PodDisruptionBudget) { b.Namespace = o.namespace }

// CreatedAt is the time of creation.
func CreatedAt(t time.Time) CreatedAtOption { return CreatedAtOption{metav1.NewTime(t)} }

// CreatedAtOption is the result of [CreatedAt].
type CreatedAtOption struct{ at metav1.Time }

func (o CreatedAtOption) applyPod(p *corev1.Pod)         { p.CreationTimestamp = o.at }
func (o CreatedAtOption) applyNode(n *corev1.Node)       { n.CreationTimestamp = o.at }
func (o CreatedAtOption) applyNodeClaim(c *v1.NodeClaim) { c.CreationTimestamp = o.at }

// DeletedAt says that somebody has asked at that time to delete the pod, the node or the claim, which a finalizer holds
// back.
func DeletedAt(t time.Time) DeletedAtOption { return DeletedAtOption{metav1.NewTime(t)} }

// DeletedAtOption is the result of [DeletedAt].
type DeletedAtOption struct{ at metav1.Time }

func (o DeletedAtOption) apply(m *metav1.ObjectMeta, finalizers ...string) {
	m.DeletionTimestamp, m.Finalizers = &o.at, append(m.Finalizers, finalizers...)
}

func (o DeletedAtOption) applyPod(p *corev1.Pod)   { o.apply(&p.ObjectMeta) }
func (o DeletedAtOption) applyNode(n *corev1.Node) { o.apply(&n.ObjectMeta, v1.TerminationFinalizer) }
func (o DeletedAtOption) applyNodeClaim(c *v1.NodeClaim) {
	o.apply(&c.ObjectMeta, v1.TerminationFinalizer)
}

// Condition sets a condition of the pod, the node or the claim that has been so since then. One of the same type that stands
// before is replaced.
func Condition(kind string, status metav1.ConditionStatus, since time.Time) ConditionOption {
	return ConditionOption{kind, status, metav1.NewTime(since)}
}

// ConditionOption is the result of [Condition].
type ConditionOption struct {
	kind   string
	status metav1.ConditionStatus
	since  metav1.Time
}

func (o ConditionOption) applyPod(p *corev1.Pod) {
	next := corev1.PodCondition{Type: corev1.PodConditionType(o.kind), Status: corev1.ConditionStatus(o.status), LastTransitionTime: o.since}
	p.Status.Conditions = replaced(p.Status.Conditions, next, func(c corev1.PodCondition) string { return string(c.Type) })
}

func (o ConditionOption) applyNode(n *corev1.Node) {
	next := corev1.NodeCondition{Type: corev1.NodeConditionType(o.kind), Status: corev1.ConditionStatus(o.status), LastTransitionTime: o.since}
	n.Status.Conditions = replaced(n.Status.Conditions, next, func(c corev1.NodeCondition) string { return string(c.Type) })
}

func (o ConditionOption) applyNodeClaim(c *v1.NodeClaim) {
	next := v1.ClaimCondition{Type: o.kind, Status: o.status, Reason: o.kind, LastTransitionTime: o.since}
	c.Status.Conditions = replaced(c.Status.Conditions, next, func(c v1.ClaimCondition) string { return c.Type })
}

// replaced is the list with next in place of the element of its type, or at the end.
func replaced[T any](list []T, next T, typeOf func(T) string) []T {
	for i := range list {
		if typeOf(list[i]) == typeOf(next) {
			list[i] = next
			return list
		}
	}
	return append(list, next)
}

// DoNotDisrupt is the annotation that keeps a pod, or a node with all that is on it, from being disrupted. Of a pod it may be
// for a while only, as in "30m" from its start; anywhere else it is "true".
func DoNotDisrupt(value string) AnnotationOption {
	return Annotation(v1.DoNotDisruptAnnotationKey, value)
}

// Running binds the pod to a node, where it has been running and ready since then.
func Running(node string, since time.Time) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		OnNode(node).applyPod(p)
		start := metav1.NewTime(since)
		p.Status.StartTime = &start
		Condition(string(corev1.PodReady), metav1.ConditionTrue, since).applyPod(p)
	})
}
