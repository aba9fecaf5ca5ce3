package lp_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/internal/lp"
)

// covering is a random covering program: rows with a demand and a price of their own, and columns.
type covering struct {
	demand, own []float64
	cost        []float64
	amount      [][]float64 // by column and row
}

func randomCovering(random *rand.Rand) covering {
	m, n := 1+random.IntN(6), random.IntN(15)
	c := covering{demand: make([]float64, m), own: make([]float64, m), cost: make([]float64, n), amount: make([][]float64, n)}
	for i := range m {
		c.demand[i], c.own[i] = float64(1+random.IntN(9)), 0.5+random.Float64()
	}
	for j := range n {
		c.cost[j], c.amount[j] = 0.1+random.Float64(), make([]float64, m)
		for i := range m {
			if random.IntN(2) == 0 {
				c.amount[j][i] = float64(1 + random.IntN(4))
			}
		}
	}
	return c
}

// sparse is the j-th column as a Cover wants it.
func (c *covering) sparse(j int) (cost float64, rows []int32, amount []float64) {
	for i, v := range c.amount[j] {
		if v != 0 {
			rows, amount = append(rows, int32(i)), append(amount, v)
		}
	}
	return c.cost[j], rows, amount
}

// optimum is what the program with its first n columns costs at least, by the program's dual: the prices of rows at which
// the demand is worth most while no column is worth more than it costs.
func (c *covering) optimum(n int) lp.Optimum {
	a, b := make([][]float64, 0, n+len(c.own)), make([]float64, 0, n+len(c.own))
	a, b = append(a, c.amount[:n]...), append(b, c.cost[:n]...)
	for i := range c.own {
		row := make([]float64, len(c.own))
		row[i] = 1
		a, b = append(a, row), append(b, c.own[i])
	}
	return lp.Maximize(c.demand, a, b)
}

func TestCoverAgreesWithTheDualAsItGrows(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	for range 300 {
		c := randomCovering(random)
		cover := lp.NewCover(c.demand, c.own)
		require.InDelta(t, dot(c.demand, c.own), cover.Value(), 1e-9, "each row by its own column")
		for j := range c.cost {
			cost, rows, amount := c.sparse(j)
			require.Equal(t, len(c.demand)+j, cover.Add(cost, rows, amount))
			before := cover.Value()
			require.True(t, cover.Optimize(1_000))
			require.LessOrEqual(t, cover.Value(), before+1e-9)
			require.InDelta(t, c.optimum(j+1).Value, cover.Value(), 1e-6)
			requireOptimal(t, &c, cover, j+1)
		}
	}
}

// requireOptimal checks the solution and its proof: what is used covers every row and costs the value; no column is worth
// more than it costs at the duals, and the demand at the duals is worth the value.
func requireOptimal(t *testing.T, c *covering, cover *lp.Cover, n int) {
	t.Helper()
	covered, cost := make([]float64, len(c.demand)), 0.0
	cover.Each(func(j int, x float64) {
		require.Positive(t, x)
		if j < len(c.demand) {
			covered[j], cost = covered[j]+x, cost+x*c.own[j]
			return
		}
		cost += x * c.cost[j-len(c.demand)]
		for i, v := range c.amount[j-len(c.demand)] {
			covered[i] += v * x
		}
	})
	for i := range covered {
		require.GreaterOrEqual(t, covered[i], c.demand[i]-1e-6)
		require.GreaterOrEqual(t, cover.Dual()[i], -1e-9)
		require.LessOrEqual(t, cover.Dual()[i], c.own[i]+1e-6)
	}
	require.InDelta(t, cover.Value(), cost, 1e-6)
	require.InDelta(t, cover.Value(), dot(c.demand, cover.Dual()), 1e-6)
	for j := range n {
		cost, rows, amount := c.sparse(j)
		require.GreaterOrEqual(t, cover.Reduced(cost, rows, amount), -1e-6)
	}
}

func TestCoverIsNotHarmedByUselessColumns(t *testing.T) {
	cover := lp.NewCover([]float64{3, 5}, []float64{1, 2})
	cover.Add(0.5, nil, nil)                                 // covers nothing
	cover.Add(100, []int32{0, 1}, []float64{1, 1})           // far too dear
	cover.Add(1, []int32{0}, []float64{1})                   // as good as what is there
	cover.Add(2, []int32{1}, []float64{0})                   // covers nothing of what it names
	cover.Add(1e-3, []int32{0}, []float64{1e-12})            // covers next to nothing
	cover.Add(math.Inf(1), []int32{0, 1}, []float64{50, 50}) // not for sale
	require.True(t, cover.Optimize(100))
	require.InDelta(t, 13, cover.Value(), 1e-6)
	require.InDeltaSlice(t, []float64{1, 2}, cover.Dual(), 1e-6)
	cover.Add(4, []int32{0, 1}, []float64{3, 5})
	require.True(t, cover.Optimize(100))
	require.InDelta(t, 4, cover.Value(), 1e-6)
}

