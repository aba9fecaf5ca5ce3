package scheduling

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// Constraints between pods speak of other pods by selectors. Every distinct way of selecting pods is one matcher, however
// many pods use it; how a class relates to others follows from the matchers that its pods match.

// matcher says which pods a constraint speaks of: those that all its selectors select, that occupy a
// port, or that use a disk.
type matcher struct {
	selectors []podSelector
	port      *hostPort // instead of selectors: pods with a port that clashes; see hostport.go
	disk      *disk     // instead of selectors: pods with a disk that clashes; see disk.go
	living    bool      // pods that are being deleted do not count: the rule of topology spread
	group     int32     // instead of selectors: members of this group, counted from 1
}

// podSelector selects pods by namespace and labels, as a term of pod affinity does.
type podSelector struct {
	labels     labels.Selector
	namespaces map[string]bool
	everywhere bool            // all namespaces
	byLabels   labels.Selector // namespaces with these labels; nil for none
}

// terms are the matchers of all pods there are, and the anti-affinity terms that use them.
type terms struct {
	matchers   []matcher
	matcherIDs map[print128]int32
	anti       []antiTerm
	antiIDs    map[print128]int32
	antiOf     [][]int32 // by matcher, the terms that use it
	namespaces map[string]labels.Set
	groups     map[types.NamespacedName]int32 // of members, counted from 1
	keyed      []string                       // by group, counted from 1: its topology key
	keys       []string                       // label keys that any selector looks at

	byValue map[string]map[string][]int32 // matchers that ask for one of few values of a label
	others  []int32                       // the other matchers by selector
	ports   []int32                       // the matchers by port or disk
	local   bitset.Set                    // the anti-affinity terms that stand for ports and disks

	printer printer
	known   map[print128]bitset.Set // what matchesOf has found, while the problem is compiled
}

func newTerms(namespaces []*corev1.Namespace) *terms {
	t := &terms{
		matcherIDs: map[print128]int32{}, antiIDs: map[print128]int32{}, namespaces: make(map[string]labels.Set, len(namespaces)),
		printer: newPrinter(), known: map[print128]bitset.Set{},
	}
	for _, ns := range namespaces {
		set := labels.Set{corev1.LabelMetadataName: ns.Name}
		for key, value := range ns.Labels {
			set[key] = value
		}
		t.namespaces[ns.Name] = set
	}
	return t
}

// matcher finds or makes the matcher.
func (t *terms) matcher(x printer, m matcher) int32 {
	h := print128{}.number(uint64(len(m.selectors)))
	for i := range m.selectors {
		h = h.join(m.selectors[i].print(x))
	}
	if m.port != nil {
		h = h.join(x.text(m.port.String())).number(1)
	}
	if m.disk != nil {
		h = h.join(x.text(m.disk.text())).number(3)
	}
	if m.living {
		h = h.number(2)
	}
	h = h.number(uint64(m.group))
	id, known := t.matcherIDs[h]
	if !known {
		id = int32(len(t.matchers))
		t.matcherIDs[h] = id
		t.matchers = append(t.matchers, m)
		for i := range m.selectors {
			requirements, _ := m.selectors[i].labels.Requirements()
			for _, r := range requirements {
				t.keys = append(t.keys, r.Key())
			}
		}
	}
	return id
}

func (s *podSelector) print(x printer) print128 {
	h := x.text(s.labels.String()).join(x.texts(sortedKeys(s.namespaces)))
	if s.everywhere {
		h = h.number(1)
	}
	if s.byLabels != nil {
		h = h.join(x.text(s.byLabels.String()))
	}
	if _, selectable := s.labels.Requirements(); !selectable {
		h = h.number(2) // prints as an empty selector does, and matches nothing
	}
	return h
}

// text tells matchers apart: one by port or disk says which, one by labels says all that its selectors do.
func (m *matcher) text() string {
	switch {
	case m.port != nil:
		return "port " + m.port.String()
	case m.disk != nil:
		return "disk " + m.disk.text()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "group %d living %t", m.group, m.living)
	for i := range m.selectors {
		s := &m.selectors[i]
		_, selectable := s.labels.Requirements()
		fmt.Fprintf(&b, " %t %q %q %t", selectable, s.labels, sortedKeys(s.namespaces), s.everywhere)
		if s.byLabels != nil {
			fmt.Fprintf(&b, " %q", s.byLabels)
		}
	}
	return b.String()
}

// finish makes the terms ready to be asked, once all are in.
func (t *terms) finish() {
	slices.Sort(t.keys)
	t.keys = slices.Compact(t.keys)
	t.antiOf, t.local = make([][]int32, len(t.matchers)), bitset.New(len(t.anti))
	for i := range t.anti {
		m := t.anti[i].matcher
		if t.matchers[m].port != nil || t.matchers[m].disk != nil {
			t.local.Add(i)
		}
		t.antiOf[m] = append(t.antiOf[m], int32(i))
	}
	t.byValue = map[string]map[string][]int32{}
	for id := range t.matchers {
		m := &t.matchers[id]
		if m.port != nil || m.disk != nil {
			t.ports = append(t.ports, int32(id))
			continue
		}
		key, values := m.pinned()
		if values == nil {
			t.others = append(t.others, int32(id))
			continue
		}
		if t.byValue[key] == nil {
			t.byValue[key] = map[string][]int32{}
		}
		for _, value := range values {
			t.byValue[key][value] = append(t.byValue[key][value], int32(id))
		}
	}
}

