package scheduling

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// Settling holds a finished attempt against the exact rules of the scheduler. While nodes are filled, constraints between
// pods are caps, exclusions and cells, which is quick and nearly right. What is not right is taken off again, and what
// has no place yet is placed pod by pod, wherever the rules admit it at the least cost.

// settling is the state of it: a solver whose pods without a place all wait, and the ledger of what it has placed.
type settling struct {
	*solver
	ledger *ledger
	at     []int   // by pattern, its place in the ledger
	rows   []int32 // as they are tried
	// lenient is 1 once skew that arises after a pod has come does not count any more.
	lenient int
}

// maxSettles bounds how often what was completed is held against the rules again.
const maxSettles = 4

// settle makes the attempt agree with the scheduler: each placed pod may stay, in some order all of them may come, and
// no pod that is left out would be admitted anywhere.
func (s *solver) settle(ctx context.Context) error {
	s.recall()
	if s.stopped { // the pods that wait take turns
		s.hurried, s.stopped = true, false
	}
	s.looked = bitset.New(len(s.p.classes))
	if s.p.exacting() || s.hurried {
		if err := (&settling{solver: s, rows: s.p.orderedRows()}).settle(ctx); err != nil {
			return err
		}
	}
	for c := range s.waiting {
		s.remaining[c] += s.waiting[c]
		s.waiting[c] = 0
	}
	s.dropEmpty()
	s.sortClasses()
	return nil
}

// dropEmpty gives nodes that hold nothing back.
func (s *solver) dropEmpty() {
	s.patterns = slices.DeleteFunc(s.patterns, func(pt pattern) bool {
		if len(pt.content) > 0 {
			return false
		}
		s.refund(pt)
		return true
	})
}

// settle takes off and completes until nothing changes. That may have no end where a pod that comes later makes the rules
// refuse one that is there, by skew, and is refused itself without it: then both stay, as they can come in some order.
func (g *settling) settle(ctx context.Context) error {
	for g.lenient = range 2 {
		for range maxSettles {
			g.open()
			removed := g.evict()
			placed, err := g.complete(ctx)
			if g.solver.ledger = g.ledger; err != nil || removed == 0 && placed == 0 {
				return err
			}
		}
	}
	g.open()
	g.evict()
	g.solver.ledger = g.ledger
	return nil
}

// exacting reports whether plans must be held against rules that packing does not heed, or be completed pod by pod.
func (p *Problem) exacting() bool {
	return len(p.topology.tracks)+len(p.snapshot.Groups) > 0 || p.wishing
}

// recall gives the pods that parts could not place back to their roots, where they wait.
func (s *solver) recall() {
	for c := range s.remaining {
		n := s.remaining[c]
		if root := s.p.classes[c].root; int(root) != c {
			n += s.waiting[c]
			s.waiting[c] = 0
			s.waiting[root] += n
		} else {
			s.waiting[c] += n
		}
		s.remaining[c] = 0
	}
}

// open enters what is placed into a fresh ledger. Nodes that hold nothing are given back first.
func (g *settling) open() {
	g.dropEmpty()
	l := g.p.newLedger()
	g.ledger, g.at = l, g.at[:0]
	for i := range g.patterns {
		pt := &g.patterns[i]
		g.at = append(g.at, l.open(host{kind: g.p.kind(pt.row), node: -1, row: pt.row, copies: pt.nodes}))
	}
	for i, content := range g.onNodes {
		g.enter(i, content)
	}
	for i := range g.patterns {
		g.enter(g.at[i], g.patterns[i].content)
	}
}

func (g *settling) enter(at int, content []portion) {
	for _, part := range content {
		g.ledger.put(at, g.p.classes[part.class].root, part.count)
	}
}

// kind is what topology sees of a new node of the row.
func (p *Problem) kind(r int32) *hostKind { return &p.topology.kinds[p.topology.kindOf[r]] }

// evict takes pods off that the rules would not let in again, until all that is left may stay, and may come in some
// order. It returns how many it took off.
func (g *settling) evict() int {
	total := 0
	for {
		removed := g.evictRefused()
		if removed == 0 {
			removed = g.evictUnordered()
		}
		if removed == 0 {
			return total
		}
		total += removed
	}
}

