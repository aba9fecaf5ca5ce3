package scheduling

import (
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/lp"
)

// Prices of resources. What a core or a byte is worth follows from what machines cost: the prices pi that make the
// demand worth as much as possible while no machine offers more worth than it costs,
//
//	maximise load.pi  subject to  room_b.pi <= price_b for every bin b,  pi >= 0.
//
// By weak duality load.pi is a lower bound on the cost of any set of machines that hold the load, whatever the packing
// (Gilmore and Gomory's cutting-stock dual, with one dual per resource instead of one per item). Pods that no bin has
// in common are priced apart, which makes both the prices and the bound sharper.

// market is a set of signatures that compete for the same bins, and those bins.
type market struct {
	sigs bitset.Set
	bins []int32
}

// markets divides the signatures with demand into groups that no bin connects, smallest signature first.
func (p *Problem) markets(bins []int32, wanted bitset.Set) []market {
	parent := make([]int32, len(p.sigs))
	for s := range parent {
		parent[s] = int32(s)
	}
	root := func(s int32) int32 {
		for parent[s] != s {
			parent[s] = parent[parent[s]]
			s = parent[s]
		}
		return s
	}
	first := make([]int32, len(bins))
	for i, b := range bins {
		first[i] = -1
		for s := range p.bins[b].sigs.All() {
			if !wanted.Has(s) {
				continue
			}
			if first[i] < 0 {
				first[i] = int32(s)
				continue
			}
			x, y := root(first[i]), root(int32(s))
			parent[max(x, y)] = min(x, y)
		}
	}
	ids := map[int32]int{}
	var out []market
	for s := range wanted.All() {
		r := root(int32(s))
		id, known := ids[r]
		if !known {
			id = len(out)
			ids[r] = id
			out = append(out, market{sigs: bitset.New(len(p.sigs))})
		}
		out[id].sigs.Add(s)
	}
	for i, b := range bins {
		if first[i] >= 0 {
			m := &out[ids[root(first[i])]]
			m.bins = append(m.bins, b)
		}
	}
	return out
}

// cover is a covering problem whose optimum no plan undercuts: choose nodes of each kind so that together they have at
// least the load of every row. Rows are the resources, the places for crowds, and the slots of a few shapes of which a
// node holds few: each pod takes one slot of its shape, and a node has as many as it could hold of that shape alone. The
// duals of the rows are what a unit of each resource, and a slot of each such shape, is worth.
type cover struct {
	shapes  *shapes
	ids     []int32     // shapes of the market
	load    []float64   // of their pods, by resource and crowd
	slots   []float64   // pods, as ids
	rooms   [][]float64 // by bin, of each row, in units of the load
	prices  []float64   // by bin
	dims    []int       // resource or crowd of each of the first rows
	slotted []slotRow   // the other rows
	nodes   float64     // how many the optimum buys, once it is found
}

func (c *cover) rows() int { return len(c.dims) + len(c.slotted) }

// shape is the k-th of the market's shapes.
func (c *cover) shape(k int) *shape { return &c.shapes.list[c.ids[k]] }

// demandOf starts the covering problem of a market: what the pods ask for.
func (s *shapes) demandOf(m market) *cover {
	c := &cover{shapes: s, load: make([]float64, s.dims+len(s.crowds))}
	for i := range s.list {
		sh := &s.list[i]
		if sh.count == 0 || !m.sigs.Has(int(sh.sig)) {
			continue
		}
		c.ids = append(c.ids, int32(i))
		c.slots = append(c.slots, float64(sh.count))
		for d, amount := range sh.demand {
			c.load[d] += float64(amount) * float64(sh.count)
		}
	}
	return c
}

