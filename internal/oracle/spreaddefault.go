package oracle

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// The topology spread that the scheduler's settings ask of pods that state none.

// defaultSpreads are the constraints of the scheduler's profile for the pod. They spread the pods that the Services of
// the pod and the controller that owns it select; a pod of which neither exists is not spread.
func (w *world) defaultSpreads(pod *corev1.Pod) []corev1.TopologySpreadConstraint {
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	for _, service := range w.s.Profile.Selectors {
		if service.Kind != "Service" || service.Namespace != pod.Namespace || service.Selector == nil || service.Selector.MatchLabels == nil {
			continue // a Service without a selector selects nothing
		}
		if labels.SelectorFromSet(service.Selector.MatchLabels).Matches(labels.Set(pod.Labels)) {
			maps.Copy(selector.MatchLabels, service.Selector.MatchLabels)
		}
	}
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil && slices.Contains([]string{
		"v1 ReplicationController", "apps/v1 ReplicaSet", "apps/v1 StatefulSet",
	}, owner.APIVersion+" "+owner.Kind) {
		for _, c := range w.s.Profile.Selectors {
			if c.Kind == owner.Kind && c.Namespace == pod.Namespace && c.Name == owner.Name && c.Selector != nil {
				for _, key := range slices.Sorted(maps.Keys(c.Selector.MatchLabels)) {
					selector.MatchExpressions = append(selector.MatchExpressions, metav1.LabelSelectorRequirement{
						Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{c.Selector.MatchLabels[key]},
					})
				}
				selector.MatchExpressions = append(selector.MatchExpressions, c.Selector.MatchExpressions...)
			}
		}
	}
	if len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
		return nil
	}
	var out []corev1.TopologySpreadConstraint
	for _, c := range w.s.Profile.DefaultConstraints {
		c.LabelSelector, c.MatchLabelKeys = selector, nil
		out = append(out, c)
	}
	return out
}
