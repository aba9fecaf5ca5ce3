package v1

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const (
	// DisruptedTaintKey is the key of [DisruptedTaint].
	DisruptedTaintKey = Group + "/disrupted"
	// UnregisteredTaintKey is the key of [UnregisteredTaint].
	UnregisteredTaintKey = Group + "/unregistered"
	// ReadinessTaintPrefix begins the keys of taints that readiness gates put on nodes which are not ready yet.
	ReadinessTaintPrefix = "readiness.k8s.io/"
)

// DisruptedTaint is put on a node that is about to go, so that no pod is scheduled there any more.
func DisruptedTaint() corev1.Taint {
	return corev1.Taint{Key: DisruptedTaintKey, Effect: corev1.TaintEffectNoSchedule}
}

// UnregisteredTaint is put on a node by its bootstrap and removed when the node has been matched with its claim.
func UnregisteredTaint() corev1.Taint {
	return corev1.Taint{Key: UnregisteredTaintKey, Effect: corev1.TaintEffectNoExecute}
}

// KnownEphemeralTaints are the taints of a starting node that go away on their own. Taints whose key begins with
// [ReadinessTaintPrefix] are ephemeral too; [IsKnownEphemeralTaint] knows both.
func KnownEphemeralTaints() []corev1.Taint {
	return []corev1.Taint{
		{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoSchedule},
		{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoExecute},
		{Key: corev1.TaintNodeUnreachable, Effect: corev1.TaintEffectNoSchedule},
		{Key: "node.cloudprovider.kubernetes.io/uninitialized", Value: "true", Effect: corev1.TaintEffectNoSchedule},
		UnregisteredTaint(),
	}
}

// IsKnownEphemeralTaint reports whether a starting node loses the taint on its own, so that a plan may ignore it. Key
// and effect decide; the value does not matter.
func IsKnownEphemeralTaint(taint corev1.Taint) bool {
	if strings.HasPrefix(taint.Key, ReadinessTaintPrefix) {
		return true
	}
	for _, known := range KnownEphemeralTaints() {
		if known.MatchTaint(&taint) {
			return true
		}
	}
	return false
}
