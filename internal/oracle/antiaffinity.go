package oracle

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Required anti-affinity: as the scheduler's plugin InterPodAffinity reads it, over any label of nodes.

func antiTerms(pod *corev1.Pod) []corev1.PodAffinityTerm {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAntiAffinity == nil {
		return nil
	}
	return pod.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

// excluded lists the pods, anywhere, that keep the pod from the host: because the pod does not want to be near them, or
// they not near it.
func (w *world) excluded(pod *corev1.Pod, h *host) []reason {
	var out []reason
	for _, at := range w.hosts {
		for _, other := range at.pods() {
			if other != pod && w.exclude(pod, other, h.node, at.node) {
				out = append(out, reason{scheduling.PodAntiAffinity, name(other).String()})
			}
		}
	}
	return out
}

// exclude reports whether one of two pods on those nodes forbids the other.
func (w *world) exclude(a, b *corev1.Pod, nodeA, nodeB *corev1.Node) bool {
	return w.forbids(a, b, nodeA, nodeB) || w.forbids(b, a, nodeB, nodeA)
}

// forbids reports whether a term of the owner selects the other pod, and the nodes of the two have one value of the
// term's key. Nodes without the label are near to nothing.
func (w *world) forbids(owner, other *corev1.Pod, ownersNode, othersNode *corev1.Node) bool {
	terms := antiTerms(owner)
	for i := range terms {
		term := &terms[i]
		x, okX := ownersNode.Labels[term.TopologyKey]
		y, okY := othersNode.Labels[term.TopologyKey]
		if okX && okY && x == y && w.selects(owner, term, other) {
			return true
		}
	}
	return false
}
