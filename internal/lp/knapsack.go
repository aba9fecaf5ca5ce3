package lp

import "math"

// Knapsack finds what to put into one bin: x[j] between 0 and upper[j] that maximises value.x, where column j takes
// columns[j*d:(j+1)*d] of the d = len(room) resources and no resource takes more than its room, which must not be
// negative. The zero value is ready; keeping it between calls saves the allocations.
type Knapsack struct {
	d        int
	inverse  []float64 // d x d, of the basis
	basis    []int     // column, or -1-i for the slack of resource i
	level    []float64 // of the basic variables
	dual     []float64
	rate     []float64
	position []int32 // of each column in the basis, or -1
	full     []bool  // nonbasic columns at their upper bound
	x        []float64
	pivots   int
}

// Solve returns x, valid until the next call.
func (k *Knapsack) Solve(room, columns, value, upper []float64) []float64 {
	n := len(value)
	k.reset(room, n)
	for range 6*k.d + 12 {
		if !k.pass(columns, value, upper) {
			break
		}
	}
	for j := range n {
		k.x[j] = 0
		if k.full[j] {
			k.x[j] = upper[j]
		}
	}
	for i, j := range k.basis {
		if j >= 0 {
			k.x[j] = math.Max(0, k.level[i])
		}
	}
	return k.x
}

// Pivots is how many steps all calls together have taken: a measure of work that repeats exactly.
func (k *Knapsack) Pivots() int { return k.pivots }

// Dual says what a unit more of each resource would add to the value, at the solution found last; valid until the next
// call. With any prices that are not negative, the room at those prices and what columns are worth beyond them bound the
// value from above.
func (k *Knapsack) Dual() []float64 {
	for i := range k.dual {
		k.dual[i] = math.Max(0, k.dual[i])
	}
	return k.dual
}

func (k *Knapsack) reset(room []float64, n int) {
	d := len(room)
	k.d = d
	k.inverse = resized(k.inverse, d*d)
	k.basis = resized(k.basis, d)
	k.level = resized(k.level, d)
	k.dual = resized(k.dual, d)
	k.rate = resized(k.rate, d)
	k.position = resized(k.position, n)
	k.full = resized(k.full, n)
	k.x = resized(k.x, n)
	for i := range d {
		for j := range d {
			k.inverse[i*d+j] = 0
		}
		k.inverse[i*d+i] = 1
		k.basis[i] = -1 - i
		k.level[i] = room[i]
		k.dual[i] = 0
	}
	for j := range n {
		k.position[j] = -1
		k.full[j] = false
	}
}

func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// pass offers every column, then every slack, one chance to improve the value, and reports whether any did.
func (k *Knapsack) pass(columns, value, upper []float64) bool {
	improved := false
	d := k.d
	for j := range value {
		if k.position[j] >= 0 || upper[j] <= 0 {
			continue
		}
		column := columns[j*d : j*d+d]
		gain := value[j]
		for i, a := range column {
			gain -= k.dual[i] * a
		}
		scale := eps * (1 + math.Abs(value[j]))
		if !k.full[j] && gain > scale || k.full[j] && gain < -scale {
			for i := range d {
				sum := 0.0
				for r, a := range column {
					sum += k.inverse[i*d+r] * a
				}
				k.rate[i] = sum
			}
			k.move(j, upper[j], k.full[j], value, upper)
			improved = true
		}
	}
	for i := range d {
		if k.dual[i] < -eps && !k.slackBasic(i) {
			for r := range d {
				k.rate[r] = k.inverse[r*d+i]
			}
			k.move(-1-i, math.Inf(1), false, value, upper)
			improved = true
		}
	}
	return improved
}

func (k *Knapsack) slackBasic(i int) bool {
	for _, j := range k.basis {
		if j == -1-i {
			return true
		}
	}
	return false
}

// move changes the entering variable as far as it goes: to its other bound, or until a basic variable reaches one and
// leaves. rate holds what the basic variables lose for each unit.
func (k *Knapsack) move(enter int, limit float64, down bool, value, upper []float64) {
	k.pivots++
	sign := 1.0
	if down {
		sign = -1
	}
	step, leave, atUpper := limit, -1, false
	for i, j := range k.basis {
		switch rate := sign * k.rate[i]; {
		case rate > eps:
			if s := math.Max(0, k.level[i]) / rate; s < step {
				step, leave, atUpper = s, i, false
			}
		case rate < -eps && j >= 0:
			if s := math.Max(0, upper[j]-k.level[i]) / -rate; s < step {
				step, leave, atUpper = s, i, true
			}
		}
	}
	if math.IsInf(step, 1) {
		return
	}
	for i := range k.basis {
		k.level[i] -= sign * step * k.rate[i]
	}
	if leave < 0 {
		k.full[enter] = !down
		return
	}
	if out := k.basis[leave]; out >= 0 {
		k.position[out] = -1
		k.full[out] = atUpper
	}
	k.basis[leave] = enter
	k.level[leave] = step
	if enter >= 0 {
		k.position[enter] = int32(leave)
		if down {
			k.level[leave] = limit - step
		}
		k.full[enter] = false
	}
	k.pivot(leave, value)
}

// pivot renews the inverse and the duals after the basis changed in one place.
func (k *Knapsack) pivot(leave int, value []float64) {
	d := k.d
	row := k.inverse[leave*d : leave*d+d]
	scale := 1 / k.rate[leave]
	for j := range row {
		row[j] *= scale
	}
	for i := range d {
		if i == leave || k.rate[i] == 0 {
			continue
		}
		factor := k.rate[i]
		for j := range row {
			k.inverse[i*d+j] -= factor * row[j]
		}
	}
	for j := range d {
		sum := 0.0
		for i, b := range k.basis {
			if b >= 0 {
				sum += value[b] * k.inverse[i*d+j]
			}
		}
		k.dual[j] = sum
	}
}
