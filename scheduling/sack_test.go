package scheduling

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// tinySack is a bin and a few shapes with all that limits how many of them a node takes: resources, their own caps, groups
// that share a cap, and shapes that exclude each other.
func tinySack(r *rand.Rand) (*sack, []float64) {
	dims := 1 + r.IntN(3)
	s := &shapes{dims: dims}
	b := &bin{room: make(resource.Vector, dims), sigs: bitset.New(1)}
	b.sigs.Add(0)
	for d := range dims {
		b.room[d] = int64(5 + r.IntN(20_000))
	}
	for range r.IntN(3) {
		s.groups = append(s.groups, crowd{limit: int64(1 + r.IntN(3))})
	}
	n := 1 + r.IntN(5)
	worth := make([]float64, n)
	order := make([]int32, n)
	for i := range n {
		sh := shape{demand: make(resource.Vector, dims), count: int64(r.IntN(6)), perNode: int64(1 + r.IntN(4))}
		for d := range dims {
			if r.IntN(4) > 0 {
				sh.demand[d] = r.Int64N(b.room[d])/int64(1+r.IntN(4)) + 1
			}
		}
		for g := range s.groups {
			if r.IntN(3) == 0 {
				sh.groups = append(sh.groups, int32(g))
			}
		}
		s.list = append(s.list, sh)
		order[i], worth[i] = int32(i), math.Max(0, r.Float64()-0.1)
	}
	if n > 1 && r.IntN(2) == 0 {
		s.list[0].apart, s.list[1].apart = []int32{1}, []int32{0}
	}
	return s.sack(b, order), worth
}

// bestContent is what the best content from the i-th shape on is worth, by trying all.
func bestContent(f *stuffer, k *sack, i int) float64 {
	if i == len(k.ids) {
		return 0
	}
	best := bestContent(f, k, i+1)
	most := f.most(k, i)
	for n := int64(1); n <= most; n++ {
		f.put(k, i, 1)
		best = math.Max(best, f.value[i]*float64(n)+bestContent(f, k, i+1))
	}
	f.put(k, i, -most)
	return best
}

func TestNoContentIsWorthMoreThanExceedsSays(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	exact, f, trial := 0, &stuffer{}, &stuffer{}
	for range 3_000 {
		k, worth := tinySack(r)
		trial.begin(k, func(id int32) float64 { return worth[id] })
		best := bestContent(trial, k, 0)
		_, value, most := f.worthiest(k, worth, math.Inf(1))
		require.LessOrEqual(t, value, best+1e-9)
		require.GreaterOrEqual(t, most, best-1e-9)
		require.GreaterOrEqual(t, f.whole(k, 0), best-1e-9)
		require.InDelta(t, best, f.exceeds(k, worth, 0), 1e-6, "few contents are searched through to the end")
		for _, enough := range []float64{best / 2, best, best * 1.5} {
			have := f.exceeds(k, worth, enough)
			require.GreaterOrEqual(t, have, math.Max(best, enough)-1e-9)
			require.LessOrEqual(t, have, math.Max(best, enough)+1e-6)
		}
		content, value, most := f.worthiest(k, worth, best*0.99)
		if best > 0 {
			require.GreaterOrEqual(t, value, best*0.99-1e-9, "one that is worth more than it costs is found")
			require.GreaterOrEqual(t, most, best-1e-9)
		}
		requireFits(t, k, content)
		if value >= best-1e-9 {
			exact++
		}
	}
	require.Greater(t, exact, 2_900)
}

// requireFits checks a content against everything that limits it.
func requireFits(t *testing.T, k *sack, content []portion) {
	t.Helper()
	room, used, held := k.room.Clone(), map[int32]int64{}, map[int32]bool{}
	for _, part := range content {
		sh := &k.shapes.list[part.class]
		require.LessOrEqual(t, part.count, min(sh.count, sh.perNode))
		room.Sub(sh.demand, part.count)
		held[part.class] = true
		for _, g := range sh.groups {
			used[g] += part.count
		}
	}
	for _, amount := range room {
		require.GreaterOrEqual(t, amount, int64(0))
	}
	for g, n := range used {
		require.LessOrEqual(t, n, k.shapes.groups[g].limit)
	}
	for id := range held {
		for _, other := range k.shapes.list[id].apart {
			require.False(t, held[other], "shapes that exclude each other")
		}
	}
}

func TestFillingKeepsWhatLimitsANode(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	f := &stuffer{}
	for range 3_000 {
		k, worth := tinySack(r)
		for _, relax := range []bool{false, true} {
			f.begin(k, func(id int32) float64 { return worth[id] })
			content, value := f.fill(k, relax)
			requireFits(t, k, content)
			total := 0.0
			for _, part := range content {
				total += worth[part.class] * float64(part.count)
			}
			require.InDelta(t, total, value, 1e-9)
			for i := range k.ids {
				require.Zero(t, f.most(k, i), "nothing more goes in")
			}
		}
	}
}
