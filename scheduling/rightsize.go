package scheduling

import (
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// needs is what a node's content asks of its machine.
type needs struct {
	demand resource.Vector
	sigs   bitset.Set
	kind   int32 // of rows, to which the machine is bound for the sake of constraints between pods; -1 if to none
	// anywhere are the signatures of the roots: what the content asks if no cell is given.
	anywhere bitset.Set
}

func (p *Problem) needs(pt *pattern) needs {
	n := p.contentNeeds(pt.content)
	for _, part := range pt.content {
		if topo := p.classes[p.classes[part.class].root].topo; topo.bound() || len(topo.counted) > 0 {
			n.kind = p.topology.kindOf[pt.row]
		}
	}
	return n
}

func (p *Problem) contentNeeds(content []portion) needs {
	n := needs{demand: make(resource.Vector, p.dims.Len()), sigs: bitset.New(len(p.sigs)), anywhere: bitset.New(len(p.sigs)), kind: -1}
	for _, part := range content {
		cl := &p.classes[part.class]
		for d, amount := range cl.demand {
			n.demand[d] += amount * part.count
		}
		n.sigs.Add(int(cl.sig))
		n.anywhere.Add(int(p.classes[cl.root].sig))
	}
	return n
}

// hostedBy reports whether a node of the row can hold the content.
func (n *needs) hostedBy(p *Problem, r int32) bool {
	return n.sigs.SubsetOf(p.columns[p.columnOf[r]]) && p.room(r).Fits(n.demand) && (n.kind < 0 || p.topology.kindOf[r] == n.kind)
}

// hostedInSomeCell is hostedBy for a machine of whatever cell: what counts for minValues.
func (n *needs) hostedInSomeCell(p *Problem, r int32) bool {
	return n.anywhere.SubsetOf(p.columns[p.columnOf[r]]) && p.room(r).Fits(n.demand)
}

// rightSize moves each pattern to the cheapest machine of the same weight that holds it, as far as supply goes.
func (s *solver) rightSize() {
	patterns, free := s.patterns, !s.p.constrained()
	s.patterns = make([]pattern, 0, len(patterns))
	for _, pt := range patterns {
		if pt.sized {
			s.patterns = append(s.patterns, pt)
			continue
		}
		s.refund(pt)
		need := s.p.needs(&pt)
		for pt.nodes > 0 {
			part := pt
			if r, n := s.cheaper(pt, &need); n > 0 {
				if n = s.exchangeable(pt, r, min(n, pt.nodes)); n > 0 {
					part.become(r, part.content)
					part.nodes = n
				}
			}
			part.short, part.sized = !s.p.hasAlternatives(part.row, &need), free
			s.buyBack(part)
			pt.nodes -= part.nodes
		}
	}
}

// exchangeable is how many of the pattern's n nodes can be bought as the other row while the rest can still be bought as
// before: a cheaper machine may take more of a limit.
func (s *solver) exchangeable(pt pattern, r int32, n int64) int64 {
	for ; n > 0; n-- {
		s.supply.take(s.p, &s.p.rows[r], n)
		left := s.supply.left(s.p, &s.p.rows[pt.row])
		s.supply.take(s.p, &s.p.rows[r], -n)
		if left >= pt.nodes-n {
			break
		}
	}
	return n
}

// refund gives the pattern's nodes back, its pods apart.
func (s *solver) refund(pt pattern) {
	s.supply.take(s.p, &s.p.rows[pt.row], -pt.nodes)
	s.launches -= pt.nodes
	s.spent -= float64(pt.nodes) * s.p.rowPrice(pt.row)
}

func (s *solver) buyBack(pt pattern) {
	s.supply.take(s.p, &s.p.rows[pt.row], pt.nodes)
	s.launches += pt.nodes
	s.spent += float64(pt.nodes) * s.p.rowPrice(pt.row)
	s.patterns = append(s.patterns, pt)
}

// cheaper finds a row that holds the content for less than the pattern's, and how many of it there are; none is 0.
func (s *solver) cheaper(pt pattern, need *needs) (int32, int64) {
	price := s.p.rowPrice(pt.row)
	weight := s.p.pools[s.p.rows[pt.row].pool].weight
	for i := range s.p.bins {
		b := &s.p.bins[i]
		if s.p.pools[b.pool].weight != weight || b.relaxed && !pt.relaxed {
			continue
		}
		if s.p.price(b) >= price {
			break
		}
		if !need.sigs.SubsetOf(b.sigs) || !b.room.Fits(need.demand) {
			continue
		}
		for _, r := range b.rows {
			if s.p.rowPrice(r) >= price {
				break
			}
			if need.kind >= 0 && s.p.topology.kindOf[r] != need.kind {
				continue
			}
			if n := s.supply.left(s.p, &s.p.rows[r]); n > 0 {
				return r, n
			}
		}
	}
	return 0, 0
}

// topUp puts pods that are left over onto nodes that still have room, existing ones first. Filling leaves such room only
// where a pool's minValues keep a node smaller than its machine, or where other pods were left over at the time.
func (s *solver) topUp() {
	for _, c := range s.order {
		for i := range s.p.sigs[s.p.classes[c].sig].nodes.All() {
			if s.remaining[c] == 0 || s.settled {
				break
			}
			s.topUpNode(i, c)
		}
		s.topUpPatterns(c)
	}
}

// topUpPatterns puts pods of the class that are left over onto launched nodes.
func (s *solver) topUpPatterns(c int32) {
	cl := &s.p.classes[c]
	for i := 0; i < len(s.patterns) && s.remaining[c] > 0; i++ {
		if s.p.columns[s.p.columnOf[s.patterns[i].row]].Has(int(cl.sig)) && s.free(i).Fits(cl.demand) {
			s.topUpPattern(i, c)
		}
	}
}

// free is the room that the i-th pattern's content leaves. It is worked out once for each content.
func (s *solver) free(i int) resource.Vector {
	pt := &s.patterns[i]
	if pt.free == nil {
		pt.free = s.p.room(pt.row).Clone()
		for _, part := range pt.content {
			pt.free.Sub(s.p.classes[part.class].demand, part.count)
		}
	}
	return pt.free
}

func (s *solver) topUpNode(i int, c int32) {
	cl := &s.p.classes[c]
	n := &s.p.nodes[i]
	if !s.nodeRoom[i].Fits(cl.demand) || n.excludes(cl) {
		return
	}
	at, held := len(s.onNodes[i]), int64(0)
	for k, part := range s.onNodes[i] {
		switch {
		case part.class == c:
			at, held = k, part.count
		case s.p.apart(c, part.class):
			return
		case part.class > c && at == len(s.onNodes[i]):
			at = k
		}
	}
	count := s.nodeRoom[i].Times(cl.demand, min(s.remaining[c], int64(cl.perNode)-held, s.p.underCaps(cl, &s.p.topology.nodes[i], int32(i), s.onNodes[i])))
	if count <= 0 {
		return
	}
	content := slices.Clone(s.onNodes[i])
	if held > 0 {
		content[at].count += count
	} else {
		content = slices.Insert(content, at, portion{c, count})
	}
	s.onNodes[i] = content
	s.occupy(i, c, count)
	s.remaining[c] -= count
}

// underCaps is how many more pods of the class its caps admit to a host with that content: an existing node, or a launched
// one if node is -1.
func (p *Problem) underCaps(cl *class, kind *hostKind, node int32, content []portion) int64 {
	more := int64(math.MaxInt64)
	for _, g := range cl.caps {
		left := p.caps[g].limit
		if track := p.caps[g].track; p.topology.includes(kind, node, track) {
			left -= p.topology.before(kind, node, track)
		}
		for _, part := range content {
			if slices.Contains(p.classes[part.class].caps, g) {
				left -= part.count
			}
		}
		more = min(more, left)
	}
	return more
}

func (s *solver) topUpPattern(i int, c int32) {
	for s.remaining[c] > 0 && s.free(i).Fits(s.p.classes[c].demand) {
		content, ok := s.joined(&s.patterns[i], c)
		if !ok {
			return
		}
		with := s.patterns[i]
		with.content = content
		need := s.p.needs(&with)
		if !need.hostedBy(s.p, s.patterns[i].row) {
			return
		}
		flexible := s.stillFlexible(&s.patterns[i], &need)
		if !flexible && s.opts.MinValues != MinValuesBestEffort || !s.keepsAlternatives(&s.patterns[i], &need) {
			return
		}
		if s.patterns[i].nodes > 1 {
			rest := s.patterns[i]
			rest.nodes--
			s.patterns[i].nodes = 1
			s.patterns = append(s.patterns, rest)
		}
		s.patterns[i].become(s.patterns[i].row, content)
		s.patterns[i].relaxed = s.patterns[i].relaxed || !flexible
		s.remaining[c]--
	}
}

// joined is the pattern's content with one more pod of the class; false where company forbids it.
func (s *solver) joined(pt *pattern, c int32) ([]portion, bool) {
	if s.p.underCaps(&s.p.classes[c], s.p.kind(pt.row), -1, pt.content) <= 0 {
		return nil, false
	}
	out := make([]portion, 0, len(pt.content)+1)
	placed := false
	for _, part := range pt.content {
		if s.p.apart(c, part.class) {
			return nil, false
		}
		if part.class == c {
			if part.count >= int64(s.p.classes[c].perNode) {
				return nil, false
			}
			part.count++
			placed = true
		} else if part.class > c && !placed {
			out = append(out, portion{c, 1})
			placed = true
		}
		out = append(out, part)
	}
	if !placed {
		out = append(out, portion{c, 1})
	}
	return out, true
}

// stillFlexible reports whether enough types for the pool's minValues hold the content.
func (s *solver) stillFlexible(pt *pattern, need *needs) bool {
	pool := s.p.rows[pt.row].pool
	if pt.relaxed || len(s.p.pools[pool].minimums) == 0 {
		return true
	}
	values := s.p.newTally(pool)
	for _, t := range s.p.hostTypes(pt.row, need) {
		values.add(t)
	}
	return values.satisfied()
}

// hostTypes are the types of the row's pool with an available row of the same look that holds the content, in whatever
// cell: minValues ask how many types could serve, not how many could serve in the one place where the plan wants them.
func (p *Problem) hostTypes(row int32, need *needs) []int32 {
	var out []int32
	pl := &p.pools[p.rows[row].pool]
	for r := pl.rows[0]; r < pl.rows[1]; r++ {
		if n := len(out); n > 0 && out[n-1] == p.rows[r].typ {
			continue
		}
		if p.look(r) == p.look(row) && p.available(r) && need.hostedInSomeCell(p, r) {
			out = append(out, p.rows[r].typ)
		}
	}
	return out
}
