package scheduling

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// pattern is a kind of node that the solver has settled on: what is bought, what goes onto each, and how many.
type pattern struct {
	row     int32
	content []portion
	nodes   int64
	relaxed bool // bought without regard to the pool's minValues
	short   bool // bought without regard to Options.MinAlternatives
	// sized is set when no cheaper machine holds the content, whatever else is bought.
	sized bool
	free  resource.Vector // room that the content leaves; nil until it is asked for
}

// become gives the pattern another row and content.
func (pt *pattern) become(row int32, content []portion) {
	pt.row, pt.content, pt.sized, pt.free = row, content, false, nil
}

// strategy is one way to go about a solve. Several are tried and the best plan wins.
type strategy struct {
	// frugal weighs bins by what they take from limits and stock instead of by price.
	frugal bool
	// columns buys first what column generation finds.
	columns bool
	// mend starts with nodes that need no alternatives, and takes those apart again that have none.
	mend bool
	// ranked places pods by priority, highest first, instead of all together.
	ranked bool
	// loose gives pods to cells with less regard to others: those that keep many away come last, none is levelled out that
	// need not be spread itself, and prices are weighed as if pods shared nodes with their own kind only.
	loose bool
}

// solver is the state of one attempt at a plan. It belongs to one goroutine.
type solver struct {
	p        *Problem
	opts     Options
	strategy strategy
	filler   *filler
	stuffer  stuffer
	supply   supply

	levels    []int32   // priorities, highest first
	remaining []int64   // pods by class that still want a home
	waiting   []int64   // by root: pods that are given to no part yet, or are placed one by one
	ceiling   []int64   // by part: how many pods may be given to it
	given     []int64   // by part: how many were
	worth     []float64 // dollars per hour that a pod of the class is worth
	order     []int32   // classes with remaining pods, dearest first
	shapes    *shapes   // of what remained at the last appraisal
	expected  float64   // nodes to buy, at the least
	lots      []lot     // by shape
	round     int       // counts what is drawn together

	nodeRoom []resource.Vector // by existing node; not written to but by occupy
	onNodes  [][]portion
	patterns []pattern
	launches int64
	spent    float64
	meter    *meter
	stopped  bool      // effort ran out
	columnar bool      // column generation bought some of the nodes
	duals    []float64 // by root, what column generation has made of its pods; nil if there was none
	suited   bool      // column generation could buy some of the nodes
	// noise, if set, blurs what pods are worth, so that another try goes another way.
	noise *xorshift
	out   leftOut
	// prices, if set, are what pods are worth, by class, whatever remains.
	prices []float64
	rebuy  [][]int32 // bins that improvement buys, as tiers
	// wishes are rows by which preferences that are not kept could be kept.
	wishes map[wishKey][]int32
	// ledger is what settling has entered; nil if there is nothing to be exact about.
	ledger *ledger
	// hurried is set when the effort did not suffice to fill whole nodes and pods have taken turns.
	hurried bool
	// looked are the roots that were refused by every host when it was their turn.
	looked bitset.Set
	// settled keeps what is assigned to existing nodes as it is.
	settled bool
}

// meter counts the work of one solve over all of its attempts: steps, of which a limit of 0 allows any number; how often
// pods were given to cells anew; pivots of linear programs; and how often it was asked whether a pod may go to a host. It
// keeps the bound of the pods that were placed when it was last asked for.
type meter struct {
	used, limit, reassigned, pivots, checks int

	placed []int64 // by root
	bound  float64
}

func (p *Problem) newSolver(opts Options, st strategy, m *meter, out leftOut) *solver {
	s := &solver{
		p: p, opts: opts, strategy: st, meter: m, out: maps.Clone(out), given: make([]int64, len(p.classes)), wishes: map[wishKey][]int32{}, filler: newFiller(p), supply: p.newSupply(), levels: p.priorities(),
		remaining: make([]int64, len(p.classes)), waiting: make([]int64, len(p.classes)), ceiling: make([]int64, len(p.classes)), worth: make([]float64, len(p.classes)),
		nodeRoom: slices.Clone(p.frees), onNodes: make([][]portion, len(p.nodes)),
	}
	for c := range p.classes {
		s.ceiling[c] = math.MaxInt64
		switch cl := &p.classes[c]; {
		case cl.unsupported != "", s.leavesOut(cl):
		case int(cl.root) == c:
			s.give(s.start(int32(c)), int64(cl.planned()))
		}
	}
	return s
}

// occupy takes the room of n pods of the class from an existing node; a negative n gives it back.
func (s *solver) occupy(node int, class int32, n int64) {
	room := s.nodeRoom[node].Clone()
	room.Sub(s.p.classes[class].demand, n)
	s.nodeRoom[node] = room
}

// step counts one unit of effort and reports whether there is any left.
func (s *solver) step() bool {
	if s.meter.limit > 0 && s.meter.used >= s.meter.limit {
		s.stopped = true
		return false
	}
	s.meter.used++
	return true
}

// unplacedPods is how many pods are still without a home.
func (s *solver) unplacedPods() int64 {
	total := int64(0)
	for c, n := range s.remaining {
		total += n + s.waiting[c]
	}
	return total
}

// scarce is what a pod is worth, beyond its resources, when nothing that can be bought would hold it.
const scarce = 1e6

