package oracle

import (
	"maps"
	"math/rand/v2"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// The way to the final state: an order in which the placed pods can be bound, one after the other.

// orders is how many orders are tried before it is said that there is none.
const orders = 24

// binding is a placed pod and where it goes, as a position among the hosts.
type binding struct {
	pod *corev1.Pod
	at  int
}

// leftover is a pod that could not be bound to its host, and what the last attempt held against it.
type leftover struct {
	pod     *corev1.Pod
	host    *host
	reasons []reason
}

// checkSequence reports the pods that no order binds although the final state accepts them.
func (c *checker) checkSequence(left []leftover) {
	for _, l := range left {
		if len(c.turnedAway(l.pod, l.host)) == 0 {
			c.add(Sequence, podObject(name(l.pod)), "cannot be bound to %s in any order that was tried: %v", l.host.node.Name, l.reasons)
		}
	}
}

// sequence looks for an order in which the placed pods can be bound and returns those that are left over; none means that
// there is an order. It answers only where order matters: resources, ports and anti-affinity only get tighter, so what
// passes in the end passes at its turn. What the order found promises to claims is noted.
//
// An attempt binds whatever pod passes, again and again, until none does. The first takes pods that are spread before
// others, the second does so strictly, so that who had to wait comes as soon as it can; where that fails others follow, in
// an order that is shuffled.
func (w *world) sequence() []leftover {
	var placed []binding
	needed := false
	for at, h := range w.hosts {
		for _, pod := range h.placed {
			placed = append(placed, binding{pod, at})
			needed = needed || len(affinityTerms(pod)) > 0 || len(w.spreadsOf(pod)) > 0 || len(w.waitingClaims(pod)) > 0
		}
	}
	if !needed {
		return nil
	}
	slices.SortFunc(placed, func(a, b binding) int { return byName(a.pod, b.pod) })
	slices.SortStableFunc(placed, func(a, b binding) int { return w.turn(a.pod) - w.turn(b.pod) })
	best, promised := w.bind(placed, false)
	for attempt := uint64(1); attempt < orders && orderMatters(best); attempt++ {
		order := slices.Clone(placed)
		if attempt > 1 {
			random := rand.New(rand.NewPCG(attempt, 0))
			random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		if left, given := w.bind(order, true); len(left) < len(best) {
			best, promised = left, given
		}
	}
	w.promised = promised
	return best
}

// turn says who comes first: pods that are spread, then those that want companions, then all others.
func (w *world) turn(pod *corev1.Pod) int {
	switch {
	case len(w.spreadsOf(pod)) > 0:
		return 0
	case len(affinityTerms(pod)) > 0:
		return 1
	}
	return 2
}

// orderMatters reports whether one of the pods might have passed at another turn: whether nothing but other pods' places
// and volumes is held against it.
func orderMatters(left []leftover) bool {
	return slices.ContainsFunc(left, func(l leftover) bool {
		return len(l.reasons) > 0 && !slices.ContainsFunc(l.reasons, func(r reason) bool {
			return !slices.Contains([]Rule{Spread, PodAffinity, AntiAffinity, Volumes}, ruleOf(r))
		})
	})
}

// bind binds pods in the order as far as it goes, and returns those that are left over and what was promised to claims. With restart the search for the next pod begins at the first each time,
// otherwise it goes on behind the last one.
func (w *world) bind(order []binding, restart bool) ([]leftover, *promises) {
	with := *w
	with.hosts, with.promised = nil, newPromises()
	for _, h := range w.hosts {
		empty := *h
		empty.placed = nil
		with.hosts = append(with.hosts, &empty)
	}
	waiting := slices.Clone(order)
	for {
		var left []leftover
		var next []binding
		for i, b := range waiting {
			h := with.hosts[b.at]
			if reasons := with.turnedAway(b.pod, h); len(reasons) > 0 {
				left, next = append(left, leftover{b.pod, w.hosts[b.at], reasons}), append(next, b)
				continue
			}
			h.placed = append(h.placed, b.pod)
			promised, _ := with.settle(b.pod, h)
			maps.Copy(with.promised.node, promised.node)
			maps.Copy(with.promised.volume, promised.volume)
			if restart {
				next = append(next, waiting[i+1:]...)
				break
			}
		}
		if len(next) == len(waiting) || len(next) == 0 {
			return left, with.promised
		}
		waiting = next
	}
}
