package scheduling

import (
	"cmp"
	"math"
	"slices"
)

// assigner gives the pods of divided roots to cells, one by one, by the exact rules for domains wider than a host. It
// treats every domain that a root could be given a host in as one that exists: whatever is launched where, the skew of
// what it assigns is within bounds. Whether there is room is not looked at but for a glance; what a cell cannot hold
// comes back, and the next try asks less of that cell.
type assigner struct {
	s       *solver
	counts  [][]int32 // by track and domain; nil for tracks by host
	present [][]bool  // by spread track and domain: some node there is included
	loose   bool      // as the strategy has it
	total   []int32   // by track
	skew    []int32   // by track: the least maxSkew that a root which could be hosted asks for
	shut    [][]int32 // by track, the roots that must keep away from where it counts
	near    [][]int32 // by track, the roots that must be where it counts
	open    []bool    // by class, if pods of its root wait: some host of the cell could take it
	slots   []int64   // by class: how many pods existing nodes of the cell could take, others apart
	price   []float64 // by class: dollars per hour for one pod, roughly
}

func (s *solver) newAssigner() *assigner {
	t := &s.p.topology
	a := &assigner{
		s: s, counts: make([][]int32, len(t.tracks)), present: make([][]bool, len(t.tracks)), total: make([]int32, len(t.tracks)),
		skew: make([]int32, len(t.tracks)), shut: make([][]int32, len(t.tracks)), near: make([][]int32, len(t.tracks)),
		open: make([]bool, len(s.p.classes)), slots: make([]int64, len(s.p.classes)), price: make([]float64, len(s.p.classes)),
	}
	a.loose = s.strategy.loose || s.noise != nil && s.noise.next()%2 == 0
	for i, tr := range t.tracks {
		if tr.key == hostname {
			continue
		}
		a.counts[i], a.present[i] = slices.Clone(t.census[i].all), make([]bool, t.domains[tr.key])
		for _, n := range a.counts[i] {
			a.total[i] += n
		}
		for d, n := range t.census[i].present {
			a.present[i][d] = n > 0
		}
	}
	for i, content := range s.onNodes {
		a.place(t.nodes[i].cell, content, 1)
	}
	for i := range s.patterns {
		a.place(s.p.kind(s.patterns[i].row).cell, s.patterns[i].content, s.patterns[i].nodes)
	}
	for c := range s.p.classes {
		if cl := &s.p.classes[c]; cl.cell >= 0 && s.waits(cl.root) {
			a.look(int32(c))
		}
	}
	for n := range a.skew {
		a.skew[n] = math.MaxInt32
	}
	for c := range s.p.classes {
		if cl := &s.p.classes[c]; cl.cell < 0 && cl.unsupported == "" && !s.leavesOut(cl) {
			a.listen(int32(c))
		}
	}
	return a
}

// waits reports whether pods of the root wait for a cell.
func (s *solver) waits(root int32) bool {
	return s.waiting[root] > 0 || slices.ContainsFunc(s.p.rungs[root], func(c int32) bool { return s.waiting[c] > 0 })
}

// listen notes what the undivided class asks of others. What it asks counts for nothing if no host could take its pods.
func (a *assigner) listen(c int32) {
	p := a.s.p
	cl := &p.classes[c]
	hosted := func(part int32) bool { return part >= 0 && (a.open[part] || a.s.given[part] > 0) }
	if p.parts[c] != nil && a.s.waits(cl.root) && !slices.ContainsFunc(p.parts[c], hosted) {
		return
	}
	if !cl.topo.aside {
		for _, n := range cl.topo.empty {
			a.shut[n] = append(a.shut[n], c)
		}
	}
	for _, near := range cl.topo.near {
		for _, n := range near.tracks {
			a.near[n] = append(a.near[n], c)
		}
	}
	if int(cl.root) == int(c) {
		for _, s := range cl.topo.spreads {
			a.skew[s.track] = min(a.skew[s.track], s.maxSkew)
		}
	}
}

// place counts what is placed on hosts of the cell already.
func (a *assigner) place(cell int32, content []portion, hosts int64) {
	for _, part := range content {
		for _, n := range a.s.p.classes[a.s.p.classes[part.class].root].topo.counted {
			a.add(n, cell, int32(part.count*hosts))
		}
	}
}

