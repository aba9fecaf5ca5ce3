package scheduling

import (
	"cmp"
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// Bins that stand for several types. Where a launch must leave a choice of instance types, because its pool has minValues
// or because the options ask for alternatives, a node is not filled to the size of one machine, but to the room that all
// types of a set have: whatever fits can be launched as any of them. So nothing has to be taken off afterwards.

// breadth is what a set of types must have enough of.
type breadth struct {
	values bool // distinct values for the pool's minValues
	types  bool // types, for Options.MinAlternatives
}

// member is a type of a set.
type member struct {
	typ   int32
	room  resource.Vector
	rows  []int32
	price float64 // of its cheapest row
}

// setBins are bins of a pool that stand for sets of types with that breadth. There is one set around each plain bin, and
// one around each class that no other would take, so that a pod which enough types could host alone always finds a bin.
func (p *Problem) setBins(pool int32, plain []bin, want breadth) []bin {
	var bins []bin
	everywhere := bitset.New(len(p.rows))
	everywhere.Fill(len(p.rows))
	add := func(members []member, anchor resource.Vector, within bitset.Set) {
		b, ok := p.setBin(pool, p.enough(pool, members, anchor, want), want, within)
		if ok && !slices.ContainsFunc(bins, func(o bin) bool { return slices.Equal(o.rows, b.rows) && slices.Equal(o.room, b.room) }) {
			bins = append(bins, b)
		}
	}
	known := map[[3]int32][]member{}
	for _, b := range plain {
		for _, first := range p.firstOfKinds(b.rows, want) {
			key := [3]int32{p.look(first), p.columnOf[first], p.topology.kindOf[first]}
			members, done := known[key]
			if !done {
				members = p.members(pool, want, func(r int32) bool {
					return p.look(r) == key[0] && b.sigs.SubsetOf(p.columns[p.columnOf[r]]) && (!want.types || p.topology.kindOf[r] == key[2])
				})
				known[key] = members
			}
			add(members, b.room, everywhere)
		}
	}
	for v, look := range p.pools[pool].looks {
		if int(look) != v {
			continue
		}
		for c := range p.classes {
			cl := &p.classes[c]
			if cl.unsupported != "" || p.parts[c] != nil && !cl.topo.wished {
				continue
			}
			if want.types && slices.ContainsFunc(bins, func(b bin) bool { return b.sigs.Has(int(cl.sig)) && b.room.Fits(cl.demand) }) {
				continue
			}
			rows := p.sigs[cl.sig].rows
			if !want.types { // where a type could serve does not matter to minValues
				rows = p.sigs[p.classes[cl.root].sig].rows
			}
			hosts := func(r int32) bool { return p.look(r) == look && rows.Has(int(r)) && p.room(r).Fits(cl.demand) }
			for _, first := range p.firstOfKinds(p.buyableRows(pool, hosts), want) {
				kind := p.topology.kindOf[first]
				add(p.members(pool, want, func(r int32) bool {
					return hosts(r) && (!want.types || p.topology.kindOf[r] == kind)
				}), cl.demand, p.sigs[cl.sig].rows)
			}
		}
	}
	return bins
}

// firstOfKinds is the first row of each kind among the rows. Alternatives to a machine must be of its kind, since pods of
// one node may be bound to it; where alternatives do not matter, the first row stands for all.
func (p *Problem) firstOfKinds(rows []int32, want breadth) []int32 {
	var out []int32
	for _, r := range rows {
		again := slices.ContainsFunc(out, func(o int32) bool { return p.topology.kindOf[o] == p.topology.kindOf[r] })
		if !again && (want.types || len(out) == 0) {
			out = append(out, r)
		}
	}
	return out
}

// buyableRows are the pool's available rows that are accepted.
func (p *Problem) buyableRows(pool int32, accept func(r int32) bool) []int32 {
	var out []int32
	for r := p.pools[pool].rows[0]; r < p.pools[pool].rows[1]; r++ {
		if p.available(r) && accept(r) {
			out = append(out, r)
		}
	}
	return out
}

// setBin is the bin of a set of types; false if the set is empty or no pod could use it.
func (p *Problem) setBin(pool int32, members []member, want breadth, within bitset.Set) (bin, bool) {
	if len(members) == 0 {
		return bin{}, false
	}
	b := bin{
		pool: pool, room: members[0].room.Clone(), sigs: bitset.New(len(p.sigs)), several: true,
		relaxed: !want.values && len(p.pools[pool].minimums) > 0, short: !want.types && p.flexibility.wanted(),
	}
	b.sigs.Fill(len(p.sigs))
	for _, m := range members {
		for d := range b.room {
			b.room[d] = min(b.room[d], m.room[d])
		}
		for _, r := range m.rows {
			if within.Has(int(r)) {
				b.rows = append(b.rows, r)
			}
		}
	}
	if len(b.rows) == 0 {
		return bin{}, false
	}
	for _, r := range b.rows {
		b.sigs.And(p.columns[p.columnOf[r]])
	}
	p.dropInflexible(b.sigs, members, within)
	slices.SortFunc(b.rows, p.compareRows)
	return b, !b.sigs.Empty()
}

// dropInflexible removes the signatures that some member without a row among those within would not admit in the cell of
// its first row.
func (p *Problem) dropInflexible(sigs bitset.Set, members []member, within bitset.Set) {
	for _, m := range members {
		if slices.ContainsFunc(m.rows, func(r int32) bool { return within.Has(int(r)) }) {
			continue
		}
		elsewhere := p.columns[p.columnOf[m.rows[0]]]
		for s := range sigs.All() {
			if !elsewhere.Has(int(p.sigs[s].root)) {
				sigs.Remove(s)
			}
		}
	}
}

// members are the pool's types with an available row that is accepted, the cheapest first where types are counted.
func (p *Problem) members(pool int32, want breadth, accept func(r int32) bool) []member {
	var out []member
	for _, r := range p.buyableRows(pool, accept) {
		if want.types && p.reservedRow(r) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].typ == p.rows[r].typ {
			m := &out[n-1]
			m.rows, m.price = append(m.rows, r), math.Min(m.price, p.rowPrice(r))
			for d := range m.room {
				m.room[d] = min(m.room[d], p.room(r)[d])
			}
			continue
		}
		out = append(out, member{typ: p.rows[r].typ, room: p.room(r).Clone(), rows: []int32{r}, price: p.rowPrice(r)})
	}
	slices.SortStableFunc(out, func(a, b member) int { return cmp.Compare(a.price, b.price) })
	return out
}

