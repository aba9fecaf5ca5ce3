package gen

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podAffinity wants the pod near others, or near its own kind.
func (m *maker) podAffinity(pod *corev1.Pod, t target) {
	terms := []corev1.PodAffinityTerm{m.nearTerm(pod, t)}
	if m.chance(0.15) {
		terms = append(terms, m.nearTerm(pod, t))
	}
	if pod.Spec.Affinity == nil {
		pod.Spec.Affinity = &corev1.Affinity{}
	}
	if pod.Spec.Affinity.PodAffinity == nil {
		pod.Spec.Affinity.PodAffinity = &corev1.PodAffinity{}
	}
	a := pod.Spec.Affinity.PodAffinity
	a.RequiredDuringSchedulingIgnoredDuringExecution = append(a.RequiredDuringSchedulingIgnoredDuringExecution, terms...)
}

// nearTerm is a term that some pod satisfies, mostly.
func (m *maker) nearTerm(pod *corev1.Pod, t target) corev1.PodAffinityTerm {
	key := m.topologyKey(t)
	own := m.term(key, m.selector(pod.Labels["app"]))
	switch n := m.IntN(20); {
	case n < 9:
		return own
	case n < 13: // pods that wait
		if len(m.s.Pods) > 0 && m.chance(0.75) {
			return m.toward(key, m.s.Pods[m.IntN(len(m.s.Pods))], pod.Namespace)
		}
		return m.term(key, &metav1.LabelSelector{MatchLabels: map[string]string{"app": m.anyApp()}})
	case n < 17: // pods that stand already
		var bound []*corev1.Pod
		for i := range m.s.Nodes {
			bound = append(bound, m.s.Nodes[i].Pods...)
		}
		if len(bound) > 0 {
			return m.toward(key, pick(m, bound...), pod.Namespace)
		}
		return own
	case n < 19:
		if len(m.s.DaemonPods) > 0 {
			return m.toward(key, pick(m, m.s.DaemonPods...), pod.Namespace)
		}
		return own
	}
	return m.term(key, &metav1.LabelSelector{MatchLabels: map[string]string{"app": "nobody"}})
}

// toward is a term that selects the other pod, seen from the namespace.
func (m *maker) toward(key string, other *corev1.Pod, namespace string) corev1.PodAffinityTerm {
	label := pick(m, "app", "app", "app", "kind")
	term := corev1.PodAffinityTerm{TopologyKey: key, LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{label: other.Labels[label]}}}
	switch {
	case other.Namespace == namespace:
	case m.chance(0.6):
		term.Namespaces = []string{other.Namespace}
	default:
		term.NamespaceSelector = &metav1.LabelSelector{}
	}
	return term
}

// wideAntiAffinity keeps the pod out of every zone, or the like, in which certain others are.
func (m *maker) wideAntiAffinity(pod *corev1.Pod, t target) {
	if pod.Spec.Affinity == nil {
		pod.Spec.Affinity = &corev1.Affinity{}
	}
	if pod.Spec.Affinity.PodAntiAffinity == nil {
		pod.Spec.Affinity.PodAntiAffinity = &corev1.PodAntiAffinity{}
	}
	a := pod.Spec.Affinity.PodAntiAffinity
	selector := m.selector(pod.Labels["app"])
	if m.chance(0.25) {
		selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": m.anyApp()}}
	}
	a.RequiredDuringSchedulingIgnoredDuringExecution = append(a.RequiredDuringSchedulingIgnoredDuringExecution, m.term(m.wideKey(t), selector))
	m.few = true
}
