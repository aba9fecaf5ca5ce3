package oracle

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Required pod affinity: as the scheduler's plugin InterPodAffinity reads it.

func affinityTerms(pod *corev1.Pod) []corev1.PodAffinityTerm {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAffinity == nil {
		return nil
	}
	return pod.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

// lonely lists the keys of the pod's terms over which no companion is near the host. A companion is another pod that all
// terms of the pod select; for each term one must be on a node with the host's value of the term's key, not the same one
// for all. The host needs all the labels.
//
// The first of a series needs none: if there is no companion on any node with one of the labels, and the pod's terms
// select the pod itself, it may run wherever the labels are.
func (w *world) lonely(pod *corev1.Pod, h *host) []reason {
	terms := affinityTerms(pod)
	if len(terms) == 0 {
		return nil
	}
	near, somewhere := make([]bool, len(terms)), false
	for _, at := range w.hosts {
		for _, other := range at.pods() {
			if other == pod || !w.companion(pod, other) {
				continue
			}
			for i, term := range terms {
				theirs, labelled := at.node.Labels[term.TopologyKey]
				mine, ok := h.node.Labels[term.TopologyKey]
				somewhere = somewhere || labelled
				near[i] = near[i] || labelled && ok && mine == theirs
			}
		}
	}
	first := !somewhere && w.companion(pod, pod)
	var out []reason
	for i, term := range terms {
		if _, ok := h.node.Labels[term.TopologyKey]; !ok || !near[i] && !first {
			out = append(out, reason{scheduling.PodAffinity, term.TopologyKey})
		}
	}
	return out
}

// companion reports whether all the pod's terms select the other one.
func (w *world) companion(pod, other *corev1.Pod) bool {
	terms := affinityTerms(pod)
	for i := range terms {
		if !w.selects(pod, &terms[i], other) {
			return false
		}
	}
	return true
}
