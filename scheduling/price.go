package scheduling

import (
	"cmp"
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
// least the load of every row. Rows are the resources, and the slots of a few classes of which a node holds few: each pod
// takes one slot of its class, and a node has as many as it could hold of that class alone. The duals of the rows are
// what a unit of each resource, and a slot of each such class, is worth.
type cover struct {
	classes []int32     // of the market, with pods
	load    []float64   // of those pods, by resource
	slots   []float64   // by class, as classes
	rooms   [][]float64 // by bin, of each row, in units of the load
	prices  []float64   // by bin
	dims    []int       // resource of each of the first rows
	slotted []slotRow   // the other rows
}

func (c *cover) rows() int { return len(c.dims) + len(c.slotted) }

// demandOf starts the covering problem of a market: what the pods ask for.
func (p *Problem) demandOf(m market, counts []int64) *cover {
	c := &cover{load: make([]float64, p.dims.Len())}
	for class, n := range counts {
		if n == 0 || !m.sigs.Has(int(p.classes[class].sig)) {
			continue
		}
		c.classes = append(c.classes, int32(class))
		c.slots = append(c.slots, float64(n))
		for d, amount := range p.classes[class].demand {
			c.load[d] += float64(amount) * float64(n)
		}
	}
	return c
}

// setRows completes the covering problem: what each of the market's bins offers, and at what cost.
func (p *Problem) setRows(c *cover, m market, costs []float64, roomy bool) {
	c.prices, c.rooms = costs, make([][]float64, len(m.bins))
	for d, amount := range c.load {
		if amount <= 0 {
			continue
		}
		c.dims = append(c.dims, d)
		for i, b := range m.bins {
			c.rooms[i] = append(c.rooms[i], float64(p.bins[b].room[d])/amount)
		}
	}
	p.addSlotRows(c, m, roomy)
}

// maxSlotRows bounds the rows that are not resources.
const maxSlotRows = 8

// slotRow is a group of classes and how many of its pods a node of each bin can take.
type slotRow struct {
	members []int   // positions in cover.classes
	load    float64 // pods
	alone   float64 // what the group would cost if it had its nodes to itself
	times   []float64
}

// addSlotRows adds rows for the groups that would cost most if each had its nodes to itself: single classes, and cliques
// that exclude each other from a host. roomy says whether classes count of which a node holds many.
func (p *Problem) addSlotRows(c *cover, m market, roomy bool) {
	position := make(map[int32]int, len(c.classes))
	for k, class := range c.classes {
		position[class] = k
	}
	var groups [][]int
	cliqued := map[int]bool{}
	for _, clique := range p.cliques {
		var members []int
		for _, class := range clique {
			if k, ok := position[class]; ok && c.slots[k] > 0 {
				members = append(members, k)
				cliqued[k] = true
			}
		}
		if len(members) > 0 {
			groups = append(groups, members)
		}
	}
	for k := range c.classes {
		if c.slots[k] > 0 && !cliqued[k] {
			groups = append(groups, []int{k})
		}
	}
	rows := make([]slotRow, 0, len(groups))
	for _, members := range groups {
		if row := p.slotRow(c, m, members, cliqued[members[0]]); row.alone < math.Inf(1) && (roomy || slices.Max(row.times) <= fewPods) {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b slotRow) int { return cmp.Compare(b.alone, a.alone) })
	for _, row := range rows[:min(len(rows), maxSlotRows)] {
		c.slotted = append(c.slotted, row)
		for i := range m.bins {
			c.rooms[i] = append(c.rooms[i], row.times[i]/row.load)
		}
	}
}

// fewPods is up to how many pods of a class on one node whole pods, rather than their resources, decide its price.
const fewPods = 3

func (p *Problem) slotRow(c *cover, m market, members []int, clique bool) slotRow {
	row := slotRow{members: members, alone: math.Inf(1), times: make([]float64, len(m.bins))}
	for _, k := range members {
		row.load += c.slots[k]
	}
	for i, b := range m.bins {
		bin := &p.bins[b]
		for _, k := range members {
			cl := &p.classes[c.classes[k]]
			if !bin.sigs.Has(int(cl.sig)) {
				continue
			}
			times := float64(bin.room.Times(cl.demand, int64(cl.perNode)))
			times = math.Min(times, c.slots[k]) // no node holds more than there are
			if clique {
				times = math.Min(times, 1)
			}
			row.times[i] = math.Max(row.times[i], times)
		}
		if row.times[i] > 0 {
			row.alone = math.Min(row.alone, c.prices[i]*math.Max(1, row.load/row.times[i]))
		}
	}
	return row
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
	for i := range rows {
		rows[i] = slices.Clone(c.rooms[i])
		rhs[i] = c.prices[i] / unit
	}
	for k := range objective {
		objective[k] = 1
	}
	scale := normalise(rows) * unit
	dual, _, _ := lp.Maximize(objective, rows, rhs)
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

// classPrices says what a pod of each of the cover's classes is worth, given duals of the first rows. One price for a
// resource is too low for pods that can only go to dear machines, so each bin i gets prices of its own, the duals times
// scale(i), at which a full machine is worth what it costs; a pod is worth what the least of the bins that admit it asks
// for it. (Prices by bin are the dual of the relaxation that may split pods, but not send them where they may not go.)
func (p *Problem) classPrices(c *cover, m market, dual []float64) (prices, scales []float64) {
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
	prices, scales = make([]float64, len(c.classes)), make([]float64, len(c.classes))
	for k, class := range c.classes {
		cl := &p.classes[class]
		scale := math.Inf(1)
		for i, b := range m.bins {
			if byBin[i] < scale && p.bins[b].sigs.Has(int(cl.sig)) && p.bins[b].room.Fits(cl.demand) {
				scale = byBin[i]
			}
		}
		if base := c.worth(p, k, dual); base > 0 && !math.IsInf(scale, 1) {
			prices[k], scales[k] = base*scale, scale
		}
	}
	return prices, scales
}

// worth is what a pod of the k-th class takes of the rows, at the duals.
func (c *cover) worth(p *Problem, k int, dual []float64) float64 {
	total := 0.0
	for row, value := range dual {
		if row < len(c.dims) {
			total += value * float64(p.classes[c.classes[k]].demand[c.dims[row]]) / c.load[c.dims[row]]
		} else if slot := &c.slotted[row-len(c.dims)]; slices.Contains(slot.members, k) {
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
