package disruption

import (
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
