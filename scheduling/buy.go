package scheduling

import (
	"cmp"
	"container/heap"
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Buying: fill every kind of node as well as possible, buy the one that gives most worth for its money, as often as its
// pods last.

// candidate is a bin with the best content found for it.
type candidate struct {
	bin     int32
	row     int32
	sack    *sack
	content []portion // by shape
	score   float64   // cost per worth; less is better
}

// candidates is a heap: least score first, then the order of bins.
type candidates []candidate

func (h candidates) Len() int      { return len(h) }
func (h candidates) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h candidates) Less(i, j int) bool {
	return h[i].score < h[j].score || h[i].score == h[j].score && h[i].bin < h[j].bin
}
func (h *candidates) Push(x any) { *h = append(*h, x.(candidate)) }
func (h *candidates) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// repriceAfter is how many patterns are bought, at the least, before prices are worked out anew: a quarter of those
// bought so far where that is more.
const repriceAfter = 8

// buy covers what remains with nodes of the given bins, best worth for money first. A bin's score only gets worse as
// pods run out, so a candidate whose content is still to be had when it is popped is the best there is.
func (s *solver) buy(ctx context.Context, bins []int32) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.appraise(bins)
		if len(s.order) == 0 || s.stopped {
			return nil
		}
		if s.suitsColumns() && s.strategy.columns {
			if bought, err := s.buyColumns(ctx, bins); err != nil || s.stopped {
				return err
			} else if bought > 0 {
				continue
			}
		}
		order := s.shapes.dearestFirst()
		queue := s.candidates(bins, order)
		if len(queue) == 0 {
			return nil
		}
		if s.buyFrom(queue, false) == 0 && s.buyFrom(queue, true) == 0 {
			return nil
		}
	}
}

// buyFrom buys from the queue until prices want to be worked out anew, and returns how many kinds of nodes it bought. A node
// for which classes that may share a host do not suffice is bought only if short is set: others may be better then.
func (s *solver) buyFrom(queue candidates, short bool) int {
	queue = slices.Clone(queue)
	heap.Init(&queue)
	bought := 0
	for bought < max(repriceAfter, len(s.patterns)/4) && len(queue) > 0 {
		n := s.multiplicity(&queue[0])
		if n > 0 {
			s.round++
			kinds := s.purchase(&queue[0], n, n, short)
			if bought += kinds; kinds > 0 {
				continue
			}
			heap.Pop(&queue)
		} else if s.refill(&queue[0], &s.stuffer) {
			heap.Fix(&queue, 0)
		} else {
			heap.Pop(&queue)
		}
	}
	return bought
}

// purchase buys n nodes of the candidate, each with pods that are drawn from what remains, up to so many in a row alike,
// and returns how many kinds of nodes came out.
func (s *solver) purchase(c *candidate, n, alike int64, short bool) int {
	want := int64(0)
	for _, part := range c.content {
		want += part.count
	}
	kinds := 0
	for ; n > 0; kinds++ {
		content := s.draw(&s.p.bins[c.bin], c.content)
		pods, times := int64(0), min(n, alike)
		for _, part := range content {
			pods += part.count
			times = min(times, s.remaining[part.class]/part.count)
		}
		if pods == 0 || pods < want && !short {
			break
		}
		s.commit(pattern{row: c.row, content: content, nodes: times, relaxed: s.p.bins[c.bin].relaxed, short: s.p.bins[c.bin].short})
		s.shapes.drawn(s.p, s.remaining, content, times)
		n -= times
	}
	return kinds
}

