package scheduling

import (
	"encoding/binary"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// scene is the state of a solve, for inquiries one after the other, and what they have in common.
type scene struct {
	*solver
	ledger   *ledger // nil if no constraint between pods needs it; left as it was by each inquiry
	limitsOf memo[[2]int32]
}

func (s *solver) scene(l *ledger) *scene { return &scene{solver: s, ledger: l} }

// inquiry asks hosts about one class. What many hosts have in common is worked out once.
type inquiry struct {
	*scene
	cl          *class
	spec        *corev1.PodSpec
	rows, nodes bitset.Set // that the pod's node selector and affinity admit, taints and company aside
	keys        []string   // that they look at

	// What rows have in common: the same values of the keys, the same room, kind, or pool.
	conflictsAt map[string]*obstacles
	shortagesIn memo[roomKey]
	topologyOf  memo[int32]
	taintsOf    memo[int32]

	buffer  []byte
	scratch obstacles
}

func (s *scene) inquire(cl *class) *inquiry {
	spec := &s.p.exemplar(cl).Spec
	return &inquiry{
		scene: s, cl: cl, spec: spec, rows: s.p.rowPlaces.admittedBy(spec), nodes: s.p.without(s.p.nodePlaces.admittedBy(spec)), keys: affinityKeys(spec),
		conflictsAt: map[string]*obstacles{},
	}
}

// memo keeps obstacles that many hosts share. Rows that follow each other mostly share them.
type memo[K comparable] struct {
	known map[K]*obstacles
	key   K
	last  *obstacles
}

// of is what is known under the key, or else worked out.
func (m *memo[K]) of(key K, find func(*obstacles)) *obstacles {
	if m.last != nil && m.key == key {
		return m.last
	}
	o, ok := m.known[key]
	if !ok {
		o = &obstacles{}
		find(o)
		if m.known == nil {
			m.known = map[K]*obstacles{}
		}
		m.known[key] = o
	}
	m.key, m.last = key, o
	return o
}

// conflictsOf are the conflicts of a place, worked out once for all that agree in the keys.
func (q *inquiry) conflictsOf(t *places, i int, label func(key string) (string, bool)) *obstacles {
	q.buffer = q.buffer[:0]
	if t == q.p.nodePlaces {
		q.buffer = append(q.buffer, 'n')
	}
	for _, key := range q.keys {
		q.buffer = binary.LittleEndian.AppendUint32(q.buffer, uint32(t.column(key).ids[i]))
	}
	found, known := q.conflictsAt[string(q.buffer)]
	if !known {
		found = &obstacles{}
		found.note(q.conflicts(label)...)
		q.conflictsAt[string(q.buffer)] = found
	}
	return found
}

// conflicts are the requirements that the place's labels fail: those of the node selector, and those of the term of the
// required node affinity that fails fewest.
func (q *inquiry) conflicts(label func(key string) (string, bool)) []Rejection {
	var out []Rejection
	fails := func(key string, op corev1.NodeSelectorOperator, values []string) []Rejection {
		r, err := requirement.New(key, requirement.Operator(op), values)
		if err != nil {
			return []Rejection{{Code: RequirementConflict, Key: key, Want: err.Error()}}
		}
		if value, ok := label(key); ok && r.Has(value) || !ok && r.HasAbsent() {
			return nil
		}
		return []Rejection{{Code: RequirementConflict, Key: key, Want: failureText(op, values)}}
	}
	for _, key := range sortedKeys(q.spec.NodeSelector) {
		out = append(out, fails(key, corev1.NodeSelectorOpIn, []string{q.spec.NodeSelector[key]})...)
	}
	var nearest []Rejection
	for _, term := range requiredTerms(q.spec) {
		var failed []Rejection
		for _, e := range term.MatchExpressions {
			failed = append(failed, fails(e.Key, e.Operator, e.Values)...)
		}
		for _, e := range term.MatchFields {
			if name, _ := label(nodeNameKey); slices.Contains(e.Values, name) != (e.Operator == corev1.NodeSelectorOpIn) {
				failed = append(failed, Rejection{Code: RequirementConflict, Key: e.Key, Want: failureText(e.Operator, e.Values)})
			}
		}
		if len(failed) > 0 && (nearest == nil || len(failed) < len(nearest)) {
			nearest = failed
		}
	}
	if out = append(out, nearest...); len(out) == 0 {
		out = []Rejection{{Code: RequirementConflict, Key: "nodeAffinity", Want: "without a term matches nothing"}}
	}
	return out
}

// failureText is how a place fails a requirement, to stand behind the key.
func failureText(op corev1.NodeSelectorOperator, values []string) string {
	list := "{" + strings.Join(values, ", ") + "}"
	switch requirement.Operator(op) {
	case requirement.OpIn:
		return "not in " + list
	case requirement.OpNotIn:
		return "in " + list
	case requirement.OpExists:
		return "absent"
	case requirement.OpDoesNotExist:
		return "present"
	case requirement.OpGt:
		return "not greater than " + strings.Join(values, ", ")
	case requirement.OpLt:
		return "not less than " + strings.Join(values, ", ")
	case requirement.OpGte:
		return "less than " + strings.Join(values, ", ")
	case requirement.OpLte:
		return "greater than " + strings.Join(values, ", ")
	}
	return "fails " + string(op) + " " + list
}
