package requirement_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
)

func TestNew(t *testing.T) {
	for _, c := range []struct {
		op     requirement.Operator
		values string
		want   string
	}{
		{"In", "b a", `zone In [a b]`},
		{"In", "", `requirement on "zone": operator In needs at least one value`},
		{"NotIn", "b a", `zone NotIn [a b]`},
		{"NotIn", "", `requirement on "zone": operator NotIn needs at least one value`},
		{"Exists", "", `zone Exists`},
		{"Exists", "a", `requirement on "zone": operator Exists takes no values, has ["a"]`},
		{"DoesNotExist", "", `zone DoesNotExist`},
		{"DoesNotExist", "a", `requirement on "zone": operator DoesNotExist takes no values, has ["a"]`},
		{"Gt", "1", `zone Exists >=2`},
		{"Gt", "-5", `zone Exists >=0`},
		{"Gte", "1", `zone Exists >=1`},
		{"Lt", "1", `zone Exists <=0`},
		{"Lte", "1", `zone Exists <=1`},
		{"Lte", "1 2", `requirement on "zone": operator Lte needs exactly one value, has ["1" "2"]`},
		{"Gt", "", `requirement on "zone": operator Gt needs exactly one value, has []`},
		{"Gt", "two", `requirement on "zone": operator Gt needs a 64-bit integer, has "two"`},
		{"Lt", "9223372036854775808", `requirement on "zone": operator Lt needs a 64-bit integer, has "9223372036854775808"`},
		{"in", "a", `requirement on "zone": unknown operator "in"`},
		{"", "", `requirement on "zone": unknown operator ""`},
	} {
		t.Run(string(c.op)+" "+c.values, func(t *testing.T) {
			r, err := requirement.New("zone", c.op, strings.Fields(c.values))
			if err != nil {
				require.EqualError(t, err, c.want)
				require.Equal(t, requirement.Requirement{}, r)
				return
			}
			require.Equal(t, c.want, r.String())
		})
	}
}

// Entries of every operand, and of the forms that need more than one.
func TestEntries(t *testing.T) {
	not := requirement.NotIn
	rs := append(operands(),
		requirement.Any(key),
		requirement.Requirement{}.Intersect(requirement.Any("")),
		all(requirement.Gte(key, 2), requirement.Lte(key, 8)),
		all(requirement.Gte(key, 2), requirement.Lte(key, 8), not(key, "4", "6")),
		all(requirement.Lte(key, 8), not(key, "0")),
		all(requirement.Gte(key, 0), not(key, "7")),
		all(requirement.Exists(key), not(key, "a")),
		all(requirement.Exists(key), requirement.DoesNotExist(key)),
	)
	want := []string{
		"Exists", "DoesNotExist", "In A", "In B", "In A B", "NotIn A", "In 1", "In 9", "In 1 9", "NotIn 1 2",
		"Gte 2", "Gte 10", "Lte 0", "Lte 8",
		"",
		"Exists, DoesNotExist",
		"Gte 2, Lte 8",
		"Gte 2, Lte 8, NotIn 4 6",
		"Lte 8, NotIn 0",
		"Gte 0, NotIn 7",
		"Exists, NotIn a",
		"Exists, DoesNotExist",
	}
	require.Len(t, rs, len(want))
	for i, r := range rs {
		var texts []string
		for _, e := range r.Entries() {
			require.Equal(t, r.Key(), e.Key)
			texts = append(texts, strings.TrimSpace(string(e.Operator)+" "+strings.Join(e.Values, " ")))
		}
		require.Equal(t, want[i], strings.Join(texts, ", "))
		requireEntriesRoundTrip(t, r)
	}
}

// requireEntriesRoundTrip checks that what r is written as is read as r. MinValues travels beside the entries.
func requireEntriesRoundTrip(t *testing.T, r requirement.Requirement) {
	t.Helper()
	back := requirement.Any(r.Key()).WithMinValues(r.MinValues())
	for _, e := range r.Entries() {
		one, err := requirement.New(e.Key, e.Operator, e.Values)
		require.NoError(t, err)
		back = back.Intersect(one)
	}
	require.True(t, r.Equal(back), "%s was read back as %s", r, back)
}
