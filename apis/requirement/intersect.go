package requirement

import "slices"

// Intersect returns the requirement that is satisfied by what satisfies both r and o, with the larger MinValues. It has
// the key of r; the key of o is expected to be the same and is not looked at.
func (r Requirement) Intersect(o Requirement) Requirement {
	least := max(r.minValues, o.minValues)
	if !r.complement || !o.complement {
		return Requirement{key: r.key, values: common(r, o), absent: r.absent && o.absent, minValues: least}
	}
	out := Requirement{
		key: r.key, minValues: least,
		complement: true, absent: r.absent && o.absent,
		bounded: r.bounded || o.bounded, lo: max(r.lo, o.lo), hi: min(r.hi, o.hi),
		values: union(r.values, o.values),
	}
	if !out.bounded {
		return out
	}
	if out.lo > out.hi {
		return nothing(r.key, least)
	}
	out.values = keep(out.values, func(value string) bool { return within(value, out.lo, out.hi) })
	if span(out.lo, out.hi) == out.excludedIntegers() {
		return nothing(r.key, least)
	}
	return out
}

// Intersects reports whether anything satisfies both r and o. It answers as !r.Intersect(o).Empty() does, and does not
// allocate.
func (r Requirement) Intersects(o Requirement) bool {
	switch {
	case r.absent && o.absent:
		return true
	case !r.complement || !o.complement:
		r, o = listedFirst(r, o)
		return slices.ContainsFunc(r.values, o.Has)
	case !r.bounded && !o.bounded:
		return true
	}
	both := Requirement{lo: max(r.lo, o.lo), hi: min(r.hi, o.hi)}
	if both.lo > both.hi {
		return false
	}
	room := span(both.lo, both.hi)
	if room > uint64(len(r.values)+len(o.values)) {
		return true
	}
	both.values = r.values
	excluded := both.excludedIntegers()
	for _, value := range o.values {
		if _, twice := slices.BinarySearch(r.values, value); !twice && canonical(value) && within(value, both.lo, both.hi) {
			excluded++
		}
	}
	return excluded < room
}

// common is the values that r and o, one of which lists its members, both admit.
func common(r, o Requirement) []string {
	r, o = listedFirst(r, o)
	return keep(r.values, o.Has)
}

// listedFirst orders the two so that the first lists its members, and no more of them than the second if that does too.
func listedFirst(r, o Requirement) (Requirement, Requirement) {
	if r.complement || !o.complement && len(o.values) < len(r.values) {
		return o, r
	}
	return r, o
}

// keep is slices.DeleteFunc without writing: the result shares the array of values if nothing has to go.
func keep(values []string, wanted func(string) bool) []string {
	unwanted := func(value string) bool { return !wanted(value) }
	at := slices.IndexFunc(values, unwanted)
	if at < 0 {
		return values
	}
	var out []string
	out = append(out, values[:at]...)
	for _, value := range values[at+1:] {
		if wanted(value) {
			out = append(out, value)
		}
	}
	return out
}

// union merges two sorted lists. The result is one of them if the other adds nothing.
func union(a, b []string) []string {
	if len(b) == 0 {
		return a
	}
	if len(a) == 0 {
		return b
	}
	out := make([]string, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case a[0] > b[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	out = append(out, a...)
	return append(out, b...)
}

// excludedIntegers counts the integers between the bounds that are left out in their usual spelling.
func (r Requirement) excludedIntegers() uint64 {
	var count uint64
	for _, value := range r.values {
		if canonical(value) && within(value, r.lo, r.hi) {
			count++
		}
	}
	return count
}

// span is how many integers there are from lo to hi, both at least 0.
func span(lo, hi int64) uint64 { return uint64(hi-lo) + 1 }
