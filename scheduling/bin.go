package scheduling

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// bin is a kind of node that can be bought: rows of one pool that admit the same pods, leave the same room, and differ
// in price or place only. The solver fills bins; which row is bought is settled by price and supply.
type bin struct {
	pool int32
	room resource.Vector // allocatable minus daemons, not negative
	sigs bitset.Set      // signatures admitted
	rows []int32         // by compareRows; available ones only
	// several is set where the bin stands for several types: its room is what all of them have.
	several bool
	// relaxed is set where the pool has minValues and the bin does not care.
	relaxed bool
	// short is set where launches shall have alternatives and the bin does not care.
	short bool
}

// price is what the first row costs, in dollars per hour.
func (p *Problem) price(b *bin) float64 { return p.rowPrice(b.rows[0]) }

func (p *Problem) rowPrice(r int32) float64 { return p.offers[p.rows[r].offer].source.Price }

// available reports whether the row can be launched now, limits aside.
func (p *Problem) available(r int32) bool {
	o := &p.offers[p.rows[r].offer]
	return o.source.Available && (o.stock < 0 || p.stocks[o.stock].count > 0)
}

// compileBins finds out which rows admit the same signatures, and lists the bins.
func (p *Problem) compileBins() { p.makeBins(p.usedSigs()) }

// usedSigs are the signatures of pods that can be placed.
func (p *Problem) usedSigs() bitset.Set {
	used := bitset.New(len(p.sigs))
	for c := range p.classes {
		if p.classes[c].unsupported == "" {
			used.Add(int(p.classes[c].sig))
		}
	}
	return used
}

// makeBins makes the bins for the signatures that are used.
func (p *Problem) makeBins(used bitset.Set) {
	groups := newPartition(len(p.rows))
	for s := range used.All() {
		groups.refine(p.sigs[s].rows)
	}
	p.columnOf = groups.of
	p.columns = make([]bitset.Set, groups.count)
	for r, g := range groups.of {
		if p.columns[g] != nil {
			continue
		}
		p.columns[g] = bitset.New(len(p.sigs))
		for s := range used.All() {
			if p.sigs[s].rows.Has(r) {
				p.columns[g].Add(s)
			}
		}
	}
	p.listBins()
}

// listBins groups the available rows into bins and drops the bins that nobody would ever choose.
func (p *Problem) listBins() {
	p.bins = nil
	for i := range p.pools {
		p.bins = append(p.bins, p.binsOf(int32(i))...)
	}
	p.sortBins(p.bins)
	p.bins = p.skyline(p.bins)
}

// binsOf are the bins of a pool: those of single types, and those of as many types as minValues and alternatives take.
func (p *Problem) binsOf(pool int32) []bin {
	plain := p.plainBins(pool)
	minimums := len(p.pools[pool].minimums) > 0
	var sets []bin
	if p.flexibility.wanted() { // sets around types that nobody would choose alone may be the cheapest
		sets = p.setBins(pool, plain, breadth{types: true})
	}
	if minimums {
		p.sortBins(plain)
		plain = p.skyline(plain)
		sets = append(sets, p.setBins(pool, plain, breadth{values: true})...)
		if p.flexibility.wanted() {
			sets = append(sets, p.setBins(pool, plain, breadth{values: true, types: true})...)
		}
	}
	return append(sets, plain...)
}

// takeBins makes the bins of a derived problem as compileBins does. Signatures that admit the same rows make no difference to
// which bins there are, so those for the different sets of rows are made once for all derived problems that count the same
// resources. Bins that serve minValues depend on all classes.
func (p *Problem) takeBins() {
	if slices.ContainsFunc(p.pools, func(pl pool) bool { return len(pl.minimums) > 0 }) {
		p.compileBins()
		return
	}
	used := p.usedSigs()
	names := make([]string, len(p.sigs))
	rows := map[string]bitset.Set{}
	for s := range used.All() {
		names[s] = setName(p.sigs[s].rows)
		rows[names[s]] = p.sigs[s].rows
	}
	list := sortedKeys(rows)
	made := p.scale.bins.of(strings.Join(list, ""), func() *Problem {
		q := *p
		q.sigs, q.bins = make([]signature, len(list)), nil
		all := bitset.New(len(list))
		all.Fill(len(list))
		for i, name := range list {
			q.sigs[i].rows = rows[name]
		}
		q.makeBins(all)
		return &Problem{columnOf: q.columnOf, columns: q.columns, bins: q.bins}
	})
	alike := make([]bitset.Set, len(list)) // by set of rows
	for i := range alike {
		alike[i] = bitset.New(len(p.sigs))
	}
	for s := range used.All() {
		at, _ := slices.BinarySearch(list, names[s])
		alike[at].Add(s)
	}
	expanded := func(sets bitset.Set) bitset.Set {
		out := bitset.New(len(p.sigs))
		for at := range sets.All() {
			out.Or(alike[at])
		}
		return out
	}
	p.columnOf, p.columns, p.bins = made.columnOf, make([]bitset.Set, len(made.columns)), slices.Clone(made.bins)
	for g := range p.columns {
		p.columns[g] = expanded(made.columns[g])
	}
	for b := range p.bins {
		p.bins[b].sigs = expanded(made.bins[b].sigs)
	}
}

