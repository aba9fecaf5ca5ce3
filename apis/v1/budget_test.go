package v1_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// at reads an instant in UTC.
func at(t *testing.T, text string) time.Time {
	t.Helper()
	instant, err := time.Parse("2006-01-02 15:04:05", text)
	require.NoError(t, err)
	return instant
}

func scheduled(nodes, schedule, duration string, reasons ...v1.DisruptionReason) v1.Budget {
	d, err := time.ParseDuration(duration)
	if err != nil {
		panic(err)
	}
	return v1.Budget{Nodes: nodes, Schedule: &schedule, Duration: &metav1.Duration{Duration: d}, Reasons: reasons}
}

func always(nodes string, reasons ...v1.DisruptionReason) v1.Budget {
	return v1.Budget{Nodes: nodes, Reasons: reasons}
}

func TestBudgetIsActiveFromAHitUntilItsDurationHasPassed(t *testing.T) {
	for _, tt := range []struct {
		name, schedule, duration, at string
		want                         bool
	}{
		{"at the hit", "@daily", "30m", "2026-01-05 00:00:00", true},
		{"in the middle", "@daily", "30m", "2026-01-05 00:15:00", true},
		{"a second before the end", "@daily", "30m", "2026-01-05 00:29:59", true},
		{"at the end", "@daily", "30m", "2026-01-05 00:30:00", false},
		{"a second before the hit", "@daily", "30m", "2026-01-05 23:59:59", false},
		{"the duration is longer than the period", "@daily", "48h", "2026-01-05 13:00:00", true},
		{"the window began yesterday", "0 22 * * *", "4h", "2026-01-05 01:59:59", true},
		{"the window of yesterday has ended", "0 22 * * *", "4h", "2026-01-05 02:00:00", false},
		{"the last hit of a range", "0 9-17 * * mon-fri", "1h", "2026-01-05 17:59:59", true},
		{"after the last hit of a range", "0 9-17 * * mon-fri", "1h", "2026-01-05 18:00:00", false},
		{"not on Sundays", "0 9-17 * * mon-fri", "1h", "2026-01-04 12:00:00", false},
		{"the 31st", "0 0 31 * *", "24h", "2026-01-31 23:59:59", true},
		{"February has no 31st", "0 0 31 * *", "24h", "2026-02-28 12:00:00", false},
		{"nor does March begin with one", "0 0 31 * *", "24h", "2026-03-01 00:00:00", false},
		{"a window over the end of a month", "0 12 31 * *", "24h", "2026-02-01 11:59:59", true},
		{"a window over the end of a year", "0 12 31 12 *", "24h", "2027-01-01 11:59:59", true},
		{"a leap day", "0 0 29 2 *", "24h", "2028-02-29 12:00:00", true},
		{"no leap day", "0 0 29 2 *", "24h", "2027-03-01 00:00:00", false},
		{"day of month or day of week, where both are given", "0 0 13 * fri", "1h", "2026-01-13 00:00:00", true},
		{"the other of the two", "0 0 13 * fri", "1h", "2026-01-16 00:00:00", true},
		{"Sunday is 0", "0 0 * * 0", "1h", "2026-01-04 00:30:00", true},
		{"the week begins on Sunday", "@weekly", "1h", "2026-01-04 00:30:00", true},
		{"a duration of zero", "@daily", "0s", "2026-01-05 00:00:00", false},
		{"a day that does not exist", "0 0 30 2 *", "24h", "2026-02-28 12:00:00", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			budget := scheduled("1", tt.schedule, tt.duration)
			active, err := budget.Active(at(t, tt.at))
			require.NoError(t, err)
			require.Equal(t, tt.want, active)
		})
	}
}

// Schedules are in UTC whatever the zone of the clock, so that no day has 23 or 25 hours.
func TestBudgetsKnowUTCOnly(t *testing.T) {
	budget := scheduled("0", "@daily", "30m")
	east := time.FixedZone("east", 3600)
	active, err := budget.Active(time.Date(2026, 1, 5, 0, 15, 0, 0, east))
	require.NoError(t, err)
	require.False(t, active, "midnight in the east is not midnight in UTC")
	active, err = budget.Active(time.Date(2026, 1, 5, 1, 15, 0, 0, east))
	require.NoError(t, err)
	require.True(t, active)

	// The night of a change to summer time in Europe: 02:30 does not exist there, and does here.
	budget = scheduled("0", "30 2 * * *", "15m")
	active, err = budget.Active(at(t, "2026-03-29 02:40:00"))
	require.NoError(t, err)
	require.True(t, active)
	change, err := budget.NextChange(at(t, "2026-03-29 00:00:00").In(east))
	require.NoError(t, err)
	require.Equal(t, at(t, "2026-03-29 02:30:00"), change)
}

