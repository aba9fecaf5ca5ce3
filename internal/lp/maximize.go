package lp

// eps is what counts as zero in scaled problems.
const eps = 1e-9

// Optimum is the solution of a program.
type Optimum struct {
	X       []float64
	Value   float64
	Dual    []float64 // by row, what the value would gain by a unit more of its right-hand side
	Bounded bool      // false where the value has no limit
}

// Maximize finds x >= 0 that maximises c.x with a[i].x <= b[i] for every i, where every b[i] >= 0. Where the problem is
// unbounded in a variable, that variable is left at zero.
// Complexity: len(a) * len(c) per pivot; pivots are about as many as variables in practice.
func Maximize(c []float64, a [][]float64, b []float64) Optimum {
	n, m := len(c), len(a)
	d := newDictionary(c, a, b)
	bounded := true
	blocked := make([]bool, n)
	for range 50 * (n + 10) {
		enter := d.entering(blocked)
		if enter < 0 {
			break
		}
		leave := d.leaving(enter)
		if leave < 0 {
			blocked[enter] = true
			bounded = false
			continue
		}
		d.pivot(leave, enter)
	}
	best := Optimum{X: make([]float64, n), Dual: make([]float64, m), Bounded: bounded}
	for i := range m {
		if v := d.basic[i]; v < n {
			best.X[v] = d.rhs[i]
		}
	}
	for j := range c {
		best.Value += c[j] * best.X[j]
	}
	for k, v := range d.nonbasic {
		if v >= n {
			best.Dual[v-n] = -d.cost[k]
		}
	}
	return best
}

// dictionary expresses basic variables and the objective by the nonbasic ones. Variables 0..n-1 are those of the
// problem, n+i is the slack of row i.
type dictionary struct {
	rows     [][]float64
	rhs      []float64
	cost     []float64
	basic    []int
	nonbasic []int
}

func newDictionary(c []float64, a [][]float64, b []float64) *dictionary {
	n, m := len(c), len(a)
	d := &dictionary{
		rows: make([][]float64, m), rhs: make([]float64, m), cost: make([]float64, n),
		basic: make([]int, m), nonbasic: make([]int, n),
	}
	cells := make([]float64, m*n)
	for i := range m {
		d.rows[i] = cells[i*n : (i+1)*n : (i+1)*n]
		copy(d.rows[i], a[i])
		d.rhs[i] = b[i]
		d.basic[i] = n + i
	}
	copy(d.cost, c)
	for j := range n {
		d.nonbasic[j] = j
	}
	return d
}

// entering is the nonbasic variable that gains most; -1 at the optimum.
func (d *dictionary) entering(blocked []bool) int {
	best, gain := -1, eps
	for j, c := range d.cost {
		if c > gain && (d.nonbasic[j] >= len(blocked) || !blocked[d.nonbasic[j]]) {
			best, gain = j, c
		}
	}
	return best
}

// leaving is the row that stops the entering variable first; -1 if none does. Among equals the smallest variable
// leaves, which keeps degenerate problems from cycling in practice.
func (d *dictionary) leaving(enter int) int {
	best, ratio := -1, 0.0
	for i, row := range d.rows {
		if row[enter] <= eps {
			continue
		}
		r := d.rhs[i] / row[enter]
		if best < 0 || r < ratio || r == ratio && d.basic[i] < d.basic[best] {
			best, ratio = i, r
		}
	}
	return best
}

func (d *dictionary) pivot(leave, enter int) {
	row := d.rows[leave]
	inverse := 1 / row[enter]
	for j := range row {
		row[j] *= inverse
	}
	row[enter] = inverse
	d.rhs[leave] *= inverse
	for i, other := range d.rows {
		if i == leave || other[enter] == 0 {
			continue
		}
		factor := other[enter]
		for j := range other {
			other[j] -= factor * row[j]
		}
		other[enter] = -factor * inverse
		if d.rhs[i] -= factor * d.rhs[leave]; d.rhs[i] < 0 {
			d.rhs[i] = 0
		}
	}
	factor := d.cost[enter]
	for j := range d.cost {
		d.cost[j] -= factor * row[j]
	}
	d.cost[enter] = -factor * inverse
	d.basic[leave], d.nonbasic[enter] = d.nonbasic[enter], d.basic[leave]
}
