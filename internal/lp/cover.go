package lp

import "math"

// Cover is a covering program that grows: find x >= 0 of least cost.x such that column by column enough of every row is
// covered. It is the master problem of column generation (Gilmore and Gomory, 1961): few rows, any number of columns, of
// which most are not known yet. It starts with a column of its own for each row, so that it is feasible at all times,
// and is solved by the revised primal simplex with an explicit inverse.
type Cover struct {
	m       int
	inverse []float64 // m x m, of the basis
	basis   []int     // columns; those below zero are surplus: -1-i of row i
	level   []float64 // of the basic variables
	dual    []float64
	columns []coverColumn
	rate    []float64
	pivots  int
	short   []int     // variables worth taking into the basis
	gains   []float64 // of them
	nonzero []int32
}

// coverColumn is sparse.
type coverColumn struct {
	cost   float64
	rows   []int32
	amount []float64
	basic  bool
}

// NewCover starts a program in which row i must reach demand[i] > 0, and may do so at a cost of own[i] > 0 a unit.
func NewCover(demand, own []float64) *Cover {
	m := len(demand)
	c := &Cover{
		m: m, inverse: make([]float64, m*m), basis: make([]int, m), level: make([]float64, m), dual: make([]float64, m),
		rate: make([]float64, m), columns: make([]coverColumn, 0, 4*m),
	}
	for i := range m {
		c.inverse[i*m+i] = 1
		c.basis[i], c.level[i], c.dual[i] = i, demand[i], own[i]
		c.columns = append(c.columns, coverColumn{cost: own[i], rows: []int32{int32(i)}, amount: []float64{1}, basic: true})
	}
	return c
}

// Add makes a column known and returns its number, counted on from those that the rows have of their own. The slices are
// kept.
func (c *Cover) Add(cost float64, rows []int32, amount []float64) int {
	c.columns = append(c.columns, coverColumn{cost: cost, rows: rows, amount: amount})
	return len(c.columns) - 1
}

// Reduced is what a unit of such a column costs beyond what it covers is worth: what costs less than nothing improves the
// program.
func (c *Cover) Reduced(cost float64, rows []int32, amount []float64) float64 {
	for k, i := range rows {
		cost -= c.dual[i] * amount[k]
	}
	return cost
}

// Optimize moves to the optimum over the columns that are known, in at most that many pivots. It reports whether it got
// there.
func (c *Cover) Optimize(pivots int) bool {
	for pivots > 0 {
		c.scan()
		if len(c.short) == 0 {
			return true
		}
		for pivots > 0 { // while those that looked best still do
			best, enter := -eps, 0
			for _, j := range c.short {
				if reduced := c.gain(j); reduced < best {
					best, enter = reduced, j
				}
			}
			if best == -eps {
				break
			}
			if !c.pivot(enter) {
				return false
			}
			pivots--
		}
	}
	return false
}

// shortlist is how many variables are looked at between two looks at all.
const shortlist = 16

// gain is what the variable would change the value by, for each unit of cost; 0 if it is basic.
func (c *Cover) gain(j int) float64 {
	if j < 0 {
		return c.dual[-1-j]
	}
	col := &c.columns[j]
	if col.basic {
		return 0
	}
	return c.Reduced(col.cost, col.rows, col.amount) / col.cost
}

// scan lists the variables that would gain most.
func (c *Cover) scan() {
	c.short, c.gains = c.short[:0], c.gains[:0]
	consider := func(j int, gain float64) {
		if len(c.short) == shortlist {
			if gain >= c.gains[shortlist-1] {
				return
			}
			c.short, c.gains = c.short[:shortlist-1], c.gains[:shortlist-1]
		}
		at := len(c.gains)
		c.short, c.gains = append(c.short, j), append(c.gains, gain)
		for ; at > 0 && c.gains[at-1] > gain; at-- {
			c.short[at], c.gains[at] = c.short[at-1], c.gains[at-1]
		}
		c.short[at], c.gains[at] = j, gain
	}
	for j := range c.columns {
		if gain := c.gain(j); gain < -eps {
			consider(j, gain)
		}
	}
	for i, y := range c.dual {
		if y < -eps {
			consider(-1-i, y)
		}
	}
}

// tiny is what counts as nothing in the inverse.
const tiny = 1e-14

// pivot takes the variable into the basis; false where numbers do not allow it.
func (c *Cover) pivot(enter int) bool {
	m := c.m
	reduced := 0.0
	if enter < 0 {
		k := -1 - enter
		reduced = c.dual[k]
		for i := range m {
			c.rate[i] = -c.inverse[i*m+k]
		}
	} else {
		col := &c.columns[enter]
		reduced = c.Reduced(col.cost, col.rows, col.amount)
		for i := range m {
			row := c.inverse[i*m : i*m+m]
			sum := 0.0
			for k, r := range col.rows {
				sum += row[r] * col.amount[k]
			}
			c.rate[i] = sum
		}
	}
	leave := c.leaving()
	if leave < 0 {
		return false
	}
	step := c.level[leave] / c.rate[leave]
	for i := range c.level {
		c.level[i] = math.Max(0, c.level[i]-step*c.rate[i])
	}
	c.level[leave] = step
	if out := c.basis[leave]; out >= 0 {
		c.columns[out].basic = false
	}
	c.basis[leave] = enter
	if enter >= 0 {
		c.columns[enter].basic = true
	}
	pivotRow := c.inverse[leave*m : leave*m+m]
	scale := 1 / c.rate[leave]
	for k := range pivotRow {
		if pivotRow[k] *= scale; math.Abs(pivotRow[k]) < tiny {
			pivotRow[k] = 0
		}
	}
	c.nonzero = c.nonzero[:0]
	for k, v := range pivotRow {
		if v != 0 {
			c.nonzero = append(c.nonzero, int32(k))
		}
	}
	for i, factor := range c.rate {
		if i == leave || math.Abs(factor) < tiny {
			continue
		}
		row := c.inverse[i*m : i*m+m]
		for _, k := range c.nonzero {
			row[k] -= factor * pivotRow[k]
		}
	}
	for _, k := range c.nonzero {
		c.dual[k] += reduced * pivotRow[k]
	}
	c.pivots++
	return true
}

// leaving is the basic variable that the entering one drives out; -1 if there is none. Of those that reach zero at nearly
// the same step, the one with the largest rate keeps the inverse accurate (Harris, "Pivot selection methods of the Devex
// LP code", 1973).
func (c *Cover) leaving() int {
	largest := 0.0
	for _, rate := range c.rate {
		largest = math.Max(largest, rate)
	}
	floor := 1e-7 * math.Max(1, largest)
	step := math.Inf(1)
	for i, rate := range c.rate {
		if rate > floor {
			step = math.Min(step, (c.level[i]+1e-9)/rate)
		}
	}
	leave := -1
	for i, rate := range c.rate {
		if rate > floor && c.level[i]/rate <= step && (leave < 0 || rate > c.rate[leave]) {
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
			total += c.level[i] * c.columns[j].cost
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
