package bitset

import (
	"iter"
	"math/bits"
)

const wordBits = 64

// Set holds the number i if bit i%64 of word i/64 is one. The zero value is the empty set with room for nothing.
type Set []uint64

// New returns an empty set with room for the numbers 0 to n-1, rounded up to a multiple of 64. A negative n
// counts as 0.
func New(n int) Set { return make(Set, (max(n, 0)+wordBits-1)/wordBits) }

// Clone returns a copy that shares no bits with s. The clone of nil is nil.
func (s Set) Clone() Set {
	if s == nil {
		return nil
	}
	out := make(Set, len(s))
	copy(out, s)
	return out
}

// Has reports whether i is a member. It is false for numbers below zero or beyond the capacity.
func (s Set) Has(i int) bool {
	word := uint(i) / wordBits
	return word < uint(len(s)) && s[word]&(1<<(uint(i)%wordBits)) != 0
}

// Add makes i a member. It panics if i is below zero or beyond the capacity.
func (s Set) Add(i int) { s[uint(i)/wordBits] |= 1 << (uint(i) % wordBits) }

// Remove makes i no member. Numbers that cannot be members are ignored.
func (s Set) Remove(i int) {
	if word := uint(i) / wordBits; word < uint(len(s)) {
		s[word] &^= 1 << (uint(i) % wordBits)
	}
}

// Clear removes every member.
func (s Set) Clear() { clear(s) }

// Fill adds the numbers 0 to n-1 and leaves the others as they are. It panics if n is beyond the capacity.
func (s Set) Fill(n int) {
	if n <= 0 {
		return
	}
	whole, rest := n/wordBits, n%wordBits
	for i := range s[:whole] {
		s[i] = ^uint64(0)
	}
	if rest > 0 {
		s[whole] |= 1<<rest - 1
	}
}

// Empty reports whether there is no member.
func (s Set) Empty() bool {
	for _, word := range s {
		if word != 0 {
			return false
		}
	}
	return true
}

// Count is the number of members.
func (s Set) Count() int {
	count := 0
	for _, word := range s {
		count += bits.OnesCount64(word)
	}
	return count
}

// Next is the smallest member that is at least i, or -1 if there is none.
func (s Set) Next(i int) int {
	i = max(i, 0)
	at := i / wordBits
	if at >= len(s) {
		return -1
	}
	word := s[at] >> (i % wordBits) << (i % wordBits)
	for word == 0 {
		if at++; at == len(s) {
			return -1
		}
		word = s[at]
	}
	return at*wordBits + bits.TrailingZeros64(word)
}

// All yields the members in ascending order. The loop may remove members: one that is removed before its word of 64 is
// reached is not yielded. A member added meanwhile may or may not be.
func (s Set) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for at, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(at*wordBits + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}
