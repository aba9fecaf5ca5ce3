package scheduling

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// Required pod anti-affinity. Every distinct term of any pod (waiting, bound or of a DaemonSet) is one antiTerm; a pod
// owns the terms that it states and is selected by the terms that match its namespace and labels. Two pods exclude each
// other from a host when one owns a term over hostnames that selects the other: the scheduler checks both directions.

// antiTerm is one distinct required anti-affinity term.
type antiTerm struct {
	selector    labels.Selector
	namespaces  map[string]bool
	everywhere  bool            // all namespaces
	byLabels    labels.Selector // namespaces with these labels; nil for none
	topologyKey string
	owner       string    // first pod that states it, for messages
	standing    bool      // some bound or daemon pod states it
	port        *hostPort // set for a term that stands for a port; see hostport.go
}

// antiTerms is the list of distinct terms.
type antiTerms struct {
	list       []antiTerm
	ids        map[print128]int32
	namespaces map[string]labels.Set
	keys       []string // label keys that any term looks at
}

func newAntiTerms(namespaces []*corev1.Namespace) *antiTerms {
	a := &antiTerms{ids: map[print128]int32{}, namespaces: make(map[string]labels.Set, len(namespaces))}
	for _, ns := range namespaces {
		set := labels.Set{corev1.LabelMetadataName: ns.Name}
		for key, value := range ns.Labels {
			set[key] = value
		}
		a.namespaces[ns.Name] = set
	}
	return a
}

// finish sorts the keys once all terms are in.
func (a *antiTerms) finish() {
	slices.Sort(a.keys)
	a.keys = slices.Compact(a.keys)
}

// podTies is how one pod relates to the terms: those it owns and those that select it.
type podTies struct{ owns, selectedBy bitset.Set }

// company is why two pods with conflicting ties may not share a host.
func (a *antiTerms) company(t, o podTies) Rejection {
	for i := range a.list {
		if t.owns.Has(i) && o.selectedBy.Has(i) || o.owns.Has(i) && t.selectedBy.Has(i) {
			if port := a.list[i].port; port != nil {
				return Rejection{Code: HostPortInUse, Key: port.String()}
			}
			break
		}
	}
	return Rejection{Code: PodAntiAffinity, Key: corev1.LabelHostname}
}

// conflict reports whether two pods with those ties may not share a host.
func (t podTies) conflict(o podTies) bool {
	return t.owns.Intersects(o.selectedBy) || o.owns.Intersects(t.selectedBy)
}

func (t podTies) with(o podTies) podTies {
	t.owns.Or(o.owns)
	t.selectedBy.Or(o.selectedBy)
	return t
}