// evictRefused takes off pods that would be refused in the state in which everything stands.
func (g *settling) evictRefused() int {
	removed := 0
	ask := func(at int, content []portion, take func(class int32)) {
		for i := 0; i < len(content); i++ {
			part := content[i]
			root := g.p.classes[part.class].root
			if !g.p.classes[root].topo.bound() {
				continue
			}
			for n := part.count; n > 0 && g.refusesNow(at, root); n-- {
				take(part.class)
				removed++
			}
		}
	}
	for i := range g.onNodes {
		ask(i, slices.Clone(g.onNodes[i]), func(class int32) { g.takeOffNode(i, class) })
	}
	for i := len(g.patterns) - 1; i >= 0; i-- {
		for { // a pattern of several nodes sheds them one by one
			before := removed
			rest := g.single(i)
			ask(g.at[i], slices.Clone(g.patterns[i].content), func(class int32) { g.takeOffPattern(i, class) })
			if rest < 0 {
				break
			}
			if removed == before {
				g.rejoin(i, rest)
				break
			}
			// The node that has shed pods stands for itself now; go on with the others.
			g.patterns[i], g.patterns[rest] = g.patterns[rest], g.patterns[i]
			g.at[i], g.at[rest] = g.at[rest], g.at[i]
		}
	}
	return removed
}

// refusesNow reports whether the rules would not let a pod of the root in again that is on the host.
func (g *settling) refusesNow(at int, root int32) bool {
	refused := false
	g.ledger.reasons(at, root, true, func(r Rejection) bool {
		refused = g.lenient == 0 || r.Code != TopologySpread
		return !refused
	})
	return refused
}

// single makes the pattern one of a single node and moves the others to a pattern at the end of the list, whose place it
// returns; -1 if there are none.
func (g *settling) single(i int) int {
	if g.patterns[i].nodes == 1 {
		return -1
	}
	rest := g.patterns[i]
	rest.content = slices.Clone(rest.content)
	rest.nodes--
	g.patterns[i].nodes = 1
	g.patterns = append(g.patterns, rest)
	g.at = append(g.at, g.ledger.split(g.at[i]))
	return len(g.patterns) - 1
}

// rejoin undoes single.
func (g *settling) rejoin(i, rest int) {
	g.patterns[i].nodes += g.patterns[rest].nodes
	g.ledger.join(g.at[i], g.at[rest])
	g.patterns, g.at = g.patterns[:rest], g.at[:rest]
}

// split leaves one of the hosts where it is and moves the others to a place of their own.
func (l *ledger) split(at int) int {
	rest := l.hosts[at]
	rest.content = slices.Clone(rest.content)
	rest.copies--
	l.hosts[at].copies = 1
	l.hosts = append(l.hosts, rest)
	return len(l.hosts) - 1
}

// join undoes split, if nothing has been split since.
func (l *ledger) join(at, rest int) {
	l.hosts[at].copies += l.hosts[rest].copies
	l.hosts = l.hosts[:rest]
}

func (g *settling) takeOffNode(i int, class int32) {
	g.onNodes[i] = portions(g.onNodes[i], class, -1)
	g.nodeRoom[i].Sub(g.p.classes[class].demand, -1)
	g.ledger.put(i, g.p.classes[class].root, -1)
	g.waiting[g.p.classes[class].root]++
}

// takeOffPattern takes a pod off a pattern of a single node.
func (g *settling) takeOffPattern(i int, class int32) {
	g.patterns[i].content = portions(g.patterns[i].content, class, -1)
	g.ledger.put(g.at[i], g.p.classes[class].root, -1)
	g.waiting[g.p.classes[class].root]++
}

// portions is the content with n more pods of the class, fewer if n is negative. The content is not modified.
func portions(content []portion, class int32, n int64) []portion {
	i, found := slices.BinarySearchFunc(content, class, func(part portion, c int32) int { return cmp.Compare(part.class, c) })
	switch {
	case !found:
		return slices.Insert(slices.Clone(content), i, portion{class, n})
	case content[i].count+n == 0:
		return slices.Delete(slices.Clone(content), i, i+1)
	}
	out := slices.Clone(content)
	out[i].count += n
	return out
}

