package scheduling

import (
	"container/heap"
	"math"
	"slices"
)

// Branch and bound over what one sack can hold, by relaxed problems: where the relaxed problem cuts a pod, either at most so
// many or one more go in (Land and Doig, "An automatic method of solving discrete programming problems", 1960). The best
// of what is still open is a bound whenever it stops.

// maxWholes bounds how many relaxed problems are solved for one sack.
const maxWholes = 600

// partial is a part of all contents of a sack: of each shape, by position, at least low and at most high.
type partial struct {
	low, high []float64
	most      float64 // that any of these contents is worth
	cut       int     // the shape that the relaxed problem cuts; -1 if none
	at        float64 // where
}

// partials is a heap: the most promising first.
type partials []partial

func (h partials) Len() int           { return len(h) }
func (h partials) Less(i, j int) bool { return h[i].most > h[j].most }
func (h partials) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *partials) Push(x any)        { *h = append(*h, x.(partial)) }
func (h *partials) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// whole is a worth that no content of the sack exceeds, or enough if none does. It reads the worths that the last begin has
// set.
func (f *stuffer) whole(k *sack, enough float64) float64 {
	queue := partials{{low: make([]float64, len(k.ids)), high: slices.Clone(f.upper[:len(k.ids)])}}
	if !f.relax(k, &queue[0]) {
		return enough
	}
	for solved := 0; len(queue) > 0; {
		top := queue[0]
		if top.most <= enough {
			return enough
		}
		if top.cut < 0 || solved >= maxWholes {
			return top.most
		}
		heap.Pop(&queue)
		for _, up := range []bool{true, false} {
			child := partial{low: top.low, high: top.high}
			if up {
				child.low = slices.Clone(top.low)
				child.low[top.cut] = math.Ceil(top.at)
			} else {
				child.high = slices.Clone(top.high)
				child.high[top.cut] = math.Floor(top.at)
			}
			solved++
			if f.relax(k, &child) && child.most > enough {
				child.most = math.Min(child.most, top.most)
				heap.Push(&queue, child)
			}
		}
	}
	return enough
}

// relax solves the relaxed problem of the part; false if nothing is in it.
func (f *stuffer) relax(k *sack, part *partial) bool {
	d := len(k.dims)
	left, upper := make([]float64, d), make([]float64, len(k.ids))
	for r := range left {
		left[r] = 1
	}
	part.most = 0
	for i, low := range part.low {
		if low > part.high[i] {
			return false
		}
		upper[i] = part.high[i] - low
		part.most += low * f.value[i]
		for r := range d {
			left[r] -= low * k.columns[i*d+r]
		}
	}
	for r := range left {
		if left[r] < -1e-9 {
			return false
		}
		left[r] = math.Max(0, left[r])
	}
	for i := range upper { // what does not fit whole does not fit
		for r := range d {
			if a := k.columns[i*d+r]; a > 0 {
				upper[i] = math.Min(upper[i], math.Floor((left[r]+1e-9)/a))
			}
		}
	}
	x := f.knapsack.Solve(left, k.columns, f.value[:len(k.ids)], upper)
	part.cut = -1
	worst := 1e-6
	for i := range x {
		if off := math.Abs(x[i] - math.Round(x[i])); off > worst {
			worst, part.cut, part.at = off, i, part.low[i]+x[i]
		}
	}
	dual := f.knapsack.Dual()
	for r := range d {
		part.most += dual[r] * left[r]
	}
	for i := range upper {
		part.most += math.Max(0, f.value[i]-k.charge(i, dual)) * upper[i]
	}
	return true
}