// look finds out whether and at what price the part could be hosted.
func (a *assigner) look(c int32) {
	p := a.s.p
	cl := &p.classes[c]
	a.price[c] = math.Inf(1)
	a.slots[c] = a.s.slots(c)
	for i := range p.bins {
		b := &p.bins[i]
		if b.relaxed && a.s.opts.MinValues != MinValuesBestEffort && len(p.pools[b.pool].minimums) > 0 ||
			!b.sigs.Has(int(cl.sig)) || !b.room.Fits(cl.demand) {
			continue
		}
		share := 1 / float64(cl.perNode)
		if waiting := a.s.waiting[cl.base]; a.loose && waiting > 0 {
			share = math.Max(share, 1/float64(waiting))
		}
		for d, amount := range cl.demand {
			if amount > 0 {
				share = math.Max(share, float64(amount)/float64(b.room[d]))
			}
		}
		a.price[c] = math.Min(a.price[c], p.price(b)*share)
	}
	a.open[c] = a.slots[c] > 0 || !math.IsInf(a.price[c], 1)
	if a.s.noise != nil {
		a.price[c] *= a.s.noise.share()
	}
}

// add counts n pods on a host of the cell.
func (a *assigner) add(track, cell, n int32) {
	t := &a.s.p.topology
	key := t.tracks[track].key
	if key == hostname {
		return
	}
	if d := t.cells[cell][key]; d >= 0 {
		a.counts[track][d] += n
		a.total[track] += n
	}
}

// assign gives the waiting pods of divided roots to their parts, as far as the rules admit.
func (s *solver) assign() {
	if len(s.p.topology.keys) == 0 {
		return
	}
	a := s.newAssigner()
	var roots []int32
	choices, harm := make([]int, len(s.p.classes)), make([]int64, len(s.p.classes))
	for c := range s.p.classes {
		if s.waiting[c] > 0 && s.p.parts[c] != nil {
			roots = append(roots, int32(c))
			if a.loose {
				harm[c] = a.harm(int32(c))
			}
			for _, part := range s.p.parts[c] {
				if part >= 0 && a.open[part] {
					choices[c]++
				}
			}
		}
	}
	slices.SortFunc(roots, func(x, y int32) int {
		if s.strategy.ranked {
			if order := cmp.Compare(s.p.classes[y].priority, s.p.classes[x].priority); order != 0 {
				return order
			}
		}
		return cmp.Or(
			cmp.Compare(harm[x], harm[y]),
			compareBools(s.p.classes[x].topo.bound(), s.p.classes[y].topo.bound()),
			cmp.Compare(choices[x], choices[y]),
			cmp.Compare(x, y),
		)
	})
	for progress := true; progress; {
		progress = false
		for _, root := range roots {
			for s.waiting[root] > 0 {
				part := a.best(root)
				if part < 0 {
					break
				}
				s.waiting[root]--
				s.remaining[part]++
				s.given[part]++
				a.slots[part]--
				for _, n := range s.p.classes[root].topo.counted {
					a.add(n, s.p.classes[part].cell, 1)
				}
				progress = true
			}
		}
	}
}

// harm is how many waiting pods of others the root's keep away.
func (a *assigner) harm(root int32) int64 {
	total := int64(0)
	for _, n := range a.s.p.classes[root].topo.counted {
		for _, other := range a.shut[n] {
			if other != root && a.counts[n] != nil {
				total += a.s.waiting[other]
			}
		}
	}
	return total
}

// rank is how good a cell is for a pod; what comes first counts most, and less is better.
type rank struct {
	tips   int32 // constraints of others that it would break
	fit    int64 // pods that must come near and could not
	harm   int32 // domains that it would close to others
	level  int32 // pods of its kind that are there already
	bought int   // 0 if an existing node may have room
	price  float64
}

func (r rank) less(o rank) bool {
	return cmp.Or(
		cmp.Compare(r.tips, o.tips), cmp.Compare(r.fit, o.fit), cmp.Compare(r.harm, o.harm), cmp.Compare(r.level, o.level),
		cmp.Compare(r.bought, o.bought), cmp.Compare(r.price, o.price),
	) < 0
}

