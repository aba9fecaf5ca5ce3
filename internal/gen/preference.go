package gen

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// prefer adds wishes, which never keep a pod from running.
func (m *maker) prefer(pod *corev1.Pod, t target) {
	if pod.Spec.Affinity == nil {
		pod.Spec.Affinity = &corev1.Affinity{}
	}
	a := pod.Spec.Affinity
	weight := int32(pick(m, 1, 10, 50, 100))
	switch m.IntN(4) {
	case 0:
		if a.NodeAffinity == nil {
			a.NodeAffinity = &corev1.NodeAffinity{}
		}
		for range m.between(1, 2) {
			key := pick(m, slices.Sorted(mapKeys(t.labels))...)
			a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution = append(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution, corev1.PreferredSchedulingTerm{
				Weight: weight, Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{m.expression(key, pick(m, t.labels[key], "elsewhere"))}},
			})
		}
	case 1:
		if a.PodAffinity == nil {
			a.PodAffinity = &corev1.PodAffinity{}
		}
		a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution = append(a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution,
			corev1.WeightedPodAffinityTerm{Weight: weight, PodAffinityTerm: m.term(m.topologyKey(t), m.selector(pod.Labels["app"]))})
	case 2:
		if a.PodAntiAffinity == nil {
			a.PodAntiAffinity = &corev1.PodAntiAffinity{}
		}
		a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution = append(a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution,
			corev1.WeightedPodAffinityTerm{Weight: weight, PodAffinityTerm: m.term(m.topologyKey(t), m.selector(pod.Labels["app"]))})
	case 3:
		m.spreadOver(pod, m.topologyKey(t), corev1.ScheduleAnyway)
	}
	if *a == (corev1.Affinity{}) {
		pod.Spec.Affinity = nil
	}
}
