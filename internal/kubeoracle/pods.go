package kubeoracle

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1defaults "k8s.io/kubernetes/pkg/apis/core/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

func nameOf(pod *corev1.Pod) types.NamespacedName {
	return types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}
}

// admitted is a copy of the pod as the API server would have stored it: with its defaults, a UID, and the label keys of
// (anti-)affinity terms and spread constraints merged into their selectors.
func admitted(pod *corev1.Pod) *corev1.Pod {
	pod = pod.DeepCopy()
	corev1defaults.SetObjectDefaults_Pod(pod)
	if pod.UID == "" {
		pod.UID = types.UID(pod.Namespace + "/" + pod.Name)
	}
	for i := range pod.Spec.TopologySpreadConstraints {
		c := &pod.Spec.TopologySpreadConstraints[i]
		merge(c.LabelSelector, pod.Labels, c.MatchLabelKeys, metav1.LabelSelectorOpIn)
	}
	affinity := pod.Spec.Affinity
	if affinity == nil {
		return pod
	}
	term := func(t *corev1.PodAffinityTerm) {
		merge(t.LabelSelector, pod.Labels, t.MatchLabelKeys, metav1.LabelSelectorOpIn)
		merge(t.LabelSelector, pod.Labels, t.MismatchLabelKeys, metav1.LabelSelectorOpNotIn)
	}
	if a := affinity.PodAffinity; a != nil {
		for i := range a.RequiredDuringSchedulingIgnoredDuringExecution {
			term(&a.RequiredDuringSchedulingIgnoredDuringExecution[i])
		}
	}
	if a := affinity.PodAntiAffinity; a != nil {
		for i := range a.RequiredDuringSchedulingIgnoredDuringExecution {
			term(&a.RequiredDuringSchedulingIgnoredDuringExecution[i])
		}
	}
	return pod
}

// merge adds a requirement per key that the labels have. Merging twice changes nothing.
func merge(selector *metav1.LabelSelector, labels map[string]string, keys []string, op metav1.LabelSelectorOperator) {
	if selector == nil {
		return
	}
	for _, key := range keys {
		if value, ok := labels[key]; ok {
			selector.MatchExpressions = append(selector.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: op, Values: []string{value}})
		}
	}
}

// on is a copy of the pod that is bound to the node.
func on(pod *corev1.Pod, node string) *corev1.Pod {
	shallow := *pod
	shallow.Spec.NodeName = node
	return &shallow
}

func finished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// pending reports whether the pod is one to be planned.
func pending(s *scheduling.Snapshot, pod *corev1.Pod) bool {
	if pod.Spec.NodeName != "" || pod.DeletionTimestamp != nil || len(pod.Spec.SchedulingGates) > 0 || finished(pod) {
		return false
	}
	if slices.ContainsFunc(pod.OwnerReferences, func(o metav1.OwnerReference) bool { return o.Kind == "DaemonSet" || o.Kind == "Node" }) {
		return false
	}
	names := s.Profile.SchedulerNames
	if len(names) == 0 {
		names = []string{corev1.DefaultSchedulerName}
	}
	return slices.Contains(names, pod.Spec.SchedulerName) || pod.Spec.SchedulerName == "" && slices.Contains(names, corev1.DefaultSchedulerName)
}
