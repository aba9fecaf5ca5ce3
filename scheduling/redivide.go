package scheduling

import "slices"

// While a plan is improved, pods that have lost their node may go to another cell.

// redivides reports whether they may. Large problems leave cells as they are.
func (s *solver) redivides() bool { return len(s.p.topology.keys) > 0 && s.p.small() }

// redivide gives the pods of parts that have no place to cells anew, by another judgement each time, and reports whether there
// were any.
func (s *solver) redivide() bool {
	if !s.redivides() {
		return false
	}
	homeless := false
	for c, n := range s.remaining {
		if cl := &s.p.classes[c]; n > 0 && cl.cell >= 0 {
			s.waiting[cl.base] += n
			s.remaining[c] = 0
			homeless = true
		}
	}
	if homeless {
		s.assign()
	}
	return homeless
}

// countElsewhere adds a pod to each part to which pods could go that have none now.
func (s *solver) countElsewhere() {
	if !s.redivides() {
		return
	}
	for _, parts := range s.p.parts {
		if !slices.ContainsFunc(parts, func(c int32) bool { return c >= 0 && s.remaining[c] > 0 }) {
			continue
		}
		for _, c := range parts {
			if c >= 0 && s.remaining[c] == 0 && s.p.hosted(c, s.opts) {
				s.remaining[c] = 1
			}
		}
	}
}

// slots is how many pods of the part existing nodes could take, others that wait apart.
func (s *solver) slots(c int32) int64 {
	if s.noise == nil {
		return s.p.slots(c)
	}
	cl, total := &s.p.classes[c], int64(0)
	for i := range s.p.roomy(c).All() {
		if n := &s.p.nodes[i]; !n.excludes(cl) {
			total += s.nodeRoom[i].Times(cl.demand, int64(cl.perNode))
		}
	}
	return total
}

// refused is how many placed pods the rules would not let in again, everything else staying where it is. It is 0 where pods
// are not redivided.
func (s *solver) refused() int64 {
	if !s.redivides() {
		return 0
	}
	g := &settling{solver: s}
	g.open()
	total := int64(0)
	count := func(at int, content []portion) {
		for _, part := range content {
			root := s.p.classes[part.class].root
			if s.p.classes[root].topo.bound() && g.refusesNow(at, root) {
				total += part.count
			}
		}
	}
	for i, content := range s.onNodes {
		count(i, content)
	}
	for i := range s.patterns {
		count(g.at[i], s.patterns[i].content)
	}
	return total
}
