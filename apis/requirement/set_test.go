package requirement_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
)

func TestSetIsSortedAndIntersectsEqualKeys(t *testing.T) {
	s := requirement.NewSet(
		requirement.In("zone", "a", "b", "c"),
		requirement.Gte("cpu", 2),
		requirement.NotIn("zone", "b"),
		requirement.Exists("arch"),
		requirement.Lte("cpu", 8).WithMinValues(2),
	)
	require.Equal(t, "arch Exists, cpu Exists >=2 <=8 minValues 2, zone In [a c]", s.String())
	require.Equal(t, 3, s.Len())
	require.Equal(t, []string{"arch", "cpu", "zone"}, s.Keys())
	var seen []string
	for r := range s.All() {
		seen = append(seen, r.Key())
	}
	require.Equal(t, s.Keys(), seen)
}

func TestSetZeroValue(t *testing.T) {
	var s requirement.Set
	require.Zero(t, s.Len())
	require.Nil(t, s.Keys())
	require.False(t, s.Has("zone"))
	require.True(t, s.Get("zone").Equal(requirement.Any("zone")))
	require.True(t, s.Match(nil))
	require.Empty(t, s.Labels())
	require.NotNil(t, s.Labels())
	require.True(t, s.Equal(requirement.NewSet()))
	require.Equal(t, "", s.String())
	require.True(t, s.Intersect(s).Equal(s))
	_, empty := s.Empty()
	require.False(t, empty)
}

func TestSetGetAndHas(t *testing.T) {
	s := requirement.NewSet(requirement.In("b", "1"), requirement.Any("d"))
	require.True(t, s.Has("b"))
	require.True(t, s.Has("d"), "a requirement that everything satisfies is still one")
	require.False(t, s.Has("a"))
	require.False(t, s.Has("c"))
	require.Equal(t, "b In [1]", s.Get("b").String())
	require.Equal(t, "c Any", s.Get("c").String())
}

func TestWithLeavesTheReceiverAlone(t *testing.T) {
	values := []requirement.Requirement{requirement.In("b", "1", "2"), requirement.Exists("a")}
	s := requirement.NewSet(values...)
	require.Equal(t, "b", values[0].Key(), "the caller's slice is not sorted")

	one := s.With(requirement.In("b", "1"), requirement.In("c", "x"))
	two := s.With(requirement.In("b", "2"), requirement.In("d", "y"))
	require.Equal(t, "a Exists, b In [1 2]", s.String())
	require.Equal(t, "a Exists, b In [1], c In [x]", one.String())
	require.Equal(t, "a Exists, b In [2], d In [y]", two.String())
	require.Equal(t, "a Exists, b In [], c In [x], d In [y]", one.Intersect(two).String())
	require.True(t, one.Intersect(two).Equal(two.Intersect(one)))
	require.False(t, one.Equal(two))
}

func TestMatch(t *testing.T) {
	labels := func(pairs ...string) map[string]string {
		out := map[string]string{}
		for _, p := range pairs {
			k, v, _ := strings.Cut(p, "=")
			out[k] = v
		}
		return out
	}
	s := requirement.NewSet(requirement.In("zone", "a"), requirement.NotIn("gpu", "old"), requirement.DoesNotExist("spot"))
	require.True(t, s.Match(labels("zone=a")))
	require.True(t, s.Match(labels("zone=a", "gpu=new", "else=1")))
	require.False(t, s.Match(labels("zone=b")))
	require.False(t, s.Match(labels("zone=a", "gpu=old")))
	require.False(t, s.Match(labels("zone=a", "spot=")))
	require.False(t, s.Match(nil))
}

func TestLabelsAreTheKeysWithOneValue(t *testing.T) {
	s := requirement.NewSet(
		requirement.In("one", "x"),
		requirement.In("blank", ""),
		requirement.In("two", "x", "y"),
		requirement.DoesNotExist("absent"),
		requirement.Exists("exists"),
		requirement.NotIn("not", "x"),
		requirement.Gte("range", 7), requirement.Lte("range", 8),
		requirement.Gte("last", 7), requirement.Lte("last", 8), requirement.NotIn("last", "7"),
		requirement.In("none", "x"), requirement.In("none", "y"),
	)
	require.Equal(t, map[string]string{"one": "x", "blank": "", "last": "8"}, s.Labels())
}

func TestSetEmptyNamesTheFirst(t *testing.T) {
	s := requirement.NewSet(
		requirement.In("a", "x"), requirement.DoesNotExist("b"),
		requirement.In("c", "x"), requirement.In("c", "y"),
		requirement.Gt("d", 9), requirement.Lt("d", 9),
	)
	r, empty := s.Empty()
	require.True(t, empty)
	require.Equal(t, "c", r.Key())
}

func TestConflictNamesTheFirst(t *testing.T) {
	s := requirement.NewSet(requirement.In("a", "x"), requirement.In("c", "x"), requirement.In("d", "x"))
	o := requirement.NewSet(requirement.In("b", "y"), requirement.In("c", "y"), requirement.In("d", "y"))
	a, b, conflict := s.Conflict(o)
	require.True(t, conflict)
	require.Equal(t, "c In [x]", a.String())
	require.Equal(t, "c In [y]", b.String())
	require.False(t, s.Intersects(o))

	_, _, conflict = s.Conflict(requirement.NewSet(requirement.In("b", "y"), requirement.NotIn("d", "y")))
	require.False(t, conflict)
}

// Fourteen keys, one for each operand: text and entries come in the order of the keys, whatever the order given.
func TestSetOfMixedRequirements(t *testing.T) {
	entries := []requirement.Entry{
		{Key: "exists", Operator: requirement.OpExists},
		{Key: "doesNotExist", Operator: requirement.OpDoesNotExist},
		{Key: "inA", Operator: requirement.OpIn, Values: []string{"A"}},
		{Key: "inB", Operator: requirement.OpIn, Values: []string{"B"}},
		{Key: "inAB", Operator: requirement.OpIn, Values: []string{"A", "B"}},
		{Key: "notInA", Operator: requirement.OpNotIn, Values: []string{"A"}},
		{Key: "in1", Operator: requirement.OpIn, Values: []string{"1"}},
		{Key: "in9", Operator: requirement.OpIn, Values: []string{"9"}},
		{Key: "in19", Operator: requirement.OpIn, Values: []string{"1", "9"}},
		{Key: "notIn12", Operator: requirement.OpNotIn, Values: []string{"1", "2"}},
		{Key: "gte2", Operator: requirement.OpGte, Values: []string{"2"}},
		{Key: "gte10", Operator: requirement.OpGte, Values: []string{"10"}},
		{Key: "lte0", Operator: requirement.OpLte, Values: []string{"0"}},
		{Key: "lte8", Operator: requirement.OpLte, Values: []string{"8"}},
	}
	var rs []requirement.Requirement
	for _, e := range entries {
		r, err := requirement.New(e.Key, e.Operator, e.Values)
		require.NoError(t, err)
		rs = append(rs, r.WithMinValues(2))
	}
	s := requirement.NewSet(rs...)
	slices.Reverse(rs)
	require.Equal(t, s.String(), requirement.NewSet(rs...).String())
	require.True(t, slices.IsSorted(s.Keys()))

	var back []requirement.Entry
	for r := range s.All() {
		require.Equal(t, 2, r.MinValues())
		back = append(back, r.Entries()...)
	}
	require.ElementsMatch(t, entries, back)
}