// setRows completes the covering problem: what each of the market's bins offers, and at what cost. roomy says whether
// shapes have slots of which a node holds many.
func (p *Problem) setRows(c *cover, m market, costs []float64, roomy bool) {
	c.prices, c.rooms = costs, make([][]float64, len(m.bins))
	width := len(c.load) + maxSlotRows
	cells := make([]float64, len(m.bins)*width)
	for i := range c.rooms {
		c.rooms[i] = cells[i*width : i*width : (i+1)*width]
	}
	for d, amount := range c.load {
		if amount <= 0 {
			continue
		}
		c.dims = append(c.dims, d)
		for i, b := range m.bins {
			room := 0.0
			if d < c.shapes.dims {
				room = float64(p.bins[b].room[d])
			} else if c.hosts(&p.bins[b], d) {
				room = float64(c.shapes.crowds[d-c.shapes.dims].limit)
			}
			c.rooms[i] = append(c.rooms[i], room/amount)
		}
	}
	p.addSlotRows(c, m, roomy)
}

// hosts reports whether the bin takes a pod of the crowd.
func (c *cover) hosts(b *bin, d int) bool {
	return slices.ContainsFunc(c.ids, func(i int32) bool {
		sh := &c.shapes.list[i]
		return sh.demand[d] > 0 && b.sigs.Has(int(sh.sig)) && b.room.Fits(sh.demand[:c.shapes.dims])
	})
}

// maxSlotRows bounds the rows that are not resources.
const maxSlotRows = 8

// fewPods is up to how many pods of a shape on one node whole pods, rather than their resources, decide its price.
const fewPods = 3

// slotRow is a shape and how many of its pods a node of each bin can take.
type slotRow struct {
	of    int     // position in cover.ids
	load  float64 // pods
	alone float64 // what the shape would cost if it had its nodes to itself
	times []float64
}

// addSlotRows adds rows for the shapes that would cost most if each had its nodes to itself; members of crowds have their
// places there.
func (p *Problem) addSlotRows(c *cover, m market, roomy bool) {
	if len(m.bins) == 0 {
		return
	}
	var rows []slotRow // dearest first
	guess := 0         // the bin that was cheapest for the shape before
	for k := range c.ids {
		if c.slots[k] <= 0 || slices.Max(append(c.shape(k).demand[c.shapes.dims:], 0)) > 0 {
			continue
		}
		least := 0.0
		if len(rows) == maxSlotRows {
			least = rows[maxSlotRows-1].alone
		}
		alone, at := p.alone(c, m, k, guess, roomy, least)
		if guess = at; alone <= least {
			continue
		}
		at = len(rows)
		for at > 0 && rows[at-1].alone < alone {
			at--
		}
		rows = slices.Insert(rows, at, slotRow{of: k, load: c.slots[k], alone: alone})
		rows = rows[:min(len(rows), maxSlotRows)]
	}
	for _, row := range rows {
		row.times = make([]float64, len(m.bins))
		for i, b := range m.bins {
			row.times[i] = p.slotsOf(c, row.of, b)
			c.rooms[i] = append(c.rooms[i], row.times[i]/row.load)
		}
		c.slotted = append(c.slotted, row)
	}
}

// alone is what the k-th shape would cost if it had its nodes to itself, and the bin that is cheapest for it, of which guess
// is tried first. It is 0 where no bin takes it, or not roomy and one takes many, or where it turns out to be no more than
// least.
func (p *Problem) alone(c *cover, m market, k, guess int, roomy bool, least float64) (alone float64, at int) {
	alone, at = math.Inf(1), guess
	for i := -1; i < len(m.bins); i++ {
		b := i
		switch {
		case i < 0:
			b = guess
		case !roomy: // the dearest bins, which mostly take most, come last
			b = len(m.bins) - 1 - i
		}
		times := p.slotsOf(c, k, m.bins[b])
		if times <= 0 {
			continue
		}
		if !roomy && times > fewPods {
			return 0, b
		}
		if cost := c.prices[b] * math.Max(1, c.slots[k]/times); cost < alone {
			alone, at = cost, b
		}
		if alone <= least {
			return 0, at
		}
	}
	if math.IsInf(alone, 1) {
		return 0, guess
	}
	return alone, at
}

// slotsOf is how many pods of the k-th shape, and nothing else, a node of the bin takes. No node holds more than there are.
func (p *Problem) slotsOf(c *cover, k int, b int32) float64 {
	bin, sh := &p.bins[b], c.shape(k)
	if !bin.sigs.Has(int(sh.sig)) {
		return 0
	}
	return math.Max(0, math.Min(float64(bin.room.Times(sh.demand[:c.shapes.dims], sh.perNode)), c.slots[k]))
}

