package disruption_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/fake"
)

// budgetPool is a NodePool with the disruption that the YAML states.
func budgetPool(t *testing.T, text string) *v1.NodePool {
	t.Helper()
	pool := fake.NodePool("general")
	pool.Spec.Disruption = v1.Disruption{}
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &pool.Spec.Disruption))
	v1.SetDefaultsNodePool(pool)
	return pool
}

// budgetCases are the budgets of people who wondered what they mean, with what they come to.
var budgetCases = []struct {
	name     string
	yaml     string
	calendar string
	findings string
}{
	{
		name: "the default",
		yaml: `consolidationPolicy: WhenEmptyOrUnderutilized`,
		calendar: `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        every day  00:00-24:00 2
Empty          every day  00:00-24:00 2
Underutilized  every day  00:00-24:00 2
`,
	},
	{
		// A reason that no budget names is not forbidden: it is free.
		name: "only empty nodes by day, others by night (aws#7026, core#2374)",
		yaml: `
budgets:
- {duration: 20h, nodes: 20%, reasons: [Empty], schedule: 0 6 * * *}
- {duration: 4h, nodes: 20%, reasons: [Underutilized, Empty], schedule: 0 2 * * *}
`,
		calendar: `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        every day  00:00-24:00 unlimited
Empty          every day  00:00-24:00 4
Underutilized  every day  00:00-02:00 unlimited, 02:00-06:00 4, 06:00-24:00 unlimited
`,
		findings: `
spec.disruption.budgets: no budget covers Drifted at any time: any number of nodes may be disrupted then
spec.disruption.budgets: no budget covers Underutilized 06:00-02:00 UTC: any number of nodes may be disrupted then
`,
	},
	{
		name: "a window for working days that leaves nights and weekends free (core#1939)",
		yaml: `
budgets:
- {schedule: 0 8 * * mon-fri, duration: 8h, nodes: 10%, reasons: [Empty, Underutilized]}
- {nodes: "0", reasons: [Drifted]}
`,
		calendar: `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        every day  00:00-24:00 none
Empty          Mon - Fri  00:00-08:00 unlimited, 08:00-16:00 2, 16:00-24:00 unlimited
               Sat, Sun   00:00-24:00 unlimited
Underutilized  Mon - Fri  00:00-08:00 unlimited, 08:00-16:00 2, 16:00-24:00 unlimited
               Sat, Sun   00:00-24:00 unlimited
`,
		findings: `
spec.disruption.budgets[1]: forbids disruption for Drifted for good
spec.disruption.budgets: no budget covers Empty Mon - Fri 00:00-08:00, 16:00-24:00; Sat, Sun 00:00-24:00 UTC: any number of nodes may be disrupted then
spec.disruption.budgets: no budget covers Underutilized Mon - Fri 00:00-08:00, 16:00-24:00; Sat, Sun 00:00-24:00 UTC: any number of nodes may be disrupted then
`,
	},
	{
		name: "a night without consolidation, and two at most otherwise (core#1691)",
		yaml: `
budgets:
- {nodes: "2"}
- {duration: 20h, nodes: "1", reasons: [Empty, Drifted], schedule: 0 7 * * *}
- {duration: 20h, nodes: "0", reasons: [Underutilized], schedule: 0 7 * * *}
`,
		calendar: `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        every day  00:00-03:00 1, 03:00-07:00 2, 07:00-24:00 1
Empty          every day  00:00-03:00 1, 03:00-07:00 2, 07:00-24:00 1
Underutilized  every day  00:00-03:00 none, 03:00-07:00 2, 07:00-24:00 none
`,
	},
	{
		name: "all reasons spelled out for working hours (core#2344)",
		yaml: `
budgets:
- {duration: 12h, nodes: "0", reasons: [Drifted, Empty, Underutilized], schedule: 0 10 * * mon-fri}
- {nodes: "2"}
`,
		calendar: `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        Mon - Fri  00:00-10:00 2, 10:00-22:00 none, 22:00-24:00 2
               Sat, Sun   00:00-24:00 2
Empty          Mon - Fri  00:00-10:00 2, 10:00-22:00 none, 22:00-24:00 2
               Sat, Sun   00:00-24:00 2
Underutilized  Mon - Fri  00:00-10:00 2, 10:00-22:00 none, 22:00-24:00 2
               Sat, Sun   00:00-24:00 2
`,
	},
	{
		// A maintenance window that is written as leave restrains within the window, and nothing outside of it.
		name: "a maintenance window as if budgets gave leave (core#2183)",
		yaml: `
budgets:
- {nodes: 35%, schedule: 0 1 * * mon, duration: 4h}
- {nodes: 35%, reasons: [Empty]}
`,
		calendar: `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        Mon        00:00-01:00 unlimited, 01:00-05:00 7, 05:00-24:00 unlimited
               Tue - Sun  00:00-24:00 unlimited
Empty          every day  00:00-24:00 7
Underutilized  Mon        00:00-01:00 unlimited, 01:00-05:00 7, 05:00-24:00 unlimited
               Tue - Sun  00:00-24:00 unlimited
`,
		findings: `
spec.disruption.budgets: no budget covers Drifted Mon 00:00-01:00, 05:00-24:00; Tue - Sun 00:00-24:00 UTC: any number of nodes may be disrupted then
spec.disruption.budgets: no budget covers Underutilized Mon 00:00-01:00, 05:00-24:00; Tue - Sun 00:00-24:00 UTC: any number of nodes may be disrupted then
`,
	},
	{
		// An hourly window of an hour is no rate: it is always open.
		name: "one node an hour (core#1438)",
		yaml: `
budgets:
- {nodes: "1"}
- {duration: 60m, nodes: 1%, schedule: "@hourly"}
- {duration: 17h, nodes: "0", schedule: 0 9 * * *}
`,
		calendar: `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        every day  00:00-02:00 none, 02:00-09:00 1, 09:00-24:00 none
Empty          every day  00:00-02:00 none, 02:00-09:00 1, 09:00-24:00 none
Underutilized  every day  00:00-02:00 none, 02:00-09:00 1, 09:00-24:00 none
`,
		findings: `
spec.disruption.budgets[1]: its schedule has no effect: the windows follow each other without a gap
`,
	},
	{
		name: "a closed week from hour to hour (core#1066)",
		yaml: `
budgets:
- {schedule: 0 * * * mon-fri, duration: 1h, nodes: "0"}
- {nodes: 10%}
`,
		calendar: `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        Mon - Fri  00:00-24:00 none
               Sat, Sun   00:00-24:00 2
Empty          Mon - Fri  00:00-24:00 none
               Sat, Sun   00:00-24:00 2
Underutilized  Mon - Fri  00:00-24:00 none
               Sat, Sun   00:00-24:00 2
`,
	},
	{
		name: "budgets that can never matter",
		yaml: `
consolidationPolicy: WhenEmpty
budgets:
- {nodes: 10%}
- {nodes: 20%, reasons: [Empty]}
- {nodes: 10%}
- {nodes: 100%}
- {nodes: "0", reasons: [Underutilized]}
- {nodes: "0", schedule: 0 0 30 2 *, duration: 1h}
- {nodes: "3"}
`,
		calendar: `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        every day  00:00-24:00 2
Empty          every day  00:00-24:00 2
Underutilized  every day  00:00-24:00 none
`,
		findings: `
spec.disruption.budgets[1]: has no effect: whenever it is in force, others are that allow no more. Of all budgets in force the smallest counts
spec.disruption.budgets[2]: has no effect: it says the same as budgets[0]
spec.disruption.budgets[3]: has no effect: it allows all nodes. Budgets restrain only, they give no leave that others deny
spec.disruption.budgets[4]: has no effect: the pool is never disrupted for Underutilized (consolidationPolicy is WhenEmpty)
spec.disruption.budgets[5]: has no effect: it never comes into force
`,
	},
	{
		name: "no budgets at all",
		yaml: `budgets: []`,
		calendar: `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        every day  00:00-24:00 unlimited
Empty          every day  00:00-24:00 unlimited
Underutilized  every day  00:00-24:00 unlimited
`,
		findings: `
spec.disruption.budgets: no budget covers Drifted at any time: any number of nodes may be disrupted then
spec.disruption.budgets: no budget covers Empty at any time: any number of nodes may be disrupted then
spec.disruption.budgets: no budget covers Underutilized at any time: any number of nodes may be disrupted then
`,
	},
	{
		name: "the first of the month",
		yaml: `
budgets:
- {nodes: "1", schedule: "@monthly", duration: 24h}
- {nodes: 50%, reasons: [Empty, Underutilized]}
`,
		calendar: `
budgets of NodePool general with 20 nodes, Mon 2026-01-05 to Sun 2026-01-11 UTC
Drifted        every day  00:00-24:00 unlimited
Empty          every day  00:00-24:00 10
Underutilized  every day  00:00-24:00 10
`,
		findings: `
spec.disruption.budgets: no budget covers Drifted at times (96.72% of the year): any number of nodes may be disrupted then
`,
	},
}

