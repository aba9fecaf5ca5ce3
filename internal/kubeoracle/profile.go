package kubeoracle

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	schedulerconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// setDefaultConstraints makes the list the default constraints of the PodTopologySpread plugin. An empty list leaves the
// profile as it is: its own default constraints are soft, and soft constraints refuse nothing.
func setDefaultConstraints(profile *schedulerconfig.KubeSchedulerProfile, list []corev1.TopologySpreadConstraint) {
	if len(list) == 0 {
		return
	}
	for i := range profile.PluginConfig {
		if profile.PluginConfig[i].Name == spreadPlugin {
			profile.PluginConfig[i].Args = &schedulerconfig.PodTopologySpreadArgs{
				DefaultConstraints: list, DefaultingType: schedulerconfig.ListDefaulting,
			}
		}
	}
}

// selectorObjects are the Services and controllers that the selectors are those of.
func selectorObjects(list []scheduling.PodSelector) []runtime.Object {
	var out []runtime.Object
	for _, s := range list {
		meta := metav1.ObjectMeta{Namespace: s.Namespace, Name: s.Name}
		switch s.Kind {
		case "Service":
			out = append(out, &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{Selector: matchLabels(s.Selector)}})
		case "ReplicationController":
			out = append(out, &corev1.ReplicationController{ObjectMeta: meta, Spec: corev1.ReplicationControllerSpec{Selector: matchLabels(s.Selector)}})
		case "ReplicaSet":
			out = append(out, &appsv1.ReplicaSet{ObjectMeta: meta, Spec: appsv1.ReplicaSetSpec{Selector: s.Selector}})
		case "StatefulSet":
			out = append(out, &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Selector: s.Selector}})
		}
	}
	return out
}

func matchLabels(s *metav1.LabelSelector) map[string]string {
	if s == nil {
		return nil
	}
	return s.MatchLabels
}
