package scheduling_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// From the effort on that suffices for a first attempt, more effort never gives a dearer plan, nor one that places fewer
// pods: what comes after that attempt is only taken where it is better. (With less, pods take turns, and who is placed
// depends on how far the attempt got.) Preferences come before prices, and groups are planned anew when one comes out
// incomplete, so neither are in these worlds.
func TestMoreEffortNeverGivesADearerPlan(t *testing.T) {
	t.Parallel()
	f, err := gen.ParseFeatures("full,-Groups,-Preferences")
	require.NoError(t, err)
	grew := 0
	for seed := range uint64(80) {
		if f.Size = gen.Minute; seed%3 == 0 {
			f.Size = gen.Small
		}
		grew += effortLadder(t, fmt.Sprint("world ", seed), gen.World(seed, f))
	}
	for _, batch := range batches {
		for _, pods := range []int{60, 250} {
			grew += effortLadder(t, fmt.Sprintf("%s, %d pods", batch.name, pods), batch.make(pods, 100))
		}
	}
	require.Greater(t, grew, 10, "effort makes a difference")
}

// effortLadder doubles the effort until there is enough for all, and returns how often that gave a better plan.
func effortLadder(t *testing.T, name string, s scheduling.Snapshot) (better int) {
	p, err := scheduling.Compile(s)
	require.NoError(t, err, name)
	solve := func(effort int) (plan *scheduling.Plan, first string) {
		trace := &scheduling.Trace{Attempt: func(strategy string, price float64, unplaced int) {
			if first == "" {
				first = fmt.Sprint(strategy, price, unplaced)
			}
		}}
		plan, err := p.Solve(t.Context(), scheduling.Options{Effort: effort, Trace: trace, Preferences: scheduling.PreferencesIgnore})
		require.NoError(t, err, name)
		return plan, first
	}
	most, whole := solve(0)
	var last *scheduling.Plan
	for effort := 8; ; effort *= 2 {
		plan, first := most, whole
		if effort < 2*most.Stats.Effort {
			plan, first = solve(effort)
		}
		if last != nil {
			require.GreaterOrEqual(t, len(plan.Assignments), len(last.Assignments), "%s: pods placed with effort %d", name, effort)
			if len(plan.Assignments) == len(last.Assignments) {
				require.LessOrEqual(t, plan.Price(), last.Price()*(1+1e-6)+1e-9, "%s: price with effort %d", name, effort)
			}
			if len(plan.Assignments) > len(last.Assignments) || plan.Price() < last.Price()*(1-1e-6) {
				better++
			}
		}
		if plan == most {
			return better
		}
		if first == whole {
			last = plan
		}
	}
}
