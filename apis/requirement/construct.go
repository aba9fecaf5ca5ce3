package requirement

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Operator is how an entry of an API object restricts a key.
type Operator string

// The operators, spelled as in the API.
const (
	// OpIn admits the values listed.
	OpIn Operator = "In"
	// OpNotIn admits every value but those listed, and nodes without the label.
	OpNotIn Operator = "NotIn"
	// OpExists admits every value.
	OpExists Operator = "Exists"
	// OpDoesNotExist admits only nodes without the label.
	OpDoesNotExist Operator = "DoesNotExist"
	// OpGt admits integers greater than the one value.
	OpGt Operator = "Gt"
	// OpLt admits integers less than the one value.
	OpLt Operator = "Lt"
	// OpGte admits the one value and greater integers.
	OpGte Operator = "Gte"
	// OpLte admits the one value and lesser integers.
	OpLte Operator = "Lte"
)

// Entry is a requirement in the shape that API objects use. Not every Requirement fits into one: see
// [Requirement.Entries].
type Entry struct {
	Key      string
	Operator Operator
	// Values are any number for In and NotIn but zero, none for Exists and DoesNotExist, and one integer otherwise.
	Values []string
}

// New makes a requirement from the fields of an API object. It fails on an unknown operator, on In and NotIn without
// values, on Exists and DoesNotExist with values, and on Gt, Lt, Gte and Lte with anything but one decimal integer of
// 64 bits. The error names the key. New does not check whether key and values are valid for a label.
func New(key string, op Operator, values []string) (Requirement, error) {
	switch op {
	case OpIn, OpNotIn:
		if len(values) == 0 {
			return Requirement{}, fmt.Errorf("requirement on %q: operator %s needs at least one value", key, op)
		}
		if op == OpIn {
			return In(key, values...), nil
		}
		return NotIn(key, values...), nil
	case OpExists, OpDoesNotExist:
		if len(values) != 0 {
			return Requirement{}, fmt.Errorf("requirement on %q: operator %s takes no values, has %q", key, op, values)
		}
		if op == OpExists {
			return Exists(key), nil
		}
		return DoesNotExist(key), nil
	case OpGt, OpLt, OpGte, OpLte:
		return newBound(key, op, values)
	default:
		return Requirement{}, fmt.Errorf("requirement on %q: unknown operator %q", key, string(op))
	}
}

func newBound(key string, op Operator, values []string) (Requirement, error) {
	if len(values) != 1 {
		return Requirement{}, fmt.Errorf("requirement on %q: operator %s needs exactly one value, has %q", key, op, values)
	}
	n, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil {
		return Requirement{}, fmt.Errorf("requirement on %q: operator %s needs a 64-bit integer, has %q", key, op, values[0])
	}
	switch op {
	case OpGt:
		return Gt(key, n), nil
	case OpLt:
		return Lt(key, n), nil
	case OpGte:
		return Gte(key, n), nil
	default:
		return Lte(key, n), nil
	}
}

// In admits the values listed. Without a value it is DoesNotExist.
func In(key string, values ...string) Requirement {
	if len(values) == 0 {
		return DoesNotExist(key)
	}
	return Requirement{key: key, values: sorted(values)}
}

// NotIn admits every value but those listed, and absence. Without a value it is Any.
func NotIn(key string, values ...string) Requirement {
	r := Any(key)
	r.values = sorted(values)
	return r
}

// Exists admits every value.
func Exists(key string) Requirement {
	return Requirement{key: key, complement: true, hi: math.MaxInt64}
}

// DoesNotExist admits absence and no value.
func DoesNotExist(key string) Requirement { return Requirement{key: key, absent: true} }

// Any admits every value, and absence: intersected with it, any other requirement stays what it is.
func Any(key string) Requirement {
	return Requirement{key: key, complement: true, hi: math.MaxInt64, absent: true}
}

// Gt admits the integers greater than n. It is empty for the greatest int64.
func Gt(key string, n int64) Requirement {
	if n == math.MaxInt64 {
		return nothing(key, 0)
	}
	return between(key, n+1, math.MaxInt64)
}

// Gte admits n and the integers greater than n.
func Gte(key string, n int64) Requirement { return between(key, n, math.MaxInt64) }

// Lt admits the integers from 0 to n-1. It is empty for n <= 0.
func Lt(key string, n int64) Requirement {
	if n <= 0 {
		return nothing(key, 0)
	}
	return between(key, 0, n-1)
}

// Lte admits the integers from 0 to n. It is empty for n < 0.
func Lte(key string, n int64) Requirement { return between(key, 0, n) }

func between(key string, lo, hi int64) Requirement {
	lo = max(lo, 0)
	if lo > hi {
		return nothing(key, 0)
	}
	return Requirement{key: key, complement: true, bounded: true, lo: lo, hi: hi}
}

func nothing(key string, minValues int) Requirement {
	return Requirement{key: key, minValues: minValues}
}

// sorted copies, so that the caller's slice is neither written to nor kept.
func sorted(values []string) []string {
	if len(values) == 0 {
		return nil
	}
	out := slices.Clone(values)
	slices.Sort(out)
	return slices.Compact(out)
}
