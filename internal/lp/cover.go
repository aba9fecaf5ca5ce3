package lp

import "math"

// Cover is a covering program that grows: find x >= 0 of least cost.x such that column by column enough of every row is
// covered. It is the master problem of column generation (Gilmore and Gomory, 1961): few rows, any number of columns, of
// which most are not known yet. It starts with a column of its own for each row, so that it is feasible at all times,
// and is solved by the revised primal simplex with an explicit inverse.
//
// What enters the basis is chosen by Devex weights (Harris, "Pivot selection methods of the Devex LP code", 1973): the
// variable that gains most for the distance that all others move with it. That takes a fraction of the steps that the
// largest gain alone would.
type Cover struct {
	m       int
	inverse []float64 // m x m, of the basis
	basis   []int     // columns; those below zero are surplus: -1-i of row i
	level   []float64 // of the basic variables
	dual    []float64
	own     []float64
	rate    []float64
	nonzero []int32
	pivots  int

	// Columns are sparse: column j has the entries from start[j] to start[j+1].
	start  []int32
	rows   []int32
	amount []float64
	cost   []float64
	basic  []bool

	// The rest is kept while Optimize runs.
	active  []int32   // columns that may come to be worth taking, not basic
	reduced []float64 // by column, right for those that are active
	weight  []float64 // by column, the same
	spare   []float64 // weights of the surplus, by row
}

// NewCover starts a program in which row i must reach demand[i] > 0, and may do so at a cost of own[i] > 0 a unit.
func NewCover(demand, own []float64) *Cover {
	m := len(demand)
	c := &Cover{
		m: m, inverse: make([]float64, m*m), basis: make([]int, m), level: make([]float64, m), dual: make([]float64, m),
		own: own, rate: make([]float64, m), spare: make([]float64, m), start: make([]int32, 1, 8*m),
	}
	for i := range m {
		c.Add(own[i], []int32{int32(i)}, []float64{1})
		c.inverse[i*m+i] = 1
		c.basis[i], c.level[i], c.dual[i], c.basic[i] = i, demand[i], own[i], true
	}
	return c
}

// Add makes a column known and returns its number, counted on from those that the rows have of their own.
func (c *Cover) Add(cost float64, rows []int32, amount []float64) int {
	c.rows, c.amount = append(c.rows, rows...), append(c.amount, amount...)
	c.start, c.cost, c.basic = append(c.start, int32(len(c.rows))), append(c.cost, cost), append(c.basic, false)
	c.reduced, c.weight = append(c.reduced, 0), append(c.weight, 0)
	return len(c.cost) - 1
}

// Reduced is what a unit of such a column costs beyond what it covers is worth: what costs less than nothing improves the
// program.
func (c *Cover) Reduced(cost float64, rows []int32, amount []float64) float64 {
	return cost - along(c.dual, rows, amount)
}

// along is the sum of a sparse column's entries, each times the value of its row.
func along(value []float64, rows []int32, amount []float64) float64 {
	sum := 0.0
	amount = amount[:len(rows)]
	for k, i := range rows {
		sum += value[i] * amount[k]
	}
	return sum
}

// column are the entries of column j.
func (c *Cover) column(j int32) (rows []int32, amount []float64) {
	return c.rows[c.start[j]:c.start[j+1]], c.amount[c.start[j]:c.start[j+1]]
}

// Optimize moves to the optimum over the columns that are known, in at most that many pivots. It reports whether it got
// there.
func (c *Cover) Optimize(pivots int) bool {
	for pivots > 0 {
		enter, found := c.look()
		if !found {
			return true
		}
		for ; found && pivots > 0; pivots-- {
			if enter, found = c.pivot(enter); !found && enter == stuck {
				return false
			}
		}
	}
	return false
}

// stuck is what pivot returns instead of a variable where numbers do not allow it.
const stuck = math.MinInt

// near is the share of its cost up to which a column may cost more than it covers is worth and still be watched.
const near = 0.2

// look works out anew what all variables gain, starts a new reference for their weights, and returns the variable to
// enter first, if there is one.
func (c *Cover) look() (enter int, found bool) {
	c.active = c.active[:0]
	best := 0.0
	for j := range c.cost {
		if c.basic[j] {
			continue
		}
		rows, amount := c.column(int32(j))
		reduced := c.Reduced(c.cost[j], rows, amount)
		if !(reduced < near*c.cost[j]) {
			continue
		}
		c.active = append(c.active, int32(j))
		c.reduced[j], c.weight[j] = reduced, c.cost[j]*c.cost[j]
		if score := reduced * reduced / c.weight[j]; reduced < -eps*c.cost[j] && score > best {
			best, enter, found = score, j, true
		}
	}
	for i, y := range c.dual {
		c.spare[i] = c.own[i] * c.own[i]
		if score := y * y / c.spare[i]; y < -eps && score > best {
			best, enter, found = score, -1-i, true
		}
	}
	return enter, found
}

// tiny is what counts as nothing in the inverse.
const tiny = 1e-14