// pending is pods of one class on their way to one host.
type pending struct {
	at            int // in the ledger of the replay
	pattern, node int // the copy of the pattern, or -1 for an existing node
	class, root   int32
	count         int64
}

// evictUnordered replays how the placed pods come, each when the rules let it in, and takes off those that never can.
func (g *settling) evictUnordered() int {
	l := g.p.newLedger()
	var list []pending
	add := func(at, pattern, node int, content []portion) {
		for _, part := range content {
			root := g.p.classes[part.class].root
			if cl := &g.p.classes[root]; cl.topo.bound() || len(cl.topo.counted) > 0 {
				list = append(list, pending{at, pattern, node, part.class, root, part.count})
			}
		}
	}
	for i, content := range g.onNodes {
		add(i, -1, 0, content)
	}
	for i := range g.patterns {
		for n := range g.patterns[i].nodes {
			add(l.open(host{kind: g.p.kind(g.patterns[i].row), node: -1, row: g.patterns[i].row, copies: 1}), i, int(n), g.patterns[i].content)
		}
	}
	slices.SortStableFunc(list, func(a, b pending) int {
		return compareBools(g.p.classes[b.root].topo.bound(), g.p.classes[a.root].topo.bound())
	})
	for progress := true; progress; {
		progress = false
		for i := range list {
			e := &list[i]
			free := !g.p.classes[e.root].topo.bound()
			for e.count > 0 && (free || l.refuses(e.at, e.root, false) == nil) {
				n := int64(1)
				if free {
					n = e.count
				}
				l.put(e.at, e.root, n)
				e.count -= n
				progress = true
			}
		}
	}
	removed := 0
	copies := map[int][]int{}
	for _, e := range list {
		if e.count == 0 {
			continue
		}
		if e.pattern >= 0 && copies[e.pattern] == nil {
			copies[e.pattern] = g.singles(e.pattern)
		}
		for range e.count {
			removed++
			if e.pattern < 0 {
				g.takeOffNode(e.at, e.class)
			} else {
				g.takeOffPattern(copies[e.pattern][e.node], e.class)
			}
		}
	}
	return removed
}

// singles divides the pattern into patterns of a single node and returns their places.
func (g *settling) singles(i int) []int {
	out := []int{i}
	for rest := g.single(i); rest >= 0; rest = g.single(rest) {
		out = append(out, rest)
	}
	return out
}

// spot is a place for one more pod of a root.
type spot struct {
	node, pattern int   // one of them, or both -1 for a new node
	row           int32 // of the new node, or what the pattern's node becomes
	class         int32 // the root's form there
	holds         int64 // how many of the waiting pods it has room for
	cost          float64
	tips          bool // it would make the rules refuse others that are placed
	relaxed       bool
}

// better orders spots: those that leave others in peace, then the cheapest. Where the first pod decides for all that
// wait, the one that holds most of them.
func (a *spot) better(b *spot, together bool) bool {
	order := compareBools(a.tips, b.tips)
	if order == 0 && together {
		order = cmp.Compare(b.holds, a.holds)
	}
	return cmp.Or(order, compareMoney(a.cost, b.cost)) < 0
}

// placeOne finds a place for one pod of the root and puts it there.
func (g *settling) placeOne(root int32) bool {
	together := g.p.classes[root].topo.together()
	var best *spot
	consider := func(found spot) {
		if best == nil || found.better(best, together) {
			best = &found
		}
	}
	content := func() bool { return best != nil && !best.tips && !together }
	g.nodeSpots(root, consider)
	if !content() {
		g.patternSpots(root, consider)
	}
	if !content() {
		g.newSpots(root, consider)
	}
	if best == nil || g.p.classes[root].topo.aside {
		g.largerSpots(root, consider)
	}
	if best == nil {
		return false
	}
	g.use(root, best)
	return true
}

// nodeSpots are the existing nodes with room.
func (g *settling) nodeSpots(root int32, yield func(spot)) {
	cl := &g.p.classes[root]
	for i := range g.p.nodes {
		n := &g.p.nodes[i]
		if !n.accepts.Has(int(cl.sig)) || !g.nodeRoom[i].Fits(cl.demand) || g.ledger.refuses(i, root, false) != nil {
			continue
		}
		form := g.p.form(root, g.p.topology.nodes[i].cell)
		if form < 0 {
			continue
		}
		yield(spot{
			node: i, pattern: -1, row: -1, class: form, tips: g.tips(i, root, false),
			holds: g.nodeRoom[i].Times(cl.demand, g.waiting[root]),
		})
	}
}

