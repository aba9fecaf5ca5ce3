package requirement_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
)

// Membership, operator, length, pick and text of every operand.
func TestOperands(t *testing.T) {
	for i, want := range []struct {
		text     string
		values   string // which of A, B, 1, 2, 9 satisfy it
		absent   bool
		operator requirement.Operator
		length   int
		pick     string
	}{
		{"key Exists", "AB129", false, requirement.OpExists, math.MaxInt, "true"},
		{"key DoesNotExist", "", true, requirement.OpDoesNotExist, 0, ""},
		{"key In [A]", "A", false, requirement.OpIn, 1, "A"},
		{"key In [B]", "B", false, requirement.OpIn, 1, "B"},
		{"key In [A B]", "AB", false, requirement.OpIn, 2, "A"},
		{"key NotIn [A]", "B129", true, requirement.OpNotIn, math.MaxInt - 1, "true"},
		{"key In [1]", "1", false, requirement.OpIn, 1, "1"},
		{"key In [9]", "9", false, requirement.OpIn, 1, "9"},
		{"key In [1 9]", "19", false, requirement.OpIn, 2, "1"},
		{"key NotIn [1 2]", "AB9", true, requirement.OpNotIn, math.MaxInt - 2, "true"},
		{"key Exists >=2", "29", false, requirement.OpExists, math.MaxInt, "2"},
		{"key Exists >=10", "", false, requirement.OpExists, math.MaxInt, "10"},
		{"key Exists <=0", "", false, requirement.OpExists, math.MaxInt, "0"},
		{"key Exists <=8", "12", false, requirement.OpExists, math.MaxInt, "0"},
	} {
		t.Run(want.text, func(t *testing.T) {
			r := operands()[i]
			require.Equal(t, want.text, r.String())
			has := ""
			for _, value := range []string{"A", "B", "1", "2", "9"} {
				if r.Has(value) {
					has += value
				}
			}
			require.Equal(t, want.values, has)
			require.Equal(t, want.absent, r.HasAbsent())
			require.Equal(t, want.operator, r.Operator())
			require.Equal(t, want.length, r.Len())
			require.Equal(t, want.operator == requirement.OpIn || want.operator == requirement.OpDoesNotExist, r.Finite())
			require.False(t, r.Empty())
			pick, ok := r.Pick()
			require.Equal(t, want.pick, pick)
			require.Equal(t, want.operator != requirement.OpDoesNotExist, ok)
		})
	}
}