// duals are the prices of the rows, and the bound that they prove. Whatever the solver's rounding, the prices are made
// feasible before they are used: no node is worth more than it costs.
func (c *cover) duals() ([]float64, float64) {
	if c.rows() == 0 || len(c.prices) == 0 {
		return nil, 0
	}
	unit := slices.Max(c.prices)
	if unit <= 0 {
		return nil, 0
	}
	objective := make([]float64, c.rows())
	rhs := make([]float64, len(c.prices))
	rows := make([][]float64, len(c.prices))
	cells := make([]float64, 0, len(rows)*c.rows())
	for i := range rows {
		cells = append(cells, c.rooms[i]...)
		rows[i] = cells[i*c.rows():]
		rhs[i] = c.prices[i] / unit
	}
	for k := range objective {
		objective[k] = 1
	}
	shrink := normalise(rows)
	scale := shrink * unit
	best := lp.Maximize(objective, rows, rhs)
	dual := best.X
	c.nodes = 0
	for _, n := range best.Dual {
		c.nodes += n * shrink
	}
	worst := 1.0
	for i, price := range c.prices {
		worth := 0.0
		for k := range dual {
			worth += dual[k] * scale * c.rooms[i][k]
		}
		if worth <= 0 {
			continue
		}
		if price <= 0 {
			return nil, 0
		}
		worst = math.Max(worst, worth/price)
	}
	total := 0.0
	for k := range dual {
		dual[k] *= scale / worst
		total += dual[k]
	}
	return dual, total
}

// shapePrices says what a pod of each of the cover's shapes is worth, given duals of the first rows. One price for a
// resource is too low for pods that can only go to dear machines, so each bin i gets prices of its own, the duals times
// scale(i), at which a full machine is worth what it costs; a pod is worth what the least of the bins that admit it asks
// for it. (Prices by bin are the dual of the relaxation that may split pods, but not send them where they may not go.)
func (p *Problem) shapePrices(c *cover, m market, dual []float64) (prices, scales []float64) {
	byBin := make([]float64, len(m.bins))
	for i := range m.bins {
		worth := 0.0
		for k := range dual {
			worth += dual[k] * c.rooms[i][k]
		}
		byBin[i] = math.Inf(1)
		if worth > 0 {
			byBin[i] = c.prices[i] / worth
		}
	}
	prices, scales = make([]float64, len(c.ids)), make([]float64, len(c.ids))
	for k := range c.ids {
		sh := c.shape(k)
		scale := math.Inf(1)
		for i, b := range m.bins {
			if byBin[i] < scale && p.bins[b].sigs.Has(int(sh.sig)) && p.bins[b].room.Fits(sh.demand[:c.shapes.dims]) {
				scale = byBin[i]
			}
		}
		if base := c.worth(k, dual); base > 0 && !math.IsInf(scale, 1) {
			prices[k], scales[k] = base*scale, scale
		}
	}
	return prices, scales
}

// worth is what a pod of the k-th shape takes of the rows, at the duals.
func (c *cover) worth(k int, dual []float64) float64 {
	total := 0.0
	sh := c.shape(k)
	for row, value := range dual {
		if row < len(c.dims) {
			total += value * float64(sh.demand[c.dims[row]]) / c.load[c.dims[row]]
		} else if slot := &c.slotted[row-len(c.dims)]; slot.of == k {
			total += value / slot.load
		}
	}
	return total
}

// normalise divides all rows by their largest cell, so that the solver's tolerance means the same for a plan of one
// node and for one of ten thousand. It returns what the solution must be multiplied with.
func normalise(rows [][]float64) float64 {
	largest := 0.0
	for _, row := range rows {
		for _, v := range row {
			largest = math.Max(largest, v)
		}
	}
	if largest == 0 {
		return 1
	}
	for _, row := range rows {
		for k := range row {
			row[k] /= largest
		}
	}
	return 1 / largest
}
