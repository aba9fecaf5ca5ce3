package gen

import (
	corev1 "k8s.io/api/core/v1"
)

// spread gives the pod one or two topology spread constraints that must hold.
func (m *maker) spread(pod *corev1.Pod, t target) {
	m.spreadOver(pod, m.topologyKey(t), corev1.DoNotSchedule)
	if m.chance(0.25) {
		m.spreadOver(pod, m.topologyKey(t), corev1.DoNotSchedule)
	}
}

// spreadOver adds one constraint, unless there is one for that key with that consequence already.
func (m *maker) spreadOver(pod *corev1.Pod, key string, when corev1.UnsatisfiableConstraintAction) {
	for _, c := range pod.Spec.TopologySpreadConstraints {
		if c.TopologyKey == key && c.WhenUnsatisfiable == when {
			return
		}
	}
	c := corev1.TopologySpreadConstraint{
		MaxSkew: int32(pick(m, 1, 1, 1, 2, 3)), TopologyKey: key, WhenUnsatisfiable: when, LabelSelector: m.selector(pod.Labels["app"]),
	}
	if when == corev1.DoNotSchedule && m.chance(0.15) {
		domains := int32(m.between(1, 4))
		c.MinDomains = &domains
	}
	policy := func() *corev1.NodeInclusionPolicy {
		p := pick(m, corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore, corev1.NodeInclusionPolicyIgnore)
		return &p
	}
	if m.chance(0.15) {
		c.NodeAffinityPolicy = policy()
	}
	if m.chance(0.15) {
		c.NodeTaintsPolicy = policy()
	}
	if m.chance(0.15) {
		c.MatchLabelKeys = m.labelKeys(c.LabelSelector)
	}
	pod.Spec.TopologySpreadConstraints = append(pod.Spec.TopologySpreadConstraints, c)
}