// Rows that every column covers alike, and columns that are there twice, make each basis as good as many others.
func TestCoverSurvivesDegenerateRows(t *testing.T) {
	const rows = 12
	demand, own := make([]float64, rows), make([]float64, rows)
	for i := range rows {
		demand[i], own[i] = 1, 1
	}
	cover := lp.NewCover(demand, own)
	for range 3 {
		for i := range rows - 1 {
			cover.Add(1, []int32{int32(i), int32(i + 1)}, []float64{1, 1})
		}
	}
	require.True(t, cover.Optimize(1_000))
	require.InDelta(t, rows/2, cover.Value(), 1e-6)
	all, ones := make([]int32, rows), make([]float64, rows)
	for i := range rows {
		all[i], ones[i] = int32(i), 1
	}
	cover.Add(1, all, ones)
	require.True(t, cover.Optimize(1_000))
	require.InDelta(t, 1, cover.Value(), 1e-6)
}

// A program that is interrupted after each pivot gets to the same optimum and never gets worse.
func TestCoverNeverGetsWorseByAPivot(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	for range 100 {
		c := randomCovering(random)
		whole, cover := lp.NewCover(c.demand, c.own), lp.NewCover(c.demand, c.own)
		for j := range c.cost {
			whole.Add(c.sparse(j))
			cover.Add(c.sparse(j))
		}
		require.True(t, whole.Optimize(1_000))
		for before := cover.Value(); !cover.Optimize(1); before = cover.Value() {
			require.LessOrEqual(t, cover.Value(), before+1e-9)
			require.LessOrEqual(t, cover.Pivots(), 1_000)
		}
		require.InDelta(t, whole.Value(), cover.Value(), 1e-6)
	}
}

// The duals of Maximize solve the covering program that belongs to it: they cover what each variable is worth, and the
// right-hand sides cost no more at them than the value.
func TestMaximizeProvesItsOptimumByDuals(t *testing.T) {
	random := rand.New(rand.NewPCG(15, 16))
	for range 300 {
		c := randomCovering(random)
		best := c.optimum(len(c.cost))
		require.Len(t, best.Dual, len(c.cost)+len(c.own))
		cost := 0.0
		covered := make([]float64, len(c.demand))
		for row, y := range best.Dual {
			require.GreaterOrEqual(t, y, -1e-9)
			if row >= len(c.cost) {
				i := row - len(c.cost)
				cost, covered[i] = cost+y*c.own[i], covered[i]+y
				continue
			}
			cost += y * c.cost[row]
			for i, v := range c.amount[row] {
				covered[i] += v * y
			}
		}
		for i := range covered {
			require.GreaterOrEqual(t, covered[i], c.demand[i]-1e-6)
		}
		require.InDelta(t, best.Value, cost, 1e-6)
	}
}

// Whatever the solver has found, its duals bound from above what any content is worth.
func TestKnapsackDualsBoundTheValue(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 18))
	var k lp.Knapsack
	for range 500 {
		d, n := 1+random.IntN(3), 1+random.IntN(4)
		room, columns := make([]float64, d), make([]float64, n*d)
		value, upper := make([]float64, n), make([]float64, n)
		for i := range room {
			room[i] = 0.5 + random.Float64()
		}
		for j := range n {
			value[j], upper[j] = random.Float64(), float64(random.IntN(5))
			for i := range d {
				columns[j*d+i] = 0.1 + random.Float64()
			}
		}
		before := k.Pivots()
		k.Solve(room, columns, value, upper)
		once := k.Pivots() - before
		x := k.Solve(room, columns, value, upper)
		require.Equal(t, before+2*once, k.Pivots(), "the same work each time")
		dual := k.Dual()
		bound := dot(room, dual)
		for j := range n {
			if beyond := value[j] - dot(columns[j*d:j*d+d], dual); beyond > 0 {
				bound += beyond * upper[j]
			}
		}
		require.InDelta(t, dot(value, x), bound, 1e-6, "at the optimum the bound is the value")
		for _, y := range dual {
			require.GreaterOrEqual(t, y, 0.0)
		}
		require.LessOrEqual(t, wholeBest(room, columns, value, upper, 0), bound+1e-9)
	}
}

// wholeBest is what the best whole numbers of the columns from j on are worth, by trying all.
func wholeBest(room, columns, value, upper []float64, j int) float64 {
	if j == len(value) {
		return 0
	}
	best, d := 0.0, len(room)
	left := append([]float64(nil), room...)
	for n := 0.0; n <= upper[j]; n++ {
		if n > 0 {
			for i := range left {
				if left[i] -= columns[j*d+i]; left[i] < 0 {
					return best
				}
			}
		}
		best = math.Max(best, value[j]*n+wholeBest(left, columns, value, upper, j+1))
	}
	return best
}
