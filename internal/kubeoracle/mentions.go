package kubeoracle

import (
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// mentioned are the values of node labels that somebody tells from others, by key. A key without values is one at which
// nobody looks.
type mentioned map[string][]string

// note says that somebody looks at the label, and tells those values from others. Integers come with their neighbours.
func (m mentioned) note(key string, values ...string) {
	m[key] = append(m[key], "other")
	for _, value := range values {
		m[key] = append(m[key], value)
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 {
			m[key] = append(m[key], strconv.FormatInt(n-1, 10), strconv.FormatInt(n+1, 10))
		}
	}
}

// mentions are what pods, volumes, groups and the scheduler's settings look at. Of a key by which nodes are told apart,
// all values are noted that some node has.
func (st *state) mentions() mentioned {
	out := mentioned{}
	for _, pod := range slices.Concat(st.s.Pods, st.s.DaemonPods) {
		for key, value := range pod.Spec.NodeSelector {
			out.note(key, value)
		}
		if a := pod.Spec.Affinity; a != nil && a.NodeAffinity != nil {
			out.selector(a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		}
	}
	for _, volume := range st.s.Storage.Volumes {
		if volume.Spec.NodeAffinity != nil {
			out.selector(volume.Spec.NodeAffinity.Required)
		}
	}
	for _, class := range st.s.Storage.Classes {
		for _, term := range class.AllowedTopologies {
			for _, e := range term.MatchLabelExpressions {
				out.note(e.Key, e.Values...)
			}
		}
	}
	for _, key := range st.keys {
		out.note(key)
		for i := range st.s.Nodes {
			if n := &st.s.Nodes[i]; n.Node != nil {
				out.value(key, n.Node.Labels)
			}
			if n := &st.s.Nodes[i]; n.Claim != nil {
				out.value(key, n.Claim.Labels)
			}
		}
		for i := range st.plan.Launches {
			if node := st.plan.Launches[i].Node; node != nil {
				out.value(key, node.Labels)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(out)) {
		for _, source := range st.s.NodePools {
			for _, r := range source.Spec.Template.Spec.Requirements {
				if st.s.Vocabulary.Canonical(r.Key) == key {
					out.note(key, r.Values...)
				}
			}
		}
		slices.Sort(out[key])
		out[key] = slices.Compact(out[key])
	}
	return out
}

func (m mentioned) selector(s *corev1.NodeSelector) {
	if s == nil {
		return
	}
	for _, term := range s.NodeSelectorTerms {
		for _, e := range term.MatchExpressions {
			m.note(e.Key, e.Values...)
		}
	}
}

// value notes the value that the labels have for the key, if any.
func (m mentioned) value(key string, labels map[string]string) {
	if value, ok := labels[key]; ok {
		m[key] = append(m[key], value)
	}
}

// topologyKeys are the labels by which pods, groups and the scheduler's settings tell nodes apart. Pods that are bound
// count: their anti-affinity keeps others away.
func (st *state) topologyKeys() []string {
	keys := map[string]bool{}
	constraints := func(list []corev1.TopologySpreadConstraint) {
		for i := range list {
			if list[i].WhenUnsatisfiable != corev1.ScheduleAnyway {
				keys[list[i].TopologyKey] = true
			}
		}
	}
	pods := slices.Concat(st.s.Pods, st.s.DaemonPods)
	for i := range st.s.Nodes {
		pods = append(pods, st.s.Nodes[i].Pods...)
	}
	for _, pod := range pods {
		constraints(pod.Spec.TopologySpreadConstraints)
		if pod.Spec.Affinity == nil {
			continue
		}
		if a := pod.Spec.Affinity.PodAffinity; a != nil {
			for _, term := range a.RequiredDuringSchedulingIgnoredDuringExecution {
				keys[term.TopologyKey] = true
			}
		}
		if a := pod.Spec.Affinity.PodAntiAffinity; a != nil {
			for _, term := range a.RequiredDuringSchedulingIgnoredDuringExecution {
				keys[term.TopologyKey] = true
			}
		}
	}
	constraints(st.s.Profile.DefaultConstraints)
	for i := range st.s.Groups {
		keys[st.s.Groups[i].TopologyKey] = true
	}
	delete(keys, "")
	delete(keys, corev1.LabelHostname)
	return slices.Sorted(maps.Keys(keys))
}
