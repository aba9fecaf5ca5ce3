package bitset

// And keeps the members that o has as well.
func (s Set) And(o Set) {
	n := min(len(s), len(o))
	clear(s[n:])
	o = o[:n]
	for i, word := range o {
		s[i] &= word
	}
}

// Or adds the members of o. It panics if one of them is beyond the capacity of s.
func (s Set) Or(o Set) {
	n := min(len(s), len(o))
	if !o[n:].Empty() {
		panic("bitset: Or with a member beyond the capacity")
	}
	o = o[:n]
	for i, word := range o {
		s[i] |= word
	}
}

// AndNot removes the members of o.
func (s Set) AndNot(o Set) {
	o = o[:min(len(s), len(o))]
	for i, word := range o {
		s[i] &^= word
	}
}

// Intersects reports whether s and o have a common member.
func (s Set) Intersects(o Set) bool {
	o = o[:min(len(s), len(o))]
	for i, word := range o {
		if s[i]&word != 0 {
			return true
		}
	}
	return false
}

// SubsetOf reports whether o has every member of s. The empty set is a subset of every set.
func (s Set) SubsetOf(o Set) bool {
	n := min(len(s), len(o))
	for i, word := range s[:n] {
		if word&^o[i] != 0 {
			return false
		}
	}
	return s[n:].Empty()
}

// Equal reports whether s and o have the same members. Capacities may differ.
func (s Set) Equal(o Set) bool {
	n := min(len(s), len(o))
	for i, word := range s[:n] {
		if word != o[i] {
			return false
		}
	}
	return s[n:].Empty() && o[n:].Empty()
}
