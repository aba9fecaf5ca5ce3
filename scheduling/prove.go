package scheduling

import (
	"context"
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// Proofs by what contents of nodes are worth. If a pod of each shape is given a worth such that no node can hold more
// worth than it costs, then all pods together are worth no more than any plan for them costs (linear programming duality;
// the best such worths are the duals of the program over all contents). Any worths will do once they are divided by the
// most that a node holds for its cost (Farley, 1990). What a node holds at most is a knapsack problem, and for nodes that
// hold few pods it is solved exactly.

// contentColumns starts column generation for a bound: over shapes that only hard exclusions keep apart, at the bins'
// prices.
func (p *Problem) contentColumns(sh *shapes, bins []int32, f *stuffer) *columns {
	if len(sh.list) > maxColumnRows || len(p.nodes)*len(sh.list) > maxHeld {
		return nil
	}
	price := func(b int32) float64 { return math.Max(p.price(&p.bins[b]), minimumCost) }
	return p.newColumns(sh, bins, price, f, func() bool { return true })
}

// maxHeld bounds, in nodes times shapes, up to where it is worked out what existing nodes hold.
const maxHeld = 1_000_000

// contentBound is the bound that the worths, by shape, prove. What goes onto a free machine is worth nothing.
func (g *columns) contentBound(worth []float64) float64 {
	worth = slices.Clone(worth)
	for i := range g.stalls {
		if g.p.price(&g.p.bins[g.stalls[i].bin]) <= 0 {
			for _, id := range g.stalls[i].sack.ids {
				worth[id] = 0
			}
		}
	}
	dearest := 1.0
	for i := range g.stalls {
		if price := g.p.price(&g.p.bins[g.stalls[i].bin]); price > 0 {
			dearest = math.Max(dearest, g.stuffer.exceeds(g.stalls[i].sack, worth, dearest*price)/price)
		}
	}
	total := 0.0
	for _, id := range g.rows {
		total += worth[id] * float64(g.shapes.list[id].count)
	}
	return (total - g.held(worth)) / dearest
}

// held is a worth that existing nodes cannot exceed together.
func (g *columns) held(worth []float64) float64 {
	if len(g.p.nodes) == 0 {
		return 0
	}
	total, hosted := 0.0, 0.0
	hosts := bitset.New(len(g.p.nodes))
	for _, id := range g.rows {
		before := hosted
		for _, class := range g.shapes.list[id].members {
			if set := g.p.roomy(class); !set.Empty() {
				hosts.Or(set)
				hosted = before + worth[id]*float64(g.shapes.list[id].count)
			}
		}
	}
	for i := range hosts.All() {
		like := bin{room: g.p.nodes[i].free.Clone(), sigs: bitset.New(len(g.p.sigs))}
		like.room.Clamp()
		for _, id := range g.rows {
			if sig := g.shapes.list[id].sig; g.p.accepts(i, sig) {
				like.sigs.Add(int(sig))
			}
		}
		_, _, most := g.stuffer.worthiest(g.shapes.sack(&like, g.rows), worth, math.Inf(1))
		total += most
	}
	return math.Min(total, hosted)
}

// boundByContents is the bound that column generation proves for the shapes, in so many rounds.
func (p *Problem) boundByContents(ctx context.Context, sh *shapes, bins []int32, rounds int) (float64, error) {
	g := p.contentColumns(sh, bins, &stuffer{})
	if g == nil {
		return 0, nil
	}
	g.thorough = true
	if err := g.generate(ctx, rounds, rounds, func() bool { return true }); err != nil {
		return 0, err
	}
	return math.Max(g.contentBound(g.worth), g.contentBound(g.proven)), nil
}

// boundByWorths is the bound that worths by class prove, for the shapes; 0 if there are too many.
func (p *Problem) boundByWorths(sh *shapes, bins []int32, worths []float64) float64 {
	g := p.contentColumns(sh, bins, &stuffer{})
	if g == nil {
		return 0
	}
	worth := make([]float64, len(sh.list))
	for _, id := range g.rows {
		worth[id] = math.Inf(1)
		for _, class := range sh.list[id].members {
			worth[id] = math.Min(worth[id], worths[class])
		}
	}
	return g.contentBound(worth)
}

// exceeds returns a worth that no content exceeds, or enough if none does.
func (f *stuffer) exceeds(k *sack, worth []float64, enough float64) float64 {
	_, value, most := f.worthiest(k, worth, math.Inf(1))
	if most <= enough {
		return enough
	}
	found, exact := f.branch(k, math.Max(value, enough), most, maxTries)
	switch {
	case !exact:
		return math.Min(most, f.whole(k, enough))
	case !found:
		return math.Max(value, enough)
	}
	copy(f.taken, f.best)
	_, value = f.content(k)
	return value
}
