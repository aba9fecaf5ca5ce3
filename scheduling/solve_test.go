package scheduling_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

func TestPodBuysTheCheapestOfferingInItsZone(t *testing.T) {
	small := fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.08), fake.OnDemand("zone-b", 0.11))
	plan, err := scheduling.Solve(t.Context(), scheduling.Snapshot{
		Pods:          []*corev1.Pod{fake.Pod("web", fake.Requests("1", "1Gi"), fake.InZone("zone-b"))},
		NodePools:     []*v1.NodePool{fake.NodePool("general")},
		InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {small}},
	}, scheduling.Options{})
	require.NoError(t, err)
	require.Equal(t, "launch  general-1  small/zone-b/on-demand  $0.11  default/web\ntotal   1 launch, $0.11/h (bound $0.11), 0 unplaced\n", plan.String())
}

func TestEmptySnapshotGivesAnEmptyPlan(t *testing.T) {
	plan, err := scheduling.Solve(t.Context(), scheduling.Snapshot{}, scheduling.Options{})
	require.NoError(t, err)
	require.Equal(t, "total   0 launches, $0.00/h (bound $0.00), 0 unplaced\n", plan.String())
}

func TestCancelledContextGivesNoPlan(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	plan, err := scheduling.Solve(ctx, shop(), scheduling.Options{})
	require.ErrorIs(t, err, context.Canceled)
	require.Nil(t, plan)
}

func TestOptionsThatMakeNoSenseAreNamed(t *testing.T) {
	for option, opts := range map[string]scheduling.Options{
		"MinValues":   {MinValues: "Sometimes"},
		"Preferences": {Preferences: "Maybe"},
		"Effort":      {Effort: -1},
		"MaxPrice":    {MaxPrice: math.NaN()},
	} {
		_, err := scheduling.Solve(t.Context(), shop(), opts)
		require.ErrorContains(t, err, option)
	}
}

func TestEffortBoundsWorkAndIsNeverSilent(t *testing.T) {
	s := shop()
	last := math.MaxInt
	for effort := 1; effort <= 40; effort++ {
		plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{Effort: effort})
		require.NoError(t, err)
		require.LessOrEqual(t, plan.Stats.Effort, effort)
		require.Len(t, s.Pods, len(plan.Assignments)+len(plan.Unplaced))
		require.LessOrEqual(t, len(plan.Unplaced), last, "more effort places no fewer pods")
		last = len(plan.Unplaced)
		if plan.Truncated {
			require.True(t, slices.ContainsFunc(plan.Unplaced, func(u scheduling.Unplaced) bool {
				return u.Verdict == scheduling.NotEvaluated && u.Rejections[0].Code == scheduling.EffortExhausted
			}))
		}
	}
	require.Equal(t, 1, last, "with enough effort only the pod that fits nowhere is left")
}

func TestMaxLaunchesAndMaxPriceAreNotExceeded(t *testing.T) {
	for launches := 1; launches <= 3; launches++ {
		plan, err := scheduling.Solve(t.Context(), shop(), scheduling.Options{MaxLaunches: launches})
		require.NoError(t, err)
		require.LessOrEqual(t, len(plan.Launches), launches)
	}
	plan, err := scheduling.Solve(t.Context(), shop(), scheduling.Options{MaxPrice: 0.10})
	require.NoError(t, err)
	require.InDelta(t, 0.08, plan.Price(), 1e-9)
	require.Equal(t, scheduling.NotEvaluated, plan.Unplaced[1].Verdict)
}

func TestUnknownFactsAreErrorsAndNoFactsAreNot(t *testing.T) {
	s := shop()
	s.InstanceTypes = nil
	_, err := scheduling.Compile(s)
	require.ErrorContains(t, err, "NodePools[general]: nobody knows")
	s.InstanceTypes = map[string][]*cloudprovider.InstanceType{"general": {}}
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	require.Len(t, plan.Unplaced, 4)
}

