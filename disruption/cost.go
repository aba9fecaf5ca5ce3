package disruption

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// EvictionCost is what it costs to disturb the pod, where a plain pod costs 1:
//
//	1 + deletion cost / 2^27 + priority / 2^25, from -10 to 10
//
// It is Karpenter's measure, so that the same annotations and priorities mean the same here. The deletion cost is the
// annotation controller.kubernetes.io/pod-deletion-cost; what is not a number counts as 0.
func EvictionCost(pod *corev1.Pod) float64 {
	cost := 1.0
	if deletion, err := strconv.ParseFloat(pod.Annotations[corev1.PodDeletionCost], 64); err == nil && !math.IsNaN(deletion) {
		cost += deletion / (1 << 27)
	}
	if pod.Spec.Priority != nil {
		cost += float64(*pod.Spec.Priority) / (1 << 25)
	}
	return min(max(cost, -10), 10)
}

// disturbance is what it costs to remove a node from which these pods must move: 1, and what it costs to evict each of
// them. Pods that would rather go than stay make it no cheaper.
func disturbance(movable []*corev1.Pod) float64 {
	cost := 1.0
	for _, pod := range movable {
		cost += max(0, EvictionCost(pod))
	}
	return cost
}

// newCandidates gathers what is known of each node, by name. Prices are not filled in.
func newCandidates(in *Input, o Options) []*candidate {
	shapes := newShapes(in)
	notices := noticesByMachine(in.Interruptions)
	commands := map[string]string{}
	for i := range in.InProgress {
		for _, name := range in.InProgress[i].Remove {
			commands[name] = cmp.Or(in.InProgress[i].ID, "a command")
		}
	}
	out := make([]*candidate, 0, len(in.Nodes))
	for i := range in.Nodes {
		source := &in.Nodes[i]
		if source.Node == nil && source.Claim == nil {
			continue
		}
		c := &candidate{name: source.Name(), node: source.Node, claim: source.Claim, pods: podsByName(source.Pods)}
		if shape := shapes[c.label(v1.NodePoolLabelKey)]; shape != nil {
			c.pool, c.shape = shape.pool, shape
		}
		c.movable = slices.Collect(func(yield func(*corev1.Pod) bool) {
			for _, pod := range c.pods {
				if movable(pod, o.BarePods) && !yield(pod) {
					return
				}
			}
		})
		c.cost = disturbance(c.movable)
		c.command = commands[c.name]
		if c.command == "" && c.claim != nil {
			c.command = commands[c.claim.Name] // ordered away before the node joined
		}
		if notice, ok := notices[c.machine()]; ok {
			c.notice = &notice
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b *candidate) int { return strings.Compare(a.name, b.name) })
	return out
}

// machine is the provider's id of the machine; empty if it is not known, or there is no machine yet.
func (c *candidate) machine() string {
	if c.claim != nil && c.claim.Status.ProviderID != "" {
		return c.claim.Status.ProviderID
	}
	if c.node != nil {
		return c.node.Spec.ProviderID
	}
	return ""
}

// podsByName is the pods in the order of their names, whatever order they are listed in.
func podsByName(pods []*corev1.Pod) []*corev1.Pod {
	compare := func(a, b *corev1.Pod) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	}
	absent := func(p *corev1.Pod) bool { return p == nil }
	if slices.ContainsFunc(pods, absent) {
		pods = slices.DeleteFunc(slices.Clone(pods), absent)
	}
	if slices.IsSortedFunc(pods, compare) {
		return pods
	}
	return slices.SortedStableFunc(slices.Values(pods), compare)
}

// movable reports whether a pod like this one has to find another place once the pod is gone: it is neither of a DaemonSet
// nor static, and has not run to its end. Of pods that are being deleted already only those of a StatefulSet are, under
// the same name; the others have their successors by now. A pod without a controller counts unless such pods stay.
func movable(pod *corev1.Pod, bare BarePodPolicy) bool {
	switch {
	case terminal(pod), ownedBy(pod, "DaemonSet"), static(pod):
		return false
	case pod.DeletionTimestamp != nil && !ownedBy(pod, "StatefulSet"):
		return false
	}
	return bare != BarePodsStay || !isBare(pod)
}

// active reports whether the pod neither has ended nor is being deleted.
func active(pod *corev1.Pod) bool { return !terminal(pod) && pod.DeletionTimestamp == nil }

func terminal(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// static reports whether the kubelet runs the pod from a file, and the API server merely mirrors it.
func static(pod *corev1.Pod) bool { return ownedBy(pod, "Node") }

// isBare reports whether nothing would make the pod anew.
func isBare(pod *corev1.Pod) bool { return metav1.GetControllerOfNoCopy(pod) == nil && !static(pod) }

func ownedBy(pod *corev1.Pod, kind string) bool {
	return slices.ContainsFunc(pod.OwnerReferences, func(r metav1.OwnerReference) bool { return r.Kind == kind })
}
