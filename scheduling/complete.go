package scheduling

import (
	"cmp"
	"math"
	"slices"
)

// Completing finds places for pods one by one, by the exact rules: on existing nodes, on launched ones, on new ones, and on
// launched ones that become larger. It is for the few pods that packing leaves over.

// spot is a place for one more pod of a root.
type spot struct {
	node, pattern int   // one of them, or both -1 for a new node
	row           int32 // of the new node, or what the pattern's node becomes
	class         int32 // the root's form there
	holds         int64 // how many of the waiting pods it has room for
	cost          float64
	tips          bool // it would make the rules refuse others that are placed
	relaxed       bool
	short         bool // it would leave the node too few alternatives
	again         bool // pods of the root were taken off hosts of the cell
}

// better orders spots: those that leave others in peace, then those that leave enough alternatives, then the cheapest, and
// of these one that is not tried again. Where the first pod decides for all that wait, the one that holds most of them.
func (a *spot) better(b *spot, together bool) bool {
	order := compareBools(a.tips, b.tips)
	if order == 0 && together {
		order = cmp.Compare(b.holds, a.holds)
	}
	return cmp.Or(order, compareBools(a.short, b.short), compareMoney(a.cost, b.cost), compareBools(a.again, b.again)) < 0
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
	content := func() bool { return best != nil && !best.tips && !best.short && !together }
	g.nodeSpots(root, consider)
	if !content() || best.again {
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
	for i := range g.p.sigs[cl.sig].nodes.All() {
		if !g.nodeRoom[i].Fits(cl.demand) || g.refuses(g.ledger, i, root) {
			continue
		}
		form := g.p.form(root, g.p.topology.nodes[i].cell)
		if form < 0 {
			continue
		}
		yield(spot{
			node: i, pattern: -1, row: -1, class: form, tips: g.tips(i, root, false),
			again: g.fled[flight{root, g.p.topology.nodes[i].cell}], holds: g.nodeRoom[i].Times(cl.demand, g.waiting[root]),
		})
	}
}

// patternSpots are the launched nodes with room.
func (g *settling) patternSpots(root int32, yield func(spot)) {
	for i := range g.patterns {
		pt := &g.patterns[i]
		cell := g.p.kind(pt.row).cell
		form := g.p.form(root, cell)
		if form < 0 || g.refuses(g.ledger, g.at[i], root) {
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
			again: g.fled[flight{root, cell}], short: !g.keepsAlternatives(&with, &need), holds: 1 + room.Times(g.p.classes[root].demand, g.waiting[root]-1),
		})
	}
}

// newSpots are new nodes, of the heaviest pools that can launch one.
func (g *settling) newSpots(root int32, yield func(spot)) {
	p := g.p
	cl := &p.classes[root]
	together := cl.topo.together()
	verdicts := make([]int8, len(p.topology.kinds)) // 0 unknown, 1 admitted, 2 admitted but tips others, 3 refused
	weight, found, most := int32(0), false, math.Inf(1)
	for _, r := range g.rows {
		row := &p.rows[r]
		if found && (p.pools[row.pool].weight != weight || p.rowPrice(r) > most) {
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
			case g.refuses(g.ledger, at, root):
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
		flexible, short := true, false
		if len(p.pools[row.pool].minimums) > 0 || p.owesAlternatives(r) {
			alone := pattern{row: r, nodes: 1, content: []portion{{form, 1}}}
			need := p.needs(&alone)
			flexible, short = g.stillFlexible(&alone, &need), !g.keepsAlternatives(&alone, &need)
		}
		if !flexible && g.opts.MinValues != MinValuesBestEffort {
			continue
		}
		if short && !found { // alternatives are worth that much
			most = p.rowPrice(r) * p.flexibility.band
		}
		again := g.fled[flight{root, p.topology.kinds[kind].cell}]
		if again && verdicts[kind] == 1 && !short && !together { // another cell is worth no money
			most = min(most, p.rowPrice(r))
		}
		weight, found = p.pools[row.pool].weight, true
		yield(spot{
			node: -1, pattern: -1, row: r, class: form, cost: max(p.rowPrice(r), minimumCost), tips: verdicts[kind] == 2, relaxed: !flexible,
			short: short, again: again, holds: p.room(r).Times(cl.demand, g.waiting[root]),
		})
		if verdicts[kind] == 1 && !short && !again && !together {
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
		if form < 0 || g.refuses(g.ledger, g.at[i], root) {
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
				relaxed: !flexible, short: !g.keepsAlternatives(&with, &need), holds: 1 + room.Times(p.classes[root].demand, g.waiting[root]-1),
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
		g.occupy(s.node, root, 1)
		g.ledger.put(s.node, root, 1)
	case s.pattern >= 0:
		g.single(s.pattern)
		pt := &g.patterns[s.pattern]
		if s.row != pt.row {
			g.refundRow(pt.row)
			g.chargeRow(s.row)
		}
		pt.become(s.row, portions(pt.content, s.class, 1))
		pt.relaxed, pt.short = pt.relaxed || s.relaxed, pt.short || s.short
		g.ledger.put(g.at[s.pattern], root, 1)
	default:
		g.chargeRow(s.row)
		g.patterns = append(g.patterns, pattern{row: s.row, content: []portion{{s.class, 1}}, nodes: 1, relaxed: s.relaxed, short: s.short})
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