// enough picks members, those that lose the least of the anchor first, until they have the breadth, and then all that lose
// nothing more. nil if even all of them do not. The members are sorted by price.
func (p *Problem) enough(pool int32, members []member, anchor resource.Vector, want breadth) []member {
	type lossy struct {
		member
		loss float64
	}
	var out []member
	var rest []lossy
	for _, m := range members {
		if m.room.Covers(anchor) {
			out = append(out, m)
			continue
		}
		loss := 0.0
		for d, amount := range anchor {
			if amount > m.room[d] {
				loss = math.Max(loss, 1-float64(m.room[d])/float64(amount))
			}
		}
		rest = append(rest, lossy{m, loss})
	}
	if p.broad(pool, out, want) {
		return out
	}
	slices.SortStableFunc(rest, func(a, b lossy) int { return cmp.Compare(a.loss, b.loss) })
	for i, m := range rest {
		out = append(out, m.member)
		if (i+1 == len(rest) || rest[i+1].loss > m.loss) && p.broad(pool, out, want) {
			return out
		}
	}
	return nil
}

// broad reports whether the members have the breadth.
func (p *Problem) broad(pool int32, members []member, want breadth) bool {
	if want.values {
		values := p.newTally(pool)
		for _, m := range members {
			values.add(m.typ)
		}
		if !values.satisfied() {
			return false
		}
	}
	return !want.types || p.flexibility.enough(members)
}
