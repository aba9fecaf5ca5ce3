package gen

import (
	"maps"
	"slices"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Shrink leaves out of a world what it can, one thing after the other, as long as fails says that the world fails still.
// It gives back the smallest world found; the input is not modified.
func Shrink(s scheduling.Snapshot, fails func(scheduling.Snapshot) bool) scheduling.Snapshot {
	s = Clone(s)
	for again := true; again; {
		again = false
		// The ways to make pods simpler are listed when the others have been tried: few pods are left by then.
		for _, ways := range []func(scheduling.Snapshot) []func(*scheduling.Snapshot) bool{reductions, simplify} {
			for _, smaller := range ways(s) {
				candidate := Clone(s)
				if smaller(&candidate) && fails(candidate) {
					s, again = candidate, true
				}
			}
		}
	}
	return s
}

// reductions are the ways to make the world smaller. Each reports whether it changed anything; positions that an
// earlier reduction has removed are skipped.
func reductions(s scheduling.Snapshot) []func(*scheduling.Snapshot) bool {
	var out []func(*scheduling.Snapshot) bool
	for chunk := len(s.Pods) / 2; chunk >= 1; chunk /= 2 {
		for i := len(s.Pods) - chunk; i >= 0; i -= chunk {
			out = append(out, func(s *scheduling.Snapshot) bool { return cut(&s.Pods, i, chunk) })
		}
	}
	for i := len(s.Nodes) - 1; i >= 0; i-- {
		out = append(out, func(s *scheduling.Snapshot) bool { return cut(&s.Nodes, i, 1) })
		for j := len(s.Nodes[i].Pods) - 1; j >= 0; j-- {
			out = append(out, func(s *scheduling.Snapshot) bool { return i < len(s.Nodes) && cut(&s.Nodes[i].Pods, j, 1) })
		}
	}
	for i := len(s.DaemonPods) - 1; i >= 0; i-- {
		out = append(out, func(s *scheduling.Snapshot) bool { return cut(&s.DaemonPods, i, 1) })
	}
	for i := len(s.NodePools) - 1; i >= 0; i-- {
		out = append(out, func(s *scheduling.Snapshot) bool { return cut(&s.NodePools, i, 1) })
		for j := len(s.NodePools[i].Spec.Template.Spec.Requirements) - 1; j >= 0; j-- {
			out = append(out, func(s *scheduling.Snapshot) bool {
				return i < len(s.NodePools) && cut(&s.NodePools[i].Spec.Template.Spec.Requirements, j, 1)
			})
		}
		out = append(out, func(s *scheduling.Snapshot) bool {
			if i >= len(s.NodePools) || s.NodePools[i].Spec.Limits == nil {
				return false
			}
			s.NodePools[i].Spec.Limits = nil
			return true
		}, func(s *scheduling.Snapshot) bool {
			if i >= len(s.NodePools) || len(s.NodePools[i].Spec.Template.Spec.Taints) == 0 {
				return false
			}
			s.NodePools[i].Spec.Template.Spec.Taints = nil
			return true
		})
	}
	out = append(out, lessStorage(s)...)
	for _, pool := range slices.Sorted(maps.Keys(s.InstanceTypes)) {
		for i := len(s.InstanceTypes[pool]) - 1; i >= 0; i-- {
			for j := len(s.InstanceTypes[pool][i].Offerings) - 1; j >= 0; j-- {
				out = append(out, func(s *scheduling.Snapshot) bool {
					types := s.InstanceTypes[pool]
					return i < len(types) && len(types[i].Offerings) > 1 && cut(&types[i].Offerings, j, 1)
				})
			}
			out = append(out, func(s *scheduling.Snapshot) bool {
				types := s.InstanceTypes[pool]
				changed := cut(&types, i, 1)
				s.InstanceTypes[pool] = types
				return changed
			})
		}
	}
	return out
}

func cut[T any](list *[]T, at, n int) bool {
	if at < 0 || at+n > len(*list) {
		return false
	}
	*list = slices.Delete(slices.Clone(*list), at, at+n)
	return true
}
