// Package bitset is a set of small non-negative integers, one bit each. The engine numbers whatever it has many of
// (offerings, signatures of pods, daemons) and then asks its questions of 64 of them at a time.
//
// It is not a general container: a set does not grow. [New] fixes the capacity, and every other method but [Set.Clone]
// works without allocating.
//
//	fits := bitset.New(len(offers))
//	fits.Fill(len(offers))
//	fits.And(inZone)
//	for i := range fits.All() { ... }
//
// Invariants:
//
//   - A [Set] is a slice: copying the variable shares the bits, Clone does not. Methods named after a verb (Add, Remove,
//     And, Or, AndNot, Clear, Fill) write to the receiver and to nothing else.
//   - nil is the empty set with capacity 0. All reading methods accept it, and sets of different capacity: what lies
//     beyond the capacity is not a member.
//   - Putting a member beyond the capacity is a mistake of the caller and panics. Asking for one is answered with false.
//   - Iteration is in ascending order.
//   - Reading concurrently is safe, as with any slice.
package bitset
