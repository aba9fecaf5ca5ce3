package requirement

import (
	"math"
	"slices"
	"strconv"
)

// Requirement is the set of values, and possibly absence, that a node may have under one label key. It is immutable.
// Nothing satisfies the zero value.
//
// There are five forms, and no set has two of them:
//
//	nothing           no values
//	absence           no values, absent
//	listed            values
//	all but a few     complement, values; absent or not
//	between bounds    complement, bounded, values
type Requirement struct {
	key       string
	values    []string // sorted, distinct, never written to: the members, or for a complement those left out
	lo, hi    int64    // of a complement: inclusive, 0 and MaxInt64 unless bounded
	minValues int

	complement bool // every value is a member unless it is listed or out of bounds
	bounded    bool // only of a complement: members are integers from lo to hi
	absent     bool // a node without the label satisfies the requirement; never with bounds or listed members
}

// Key is the label key that the requirement is about.
func (r Requirement) Key() string { return r.key }

// MinValues is how many different values the key must be able to take over the instance types that remain. Zero means
// that it does not matter. Has, Empty and Intersects ignore it.
func (r Requirement) MinValues() int { return r.minValues }

// WithMinValues returns the same set of values with another MinValues. A negative n counts as zero.
func (r Requirement) WithMinValues(n int) Requirement {
	r.minValues = max(n, 0)
	return r
}

// Has reports whether a node whose label has this value satisfies r.
func (r Requirement) Has(value string) bool {
	_, listed := slices.BinarySearch(r.values, value)
	return listed != r.complement && (!r.bounded || within(value, r.lo, r.hi))
}

// HasAbsent reports whether a node that does not carry the label satisfies r.
func (r Requirement) HasAbsent() bool { return r.absent }

// Empty reports whether nothing satisfies r: no value, and not absence.
func (r Requirement) Empty() bool { return !r.complement && !r.absent && len(r.values) == 0 }

// Finite reports whether Values lists all values that satisfy r. It is true of a requirement that no value satisfies,
// and false of one between bounds however close they are.
func (r Requirement) Finite() bool { return !r.complement }

// Values is a sorted copy of the values listed in r: those that satisfy it if r is Finite, else those that are left
// out. Nil if there are none.
func (r Requirement) Values() []string {
	if len(r.values) == 0 {
		return nil
	}
	return slices.Clone(r.values)
}

// Len is the number of values that satisfy r, absence not counted. Of a requirement that is not Finite it is MaxInt
// minus the number of values left out, whatever its bounds.
func (r Requirement) Len() int {
	if r.complement {
		return math.MaxInt - len(r.values)
	}
	return len(r.values)
}

// Pick returns a value that satisfies r, always the same, and false if there is none. It is the first of those listed;
// between bounds it is the smallest integer; otherwise it is "true", or if that is left out the first of "true-1",
// "true-2" and so on that is not.
func (r Requirement) Pick() (string, bool) {
	if !r.complement {
		if len(r.values) == 0 {
			return "", false
		}
		return r.values[0], true
	}
	if r.bounded {
		for n := r.lo; ; n++ {
			value := strconv.FormatInt(n, 10)
			if r.Has(value) {
				return value, true
			}
			if n == r.hi {
				return "", false // cannot happen: it would have been made empty
			}
		}
	}
	value := "true"
	for n := 1; !r.Has(value); n++ {
		value = "true-" + strconv.Itoa(n)
	}
	return value, true
}

// Equal reports whether r and o have the same key, the same members and the same MinValues.
func (r Requirement) Equal(o Requirement) bool {
	return r.key == o.key && r.minValues == o.minValues && r.lo == o.lo && r.hi == o.hi &&
		r.complement == o.complement && r.bounded == o.bounded && r.absent == o.absent &&
		slices.Equal(r.values, o.values)
}

// only returns the value of a requirement that is satisfied by exactly one, absence not admitted.
func (r Requirement) only() (string, bool) {
	if r.absent || !r.complement && len(r.values) != 1 {
		return "", false
	}
	if r.complement && (!r.bounded || span(r.lo, r.hi)-r.excludedIntegers() != 1) {
		return "", false
	}
	return r.Pick()
}
