package requirement

import (
	"fmt"
	"strings"
)

// Intersects reports whether the requirements of s and o on every key that both have leave something in common.
func (s Set) Intersects(o Set) bool {
	_, _, conflict := s.Conflict(o)
	return !conflict
}

// Conflict finds the first key, in order, on which both s and o have a requirement and nothing satisfies the two. It
// returns that of s and that of o, and whether there is such a key.
func (s Set) Conflict(o Set) (a, b Requirement, ok bool) {
	for i, j := 0, 0; i < len(s.list) && j < len(o.list); {
		a, b := &s.list[i], &o.list[j]
		switch order := strings.Compare(a.key, b.key); {
		case order < 0:
			i++
		case order > 0:
			j++
		case !a.Intersects(*b):
			return *a, *b, true
		default:
			i++
			j++
		}
	}
	return Requirement{}, Requirement{}, false
}

// Compatible reports whether a node that is made to satisfy s can also satisfy the pod's requirements, and as an error
// why not. The two sides differ in what silence means. A key that only the node mentions does not matter to the pod. A
// key that only the pod mentions will not be on the node, so the pod has to admit absence (NotIn, DoesNotExist), unless
// undefined says of the key that a value may still turn up: keys that instance types provide, for a node not launched
// yet. A nil undefined allows no key.
//
// The error names every key that fails, in order, with what the pod wants and what the node has. For keys that the node
// does not know and that look like a slip of the pen it has a suggestion.
func (s Set) Compatible(pod Set, undefined func(key string) bool) error {
	var all []mismatch
	for _, want := range pod.list {
		at, known := s.find(want.key)
		switch {
		case want.Empty():
		case known && s.list[at].Intersects(want):
			continue
		case !known && (want.absent || undefined != nil && undefined(want.key)):
			continue
		}
		m := mismatch{want: want, known: known}
		if known {
			m.have = s.list[at]
		}
		all = append(all, m)
	}
	if len(all) == 0 {
		return nil
	}
	return &incompatible{node: s, all: all}
}

// incompatible keeps the facts and writes them down only when somebody reads: most errors of a search are never read.
type incompatible struct {
	node Set
	all  []mismatch
}

type mismatch struct {
	want, have Requirement
	known      bool // have is what the node side says about the key
}

func (e *incompatible) Error() string {
	var b strings.Builder
	for i, m := range e.all {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "label %q ", m.want.key)
		switch {
		case m.want.Empty():
			b.WriteString("is required to satisfy contradictory requirements")
		case m.known:
			b.WriteString("does not fit: want ")
			m.want.write(&b, shownValues)
			b.WriteString(", have ")
			m.have.write(&b, shownValues)
		default:
			b.WriteString("does not have known values: want ")
			m.want.write(&b, shownValues)
			if hint, ok := suggestion(m.want.key, e.node.Keys()); ok {
				fmt.Fprintf(&b, " (did you mean %q?)", hint)
			}
		}
	}
	return b.String()
}

// shownValues is how many values of a requirement an error message lists.
const shownValues = 5