// pinned is a label of which the matcher asks for one of the values; nil if it does not ask so of any.
func (m *matcher) pinned() (key string, values []string) {
	for i := range m.selectors {
		requirements, selectable := m.selectors[i].labels.Requirements()
		if !selectable {
			return "", []string{}
		}
		for _, r := range requirements {
			switch r.Operator() {
			case selection.In, selection.Equals, selection.DoubleEquals:
				if values == nil || r.Values().Len() < len(values) {
					key, values = r.Key(), r.Values().List()
				}
			case selection.NotIn, selection.NotEquals, selection.Exists, selection.DoesNotExist, selection.GreaterThan, selection.LessThan:
			}
		}
	}
	return key, values
}

// matches are the matchers that the pod matches.
func (t *terms) matches(pod *corev1.Pod) bitset.Set {
	out := bitset.New(len(t.matchers))
	ask := func(ids []int32) {
		for _, id := range ids {
			if t.selects(&t.matchers[id], pod) {
				out.Add(int(id))
			}
		}
	}
	ask(t.others)
	for key, value := range pod.Labels {
		ask(t.byValue[key][value])
	}
	if len(t.ports) > 0 && holdsOfHost(pod) {
		ask(t.ports)
	}
	return out
}

// matchesOf is matches, worked out once for all pods without ports and disks that the matchers cannot tell apart. Not to be written to.
func (t *terms) matchesOf(pod *corev1.Pod) bitset.Set {
	if len(t.ports) > 0 && holdsOfHost(pod) {
		return t.matches(pod)
	}
	h := t.labels(t.printer, pod)
	found, known := t.known[h]
	if !known {
		found = t.matches(pod)
		t.known[h] = found
	}
	return found
}

func (t *terms) selects(m *matcher, pod *corev1.Pod) bool {
	switch {
	case m.port != nil:
		return m.port.clashesWith(pod)
	case m.group > 0:
		return t.groups[podName(pod)] == m.group && pod.Spec.NodeName == ""
	}
	if m.disk != nil {
		return m.disk.clashesWith(pod)
	}
	if m.living && pod.DeletionTimestamp != nil {
		return false
	}
	for i := range m.selectors {
		s := &m.selectors[i]
		here := s.everywhere || s.namespaces[pod.Namespace] || s.byLabels != nil && s.byLabels.Matches(t.namespaceLabels(pod.Namespace))
		if !here || !s.labels.Matches(labels.Set(pod.Labels)) {
			return false
		}
	}
	return true
}

func (t *terms) namespaceLabels(name string) labels.Set {
	if set, ok := t.namespaces[name]; ok {
		return set
	}
	return labels.Set{corev1.LabelMetadataName: name}
}

// affinitySelector is what a term of pod affinity or anti-affinity selects. Its matchLabelKeys and mismatchLabelKeys are
// merged into the label selector; where the API server has done so already, doing it again changes nothing. A nil label
// selector selects nothing.
// An error comes with the field that it is about.
func affinitySelector(pod *corev1.Pod, term *corev1.PodAffinityTerm) (s podSelector, field string, err error) {
	s = podSelector{labels: labels.Nothing(), namespaces: map[string]bool{}}
	if term.LabelSelector != nil {
		extra := append(mergedKeys(pod, term.MatchLabelKeys, metav1.LabelSelectorOpIn),
			mergedKeys(pod, term.MismatchLabelKeys, metav1.LabelSelectorOpNotIn)...)
		if s.labels, err = mergedSelector(term.LabelSelector, extra); err != nil {
			return s, "labelSelector", err
		}
	}
	for _, n := range term.Namespaces {
		s.namespaces[n] = true
	}
	switch {
	case term.NamespaceSelector == nil && len(term.Namespaces) == 0:
		s.namespaces[pod.Namespace] = true
	case term.NamespaceSelector == nil:
	case len(term.NamespaceSelector.MatchLabels) == 0 && len(term.NamespaceSelector.MatchExpressions) == 0:
		s.everywhere = true
	default:
		s.byLabels, err = metav1.LabelSelectorAsSelector(term.NamespaceSelector)
	}
	return s, "namespaceSelector", err
}

// mergedSelector is the selector with further requirements. nil selects nothing, whatever is added.
func mergedSelector(selector *metav1.LabelSelector, extra []metav1.LabelSelectorRequirement) (labels.Selector, error) {
	if selector != nil && len(extra) > 0 {
		selector = &metav1.LabelSelector{
			MatchLabels: selector.MatchLabels, MatchExpressions: append(slices.Clone(selector.MatchExpressions), extra...),
		}
	}
	return metav1.LabelSelectorAsSelector(selector)
}

// mergedKeys asks for (or against) the pod's own values of the keys; keys that it lacks are ignored.
func mergedKeys(pod *corev1.Pod, keys []string, op metav1.LabelSelectorOperator) []metav1.LabelSelectorRequirement {
	var out []metav1.LabelSelectorRequirement
	for _, key := range keys {
		if value, ok := pod.Labels[key]; ok {
			out = append(out, metav1.LabelSelectorRequirement{Key: key, Operator: op, Values: []string{value}})
		}
	}
	return out
}
