package oracle

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// nominated is the node that the plan says the scheduler keeps room on for the pod.
func nominated(u scheduling.Unplaced) (string, bool) {
	for _, r := range u.Rejections {
		if r.Code == scheduling.Nominated {
			return r.Key, true
		}
	}
	return "", false
}

// keepPromises counts pods that the plan leaves to their nomination as bound. checkNomination says whether it may.
func (w *world) keepPromises() {
	if w.plan == nil {
		return
	}
	for _, u := range w.plan.Unplaced {
		name, ok := nominated(u)
		pod := w.pending[u.Pod]
		if h := w.host(scheduling.Assignment{Node: name}); ok && h != nil && pod != nil {
			h.bound = append(h.bound, pod)
		}
	}
}

// checkNomination asks whether the pod is nominated to the node indeed, and whether there will be room for it.
func (c *checker) checkNomination(u scheduling.Unplaced, node string) {
	pod, h := c.pending[u.Pod], c.host(scheduling.Assignment{Node: node})
	if pod == nil {
		return // reported with the pods
	}
	if pod.Status.NominatedNodeName != node || h == nil {
		c.add(Answer, podObject(u.Pod), "is nominated to %q, not to %s, or there is no such node", pod.Status.NominatedNodeName, node)
		return
	}
	stays := *h
	stays.placed = nil
	stays.daemons = nil
	stays.bound = slices.DeleteFunc(slices.Clone(h.bound), func(p *corev1.Pod) bool { return p == pod || p.DeletionTimestamp != nil })
	for _, r := range c.turnedAway(pod, &stays) {
		if slices.Contains([]scheduling.Code{scheduling.InsufficientResource, scheduling.UntoleratedTaint, scheduling.RequirementConflict, "Leaving"}, r.code) {
			c.add(Answer, podObject(u.Pod), "cannot come to %s, which it is nominated to: %s %s", node, r.code, r.key)
		}
	}
}
