package gen

import (
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

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

// lessStorage are the ways to leave out what volumes need, groups, and settings of the scheduler.
func lessStorage(s scheduling.Snapshot) []func(*scheduling.Snapshot) bool {
	var out []func(*scheduling.Snapshot) bool
	out = append(out, without(len(s.Groups), func(s *scheduling.Snapshot) *[]scheduling.Group { return &s.Groups })...)
	for i := range s.Groups {
		group := func(f func(*scheduling.Group) bool) {
			out = append(out, func(s *scheduling.Snapshot) bool { return i < len(s.Groups) && f(&s.Groups[i]) })
		}
		group(func(g *scheduling.Group) bool { return zero(&g.TopologyKey) })
		group(func(g *scheduling.Group) bool { return zero(&g.MinCount) })
		for j := len(s.Groups[i].Pods) - 1; j >= 0; j-- {
			group(func(g *scheduling.Group) bool { return cut(&g.Pods, j, 1) })
		}
	}
	out = append(out, without(len(s.Storage.Claims), func(s *scheduling.Snapshot) *[]*corev1.PersistentVolumeClaim { return &s.Storage.Claims })...)
	out = append(out, without(len(s.Storage.Volumes), func(s *scheduling.Snapshot) *[]*corev1.PersistentVolume { return &s.Storage.Volumes })...)
	out = append(out, without(len(s.Storage.Classes), func(s *scheduling.Snapshot) *[]*storagev1.StorageClass { return &s.Storage.Classes })...)
	out = append(out, without(len(s.Storage.CSINodes), func(s *scheduling.Snapshot) *[]*storagev1.CSINode { return &s.Storage.CSINodes })...)
	out = append(out, without(len(s.Storage.CSIDrivers), func(s *scheduling.Snapshot) *[]*storagev1.CSIDriver { return &s.Storage.CSIDrivers })...)
	out = append(out, without(len(s.Storage.Attachments), func(s *scheduling.Snapshot) *[]*storagev1.VolumeAttachment { return &s.Storage.Attachments })...)
	out = append(out, without(len(s.Profile.DefaultConstraints), func(s *scheduling.Snapshot) *[]corev1.TopologySpreadConstraint { return &s.Profile.DefaultConstraints })...)
	out = append(out, without(len(s.Profile.Selectors), func(s *scheduling.Snapshot) *[]scheduling.PodSelector { return &s.Profile.Selectors })...)
	return out
}

// without are the ways to leave out one of the n members of a list.
func without[T any](n int, list func(*scheduling.Snapshot) *[]T) []func(*scheduling.Snapshot) bool {
	var out []func(*scheduling.Snapshot) bool
	for i := n - 1; i >= 0; i-- {
		out = append(out, func(s *scheduling.Snapshot) bool { return cut(list(s), i, 1) })
	}
	return out
}

func zero[T comparable](value *T) bool {
	var none T
	had := *value != none
	*value = none
	return had
}
