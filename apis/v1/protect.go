package v1

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// DoNotDisrupt reports whether the pod asks not to be disrupted at that instant, and until when: the zero time if no end is in
// sight. The value of [DoNotDisruptAnnotationKey] is "true" or a positive Go duration, which counts from the start of the pod;
// a pod that has not started yet is protected. Anything else is no wish.
func DoNotDisrupt(pod *corev1.Pod, now time.Time) (until time.Time, ok bool) {
	value, found := pod.Annotations[DoNotDisruptAnnotationKey]
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
