package scheduling

import (
	"slices"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// Reserved capacity is an offering like any other: it has a price, and a stock that offerings of other types and pools may
// share. Every launch draws its stock down, so a plan spends each reservation exactly once, in one round, and what finds
// none left is bought otherwise. Under [ReservedStrict] it is not.

// reservedOnly is the problem under [ReservedStrict]: pods that some reserved offering could host have no other rows than
// those of reserved offerings. Offerings that are sold out now hold nobody back, and a pod that has to be in one zone, for
// the sake of other pods, is held by the reserved capacity of that zone alone. The problem shares what it can with p.
func (p *Problem) reservedOnly(opts Options) *Problem {
	held := make([]bool, len(p.classes))
	reserved := p.reservedRows()
	for c := range p.classes {
		held[c] = p.mayWait(int32(c), reserved)
	}
	for slices.Contains(held, true) {
		q := p.restrict(held, reserved)
		settled := true
		for c := range held { // minValues may leave a class without any machine: it is let go
			if held[c] && !q.hosted(int32(c), opts) {
				held[c], settled = false, false
			}
		}
		if settled {
			return q
		}
	}
	return p
}

// mayWait reports whether one of the rows could host a pod of the class. Where only other pods tell which host a pod may
// be on, nobody can say that the next round would find it a reserved one: such pods do not wait.
func (p *Problem) mayWait(c int32, reserved bitset.Set) bool {
	cl := &p.classes[c]
	if cl.unsupported != "" || cl.topo.aside || len(cl.topo.near) > 0 || p.parts[c] != nil {
		return false
	}
	for r := range reserved.All() {
		if p.sigs[cl.sig].rows.Has(r) && p.room(int32(r)).Fits(cl.demand) {
			return true
		}
	}
	return false
}

// reservedRows are the rows of reserved offerings that can be launched now.
func (p *Problem) reservedRows() bitset.Set {
	out := bitset.New(len(p.rows))
	supply := p.newSupply()
	for r := range p.rows {
		row := &p.rows[r]
		if p.offers[row.offer].source.CapacityType == v1.CapacityTypeReserved && p.available(int32(r)) && supply.left(p, row) > 0 {
			out.Add(r)
		}
	}
	return out
}

// hosted reports whether some bin takes a pod of the class.
func (p *Problem) hosted(c int32, opts Options) bool {
	cl := &p.classes[c]
	return slices.ContainsFunc(p.bins, func(b bin) bool {
		return b.sigs.Has(int(cl.sig)) && b.room.Fits(cl.demand) && (!b.relaxed || opts.MinValues == MinValuesBestEffort)
	})
}

// restrict gives the held classes signatures of their own, which admit only the given rows, and the same nodes as before.
func (p *Problem) restrict(held []bool, rows bitset.Set) *Problem {
	q := *p
	q.classes = slices.Clone(p.classes)
	q.sigs = slices.Clone(p.sigs)
	narrowed := map[int32]int32{}
	for c := range q.classes {
		if !held[c] {
			continue
		}
		q.classes[c].reserved = true
		q.classes[q.classes[c].root].reserved = true
		old := q.classes[c].sig
		sig, done := narrowed[old]
		if !done {
			sig = int32(len(q.sigs))
			narrowed[old] = sig
			copied := p.sigs[old]
			copied.rows = copied.rows.Clone()
			copied.rows.And(rows)
			q.sigs = append(q.sigs, copied)
		}
		q.classes[c].sig = sig
	}
	q.nodes = slices.Clone(p.nodes)
	for i := range q.nodes {
		accepts := bitset.New(len(q.sigs))
		for s := range p.nodes[i].accepts.All() {
			accepts.Add(s)
			if sig, ok := narrowed[int32(s)]; ok {
				accepts.Add(int(sig))
			}
		}
		q.nodes[i].accepts = accepts
	}
	q.bins = nil
	q.compileBins()
	return &q
}

// awaited is why a pod of the root, which reserved capacity may host, was left for the next round.
func (s *solver) awaited(root int32) []Rejection {
	p := s.p
	cl := &p.classes[root]
	q := s.scene(s.ledger).inquire(cl)
	var reasons grounds
	for r := range p.rows {
		form := p.form(root, p.kind(int32(r)).cell)
		if form < 0 || !p.sigs[p.classes[form].sig].rows.Has(r) {
			continue
		}
		found := q.row(int32(r))
		if len(found.list) == 0 {
			return []Rejection{{Code: EffortExhausted, Key: s.spentOption(), Count: 1}}
		}
		reasons.add(found, hostRef{-1, int32(r)})
	}
	return plainly(reasons.sorted(p))
}
