package scheduling_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

func boundOf(t *testing.T, s scheduling.Snapshot) float64 {
	t.Helper()
	p, err := scheduling.Compile(s)
	require.NoError(t, err)
	bound, err := p.LowerBound(t.Context())
	require.NoError(t, err)
	return bound.Price
}

// No plan that places every pod is cheaper than the bound, nor is any plan cheaper than its own. TestTinyWorlds holds
// bounds against the best plan there is.
func TestNoPlanIsCheaperThanItsBound(t *testing.T) {
	t.Parallel()
	complete := 0
	for seed := range uint64(150) {
		f := gen.Full()
		if seed%3 != 0 {
			f.Size = gen.Minute
		}
		s := gen.World(seed, f)
		p, err := scheduling.Compile(s)
		require.NoError(t, err)
		plan, err := p.Solve(t.Context(), scheduling.Options{Preferences: scheduling.PreferencesIgnore})
		require.NoError(t, err)
		require.LessOrEqual(t, plan.Bound, plan.Price()*(1+1e-9)+1e-9, "seed %d", seed)
		if len(plan.Unplaced) > 0 {
			continue
		}
		complete++
		bound, err := p.LowerBound(t.Context())
		require.NoError(t, err)
		require.LessOrEqual(t, bound.Price, plan.Price()*(1+1e-9)+1e-9, "seed %d, by %s", seed, bound.Level)
	}
	require.Greater(t, complete, 30)
}

// Worlds whose bounds are exact: small, without existing nodes, and without volumes, since pods that share one are left out
// of the bound until they are alone.
func exactWorld(t *testing.T, seed uint64) scheduling.Snapshot {
	f, err := gen.ParseFeatures("full,-Nodes,-Volumes,-Unsupported")
	require.NoError(t, err)
	return gen.Tiny(seed, f)
}

func TestAPodLessNeverRaisesTheBound(t *testing.T) {
	t.Parallel()
	falls := 0
	for seed := range uint64(80) {
		s := exactWorld(t, seed)
		whole := boundOf(t, s)
		for i := range s.Pods {
			less := gen.Clone(s)
			less.Pods = slices.Delete(less.Pods, i, i+1)
			bound := boundOf(t, less)
			require.LessOrEqual(t, bound, whole*(1+1e-6)+1e-9, "seed %d without pod %d\n%s", seed, i, gen.Dump(s))
			if bound < whole {
				falls++
			}
		}
	}
	require.Greater(t, falls, 30)
}

func TestAFurtherTypeNeverRaisesTheBound(t *testing.T) {
	t.Parallel()
	falls := 0
	for seed := range uint64(200) {
		s := exactWorld(t, seed)
		plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
		require.NoError(t, err)
		if len(plan.Unplaced) > 0 {
			continue // the type might host what nothing hosts now, and that costs
		}
		whole := boundOf(t, s)
		r := rand.New(rand.NewPCG(seed, 3))
		for _, name := range slices.Sorted(maps.Keys(s.InstanceTypes)) {
			for _, typ := range s.InstanceTypes[name] {
				more := gen.Clone(s)
				more.InstanceTypes[name] = append(slices.Clone(more.InstanceTypes[name]), alike(r, typ))
				bound := boundOf(t, more)
				require.LessOrEqual(t, bound, whole*(1+1e-6)+1e-9, "seed %d with one like %s\n%s", seed, typ.Name, gen.Dump(s))
				if bound < whole-1e-9 {
					falls++
				}
			}
		}
	}
	require.Greater(t, falls, 20)
}

// alike is a type like the given one, larger or smaller, at other prices.
func alike(r *rand.Rand, typ *cloudprovider.InstanceType) *cloudprovider.InstanceType {
	out := *typ
	out.Name += ".more"
	out.Capacity = typ.Capacity.DeepCopy()
	size := 0.5 + r.Float64()
	for resourceName, amount := range out.Capacity {
		out.Capacity[resourceName] = *resource.NewMilliQuantity(int64(float64(amount.Value())*size)*1000, amount.Format)
	}
	out.Offerings = slices.Clone(typ.Offerings)
	for i := range out.Offerings {
		out.Offerings[i].Price *= 0.3 + r.Float64()
		out.Offerings[i].Stock = nil
	}
	return &out
}
