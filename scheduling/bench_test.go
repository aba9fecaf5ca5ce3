package scheduling_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Each iteration compiles and solves anew. Besides time it reports what the plan costs, how far that is from the bound,
// and how many steps and launches it took: figures that repeat exactly, so that a change for the worse shows without a
// clock.
//
// plain and constrained are the same pods without constraints between them and with: the ratio of their times is what
// constraints cost.
func BenchmarkSolve(b *testing.B) {
	for _, size := range []struct {
		mix         string
		pods, types int
	}{
		{"general", 100, 100},
		{"general", 1_000, 400},
		{"general", 10_000, 400},
		{"general", 100_000, 600},
		{"many-classes", 70_000, 400},
		{"plain", 20_000, 400},
		{"constrained", 20_000, 400},
		{"host-apart", 20_000, 400},
		{"zone-spread", 20_000, 400},
	} {
		b.Run(fmt.Sprintf("mix=%s/pods=%d/types=%d", size.mix, size.pods, size.types), func(b *testing.B) {
			s := batchOf(b, size.mix, size.pods, size.types)
			b.ReportAllocs()
			var plan *scheduling.Plan
			for b.Loop() {
				var err error
				plan, err = scheduling.Solve(b.Context(), s, scheduling.Options{})
				require.NoError(b, err)
			}
			require.Empty(b, plan.Unplaced)
			b.ReportMetric(plan.Price(), "$/h")
			b.ReportMetric(100*(plan.Price()/plan.Bound-1), "gap%")
			b.ReportMetric(float64(len(plan.Launches)), "launches")
			b.ReportMetric(float64(plan.Stats.Effort), "steps")
			b.ReportMetric(float64(plan.Stats.Pivots), "pivots")
			b.ReportMetric(float64(plan.Stats.Checks), "checks")
			b.ReportMetric(float64(size.pods)*float64(b.N)/b.Elapsed().Seconds(), "pods/s")
		})
	}
}

// wide is a cluster with many pools, each with so many types. There are no more than ten catalogues, which pools share.
func wide(pods, pools, types int) scheduling.Snapshot {
	s := mix(pods, 1)
	s.NodePools, s.InstanceTypes = nil, map[string][]*cloudprovider.InstanceType{}
	var catalogs [10][]*cloudprovider.InstanceType
	for i := range catalogs[:min(pools, len(catalogs))] {
		list := fake.Catalog(fake.CatalogOptions{Types: types})
		for _, further := range fake.Catalog(fake.CatalogOptions{Types: types})[:types-len(list)] {
			further.Name += ".more"
			list = append(list, further)
		}
		catalogs[i] = list
	}
	for i := range pools {
		name := fmt.Sprintf("pool-%05d", i)
		s.NodePools = append(s.NodePools, fake.NodePool(name))
		s.InstanceTypes[name] = catalogs[i%len(catalogs)]
	}
	return s
}

// Each case is compiled without a catalogue to reuse, with that of the same snapshot, and with that of a snapshot in which
// one type of one pool had another price.
func BenchmarkCompile(b *testing.B) {
	for _, size := range []struct{ pods, pools, types int }{{100_000, 1, 600}, {1_000, 10, 900}, {1_000, 10_000, 60}} {
		b.Run(fmt.Sprintf("pods=%d/pools=%d/types=%d", size.pods, size.pools, size.types), func(b *testing.B) {
			s := wide(size.pods, size.pools, size.types)
			compile := func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, err := scheduling.Compile(s)
					require.NoError(b, err)
				}
			}
			b.Run("catalog=none", compile)
			problem, err := scheduling.Compile(s)
			require.NoError(b, err)
			s.Catalog = problem.Catalog()
			b.Run("catalog=same", compile)
			name := s.NodePools[0].Name
			list := slices.Clone(s.InstanceTypes[name])
			dearer := *list[0]
			dearer.Offerings = slices.Clone(dearer.Offerings)
			dearer.Offerings[0].Price *= 2
			list[0], s.InstanceTypes = &dearer, maps.Clone(s.InstanceTypes)
			s.InstanceTypes[name] = list
			b.Run("catalog=changed", compile)
		})
	}
}

func BenchmarkLowerBound(b *testing.B) {
	problem, err := scheduling.Compile(mix(10_000, 600))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, err := problem.LowerBound(b.Context())
		require.NoError(b, err)
	}
}

func TestWorkersNeverChangeThePlan(t *testing.T) {
	problem, err := scheduling.Compile(mix(2_000, 600))
	require.NoError(t, err)
	want, err := problem.Solve(t.Context(), scheduling.Options{Workers: 1})
	require.NoError(t, err)
	for _, workers := range []int{0, 2, 3, 16} {
		plan, err := problem.Solve(t.Context(), scheduling.Options{Workers: workers})
		require.NoError(t, err)
		require.Equal(t, want.String(), plan.String(), "%d workers", workers)
		require.Equal(t, want.Stats, plan.Stats)
	}
}
