package scheduling

import (
	"fmt"
	"math"
)

// broken names the first way in which a finished attempt contradicts itself; nil when it is sound. Builds with
// internal/invariants on ask it of every plan.
func (s *solver) broken() error {
	placed := make([]int64, len(s.p.classes))
	for i, content := range s.onNodes {
		need := s.p.contentNeeds(content)
		if !s.p.nodes[i].free.Fits(need.demand) {
			return fmt.Errorf("node %s is overfull", s.p.nodes[i].object.Name)
		}
		for sig := range need.sigs.All() {
			if !s.p.accepts(i, int32(sig)) {
				return fmt.Errorf("node %s holds pods that it does not admit", s.p.nodes[i].object.Name)
			}
		}
		if err := s.companyBroken(content); err != nil {
			return fmt.Errorf("node %s: %w", s.p.nodes[i].object.Name, err)
		}
		for _, part := range content {
			placed[s.p.classes[part.class].root] += part.count
		}
	}
	spent, launches := 0.0, int64(0)
	supply := s.p.newSupply()
	for i := range s.patterns {
		pt := &s.patterns[i]
		need := s.p.needs(pt)
		if !need.hostedBy(s.p, pt.row) || !s.p.available(pt.row) {
			return fmt.Errorf("pattern %d does not fit its machine", i)
		}
		if !s.stillFlexible(pt, &need) {
			return fmt.Errorf("pattern %d breaks minValues", i)
		}
		if !s.keepsAlternatives(pt, &need) {
			return fmt.Errorf("pattern %d has too few alternatives", i)
		}
		if err := s.companyBroken(pt.content); err != nil {
			return fmt.Errorf("pattern %d: %w", i, err)
		}
		if supply.left(s.p, &s.p.rows[pt.row]) < pt.nodes {
			return fmt.Errorf("pattern %d exceeds a limit or a stock", i)
		}
		supply.take(s.p, &s.p.rows[pt.row], pt.nodes)
		for _, part := range pt.content {
			placed[s.p.classes[part.class].root] += part.count * pt.nodes
		}
		spent += float64(pt.nodes) * s.p.rowPrice(pt.row)
		launches += pt.nodes
	}
	for c := range s.p.classes {
		if cl := &s.p.classes[c]; cl.unsupported == "" && !s.leavesOut(cl) && placed[c]+s.remaining[c] != int64(cl.planned()) {
			return fmt.Errorf("class %d: %d placed and %d left make not %d", c, placed[c], s.remaining[c], cl.planned())
		}
	}
	if launches != s.launches || math.Abs(spent-s.spent) > 1e-6*math.Max(1, spent) {
		return fmt.Errorf("%d launches for $%v are booked as %d for $%v", launches, spent, s.launches, s.spent)
	}
	return nil
}

// companyBroken names two classes that share a host and must not.
func (s *solver) companyBroken(content []portion) error {
	for i, part := range content {
		cl := &s.p.classes[part.class]
		if part.count <= 0 || part.count > int64(s.p.classes[cl.root].perNode) {
			return fmt.Errorf("%d pods of class %d", part.count, part.class)
		}
		for _, other := range content[:i] {
			if s.p.classes[cl.root].ties.conflict(s.p.classes[s.p.classes[other.class].root].ties) {
				return fmt.Errorf("classes %d and %d share a host", other.class, part.class)
			}
		}
	}
	return nil
}
