package kubeoracle

import (
	"context"
	"math/rand/v2"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// orders is how many orders are tried before it is said that there is none.
const orders = 24

// leftover is a pod that could not be bound, and why.
type leftover struct {
	pod *corev1.Pod
	why refusal
}

// step is one pod bound, with what is needed to undo it.
type step struct {
	pod   *corev1.Pod
	state fwk.CycleState
}

// sequence looks for an order in which the placed pods can be bound, and leaves on the board those of the best order
// found, the first of equals. It returns the pods that are left over; none means that there is an order.
//
// Each attempt binds whatever pod passes, again and again. Resources, ports and anti-affinity only get tighter, and
// affinity only gets easier, so for these any such order will do. Topology spread may need a certain order, and so may
// claims that choose among volumes: the first attempt takes pods with constraints before others, the second does so
// strictly, so that whoever had to wait comes as soon as it can, and later ones are shuffled.
func (st *state) sequence(ctx context.Context) []leftover {
	order := slices.Clone(st.placed)
	slices.SortStableFunc(order, func(a, b *corev1.Pod) int { return st.rank(a) - st.rank(b) })
	first := slices.Clone(order)
	steps, left := st.bind(ctx, order, false)
	best, fewest, strictly, isBest := order, len(left), false, true
	for attempt := uint64(1); ordered(left) && attempt < orders; attempt++ {
		order = slices.Clone(first)
		if attempt > 1 {
			random := rand.New(rand.NewPCG(attempt, 0))
			random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		st.undo(ctx, steps)
		steps, left = st.bind(ctx, order, true)
		if isBest = len(left) < fewest; isBest {
			best, fewest, strictly = order, len(left), true
		}
	}
	if !isBest {
		st.undo(ctx, steps)
		_, left = st.bind(ctx, best, strictly)
	}
	return left
}

// ordered reports whether another order might do better: whether a plugin refuses that looks at pods elsewhere.
func ordered(left []leftover) bool {
	return slices.ContainsFunc(left, func(l leftover) bool {
		return l.why.plugin == spreadPlugin || l.why.plugin == affinityPlugin || l.why.plugin == "VolumeBinding"
	})
}

// rank sorts pods with hard spread constraints first, and those that want others near before the rest: a series with
// affinity to itself must begin before others of its kind come elsewhere.
func (st *state) rank(pod *corev1.Pod) int {
	constraints := pod.Spec.TopologySpreadConstraints
	if len(constraints) == 0 && st.spreadByDefault(pod) {
		constraints = st.s.Profile.DefaultConstraints
	}
	for _, c := range constraints {
		if c.WhenUnsatisfiable != corev1.ScheduleAnyway {
			return 0
		}
	}
	if a := pod.Spec.Affinity; a != nil && a.PodAffinity != nil && len(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0 {
		return 1
	}
	return 2
}

// spreadByDefault reports whether a Service selects the pod, or the profile knows its controller.
func (st *state) spreadByDefault(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOfNoCopy(pod)
	return slices.ContainsFunc(st.s.Profile.Selectors, func(s scheduling.PodSelector) bool {
		switch {
		case s.Namespace != pod.Namespace || s.Selector == nil:
			return false
		case s.Kind == "Service":
			return len(s.Selector.MatchLabels) > 0 && labels.SelectorFromSet(s.Selector.MatchLabels).Matches(labels.Set(pod.Labels))
		}
		return owner != nil && owner.Kind == s.Kind && owner.Name == s.Name
	})
}

// bind binds pods in the order as far as it goes. With restart the search for the next pod begins at the first each time.
func (st *state) bind(ctx context.Context, order []*corev1.Pod, restart bool) ([]step, []leftover) {
	var done []step
	waiting := slices.Clone(order)
	for {
		var left []leftover
		bound := len(done)
		for i, pod := range waiting {
			c, r := st.try(ctx, unbound(pod), pod.Spec.NodeName)
			if r.none() {
				r = refused(st.RunReservePluginsReserve(ctx, c.state, c.pod, pod.Spec.NodeName))
			}
			if !r.none() {
				left = append(left, leftover{pod, r})
				continue
			}
			st.board.place(pod)
			done = append(done, step{pod, c.state})
			if restart {
				for _, next := range waiting[i+1:] {
					left = append(left, leftover{pod: next})
				}
				break
			}
		}
		if len(left) == 0 || len(done) == bound {
			return done, left
		}
		waiting = nil
		for _, l := range left {
			waiting = append(waiting, l.pod)
		}
	}
}

// undo unbinds, last first.
func (st *state) undo(ctx context.Context, steps []step) {
	for _, s := range slices.Backward(steps) {
		st.board.take(s.pod)
		st.RunReservePluginsUnreserve(ctx, s.state, s.pod, s.pod.Spec.NodeName)
	}
}
