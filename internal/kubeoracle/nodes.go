package kubeoracle

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// settled is the node as it will be once its machine has registered and initialised.
func settled(n *scheduling.Node) *corev1.Node {
	node := &corev1.Node{}
	switch {
	case n.Node == nil:
		node.Name = n.Claim.Name
		node.Labels = maps.Clone(n.Claim.Labels)
		node.Spec.Taints = slices.Clone(n.Claim.Spec.Taints)
		node.Status.Capacity = n.Claim.Status.Capacity.DeepCopy()
		node.Status.Allocatable = n.Claim.Status.Allocatable.DeepCopy()
	case !startsStill(n):
		node = n.Node.DeepCopy()
	default:
		node = n.Node.DeepCopy()
		labels := maps.Clone(n.Claim.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, node.Labels)
		node.Labels = labels
		node.Spec.Taints = slices.DeleteFunc(node.Spec.Taints, func(t corev1.Taint) bool { return startsUp(t, n.Claim) })
		node.Status.Capacity = completed(node.Status.Capacity, n.Claim.Status.Capacity)
		node.Status.Allocatable = completed(node.Status.Allocatable, n.Claim.Status.Allocatable)
	}
	if node.Labels == nil {
		node.Labels = map[string]string{}
	}
	if _, ok := node.Labels[corev1.LabelHostname]; !ok {
		node.Labels[corev1.LabelHostname] = node.Name
	}
	if len(node.Status.Allocatable) == 0 {
		node.Status.Allocatable = node.Status.Capacity
	}
	if len(node.Status.Capacity) == 0 {
		node.Status.Capacity = node.Status.Allocatable
	}
	return node
}

// startsStill reports whether the node's claim says more of it than the node does.
func startsStill(n *scheduling.Node) bool {
	return n.Claim != nil && (n.Node == nil || n.Node.Labels["karpenter.sh/initialized"] != "true")
}

// startsUp reports whether the taint goes once the node is initialised.
func startsUp(t corev1.Taint, claim *v1.NodeClaim) bool {
	switch t.Key {
	case "node.kubernetes.io/not-ready", "karpenter.sh/unregistered":
		return true
	case "node.kubernetes.io/unreachable", "node.cloudprovider.kubernetes.io/uninitialized":
		return t.Effect == corev1.TaintEffectNoSchedule
	}
	return slices.ContainsFunc(claim.Spec.StartupTaints, func(s corev1.Taint) bool { return s.Key == t.Key && s.Effect == t.Effect })
}

// completed takes what the node reports as absent or zero from the claim.
func completed(node, claim corev1.ResourceList) corev1.ResourceList {
	out := node.DeepCopy()
	if out == nil {
		out = corev1.ResourceList{}
	}
	for resource, quantity := range claim {
		if have, ok := out[resource]; !ok || have.IsZero() {
			out[resource] = quantity.DeepCopy()
		}
	}
	return out
}
