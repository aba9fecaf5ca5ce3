package scheduling

import (
	"cmp"
	"container/heap"
	"context"
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/lp"
)

// Column generation (Gilmore and Gomory, "A linear programming approach to the cutting-stock problem", 1961). Which
// contents of which nodes, and how many of each, cost least? As a linear program over all contents that is a covering
// problem with a row for each shape and more columns than anybody could write down; but the best missing column can be
// found by filling each kind of node with what pods are worth at present, and few are ever needed. In whole nodes, the
// solution is most of a plan; the rest is bought as ever. It pays where few pods fit on a node, so that it matters which.
//
// What pods are worth in the solution swings wildly at first, so nodes are filled by a mixture with the worths that have
// proven the best bound so far (Wentges, "Weighted Dantzig-Wolfe decomposition for linear mixed-integer programming",
// 1997).
//
// Columns are made by the plan: nodes are filled and bought as if for good, each time at the worths of the solution so
// far, and all that is bought becomes a column. Columns that were made for each other cover all pods together; a few such
// plans bring the program near its optimum, where the best contents of each node alone would take it many times as long.

const (
	maxColumnRows   = 1_200 // shapes up to which columns are generated
	maxColumnRounds = 20    // plans made
	restRounds      = 3     // plans made for what rounding left
	columnPivots    = 1_000 // steps of the linear program in one round
	roundUp         = 0.5   // what is added to a number of nodes before it is rounded down
	wholeNodes      = 1.5   // nodes for each shape from which on columns are generated
	restNodes       = 0.1   // the same for what rounding left
	fullRound       = 4     // every so many rounds each kind of node is filled as well as can be
	smoothing       = 0.3   // weight of the worths that have proven the best bound
	barely          = 3e-4  // share of the value that a round must gain for another to be worth it
	patience        = 3     // rounds in a row that may gain less
	efficient       = 0.85  // share of the best worth for money up to which a kind of node was left out of the next plan
)

// columns is the state of column generation over some shapes and bins.
type columns struct {
	p       *Problem
	shapes  *shapes
	rows    []int32 // shapes, by row
	rowOf   []int32 // by shape; -1 where no bin takes it
	stalls  []stall
	master  *lp.Cover
	made    []mix // by column of the master, those of its rows first
	worth   []float64
	bound   float64
	proven  []float64 // the worths that prove the bound: no node is worth more than it costs
	stuffer *stuffer
	// thorough is set where the solution is to prove a bound: it goes on to the end, and looks harder before it ends.
	thorough bool
}

// stall is a bin that columns are made for.
type stall struct {
	bin  int32
	cost float64
	sack *sack
	// yield is what the node was worth for its cost, filled alone, when it was tried last.
	yield float64
}

// mix is a content of a bin, by shape.
type mix struct {
	stall   int32
	content []portion
}

// newColumns prepares the bins for the shapes; nil if there is nothing to cover. step reports whether there is effort left
// for one more node.
func (p *Problem) newColumns(sh *shapes, bins []int32, cost func(b int32) float64, f *stuffer, step func() bool) *columns {
	g := &columns{p: p, shapes: sh, rowOf: make([]int32, len(sh.list)), stuffer: f}
	order := sh.dearestFirst()
	alone := make([]mix, len(sh.list)) // of each shape, the cheapest node with nothing else
	price := make([]float64, len(sh.list))
	for i := range price {
		g.rowOf[i], price[i] = -1, math.Inf(1)
	}
	for _, b := range bins {
		s := stall{bin: b, cost: cost(b), sack: sh.sack(&p.bins[b], order)}
		if len(s.sack.ids) == 0 {
			continue
		}
		if !step() {
			return nil
		}
		for _, id := range s.sack.ids {
			shape := &sh.list[id]
			n := s.sack.room.Times(shape.demand, min(shape.perNode, shape.count))
			if each := s.cost / float64(n); each < price[id] {
				price[id], alone[id] = each, mix{int32(len(g.stalls)), []portion{{id, n}}}
			}
		}
		g.stalls = append(g.stalls, s)
	}
	var demand, own []float64
	for id := range sh.list {
		if sh.list[id].count > 0 && !math.IsInf(price[id], 1) {
			g.rowOf[id] = int32(len(g.rows))
			g.rows = append(g.rows, int32(id))
			demand, own = append(demand, float64(sh.list[id].count)), append(own, price[id])
			g.made = append(g.made, alone[id])
		}
	}
	if len(g.rows) == 0 {
		return nil
	}
	g.master = lp.NewCover(demand, own)
	g.worth, g.proven = make([]float64, len(sh.list)), make([]float64, len(sh.list))
	for id := range sh.list { // prices of resources are the first guess
		if g.rowOf[id] >= 0 {
			g.proven[id] = sh.list[id].worth
		}
	}
	return g
}