// appraise says what a pod of each class is worth, by the prices of the given bins, and sorts the classes by it.
func (s *solver) appraise(bins []int32) {
	s.shapes = s.p.shapesOf(s.remaining, bins, true)
	s.lots = resized(s.lots, len(s.shapes.list))
	clear(s.lots)
	if s.prices != nil {
		for i := range s.shapes.list {
			sh := &s.shapes.list[i]
			sh.worth = s.prices[sh.members[0]]
		}
	} else {
		s.price(bins)
	}
	if s.noise != nil {
		for i := range s.shapes.list {
			s.shapes.list[i].worth *= 1 + blur*(s.noise.share()-0.5)
		}
	}
	clear(s.worth)
	for c, n := range s.remaining {
		if n > 0 {
			s.worth[c] = s.shapes.list[s.shapes.of[c]].worth
		}
	}
	s.sortClasses()
}

// price says what a pod of each shape is worth, by the prices of the given bins.
func (s *solver) price(bins []int32) {
	wanted := bitset.New(max(len(s.p.sigs), 1))
	for i := range s.shapes.list {
		wanted.Add(int(s.shapes.list[i].sig))
	}
	s.expected = 0
	for _, m := range s.p.markets(bins, wanted) {
		costs := make([]float64, len(m.bins))
		for i, b := range m.bins {
			costs[i] = s.cost(b, s.p.bins[b].rows[0])
		}
		c := s.shapes.demandOf(m)
		s.p.setRows(c, m, costs, false)
		dual, _ := c.duals()
		s.expected += c.nodes
		prices, _ := s.p.shapePrices(c, m, dual)
		for k := range c.ids {
			sh := c.shape(k)
			sh.worth = prices[k]
			// A trace of every resource, priced or not, so that of equals the larger pod comes first.
			for _, d := range c.dims {
				sh.worth += 1e-9 * float64(sh.demand[d]) / c.load[d]
			}
			if len(m.bins) == 0 {
				sh.worth += scarce
			}
		}
	}
}

func (s *solver) sortClasses() {
	s.order = s.order[:0]
	for c, n := range s.remaining {
		if n > 0 {
			s.order = append(s.order, int32(c))
		}
	}
	slices.SortFunc(s.order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(s.worth[b], s.worth[a]), cmp.Compare(a, b))
	})
}

// cost is what the solver takes a node of the row to cost. Free machines still cost a trace, so that fewer are bought.
func (s *solver) cost(b int32, r int32) float64 {
	price := s.p.rowPrice(r)
	if !s.strategy.frugal {
		return math.Max(price, minimumCost)
	}
	share := 0.0
	bin := &s.p.bins[b]
	for d, room := range s.supply.room[bin.pool] {
		if room != math.MaxInt64 {
			share = math.Max(share, float64(s.p.types[s.p.rows[r].typ].capacity[d])/math.Max(1, float64(room)))
		}
	}
	if n := s.supply.nodes[bin.pool]; n != math.MaxInt64 {
		share = math.Max(share, 1/math.Max(1, float64(n)))
	}
	if stock := s.p.offers[s.p.rows[r].offer].stock; stock >= 0 {
		share = math.Max(share, 1/math.Max(1, float64(s.supply.stocks[stock])))
	}
	return share + 1e-6*math.Max(price, minimumCost)
}

const minimumCost = 1e-6

// fillNodes assigns what fits to nodes that exist already. Nodes that few others can stand in for come into their own
// by the order of worth: a pod that can only run here is worth more than one that could be bought a node.
func (s *solver) fillNodes() {
	if len(s.p.nodes) == 0 {
		return
	}
	s.raiseScarce()
	hosts := bitset.New(len(s.p.nodes))
	for _, c := range s.order {
		hosts.Or(s.p.roomy(c))
	}
	waiting := s.order
	for i := range hosts.All() {
		if waiting = slices.DeleteFunc(waiting, func(c int32) bool { return s.remaining[c] == 0 }); len(waiting) == 0 || s.stopped {
			break
		}
		s.order = waiting
		s.fillNode(i)
	}
	s.sortClasses()
}

// fillNode assigns the best of what remains to an existing node that has nothing assigned yet.
func (s *solver) fillNode(i int) {
	n := &s.p.nodes[i]
	order := make([]int32, 0, len(s.order))
	for _, c := range s.order {
		cl := &s.p.classes[c]
		if s.remaining[c] > 0 && s.p.accepts(i, cl.sig) && s.nodeRoom[i].Fits(cl.demand) && !n.excludes(cl) {
			order = append(order, c)
		}
	}
	if len(order) == 0 || !s.step() {
		return
	}
	room := s.nodeRoom[i].Clone()
	room.Clamp()
	s.filler.preload(i)
	pivots := s.filler.knapsack.Pivots()
	content, _ := s.filler.fill(room, order, s.remaining, s.worth)
	s.meter.pivots += s.filler.knapsack.Pivots() - pivots
	s.filler.unload()
	s.onNodes[i] = content
	for _, part := range content {
		s.remaining[part.class] -= part.count
		s.occupy(i, part.class, part.count)
	}
}

// raiseScarce lets classes that only existing nodes can host go first, those with the fewest such nodes above all.
func (s *solver) raiseScarce() {
	raised := false
	for _, c := range s.order {
		if s.worth[c] < scarce {
			continue
		}
		hosts := 0
		for i := range s.p.sigs[s.p.classes[c].sig].nodes.All() {
			if s.nodeRoom[i].Fits(s.p.classes[c].demand) {
				hosts++
			}
		}
		s.worth[c] += scarce / float64(hosts+1)
		raised = true
	}
	if raised {
		s.sortClasses()
	}
}
