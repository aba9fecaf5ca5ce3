package scheduling

import (
	"context"
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// Bound is a proven lower bound on what launches cost.
type Bound struct {
	// Price is in dollars per hour.
	Price float64
	// Level says how it was proven: "resources" by prices of resources, "whole nodes" by a search over whole nodes,
	// "contents" by what the possible contents of nodes are worth.
	Level string
}

// LowerBound returns a price that no plan undercuts which places every pod of the snapshot that a node could host at
// all. Limits, stock, weights and company of pods are not looked at, so the true optimum may be higher. Plan.Bound is
// the same for the pods that the plan places.
//
// Searches are cut short on large problems. Where none is, and there are no existing nodes, the bound is the optimum of
// the relaxation, which no further instance type and no pod less can raise.
func (p *Problem) LowerBound(ctx context.Context) (Bound, error) {
	if err := ctx.Err(); err != nil {
		return Bound{}, err
	}
	counts := make([]int64, len(p.classes))
	for c := range p.classes {
		cl := &p.classes[c]
		hosted := slices.ContainsFunc(p.bins, func(b bin) bool { return b.sigs.Has(int(cl.sig)) && b.room.Fits(cl.demand) })
		if int(cl.root) == c && cl.unsupported == "" && hosted && !cl.shares {
			counts[c] = int64(cl.planned())
		}
	}
	bound := Bound{Level: "resources"}
	sh, markets := p.boundMarkets(counts)
	for _, m := range markets {
		price, whole := p.marketBound(m, sh)
		bound.Price += price
		if whole {
			bound.Level = "whole nodes"
		}
	}
	contents, err := p.boundByContents(ctx, sh, p.boundBins(), proofRounds)
	if err != nil {
		return Bound{}, err
	}
	if contents > bound.Price*(1+1e-9) {
		bound = Bound{Price: contents, Level: "contents"}
	}
	return bound, nil
}

// proofRounds is how many rounds of column generation LowerBound takes.
const proofRounds = 60

// closeEnough is the gap up to which a plan is not held against the dearer bound of what contents are worth.
const closeEnough = 1.02

// proven is the lower bound for placing the pods that the attempt has placed. What is had for nothing cannot be undercut, and
// of a draft nothing is proven.
func (s *solver) proven() float64 {
	if s.spent <= 0 || s.opts.Draft {
		return 0
	}
	bound := s.bound()
	if s.duals != nil && s.spent > bound*closeEnough {
		bins := s.p.boundBins()
		bound = math.Max(bound, s.p.boundByWorths(s.p.shapesOf(s.p.countable(s.placed()), bins, false), bins, s.duals))
	}
	return bound
}

// bound is the part of proven that does without what contents are worth. It is kept for as long as the same pods are
// placed: attempts mostly differ in where.
func (s *solver) bound() float64 {
	if placed := s.placed(); !slices.Equal(placed, s.meter.placed) {
		s.meter.placed, s.meter.bound = placed, s.p.bound(s.p.countable(placed))
	}
	return s.meter.bound
}

// countable is counts without pods that share volumes: what they ask for together may be less than the sum.
func (p *Problem) countable(counts []int64) []int64 {
	out := slices.Clone(counts)
	for c := range out {
		if p.classes[c].shares {
			out[c] = 0
		}
	}
	return out
}

// bound is the lower bound for placing counts pods of each class, none of which shares volumes.
func (p *Problem) bound(counts []int64) float64 {
	total := 0.0
	sh, markets := p.boundMarkets(counts)
	for _, m := range markets {
		price, _ := p.marketBound(m, sh)
		total += price
	}
	return total
}

// boundBins are all bins that a node can be bought as. Bins that stand for several types are left out: their pools'
// plain bins have at least their room for at most their price.
func (p *Problem) boundBins() []int32 {
	var bins []int32
	for b := range p.bins {
		if !p.bins[b].several {
			bins = append(bins, int32(b))
		}
	}
	return bins
}

// boundMarkets are the shapes of the classes with pods and their markets, over all bins that a node can be bought as.
func (p *Problem) boundMarkets(counts []int64) (*shapes, []market) {
	wanted := bitset.New(max(len(p.sigs), 1))
	for c, n := range counts {
		if n > 0 {
			wanted.Add(int(p.classes[c].sig))
		}
	}
	bins := p.boundBins()
	return p.shapesOf(counts, bins, false), p.markets(bins, wanted)
}

// netCover is the covering problem of a market, net of what existing nodes could take.
func (p *Problem) netCover(m market, sh *shapes) *cover {
	c := sh.demandOf(m)
	p.subtractNodes(c)
	costs := make([]float64, len(m.bins))
	for i, b := range m.bins {
		costs[i] = p.price(&p.bins[b])
	}
	p.setRows(c, m, costs, true)
	return c
}

// subtractNodes takes from the load what existing nodes could hold of it: on each node no more than it has free, and in
// all no more than the pods that fit on some node ask for.
func (p *Problem) subtractNodes(c *cover) {
	if len(p.nodes) == 0 {
		return
	}
	held, hosted := make([]float64, len(c.load)), make([]float64, len(c.load))
	useful := make([]float64, len(c.load))
	hostable := make([]bool, len(c.ids))
	roomy, hosts := p.roomyFor(c)
	for i := range hosts.All() {
		n := &p.nodes[i]
		clear(useful)
		for k := range c.ids {
			times := n.times(p, c.shape(k), roomy[k].Has(i))
			hostable[k] = hostable[k] || times > 0
			c.slots[k] -= float64(times)
			for d, amount := range c.shape(k).demand {
				useful[d] += float64(amount) * float64(times)
			}
		}
		for d := range c.load {
			var free float64
			if d < c.shapes.dims {
				free = math.Max(0, float64(n.free[d]))
			} else {
				free = float64(c.shapes.crowds[d-c.shapes.dims].limit)
			}
			held[d] += math.Min(useful[d], free)
		}
	}
	for k := range c.ids {
		if hostable[k] {
			for d, amount := range c.shape(k).demand {
				hosted[d] += float64(amount) * float64(c.shape(k).count)
			}
		}
	}
	for d := range c.load {
		c.load[d] -= math.Min(held[d], hosted[d])
	}
}

// marketBound is the best of three bounds for a market: prices of resources, prices of shapes, and a search over whole
// nodes. whole says that the last was the best.
func (p *Problem) marketBound(m market, sh *shapes) (price float64, whole bool) {
	c := p.netCover(m, sh)
	dual, relaxed := c.duals()
	if relaxed <= 0 {
		return 0, false
	}
	relaxed = math.Max(relaxed, p.shapeBound(c, m, dual))
	searched := c.search(dual, relaxed)
	return math.Max(relaxed, searched), searched > relaxed*(1+1e-9)
}

// shapeBound is what all pods are worth at their shapes' prices, less the most that existing nodes can hold of it, and
// notes the prices with the shapes. No set of new nodes holds more worth than it costs. Beside existing nodes only
// resources are priced: a row of slots counts the pods that existing nodes leave, and a new node may hold more than those.
func (p *Problem) shapeBound(c *cover, m market, dual []float64) float64 {
	resources := len(c.dims)
	if p.nodeCount() > 0 {
		for resources > 0 && c.dims[resources-1] >= c.shapes.dims {
			resources--
		}
		dual = dual[:resources]
	}
	prices, scales := p.shapePrices(c, m, dual)
	total := 0.0
	for k := range c.ids {
		c.shape(k).worth = prices[k]
		total += prices[k] * float64(c.shape(k).count)
	}
	useful := make([]float64, len(c.load))
	held, hosted := 0.0, 0.0
	hostable := make([]bool, len(c.ids))
	roomy, hosts := p.roomyFor(c)
	for i := range hosts.All() {
		n := &p.nodes[i]
		clear(useful)
		dearest := 0.0
		for k := range c.ids {
			if times := n.times(p, c.shape(k), roomy[k].Has(i)); times > 0 {
				hostable[k] = true
				dearest = math.Max(dearest, scales[k])
				for d, amount := range c.shape(k).demand {
					useful[d] += float64(amount) * float64(times)
				}
			}
		}
		for row, d := range c.dims[:resources] {
			if d < c.shapes.dims {
				held += dearest * dual[row] * math.Min(useful[d], math.Max(0, float64(n.free[d]))) / c.load[d]
			}
		}
	}
	for k := range c.ids {
		if hostable[k] {
			hosted += prices[k] * float64(c.shape(k).count)
		}
	}
	return total - math.Min(held, hosted)
}

// roomyFor are the existing nodes that could take a pod of each of the cover's shapes, and of any.
func (p *Problem) roomyFor(c *cover) (each []bitset.Set, any bitset.Set) {
	each, any = make([]bitset.Set, len(c.ids)), bitset.New(len(p.nodes))
	for k := range c.ids {
		members := c.shape(k).members
		each[k] = p.roomy(members[0])
		for i, class := range members[1:] {
			if i == 0 {
				each[k] = each[k].Clone()
			}
			each[k].Or(p.roomy(class))
		}
		any.Or(each[k])
	}
	return each, any
}

// times is how many pods of the shape the existing node could take if it took nothing else; none if it is not roomy.
func (n *node) times(p *Problem, sh *shape, roomy bool) int64 {
	if !roomy {
		return 0
	}
	return n.free.Times(sh.demand[:p.dims.Len()], min(sh.count, sh.perNode))
}

// maxSearch bounds the states that the search over whole nodes looks at, and maxWhole the size of plan, in nodes of the
// cheapest kind, for which whole nodes make a difference worth searching for.
const (
	maxSearch = 20_000
	maxWhole  = 200
)

// coverState is a multiset of nodes bought so far: what is left to cover, and the least that covering it can cost.
type coverState struct {
	left  []float64
	spent float64
	total float64 // spent plus what the duals say of left
	from  int     // bins before this one are not bought any more
}

// coverQueue is a heap: the least total first. It is the queue of container/heap without its boxes, of which the search
// would need one for each state.
type coverQueue []coverState

func (q *coverQueue) push(s coverState) {
	*q = append(*q, s)
	list := *q
	for i := len(list) - 1; i > 0; {
		up := (i - 1) / 2
		if list[up].total <= list[i].total {
			break
		}
		list[up], list[i] = list[i], list[up]
		i = up
	}
}

func (q *coverQueue) pop() coverState {
	list := *q
	first, last := list[0], len(list)-1
	list[0] = list[last]
	list = list[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if list[child].total < list[least].total {
				least = child
			}
		}
		if least == i {
			break
		}
		list[i], list[least] = list[least], list[i]
		i = least
	}
	*q = list
	return first
}

