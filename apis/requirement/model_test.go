package requirement_test

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
)

// A model is the plainest form of a requirement: for each of some sample values, and for absence, whether it is in.
// Intersection is "and". The samples are complete in the sense that every set the test makes, unless it is empty, has
// one of them: each bound has samples on both sides of it, and two samples are never excluded.
type model map[string]bool

const absent = "(absent)"

func samples() []string {
	out := []string{"", "a", "b", "true", "true-1", "1.5", "-1", absent, "unlisted", "5000000", // the last two are never excluded
		strconv.Itoa(math.MaxInt64 - 2), strconv.Itoa(math.MaxInt64 - 1), strconv.Itoa(math.MaxInt64)}
	for n := range 8 {
		out = append(out, strconv.Itoa(n))
	}
	return out
}

func newModel(in func(value string) bool, isAbsentIn bool) model {
	m := model{}
	for _, value := range samples() {
		if value == absent {
			m[value] = isAbsentIn
		} else {
			m[value] = in(value)
		}
	}
	return m
}

func (m model) and(o model) model {
	return newModel(func(value string) bool { return m[value] && o[value] }, m[absent] && o[absent])
}

func (m model) empty() bool { return !slices.Contains(slices.Collect(maps.Values(m)), true) }

// source turns bytes of the fuzzer into requirements. It goes on with zeros when there are no more.
type source []byte

func (s *source) below(n int) int {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return int(b) % n
}

// next is one requirement as the constructors make it, with its model.
func (s *source) next() (requirement.Requirement, model) {
	listable := slices.DeleteFunc(samples(), func(v string) bool { return v == absent })
	excludable := slices.DeleteFunc(slices.Clone(listable), func(v string) bool { return v == "unlisted" || v == "5000000" })
	bounds := []int64{-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, math.MinInt64, math.MaxInt64 - 2, math.MaxInt64 - 1, math.MaxInt64}
	some := func(of []string) []string {
		var out []string
		for range s.below(5) {
			out = append(out, of[s.below(len(of))])
		}
		return out
	}
	integers := func(in func(n int64) bool) model {
		return newModel(func(value string) bool {
			n, err := strconv.ParseInt(value, 10, 64)
			return err == nil && n >= 0 && in(n)
		}, false)
	}
	switch n := bounds[s.below(len(bounds))]; s.below(9) {
	case 0:
		values := some(listable)
		return requirement.In(key, values...), newModel(func(v string) bool { return slices.Contains(values, v) }, len(values) == 0)
	case 1, 2:
		values := some(excludable)
		return requirement.NotIn(key, values...), newModel(func(v string) bool { return !slices.Contains(values, v) }, true)
	case 3:
		return requirement.Exists(key), newModel(func(string) bool { return true }, false)
	case 4:
		return requirement.DoesNotExist(key), newModel(func(string) bool { return false }, true)
	case 5:
		return requirement.Gt(key, n), integers(func(v int64) bool { return v > n })
	case 6:
		return requirement.Lt(key, n), integers(func(v int64) bool { return v < n })
	case 7:
		return requirement.Gte(key, n), integers(func(v int64) bool { return v >= n })
	default:
		return requirement.Lte(key, n), integers(func(v int64) bool { return v <= n })
	}
}

// several is the intersection of up to five requirements.
func (s *source) several() (requirement.Requirement, model) {
	r, m := s.next()
	for range s.below(5) {
		next, nextModel := s.next()
		r, m = r.Intersect(next), m.and(nextModel)
	}
	return r.WithMinValues(s.below(3)), m
}

func requireModel(t *testing.T, m model, r requirement.Requirement) {
	t.Helper()
	for value, in := range m {
		if value == absent {
			require.Equal(t, in, r.HasAbsent(), "%s absent", r)
		} else {
			require.Equal(t, in, r.Has(value), "%s has %q", r, value)
		}
	}
	require.Equal(t, m.empty(), r.Empty(), "%s", r)
	pick, ok := r.Pick()
	require.Equal(t, ok, r.Len() > 0, "%s", r)
	require.Equal(t, ok, r.Has(pick) && ok, "%s has %q", r, pick)
	if r.Finite() {
		for _, value := range r.Values() {
			require.True(t, m[value])
		}
	}
	requireEntriesRoundTrip(t, r)
}

// requireLaws checks three requirements against their models, and the laws of intersection.
func requireLaws(t *testing.T, s source) {
	t.Helper()
	a, ma := s.several()
	b, mb := s.several()
	c, mc := s.several()
	requireModel(t, ma, a)
	requireModel(t, mb, b)
	ab := a.Intersect(b)
	requireModel(t, ma.and(mb), ab)
	requireModel(t, ma.and(mb).and(mc), ab.Intersect(c))

	require.Equal(t, !ma.and(mb).empty(), a.Intersects(b), "%s & %s", a, b)
	require.Equal(t, max(a.MinValues(), b.MinValues()), ab.MinValues())
	same := func(x, y requirement.Requirement) {
		t.Helper()
		require.True(t, x.Equal(y), "%s and %s", x, y)
		require.Equal(t, x.String(), y.String())
	}
	same(ab, b.Intersect(a))
	same(a, a.Intersect(a))
	same(a, a.Intersect(requirement.Any(key)))
	same(ab.Intersect(c), a.Intersect(b.Intersect(c)))
	same(ab, ab.Intersect(a))
	require.Equal(t, a.Equal(b), a.String() == b.String(), "%s and %s", a, b)
	if a.Equal(b) {
		require.Equal(t, ma, mb)
	}
	requireSetLaws(t, a, b)
}

// requireSetLaws checks what a Set says about one key against what the requirements say.
func requireSetLaws(t *testing.T, a, b requirement.Requirement) {
	t.Helper()
	sa, sb := requirement.NewSet(a), requirement.NewSet(b)
	require.Equal(t, a.Intersects(b), sa.Intersects(sb))
	require.Equal(t, a.Intersects(b), sa.Compatible(sb, nil) == nil)
	require.Equal(t, b.HasAbsent(), requirement.Set{}.Compatible(sb, nil) == nil)
	require.True(t, sa.Intersect(sb).Equal(requirement.NewSet(b, a)))
	require.Equal(t, a.HasAbsent(), sa.Match(nil))
	for _, value := range samples() {
		labels := map[string]string{key: value}
		require.Equal(t, sa.Match(labels) && sb.Match(labels), sa.Intersect(sb).Match(labels))
	}
	if value, ok := sa.Labels()[key]; ok {
		require.True(t, a.Intersect(requirement.NotIn(key, value)).Empty())
	}
}

func TestLawsOnPairsOfOperators(t *testing.T) {
	// One byte for the bound, one for the operator, one for the number of values, and the values; then the number of
	// further requirements (none) and MinValues.
	for x := range 9 {
		for y := range 9 {
			for n := range 14 {
				var s source
				for _, op := range []int{x, y, 0} {
					s = append(s, byte(n), byte(op))
					if op <= 2 {
						s = append(s, 2, byte(n), byte(n+y))
					}
					s = append(s, 0, byte(n%3))
				}
				requireLaws(t, s)
			}
		}
	}
}

func FuzzLaws(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{4, 7, 2, 5, 8, 5, 1, 3, 12, 13, 14, 0, 1, 0, 2, 1})
	f.Add([]byte("Gte 2, Lte 4, NotIn 2 3 4"))
	f.Fuzz(func(t *testing.T, in []byte) { requireLaws(t, in) })
}