func TestNextChange(t *testing.T) {
	for _, tt := range []struct{ name, schedule, duration, at, want string }{
		{"opens", "@daily", "30m", "2026-01-05 00:30:00", "2026-01-06 00:00:00"},
		{"closes", "@daily", "30m", "2026-01-05 00:00:00", "2026-01-05 00:30:00"},
		{"within a second", "@daily", "30m", "2026-01-05 23:59:59", "2026-01-06 00:00:00"},
		{"windows that touch are one", "0 9-17 * * mon-fri", "1h", "2026-01-05 09:30:00", "2026-01-05 18:00:00"},
		{"windows that overlap are one", "0 9-17 * * mon-fri", "90m", "2026-01-05 09:30:00", "2026-01-05 18:30:00"},
		{"windows with a gap are not", "0 9-17 * * mon-fri", "45m", "2026-01-05 09:30:00", "2026-01-05 09:45:00"},
		{"opens after the weekend", "0 9-17 * * mon-fri", "1h", "2026-01-02 18:00:00", "2026-01-05 09:00:00"},
		{"days that touch are one", "@daily", "24h", "2026-01-05 12:00:00", ""},
		{"workdays that touch are one", "0 0 * * mon-fri", "24h", "2026-01-05 12:00:00", "2026-01-10 00:00:00"},
		{"every minute for longer than a minute", "* * * * *", "2m", "2026-01-05 12:00:30", ""},
		{"every minute of an hour", "* 8 * * *", "2m", "2026-01-05 08:00:30", "2026-01-05 09:01:00"},
		{"closes where a month has no 31st", "0 0 1-31 2 *", "24h", "2026-02-10 00:00:00", "2026-03-01 00:00:00"},
		{"an hourly one opens", "@hourly", "10m", "2026-01-05 12:30:00", "2026-01-05 13:00:00"},
		{"closes in a leap year", "@yearly", "8760h", "2026-06-01 00:00:00", "2028-12-31 00:00:00"},
		{"a leap day", "0 0 29 2 *", "24h", "2026-06-01 00:00:00", "2028-02-29 00:00:00"},
		{"a duration of zero", "@daily", "0s", "2026-01-05 00:00:00", ""},
		{"a day that does not exist", "0 0 30 2 *", "24h", "2026-01-05 00:00:00", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			budget := scheduled("1", tt.schedule, tt.duration)
			change, err := budget.NextChange(at(t, tt.at))
			require.NoError(t, err)
			if tt.want == "" {
				require.True(t, change.IsZero(), change)
				return
			}
			require.Equal(t, at(t, tt.want), change)
			before, err := budget.Active(at(t, tt.at))
			require.NoError(t, err)
			after, err := budget.Active(change)
			require.NoError(t, err)
			require.NotEqual(t, before, after)
		})
	}

	unscheduled := always("1")
	change, err := unscheduled.NextChange(at(t, "2026-01-05 00:00:00"))
	require.NoError(t, err)
	require.True(t, change.IsZero())
}

// NextChange against asking Active minute by minute.
func TestNextChangeIsTheFirstChange(t *testing.T) {
	for _, schedule := range []string{"@daily", "@hourly", "*/7 * * * *", "0 9-17 * * mon-fri", "30 23 * * *", "15 3,4,20 */2 * *", "0 0 1 * *"} {
		for _, duration := range []string{"1m", "7m", "10m", "1h", "90m", "7h", "24h", "25h"} {
			budget := scheduled("1", schedule, duration)
			now := at(t, "2026-02-26 07:13:00")
			was, err := budget.Active(now)
			require.NoError(t, err)
			want := time.Time{}
			for m := now; m.Before(now.Add(33 * 24 * time.Hour)); m = m.Add(time.Minute) {
				is, err := budget.Active(m)
				require.NoError(t, err)
				if is != was {
					want = m
					break
				}
			}
			got, err := budget.NextChange(now)
			require.NoError(t, err)
			require.Equal(t, want, got, "%s for %s", schedule, duration)
		}
	}
}