// generate makes columns until the solution is close to what is proven, or gains little, or the rounds are over. step
// reports whether there is effort left for filling one more node.
func (g *columns) generate(ctx context.Context, rounds, patience int, step func() bool) error {
	mixed := make([]float64, len(g.worth))
	value, idle := math.Inf(1), 0
	weight := 1.0 // of the proven worths
	defer g.read()
	for round := range rounds {
		if err := ctx.Err(); err != nil {
			return err
		}
		for id := range mixed {
			mixed[id] = weight*g.proven[id] + (1-weight)*g.worth[id]
		}
		added := g.cover(mixed, step)
		if round%fullRound == 0 || added == 0 || idle > 0 {
			more, ok := g.price(mixed, step)
			if ok && g.thorough && added+more == 0 && weight == 0 {
				g.stuffer.proving = true
				more, ok = g.price(mixed, step)
				g.stuffer.proving = false
			}
			if added += more; !ok || added == 0 && weight == 0 {
				return nil
			}
		}
		weight = smoothing
		if added == 0 {
			weight = 0
		}
		g.master.Optimize(columnPivots)
		if g.master.Value() <= g.bound*goodEnough && !g.thorough {
			return nil
		}
		if g.master.Value() < value*(1-barely) {
			idle = 0
		} else if idle++; idle == patience {
			return nil
		}
		value = g.master.Value()
		g.read()
	}
	return nil
}

// read takes over what pods are worth in the present solution.
func (g *columns) read() {
	for id, row := range g.rowOf {
		if row >= 0 {
			g.worth[id] = math.Max(0, g.master.Dual()[row])
		}
	}
}

// price fills each stall as well as can be at the worths, adds the contents that improve the solution, and says how many
// did. It proves a bound: no node is worth more than it costs once all worths are divided by the most that any is worth
// for its money (Farley, "A note on bounding a class of linear programming problems", 1990).
func (g *columns) price(worth []float64, step func() bool) (added int, ok bool) {
	dearest := 0.0
	for i := range g.stalls {
		s := &g.stalls[i]
		if !step() {
			return added, false
		}
		content, _, most := g.stuffer.worthiest(s.sack, worth, s.cost)
		s.yield = most / s.cost
		dearest = math.Max(dearest, s.yield)
		if g.add(int32(i), content) {
			added++
		}
	}
	total := 0.0
	for id, row := range g.rowOf {
		if row >= 0 {
			total += worth[id] * float64(g.shapes.list[id].count)
		}
	}
	if total /= math.Max(dearest, 1e-12); total > g.bound {
		g.bound = total
		for id := range worth {
			g.proven[id] = worth[id] / dearest
		}
	}
	return added, true
}

// cover makes columns of a whole plan: it fills the node that gives most worth for its money, as often as its pods last,
// until all are covered. Such columns complement each other, which those of one round do not.
func (g *columns) cover(worth []float64, step func() bool) (added int) {
	list := g.shapes.list
	counts := make([]int64, len(list))
	for id := range list {
		counts[id] = list[id].count
		if g.rowOf[id] < 0 {
			list[id].count = 0
		}
	}
	defer func() {
		for id := range list {
			list[id].count = counts[id]
		}
	}()
	fill := func(i int32) (c candidate, ok bool) {
		s := &g.stalls[i]
		if !s.sack.any() || !step() {
			return c, false
		}
		g.stuffer.begin(s.sack, func(id int32) float64 { return worth[id] })
		content, value := g.stuffer.fill(s.sack, true)
		return candidate{bin: i, content: content, score: s.cost / value}, value > 0
	}
	var queue candidates
	best := 0.0
	for i := range g.stalls {
		best = math.Max(best, g.stalls[i].yield)
	}
	for i := range g.stalls {
		if g.stalls[i].yield < efficient*best {
			continue
		}
		c, ok := fill(int32(i))
		if g.stalls[i].yield = 0; ok {
			g.stalls[i].yield = 1 / c.score
			queue = append(queue, c)
			added += int(count(g.add(c.bin, c.content)))
		}
	}
	heap.Init(&queue)
	for len(queue) > 0 {
		top := queue[0]
		n := int64(math.MaxInt64)
		for _, part := range top.content {
			n = min(n, list[part.class].count/part.count)
		}
		if n > 0 {
			if g.add(top.bin, top.content) {
				added++
			}
			for _, part := range top.content {
				list[part.class].count -= n * part.count
			}
		} else if c, ok := fill(top.bin); ok {
			queue[0] = c
			heap.Fix(&queue, 0)
		} else {
			heap.Pop(&queue)
		}
	}
	return added
}

