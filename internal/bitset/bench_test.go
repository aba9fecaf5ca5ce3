package bitset_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// offers is about the number of offerings in a large catalogue.
const offers = 4096

func every(step int) bitset.Set {
	s := bitset.New(offers)
	for i := 0; i < offers; i += step {
		s.Add(i)
	}
	return s
}

func TestOnlyNewAndCloneAllocate(t *testing.T) {
	a, b := every(3), every(7)
	sum := 0
	require.Zero(t, testing.AllocsPerRun(10, func() {
		a.Fill(offers)
		a.And(b)
		a.Or(b)
		a.AndNot(b)
		a.Add(9)
		a.Remove(9)
		for i := range b.All() {
			sum += i
		}
		if a.Has(1) || a.Intersects(b) || a.Equal(b) || !a.SubsetOf(b) || !a.Empty() || a.Count()+a.Next(0) > 0 {
			sum++
		}
		a.Clear()
	}))
}

func BenchmarkAlgebra(b *testing.B) {
	x, y, none := every(3), every(7), bitset.New(offers)
	sub := every(6)
	for name, op := range map[string]func(){
		"And":        func() { x.And(x) },
		"Or":         func() { x.Or(y) },
		"AndNot":     func() { sub.AndNot(none) },
		"Intersects": func() { none.Intersects(y) },
		"SubsetOf":   func() { sub.SubsetOf(x) },
		"Equal":      func() { y.Equal(y) },
		"Empty":      func() { none.Empty() },
		"Count":      func() { y.Count() },
		"Clone":      func() { y.Clone() },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				op()
			}
		})
	}
}

func BenchmarkIterate(b *testing.B) {
	for name, s := range map[string]bitset.Set{"dense": every(1), "sparse": every(100)} {
		b.Run("All/"+name, func(b *testing.B) {
			b.ReportAllocs()
			sum := 0
			for b.Loop() {
				for i := range s.All() {
					sum += i
				}
			}
		})
		b.Run("Next/"+name, func(b *testing.B) {
			b.ReportAllocs()
			sum := 0
			for b.Loop() {
				for i := s.Next(0); i >= 0; i = s.Next(i + 1) {
					sum += i
				}
			}
		})
	}
}
