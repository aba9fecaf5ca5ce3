package disruption

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// protected reports whether the node itself asks not to be disrupted voluntarily. Only "true" does: nodes have no start to
// count from. What the Node says counts once it has registered, and what its claim says until then.
func (c *candidate) protected() bool {
	if c.node != nil && (c.claim == nil || c.node.Labels[v1.RegisteredLabelKey] == "true") {
		return c.node.Annotations[v1.DoNotDisruptAnnotationKey] == "true"
	}
	return c.claim != nil && c.claim.Annotations[v1.DoNotDisruptAnnotationKey] == "true"
}

// protector is the pod on the node that keeps it from being disrupted the longest, the first by name among equals, and until
// when; nil if there is none. Pods of DaemonSets and static pods count as well. Pods that have ended, or are being
// deleted, do not.
func (c *candidate) protector(now time.Time) (first *corev1.Pod, until time.Time) {
	for _, pod := range c.pods {
		if !active(pod) {
			continue
		}
		end, ok := v1.DoNotDisrupt(pod, now)
		switch {
		case !ok:
		case first == nil, !until.IsZero() && (end.IsZero() || end.After(until)):
			first, until = pod, end
		}
	}
	return first, until
}