func TestBudgetCalendarsAndWhatIsOddAboutThem(t *testing.T) {
	from := time.Date(2026, 1, 5, 9, 30, 0, 0, time.UTC)
	for _, c := range budgetCases {
		t.Run(c.name, func(t *testing.T) {
			pool := budgetPool(t, c.yaml)
			calendar, err := disruption.BudgetCalendar(pool, 20, from, 7)
			require.NoError(t, err)
			require.Equal(t, strings.TrimLeft(c.calendar, "\n"), calendar.String())
			var findings strings.Builder
			for _, f := range disruption.Lint(pool) {
				findings.WriteString(f.String() + "\n")
			}
			require.Equal(t, strings.TrimLeft(c.findings, "\n"), findings.String())
		})
	}
}

// At every quarter of an hour the calendar says what the API says.
func TestCalendarsAgreeWithTheBudgets(t *testing.T) {
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for _, c := range budgetCases {
		pool := budgetPool(t, c.yaml)
		for _, nodes := range []int{0, 7, 20} {
			calendar, err := disruption.BudgetCalendar(pool, nodes, from, 7)
			require.NoError(t, err)
			covered := map[v1.DisruptionReason]time.Time{}
			for _, w := range calendar.Windows {
				if at, known := covered[w.Reason]; known {
					require.Equal(t, at, w.From, "%s: a gap", c.name)
				} else {
					require.Equal(t, calendar.From, w.From, c.name)
				}
				require.True(t, w.From.Before(w.To), c.name)
				require.Equal(t, w.Allowed == v1.Unlimited, w.Budget < 0, c.name)
				covered[w.Reason] = w.To
				for at := w.From; at.Before(w.To); at = at.Add(15 * time.Minute) {
					want, err := pool.AllowedDisruptions(at, nodes, w.Reason)
					require.NoError(t, err)
					require.Equal(t, want, w.Allowed, "%s: %s for %s", c.name, at, w.Reason)
				}
			}
			require.Len(t, covered, 3)
			for reason, at := range covered {
				require.Equal(t, calendar.To, at, "%s: %s", c.name, reason)
			}
		}
	}
}

