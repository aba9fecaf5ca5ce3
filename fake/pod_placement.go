package fake

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// This file has the options that say where a pod wants to be: near nodes, near pods, spread out.

// RequireAny adds required node affinity terms; the pod goes where one of them holds. [Require] adds to all terms that
// stand before it.
func RequireAny(terms ...corev1.NodeSelectorTerm) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		selector := nodeSelectorOf(p)
		selector.NodeSelectorTerms = append(selector.NodeSelectorTerms, terms...)
	})
}

// Term is a node affinity term with one expression, for [RequireAny].
func Term(key string, operator corev1.NodeSelectorOperator, values ...string) corev1.NodeSelectorTerm {
	return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{
		{Key: key, Operator: operator, Values: values},
	}}
}

// Prefer adds a preferred node affinity term of that weight (1 to 100).
func Prefer(weight int32, key string, operator corev1.NodeSelectorOperator, values ...string) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		node := nodeAffinityOf(p)
		node.PreferredDuringSchedulingIgnoredDuringExecution = append(node.PreferredDuringSchedulingIgnoredDuringExecution,
			corev1.PreferredSchedulingTerm{Weight: weight, Preference: Term(key, operator, values...)})
	})
}

// PodAffinity requires a pod with these labels, in the same namespace, within the topology domain.
func PodAffinity(topologyKey string, labels map[string]string) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		pods := podAffinityOf(p)
		pods.RequiredDuringSchedulingIgnoredDuringExecution = append(pods.RequiredDuringSchedulingIgnoredDuringExecution,
			podTerm(topologyKey, labels))
	})
}

// PodAntiAffinity forbids pods with these labels, in the same namespace, within the topology domain.
func PodAntiAffinity(topologyKey string, labels map[string]string) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		pods := podAntiAffinityOf(p)
		pods.RequiredDuringSchedulingIgnoredDuringExecution = append(pods.RequiredDuringSchedulingIgnoredDuringExecution,
			podTerm(topologyKey, labels))
	})
}

// PreferPodAffinity is [PodAffinity] as a preference of that weight (1 to 100).
func PreferPodAffinity(weight int32, topologyKey string, labels map[string]string) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		pods := podAffinityOf(p)
		pods.PreferredDuringSchedulingIgnoredDuringExecution = append(pods.PreferredDuringSchedulingIgnoredDuringExecution,
			corev1.WeightedPodAffinityTerm{Weight: weight, PodAffinityTerm: podTerm(topologyKey, labels)})
	})
}

// PreferPodAntiAffinity is [PodAntiAffinity] as a preference of that weight (1 to 100).
func PreferPodAntiAffinity(weight int32, topologyKey string, labels map[string]string) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		pods := podAntiAffinityOf(p)
		pods.PreferredDuringSchedulingIgnoredDuringExecution = append(pods.PreferredDuringSchedulingIgnoredDuringExecution,
			corev1.WeightedPodAffinityTerm{Weight: weight, PodAffinityTerm: podTerm(topologyKey, labels)})
	})
}

// Spread keeps the number of pods with these labels even over the topology domains, within maxSkew.
func Spread(topologyKey string, maxSkew int32, labels map[string]string) PodOption {
	return spread(topologyKey, maxSkew, labels, corev1.DoNotSchedule)
}

// PreferSpread is [Spread] as a preference.
func PreferSpread(topologyKey string, maxSkew int32, labels map[string]string) PodOption {
	return spread(topologyKey, maxSkew, labels, corev1.ScheduleAnyway)
}

func spread(key string, skew int32, labels map[string]string, when corev1.UnsatisfiableConstraintAction) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		p.Spec.TopologySpreadConstraints = append(p.Spec.TopologySpreadConstraints, corev1.TopologySpreadConstraint{
			MaxSkew: skew, TopologyKey: key, WhenUnsatisfiable: when, LabelSelector: &metav1.LabelSelector{MatchLabels: labels},
		})
	})
}

func podTerm(topologyKey string, labels map[string]string) corev1.PodAffinityTerm {
	return corev1.PodAffinityTerm{TopologyKey: topologyKey, LabelSelector: &metav1.LabelSelector{MatchLabels: labels}}
}

// made returns what *p points to, allocated if need be.
func made[T any](p **T) *T {
	if *p == nil {
		*p = new(T)
	}
	return *p
}

func nodeAffinityOf(p *corev1.Pod) *corev1.NodeAffinity {
	return made(&made(&p.Spec.Affinity).NodeAffinity)
}

func nodeSelectorOf(p *corev1.Pod) *corev1.NodeSelector {
	return made(&nodeAffinityOf(p).RequiredDuringSchedulingIgnoredDuringExecution)
}

func podAffinityOf(p *corev1.Pod) *corev1.PodAffinity {
	return made(&made(&p.Spec.Affinity).PodAffinity)
}

func podAntiAffinityOf(p *corev1.Pod) *corev1.PodAntiAffinity {
	return made(&made(&p.Spec.Affinity).PodAntiAffinity)
}
