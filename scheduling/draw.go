package scheduling

import (
	"cmp"
	"slices"
)

// Drawing turns a node filled with shapes into one filled with classes.

// lot is whose turn it is among the classes of a shape, which are sorted anew in each round.
type lot struct{ round, turn int }

// draw takes pods for one node of the bin: as many of each shape as content says, or fewer where what is left may not
// share a host. The result is in class order.
func (s *solver) draw(b *bin, content []portion) []portion {
	f := s.filler
	copy(f.room, b.room)
	f.ids = f.ids[:0]
	for _, want := range content {
		members := s.drawers(want.class)
		lot := &s.lots[want.class]
		first, left := lot.turn, want.count
		for k := 0; k < len(members) && left > 0; k++ {
			at := (first + k) % len(members)
			c := members[at]
			f.take(c, min(left, s.remaining[c]))
			n := f.taken[c]
			if n == 0 {
				continue
			}
			f.ids = append(f.ids, c)
			left -= n
			if n == s.p.mostPerNode(&s.p.classes[c]) {
				lot.turn = (at + 1) % len(members)
			}
		}
	}
	drawn, _ := f.collect(s.worth)
	return drawn
}

// drawers are the shape's classes in the order in which to draw from them: those first that need most nodes for what may
// not share a host, so that they do not end up among themselves.
func (s *solver) drawers(id int32) []int32 {
	members := s.shapes.list[id].members
	if l := &s.lots[id]; len(members) > 1 && l.round != s.round {
		*l = lot{round: s.round}
		slices.SortFunc(members, func(a, b int32) int {
			return cmp.Or(cmp.Compare(s.nodesFor(b), s.nodesFor(a)), cmp.Compare(s.remaining[b], s.remaining[a]), cmp.Compare(a, b))
		})
	}
	return members
}

// nodesFor is how many nodes the remaining pods of the class need for the sake of what may not share a host.
func (s *solver) nodesFor(c int32) float64 {
	need := float64(s.remaining[c]) / float64(s.p.mostPerNode(&s.p.classes[c]))
	for _, g := range s.shapes.groupsOf[c] {
		need = max(need, s.shapes.groups[g].need())
	}
	return need
}

// drawn takes the content of n nodes, which remaining does not count any more, from what the shapes count.
func (s *shapes) drawn(p *Problem, remaining []int64, content []portion, n int64) {
	for _, part := range content {
		for _, g := range s.groupsOf[part.class] {
			s.groups[g].pods -= part.count * n
		}
		sh := &s.list[s.of[part.class]]
		sh.count -= part.count * n
		if sh.capped {
			s.limit(p, sh, remaining)
		}
	}
}

// turns is how often classes take turns over nodes with the same content.
const turns = 8

// alike is how many of n nodes with that content, by shape, may get pods of the same classes. Where a node takes only so
// many of each class, and not all classes at once, they take turns, so that none of them is left with more pods than there
// are nodes to come.
func (s *solver) alike(content []portion, n int64) int64 {
	for _, want := range content {
		if sh := &s.shapes.list[want.class]; sh.capped && want.count < sh.perNode {
			return max(1, n/turns)
		}
	}
	return n
}