// requiredAnti are the pod's required anti-affinity terms.
func requiredAnti(pod *corev1.Pod) []corev1.PodAffinityTerm {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAntiAffinity == nil {
		return nil
	}
	return pod.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

// add notes the pod's terms. A namespace selector needs to know the namespaces.
func (a *antiTerms) add(f *findings, x printer, pod *corev1.Pod, path string, known, standing bool) []int32 {
	owned := a.addPorts(x, pod, standing)
	for i := range requiredAnti(pod) {
		term := &requiredAnti(pod)[i]
		where := fmt.Sprintf("%s.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[%d]", path, i)
		selector, err := termSelector(pod, term)
		if err != nil {
			f.add(where+".labelSelector", "%v", err)
			continue
		}
		t := antiTerm{selector: selector, topologyKey: term.TopologyKey, owner: pod.Namespace + "/" + pod.Name}
		if t.namespaces, t.everywhere, t.byLabels, err = termNamespaces(pod, term); err != nil {
			f.add(where+".namespaceSelector", "%v", err)
			continue
		}
		if t.byLabels != nil && !known {
			f.add(where+".namespaceSelector", "needs the namespaces, and Namespaces is nil (unknown)")
			continue
		}
		id := x.text(selector.String()).join(x.text(term.TopologyKey)).join(x.texts(sortedKeys(t.namespaces)))
		if t.everywhere {
			id = id.number(1)
		}
		if t.byLabels != nil {
			id = id.join(x.text(t.byLabels.String()))
		}
		n, seen := a.ids[id]
		if !seen {
			n = int32(len(a.list))
			a.ids[id] = n
			a.list = append(a.list, t)
			requirements, _ := selector.Requirements()
			for _, r := range requirements {
				a.keys = append(a.keys, r.Key())
			}
		}
		a.list[n].standing = a.list[n].standing || standing
		owned = append(owned, n)
	}
	return owned
}

// termSelector is the term's label selector with matchLabelKeys and mismatchLabelKeys merged in. A nil selector selects
// nothing. Where the API server has merged the keys already, merging them again changes nothing.
func termSelector(pod *corev1.Pod, term *corev1.PodAffinityTerm) (labels.Selector, error) {
	if term.LabelSelector == nil {
		return labels.Nothing(), nil
	}
	merged := term.LabelSelector
	extra := append(mergedKeys(pod, term.MatchLabelKeys, metav1.LabelSelectorOpIn),
		mergedKeys(pod, term.MismatchLabelKeys, metav1.LabelSelectorOpNotIn)...)
	if len(extra) > 0 {
		merged = &metav1.LabelSelector{
			MatchLabels:      term.LabelSelector.MatchLabels,
			MatchExpressions: append(slices.Clone(term.LabelSelector.MatchExpressions), extra...),
		}
	}
	return metav1.LabelSelectorAsSelector(merged)
}

func mergedKeys(pod *corev1.Pod, keys []string, op metav1.LabelSelectorOperator) []metav1.LabelSelectorRequirement {
	var out []metav1.LabelSelectorRequirement
	for _, key := range keys {
		if value, ok := pod.Labels[key]; ok {
			out = append(out, metav1.LabelSelectorRequirement{Key: key, Operator: op, Values: []string{value}})
		}
	}
	return out
}

// termNamespaces are where the term looks: the pod's own namespace unless the term names or selects others.
func termNamespaces(pod *corev1.Pod, term *corev1.PodAffinityTerm) (names map[string]bool, everywhere bool, byLabels labels.Selector, err error) {
	names = map[string]bool{}
	for _, n := range term.Namespaces {
		names[n] = true
	}
	switch {
	case term.NamespaceSelector == nil && len(term.Namespaces) == 0:
		names[pod.Namespace] = true
	case term.NamespaceSelector == nil:
	case len(term.NamespaceSelector.MatchLabels) == 0 && len(term.NamespaceSelector.MatchExpressions) == 0:
		everywhere = true
	default:
		byLabels, err = metav1.LabelSelectorAsSelector(term.NamespaceSelector)
	}
	return names, everywhere, byLabels, err
}

// selects reports whether the term selects a pod.
func (a *antiTerms) selects(t *antiTerm, pod *corev1.Pod) bool {
	if t.port != nil {
		return t.occupiedBy(pod)
	}
	namespace := pod.Namespace
	if !t.everywhere && !t.namespaces[namespace] && (t.byLabels == nil || !t.byLabels.Matches(a.namespaceLabels(namespace))) {
		return false
	}
	return t.selector.Matches(labels.Set(pod.Labels))
}

func (a *antiTerms) namespaceLabels(name string) labels.Set {
	if set, ok := a.namespaces[name]; ok {
		return set
	}
	return labels.Set{corev1.LabelMetadataName: name}
}

// ties relates a pod to the terms.
func (a *antiTerms) ties(owned []int32, pod *corev1.Pod) podTies {
	t := podTies{owns: bitset.New(len(a.list)), selectedBy: bitset.New(len(a.list))}
	for _, id := range owned {
		t.owns.Add(int(id))
	}
	for i := range a.list {
		if a.selects(&a.list[i], pod) {
			t.selectedBy.Add(i)
		}
	}
	return t
}

// beyondHost names the first term of a bound or daemon pod, over something else than hostnames, that selects the pod:
// the planner cannot tell where such a pod may go.
func (a *antiTerms) beyondHost(t podTies) (field string, found bool) {
	for i := range t.selectedBy.All() {
		if term := &a.list[i]; term.standing && term.topologyKey != corev1.LabelHostname {
			return fmt.Sprintf("required anti-affinity of %s over %s", term.owner, term.topologyKey), true
		}
	}
	return "", false
}
