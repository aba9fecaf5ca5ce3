package lp_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/internal/lp"
)

func TestMaximizeFindsTheCornerOfAPolygon(t *testing.T) {
	best := lp.Maximize([]float64{3, 5}, [][]float64{{1, 0}, {0, 2}, {3, 2}}, []float64{4, 12, 18})
	require.True(t, best.Bounded)
	require.InDelta(t, 36, best.Value, 1e-9)
	require.InDeltaSlice(t, []float64{2, 6}, best.X, 1e-9)
}

func TestMaximizeLeavesAnUnboundedVariableAtZero(t *testing.T) {
	best := lp.Maximize([]float64{1, 1}, [][]float64{{1, 0}}, []float64{2})
	require.False(t, best.Bounded)
	require.InDelta(t, 2, best.Value, 1e-9)
	require.InDeltaSlice(t, []float64{2, 0}, best.X, 1e-9)
}

func TestMaximizeSurvivesDegenerateRows(t *testing.T) {
	best := lp.Maximize([]float64{1, 1}, [][]float64{{1, 1}, {1, 0}, {1, 0}, {2, 0}}, []float64{1, 0, 0, 0})
	require.InDelta(t, 1, best.Value, 1e-9)
	require.InDeltaSlice(t, []float64{0, 1}, best.X, 1e-9)
}

// The optimum of a packing program is worth the same as the optimum of its dual, which is a covering program: any
// feasible point of the dual is a bound from above. The check tries many.
func TestMaximizeIsNeverBeatenByRandomPoints(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n, m := 1+random.IntN(5), 1+random.IntN(12)
		c, b := make([]float64, n), make([]float64, m)
		a := make([][]float64, m)
		for j := range c {
			c[j] = random.Float64()
		}
		for i := range a {
			b[i] = random.Float64()
			a[i] = make([]float64, n)
			for j := range a[i] {
				a[i][j] = 0.05 + random.Float64()
			}
		}
		best := lp.Maximize(c, a, b)
		require.True(t, best.Bounded)
		requireFeasible(t, a, b, best.X)
		for range 50 {
			y := make([]float64, n)
			scale := math.Inf(1)
			for j := range y {
				y[j] = random.Float64()
			}
			for i := range a {
				scale = math.Min(scale, b[i]/dot(a[i], y))
			}
			require.LessOrEqual(t, dot(c, y)*scale, best.Value+1e-7)
		}
	}
}

func requireFeasible(t *testing.T, a [][]float64, b, x []float64) {
	t.Helper()
	for i := range a {
		require.LessOrEqual(t, dot(a[i], x), b[i]+1e-7)
	}
	for _, v := range x {
		require.GreaterOrEqual(t, v, 0.0)
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// Knapsack and Maximize solve the same program when the upper bounds are written as rows.
func TestKnapsackAgreesWithMaximize(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var k lp.Knapsack
	for range 500 {
		d, n := 1+random.IntN(4), 1+random.IntN(15)
		room, columns := make([]float64, d), make([]float64, n*d)
		value, upper := make([]float64, n), make([]float64, n)
		for i := range room {
			room[i] = 0.5 + random.Float64()
		}
		for j := range n {
			value[j], upper[j] = random.Float64(), float64(random.IntN(4))
			for i := range d {
				if random.IntN(4) > 0 {
					columns[j*d+i] = random.Float64()
				}
			}
		}
		a := make([][]float64, d+n)
		b := make([]float64, d+n)
		for i := range d {
			a[i], b[i] = make([]float64, n), room[i]
			for j := range n {
				a[i][j] = columns[j*d+i]
			}
		}
		for j := range n {
			a[d+j], b[d+j] = make([]float64, n), upper[j]
			a[d+j][j] = 1
		}
		want := lp.Maximize(value, a, b).Value
		x := k.Solve(room, columns, value, upper)
		requireFeasible(t, a, b, x)
		require.InDelta(t, want, dot(value, x), 1e-6)
	}
}

func ExampleMaximize() {
	// What is a core worth, what a GiB, if 4 cores and 16 GiB cost $0.20, and 4 cores and 8 GiB cost $0.15?
	best := lp.Maximize([]float64{100, 300}, [][]float64{{4, 16}, {4, 8}}, []float64{0.20, 0.15})
	fmt.Printf("core $%.4f, GiB $%.5f, 100 cores and 300 GiB at least $%.2f\n", best.X[0], best.X[1], best.Value)
	// Output: core $0.0250, GiB $0.00625, 100 cores and 300 GiB at least $4.38
}

func BenchmarkKnapsack(b *testing.B) {
	random := rand.New(rand.NewPCG(5, 6))
	const d, n = 3, 300
	columns, value, upper := make([]float64, n*d), make([]float64, n), make([]float64, n)
	for j := range n {
		upper[j] = float64(1 + random.IntN(50))
		for i := range d {
			columns[j*d+i] = 0.001 + 0.02*random.Float64()
			value[j] += columns[j*d+i] * float64(i+1)
		}
	}
	var k lp.Knapsack
	b.ReportAllocs()
	for b.Loop() {
		k.Solve([]float64{1, 1, 1}, columns, value, upper)
	}
}