func TestCalendarsOfStaticPoolsAreAboutDrift(t *testing.T) {
	pool := budgetPool(t, `budgets: [{nodes: "1", reasons: [Empty]}]`)
	pool.Spec.Replicas = ptr.To(int64(3))
	calendar, err := disruption.BudgetCalendar(pool, 3, now, 1)
	require.NoError(t, err)
	require.Equal(t, "budgets of NodePool general with 3 nodes, Mon 2026-01-05 to Mon 2026-01-05 UTC\nDrifted  Mon  00:00-24:00 unlimited\n", calendar.String())
	findings := disruption.Lint(pool)
	require.Equal(t, []disruption.FindingCode{disruption.FindingIrrelevant, disruption.FindingUncovered},
		[]disruption.FindingCode{findings[0].Code, findings[1].Code})
}

func TestLongCalendarsNameDates(t *testing.T) {
	pool := budgetPool(t, `budgets: [{nodes: "0", schedule: "0 12 10,20 * *", duration: 12h}, {nodes: "3"}]`)
	calendar, err := disruption.BudgetCalendar(pool, 5, now, 20)
	require.NoError(t, err)
	require.Contains(t, calendar.String(), `
Drifted        2026-01-05 - 2026-01-09, 2026-01-11 - 2026-01-19, 2026-01-21 - 2026-01-24  00:00-24:00 3
               2026-01-10, 2026-01-20                                                     00:00-12:00 3, 12:00-24:00 none
`)
}

func TestCalendarsOfBadInput(t *testing.T) {
	bad := budgetPool(t, `budgets: [{nodes: "1"}, {nodes: some}, {nodes: "1", schedule: "0 25 * * *", duration: 1h}, {nodes: "1", schedule: "@daily"}]`)
	_, err := disruption.BudgetCalendar(bad, 5, now, 7)
	require.ErrorContains(t, err, "NodePool general: spec.disruption.budgets[1]: ")
	require.ErrorContains(t, err, "spec.disruption.budgets[2]: ")
	require.ErrorContains(t, err, "spec.disruption.budgets[3]: schedule and duration must be set together")
	var codes []disruption.FindingCode
	for _, f := range disruption.Lint(bad) {
		codes = append(codes, f.Code)
	}
	require.Equal(t, []disruption.FindingCode{disruption.FindingInvalid, disruption.FindingInvalid, disruption.FindingInvalid}, codes)

	good := budgetPool(t, `{}`)
	for _, days := range []int{-1, 0, 93, math.MaxInt} {
		_, err := disruption.BudgetCalendar(good, 5, now, days)
		require.ErrorContains(t, err, "a calendar has 1 to 92 days")
	}
	_, err = disruption.BudgetCalendar(&v1.NodePool{}, -1, time.Time{}, 1)
	require.NoError(t, err)
	require.Len(t, disruption.Lint(&v1.NodePool{}), 3, "no budget covers anything")
}
