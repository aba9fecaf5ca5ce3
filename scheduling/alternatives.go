package scheduling

import (
	"encoding/binary"
	"math"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// alternatives finds the offerings that can stand in for a plan's nodes. Thousands of nodes share a few answers, so each is
// worked out once.
type alternatives struct {
	*solver
	known map[string]served // by what decides an answer

	key         []byte
	fits        bitset.Set // the pool's rooms that hold what is asked, by their place among these
	rows        []int32
	here, named bitset.Set // types with a row that can host the content where the node is; types named already
	listed      bitset.Set // offers that are among the choices
}

// served is an answer. Launches share it.
type served struct {
	choices []cloudprovider.Choice
	types   []string
}

func (s *solver) newAlternatives() *alternatives {
	return &alternatives{
		solver: s, known: map[string]served{},
		here: bitset.New(len(s.p.types)), named: bitset.New(len(s.p.types)), listed: bitset.New(len(s.p.offers)),
	}
}

// of is the offerings that can host the pattern's content: the one that is paid for first, then the others by price.
// Offerings that are sold out by the plan itself, or whose machines the pool's limits no longer admit, are left out. The
// names of their types come cheapest first, each at what it costs in the cheapest cell; in pools with minValues, types
// that could serve in other cells alone are among them.
func (a *alternatives) of(pt *pattern, need *needs) served {
	a.describe(pt, need)
	out, known := a.known[string(a.key)]
	if !known {
		out = a.find(pt, need)
		a.known[string(a.key)] = out
	}
	return out
}

// describe sets the key to all that the answer depends on: the row, which of the pool's machines have room, and what the
// content asks for besides.
func (a *alternatives) describe(pt *pattern, need *needs) {
	rooms := a.p.pools[a.p.rows[pt.row].pool].rooms
	a.fits = bitset.New(int(rooms[1] - rooms[0]))
	for i, room := range a.p.rooms[rooms[0]:rooms[1]] {
		if room.Fits(need.demand) {
			a.fits.Add(i)
		}
	}
	a.key = binary.LittleEndian.AppendUint32(a.key[:0], uint32(pt.row))
	a.key = binary.LittleEndian.AppendUint32(a.key, uint32(need.kind))
	for _, set := range []bitset.Set{need.sigs, need.anywhere, a.fits} {
		for _, word := range set {
			a.key = binary.LittleEndian.AppendUint64(a.key, word)
		}
	}
}

func (a *alternatives) find(pt *pattern, need *needs) served {
	p := a.p
	chosen := &p.rows[pt.row]
	pool := &p.pools[chosen.pool]
	a.rows = a.rows[:0]
	a.here.Clear()
	a.named.Clear()
	a.listed.Clear()
	for _, r := range p.priced[pool.rows[0]:pool.rows[1]] {
		fits := a.fits.Has(int(p.roomOf[r]-pool.rooms[0])) && need.anywhere.SubsetOf(p.columns[p.columnOf[r]])
		if r == pt.row || fits && p.look(r) == p.look(pt.row) && p.available(r) && a.replaceable(pt, r) {
			a.rows = append(a.rows, r)
			if r == pt.row || need.hostedBy(p, r) {
				a.here.Add(int(p.rows[r].typ))
			}
		}
	}
	out := served{
		choices: append(make([]cloudprovider.Choice, 0, len(a.rows)), p.choice(pt.row)),
		types:   make([]string, 0, a.here.Count()),
	}
	a.listed.Add(int(chosen.offer))
	for _, r := range a.rows {
		o, t := p.rows[r].offer, p.rows[r].typ
		inStock := p.offers[o].stock < 0 || a.supply.stocks[p.offers[o].stock] > 0
		if !a.listed.Has(int(o)) && inStock && need.hostedBy(p, r) {
			a.listed.Add(int(o))
			out.choices = append(out.choices, p.choice(r))
		}
		if !a.named.Has(int(t)) && (a.here.Has(int(t)) || len(pool.minimums) > 0) {
			a.named.Add(int(t))
			out.types = append(out.types, p.types[t].source.Name)
		}
	}
	return out
}

// replaceable reports whether the pool's limits would admit the row in place of one node of the pattern. Pools with
// minValues keep every type, since flexibility is what they ask for.
func (a *alternatives) replaceable(pt *pattern, r int32) bool {
	pool := a.p.rows[pt.row].pool
	if len(a.p.pools[pool].minimums) > 0 {
		return true
	}
	have, want := a.p.types[a.p.rows[pt.row].typ].capacity, a.p.types[a.p.rows[r].typ].capacity
	for d, room := range a.supply.room[pool] {
		if room != math.MaxInt64 && want[d]-have[d] > room {
			return false
		}
	}
	return true
}

func (p *Problem) choice(r int32) cloudprovider.Choice {
	return cloudprovider.Choice{OfferingKey: p.offeringKey(&p.offers[p.rows[r].offer]), Price: p.rowPrice(r)}
}
