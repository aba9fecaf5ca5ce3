package disruption

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// protected reports whether the pod asks not to be disrupted now, and until when: the zero time if no end is in sight. The
// annotation karpenter.sh/do-not-disrupt is "true" or a positive Go duration, which counts from the start of the pod; a pod
// that has not started yet is protected. Anything else is no wish.
func protected(pod *corev1.Pod, now time.Time) (until time.Time, ok bool) {
	value, found := pod.Annotations[v1.DoNotDisruptAnnotationKey]
	if !found {
		return time.Time{}, false
	}
	if value == "true" {
		return time.Time{}, true
	}
	span, err := time.ParseDuration(value)
	if err != nil || span <= 0 {
		return time.Time{}, false
	}
	start := pod.Status.StartTime
	if start.IsZero() {
		return time.Time{}, true
	}
	until = start.Add(span)
	if !now.Before(until) {
		return time.Time{}, false
	}
	return until, true
}

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
		end, ok := protected(pod, now)
		switch {
		case !ok:
		case first == nil, !until.IsZero() && (end.IsZero() || end.After(until)):
			first, until = pod, end
		}
	}
	return first, until
}