// add makes the content a column if that improves the solution.
func (g *columns) add(stall int32, content []portion) bool {
	if len(content) == 0 {
		return false
	}
	rows, amount := make([]int32, len(content)), make([]float64, len(content))
	for k, part := range content {
		rows[k], amount[k] = g.rowOf[part.class], float64(part.count)
	}
	cost := g.stalls[stall].cost
	if g.master.Reduced(cost, rows, amount) > -1e-7*cost {
		return false
	}
	g.master.Add(cost, rows, amount)
	g.made = append(g.made, mix{stall, content})
	return true
}

// chosen is a column and how often the solution uses it.
type chosen struct {
	mix
	times float64
}

// solution are the columns in use, those in most use first.
func (g *columns) solution() []chosen {
	var out []chosen
	g.master.Each(func(j int, x float64) {
		if j < len(g.rows) {
			x /= float64(g.made[j].content[0].count) // a row's own column is one pod
		}
		out = append(out, chosen{g.made[j], x})
	})
	slices.SortStableFunc(out, func(a, b chosen) int {
		return cmp.Or(cmp.Compare(b.times, a.times), cmp.Compare(a.stall, b.stall))
	})
	return out
}

// worths is what a pod of each root is worth in the solution, of those that it covers: the mean over its parts.
func (g *columns) worths(counts []int64) []float64 {
	total, pods := make([]float64, len(counts)), make([]float64, len(counts))
	for c, n := range counts {
		if n > 0 && g.rowOf[g.shapes.of[c]] >= 0 {
			root := g.p.classes[c].root
			total[root] += float64(n) * g.worth[g.shapes.of[c]]
			pods[root] += float64(n)
		}
	}
	for root := range total {
		total[root] /= math.Max(1, pods[root])
	}
	return total
}

// suitsColumns reports whether column generation is worth its while for what remains: not where there are more shapes than
// nodes, so that hardly any node of its solution is whole.
func (s *solver) suitsColumns() bool {
	if s.noise != nil {
		return false
	}
	rows, nodes := len(s.shapes.list), wholeNodes
	if s.columnar {
		nodes = restNodes
	}
	suits := rows <= maxColumnRows && s.expected >= nodes*float64(rows)
	s.suited = s.suited || suits
	return suits
}

// buyColumns buys the whole nodes of the solution that column generation finds for what remains, and returns how many
// kinds of nodes that were.
func (s *solver) buyColumns(ctx context.Context, bins []int32) (int, error) {
	rounds := maxColumnRounds
	if s.columnar {
		rounds = restRounds
	}
	g := s.p.newColumns(s.shapes, bins, func(b int32) float64 { return s.cost(b, s.p.bins[b].rows[0]) }, &s.stuffer, s.step)
	if g == nil {
		return 0, nil
	}
	pivots := s.stuffer.knapsack.Pivots()
	if err := g.generate(ctx, rounds, patience, s.step); err != nil {
		return 0, err
	}
	s.meter.pivots += g.master.Pivots() + s.stuffer.knapsack.Pivots() - pivots
	if s.duals == nil {
		s.duals = g.worths(s.remaining)
	}
	bought, before := 0, s.launches
	for _, c := range g.solution() {
		bin := g.stalls[c.stall].bin
		for left := int64(math.Floor(c.times + roundUp)); left > 0; {
			row := s.purchasableRow(bin)
			if row < 0 {
				break
			}
			take := candidate{bin: bin, row: row, content: c.content}
			n := min(left, s.multiplicity(&take))
			if n == 0 {
				break
			}
			s.round++
			kinds := s.purchase(&take, n, s.alike(c.content, n), false)
			s.columnar = s.columnar || kinds > 0
			if bought += kinds; kinds == 0 {
				break
			}
			left -= n
		}
	}
	if t := s.opts.Trace; t != nil && t.Columns != nil {
		t.Columns(len(g.rows), len(g.made), g.master.Value(), int(s.launches-before))
	}
	return bought, nil
}
