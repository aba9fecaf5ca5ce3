package scheduling

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// Ruin and recreate (Schrimpf et al., "Record breaking optimization results using the ruin and recreate principle",
// J. Comput. Phys. 2000): take a few of the worst nodes apart, buy their pods anew, keep the result if it is cheaper.
// Small plans gain most, since there a single badly filled node is a large share of the price.

const (
	goodEnough    = 1.002  // a plan within this factor of its bound is left alone
	maxRuins      = 1000   // ruins tried on one plan
	maxRuinSteps  = 50_000 // nodes filled for it
	minBarren     = 100    // ruins in a row without a gain before giving up, on plans of few nodes
	maxBarren     = 300    // the same on plans of many nodes: five for each
	barrenSteps   = 12_000 // nodes filled for ruins without a gain before giving up
	wideGap       = 0.03   // gap from which on that many ruins are tried; fewer in proportion where it is less
	leastGap      = 0.006  // gap below which they are not fewer still
	maxRuinNodes  = 500    // plans with more nodes are left alone: one node is a small share of their price
	maxRuinSize   = 8      // nodes taken apart at once
	maxDraws      = 12     // nodes looked at for one of the right cell
	worthRebuying = 0.85   // bins of less worth for money than this share of the best are not bought anew
	fewNodes      = 2      // but on plans of so few nodes
	blur          = 0.4    // by what share of its worth a pod is valued up or down at most, in all
)

// improve lowers the price of a finished attempt where it can.
func (s *solver) improve(ctx context.Context) error {
	if len(s.patterns) == 0 || s.launches > maxRuinNodes {
		return nil
	}
	target := s.bound() * goodEnough
	random := xorshift(0x9e3779b97f4a7c15 ^ uint64(len(s.p.pods)))
	s.noise, s.settled = &random, s.p.nodeCount() > maxRuinNodes
	s.notePrices()
	barren, best, refused := int64(0), s.save(), s.refused()
	began := s.meter.used
	gained := began // steps at the last gain
	giveUp := s.patience(target)
	for try := 0; try < maxRuins && barren < giveUp && s.meter.used-began < maxRuinSteps && s.meter.used-gained < barrenSteps && (s.spent > target || s.hopeful()) && !s.stopped; try++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		before := s.save()
		s.ruin(&random, 1+try%maxRuinSize)
		s.vacate(&random)
		redivided := random.next()%2 == 0 && s.redivide()
		s.sortClasses()
		s.topUp()
		for _, tier := range s.rebuy {
			if err := s.buy(ctx, tier); err != nil {
				return err
			}
		}
		s.rightSize()
		s.topUp()
		order := cmp.Or(slices.Compare(s.leftOver(), before.unplaced), compareMoney(s.weighed(), before.weighed))
		worse := s.stopped || order > 0 || order == 0 && random.next()%3 > 0 // now and then another plan at the same price
		if barren++; worse || redivided && s.refused() > refused {
			s.restore(before)
			continue
		}
		s.merge()
		if order < 0 {
			barren, best, gained, giveUp = 0, s.save(), s.meter.used, s.patience(target)
		}
	}
	s.restore(best) // what came after it costs the same
	s.noise, s.settled, s.prices = nil, false, nil
	s.stopped = false // the plan was complete before: running out of steps here leaves nobody without a look
	s.topUp()
	return nil
}

// patience is how many ruins in a row are tried without a gain: the more, the more nodes there are and the further the price
// is from the target.
func (s *solver) patience(target float64) int64 {
	most := min(max(minBarren, 5*s.launches), maxBarren)
	if target <= 0 {
		return most
	}
	gap := min(max(s.spent*goodEnough/target-1, leastGap), wideGap)
	return int64(float64(most) * gap / wideGap)
}

// notePrices works out what pods are worth when all are to be placed, for all ruins: what little they free is priced as part
// of the whole. With NodePools of several weights that is worked out each time, for the pool whose turn it is.
func (s *solver) notePrices() {
	tiers := s.p.tiers(s.opts)
	s.rebuy = tiers
	if len(tiers) != 1 {
		return
	}
	noise, remaining := s.noise, s.remaining
	s.noise, s.remaining = nil, slices.Clone(remaining)
	for _, pt := range s.patterns {
		for _, part := range pt.content {
			s.remaining[part.class] += pt.nodes * part.count
		}
	}
	for _, content := range s.onNodes {
		for _, part := range content {
			s.remaining[part.class] += part.count
		}
	}
	s.countElsewhere()
	s.appraise(tiers[0])
	s.noise, s.remaining, s.prices = noise, remaining, slices.Clone(s.worth)
	yields, best := make([]float64, len(tiers[0])), map[int32]float64{} // by cell: what is dear in one may be cheap in another
	cell := func(b int32) int32 { return s.p.kind(s.p.bins[b].rows[0]).cell }
	order := s.shapes.dearestFirst()
	for i, b := range tiers[0] {
		k := s.shapes.sack(&s.p.bins[b], order)
		_, _, most := s.stuffer.worthiest(k, s.shapes.worths(), math.Inf(1))
		yields[i] = most / s.cost(b, s.p.bins[b].rows[0])
		best[cell(b)] = math.Max(best[cell(b)], yields[i])
	}
	s.rebuy = [][]int32{nil}
	for i, b := range tiers[0] {
		if yields[i] >= worthRebuying*best[cell(b)] || s.launches <= fewNodes {
			s.rebuy[0] = append(s.rebuy[0], b)
		}
	}
}

