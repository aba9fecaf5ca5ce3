package scheduling

import (
	"cmp"
	"context"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// Settling holds a finished attempt against the exact rules of the scheduler. While nodes are filled, constraints between
// pods are caps, exclusions and cells, which is quick and nearly right. What is not right is taken off again, and what
// has no place yet is placed pod by pod, wherever the rules admit it at the least cost.

// settling is the state of it: a solver whose pods without a place all wait, and the ledger of what it has placed.
type settling struct {
	*solver
	ledger *ledger
	at     []int   // by pattern, its place in the ledger
	rows   []int32 // as they are tried
	// fled is who was taken off where, once settling may go in circles; nil before. Back there, it would meet those again
	// that came after it.
	fled map[flight]bool
	// lenient is set once skew that arises after a pod has come does not count any more.
	lenient bool
}

// flight is a root of which a pod was taken off a host of a cell because the rules would not let it in again.
type flight struct{ root, cell int32 }

// maxSettles bounds how often what was completed is held against the rules again.
const maxSettles = 4

// circling is after how many rounds who is taken off once more may have been let in where it was taken off before.
const circling = 2

// settle makes the attempt agree with the scheduler: each placed pod may stay, in some order all of them may come, and
// no pod that is left out would be admitted anywhere.
func (s *solver) settle(ctx context.Context) error {
	s.recall()
	if s.stopped { // the pods that wait take turns
		s.hurried, s.stopped = true, false
	}
	s.looked = bitset.New(len(s.p.classes))
	if s.p.exacting() || s.hurried || s.searchable() {
		if err := (&settling{solver: s, rows: s.p.orderedRows()}).settle(ctx); err != nil {
			return err
		}
	}
	for c := range s.waiting {
		s.remaining[c] += s.waiting[c]
		s.waiting[c] = 0
	}
	s.dropEmpty()
	s.sortClasses()
	return nil
}

// dropEmpty gives nodes that hold nothing back.
func (s *solver) dropEmpty() {
	s.patterns = slices.DeleteFunc(s.patterns, func(pt pattern) bool {
		if len(pt.content) > 0 {
			return false
		}
		s.refund(pt)
		return true
	})
}

// settle takes off and completes until nothing changes. That may have no end where a pod that comes later makes the rules
// refuse one that is there, by skew: then such pods stay where they are. Whoever came was let in, so there is an order in
// which all of them may come.
func (g *settling) settle(ctx context.Context) error {
	for round := range 2 * maxSettles {
		g.lenient = round >= maxSettles
		if round == circling {
			g.fled = map[flight]bool{}
		}
		g.open()
		removed := g.evict()
		if round > maxSettles && removed == 0 {
			break
		}
		placed, err := g.complete(ctx)
		if g.solver.ledger = g.ledger; err != nil || removed == 0 && placed == 0 {
			return err
		}
	}
	g.solver.ledger = g.ledger
	return nil
}

// exacting reports whether plans must be held against rules that packing does not heed, or be completed pod by pod.
func (p *Problem) exacting() bool {
	return len(p.topology.tracks)+len(p.snapshot.Groups) > 0 || p.wishing || p.twins
}

// maxSearched bounds, in kinds of pods times hosts, up to where pods that are left over are tried one by one although nothing
// that packing does not heed keeps them away.
const maxSearched = 500_000

// searchable reports whether there are pods left over that can be tried one by one.
func (s *solver) searchable() bool {
	left := 0
	for c := range s.waiting {
		left += int(count(s.waiting[c] > 0))
	}
	return left > 0 && left*(len(s.p.rows)+s.p.nodeCount()+len(s.patterns)) <= maxSearched
}

// recall gives the pods that parts could not place back to their roots, where they wait.
func (s *solver) recall() {
	for c := range s.remaining {
		n := s.remaining[c]
		if root := s.p.classes[c].root; int(root) != c {
			n += s.waiting[c]
			s.waiting[c] = 0
			s.waiting[root] += n
		} else {
			s.waiting[c] += n
		}
		s.remaining[c] = 0
	}
}

// open enters what is placed into a fresh ledger. Nodes that hold nothing are given back first.
func (g *settling) open() {
	g.dropEmpty()
	l := g.p.newLedger()
	g.ledger, g.at = l, g.at[:0]
	for i := range g.patterns {
		pt := &g.patterns[i]
		g.at = append(g.at, l.open(host{kind: g.p.kind(pt.row), node: -1, row: pt.row, copies: pt.nodes}))
	}
	for i, content := range g.onNodes {
		g.enter(i, content)
	}
	for i := range g.patterns {
		g.enter(g.at[i], g.patterns[i].content)
	}
}

func (g *settling) enter(at int, content []portion) {
	for _, part := range content {
		g.ledger.put(at, g.p.classes[part.class].root, part.count)
	}
}

// kind is what topology sees of a new node of the row.
func (p *Problem) kind(r int32) *hostKind { return &p.topology.kinds[p.topology.kindOf[r]] }

// evict takes pods off that the rules would not let in again, until all that is left may stay, and may come in some
// order. It returns how many it took off.
func (g *settling) evict() int {
	total := 0
	for {
		removed := g.evictRefused()
		if removed == 0 {
			removed = g.evictUnordered()
		}
		if removed == 0 {
			return total
		}
		total += removed
	}
}

// evictRefused takes off pods that would be refused in the state in which everything stands.
func (g *settling) evictRefused() int {
	removed := 0
	ask := func(at int, content []portion, take func(class int32)) {
		for i := 0; i < len(content); i++ {
			part := content[i]
			root := g.p.classes[part.class].root
			if !g.p.classes[root].topo.bound() {
				continue
			}
			for n := part.count; n > 0 && g.refusesNow(at, root); n-- {
				take(part.class)
				if g.fled != nil {
					g.fled[flight{root, g.ledger.hosts[at].kind.cell}] = true
				}
				removed++
			}
		}
	}
	for i := range g.onNodes {
		ask(i, slices.Clone(g.onNodes[i]), func(class int32) { g.takeOffNode(i, class) })
	}
	for i := len(g.patterns) - 1; i >= 0; i-- {
		for { // a pattern of several nodes sheds them one by one
			before := removed
			rest := g.single(i)
			ask(g.at[i], slices.Clone(g.patterns[i].content), func(class int32) { g.takeOffPattern(i, class) })
			if rest < 0 {
				break
			}
			if removed == before {
				g.rejoin(i, rest)
				break
			}
			// The node that has shed pods stands for itself now; go on with the others.
			g.patterns[i], g.patterns[rest] = g.patterns[rest], g.patterns[i]
			g.at[i], g.at[rest] = g.at[rest], g.at[i]
		}
	}
	return removed
}

// refusesNow reports whether the rules would not let a pod of the root in again that is on the host.
func (g *settling) refusesNow(at int, root int32) bool {
	refused := false
	g.meter.checks++
	g.ledger.reasons(at, root, true, func(r Rejection) bool {
		refused = !g.lenient || r.Code != TopologySpread
		return !refused
	})
	return refused
}

// refuses reports whether the rules keep one more pod of the root off the host.
func (g *settling) refuses(l *ledger, at int, root int32) bool {
	g.meter.checks++
	return l.refuses(at, root)
}

// single makes the pattern one of a single node and moves the others to a pattern at the end of the list, whose place it
// returns; -1 if there are none.
func (g *settling) single(i int) int {
	if g.patterns[i].nodes == 1 {
		return -1
	}
	rest := g.patterns[i]
	rest.content = slices.Clone(rest.content)
	rest.nodes--
	g.patterns[i].nodes = 1
	g.patterns = append(g.patterns, rest)
	g.at = append(g.at, g.ledger.split(g.at[i]))
	return len(g.patterns) - 1
}

// rejoin undoes single.
func (g *settling) rejoin(i, rest int) {
	g.patterns[i].nodes += g.patterns[rest].nodes
	g.ledger.join(g.at[i], g.at[rest])
	g.patterns, g.at = g.patterns[:rest], g.at[:rest]
}

// split leaves one of the hosts where it is and moves the others to a place of their own.
func (l *ledger) split(at int) int {
	rest := l.hosts[at]
	rest.content = slices.Clone(rest.content)
	rest.copies--
	l.hosts[at].copies = 1
	l.hosts = append(l.hosts, rest)
	return len(l.hosts) - 1
}

// join undoes split, if nothing has been split since.
func (l *ledger) join(at, rest int) {
	l.hosts[at].copies += l.hosts[rest].copies
	l.hosts = l.hosts[:rest]
}

func (g *settling) takeOffNode(i int, class int32) {
	g.onNodes[i] = portions(g.onNodes[i], class, -1)
	g.occupy(i, class, -1)
	g.ledger.put(i, g.p.classes[class].root, -1)
	g.waiting[g.p.classes[class].root]++
}

// takeOffPattern takes a pod off a pattern of a single node.
func (g *settling) takeOffPattern(i int, class int32) {
	pt := &g.patterns[i]
	pt.become(pt.row, portions(pt.content, class, -1))
	g.ledger.put(g.at[i], g.p.classes[class].root, -1)
	g.waiting[g.p.classes[class].root]++
}

// portions is the content with n more pods of the class, fewer if n is negative. The content is not modified.
func portions(content []portion, class int32, n int64) []portion {
	i, found := slices.BinarySearchFunc(content, class, func(part portion, c int32) int { return cmp.Compare(part.class, c) })
	switch {
	case !found:
		return slices.Insert(slices.Clone(content), i, portion{class, n})
	case content[i].count+n == 0:
		return slices.Delete(slices.Clone(content), i, i+1)
	}
	out := slices.Clone(content)
	out[i].count += n
	return out
}

// pending is pods of one class on their way to one host.
type pending struct {
	at            int // in the ledger of the replay
	pattern, node int // the copy of the pattern, or -1 for an existing node
	class, root   int32
	count         int64
}

// evictUnordered replays how the placed pods come, each when the rules let it in, and takes off those that never can.
func (g *settling) evictUnordered() int {
	l := g.p.newLedger()
	var list []pending
	add := func(at, pattern, node int, content []portion) {
		for _, part := range content {
			root := g.p.classes[part.class].root
			if cl := &g.p.classes[root]; cl.topo.bound() || len(cl.topo.counted) > 0 {
				list = append(list, pending{at, pattern, node, part.class, root, part.count})
			}
		}
	}
	for i, content := range g.onNodes {
		add(i, -1, 0, content)
	}
	for i := range g.patterns {
		for n := range g.patterns[i].nodes {
			add(l.open(host{kind: g.p.kind(g.patterns[i].row), node: -1, row: g.patterns[i].row, copies: 1}), i, int(n), g.patterns[i].content)
		}
	}
	slices.SortStableFunc(list, func(a, b pending) int {
		return compareBools(g.p.classes[b.root].topo.bound(), g.p.classes[a.root].topo.bound())
	})
	for progress := true; progress; {
		progress = false
		for i := range list {
			e := &list[i]
			free := !g.p.classes[e.root].topo.bound()
			for e.count > 0 && (free || !g.refuses(l, e.at, e.root)) {
				n := int64(1)
				if free {
					n = e.count
				}
				l.put(e.at, e.root, n)
				e.count -= n
				progress = true
			}
		}
	}
	removed := 0
	copies := map[int][]int{}
	for _, e := range list {
		if e.count == 0 {
			continue
		}
		if e.pattern >= 0 && copies[e.pattern] == nil {
			copies[e.pattern] = g.singles(e.pattern)
		}
		for range e.count {
			removed++
			if e.pattern < 0 {
				g.takeOffNode(e.at, e.class)
			} else {
				g.takeOffPattern(copies[e.pattern][e.node], e.class)
			}
		}
	}
	return removed
}

// singles divides the pattern into patterns of a single node and returns their places.
func (g *settling) singles(i int) []int {
	out := []int{i}
	for rest := g.single(i); rest >= 0; rest = g.single(rest) {
		out = append(out, rest)
	}
	return out
}
