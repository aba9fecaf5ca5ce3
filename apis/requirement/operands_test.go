package requirement_test

import (
	"strings"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
)

const key = "key"

// operands are one requirement of every kind, chosen so that each pair of them meets differently. The tables of this
// package go through all of them.
func operands() []requirement.Requirement {
	return []requirement.Requirement{
		requirement.Exists(key),
		requirement.DoesNotExist(key),
		requirement.In(key, "A"),
		requirement.In(key, "B"),
		requirement.In(key, "A", "B"),
		requirement.NotIn(key, "A"),
		requirement.In(key, "1"),
		requirement.In(key, "9"),
		requirement.In(key, "1", "9"),
		requirement.NotIn(key, "1", "2"),
		requirement.Gt(key, 1),
		requirement.Gt(key, 9),
		requirement.Lt(key, 1),
		requirement.Lt(key, 9),
	}
}

// short is a requirement without its key.
func short(r requirement.Requirement) string { return strings.TrimPrefix(r.String(), r.Key()+" ") }

// all intersects requirements from left to right.
func all(first requirement.Requirement, rest ...requirement.Requirement) requirement.Requirement {
	for _, r := range rest {
		first = first.Intersect(r)
	}
	return first
}
