package gen

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// makeGroups asks for some sets of pods to be placed together. kinds are the pods by the group that they were made in.
func (m *maker) makeGroups(kinds [][]types.NamespacedName) {
	m.s.Groups = []scheduling.Group{}
	for i := 0; i < len(kinds); i++ {
		if !m.odds(0.06) {
			continue
		}
		g := scheduling.Group{Name: fmt.Sprintf("group-%d", i), Pods: append([]types.NamespacedName{}, kinds[i]...)}
		if i+1 < len(kinds) && m.chance(0.25) { // pods of two kinds
			i++
			g.Pods = append(g.Pods, kinds[i]...)
		}
		switch n := len(g.Pods); m.IntN(6) {
		case 0, 1:
		case 2:
			g.MinCount = n
		case 3:
			g.MinCount = 1
		default:
			g.MinCount = m.between(1, n)
		}
		if m.chance(0.06) { // one more than there is
			g.Pods = append(g.Pods, types.NamespacedName{Namespace: "default", Name: fmt.Sprintf("nobody-%d", i)})
		}
		if len(m.targets) > 0 && m.chance(0.4) {
			g.TopologyKey = m.topologyKey(pick(m, m.targets...))
		}
		m.s.Groups = append(m.s.Groups, g)
	}
}

// spreadByDefault gives the scheduler constraints for pods that state none, and the Services that say which pods belong
// together.
func (m *maker) spreadByDefault() {
	m.s.Profile.Selectors = []scheduling.PodSelector{}
	keys := []string{corev1.LabelTopologyZone, corev1.LabelHostname}
	for _, key := range keys[:m.between(1, 2)] {
		c := corev1.TopologySpreadConstraint{MaxSkew: int32(m.between(1, 3)), TopologyKey: key, WhenUnsatisfiable: corev1.DoNotSchedule}
		if m.chance(0.2) {
			c.WhenUnsatisfiable = corev1.ScheduleAnyway
		}
		m.s.Profile.DefaultConstraints = append(m.s.Profile.DefaultConstraints, c)
	}
	for i := range m.IntN(5) {
		s := scheduling.PodSelector{Kind: "Service", Namespace: pick(m, "default", "default", "team-a"), Name: fmt.Sprintf("service-%d", i)}
		s.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": app(i)}}
		if m.chance(0.2) {
			s.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"kind": pick(m, "web", "job")}}
		}
		m.s.Profile.Selectors = append(m.s.Profile.Selectors, s)
	}
}

// own makes the pods of a kind those of a controller that the scheduler knows.
func (m *maker) own(pod *corev1.Pod) {
	kind := pick(m, "ReplicaSet", "StatefulSet", "ReplicationController")
	controller, version := true, "apps/v1"
	s := scheduling.PodSelector{Kind: kind, Namespace: pod.Namespace, Name: pod.Name}
	s.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": pod.Labels["app"]}}
	if kind == "ReplicationController" {
		version = "v1"
	} else if m.chance(0.3) {
		s.Selector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "kind", Operator: metav1.LabelSelectorOpExists}}
	}
	m.s.Profile.Selectors = append(m.s.Profile.Selectors, s)
	pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: version, Kind: kind, Name: pod.Name, UID: types.UID("owner/" + pod.Name), Controller: &controller}}
}
