package scheduling

import (
	corev1 "k8s.io/api/core/v1"
	schedulinghelpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
)

// hard reports whether a taint keeps pods away rather than merely off.
func hard(t *corev1.Taint) bool {
	return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
}

// untolerated is the first taint that keeps a pod with those tolerations away, by the scheduler's own rule.
func untolerated(taints []corev1.Taint, tolerations []corev1.Toleration) (corev1.Taint, bool) {
	return schedulinghelpers.FindMatchingUntoleratedTaint(klog.Logger{}, taints, tolerations, hard, false)
}

// prefersNot reports whether a taint keeps pods off, if it can be helped.
func prefersNot(t *corev1.Taint) bool { return t.Effect == corev1.TaintEffectPreferNoSchedule }

// shunned reports whether some taint keeps a pod with those tolerations off, if it can be helped.
func shunned(taints []corev1.Taint, tolerations []corev1.Toleration) bool {
	_, found := schedulinghelpers.FindMatchingUntoleratedTaint(klog.Logger{}, taints, tolerations, prefersNot, false)
	return found
}

// nodeTaints are the taints that the scheduler sees on an existing node: those of its spec, and the one that
// spec.unschedulable stands for.
func nodeTaints(node *corev1.Node) []corev1.Taint {
	if !node.Spec.Unschedulable {
		return node.Spec.Taints
	}
	cordon := corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}
	return append([]corev1.Taint{cordon}, node.Spec.Taints...)
}

// daemonTolerations are what a DaemonSet's pods tolerate: their own list and what the DaemonSet controller adds to it.
func daemonTolerations(pod *corev1.Pod) []corev1.Toleration {
	added := []corev1.Toleration{
		{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
		{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
		{Key: corev1.TaintNodeDiskPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
		{Key: corev1.TaintNodeMemoryPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
		{Key: corev1.TaintNodePIDPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
		{Key: corev1.TaintNodeUnschedulable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
	}
	if pod.Spec.HostNetwork {
		added = append(added, corev1.Toleration{
			Key: corev1.TaintNodeNetworkUnavailable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule,
		})
	}
	return append(added, pod.Spec.Tolerations...)
}
