package scheduling

import (
	"cmp"
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// minimum is a NodePool's wish that the types of each launch have at least want distinct values of the key.
type minimum struct {
	key  string
	want int
}

// tally counts the distinct values that a growing set of types has for each of a pool's minimums: over those of their
// offerings that are available and that the pool admits.
type tally struct {
	problem *Problem
	pool    int32
	seen    []map[string]bool
}

func (p *Problem) newTally(pool int32) *tally {
	t := &tally{problem: p, pool: pool, seen: make([]map[string]bool, len(p.pools[pool].minimums))}
	for i := range t.seen {
		t.seen[i] = map[string]bool{}
	}
	return t
}

func (t *tally) add(typ int32) {
	rows := t.problem.rowsOfType(&t.problem.pools[t.pool], typ)
	for r := rows[0]; r < rows[1]; r++ {
		if !t.problem.available(r) {
			continue
		}
		for i, m := range t.problem.pools[t.pool].minimums {
			if value, ok := t.problem.rowLabel(int(r), m.key); ok {
				t.seen[i][value] = true
			}
		}
	}
}

// satisfied reports whether the types added so far have enough values for every minimum.
func (t *tally) satisfied() bool {
	for i, m := range t.problem.pools[t.pool].minimums {
		if len(t.seen[i]) < m.want {
			return false
		}
	}
	return true
}

// short lists the minimums that the types do not meet, with the number of values that they have; nil if there are none.
func (t *tally) short() map[string]int {
	var out map[string]int
	for i, m := range t.problem.pools[t.pool].minimums {
		if len(t.seen[i]) < m.want {
			if out == nil {
				out = map[string]int{}
			}
			out[m.key] = len(t.seen[i])
		}
	}
	return out
}

// member is a type that a flexible bin may be launched as.
type member struct {
	typ  int32
	room resource.Vector
	rows []int32
}

// flexibleBins are the bins of a pool with minValues. Each is a set of types that satisfies the minimums, with the room
// that all of them have: whatever fits into the bin can be launched as any of them. There is one bin around each
// plain bin and one around each class, so that a pod which enough types could host alone always finds a bin.
func (p *Problem) flexibleBins(pool int32, plain []bin) []bin {
	var bins []bin
	everywhere := bitset.New(len(p.rows))
	everywhere.Fill(len(p.rows))
	add := func(members []member, anchor resource.Vector, within bitset.Set) {
		members = p.enough(pool, members, anchor)
		if members == nil {
			return
		}
		b := bin{pool: pool, room: members[0].room.Clone(), sigs: bitset.New(len(p.sigs))}
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
			return
		}
		for _, r := range b.rows {
			b.sigs.And(p.columns[p.columnOf[r]])
		}
		p.dropInflexible(b.sigs, members, within)
		if b.sigs.Empty() {
			return
		}
		slices.SortFunc(b.rows, p.compareRows)
		if !slices.ContainsFunc(bins, func(o bin) bool { return slices.Equal(o.rows, b.rows) && slices.Equal(o.room, b.room) }) {
			bins = append(bins, b)
		}
	}
	for _, b := range plain {
		look := p.look(b.rows[0])
		add(p.members(pool, func(r int32) bool {
			return p.look(r) == look && b.sigs.SubsetOf(p.columns[p.columnOf[r]])
		}), b.room, everywhere)
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
			anywhere := p.sigs[p.classes[cl.root].sig].rows
			add(p.members(pool, func(r int32) bool {
				return p.look(r) == look && anywhere.Has(int(r)) && p.room(r).Fits(cl.demand)
			}), cl.demand, p.sigs[cl.sig].rows)
		}
	}
	return bins
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

// members are the pool's types with an available row that is accepted.
func (p *Problem) members(pool int32, accept func(r int32) bool) []member {
	var out []member
	for r := p.pools[pool].rows[0]; r < p.pools[pool].rows[1]; r++ {
		if !p.available(r) || !accept(r) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].typ == p.rows[r].typ {
			out[n-1].rows = append(out[n-1].rows, r)
			for d := range out[n-1].room {
				out[n-1].room[d] = min(out[n-1].room[d], p.room(r)[d])
			}
			continue
		}
		out = append(out, member{typ: p.rows[r].typ, room: p.room(r).Clone(), rows: []int32{r}})
	}
	return out
}

// enough picks members, those that lose the least of the anchor first, until they satisfy the pool's minimums, and then
// all that lose nothing more. nil if even all of them do not.
func (p *Problem) enough(pool int32, members []member, anchor resource.Vector) []member {
	type ranked struct {
		member
		loss, price float64
	}
	list := make([]ranked, len(members))
	for i, m := range members {
		list[i] = ranked{member: m, price: p.rowPrice(slices.MinFunc(m.rows, p.compareRows))}
		for d, want := range anchor {
			if want > m.room[d] {
				list[i].loss = math.Max(list[i].loss, 1-float64(m.room[d])/float64(want))
			}
		}
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return cmp.Or(cmp.Compare(a.loss, b.loss), cmp.Compare(a.price, b.price)) })
	var out []member
	values := p.newTally(pool)
	done := false
	last := 0.0
	for _, m := range list {
		if done && m.loss > last {
			break
		}
		out = append(out, m.member)
		values.add(m.typ)
		if !done && values.satisfied() {
			done, last = true, m.loss
		}
	}
	if !done {
		return nil
	}
	return out
}
