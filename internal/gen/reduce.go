package gen

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// A simplification takes one thing away from a pod and reports whether there was any.
type simplification func(*corev1.PodSpec) bool

// simplifications take away one constraint each, or a single term of it.
func simplifications() []simplification {
	out := []simplification{
		func(s *corev1.PodSpec) bool { return clear(&s.Volumes) },
		func(s *corev1.PodSpec) bool { return clear(&s.InitContainers) },
		func(s *corev1.PodSpec) bool { return len(s.Containers) > 1 && cut(&s.Containers, 1, 1) },
		func(s *corev1.PodSpec) bool { return len(s.Containers) > 0 && clear(&s.Containers[0].Ports) },
		func(s *corev1.PodSpec) bool { return unset(&s.Resources) },
		func(s *corev1.PodSpec) bool { return drop(&s.Overhead) },
		func(s *corev1.PodSpec) bool { return drop(&s.NodeSelector) },
		func(s *corev1.PodSpec) bool { return clear(&s.Tolerations) },
		func(s *corev1.PodSpec) bool { return s.Affinity != nil && unset(&s.Affinity.NodeAffinity) },
		func(s *corev1.PodSpec) bool { return s.Affinity != nil && unset(&s.Affinity.PodAffinity) },
		func(s *corev1.PodSpec) bool { return s.Affinity != nil && unset(&s.Affinity.PodAntiAffinity) },
		func(s *corev1.PodSpec) bool { return unset(&s.Affinity) },
		func(s *corev1.PodSpec) bool { return clear(&s.TopologySpreadConstraints) },
	}
	for i := range 2 {
		out = append(out,
			func(s *corev1.PodSpec) bool { return len(s.Volumes) > 1 && cut(&s.Volumes, i, 1) },
			func(s *corev1.PodSpec) bool {
				return len(s.TopologySpreadConstraints) > 1 && cut(&s.TopologySpreadConstraints, i, 1)
			},
			func(s *corev1.PodSpec) bool {
				if s.Affinity == nil || s.Affinity.PodAffinity == nil {
					return false
				}
				terms := &s.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
				return len(*terms) > 1 && cut(terms, i, 1)
			},
			func(s *corev1.PodSpec) bool {
				if s.Affinity == nil || s.Affinity.PodAntiAffinity == nil {
					return false
				}
				terms := &s.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
				return len(*terms) > 1 && cut(terms, i, 1)
			},
			func(s *corev1.PodSpec) bool {
				return i < len(s.TopologySpreadConstraints) && plain(&s.TopologySpreadConstraints[i])
			},
		)
	}
	return out
}

// plain takes from a spread constraint what it need not have.
func plain(c *corev1.TopologySpreadConstraint) bool {
	had := c.MinDomains != nil || c.NodeAffinityPolicy != nil || c.NodeTaintsPolicy != nil || len(c.MatchLabelKeys) > 0
	c.MinDomains, c.NodeAffinityPolicy, c.NodeTaintsPolicy, c.MatchLabelKeys = nil, nil, nil, nil
	return had
}

func clear[T any](list *[]T) bool {
	had := len(*list) > 0
	*list = nil
	return had
}

func drop[M ~map[K]V, K comparable, V any](m *M) bool {
	had := len(*m) > 0
	*m = nil
	return had
}

func unset[T any](p **T) bool {
	had := *p != nil
	*p = nil
	return had
}

// simplify are the ways to make single pods simpler: waiting ones, bound ones and those of DaemonSets.
func simplify(s scheduling.Snapshot) []func(*scheduling.Snapshot) bool {
	var out []func(*scheduling.Snapshot) bool
	each := func(n int, list func(*scheduling.Snapshot) []*corev1.Pod) {
		for i := range n {
			for _, f := range simplifications() {
				out = append(out, func(s *scheduling.Snapshot) bool {
					pods := list(s)
					return i < len(pods) && f(&pods[i].Spec)
				})
			}
		}
	}
	each(len(s.Pods), func(s *scheduling.Snapshot) []*corev1.Pod { return s.Pods })
	each(len(s.DaemonPods), func(s *scheduling.Snapshot) []*corev1.Pod { return s.DaemonPods })
	for n := range s.Nodes {
		each(len(s.Nodes[n].Pods), func(s *scheduling.Snapshot) []*corev1.Pod {
			if n < len(s.Nodes) {
				return s.Nodes[n].Pods
			}
			return nil
		})
	}
	return out
}
