package scheduling

import (
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/lp"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// portion is some pods of one class on one node.
type portion struct {
	class int32
	count int64
}

// filler decides what goes onto one node. It owns the scratch space that filling needs.
type filler struct {
	p        *Problem
	knapsack lp.Knapsack
	columns  []float64
	value    []float64
	upper    []float64
	ids      []int32 // those of them that fit at all
	taken    []int64 // by class, of the node being filled
	barred   []bool  // by class: something on the node excludes it
	used     []int64 // by cap, of the node being filled
	room     resource.Vector
}

func newFiller(p *Problem) *filler {
	return &filler{
		p: p, taken: make([]int64, len(p.classes)), barred: make([]bool, len(p.classes)), used: make([]int64, len(p.caps)),
		room: make(resource.Vector, p.dims.Len()),
	}
}

// fill chooses pods of the classes for a node with that room so that they are worth as much as possible, no more than
// remaining of each class. order lists the same classes, dearest pod first. The content is in class order; nothing else
// of the classes fits beside it.
//
// The relaxed problem, which may cut pods, is a linear program with one row for each resource; its solution has at most
// one fractional class for each row. So it is rounded down, and what is left of the room is filled in order.
func (f *filler) fill(room resource.Vector, order []int32, remaining []int64, worth []float64) ([]portion, float64) {
	copy(f.room, room)
	f.ids = f.ids[:0]
	for _, c := range order {
		if remaining[c] > 0 && room.Fits(f.p.classes[c].demand) {
			f.ids = append(f.ids, c)
		}
	}
	if len(f.ids) > 1 {
		f.takeRelaxed(room, remaining, worth)
	}
	for _, c := range f.ids {
		f.take(c, remaining[c])
	}
	return f.collect(worth)
}

// collect ends the filling of a node: what is on it, in class order, and what it is worth.
func (f *filler) collect(worth []float64) ([]portion, float64) {
	var content []portion
	total := 0.0
	for _, c := range f.ids {
		if f.taken[c] > 0 {
			content = append(content, portion{c, f.taken[c]})
			total += worth[c] * float64(f.taken[c])
			for _, g := range f.p.classes[c].caps {
				f.used[g] = 0
			}
			f.taken[c] = 0
			for _, other := range f.p.classes[c].apart {
				f.barred[other] = false
			}
		}
	}
	slices.SortFunc(content, func(a, b portion) int { return int(a.class - b.class) })
	return content, total
}

// mostPerNode is how many pods of the class a new node takes for all that caps and exclusion say.
func (p *Problem) mostPerNode(cl *class) int64 {
	most := int64(cl.perNode)
	for _, g := range cl.caps {
		most = min(most, p.caps[g].limit)
	}
	return most
}

// preload enters what an existing node holds already of each cap; unload forgets it.
func (f *filler) preload(node int) {
	t := &f.p.topology
	for g := range f.used {
		if track := f.p.caps[g].track; t.includes(nil, int32(node), track) {
			f.used[g] = t.before(nil, int32(node), track)
		}
	}
}

func (f *filler) unload() { clear(f.used) }

// take puts up to count more pods of the class onto the node.
func (f *filler) take(c int32, count int64) {
	cl := &f.p.classes[c]
	if f.barred[c] {
		return
	}
	limit := min(count, int64(cl.perNode)) - f.taken[c]
	for _, g := range cl.caps {
		limit = min(limit, f.p.caps[g].limit-f.used[g])
	}
	n := f.room.Times(cl.demand, limit)
	if n <= 0 {
		return
	}
	f.room.Sub(cl.demand, n)
	f.taken[c] += n
	for _, g := range cl.caps {
		f.used[g] += n
	}
	for _, other := range cl.apart {
		f.barred[other] = true
	}
}

// takeRelaxed solves the relaxed problem for f.ids and takes the whole pods of its solution, the dearest classes first.
func (f *filler) takeRelaxed(room resource.Vector, remaining []int64, worth []float64) {
	dims := 0
	n := len(f.ids)
	f.columns = slices.Grow(f.columns[:0], n*len(room))[:n*len(room)]
	f.value = slices.Grow(f.value[:0], n)[:n]
	f.upper = slices.Grow(f.upper[:0], n)[:n]
	var unit [maxRelaxed]float64
	var at [maxRelaxed]int
	for d, amount := range room {
		if amount > 0 && dims < maxRelaxed {
			unit[dims], at[dims] = 1/float64(amount), d
			dims++
		}
	}
	for i, c := range f.ids {
		cl := &f.p.classes[c]
		for k := range dims {
			f.columns[i*dims+k] = float64(cl.demand[at[k]]) * unit[k]
		}
		f.value[i] = worth[c]
		f.upper[i] = float64(min(remaining[c], f.p.mostPerNode(cl)))
	}
	var ones [maxRelaxed]float64
	for k := range dims {
		ones[k] = 1
	}
	x := f.knapsack.Solve(ones[:dims], f.columns[:n*dims], f.value, f.upper)
	for i, c := range f.ids {
		if whole := int64(math.Floor(x[i] + 1e-6)); whole > 0 {
			f.take(c, min(whole, remaining[c]))
		}
	}
}