// roomKey names what a type has left beside a set of daemons.
type roomKey struct{ typ, overhead int32 }

// room is what a node of the row leaves for pods. Shared; not to be written to.
func (p *Problem) room(r int32) resource.Vector { return p.rooms[p.roomOf[r]] }

// compileRooms works out what rows leave for pods: once for each type and set of daemons.
func (p *Problem) compileRooms() {
	p.roomOf = make([]int32, len(p.rows))
	computed := map[roomKey]resource.Vector{}
	for i := range p.pools {
		pl := &p.pools[i]
		pl.rooms[0] = int32(len(p.rooms))
		ids := map[roomKey]int32{}
		for r := pl.rows[0]; r < pl.rows[1]; r++ {
			key := roomKey{p.rows[r].typ, p.overheadOf[r]}
			id, known := ids[key]
			if !known {
				room, done := computed[key]
				if !done {
					room = p.types[key.typ].allocatable.Clone()
					room.Sub(p.overheads[key.overhead].demand, 1)
					room.Clamp()
					computed[key] = room
				}
				id = int32(len(p.rooms))
				ids[key] = id
				p.rooms = append(p.rooms, room)
			}
			p.roomOf[r] = id
		}
		pl.rooms[1] = int32(len(p.rooms))
	}
}

// plainBins are the bins of a pool without regard to minValues and alternatives: one for each type and kind of row.
func (p *Problem) plainBins(pool int32) []bin {
	bins := make([]bin, 0, len(p.pools[pool].types))
	for _, rows := range p.pools[pool].typeRows {
		first := len(bins) // of the type
		for r := rows[0]; r < rows[1]; r++ {
			if !p.available(r) || p.columns[p.columnOf[r]].Empty() {
				continue
			}
			at := first + slices.IndexFunc(bins[first:], func(b bin) bool {
				return p.columnOf[b.rows[0]] == p.columnOf[r] && p.overheadOf[b.rows[0]] == p.overheadOf[r] &&
					b.short == p.owesAlternatives(r)
			})
			if at < first {
				at = len(bins)
				bins = append(bins, bin{
					pool: pool, room: p.room(r), sigs: p.columns[p.columnOf[r]], rows: make([]int32, 0, rows[1]-r),
					relaxed: len(p.pools[pool].minimums) > 0, short: p.owesAlternatives(r),
				})
			}
			bins[at].rows = append(bins[at].rows, r)
		}
	}
	for i := range bins {
		slices.SortFunc(bins[i].rows, p.compareRows)
	}
	return bins
}

// sortBins orders bins by pool weight, heaviest first, then by their first row.
func (p *Problem) sortBins(bins []bin) {
	type ranked struct { // bins are large: this is moved instead
		weight, rank, bin int32
	}
	order := make([]ranked, len(bins))
	for i := range bins {
		order[i] = ranked{p.pools[bins[i].pool].weight, p.rowRank[bins[i].rows[0]], int32(i)}
	}
	slices.SortFunc(order, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.rank, b.rank), cmp.Compare(a.bin, b.bin))
	})
	unsorted := slices.Clone(bins)
	for i, r := range order {
		bins[i] = unsorted[r.bin]
	}
}

// skyline drops each of the sorted bins for which another of the same kind and weight admits at least the same pods, has
// at least the same room, costs no more and cannot run out. Bins that serve minValues are kept: what makes them worth
// having is not their first row.
func (p *Problem) skyline(bins []bin) []bin {
	type kinds struct{ several, relaxed, short bool }
	kind := func(b *bin) kinds { return kinds{b.several, b.relaxed, b.short} }
	flexible := func(b *bin) bool { return len(p.pools[b.pool].minimums) > 0 && !b.relaxed }
	unbounded := func(b *bin) bool {
		return !p.pools[b.pool].limited() && p.offers[p.rows[b.rows[0]].offer].stock < 0
	}
	var kept []bin
	var rulers []int // bins in kept that may drop others, by price
	for i := range bins {
		b := &bins[i]
		dropped := !flexible(b) && slices.ContainsFunc(rulers, func(k int) bool {
			r := &kept[k]
			return kind(r) == kind(b) && p.pools[r.pool].weight == p.pools[b.pool].weight &&
				r.room.Covers(b.room) && b.sigs.SubsetOf(r.sigs)
		})
		if dropped {
			continue
		}
		if !flexible(b) && unbounded(b) {
			rulers = append(rulers, len(kept))
		}
		kept = append(kept, *b)
	}
	return slices.Clip(kept)
}