// pivot takes the variable into the basis, and returns the one to enter next, if there is one.
func (c *Cover) pivot(enter int) (next int, found bool) {
	m := c.m
	reduced, weight := 0.0, 0.0
	if enter < 0 {
		k := -1 - enter
		reduced, weight = c.dual[k], c.spare[k]
		for i := range m {
			c.rate[i] = -c.inverse[i*m+k]
		}
	} else {
		rows, amount := c.column(int32(enter))
		reduced, weight = c.Reduced(c.cost[enter], rows, amount), c.weight[enter]
		for i := range m {
			c.rate[i] = along(c.inverse[i*m:i*m+m], rows, amount)
		}
	}
	leave := c.leaving()
	if leave < 0 {
		return stuck, false
	}
	c.swap(enter, leave)
	pivotRow := c.inverse[leave*m : leave*m+m]
	scale := 1 / c.rate[leave]
	c.nonzero = c.nonzero[:0]
	for k := range pivotRow {
		if pivotRow[k] *= scale; math.Abs(pivotRow[k]) < tiny {
			pivotRow[k] = 0
		} else {
			c.nonzero = append(c.nonzero, int32(k))
		}
	}
	dense := 3*len(c.nonzero) > m
	for i, factor := range c.rate {
		if i == leave || math.Abs(factor) < tiny {
			continue
		}
		row := c.inverse[i*m : i*m+m]
		if dense {
			subtract(row, factor, pivotRow)
			continue
		}
		for _, k := range c.nonzero {
			row[k] -= factor * pivotRow[k]
		}
	}
	c.pivots++
	return c.renew(pivotRow, reduced, weight)
}

// swap moves along the rates as far as the basic variable at the position leave goes, and lets enter take its place.
func (c *Cover) swap(enter, leave int) {
	step := c.level[leave] / c.rate[leave]
	for i := range c.level {
		c.level[i] = max(0, c.level[i]-step*c.rate[i])
	}
	c.level[leave] = step
	if out := c.basis[leave]; out >= 0 {
		c.basic[out] = false
		c.active = append(c.active, int32(out))
		c.reduced[out], c.weight[out] = 0, c.cost[out]*c.cost[out]
	} else {
		c.spare[-1-out] = c.own[-1-out] * c.own[-1-out]
	}
	c.basis[leave] = enter
	if enter >= 0 {
		c.basic[enter] = true
	}
}

// subtract takes factor times x from y, which is as long.
func subtract(y []float64, factor float64, x []float64) {
	for len(x) >= 4 && len(y) >= 4 {
		y[0] -= factor * x[0]
		y[1] -= factor * x[1]
		y[2] -= factor * x[2]
		y[3] -= factor * x[3]
		x, y = x[4:], y[4:]
	}
	for k := range x {
		y[k] -= factor * x[k]
	}
}

// renew brings duals, gains and weights up to date after a pivot that left this row in the inverse, for a variable of that
// gain and weight, and returns the variable to enter next, if there is one.
func (c *Cover) renew(pivotRow []float64, reduced, weight float64) (next int, found bool) {
	best := 0.0
	kept := c.active[:0]
	for _, j := range c.active {
		if c.basic[j] {
			continue
		}
		kept = append(kept, j)
		rows, amount := c.column(j)
		ratio := along(pivotRow, rows, amount)
		d := c.reduced[j] - reduced*ratio
		w := max(c.weight[j], ratio*ratio*weight)
		c.reduced[j], c.weight[j] = d, w
		if d < -eps*c.cost[j] && d*d > best*w {
			best, next, found = d*d/w, int(j), true
		}
	}
	c.active = kept
	for i, ratio := range pivotRow {
		y := c.dual[i] + reduced*ratio
		w := max(c.spare[i], ratio*ratio*weight)
		c.dual[i], c.spare[i] = y, w
		if y < -eps && y*y > best*w {
			best, next, found = y*y/w, -1-i, true
		}
	}
	return next, found
}

// leaving is the basic variable that the entering one drives out; -1 if there is none. Of those that reach zero at nearly
// the same step, the one with the largest rate keeps the inverse accurate (Harris, 1973).
func (c *Cover) leaving() int {
	largest := 0.0
	for _, rate := range c.rate {
		largest = max(largest, rate)
	}
	floor := 1e-7 * max(1, largest)
	step := math.Inf(1)
	for i, rate := range c.rate {
		if rate > floor {
			step = min(step, (c.level[i]+1e-9)/rate)
		}
	}
	leave := -1
	for i, rate := range c.rate {
		if rate > floor && c.level[i] <= step*rate && (leave < 0 || rate > c.rate[leave]) {
			leave = i
		}
	}
	return leave
}

// Dual is what a unit of each row is worth at present, at least 0 at an optimum. It changes with the program.
func (c *Cover) Dual() []float64 { return c.dual }

// Value is what the present solution costs.
func (c *Cover) Value() float64 {
	total := 0.0
	for i, j := range c.basis {
		if j >= 0 {
			total += c.level[i] * c.cost[j]
		}
	}
	return total
}

// Pivots is how many steps have been taken so far: a measure of work that repeats exactly.
func (c *Cover) Pivots() int { return c.pivots }

// Each calls yield for every column in use, with how much of it is used, in the order of rows that the basis has.
func (c *Cover) Each(yield func(column int, x float64)) {
	for i, j := range c.basis {
		if j >= 0 && c.level[i] > eps {
			yield(j, c.level[i])
		}
	}
}