// patternSpots are the launched nodes with room.
func (g *settling) patternSpots(root int32, yield func(spot)) {
	for i := range g.patterns {
		pt := &g.patterns[i]
		form := g.p.form(root, g.p.kind(pt.row).cell)
		if form < 0 || g.ledger.refuses(g.at[i], root, false) != nil {
			continue
		}
		with := *pt
		with.content = portions(pt.content, form, 1)
		need := g.p.needs(&with)
		if !need.hostedBy(g.p, pt.row) {
			continue
		}
		flexible := g.stillFlexible(&with, &need)
		if !flexible && g.opts.MinValues != MinValuesBestEffort {
			continue
		}
		room := g.p.room(pt.row).Clone()
		room.Sub(need.demand, 1)
		yield(spot{
			node: -1, pattern: i, row: pt.row, class: form, tips: g.tips(g.at[i], root, false), relaxed: !flexible,
			holds: 1 + room.Times(g.p.classes[root].demand, g.waiting[root]-1),
		})
	}
}

// newSpots are new nodes, of the heaviest pools that can launch one.
func (g *settling) newSpots(root int32, yield func(spot)) {
	p := g.p
	cl := &p.classes[root]
	together := cl.topo.together()
	verdicts := make([]int8, len(p.topology.kinds)) // 0 unknown, 1 admitted, 2 admitted but tips others, 3 refused
	weight, found := int32(0), false
	for _, r := range g.rows {
		row := &p.rows[r]
		if found && p.pools[row.pool].weight != weight {
			return
		}
		kind := p.topology.kindOf[r]
		form := p.form(root, p.topology.kinds[kind].cell)
		if form < 0 || !p.available(r) || !p.sigs[p.classes[form].sig].rows.Has(int(r)) || !p.room(r).Fits(cl.demand) ||
			g.supply.left(p, row) == 0 || g.affordable(r) == 0 {
			continue
		}
		if verdicts[kind] == 0 {
			at := g.ledger.open(host{kind: &p.topology.kinds[kind], node: -1, row: r, copies: 1})
			switch {
			case g.ledger.refuses(at, root, false) != nil:
				verdicts[kind] = 3
			case g.tips(at, root, true):
				verdicts[kind] = 2
			default:
				verdicts[kind] = 1
			}
			g.ledger.shut(at)
		}
		if verdicts[kind] == 3 {
			continue
		}
		flexible := true
		if len(p.pools[row.pool].minimums) > 0 {
			alone := pattern{row: r, nodes: 1, content: []portion{{form, 1}}}
			need := p.needs(&alone)
			flexible = g.stillFlexible(&alone, &need)
		}
		if !flexible && g.opts.MinValues != MinValuesBestEffort {
			continue
		}
		weight, found = p.pools[row.pool].weight, true
		yield(spot{
			node: -1, pattern: -1, row: r, class: form, cost: max(p.rowPrice(r), minimumCost), tips: verdicts[kind] == 2, relaxed: !flexible,
			holds: p.room(r).Times(cl.demand, g.waiting[root]),
		})
		if verdicts[kind] == 1 && !together {
			return // the cheapest that there is
		}
	}
}

// largerSpots are launched nodes that would have room if they were larger.
func (g *settling) largerSpots(root int32, yield func(spot)) {
	p := g.p
	for i := range g.patterns {
		pt := &g.patterns[i]
		cell := p.kind(pt.row).cell
		form := p.form(root, cell)
		if form < 0 || g.ledger.refuses(g.at[i], root, false) != nil {
			continue
		}
		with := *pt
		with.content = portions(pt.content, form, 1)
		need := p.needs(&with)
		weight := p.pools[p.rows[pt.row].pool].weight
		for _, r := range g.rows {
			row := &p.rows[r]
			if p.pools[row.pool].weight != weight || p.topology.kindOf[r] != p.topology.kindOf[pt.row] || !p.available(r) {
				continue
			}
			if !need.hostedBy(p, r) || !g.exchanges(pt.row, r) {
				continue
			}
			with.row = r
			flexible := g.stillFlexible(&with, &need)
			if !flexible && g.opts.MinValues != MinValuesBestEffort {
				continue
			}
			room := p.room(r).Clone()
			room.Sub(need.demand, 1)
			yield(spot{
				node: -1, pattern: i, row: r, class: form, cost: max(p.rowPrice(r)-p.rowPrice(pt.row), 0), tips: g.tips(g.at[i], root, false),
				relaxed: !flexible, holds: 1 + room.Times(p.classes[root].demand, g.waiting[root]-1),
			})
			break
		}
	}
}

