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
	reserved := p.reservedRows()
	waits := make([]bool, len(p.classes))
	for c := range p.classes {
		waits[c] = p.decides(int32(c)) == int32(c) && p.mayWait(int32(c), reserved)
	}
	for slices.Contains(waits, true) {
		held := make([]bool, len(p.classes))
		for c := range p.classes {
			held[c] = waits[p.decides(int32(c))]
		}
		q := p.restrict(held, reserved)
		settled := true
		for c := range waits { // minValues may leave a class without any machine: it is let go
			if waits[c] && !q.hosted(int32(c), opts) {
				waits[c], settled = false, false
			}
		}
		if settled {
			return q
		}
	}
	return p
}

// decides is the class whose pods' waiting decides for those of the class: whatever pods prefer, it is the root, or its
// part in the same cell.
func (p *Problem) decides(c int32) int32 {
	cl := &p.classes[c]
	if cl.cell >= 0 && p.parts[cl.root] != nil {
		if part := p.parts[cl.root][cl.cell]; part >= 0 {
			return part
		}
	}
	return cl.root
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
	type narrow struct{ sig, root int32 } // a signature, and what becomes of the one that it narrows
	narrowed := map[narrow]int32{}
	for c := range q.classes {
		if !held[c] {
			continue
		}
		cl := &q.classes[c]
		cl.reserved = true
		q.classes[cl.root].reserved = true
		key := narrow{sig: cl.sig, root: -1}
		for _, wider := range []int32{cl.root, cl.base} { // both come before it in the list
			if old := p.classes[wider].sig; old != cl.sig && old == p.sigs[cl.sig].root {
				key.root = q.classes[wider].sig
			}
		}
		sig, done := narrowed[key]
		if !done {
			sig = int32(len(q.sigs))
			narrowed[key] = sig
			copied := p.sigs[cl.sig]
			copied.rows = copied.rows.Clone()
			copied.rows.And(rows)
			if copied.root = key.root; key.root < 0 {
				copied.root = sig
			}
			q.sigs = append(q.sigs, copied)
		}
		cl.sig = sig
	}
	q.bins = nil
	q.compileBins()
	return &q
}

// awaited is why a pod of the root, which reserved capacity may host, was left for the next round. It reports whether
// it was: whether all that is missing on some machine is that the plan has used up stock or limits.
func (s *solver) awaited(root int32) ([]Rejection, bool) {
	p := s.p
	cl := &p.classes[root]
	q := s.scene(s.ledger).inquire(cl)
	var reasons grounds
	waits := false
	for r := range p.rows {
		form := p.form(root, p.kind(int32(r)).cell)
		if form < 0 || !p.sigs[p.classes[form].sig].rows.Has(r) {
			continue
		}
		found := q.row(int32(r))
		if len(found.list) == 0 {
			return nil, false
		}
		reasons.add(found, hostRef{-1, int32(r)})
		waits = waits || !slices.ContainsFunc(found.list, func(r obstacle) bool {
			return r.Code != NoAvailableOffering && r.Code != NodePoolLimit
		})
	}
	return plainly(reasons.sorted(p)), waits
}
