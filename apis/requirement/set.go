package requirement

import (
	"iter"
	"slices"
	"strings"
)

// Set is what has to hold for several label keys at once: at most one requirement for each, in the order of the keys.
// It is immutable. The zero value has no requirements, and every node satisfies it.
type Set struct {
	list []Requirement // sorted by key, distinct, never written to
}

// NewSet collects requirements. Those with the same key are intersected.
func NewSet(rs ...Requirement) Set {
	if len(rs) == 0 {
		return Set{}
	}
	list := slices.Clone(rs)
	slices.SortStableFunc(list, func(a, b Requirement) int { return strings.Compare(a.key, b.key) })
	n := 0
	for _, r := range list[1:] {
		if r.key == list[n].key {
			list[n] = list[n].Intersect(r)
		} else {
			n++
			list[n] = r
		}
	}
	return Set{list: list[:n+1]}
}

// Len is the number of keys.
func (s Set) Len() int { return len(s.list) }

// Get is the requirement on the key, Any if the set has none.
func (s Set) Get(key string) Requirement {
	if at, ok := s.find(key); ok {
		return s.list[at]
	}
	return Any(key)
}

// Has reports whether the set has a requirement on the key, be it Any.
func (s Set) Has(key string) bool {
	_, ok := s.find(key)
	return ok
}

func (s Set) find(key string) (int, bool) {
	return slices.BinarySearchFunc(s.list, key, func(r Requirement, key string) int { return strings.Compare(r.key, key) })
}

// All yields the requirements in the order of their keys.
func (s Set) All() iter.Seq[Requirement] { return slices.Values(s.list) }

// Keys lists the keys in order. Nil if there are none.
func (s Set) Keys() []string {
	var out []string
	for _, r := range s.list {
		out = append(out, r.key)
	}
	return out
}

// With returns a set to which the requirements are added, intersected with those of the same key.
func (s Set) With(rs ...Requirement) Set { return s.Intersect(NewSet(rs...)) }

// Intersect returns the set that is satisfied by the nodes that satisfy both s and o.
func (s Set) Intersect(o Set) Set {
	if len(o.list) == 0 {
		return s
	}
	if len(s.list) == 0 {
		return o
	}
	out := make([]Requirement, 0, len(s.list)+len(o.list))
	a, b := s.list, o.list
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].key < b[0].key:
			out, a = append(out, a[0]), a[1:]
		case a[0].key > b[0].key:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0].Intersect(b[0])), a[1:], b[1:]
		}
	}
	out = append(out, a...)
	return Set{list: append(out, b...)}
}

// Match reports whether a node with exactly these labels satisfies every requirement. A key that is missing from labels
// counts as absent.
func (s Set) Match(labels map[string]string) bool {
	for i := range s.list {
		r := &s.list[i]
		value, present := labels[r.key]
		if present && !r.Has(value) || !present && !r.absent {
			return false
		}
	}
	return true
}

// Labels are the labels that every node satisfying s must carry: the keys that have exactly one possible value. The
// caller owns the map, which is never nil.
func (s Set) Labels() map[string]string {
	out := make(map[string]string, len(s.list))
	for _, r := range s.list {
		if value, ok := r.only(); ok {
			out[r.key] = value
		}
	}
	return out
}

// Empty returns the first requirement, in the order of the keys, that nothing satisfies, and whether there is one. If
// there is, no node satisfies s.
func (s Set) Empty() (Requirement, bool) {
	if at := slices.IndexFunc(s.list, Requirement.Empty); at >= 0 {
		return s.list[at], true
	}
	return Requirement{}, false
}

// Equal reports whether s and o have equal requirements on the same keys.
func (s Set) Equal(o Set) bool { return slices.EqualFunc(s.list, o.list, Requirement.Equal) }

// String is the requirements in the order of their keys, separated by ", ". It is equal for equal sets and different
// for others.
func (s Set) String() string {
	parts := make([]string, len(s.list))
	for i, r := range s.list {
		parts[i] = r.String()
	}
	return strings.Join(parts, ", ")
}