// hopeful reports whether a pod that was left out could be hosted if it came first.
func (s *solver) hopeful() bool {
	for c, n := range s.remaining {
		cl := &s.p.classes[c]
		if n > 0 && slices.ContainsFunc(s.p.bins, func(b bin) bool { return b.sigs.Has(int(cl.sig)) && b.room.Fits(cl.demand) }) {
			return true
		}
	}
	return false
}

// crowdedOut reports whether a pod that was left out would fit on an existing node that held none of the others.
func (s *solver) crowdedOut() bool {
	for c, n := range s.remaining {
		cl := &s.p.classes[c]
		if n == 0 {
			continue
		}
		for i := range s.p.sigs[cl.sig].nodes.All() {
			if s.p.nodes[i].free.Fits(cl.demand) {
				return true
			}
		}
	}
	return false
}

// ruin takes up to n nodes apart: of a few drawn at random, each time the one that wastes most. Mostly they are of one cell,
// since pods that are bound to their cells have nothing to exchange with others.
func (s *solver) ruin(random *xorshift, n int) {
	cell, mixed := int32(-1), random.next()%4 == 0
	for range min(n, int(s.launches)) {
		worst, waste := -1, 0.0
		for draws := 0; draws < 3 || worst < 0 && draws < maxDraws; draws++ {
			i := int(random.next() % uint64(len(s.patterns)))
			if cell >= 0 && !mixed && s.p.kind(s.patterns[i].row).cell != cell {
				continue
			}
			if w := s.waste(&s.patterns[i]); worst < 0 || w > waste {
				worst, waste = i, w
			}
		}
		if worst < 0 {
			return
		}
		one := s.patterns[worst]
		cell = s.p.kind(one.row).cell
		one.nodes = 1
		s.refund(one)
		for _, part := range one.content {
			s.remaining[part.class] += part.count
		}
		if s.patterns[worst].nodes--; s.patterns[worst].nodes == 0 {
			s.patterns = slices.Delete(s.patterns, worst, worst+1)
		}
		if len(s.patterns) == 0 {
			return
		}
	}
}

// vacate takes what was assigned to one existing node away and fills the node anew, in a few of the tries.
func (s *solver) vacate(random *xorshift) {
	if s.settled || s.p.nodeCount() == 0 || random.next()%2 == 0 {
		return
	}
	i := s.p.nodeAt(int(random.next() % uint64(s.p.nodeCount())))
	for _, part := range s.onNodes[i] {
		s.remaining[part.class] += part.count
		s.occupy(i, part.class, -part.count)
	}
	s.onNodes[i] = nil
	s.appraise(s.p.buyable(s.opts))
	s.fillNode(i)
}

// waste is the share of a node's machine that its pods leave free, of the resource that they fill most.
func (s *solver) waste(pt *pattern) float64 {
	need := s.p.needs(pt)
	room := s.p.room(pt.row)
	total, dims := 0.0, 0
	for d, amount := range need.demand {
		if room[d] > 0 && d < 2 { // cpu and memory: what machines are priced by
			total += 1 - float64(amount)/float64(room[d])
			dims++
		}
	}
	if dims == 0 {
		return 0
	}
	return total / float64(dims)
}

// saved is what a ruin may have to bring back.
type saved struct {
	patterns  []pattern
	remaining []int64
	waiting   []int64
	room      []resource.Vector
	nodes     []int64
	stocks    []int
	launches  int64
	spent     float64
	weighed   float64
	unplaced  []int64
	onNodes   [][]portion
	nodeRoom  []resource.Vector
}

func (s *solver) save() saved {
	room := make([]resource.Vector, len(s.supply.room))
	for i := range room {
		room[i] = s.supply.room[i].Clone()
	}
	onNodes, rooms := s.onNodes, s.nodeRoom
	if !s.settled {
		onNodes, rooms = slices.Clone(onNodes), slices.Clone(rooms)
	}
	return saved{
		onNodes: onNodes, nodeRoom: rooms,
		patterns: slices.Clone(s.patterns), remaining: slices.Clone(s.remaining), waiting: slices.Clone(s.waiting), room: room,
		nodes: slices.Clone(s.supply.nodes), stocks: slices.Clone(s.supply.stocks),
		launches: s.launches, spent: s.spent, weighed: s.weighed(), unplaced: s.leftOver(),
	}
}

func (s *solver) restore(b saved) {
	s.patterns, s.remaining, s.launches, s.spent = b.patterns, b.remaining, b.launches, b.spent
	s.onNodes, s.nodeRoom = b.onNodes, b.nodeRoom
	s.waiting = b.waiting
	s.supply = supply{room: b.room, nodes: b.nodes, stocks: b.stocks}
}

// merge joins patterns that are alike.
func (s *solver) merge() {
	s.sortPatterns()
	merged := s.patterns[:0]
	for _, pt := range s.patterns {
		if n := len(merged); n > 0 && merged[n-1].row == pt.row && merged[n-1].relaxed == pt.relaxed && merged[n-1].short == pt.short &&
			slices.Equal(merged[n-1].content, pt.content) {
			merged[n-1].nodes += pt.nodes
			continue
		}
		merged = append(merged, pt)
	}
	s.patterns = merged
}

// xorshift is a small random sequence (Marsaglia, "Xorshift RNGs", 2003) that starts the same each time.
type xorshift uint64

func (x *xorshift) next() uint64 {
	v := uint64(*x)
	v ^= v << 13
	v ^= v >> 7
	v ^= v << 17
	*x = xorshift(v)
	return v
}

// share is a number from 0 to 1.
func (x *xorshift) share() float64 { return float64(x.next()>>11) / (1 << 53) }
