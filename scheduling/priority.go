package scheduling

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	schedulinghelpers "k8s.io/component-helpers/scheduling/corev1"
)

// Priorities matter only when there is not enough for all: then pods of higher priority come first, whatever they cost.
// While all pods find a place, priorities change nothing, and pods are packed together as cheaply as can be.

// priority is the pod's spec.priority, 0 if it has none.
func priority(pod *corev1.Pod) int32 { return schedulinghelpers.PodPriority(pod) }

// priorities are the different priorities of the classes, highest first.
func (p *Problem) priorities() []int32 {
	var out []int32
	for c := range p.classes {
		out = append(out, p.classes[c].priority)
	}
	slices.SortFunc(out, func(a, b int32) int { return cmp.Compare(b, a) })
	return slices.Compact(out)
}

// leftOver counts the pods without a home by priority, highest first.
func (s *solver) leftOver() []int64 {
	out := make([]int64, len(s.levels))
	for c, n := range s.remaining {
		if n += s.waiting[c]; n > 0 {
			level, _ := slices.BinarySearchFunc(s.levels, s.p.classes[c].priority, func(a, b int32) int { return cmp.Compare(b, a) })
			out[level] += n
		}
	}
	return out
}

// homeless is how many pods of each priority, the highest first, are left out of the finished attempt, those of groups that
// are left out included.
func (s *solver) homeless() []int64 {
	out := make([]int64, len(s.levels))
	for c, placed := range s.placed() {
		if cl := &s.p.classes[c]; int(cl.root) == c && cl.unsupported == "" {
			level, _ := slices.BinarySearchFunc(s.levels, cl.priority, func(a, b int32) int { return cmp.Compare(b, a) })
			out[level] += int64(cl.planned()) - placed
		}
	}
	return out
}

// byPriority places pods level by level: each gets what the higher ones have left, the room on their nodes included.
func (s *solver) byPriority(place func() error) error {
	all := slices.Clone(s.remaining)
	clear(s.remaining)
	for _, level := range s.levels {
		for c := range all {
			if s.p.classes[c].priority == level {
				s.remaining[c] = all[c]
			}
		}
		s.appraise(s.p.buyable(s.opts))
		s.topUp()
		if err := place(); err != nil {
			return err
		}
		for c := range all { // those still without a home wait until all levels are through
			if s.p.classes[c].priority == level {
				all[c], s.remaining[c] = s.remaining[c], 0
			}
		}
	}
	copy(s.remaining, all)
	s.sortClasses()
	return nil
}
