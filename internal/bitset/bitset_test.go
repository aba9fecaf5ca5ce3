package bitset_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

func of(capacity int, members ...int) bitset.Set {
	s := bitset.New(capacity)
	for _, i := range members {
		s.Add(i)
	}
	return s
}

func list(s bitset.Set) []int { return slices.Collect(s.All()) }

func TestMembersAtTheEdgesOfWords(t *testing.T) {
	members := []int{0, 1, 63, 64, 127, 128, 191}
	s := of(192, members...)
	require.Equal(t, members, list(s))
	require.Equal(t, len(members), s.Count())
	for i := range 192 {
		require.Equal(t, slices.Contains(members, i), s.Has(i), i)
	}
	s.Remove(64)
	s.Remove(64)
	require.False(t, s.Has(64))
	require.Equal(t, len(members)-1, s.Count())
}

func TestOutOfRange(t *testing.T) {
	s := bitset.New(65)
	for _, i := range []int{-1, -64, 128, 1 << 40} {
		require.False(t, s.Has(i))
		require.NotPanics(t, func() { s.Remove(i) })
		require.Panics(t, func() { s.Add(i) })
	}
	require.Zero(t, bitset.New(-1000).Count())
	require.Panics(t, func() { s.Fill(129) })
	require.Panics(t, func() { of(64).Or(of(128, 100)) })
	require.NotPanics(t, func() { of(64).Or(of(128, 10)) })
}

func TestNilIsTheEmptySet(t *testing.T) {
	var s bitset.Set
	one := of(10, 3)
	require.True(t, s.Empty())
	require.False(t, s.Has(0))
	require.Zero(t, s.Count())
	require.Equal(t, -1, s.Next(0))
	require.Nil(t, list(s))
	require.Nil(t, s.Clone())
	require.True(t, s.SubsetOf(one))
	require.False(t, one.SubsetOf(s))
	require.True(t, s.Equal(bitset.New(100)))
	require.False(t, s.Intersects(one))
	s.Clear()
	s.Fill(0)
	s.And(one)
	s.AndNot(one)
	one.Or(s)
	require.Equal(t, []int{3}, list(one))
	one.And(s)
	require.True(t, one.Empty())
}

func TestNext(t *testing.T) {
	s := of(200, 5, 64, 190)
	for from, want := range map[int]int{-9: 5, 0: 5, 5: 5, 6: 64, 64: 64, 65: 190, 190: 190, 191: -1, 192: -1, 1000: -1} {
		require.Equal(t, want, s.Next(from), from)
	}
}

func TestFillLeavesTheRest(t *testing.T) {
	for _, n := range []int{-1, 0, 1, 63, 64, 65, 128} {
		s := of(192, 190)
		s.Fill(n)
		require.Equal(t, max(n, 0)+1, s.Count(), n)
		require.True(t, s.Has(190))
		require.False(t, s.Has(max(n, 0)))
	}
}

func TestCloneSharesNothing(t *testing.T) {
	s := of(64, 1)
	c := s.Clone()
	c.Add(2)
	require.Equal(t, []int{1}, list(s))
	require.Equal(t, []int{1, 2}, list(c))
}

func TestAllStopsAndToleratesRemoval(t *testing.T) {
	s := of(200, 1, 2, 70, 150)
	var seen []int
	for i := range s.All() {
		seen = append(seen, i)
		s.Remove(150)
		if i == 70 {
			break
		}
	}
	require.Equal(t, []int{1, 2, 70}, seen)
	require.Equal(t, []int{1, 2, 70}, list(s))
}

// FuzzAgainstMap runs a program of operations on two sets and on two maps, and compares everything after each step. The
// two capacities differ.
func FuzzAgainstMap(f *testing.F) {
	f.Add([]byte{0, 3, 1, 70, 6, 0, 4, 0, 5, 0, 7, 0, 8, 65})
	f.Add([]byte{8, 128, 1, 100, 4, 0, 2, 5, 3, 0, 6, 0})
	f.Fuzz(func(t *testing.T, program []byte) {
		const small, large = 70, 200 // rounded up to 128 and 256
		a, b := bitset.New(small), bitset.New(large)
		ma, mb := map[int]bool{}, map[int]bool{}
		program = program[:min(len(program), 64)] // longer ones find nothing more, and slowly
		for ; len(program) >= 2; program = program[2:] {
			i := int(program[1])
			switch program[0] % 10 {
			case 0:
				a.Add(i % 128)
				ma[i%128] = true
			case 1:
				b.Add(i)
				mb[i] = true
			case 2:
				a.Remove(i)
				delete(ma, i)
			case 3:
				b.Remove(i)
				delete(mb, i)
			case 4:
				b.And(a)
				maps.DeleteFunc(mb, func(i int, _ bool) bool { return !ma[i] })
			case 5:
				a.And(b)
				maps.DeleteFunc(ma, func(i int, _ bool) bool { return !mb[i] })
			case 6:
				b.Or(a)
				maps.Copy(mb, ma)
			case 7:
				b.AndNot(a)
				maps.DeleteFunc(mb, func(i int, _ bool) bool { return ma[i] })
			case 8:
				a.Fill(i % 129)
				for j := range i % 129 {
					ma[j] = true
				}
			case 9:
				if i < 20 {
					a.Clear()
					clear(ma)
				} else {
					a.AndNot(b)
					maps.DeleteFunc(ma, func(i int, _ bool) bool { return mb[i] })
				}
			}
			requireSame(t, ma, a)
			requireSame(t, mb, b)
			requireRelations(t, a, b, ma, mb)
			requireRelations(t, b, a, mb, ma)
		}
	})
}

func requireSame(t *testing.T, m map[int]bool, s bitset.Set) {
	t.Helper()
	members := slices.Sorted(maps.Keys(m))
	require.True(t, slices.Equal(members, list(s)), "want %v, have %v", members, list(s))
	require.Equal(t, len(m), s.Count())
	require.Equal(t, len(m) == 0, s.Empty())
	next := -1
	for i := 300; i >= -1; i-- {
		if m[i] {
			next = i
		}
		if m[i] != s.Has(i) || next != s.Next(i) {
			require.Fail(t, "Has or Next differ", "at %d: want %v %d, have %v %d", i, m[i], next, s.Has(i), s.Next(i))
		}
	}
	require.True(t, s.Equal(s.Clone()))
}

func requireRelations(t *testing.T, a, b bitset.Set, ma, mb map[int]bool) {
	t.Helper()
	common := 0
	for i := range ma {
		if mb[i] {
			common++
		}
	}
	require.Equal(t, common > 0, a.Intersects(b))
	require.Equal(t, common == len(ma), a.SubsetOf(b))
	require.Equal(t, maps.Equal(ma, mb), a.Equal(b))
}
