package scenario

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// selectors writes Services, and controllers without pods.
func (e *exporter) selectors(list []scheduling.PodSelector) {
	for _, s := range list {
		metadata := map[string]any{"namespace": s.Namespace, "name": s.Name}
		write := func(version string, spec map[string]any) {
			e.document(version, s.Kind, map[string]any{"metadata": metadata, "spec": spec})
		}
		switch s.Kind {
		case "Service":
			write("v1", map[string]any{"selector": matchLabels(s.Selector)})
		case "ReplicationController":
			write("v1", map[string]any{"replicas": 0, "selector": matchLabels(s.Selector)})
		default:
			write("apps/v1", map[string]any{"replicas": 0, "selector": s.Selector})
		}
	}
}

// groups writes PodGroups. What all members have in common must select them and nobody else.
func (e *exporter) groups(s *scheduling.Snapshot) {
	waiting := map[types.NamespacedName]*corev1.Pod{}
	for _, pod := range s.Pods {
		waiting[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}] = pod
	}
	for _, g := range s.Groups {
		var members []*corev1.Pod
		for _, name := range g.Pods {
			if pod, ok := waiting[name]; ok {
				members = append(members, pod)
			}
		}
		if len(members) == 0 {
			e.problems = append(e.problems, fmt.Errorf("group %s has no waiting pods", g.Name))
			continue
		}
		common := labels.Set{}
		for key, value := range members[0].Labels {
			if !slices.ContainsFunc(members, func(p *corev1.Pod) bool { v, has := p.Labels[key]; return !has || v != value }) {
				common[key] = value
			}
		}
		selected := 0
		for _, pod := range s.Pods {
			if pod.Namespace == members[0].Namespace && common.AsSelector().Matches(labels.Set(pod.Labels)) {
				selected++
			}
		}
		foreign := slices.ContainsFunc(members, func(p *corev1.Pod) bool { return p.Namespace != members[0].Namespace })
		if foreign || selected != len(members) {
			e.problems = append(e.problems, fmt.Errorf("no selector selects the members of group %s alone", g.Name))
		}
		name := g.Name[strings.LastIndex(g.Name, "/")+1:]
		e.document("kerf.dev/v1alpha1", v1alpha1.KindPodGroup, &v1alpha1.PodGroup{
			ObjectMeta: metav1.ObjectMeta{Namespace: members[0].Namespace, Name: name},
			Spec:       v1alpha1.PodGroupSpec{Selector: &metav1.LabelSelector{MatchLabels: common}, MinCount: g.MinCount, TopologyKey: g.TopologyKey},
		})
	}
}

func matchLabels(s *metav1.LabelSelector) map[string]string {
	if s == nil {
		return nil
	}
	return s.MatchLabels
}
