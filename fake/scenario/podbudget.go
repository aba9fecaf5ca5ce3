package scenario

import (
	"regexp"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// readPodBudget reads a PodDisruptionBudget, and notes whether it has a status.
func readPodBudget(r *reader, o origin, d content) {
	into(metav1.NamespaceDefault, func(w *world, o origin, b *policyv1.PodDisruptionBudget) {
		stated := b.Status.ObservedGeneration > 0 || len(b.Status.Conditions) > 0
		if d.value != nil {
			status := d.value.field("status")
			stated = status != nil && len(status.keys) > 0
		}
		w.budgets = append(w.budgets, podBudget{found[*policyv1.PodDisruptionBudget]{o, b}, stated})
	})(r, o, d)
}

// podBudgets validates the PodDisruptionBudgets and gives those without a status the one that the disruption controller
// would, judged by the pods of the documents.
func (w *world) podBudgets(s *Scenario) {
	s.DisruptionBudgets = make([]*policyv1.PodDisruptionBudget, 0, len(w.budgets))
	var pods map[string][]*corev1.Pod
	var scale map[types.UID]int
	for _, b := range w.budgets {
		selector, ok := w.checkPodBudget(b.found)
		s.DisruptionBudgets = append(s.DisruptionBudgets, b.object)
		if !ok || b.stated || s.Decide != disrupt {
			continue
		}
		if pods == nil {
			pods, scale = podsByNamespace(&s.Snapshot), w.scales()
		}
		completePodBudget(b.object, selector, pods[b.namespace], scale)
	}
}

var percentage = regexp.MustCompile(`^[0-9]+%$`)

// checkPodBudget reports what the API server would refuse.
func (w *world) checkPodBudget(b found[*policyv1.PodDisruptionBudget]) (labels.Selector, bool) {
	spec := &b.object.Spec
	bound := func(path string, v *intstr.IntOrString) {
		switch {
		case v == nil:
		case v.Type == intstr.Int && v.IntVal < 0:
			w.problems.add(b.errorf(path, "must not be negative, is %d", v.IntVal))
		case v.Type == intstr.String && !percentage.MatchString(v.StrVal):
			w.problems.add(b.errorf(path, "must be a number or a percentage such as 10%%, is %q", v.StrVal))
		}
	}
	bound("spec.minAvailable", spec.MinAvailable)
	bound("spec.maxUnavailable", spec.MaxUnavailable)
	if spec.MinAvailable != nil && spec.MaxUnavailable != nil {
		w.problems.add(b.errorf("spec.maxUnavailable", "excludes minAvailable: give one of the two"))
	}
	if p := spec.UnhealthyPodEvictionPolicy; p != nil && *p != policyv1.IfHealthyBudget && *p != policyv1.AlwaysAllow {
		w.problems.add(b.errorf("spec.unhealthyPodEvictionPolicy", "must be %s or %s, is %q", policyv1.IfHealthyBudget, policyv1.AlwaysAllow, *p))
	}
	return w.parseSelector(b.origin, spec.Selector)
}

// scales are how many pods the controllers of the documents ask for.
func (w *world) scales() map[types.UID]int {
	out := map[types.UID]int{}
	for i := range w.workloads {
		if load := &w.workloads[i]; load.pod == nil && load.kind != "Job" {
			out[load.uid] = load.count
		}
	}
	return out
}

// completePodBudget fills in the status as the disruption controller of Kubernetes does: healthy are the pods that are
// ready and not being deleted; expected is the scale of the controllers that own matching pods, or where no document tells
// it, and for a minAvailable that is a number, how many pods match.
func completePodBudget(b *policyv1.PodDisruptionBudget, selector labels.Selector, pods []*corev1.Pod, scale map[types.UID]int) {
	var healthy, matching, scaled int
	counted := map[types.UID]bool{}
	for _, pod := range pods {
		if finished(pod) || !selector.Matches(labels.Set(pod.Labels)) {
			continue
		}
		if pod.DeletionTimestamp == nil {
			matching++
			if podReady(pod) {
				healthy++
			}
		}
		owner := metav1.GetControllerOfNoCopy(pod)
		var known bool
		if owner != nil {
			_, known = scale[owner.UID]
		}
		switch {
		case !known && pod.DeletionTimestamp == nil:
			scaled++
		case known && !counted[owner.UID]:
			counted[owner.UID] = true
			scaled += scale[owner.UID]
		}
	}
	expected, desired := scaled, 0
	switch most, least := b.Spec.MaxUnavailable, b.Spec.MinAvailable; {
	case most != nil:
		desired = max(0, scaled-share(most, scaled))
	case least != nil:
		desired = share(least, scaled)
		if least.Type == intstr.Int {
			expected = matching
		}
	default:
		expected = 0
	}
	allowed := max(0, healthy-desired)
	if expected == 0 {
		allowed = 0
	}
	b.Status = policyv1.PodDisruptionBudgetStatus{
		ObservedGeneration: b.Generation,
		CurrentHealthy:     int32(healthy), DesiredHealthy: int32(desired), ExpectedPods: int32(expected), DisruptionsAllowed: int32(allowed),
	}
}

// podsByNamespace are all pods, waiting and bound.
func podsByNamespace(s *scheduling.Snapshot) map[string][]*corev1.Pod {
	out := map[string][]*corev1.Pod{}
	add := func(pods []*corev1.Pod) {
		for _, pod := range pods {
			out[pod.Namespace] = append(out[pod.Namespace], pod)
		}
	}
	add(s.Pods)
	for i := range s.Nodes {
		add(s.Nodes[i].Pods)
	}
	return out
}

// share is the number, or the percentage of n, rounded up.
func share(v *intstr.IntOrString, n int) int {
	out, err := intstr.GetScaledValueFromIntOrPercent(v, n, true)
	if err != nil {
		return 0 // was reported
	}
	return out
}

func finished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

func podReady(pod *corev1.Pod) bool {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