func TestAllowedDisruptions(t *testing.T) {
	const monday = "2026-01-05 10:00:00"
	for _, tt := range []struct {
		name    string
		budgets []v1.Budget
		nodes   int
		reason  v1.DisruptionReason
		want    int
	}{
		{"no budget", nil, 100, v1.ReasonEmpty, math.MaxInt32},
		{"a number", []v1.Budget{always("10")}, 100, v1.ReasonEmpty, 10},
		{"a number above the number of nodes", []v1.Budget{always("10")}, 3, v1.ReasonEmpty, 10},
		{"a number beyond all bounds", []v1.Budget{always("99999999999")}, 3, v1.ReasonEmpty, math.MaxInt32},
		{"a percentage", []v1.Budget{always("10%")}, 100, v1.ReasonEmpty, 10},
		{"a percentage is rounded up", []v1.Budget{always("5%")}, 10, v1.ReasonEmpty, 1},
		{"and up", []v1.Budget{always("10%")}, 101, v1.ReasonEmpty, 11},
		{"and up again", []v1.Budget{always("99%")}, 199, v1.ReasonEmpty, 198},
		{"all", []v1.Budget{always("100%")}, 7, v1.ReasonEmpty, 7},
		{"a percentage of no nodes", []v1.Budget{always("10%")}, 0, v1.ReasonEmpty, 0},
		{"a percentage of very many nodes", []v1.Budget{always("50%")}, math.MaxInt32, v1.ReasonEmpty, 1 << 30},
		{"none", []v1.Budget{always("0")}, 100, v1.ReasonEmpty, 0},
		{"none in percent", []v1.Budget{always("0%")}, 100, v1.ReasonEmpty, 0},
		{"the smallest counts", []v1.Budget{always("10"), always("4"), always("7")}, 100, v1.ReasonEmpty, 4},
		{"a budget for another reason does not count", []v1.Budget{always("10"), always("4", v1.ReasonDrifted)}, 100, v1.ReasonEmpty, 10},
		{"a budget for this reason does", []v1.Budget{always("10"), always("4", v1.ReasonEmpty, v1.ReasonDrifted)}, 100, v1.ReasonDrifted, 4},
		{"a larger budget for this reason does not help", []v1.Budget{always("10"), always("20", v1.ReasonEmpty)}, 100, v1.ReasonEmpty, 10},
		{"an active schedule", []v1.Budget{always("10"), scheduled("0", "0 9 * * mon-fri", "8h")}, 100, v1.ReasonEmpty, 0},
		{"an inactive schedule", []v1.Budget{always("10"), scheduled("0", "0 18 * * mon-fri", "8h")}, 100, v1.ReasonEmpty, 10},
		{"nothing but an inactive schedule", []v1.Budget{scheduled("0", "0 18 * * mon-fri", "8h")}, 100, v1.ReasonEmpty, math.MaxInt32},
		{"an active schedule for another reason", []v1.Budget{scheduled("0", "0 9 * * *", "8h", v1.ReasonDrifted)}, 100, v1.ReasonEmpty, math.MaxInt32},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool := v1.NodePool{Spec: v1.NodePoolSpec{Disruption: v1.Disruption{Budgets: tt.budgets}}}
			allowed, err := pool.AllowedDisruptions(at(t, monday), tt.nodes, tt.reason)
			require.NoError(t, err)
			require.Equal(t, tt.want, allowed)
		})
	}
}

// A budget that cannot be read closes the pool, also for reasons and at times that it does not speak of.
func TestUnreadableBudgetsFailClosed(t *testing.T) {
	for _, tt := range []struct {
		name string
		bad  v1.Budget
		want string
	}{
		{"schedule", scheduled("5", "0 0 * * tue-mon", "1h", v1.ReasonDrifted), `schedule "0 0 * * tue-mon"`},
		{"interval", scheduled("5", "@every 1h", "1h", v1.ReasonDrifted), "fixed intervals"},
		{"time zone", scheduled("5", "TZ=UTC", "1h", v1.ReasonDrifted), "UTC"},
		{"nodes", always("many", v1.ReasonDrifted), `nodes "many"`},
		{"inactive nodes", scheduled("many", "0 18 * * *", "1h", v1.ReasonDrifted), `nodes "many"`},
		{"schedule alone", v1.Budget{Nodes: "5", Schedule: ptr.To("@daily")}, "together"},
		{"duration alone", v1.Budget{Nodes: "5", Duration: &metav1.Duration{Duration: time.Hour}}, "together"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool := v1.NodePool{Spec: v1.NodePoolSpec{Disruption: v1.Disruption{Budgets: []v1.Budget{always("10"), tt.bad}}}}
			allowed, err := pool.AllowedDisruptions(at(t, "2026-01-05 10:00:00"), 100, v1.ReasonEmpty)
			require.ErrorContains(t, err, "spec.disruption.budgets[1]: ")
			require.ErrorContains(t, err, tt.want)
			require.Zero(t, allowed)
		})
	}
}

// No text makes a budget panic, and what is active now changes later or never.
func FuzzSchedule(f *testing.F) {
	for _, s := range []string{"@daily", "0 9 * * mon-fri", "*/15 8-17 1,15 jan-jun ?", "TZ=", "CRON_TZ=UTC", "@", "", "0 0 29 2 *", "0/70 * * * *"} {
		f.Add(s, int64(90))
	}
	now := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, schedule string, minutes int64) {
		budget := v1.Budget{Nodes: "1", Schedule: &schedule, Duration: &metav1.Duration{Duration: time.Duration(minutes%100000) * time.Minute}}
		active, err := budget.Active(now)
		change, errChange := budget.NextChange(now)
		require.Equal(t, err == nil, errChange == nil)
		if err == nil && !change.IsZero() {
			require.True(t, change.After(now))
			then, err := budget.Active(change)
			require.NoError(t, err)
			require.NotEqual(t, active, then)
		}
	})
}