func TestBounds(t *testing.T) {
	const least, most = math.MinInt64, math.MaxInt64
	gt := func(n int64) requirement.Requirement { return requirement.Gt(key, n) }
	gte := func(n int64) requirement.Requirement { return requirement.Gte(key, n) }
	lt := func(n int64) requirement.Requirement { return requirement.Lt(key, n) }
	lte := func(n int64) requirement.Requirement { return requirement.Lte(key, n) }
	not := func(values ...string) requirement.Requirement { return requirement.NotIn(key, values...) }
	for _, c := range []struct {
		why  string
		got  requirement.Requirement
		want string
	}{
		{"a lower bound is inclusive", gte(5), "Exists >=5"},
		{"an upper bound is inclusive", lte(5), "Exists <=5"},
		{"the two make a range", all(gte(2), lte(8)), "Exists >=2 <=8"},
		{"Gt n is Gte n+1", gt(4), short(gte(5))},
		{"Lt n is Lte n-1", lt(6), short(lte(5))},
		{"of several lower bounds the greatest counts", all(gt(1), gte(5), gt(3)), "Exists >=5"},
		{"of several upper bounds the least counts", all(lt(9), lte(5), lt(7)), "Exists <=5"},
		{"Gt tighter than Gte", all(gte(5), gt(5)), "Exists >=6"},
		{"Gte tighter than Gt", all(gt(5), gte(8)), "Exists >=8"},
		{"Lt tighter than Lte", all(lte(5), lt(5)), "Exists <=4"},
		{"Lte tighter than Lt", all(lt(5), lte(2)), "Exists <=2"},
		{"a range of one stays a range", all(gte(7), lte(7)), "Exists >=7 <=7"},
		{"crossed bounds leave nothing", all(gte(8), lte(2)), "In []"},
		{"no integer is greater than the greatest", gt(most), "In []"},
		{"no integer is less than the least", lt(least), "In []"},
		{"the greatest integer is a bound", gte(most), "Exists >=9223372036854775807"},
		{"an upper bound that excludes nothing", lte(most), "Exists >=0"},
		{"a lower bound that excludes nothing", gt(least), "Exists >=0"},
		{"no label value is below zero", lt(0), "In []"},
		{"nor is one admitted by Lte", lte(-1), "In []"},
		{"a lower bound below zero is zero", all(gte(-5), lte(3)), "Exists <=3"},
		{"zero adds nothing to an upper bound", all(gte(0), lte(3)), "Exists <=3"},
		{"exclusions stay beside bounds", all(not("4", "6"), gte(2), lte(8)), "Exists NotIn [4 6] >=2 <=8"},
		{"exclusions out of bounds are forgotten", all(not("1", "4", "9", "a", "-3"), gte(2), lte(8)), "Exists NotIn [4] >=2 <=8"},
		{"forgotten when the bounds are narrowed too", all(not("4", "6"), gte(2), lte(5)), "Exists NotIn [4] >=2 <=5"},
		{"a range fully excluded is empty", all(gte(2), lte(4), not("2", "4"), not("3")), "In []"},
		{"another spelling does not fill the range", all(gte(2), lte(3), not("02", "2")), "Exists NotIn [02 2] >=2 <=3"},
		{"nor does it keep it alive", all(gte(2), lte(2), not("2")), "In []"},
		{"listed values are filtered", all(requirement.In(key, "1", "5", "9", "a", "05"), gte(2), lte(8)), "In [05 5]"},
		{"letters are out of any bounds", all(requirement.In(key, "A", "B"), lte(9)), "In []"},
		{"bounds exclude absence", all(requirement.DoesNotExist(key), gte(0)), "In []"},
	} {
		t.Run(c.why, func(t *testing.T) {
			require.Equal(t, c.want, short(c.got))
			require.Equal(t, c.want == "In []", c.got.Empty())
			pick, ok := c.got.Pick()
			require.Equal(t, !c.got.Empty(), ok)
			require.Equal(t, ok, c.got.Has(pick), "picked %q", pick)
		})
	}
}

func TestHasReadsIntegersAsTheKubernetesSchedulerDoes(t *testing.T) {
	anyInteger := requirement.Gte(key, 0)
	for _, value := range []string{
		"0", "7", "007", "9223372036854775807", "000000000000000000000000000000000000000000000000000000000000007",
		"9223372036854775808", "18446744073709551617", "99999999999999999999", "", "a", "1a", "1.0", "1_000", "0x10", "1e3", "٣", " 1",
	} {
		_, err := strconv.ParseInt(value, 10, 64)
		require.Equal(t, err == nil, anyInteger.Has(value), "%q", value)
	}
	// Signs cannot occur in a label value.
	for _, value := range []string{"-1", "+1", "-0"} {
		require.False(t, anyInteger.Has(value), "%q", value)
		require.False(t, requirement.Lte(key, 9).Has(value), "%q", value)
	}
	require.True(t, requirement.Gte(key, 0).Has("0"))
	require.True(t, requirement.Lte(key, 0).Has("0"))
	require.False(t, requirement.Lte(key, 0).Has("1"))
}

