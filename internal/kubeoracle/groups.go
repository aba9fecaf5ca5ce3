package kubeoracle

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// group is a set of pods that are placed together, and what the plan makes of it.
type group struct {
	source *scheduling.Group
	need   int                    // how many of the members that wait must be placed, if any is
	placed []types.NamespacedName // in the order of the plan
	value  string                 // of the topology key on the node of the first that is placed
}

// readGroups finds out what becomes of the groups, and adds a finding for each that is torn apart. Assignments have been
// read.
func (st *state) readGroups() {
	nodeOf := map[types.NamespacedName]string{}
	for _, pod := range st.placed {
		nodeOf[nameOf(pod)] = pod.Spec.NodeName
	}
	for i := range st.s.Groups {
		g := &group{source: &st.s.Groups[i]}
		members := 0
		for _, name := range g.source.Pods {
			if _, waits := st.pods[name]; !waits {
				continue
			}
			members++
			st.groups[name] = g
			if nodeOf[name] != "" {
				g.placed = append(g.placed, name)
			}
		}
		if g.need = g.source.MinCount; g.need == 0 {
			g.need = members
		}
		if n := len(g.placed); n > 0 && n < g.need {
			st.add(Finding{
				Check: Together, Pod: g.placed[0], Node: nodeOf[g.placed[0]], Plugin: "Group",
				Message: fmt.Sprintf("%d members of group %s are placed, at least %d must be or none", n, g.source.Name, g.need),
			})
		}
		st.holdTogether(g, nodeOf)
	}
}

// holdTogether looks for members on nodes that differ in the group's topology key, or lack it.
func (st *state) holdTogether(g *group, nodeOf map[types.NamespacedName]string) {
	key := g.source.TopologyKey
	if key == "" {
		return
	}
	for i, name := range g.placed {
		value, has := st.board.byName[nodeOf[name]].Node().Labels[key]
		if i == 0 {
			g.value = value
		}
		if !has || value != g.value {
			st.add(Finding{
				Check: Together, Pod: name, Node: nodeOf[name], Plugin: "GroupTopology",
				Message: fmt.Sprintf("group %s has its first member where %s is %q, and this one where it is %q", g.source.Name, key, g.value, value),
			})
		}
	}
}

// admits reports whether one more member may stand on a node with those labels. A nil group admits all.
func (g *group) admits(labels map[string]string) bool {
	if g == nil || g.source.TopologyKey == "" {
		return true
	}
	value, has := labels[g.source.TopologyKey]
	return has && (len(g.placed) == 0 || value == g.value)
}

// waitsForOthers reports whether the pod is rightly left out for the sake of other members: placing it alone would leave
// its group incomplete.
func (st *state) waitsForOthers(u *scheduling.Unplaced) bool {
	g := st.groups[u.Pod]
	incomplete := slices.ContainsFunc(u.Rejections, func(r scheduling.Rejection) bool { return r.Code == scheduling.GroupIncomplete })
	return g != nil && incomplete && len(g.placed)+1 < g.need
}
