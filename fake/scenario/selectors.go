package scenario

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// selectors lists those of Services, ReplicationControllers, ReplicaSets and StatefulSets. A Deployment that stands for its pods has them by way
// of a ReplicaSet, which is listed too, with the hash in its selector as the Deployment controller would have put it
// there. A controller without a selector has that of its template's labels.
func (w *world) selectors(snapshot *scheduling.Snapshot) {
	list := func(kind, namespace, name string, selector *metav1.LabelSelector) {
		snapshot.Profile.Selectors = append(snapshot.Profile.Selectors, scheduling.PodSelector{
			Kind: kind, Namespace: namespace, Name: name, Selector: selector,
		})
	}
	for _, s := range w.services {
		var selector *metav1.LabelSelector
		if len(s.object.Spec.Selector) > 0 {
			selector = &metav1.LabelSelector{MatchLabels: s.object.Spec.Selector}
		}
		w.parseSelector(s.origin, selector)
		list("Service", s.namespace, s.name, selector)
	}
	dumped := w.dumpedOwners()
	for i := range w.workloads {
		load := &w.workloads[i]
		if load.template == nil || load.kind == "Job" {
			continue
		}
		selector := load.selector
		if selector == nil && len(load.template.Labels) > 0 {
			selector = &metav1.LabelSelector{MatchLabels: load.template.Labels}
		}
		w.parseSelector(load.origin, selector)
		if load.kind != "Deployment" {
			list(load.kind, load.namespace, load.name, selector)
			continue
		}
		name, hash := load.replicaSet()
		_, declared := w.seen[objectKey{"ReplicaSet", load.namespace, name}]
		if !dumped[load.uid] && !declared {
			list("ReplicaSet", load.namespace, name, withHash(selector, hash))
		}
	}
}

// withHash is the selector that selects the pods of one template only.
func withHash(s *metav1.LabelSelector, hash string) *metav1.LabelSelector {
	out := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	if s != nil {
		maps.Copy(out.MatchLabels, s.MatchLabels)
		out.MatchExpressions = s.MatchExpressions
	}
	out.MatchLabels[appsv1.DefaultDeploymentUniqueLabelKey] = hash
	return out
}