func TestPriceThatIsNoNumberIsRefused(t *testing.T) {
	for _, price := range []float64{math.NaN(), math.Inf(1), -1} {
		s := shop()
		s.InstanceTypes["general"] = []*cloudprovider.InstanceType{fake.InstanceType("odd", "1", "1Gi", fake.OnDemand("zone-a", price))}
		_, err := scheduling.Compile(s)
		require.ErrorContains(t, err, "InstanceTypes[general]")
		require.ErrorContains(t, err, "odd")
		require.ErrorContains(t, err, "price")
	}
}

// A type that is wrong is found behind types that another pool shares.
func TestCataloguesThatOverlapAreAllLookedAt(t *testing.T) {
	good := fake.InstanceType("good", "1", "1Gi", fake.OnDemand("zone-a", 0.1))
	bad := fake.InstanceType("bad", "1", "1Gi", fake.OnDemand("zone-a", math.NaN()))
	_, err := scheduling.Compile(scheduling.Snapshot{
		NodePools:     []*v1.NodePool{fake.NodePool("a"), fake.NodePool("b")},
		InstanceTypes: map[string][]*cloudprovider.InstanceType{"a": {good}, "b": {good, bad}},
	})
	require.ErrorContains(t, err, "InstanceTypes[b]")
	require.ErrorContains(t, err, "bad")
}

func TestTenThousandPoolsAreNotTooMany(t *testing.T) {
	small := []*cloudprovider.InstanceType{fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.08))}
	s := scheduling.Snapshot{Pods: fake.Pods(100, "web", fake.Requests("1", "1Gi")), InstanceTypes: map[string][]*cloudprovider.InstanceType{}}
	for i := range 10_000 {
		name := fmt.Sprintf("pool-%05d", i)
		s.NodePools = append(s.NodePools, fake.NodePool(name))
		s.InstanceTypes[name] = small
	}
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	require.Len(t, plan.Launches, 50)
	require.Equal(t, "pool-00000", plan.Launches[0].NodePool)
}

func TestLaunchNamesAvoidNodesAndWhatPodsAskFor(t *testing.T) {
	s := shop()
	s.Nodes = []scheduling.Node{{Node: fake.Node("general-1", fake.Size("0", "0"))}}
	s.Pods = append(s.Pods, fake.Pod("picky", fake.NodeSelector(corev1.LabelHostname, "general-2")))
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	require.Equal(t, "general-3", plan.Launches[0].Name)
	require.Equal(t, "general-4", plan.Launches[1].Name)
}

func TestHooksSeeTheAttemptsAndThePatterns(t *testing.T) {
	var attempts, patterns []string
	_, err := scheduling.Solve(t.Context(), shop(), scheduling.Options{Trace: &scheduling.Trace{
		Attempt: func(strategy string, price float64, unplaced int) {
			attempts = append(attempts, fmt.Sprintf("%s $%.2f %d", strategy, price, unplaced))
		},
		Pattern: func(pool string, offering cloudprovider.OfferingKey, nodes, pods int) {
			patterns = append(patterns, fmt.Sprintf("%s %s %dx%d", pool, offering.InstanceType, nodes, pods))
		},
	}})
	require.NoError(t, err)
	require.Equal(t, "relaxed $0.16 1", attempts[0])
	require.Equal(t, []string{"general small 1x2", "general small 1x1"}, patterns)
}

// A compiled problem is immutable: callers that solve and explain at once, under the race detector too, agree.
func TestOneProblemServesManyCallers(t *testing.T) {
	problem, err := scheduling.Compile(mix(300, 100))
	require.NoError(t, err)
	answers := make([]string, 8)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			plan, err := problem.Solve(t.Context(), scheduling.Options{MaxLaunches: 2})
			if err != nil {
				answers[i] = err.Error()
				return
			}
			answers[i] = plan.String()
			for _, u := range plan.Unplaced {
				answers[i] += plan.Explain(u.Pod).String()
			}
		})
	}
	group.Wait()
	for _, answer := range answers {
		require.Equal(t, answers[0], answer)
	}
}
