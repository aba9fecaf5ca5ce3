package scenario

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// podGroups lists the members of each PodGroup: the waiting pods of its namespace that its selector matches.
func (w *world) podGroups(snapshot *scheduling.Snapshot) {
	if len(w.groups) == 0 {
		return
	}
	waiting := map[string][]*corev1.Pod{}
	for _, pod := range snapshot.Pods {
		waiting[pod.Namespace] = append(waiting[pod.Namespace], pod)
	}
	groupOf := map[types.NamespacedName]origin{}
	for _, g := range w.groups {
		selector, ok := w.groupSelector(g)
		if !ok {
			continue
		}
		group := scheduling.Group{
			Name: g.namespaced().String(), MinCount: g.object.Spec.MinCount, TopologyKey: g.object.Spec.TopologyKey,
			Pods: []types.NamespacedName{},
		}
		for _, pod := range waiting[g.namespace] {
			if !selector.Matches(labels.Set(pod.Labels)) {
				continue
			}
			name := types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}
			if first, taken := groupOf[name]; taken {
				w.problems.add(g.errorf("spec.selector", "selects pod %s, and so does %s", name, first))
				break
			}
			groupOf[name] = g.origin
			group.Pods = append(group.Pods, name)
		}
		snapshot.Groups = append(snapshot.Groups, group)
	}
}

// groupSelector checks what the group states and parses its selector. It reports whether all is well.
func (w *world) groupSelector(g found[*v1alpha1.PodGroup]) (labels.Selector, bool) {
	spec, sound := &g.object.Spec, true
	if spec.Selector == nil {
		w.problems.add(g.errorf("spec.selector", "must be given; an empty one selects all pods of the namespace"))
		sound = false
	}
	if spec.MinCount < 0 {
		w.problems.add(g.errorf("spec.minCount", "must not be negative, is %d", spec.MinCount))
		sound = false
	}
	if spec.TopologyKey != "" {
		errs := metav1validation.ValidateLabelName(spec.TopologyKey, field.NewPath("spec", "topologyKey"))
		w.problems.addFields(g.origin, errs)
		sound = sound && len(errs) == 0
	}
	selector, ok := w.parseSelector(g.origin, spec.Selector)
	return selector, sound && ok
}

// parseSelector reads the selector in the spec of a document. It reports whether it is well formed; what is not goes to
// w.problems.
func (w *world) parseSelector(o origin, s *metav1.LabelSelector) (labels.Selector, bool) {
	errs := metav1validation.ValidateLabelSelector(s, metav1validation.LabelSelectorValidationOptions{}, field.NewPath("spec", "selector"))
	if len(errs) > 0 {
		w.problems.addFields(o, errs)
		return nil, false
	}
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		w.problems.add(o.errorf("spec.selector", "%v", err))
		return nil, false
	}
	return selector, true
}