// search is a best-first search over whole numbers of nodes (A*, with the duals as its estimate, which never
// overestimates). The best open state is a valid bound whenever it stops.
func (c *cover) search(dual []float64, relaxed float64) float64 {
	cheapest := math.Inf(1)
	for _, price := range c.prices {
		if price > 0 {
			cheapest = math.Min(cheapest, price)
		}
	}
	if relaxed/cheapest > maxWhole {
		return relaxed
	}
	start := coverState{left: make([]float64, c.rows()), total: relaxed}
	for k := range start.left {
		start.left[k] = 1
	}
	queue := coverQueue{start}
	best := relaxed
	var slab []float64 // for what states have left
	for states := 0; len(queue) > 0; {
		state := queue.pop()
		best = math.Max(best, state.total)
		if done(state.left) || states > maxSearch {
			break
		}
		for i := state.from; i < len(c.prices); i++ {
			if len(slab) < len(state.left) {
				slab = make([]float64, 256*len(state.left))
			}
			next := coverState{left: slab[:len(state.left):len(state.left)], spent: state.spent + c.prices[i], from: i}
			next.total = next.spent
			useful, room := false, c.rooms[i]
			for k, left := range state.left {
				after := left - room[k]
				if after < 1e-9 {
					after = 0
				}
				useful = useful || after < left
				next.total += dual[k] * after
				next.left[k] = after
			}
			if useful {
				next.total = max(next.total, state.total)
				queue.push(next)
				slab = slab[len(next.left):]
				states++
			}
		}
	}
	return best
}

func done(left []float64) bool {
	for _, v := range left {
		if v > 0 {
			return false
		}
	}
	return true
}
