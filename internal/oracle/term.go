package oracle

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Which pods a term of pod affinity or anti-affinity means, and which pods a selector means.

// termAndPod is a question that is asked again and again, and answered once.
type termAndPod struct {
	term *corev1.PodAffinityTerm
	pod  *corev1.Pod
}

// selects reports whether a term of the owner selects the other pod.
func (w *world) selects(owner *corev1.Pod, term *corev1.PodAffinityTerm, other *corev1.Pod) bool {
	question := termAndPod{term, other}
	answer, known := w.selected[question]
	if !known {
		answer = w.inNamespaces(owner, term, other) && w.hasLabels(owner, term, other)
		w.selected[question] = answer
	}
	return answer
}

// inNamespaces reports whether the term looks at the namespace of the other pod: one that it names or whose labels it
// selects. A term that says nothing of namespaces looks at its owner's.
func (w *world) inNamespaces(owner *corev1.Pod, term *corev1.PodAffinityTerm, other *corev1.Pod) bool {
	if term.NamespaceSelector == nil && len(term.Namespaces) == 0 {
		return owner.Namespace == other.Namespace
	}
	if slices.Contains(term.Namespaces, other.Namespace) {
		return true
	}
	return w.selector(term.NamespaceSelector).Matches(w.namespaceLabels(other.Namespace))
}

// hasLabels reports whether the term's selector selects the other pod's labels, and these agree with the owner's in the
// keys that must match and differ in those that must not. Keys that the owner lacks do not count. A term without a
// selector selects nothing.
func (w *world) hasLabels(owner *corev1.Pod, term *corev1.PodAffinityTerm, other *corev1.Pod) bool {
	if !w.selector(term.LabelSelector).Matches(labels.Set(other.Labels)) {
		return false
	}
	for _, key := range term.MatchLabelKeys {
		if mine, ok := owner.Labels[key]; ok {
			if theirs, has := other.Labels[key]; !has || theirs != mine {
				return false
			}
		}
	}
	for _, key := range term.MismatchLabelKeys {
		if mine, ok := owner.Labels[key]; ok {
			if theirs, has := other.Labels[key]; has && theirs == mine {
				return false
			}
		}
	}
	return true
}

// selector is what a selector of the API means. One that is missing or broken selects nothing, an empty one everything.
func (w *world) selector(s *metav1.LabelSelector) labels.Selector {
	if s == nil {
		return labels.Nothing()
	}
	parsed, known := w.parsed[s]
	if !known {
		var err error
		if parsed, err = metav1.LabelSelectorAsSelector(s); err != nil {
			parsed = labels.Nothing()
		}
		w.parsed[s] = parsed
	}
	return parsed
}

// namespaceLabels are the labels of a namespace; every one has its name as a label.
func (w *world) namespaceLabels(namespace string) labels.Set {
	out := labels.Set{}
	for _, ns := range w.s.Namespaces {
		if ns.Name == namespace {
			for key, value := range ns.Labels {
				out[key] = value
			}
		}
	}
	out[corev1.LabelMetadataName] = namespace
	return out
}
