package disruption

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/fake"
)

func budgeting(budgets ...v1.Budget) *v1.NodePool {
	pool := fake.NodePool("general")
	pool.Spec.Disruption.Budgets = budgets
	return pool
}

func TestBudgetCalendar(t *testing.T) {
	for _, tt := range []struct {
		name  string
		pool  *v1.NodePool
		nodes int
		days  int
		want  string
	}{
		{"what the API server fills in", budgeting(always("10%")), 20, 7, `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        every day  00:00-24:00 2
Empty          every day  00:00-24:00 2
Underutilized  every day  00:00-24:00 2
`},
		// The example of the documentation: the third budget forbids ten minutes a day, and the second bounds the rest.
		{"per reason, and ten minutes a day", budgeting(always("20%", v1.ReasonEmpty, v1.ReasonDrifted), always("5"),
			during("0", "@daily", 10*time.Minute, v1.ReasonUnderutilized)), 20, 7, `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        every day  00:00-24:00 4
Empty          every day  00:00-24:00 4
Underutilized  every day  00:00-00:10 none, 00:10-24:00 5
`},
		// What people take for leave at night is none by day, and no bound at night.
		{"working hours", budgeting(during("0", "0 9 * * mon-fri", 8*time.Hour)), 20, 7, `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        Mon - Fri  00:00-09:00 unlimited, 09:00-17:00 none, 17:00-24:00 unlimited
               Sat, Sun   00:00-24:00 unlimited
Empty          Mon - Fri  00:00-09:00 unlimited, 09:00-17:00 none, 17:00-24:00 unlimited
               Sat, Sun   00:00-24:00 unlimited
Underutilized  Mon - Fri  00:00-09:00 unlimited, 09:00-17:00 none, 17:00-24:00 unlimited
               Sat, Sun   00:00-24:00 unlimited
`},
		{"over midnight, on one day", budgeting(during("0", "0 22 * * *", 4*time.Hour), during("1", "0 2 * * *", 20*time.Hour)), 1, 1, `
budgets of NodePool general with 1 node, Mon 2026-01-05 to Mon 2026-01-05 UTC
Drifted        Mon  00:00-02:00 none, 02:00-22:00 1, 22:00-24:00 none
Empty          Mon  00:00-02:00 none, 02:00-22:00 1, 22:00-24:00 none
Underutilized  Mon  00:00-02:00 none, 02:00-22:00 1, 22:00-24:00 none
`},
		{"a pool with replicas only drifts", func() *v1.NodePool {
			pool := budgeting(during("0", "0 0 10 * *", day))
			pool.Spec.Replicas = new(int64)
			return pool
		}(), 20, 14, `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-18 UTC
Drifted  2026-01-05 - 2026-01-09, 2026-01-11 - 2026-01-18  00:00-24:00 unlimited
         2026-01-10                                        00:00-24:00 none
`},
		{"every other minute", budgeting(during("1", "*/2 * * * *", time.Minute, v1.ReasonEmpty), always("2")), 20, 1, `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Mon 2026-01-05 UTC
Drifted        Mon  00:00-24:00 2
Empty          Mon  00:00-00:01 1, 00:01-00:02 2, 00:02-00:03 1, 00:03-00:04 2, 00:04-00:05 1, 00:05-00:06 2, 00:06-00:07 1, 00:07-00:08 2, and 1432 more
Underutilized  Mon  00:00-24:00 2
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := BudgetCalendar(tt.pool, tt.nodes, noon, tt.days)
			require.NoError(t, err)
			require.Equal(t, strings.TrimPrefix(tt.want, "\n"), c.String())
		})
	}
}

func TestBudgetCalendarErrors(t *testing.T) {
	_, err := BudgetCalendar(budgeting(always("1"), always("some"), during("1", "at noon", time.Hour)), 20, noon, 7)
	require.ErrorContains(t, err, "NodePool general: spec.disruption.budgets[1]: nodes \"some\"")
	require.ErrorContains(t, err, "spec.disruption.budgets[2]: schedule \"at noon\"")
	for _, days := range []int{-1, 0, 93} {
		_, err = BudgetCalendar(budgeting(), 20, noon, days)
		require.ErrorContains(t, err, "a calendar has 1 to 92 days")
	}
}

// The calendar says at any instant what the NodePool says, and its windows leave no gap.
func TestBudgetCalendarIsWhatTheNodePoolAllows(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(texts ...string) string { return texts[random.IntN(len(texts))] }
	reasons := []v1.DisruptionReason{v1.ReasonDrifted, v1.ReasonEmpty, v1.ReasonUnderutilized}
	for range 60 {
		pool := budgeting()
		for range random.IntN(5) {
			b := always(pick("0", "3", "10%", "55%", "100%"))
			if random.IntN(3) > 0 {
				b = during(b.Nodes, pick("0 9 * * mon-fri", "30 22 * * *", "@weekly", "0 */5 * * *", "15 4 6 1 *"), time.Duration(random.IntN(900)+1)*time.Minute)
			}
			if random.IntN(2) > 0 {
				b.Reasons = reasons[random.IntN(3):]
			}
			pool.Spec.Disruption.Budgets = append(pool.Spec.Disruption.Budgets, b)
		}
		nodes := random.IntN(30)
		c, err := BudgetCalendar(pool, nodes, noon, 9)
		require.NoError(t, err)
		at := map[v1.DisruptionReason]time.Time{}
		for _, w := range c.Windows {
			if from, known := at[w.Reason]; known {
				require.Equal(t, from, w.From)
			} else {
				require.Equal(t, c.From, w.From)
			}
			at[w.Reason] = w.To
			for _, instant := range []time.Time{w.From, w.From.Add(time.Duration(random.Int64N(int64(w.To.Sub(w.From))))), w.To.Add(-time.Nanosecond)} {
				allowed, err := pool.AllowedDisruptions(instant, nodes, w.Reason)
				require.NoError(t, err)
				require.Equal(t, allowed, w.Allowed, "%s at %s: %+v", w.Reason, instant, pool.Spec.Disruption.Budgets)
			}
		}
		for _, reason := range reasons {
			require.Equal(t, c.To, at[reason])
		}
	}
}

func TestLint(t *testing.T) {
	half := during("1", "0 2 * * *", 4*time.Hour, v1.ReasonUnderutilized)
	const anyNumber = ": any number of nodes may be disrupted then"
	for _, tt := range []struct {
		name string
		pool *v1.NodePool
		want []string
	}{
		{"nothing to say", budgeting(always("10%")), nil},
		{"nothing to say of what the reasons share", budgeting(always("20%", v1.ReasonEmpty, v1.ReasonDrifted), always("5"), during("0", "@daily", 10*time.Minute, v1.ReasonUnderutilized)), nil},
		{"windows that cover the day", budgeting(during("0", "0 22 * * *", 4*time.Hour), during("10%", "0 2 * * *", 20*time.Hour)), nil},
		{"no budgets", budgeting(), []string{
			"uncovered spec.disruption.budgets: no budget covers Drifted at any time" + anyNumber,
			"uncovered spec.disruption.budgets: no budget covers Empty at any time" + anyNumber,
			"uncovered spec.disruption.budgets: no budget covers Underutilized at any time" + anyNumber,
		}},
		{"a budget that was meant as leave", budgeting(half, always("10%", v1.ReasonEmpty, v1.ReasonDrifted)), []string{
			"uncovered spec.disruption.budgets: no budget covers Underutilized 06:00-02:00 UTC" + anyNumber,
		}},
		{"working hours", budgeting(during("0", "0 9 * * mon-fri", 8*time.Hour, v1.ReasonDrifted), always("10%", v1.ReasonEmpty, v1.ReasonUnderutilized)), []string{
			"uncovered spec.disruption.budgets: no budget covers Drifted Mon - Fri 00:00-09:00, 17:00-24:00; Sat, Sun 00:00-24:00 UTC" + anyNumber,
		}},
		{"once in four years", budgeting(during("0", "0 0 29 2 *", time.Hour, v1.ReasonDrifted), always("10%", v1.ReasonEmpty, v1.ReasonUnderutilized)), []string{
			"uncovered spec.disruption.budgets: no budget covers Drifted at times (99.99% of the year)" + anyNumber,
		}},
		{"closed for good", budgeting(always("0%")), []string{"closed spec.disruption.budgets[0]: forbids disruption for all reasons for good"}},
		{"closed for a reason", budgeting(always("0", v1.ReasonEmpty, v1.ReasonDrifted), always("5")), []string{
			"closed spec.disruption.budgets[0]: forbids disruption for Drifted and Empty for good"}},
		{"100 % is no leave", budgeting(always("0", v1.ReasonDrifted), always("10%"), always("100%", v1.ReasonDrifted)), []string{
			"closed spec.disruption.budgets[0]: forbids disruption for Drifted for good",
			"unlimited spec.disruption.budgets[2]: has no effect: it allows all nodes. Budgets restrain only, they give no leave that others deny",
		}},
		{"twice the same", budgeting(always("5"), always("5")), []string{"duplicate spec.disruption.budgets[1]: has no effect: it says the same as budgets[0]"}},
		{"more than another allows", budgeting(always("5"), always("7", v1.ReasonEmpty), always("10%"), always("20%")), []string{
			"shadowed spec.disruption.budgets[1]: has no effect: whenever it is in force, others are that allow no more. Of all budgets in force the smallest counts",
			"shadowed spec.disruption.budgets[3]: has no effect: whenever it is in force, others are that allow no more. Of all budgets in force the smallest counts",
		}},
		{"a schedule without a gap", budgeting(during("1", "0 * * * *", time.Hour)), []string{
			"always-active spec.disruption.budgets[0]: its schedule has no effect: the windows follow each other without a gap"}},
		{"never", budgeting(always("10%"), during("1", "0 0 30 2 *", time.Hour)), []string{
			"never-active spec.disruption.budgets[1]: has no effect: it never comes into force"}},
		{"cannot be read", budgeting(during("0", "@daily", time.Hour), always("some")), []string{
			`invalid spec.disruption.budgets[1]: nodes "some" is neither a number such as 5 nor a percentage from 0% to 100%: the pool allows no disruption at all`}},
		{"only when empty", func() *v1.NodePool {
			pool := budgeting(always("10%"), half)
			pool.Spec.Disruption.ConsolidationPolicy = v1.ConsolidationPolicyWhenEmpty
			return pool
		}(), []string{"irrelevant spec.disruption.budgets[1]: has no effect: the pool is never disrupted for Underutilized (consolidationPolicy is WhenEmpty)"}},
		{"never consolidated", func() *v1.NodePool {
			pool := budgeting(always("10%", v1.ReasonDrifted), always("5", v1.ReasonEmpty, v1.ReasonUnderutilized))
			pool.Spec.Disruption.ConsolidateAfter = v1.Never()
			return pool
		}(), []string{"irrelevant spec.disruption.budgets[1]: has no effect: the pool is never disrupted for " +
			"Empty (consolidateAfter is Never), Underutilized (consolidateAfter is Never)"}},
		{"replicas", func() *v1.NodePool {
			pool := budgeting(always("10%", v1.ReasonEmpty))
			pool.Spec.Replicas = new(int64)
			return pool
		}(), []string{
			"irrelevant spec.disruption.budgets[0]: has no effect: the pool is never disrupted for Empty (the pool has replicas)",
			"uncovered spec.disruption.budgets: no budget covers Drifted at any time" + anyNumber,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, f := range Lint(tt.pool) {
				got = append(got, string(f.Code)+" "+f.String())
			}
			require.Equal(t, tt.want, got)
		})
	}
}