// candidates fills each of the bins with the shapes, which are in order of worth. Large lists are shared out to workers,
// each with scratch space of its own; no candidate depends on another, so the result is the same.
func (s *solver) candidates(bins, order []int32) candidates {
	workers := cmp.Or(s.opts.Workers, runtime.GOMAXPROCS(0))
	if workers == 1 || s.meter.limit > 0 || s.noise != nil || len(bins)*len(order) < worthSharing {
		queue := make(candidates, 0, len(bins))
		for _, b := range bins {
			if c, ok := s.candidate(b, order, &s.stuffer); ok {
				queue = append(queue, c)
			}
		}
		return queue
	}
	found := make([]*candidate, len(bins))
	var group sync.WaitGroup
	var next, steps, pivots atomic.Int64
	for range min(workers, len(bins)) {
		group.Go(func() {
			own := *s // the copy counts its own steps; all else is only read
			own.meter = &meter{}
			var f stuffer
			for i := next.Add(1) - 1; i < int64(len(bins)); i = next.Add(1) - 1 {
				if c, ok := own.candidate(bins[i], order, &f); ok {
					found[i] = &c
				}
			}
			steps.Add(int64(own.meter.used))
			pivots.Add(int64(own.meter.pivots))
		})
	}
	group.Wait()
	s.meter.used += int(steps.Load())
	s.meter.pivots += int(pivots.Load())
	queue := make(candidates, 0, len(bins))
	for _, c := range found {
		if c != nil {
			queue = append(queue, *c)
		}
	}
	return queue
}

// worthSharing is how many bins times shapes make it worth to start workers.
const worthSharing = 5_000

// candidate fills the bin with the best of what remains; false if nothing can be bought or nothing fits.
func (s *solver) candidate(b int32, order []int32, f *stuffer) (candidate, bool) {
	c := candidate{bin: b, sack: s.shapes.sack(&s.p.bins[b], order)}
	return c, s.refill(&c, f)
}

// refill fills the candidate's bin anew with what remains now; false if nothing can be bought or nothing fits.
func (s *solver) refill(c *candidate, f *stuffer) bool {
	if c.row = s.purchasableRow(c.bin); c.row < 0 || !c.sack.any() || !s.step() {
		return false
	}
	worth, pivots := 0.0, f.knapsack.Pivots()
	f.begin(c.sack, s.shapeWorth)
	c.content, worth = f.fill(c.sack, false)
	f.begin(c.sack, s.shapeWorth)
	if other, more := f.fill(c.sack, true); more > worth {
		c.content, worth = other, more
	}
	s.meter.pivots += f.knapsack.Pivots() - pivots
	if len(c.content) == 0 {
		return false
	}
	c.score = s.cost(c.bin, c.row) / worth
	if s.noise != nil {
		c.score *= 1 + blur*(s.noise.share()-0.5)
	}
	return true
}

func (s *solver) shapeWorth(id int32) float64 { return s.shapes.list[id].worth }

// purchasableRow is the first row of the bin of which a node can be bought; -1 if there is none.
func (s *solver) purchasableRow(b int32) int32 {
	for _, r := range s.p.bins[b].rows {
		if s.supply.left(s.p, &s.p.rows[r]) > 0 {
			if s.affordable(r) == 0 {
				return -1
			}
			return r
		}
	}
	return -1
}

// multiplicity is how many nodes of the candidate can be bought as it stands; 0 if it must be worked out anew.
func (s *solver) multiplicity(c *candidate) int64 {
	n := min(s.supply.left(s.p, &s.p.rows[c.row]), s.affordable(c.row))
	for _, part := range c.content {
		n = min(n, s.shapes.list[part.class].count/part.count)
	}
	return n
}

// affordable is how many nodes of the row the options still allow.
func (s *solver) affordable(r int32) int64 {
	n := int64(math.MaxInt64)
	if s.opts.MaxLaunches > 0 {
		n = int64(s.opts.MaxLaunches) - s.launches
	}
	if price := s.p.rowPrice(r); s.opts.MaxPrice > 0 && price > 0 {
		n = min(n, int64(math.Floor((s.opts.MaxPrice-s.spent)/price+1e-9)))
	}
	return max(n, 0)
}

// commit buys the pattern.
func (s *solver) commit(pt pattern) {
	s.supply.take(s.p, &s.p.rows[pt.row], pt.nodes)
	s.launches += pt.nodes
	s.spent += float64(pt.nodes) * s.p.rowPrice(pt.row)
	for _, part := range pt.content {
		s.remaining[part.class] -= part.count * pt.nodes
	}
	s.patterns = append(s.patterns, pt)
}
