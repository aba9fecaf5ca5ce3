package scheduling_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/internal/oracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// In random worlds, the plan with alternatives places as many pods as the one without, says truly what it has and costs,
// and the oracle accepts it.
func TestAlternativesInRandomWorlds(t *testing.T) {
	launches, short, before, worlds, cheaper := 0, 0, 0, min(100, *worldCount), 0
	for i := range worlds {
		seed, content := *firstSeed+uint64(i), featuresOf(t)
		if i%32 != 0 {
			content.Size = gen.Minute
		}
		s := withSiblings(gen.World(seed, content))
		problem, err := scheduling.Compile(s)
		require.NoError(t, err, "seed %d", seed)
		opts := scheduling.Options{MinAlternatives: 2 + i%2, WithinPercent: []float64{10, 25, 60}[i/3%3]}
		plan, err := problem.Solve(t.Context(), opts)
		require.NoError(t, err, "seed %d", seed)
		plain, err := problem.Solve(t.Context(), scheduling.Options{})
		require.NoError(t, err, "seed %d", seed)
		counted, err := problem.Solve(t.Context(), scheduling.Options{MinAlternatives: 1, WithinPercent: opts.WithinPercent})
		require.NoError(t, err, "seed %d", seed)
		require.Empty(t, unexplained(oracle.Check(s, plan)), "seed %d, %+v\n%s\n%s", seed, opts, plan, gen.Dump(s))
		require.Empty(t, oracle.UnplacedWith(s, plan, opts), "seed %d, %+v\n%s\n%s", seed, opts, plan, gen.Dump(s))
		require.Empty(t, alternativesBroken(plan, opts), "seed %d, %+v\n%s\n%s", seed, opts, plan, gen.Dump(s))
		require.Equal(t, plain.Launches, withoutCounts(counted.Launches), "seed %d: to count alternatives changes the plan", seed)
		if len(plan.Unplaced) == len(plain.Unplaced) && plan.Flexibility.Cost > 0 {
			require.InDelta(t, plan.Price()-plain.Price(), plan.Flexibility.Cost, 1e-6, "seed %d, %+v\n%s\n%s", seed, opts, plan, plain)
		}
		if len(plan.Unplaced) == len(plain.Unplaced) && plan.Price() < plain.Price()-1e-6 {
			cheaper++ // more ways were tried, and one of them was better
			require.Zero(t, plan.Flexibility.Cost)
		}
		launches, short = launches+len(plan.Launches), short+plan.Flexibility.Short
		for k := range counted.Launches {
			if counted.Launches[k].Alternatives < opts.MinAlternatives {
				before++
			}
		}
	}
	require.LessOrEqual(t, short, before)
	require.LessOrEqual(t, 20*cheaper, worlds)
	t.Logf("%d launches, %d short of alternatives, %d if nobody asks for them; %d of %d plans cheaper than without", launches, short, before, cheaper, worlds)
}

// withSiblings adds two types like it to two of three types that have no requirements on their names, one a little dearer
// and one a little smaller.
func withSiblings(s scheduling.Snapshot) scheduling.Snapshot {
	siblings := map[*cloudprovider.InstanceType][]*cloudprovider.InstanceType{}
	for pool, list := range s.InstanceTypes {
		out := list
		for i, typ := range list {
			if i%3 > 0 && siblings[typ] == nil && !typ.Requirements.Has(corev1.LabelInstanceTypeStable) {
				for n, factor := range []float64{1.04, 0.98} {
					sibling := *typ
					sibling.Name = fmt.Sprintf("%s-%d", typ.Name, n+1)
					sibling.Capacity = typ.Capacity.DeepCopy()
					memory := sibling.Capacity[corev1.ResourceMemory]
					memory.Set(int64(float64(memory.Value()) * min(factor, 1)))
					sibling.Capacity[corev1.ResourceMemory] = memory
					sibling.Offerings = slices.Clone(typ.Offerings)
					for k := range sibling.Offerings {
						sibling.Offerings[k].Price *= factor
					}
					siblings[typ] = append(siblings[typ], &sibling)
				}
			}
			out = append(out, siblings[typ]...)
		}
		s.InstanceTypes[pool] = out
	}
	return s
}

func withoutCounts(launches []scheduling.Launch) []scheduling.Launch {
	out := slices.Clone(launches)
	for i := range out {
		out[i].Alternatives, out[i].ShortOfAlternatives = 0, false
	}
	return out
}

func TestOptionsOfFlexibility(t *testing.T) {
	for want, opts := range map[string]scheduling.Options{
		"MinAlternatives must not be negative":                      {MinAlternatives: -1},
		"WithinPercent must be a percentage of at least 0, is -1":   {MinAlternatives: 2, WithinPercent: -1},
		"WithinPercent must be a percentage of at least 0, is NaN":  {MinAlternatives: 2, WithinPercent: math.NaN()},
		"WithinPercent must be a percentage of at least 0, is +Inf": {MinAlternatives: 2, WithinPercent: math.Inf(1)},
		"WithinPercent means nothing without MinAlternatives":       {WithinPercent: 5},
		"MaxPodsShare must be from 0 to 1, is -0.1":                 {MaxPodsShare: -0.1},
		"MaxPodsShare must be from 0 to 1, is 1.01":                 {MaxPodsShare: 1.01},
		"MaxPodsShare must be from 0 to 1, is NaN":                  {MaxPodsShare: math.NaN()},
	} {
		_, err := scheduling.Solve(t.Context(), scheduling.Snapshot{}, opts)
		require.ErrorContains(t, err, want)
	}
}