func TestAbsence(t *testing.T) {
	exists, absent, notA := requirement.Exists(key), requirement.DoesNotExist(key), requirement.NotIn(key, "A")

	// A label cannot both be there and not. Operator hides it, Empty and Equal do not.
	both := exists.Intersect(absent)
	require.True(t, both.Empty())
	require.Equal(t, requirement.OpDoesNotExist, both.Operator())
	require.False(t, both.Equal(absent))
	require.NotEqual(t, both.String(), absent.String())
	require.False(t, exists.Intersects(absent))

	// A node without the label satisfies both.
	require.True(t, notA.Intersect(absent).Equal(absent))
	require.True(t, notA.Intersects(absent))

	// An exclusion admits absence until something demands the label.
	demanded := notA.Intersect(exists)
	require.Equal(t, requirement.OpNotIn, demanded.Operator())
	require.False(t, demanded.HasAbsent())
	require.False(t, demanded.Intersects(absent))
	require.False(t, demanded.Equal(notA))
}

func TestDegenerateForms(t *testing.T) {
	require.True(t, requirement.In(key).Equal(requirement.DoesNotExist(key)))
	require.True(t, requirement.NotIn(key).Equal(requirement.Any(key)))
	require.Equal(t, requirement.OpNotIn, requirement.Any(key).Operator())
	require.True(t, requirement.In(key, "b", "a", "b").Equal(requirement.In(key, "a", "b")))
	require.True(t, requirement.In(key, "").Has(""))
	require.False(t, requirement.In(key, "").Empty())
	require.True(t, requirement.Requirement{}.Empty())
	require.False(t, requirement.In(key, "a").Equal(requirement.In("other", "a")))
	for _, r := range operands() {
		require.True(t, r.Equal(requirement.Any(key).Intersect(r)))
		require.True(t, r.Equal(r.Intersect(requirement.Any(key))))
	}
}

func TestMinValues(t *testing.T) {
	r := requirement.In(key, "a", "b")
	require.Zero(t, r.MinValues())
	require.Zero(t, r.WithMinValues(-1).MinValues())
	more := r.WithMinValues(3)
	require.Equal(t, 3, more.MinValues())
	require.Equal(t, "key In [a b] minValues 3", more.String())
	require.False(t, more.Equal(r))
	require.Zero(t, r.MinValues(), "the receiver is not changed")
	require.False(t, more.Empty(), "fewer values than wanted is for the caller to judge")
}

func TestPickAvoidsExclusions(t *testing.T) {
	for _, c := range []struct {
		r    requirement.Requirement
		want string
	}{
		{requirement.Any(key), "true"},
		{requirement.NotIn(key, "true"), "true-1"},
		{requirement.NotIn(key, "true", "true-1", "true-2"), "true-3"},
		{all(requirement.Gte(key, 3), requirement.NotIn(key, "3", "4")), "5"},
		{all(requirement.Gte(key, math.MaxInt64-1), requirement.NotIn(key, "9223372036854775806")), "9223372036854775807"},
		{requirement.In(key, "9", "10"), "10"},
	} {
		got, ok := c.r.Pick()
		require.True(t, ok)
		require.Equal(t, c.want, got, c.r.String())
	}
}

func TestConstructorsNeitherKeepNorChangeTheSlice(t *testing.T) {
	values := []string{"c", "a", "b"}
	in, not := requirement.In(key, values...), requirement.NotIn(key, values...)
	require.Equal(t, []string{"c", "a", "b"}, values)
	values[0] = "z"
	require.Equal(t, "key In [a b c]", in.String())
	require.Equal(t, "key NotIn [a b c]", not.String())

	in.Values()[0] = "z"
	in.Entries()[0].Values[0] = "z"
	require.Equal(t, []string{"a", "b", "c"}, in.Values())
	require.Nil(t, requirement.Exists(key).Values())
}

func TestStringIsUnambiguous(t *testing.T) {
	require.Equal(t, `key In ["a b"]`, requirement.In(key, "a b").String())
	require.Equal(t, `key In [a b]`, requirement.In(key, "a", "b").String())
	require.Equal(t, `key In [""]`, requirement.In(key, "").String())
	require.Equal(t, `"" In []`, requirement.Requirement{}.String())
	require.Equal(t, `topology.kubernetes.io/zone Any`, requirement.Any("topology.kubernetes.io/zone").String())
}