// exchanges reports whether supply and options admit a node of the row to in place of one of the row from.
func (g *settling) exchanges(from, to int32) bool {
	g.supply.take(g.p, &g.p.rows[from], -1)
	ok := g.supply.left(g.p, &g.p.rows[to]) > 0
	g.supply.take(g.p, &g.p.rows[from], 1)
	return ok && (g.opts.MaxPrice <= 0 || g.spent+g.p.rowPrice(to)-g.p.rowPrice(from) <= g.opts.MaxPrice+1e-9)
}

// tips reports whether one more pod of the root on the host would make the rules refuse placed ones. It looks at skew only,
// and takes it that such pods are wherever they could be; what it overlooks is taken off later.
func (g *settling) tips(at int, root int32, fresh bool) bool {
	l, t := g.ledger, &g.p.topology
	cell := t.cells[l.hosts[at].kind.cell]
	for _, n := range g.p.classes[root].topo.counted {
		tr := &t.tracks[n]
		if !tr.spread || !l.includes(at, n) {
			continue
		}
		here, least := int64(0), int64(math.MaxInt64)
		if tr.key == hostname {
			here = l.named(at, n)
			least, _ = l.heights[n].least()
		} else {
			here = l.counts[n][cell[tr.key]]
			for d, count := range l.counts[n] {
				if l.present[n][d] > 0 {
					least = min(least, count)
				}
			}
		}
		if here+1-least > int64(tr.skew) {
			return true
		}
	}
	if !fresh {
		return false
	}
	for n := range t.tracks { // a domain that was not there before, with few pods or none
		tr := &t.tracks[n]
		if !tr.spread || !l.includes(at, int32(n)) {
			continue
		}
		most, here := int64(0), int64(0)
		if tr.key == hostname {
			most = int64(len(l.heights[n])) - 1
		} else {
			d := cell[tr.key]
			if here = l.counts[n][d]; l.present[n][d] > 1 {
				continue
			}
			most = slices.Max(l.counts[n])
		}
		if most-here > int64(tr.skew) {
			return true
		}
	}
	return false
}

// use puts a pod of the root where the spot says.
func (g *settling) use(root int32, s *spot) {
	g.waiting[root]--
	switch {
	case s.node >= 0:
		g.onNodes[s.node] = portions(g.onNodes[s.node], s.class, 1)
		g.nodeRoom[s.node].Sub(g.p.classes[root].demand, 1)
		g.ledger.put(s.node, root, 1)
	case s.pattern >= 0:
		g.single(s.pattern)
		pt := &g.patterns[s.pattern]
		if s.row != pt.row {
			g.refundRow(pt.row)
			g.chargeRow(s.row)
			pt.row = s.row
		}
		pt.content = portions(pt.content, s.class, 1)
		pt.relaxed = pt.relaxed || s.relaxed
		g.ledger.put(g.at[s.pattern], root, 1)
	default:
		g.chargeRow(s.row)
		g.patterns = append(g.patterns, pattern{row: s.row, content: []portion{{s.class, 1}}, nodes: 1, relaxed: s.relaxed})
		g.at = append(g.at, g.ledger.open(host{kind: g.p.kind(s.row), node: -1, row: s.row, copies: 1}))
		g.ledger.put(g.at[len(g.at)-1], root, 1)
	}
}

func (g *settling) chargeRow(r int32) {
	g.supply.take(g.p, &g.p.rows[r], 1)
	g.launches++
	g.spent += g.p.rowPrice(r)
}

func (g *settling) refundRow(r int32) {
	g.supply.take(g.p, &g.p.rows[r], -1)
	g.launches--
	g.spent -= g.p.rowPrice(r)
}
