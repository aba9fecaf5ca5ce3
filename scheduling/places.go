package scheduling

import (
	"math"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// nodeNameKey stands for the field metadata.name beside the label keys. It is no valid label key.
const nodeNameKey = "\x00metadata.name"

// newNodeName stands for the name and hostname of a node that does not exist yet. It is no valid name, so nothing
// asks for it; launches are then named so that nothing asks for their names either.
const newNodeName = "~"

// places is a list of things that carry labels and can host pods: the existing nodes, or the rows that can be
// launched. Labels are interned key by key when somebody asks for the key.
type places struct {
	n       int
	label   func(i int, key string) (string, bool)
	mu      sync.Mutex
	columns map[string]*column
}

// column has one key's value at each place.
type column struct {
	ids    []int32 // position in values, or -1 where the label is absent
	values []string
}

func newPlaces(n int, label func(i int, key string) (string, bool)) *places {
	return &places{n: n, label: label, columns: map[string]*column{}}
}

func (t *places) column(key string) *column {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, ok := t.columns[key]; ok {
		return c
	}
	c := &column{ids: make([]int32, t.n)}
	ids := map[string]int32{}
	for i := range c.ids {
		value, ok := t.label(i, key)
		if !ok {
			c.ids[i] = -1
			continue
		}
		id, known := ids[value]
		if !known {
			id = int32(len(c.values))
			ids[value] = id
			c.values = append(c.values, value)
		}
		c.ids[i] = id
	}
	t.columns[key] = c
	return c
}

// affinityKeys are the label keys (and nodeNameKey) that node selector and required node affinity look at, sorted.
func affinityKeys(spec *corev1.PodSpec) []string {
	var keys []string
	for key := range spec.NodeSelector {
		keys = append(keys, key)
	}
	for _, term := range requiredTerms(spec) {
		for _, r := range term.MatchExpressions {
			keys = append(keys, r.Key)
		}
		if len(term.MatchFields) > 0 {
			keys = append(keys, nodeNameKey)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func requiredTerms(spec *corev1.PodSpec) []corev1.NodeSelectorTerm {
	if spec.Affinity == nil || spec.Affinity.NodeAffinity == nil {
		return nil
	}
	required := spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if required == nil {
		return nil
	}
	return required.NodeSelectorTerms
}

// admittedBy returns the places that the pod's node selector and required node affinity admit, as the scheduler
// decides it. A term that the scheduler cannot read admits nothing. Places that agree in all keys the pod looks at are
// asked once.
func (t *places) admittedBy(spec *corev1.PodSpec) bitset.Set {
	out := bitset.New(t.n)
	keys := affinityKeys(spec)
	if len(keys) == 0 && len(requiredTerms(spec)) == 0 && !emptyRequired(spec) {
		out.Fill(t.n)
		return out
	}
	required := nodeaffinity.NewRequiredNodeAffinity(spec.NodeSelector, spec.Affinity)
	columns := make([]*column, len(keys))
	product := 1.0
	for i, key := range keys {
		columns[i] = t.column(key)
		product *= float64(len(columns[i].values) + 1)
	}
	if product > math.MaxInt32 { // too many combinations to number: ask for each place
		for i := range t.n {
			if matchCombination(required, keys, columns, i) {
				out.Add(i)
			}
		}
		return out
	}
	verdicts := map[int]bool{}
	for i := range t.n {
		combination := 0
		for _, c := range columns {
			combination = combination*(len(c.values)+1) + int(c.ids[i]) + 1
		}
		verdict, asked := verdicts[combination]
		if !asked {
			verdict = matchCombination(required, keys, columns, i)
			verdicts[combination] = verdict
		}
		if verdict {
			out.Add(i)
		}
	}
	return out
}

// emptyRequired reports a required node affinity without any term, which admits nothing.
func emptyRequired(spec *corev1.PodSpec) bool {
	return spec.Affinity != nil && spec.Affinity.NodeAffinity != nil &&
		spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil && len(requiredTerms(spec)) == 0
}

func matchCombination(required nodeaffinity.RequiredNodeAffinity, keys []string, columns []*column, i int) bool {
	node := corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: make(map[string]string, len(keys))}}
	for k, key := range keys {
		id := columns[k].ids[i]
		switch {
		case id < 0:
		case key == nodeNameKey:
			node.Name = columns[k].values[id]
		default:
			node.Labels[key] = columns[k].values[id]
		}
	}
	ok, err := required.Match(&node)
	return ok && err == nil
}
