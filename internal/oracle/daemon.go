package oracle

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Which DaemonSets have a pod on a node.

// ownedBy reports whether the pod is a DaemonSet's.
func ownedBy(pod, daemon *corev1.Pod) bool {
	for _, owner := range pod.OwnerReferences {
		if owner.Kind == "DaemonSet" && owner.Name == daemon.Name && pod.Namespace == daemon.Namespace {
			return true
		}
	}
	return false
}

// daemonsOn are the DaemonSets that the DaemonSet controller runs on the node.
func (w *world) daemonsOn(node *corev1.Node) []*corev1.Pod {
	var out []*corev1.Pod
	for _, daemon := range w.daemons {
		if _, bad := untolerated(node, daemonTolerations(daemon)); !bad && matches(daemon, node) {
			out = append(out, daemon)
		}
	}
	return out
}

// daemonTolerations are those of the DaemonSet's template and those that the controller adds.
func daemonTolerations(daemon *corev1.Pod) []corev1.Toleration {
	tolerations := slices.Clone(daemon.Spec.Tolerations)
	exists := func(key string, effect corev1.TaintEffect) {
		tolerations = append(tolerations, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: effect})
	}
	exists("node.kubernetes.io/not-ready", corev1.TaintEffectNoExecute)
	exists("node.kubernetes.io/unreachable", corev1.TaintEffectNoExecute)
	exists("node.kubernetes.io/disk-pressure", corev1.TaintEffectNoSchedule)
	exists("node.kubernetes.io/memory-pressure", corev1.TaintEffectNoSchedule)
	exists("node.kubernetes.io/pid-pressure", corev1.TaintEffectNoSchedule)
	exists("node.kubernetes.io/unschedulable", corev1.TaintEffectNoSchedule)
	if daemon.Spec.HostNetwork {
		exists("node.kubernetes.io/network-unavailable", corev1.TaintEffectNoSchedule)
	}
	return tolerations
}

// oweDaemons adds to the existing nodes the pods of DaemonSets that apply and have none there. They are taken by name, and
// for each the nodes by name; one that finds no place beside what is there and what was owed before it is ignored.
func (w *world) oweDaemons() {
	for _, daemon := range w.daemons {
		for _, h := range w.existing {
			present := slices.ContainsFunc(h.bound, func(pod *corev1.Pod) bool { return ownedBy(pod, daemon) })
			if present || !slices.Contains(w.daemonsOn(h.node), daemon) {
				continue
			}
			if len(w.crowdedOut(controllersPod(daemon, h.node), h)) == 0 {
				h.daemons = append(h.daemons, daemon)
			}
		}
	}
}

// controllersPod is the pod that the controller makes for the node: bound to it by its affinity.
func controllersPod(daemon *corev1.Pod, node *corev1.Node) *corev1.Pod {
	pod := daemon.DeepCopy()
	pod.Spec.Tolerations = daemonTolerations(daemon)
	if pod.Spec.Affinity == nil {
		pod.Spec.Affinity = &corev1.Affinity{}
	}
	here := corev1.NodeSelectorRequirement{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{node.Name}}
	pod.Spec.Affinity.NodeAffinity = &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{here}}},
	}}
	return pod
}
