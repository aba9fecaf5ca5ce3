package oracle

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Groups: pods that are placed together or not at all.

// groupOf is the pod's group; nil if it is in none.
func (w *world) groupOf(pod *corev1.Pod) *scheduling.Group {
	for i := range w.s.Groups {
		if slices.Contains(w.s.Groups[i].Pods, name(pod)) {
			return &w.s.Groups[i]
		}
	}
	return nil
}

// quorum is how many of the group's pods must be placed, if any is. Pods that do not wait count for nothing.
func (w *world) quorum(g *scheduling.Group) int {
	if g.MinCount > 0 {
		return g.MinCount
	}
	waiting := 0
	for _, pod := range w.pending {
		if slices.Contains(g.Pods, name(pod)) {
			waiting++
		}
	}
	return waiting
}

// groupNodes are the nodes of the group's placed pods, one for each.
func (w *world) groupNodes(g *scheduling.Group) []*corev1.Node {
	var out []*corev1.Node
	for _, h := range w.hosts {
		for _, pod := range h.placed {
			if slices.Contains(g.Pods, name(pod)) {
				out = append(out, h.node)
			}
		}
	}
	return out
}

// checkGroups counts the placed pods of each group and looks at where they are.
func (c *checker) checkGroups() {
	for i := range c.s.Groups {
		g := &c.s.Groups[i]
		nodes := c.groupNodes(g)
		if len(nodes) > 0 && len(nodes) < c.quorum(g) {
			c.add(Group, "group "+g.Name, "%d pods are placed, must be none or %d", len(nodes), c.quorum(g))
		}
		if g.TopologyKey == "" {
			continue
		}
		for _, n := range nodes {
			value, ok := n.Labels[g.TopologyKey]
			if !ok || value != nodes[0].Labels[g.TopologyKey] {
				c.add(Group, "group "+g.Name, "is on %s with %s = %q (present: %t), and on %s with %q", n.Name, g.TopologyKey, value, ok, nodes[0].Name, nodes[0].Labels[g.TopologyKey])
			}
		}
	}
}

// groupReasons says whether the host is where the pod's group is not: the group's key is affinity among its members.
func (w *world) groupReasons(pod *corev1.Pod, h *host) []reason {
	g := w.groupOf(pod)
	if g == nil || g.TopologyKey == "" {
		return nil
	}
	value, ok := h.node.Labels[g.TopologyKey]
	for _, n := range w.groupNodes(g) {
		ok = ok && n.Labels[g.TopologyKey] == value
	}
	if !ok {
		return []reason{{scheduling.PodAffinity, g.TopologyKey}}
	}
	return nil
}

// isGroupIncomplete reports whether the pod was left out because others of its group were.
func isGroupIncomplete(u scheduling.Unplaced) bool {
	return slices.ContainsFunc(u.Rejections, func(r scheduling.Rejection) bool { return r.Code == scheduling.GroupIncomplete })
}

// waitsForOthers reports whether the pod is left out for the sake of its group: placing it would leave the group
// incomplete.
func (w *world) waitsForOthers(u scheduling.Unplaced, pod *corev1.Pod) bool {
	g := w.groupOf(pod)
	return g != nil && isGroupIncomplete(u) && len(w.groupNodes(g))+1 < w.quorum(g)
}

// checkIncomplete asks whether too few pods of the group are placed indeed.
func (c *checker) checkIncomplete(u scheduling.Unplaced) {
	pod := c.pending[u.Pod]
	if pod == nil {
		return // reported with the pods
	}
	g := c.groupOf(pod)
	if g == nil {
		c.add(Answer, podObject(u.Pod), "GroupIncomplete, but the pod is in no group")
	} else if n := len(c.groupNodes(g)); n >= c.quorum(g) {
		c.add(Answer, podObject(u.Pod), "GroupIncomplete, but %d pods of group %s are placed, and %d are enough", n, g.Name, c.quorum(g))
	}
}
