package scheduling

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// Drained is the snapshot as it will be once the nodes that are being deleted have been drained: their pods that will be
// made anew are waiting pods. Whoever wants the room for them to be there in time solves it instead of the snapshot itself,
// in which such nodes take nothing new and their pods stay. The nodes remain, with the pods that stay on them to the
// end, and count towards their pools' limits until they are gone. s is not modified.
//
// A pod is made anew if it has a controller that is no DaemonSet and no Node, and has not run to its end. Of pods that are
// being deleted already only those of a StatefulSet are, under the same name: the others have their successors among
// the waiting pods by now. Pods with the annotation karpenter.sh/do-not-disrupt stay as long as it says, counted from
// their start; so the drain waits for them. Disruption budgets are not looked at.
func (s Snapshot) Drained() Snapshot {
	s.Pods, s.Nodes = slices.Clone(s.Pods), slices.Clone(s.Nodes)
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if !n.leaving() {
			continue
		}
		var stay []*corev1.Pod
		for _, pod := range n.Pods {
			if madeAnew(pod, s.Now) {
				s.Pods = append(s.Pods, successor(pod))
			} else {
				stay = append(stay, pod)
			}
		}
		n.Pods = stay
	}
	return s
}

// leaving reports whether the node is being deleted.
func (n Node) leaving() bool {
	return n.Node != nil && n.Node.DeletionTimestamp != nil || n.Claim != nil && n.Claim.DeletionTimestamp != nil
}

// madeAnew reports whether a pod like this one will wait for a node once the pod is evicted.
func madeAnew(pod *corev1.Pod, now time.Time) bool {
	_, kept := v1.DoNotDisrupt(pod, now)
	return comesBack(pod) && (pod.DeletionTimestamp != nil || !kept)
}

// comesBack reports whether a pod like this one will wait for a node once the pod is gone, however it goes.
func comesBack(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOfNoCopy(pod)
	switch {
	case owner == nil, owner.Kind == "DaemonSet", owner.Kind == "Node", terminal(pod):
		return false
	}
	return pod.DeletionTimestamp == nil || owner.Kind == "StatefulSet"
}

// successor is the pod as its controller will make it anew.
func successor(pod *corev1.Pod) *corev1.Pod {
	out := *pod
	out.DeletionTimestamp, out.DeletionGracePeriodSeconds = nil, nil
	out.Spec.NodeName = ""
	out.Status = corev1.PodStatus{Phase: corev1.PodPending}
	return &out
}