// best is the part of the root for the cell where its next pod should go; -1 if no cell admits it now.
func (a *assigner) best(root int32) int32 {
	best, at := rank{}, int32(-1)
	for _, part := range a.s.p.parts[root] {
		if part < 0 || !a.open[part] || a.s.remaining[part] >= a.s.ceiling[part] || !a.admits(root, a.s.p.classes[part].cell) {
			continue
		}
		if r := a.rank(root, part); at < 0 || r.less(best) {
			best, at = r, part
		}
	}
	return at
}

// admits reports whether the rules let a further pod of the root into the cell.
func (a *assigner) admits(root, cell int32) bool {
	t := &a.s.p.topology
	at := t.cells[cell]
	r := a.s.p.classes[root].topo
	for _, check := range r.spreads {
		key := t.tracks[check.track].key
		if key == hostname {
			continue
		}
		least, domains := a.minimum(root, check.track)
		if domains < check.minDomains {
			least = 0
		}
		if a.counts[check.track][at[key]]+check.self-least > check.maxSkew {
			return false
		}
	}
	for _, near := range r.near {
		alone := near.first
		for _, n := range near.tracks {
			alone = alone && a.total[n] == 0
		}
		for _, n := range near.tracks {
			if !alone && a.counts[n][at[t.tracks[n].key]] == 0 {
				return false
			}
		}
	}
	for _, n := range r.empty {
		if d := at[t.tracks[n].key]; d >= 0 && a.counts[n][d] > 0 {
			return false
		}
	}
	return true
}

// minimum is the least count of the track over the domains that exist or that the root could open, and their number.
func (a *assigner) minimum(root, track int32) (least, domains int32) {
	t := &a.s.p.topology
	key := t.tracks[track].key
	least = math.MaxInt32
	for d, n := range a.counts[track] {
		if a.present[track][d] || a.opens(root, key, int32(d)) {
			least = min(least, n)
			domains++
		}
	}
	return least, domains
}

// opens reports whether the root could be given a host in the domain.
func (a *assigner) opens(root, key, domain int32) bool {
	for cell, part := range a.s.p.parts[root] {
		if part >= 0 && a.open[part] && a.s.ceiling[part] > 0 && a.s.p.topology.cells[cell][key] == domain {
			return true
		}
	}
	return false
}

func (a *assigner) rank(root, part int32) rank {
	p := a.s.p
	t := &p.topology
	at := t.cells[p.classes[part].cell]
	r := rank{price: a.price[part]}
	if a.slots[part] <= 0 {
		r.bought = 1
	}
	for _, n := range p.classes[root].topo.counted {
		key := t.tracks[n].key
		if key == hostname || at[key] < 0 {
			continue
		}
		here := a.counts[n][at[key]]
		if t.tracks[n].spread && (a.skew[n] != math.MaxInt32 || p.classes[root].topo.spreadsOver(n)) {
			least := int32(math.MaxInt32)
			for d, there := range a.counts[n] {
				if a.present[n][d] || d == int(at[key]) {
					least = min(least, there)
				}
			}
			if !a.loose || p.classes[root].topo.spreadsOver(n) {
				r.level += here
			}
			if here+1-least > a.skew[n] {
				r.tips++
			}
		}
		if len(a.shut[n]) > 0 && here == 0 {
			r.harm++
		}
		if a.total[n] == 0 {
			for _, other := range a.near[n] {
				r.fit -= a.takers(other, key, at[key])
			}
		}
	}
	return r
}

// takers is how many waiting pods of the root the domain may take.
func (a *assigner) takers(root, key, domain int32) int64 {
	waiting := a.s.waiting[root]
	if a.s.p.parts[root] == nil {
		return waiting // placed one by one later: any domain may do
	}
	room := int64(0)
	for cell, part := range a.s.p.parts[root] {
		if part >= 0 && a.open[part] && a.s.p.topology.cells[cell][key] == domain {
			room = min(waiting, room+a.s.ceiling[part])
		}
	}
	return min(waiting, room)
}
