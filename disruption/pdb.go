package disruption

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kerf-autoscaler/kerf/internal/phrase"
)

// scope is the budgets of one namespace. Most select by a label with one value: those are found through it.
type scope struct {
	byLabel map[string]map[string][]*pdb // by key and value of a label that the pod must have
	others  []*pdb
}

// pdb is one PodDisruptionBudget.
type pdb struct {
	name     string // with the namespace
	source   *policyv1.PodDisruptionBudget
	selector labels.Selector
	never    string // why it will never let a pod go; empty if it may
	allowed  int    // how many pods may go now
	taken    int
}

// newPDB reads a budget. Its status counts as it is as long as it speaks of the present spec; otherwise nothing may go
// until it does, as in the API server.
func newPDB(source *policyv1.PodDisruptionBudget) (*pdb, error) {
	b := &pdb{name: source.Namespace + "/" + source.Name, source: source}
	selector, err := metav1.LabelSelectorAsSelector(source.Spec.Selector)
	if err != nil {
		return nil, b.invalid("spec.selector", err)
	}
	b.selector = selector
	status := &source.Status
	current := status.ObservedGeneration >= source.Generation
	if current {
		b.allowed = max(0, int(status.DisruptionsAllowed))
	}
	expected := 0
	if current && b.allowed == 0 {
		expected = int(status.ExpectedPods)
	}
	if limit := source.Spec.MaxUnavailable; limit != nil {
		n, err := intstr.GetScaledValueFromIntOrPercent(limit, 100, true)
		if err != nil {
			return nil, b.invalid("spec.maxUnavailable", err)
		}
		if n <= 0 {
			b.never = "maxUnavailable is " + limit.String()
		}
	}
	if limit := source.Spec.MinAvailable; limit != nil {
		n, err := intstr.GetScaledValueFromIntOrPercent(limit, expected, true)
		if err != nil {
			return nil, b.invalid("spec.minAvailable", err)
		}
		switch {
		case limit.Type == intstr.String && limit.StrVal == "100%":
			b.never = "minAvailable is 100%"
		case expected > 0 && n >= expected:
			b.never = fmt.Sprintf("minAvailable is %s of %d %s", limit, expected, phrase.Plural(expected, "pod", "pods"))
		}
	}
	if b.never != "" {
		b.allowed = 0
	}
	return b, nil
}

// invalid says that a field of the budget cannot be read.
func (b *pdb) invalid(field string, err error) error {
	return &InvalidInputError{Path: "PodDisruptionBudget " + b.name + ": " + field, Problem: err.Error()}
}

// newScope indexes the budgets of a namespace by the label, of those that their selectors ask for, that the fewest ask for.
func newScope(budgets []*pdb) *scope {
	s := &scope{byLabel: map[string]map[string][]*pdb{}}
	type pair struct{ key, value string }
	count := map[pair]int{}
	for _, b := range budgets {
		if selector := b.source.Spec.Selector; selector != nil {
			for key, value := range selector.MatchLabels {
				count[pair{key, value}]++
			}
		}
	}
	for _, b := range budgets {
		if b.source.Spec.Selector == nil || len(b.source.Spec.Selector.MatchLabels) == 0 {
			s.others = append(s.others, b)
			continue
		}
		wanted := b.source.Spec.Selector.MatchLabels
		var rarest pair
		for _, key := range slices.Sorted(maps.Keys(wanted)) {
			if p := (pair{key, wanted[key]}); rarest.key == "" || count[p] < count[rarest] {
				rarest = p
			}
		}
		if s.byLabel[rarest.key] == nil {
			s.byLabel[rarest.key] = map[string][]*pdb{}
		}
		s.byLabel[rarest.key][rarest.value] = append(s.byLabel[rarest.key][rarest.value], b)
	}
	return s
}

// of are the budgets that select the pod, by name.
func (s *scope) of(pod *corev1.Pod) []*pdb {
	if s == nil {
		return nil
	}
	var out []*pdb
	note := func(list []*pdb) {
		for _, b := range list {
			if b.selector.Matches(labels.Set(pod.Labels)) {
				out = append(out, b)
			}
		}
	}
	note(s.others)
	for key, byValue := range s.byLabel {
		if value, ok := pod.Labels[key]; ok {
			note(byValue[value])
		}
	}
	if len(out) > 1 {
		slices.SortFunc(out, func(a, b *pdb) int { return strings.Compare(a.name, b.name) })
	}
	return out
}

// left is how many more pods the budget lets go.
func (b *pdb) left(inTurn bool) int {
	if inTurn && b.allowed > 0 {
		return b.allowed
	}
	return b.allowed - b.taken
}

// text is what the budget allows, for people.
func (b *pdb) text() string {
	text := fmt.Sprintf("%s allows %d %s", b.source.Name, b.allowed, phrase.Plural(b.allowed, "eviction", "evictions"))
	if b.source.Status.ObservedGeneration < b.source.Generation {
		text = fmt.Sprintf("%s has a status that is older than its spec", b.source.Name)
	}
	if b.taken > 0 {
		text += fmt.Sprintf(", %d taken", b.taken)
	}
	return text
}
