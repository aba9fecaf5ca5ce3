package scheduling

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podresources "k8s.io/component-helpers/resource"
)

// wanted reports whether a waiting pod is the planner's concern: one that the cluster's scheduler would bind if there
// were room. The others are skipped and appear nowhere in the plan: nobody binds them (finished, being deleted, gated, of
// a scheduler that nobody plans for), or their place is given (of a DaemonSet, or static and named by its Node). Whether
// the scheduler has tried the pod yet does not matter: what has room on a node that exists is assigned there first.
func wanted(pod *corev1.Pod, profile SchedulerProfile) bool {
	switch {
	case terminal(pod), pod.DeletionTimestamp != nil, len(pod.Spec.SchedulingGates) > 0:
		return false
	case ownedBy(pod, "DaemonSet"), ownedBy(pod, "Node"):
		return false
	}
	return profile.answersFor(pod.Spec.SchedulerName)
}

// answersFor reports whether pods of that scheduler name are planned. A pod without one is of the default scheduler.
func (p SchedulerProfile) answersFor(name string) bool {
	name = cmp.Or(name, corev1.DefaultSchedulerName)
	if len(p.SchedulerNames) == 0 {
		return name == corev1.DefaultSchedulerName
	}
	return slices.Contains(p.SchedulerNames, name)
}

// terminal reports whether the pod has run to its end: it holds nothing any more.
func terminal(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

func ownedBy(pod *corev1.Pod, kind string) bool {
	return slices.ContainsFunc(pod.OwnerReferences, func(r metav1.OwnerReference) bool { return r.Kind == kind })
}

// requests is what the pod asks of a node, by the scheduler's own arithmetic: sidecars, init containers, overhead,
// pod-level resources, a resize under way, and the one pod slot that every pod takes.
func requests(pod *corev1.Pod) corev1.ResourceList {
	list := podresources.PodRequests(pod, podresources.PodResourcesOptions{
		UseStatusResources: true,
		InPlacePodLevelResourcesVerticalScalingEnabled: true,
	})
	list[corev1.ResourcePods] = *onePod()
	return list
}
