package kubeoracle

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// configured is the scheduler's default profile with the snapshot's settings.
func configured(p *scheduling.SchedulerProfile) (version string, profile *config.KubeSchedulerProfile, err error) {
	c, err := latest.Default()
	if err != nil {
		return "", nil, fmt.Errorf("default configuration: %w", err)
	}
	profile = &c.Profiles[0]
	if len(p.DefaultConstraints) == 0 {
		return c.APIVersion, profile, nil
	}
	for i := range profile.PluginConfig {
		if args, ok := profile.PluginConfig[i].Args.(*config.PodTopologySpreadArgs); ok {
			args.DefaultConstraints, args.DefaultingType = p.DefaultConstraints, config.ListDefaulting
		}
	}
	return c.APIVersion, profile, nil
}

// selecting are the Services and controllers of the profile.
func selecting(p *scheduling.SchedulerProfile) ([]runtime.Object, error) {
	var out []runtime.Object
	for _, s := range p.Selectors {
		meta := metav1.ObjectMeta{Namespace: s.Namespace, Name: s.Name}
		var labels map[string]string
		if s.Selector != nil {
			labels = s.Selector.MatchLabels
		}
		switch s.Kind {
		case "Service":
			out = append(out, &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{Selector: labels}})
		case "ReplicationController":
			out = append(out, &corev1.ReplicationController{ObjectMeta: meta, Spec: corev1.ReplicationControllerSpec{Selector: labels}})
		case "ReplicaSet":
			out = append(out, &appsv1.ReplicaSet{ObjectMeta: meta, Spec: appsv1.ReplicaSetSpec{Selector: s.Selector}})
		case "StatefulSet":
			out = append(out, &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Selector: s.Selector}})
		default:
			return nil, fmt.Errorf("selector of %s %s/%s: the scheduler knows no such kind", s.Kind, s.Namespace, s.Name)
		}
	}
	return out, nil
}
