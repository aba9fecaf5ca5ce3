package gen

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

const (
	// version is a label of pods that tells releases of one app apart.
	version = "version"
	// nowhere is a label that no node has.
	nowhere = "example.com/nowhere"
)

// topology reports whether pods may look at each other over more than hosts.
func (f Features) topology() bool { return f.Spread || f.PodAffinity || f.WideAntiAffinity }

// odds is a chance that is greater in the worlds that are about such constraints.
func (m *maker) odds(p float64) bool {
	if m.dense {
		p *= 3
	}
	return m.chance(p)
}

// arrange gives a group of pods constraints on where its pods stand relative to others.
func (m *maker) arrange(pod *corev1.Pod, t target) {
	if m.f.Spread && m.odds(0.13) {
		m.spread(pod, t)
	}
	if m.f.PodAffinity && m.odds(0.08) {
		m.podAffinity(pod, t)
	}
	if m.f.WideAntiAffinity && m.odds(0.06) {
		m.wideAntiAffinity(pod, t)
	}
}

// topologyKey picks a label by whose values nodes are told apart: mostly one that nodes bought at the target have.
func (m *maker) topologyKey(t target) string {
	switch n := m.IntN(20); {
	case n < 9:
		return corev1.LabelTopologyZone
	case n < 12:
		return corev1.LabelHostname
	case n < 14:
		return v1.CapacityTypeLabelKey
	case n < 15:
		return corev1.LabelArchStable
	case n < 19:
		var own []string
		for _, key := range []string{team, tier, shard, slot, mark, image, family, generation, reservation} {
			if _, ok := t.labels[key]; ok {
				own = append(own, key)
			}
		}
		if len(own) > 0 {
			return pick(m, own...)
		}
		return corev1.LabelTopologyZone
	}
	return pick(m, corev1.LabelInstanceTypeStable, v1.NodePoolLabelKey, corev1.LabelOSStable, corev1.LabelTopologyRegion, nowhere)
}

// wideKey is a topologyKey other than the hostname.
func (m *maker) wideKey(t target) string {
	if key := m.topologyKey(t); key != corev1.LabelHostname {
		return key
	}
	return corev1.LabelTopologyZone
}

// anyApp is the value of the label app of some pods, probably.
func (m *maker) anyApp() string { return app(m.IntN(6)) }

// selector selects pods: mostly those of the app, sometimes more or others, rarely all or none.
func (m *maker) selector(app string) *metav1.LabelSelector {
	match := func(key, value string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
	}
	express := func(key string, op metav1.LabelSelectorOperator, values ...string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: op, Values: values}}}
	}
	switch n := m.IntN(100); {
	case n < 58:
		return match("app", app)
	case n < 62:
		s := match("app", app)
		s.MatchLabels["kind"] = pick(m, "web", "job")
		return s
	case n < 76:
		return match("kind", pick(m, "web", "job"))
	case n < 83:
		return express("app", metav1.LabelSelectorOpIn, app, m.anyApp())
	case n < 87:
		return express("app", metav1.LabelSelectorOpNotIn, m.anyApp())
	case n < 90:
		return express(version, pick(m, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist))
	case n < 95:
		return match("app", m.anyApp())
	case n < 98:
		return &metav1.LabelSelector{}
	}
	return nil
}

// labelKeys are keys for matchLabelKeys and its opposite: labels that the selector does not mention, and rarely one that
// no pod has. A nil selector may have none.
func (m *maker) labelKeys(selector *metav1.LabelSelector) []string {
	if selector == nil {
		return nil
	}
	key := pick(m, version, version, "kind", "app", "absent")
	_, used := selector.MatchLabels[key]
	if used || slices.ContainsFunc(selector.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool { return r.Key == key }) {
		return nil
	}
	return []string{key}
}

// term is a term of affinity or anti-affinity that selects pods of the pod's own namespace, mostly.
func (m *maker) term(key string, selector *metav1.LabelSelector) corev1.PodAffinityTerm {
	term := corev1.PodAffinityTerm{TopologyKey: key, LabelSelector: selector}
	switch m.IntN(16) {
	case 0:
		term.Namespaces = []string{pick(m, "default", "team-a")}
	case 1:
		term.Namespaces = []string{"default", "team-a"}
	case 2:
		term.NamespaceSelector = &metav1.LabelSelector{}
	case 3:
		term.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"tenant": "default"}}
	case 4:
		term.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "team-a"}}
		term.Namespaces = []string{"default"}
	case 5:
		term.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"tenant": "nobody"}}
	}
	switch m.IntN(14) {
	case 0:
		term.MatchLabelKeys = m.labelKeys(selector)
	case 1:
		term.MismatchLabelKeys = m.labelKeys(selector)
	}
	return term
}
