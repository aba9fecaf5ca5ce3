package scheduling

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// kindService is the kind of a [PodSelector] that is a Service's.
const kindService = "Service"

// defaultSpread knows the topology spread constraints of pods that state none: those of the scheduler's configuration,
// with the selector that follows from the Services that match the pod and from its controller. Not safe for concurrent
// use: it remembers what it has worked out, and pods of one controller share their constraints.
type defaultSpread struct {
	constraints []corev1.TopologySpreadConstraint
	services    map[string][]*metav1.LabelSelector // by namespace
	serviceKeys map[string][]string                // by namespace: label keys that some Service looks at, sorted
	controllers map[controllerKey]*metav1.LabelSelector
	known       map[string][]corev1.TopologySpreadConstraint
}

// controllerKey names a controller; its kind with the API version.
type controllerKey struct {
	kind string
	name types.NamespacedName
}

// controllerVersion is the API version under which the scheduler looks up a controller of that kind; empty for kinds that
// it does not ask.
func controllerVersion(kind string) string {
	switch kind {
	case "ReplicationController":
		return "v1"
	case "ReplicaSet", "StatefulSet":
		return "apps/v1"
	}
	return ""
}

func newDefaultSpread(profile SchedulerProfile) *defaultSpread {
	d := &defaultSpread{
		constraints: slices.SortedFunc(slices.Values(profile.DefaultConstraints), compareConstraints),
		services:    map[string][]*metav1.LabelSelector{}, serviceKeys: map[string][]string{},
		controllers: map[controllerKey]*metav1.LabelSelector{}, known: map[string][]corev1.TopologySpreadConstraint{},
	}
	if len(d.constraints) == 0 {
		return d
	}
	for _, s := range profile.Selectors {
		switch {
		case s.Selector == nil: // selects nothing
		case s.Kind == kindService:
			d.services[s.Namespace] = append(d.services[s.Namespace], s.Selector)
			d.serviceKeys[s.Namespace] = slices.AppendSeq(d.serviceKeys[s.Namespace], maps.Keys(s.Selector.MatchLabels))
		default:
			name := types.NamespacedName{Namespace: s.Namespace, Name: s.Name}
			d.controllers[controllerKey{controllerVersion(s.Kind) + "/" + s.Kind, name}] = s.Selector
		}
	}
	for namespace, keys := range d.serviceKeys {
		slices.Sort(keys)
		d.serviceKeys[namespace] = slices.Compact(keys)
	}
	return d
}

// compareConstraints orders default constraints, of which no two have one key and one way to be unsatisfiable.
func compareConstraints(a, b corev1.TopologySpreadConstraint) int {
	return cmp.Or(strings.Compare(a.TopologyKey, b.TopologyKey), cmp.Compare(a.WhenUnsatisfiable, b.WhenUnsatisfiable))
}

// of is the topology spread constraints that hold for the pod: its own or, when it states none, the default ones. A pod
// that neither a Service nor a controller selects has none. The result must not be modified.
func (d *defaultSpread) of(pod *corev1.Pod) []corev1.TopologySpreadConstraint {
	if len(pod.Spec.TopologySpreadConstraints) > 0 || len(d.constraints) == 0 {
		return pod.Spec.TopologySpreadConstraints
	}
	owner := controllerOf(pod)
	key := d.key(pod, owner)
	if out, done := d.known[key]; done {
		return out
	}
	var out []corev1.TopologySpreadConstraint
	if selector := d.selector(pod, owner); len(selector.MatchLabels)+len(selector.MatchExpressions) > 0 {
		out = slices.Clone(d.constraints)
		for i := range out {
			out[i].LabelSelector = selector
		}
	}
	d.known[key] = out
	return out
}

// key is equal for pods that have the same constraints.
func (d *defaultSpread) key(pod *corev1.Pod, owner controllerKey) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %q %q", pod.Namespace, owner.kind, owner.name.Name)
	for _, label := range d.serviceKeys[pod.Namespace] {
		if value, has := pod.Labels[label]; has {
			fmt.Fprintf(&b, " %q", value)
		} else {
			b.WriteString(" -")
		}
	}
	return b.String()
}

// controllerOf is the pod's controller; zero if it has none.
func controllerOf(pod *corev1.Pod) controllerKey {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return controllerKey{}
	}
	return controllerKey{owner.APIVersion + "/" + owner.Kind, types.NamespacedName{Namespace: pod.Namespace, Name: owner.Name}}
}

// selector joins the selectors of the Services that match the pod and that of its controller. The controller's holds
// even if it contradicts: then nothing is selected.
func (d *defaultSpread) selector(pod *corev1.Pod, owner controllerKey) *metav1.LabelSelector {
	out := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	for _, s := range d.services[pod.Namespace] {
		if labels.SelectorFromSet(s.MatchLabels).Matches(labels.Set(pod.Labels)) {
			maps.Copy(out.MatchLabels, s.MatchLabels)
		}
	}
	s, known := d.controllers[owner]
	if !known {
		return out
	}
	for _, key := range sortedKeys(s.MatchLabels) {
		value := s.MatchLabels[key]
		other, taken := out.MatchLabels[key]
		if taken && other != value && !strings.HasSuffix(owner.kind, "/ReplicationController") {
			out.MatchExpressions = append(out.MatchExpressions, metav1.LabelSelectorRequirement{
				Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{value},
			})
			continue
		}
		out.MatchLabels[key] = value
	}
	out.MatchExpressions = append(out.MatchExpressions, s.MatchExpressions...)
	return out
}
