package disruption

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// strength is how many nodes a NodePool with replicas has.
type strength struct {
	pool   *v1.NodePool
	wanted int
	// staying are the nodes that nothing removes so far, claims in flight included.
	staying []*candidate
	// going is how many are on their way out, and coming how many replacements of commands in progress the snapshot does not
	// show yet.
	going, coming int
}

// strengths are those of all NodePools with replicas, by name.
func (p *planner) strengths() []*strength {
	byName := map[string]*strength{}
	for _, pool := range p.in.NodePools {
		if pool != nil && pool.Spec.Replicas != nil {
			byName[pool.Name] = &strength{pool: pool, wanted: int(min(max(0, *pool.Spec.Replicas), math.MaxInt32))}
		}
	}
	if len(byName) == 0 {
		return nil
	}
	there := map[string]bool{}
	for _, c := range p.all {
		there[c.name] = true
		if c.claim != nil {
			there[c.claim.Name] = true
		}
		s := byName[c.owner()]
		switch {
		case s == nil || c.claim == nil:
		case c.command != "" || c.leaving():
			s.going++
		default:
			s.staying = append(s.staying, c)
		}
	}
	for i := range p.in.InProgress {
		for j := range p.in.InProgress[i].Replace {
			launch := &p.in.InProgress[i].Replace[j]
			if s := byName[launch.NodePool]; s != nil && !there[launch.Name] {
				s.coming++
			}
		}
	}
	out := make([]*strength, 0, len(byName))
	for _, s := range byName {
		slices.SortFunc(s.staying, func(a, b *candidate) int { return p.compareSurplus(a, b) })
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *strength) int { return strings.Compare(a.pool.Name, b.pool.Name) })
	return out
}

// compareSurplus orders nodes by how little is lost with them: claims that no machine stands behind yet; nodes from which no
// pod must move and on which nothing asks to stay; those on which nothing asks to stay; then by what it costs to
// disturb their pods, and by name.
func (p *planner) compareSurplus(a, b *candidate) int {
	return cmp.Or(p.worth(a)-p.worth(b), cmp.Compare(a.cost, b.cost), strings.Compare(a.name, b.name))
}

func (p *planner) worth(c *candidate) int {
	pod, _ := c.protector(p.in.Now)
	switch {
	case c.machine() == "":
		return 0
	case c.protected() || pod != nil:
		return 3
	case len(c.movable) > 0:
		return 2
	}
	return 1
}

// surplus are the nodes that are too many, in the order in which they go. Replacements that are still to come count, since
// they stand for nodes that are on their way out.
func (s *strength) surplus() ([]*candidate, cause) {
	n := min(max(0, len(s.staying)+s.coming-s.wanted), len(s.staying))
	return s.staying[:n:n], cause{reason: ReasonSurplus,
		detail: fmt.Sprintf("%d %s for %d replicas", len(s.staying)+s.coming, plural(len(s.staying)+s.coming, "node", "nodes"), s.wanted)}
}

// missing is how many nodes the pool is short of, within its limit of nodes. They are launched by whoever keeps the
// replicas up, not by a command.
func (s *strength) missing() int {
	return max(0, min(s.wanted-len(s.staying)-s.coming, s.headroom()))
}

// headroom is how many more nodes the pool's limit admits while those on their way out are still there.
func (s *strength) headroom() int {
	limit, bounded := s.pool.Spec.Limits[v1.ResourceNodes]
	if !bounded {
		return v1.Unlimited
	}
	return int(min(max(0, limit.Value()-int64(len(s.staying)+s.going+s.coming)), v1.Unlimited))
}

// driftable is how many nodes of the pool may be replaced because they drift, and why no more for people: not while it has
// too many, since the drifted ones may be among those that go, and not beyond its limit of nodes, which the replacements
// need as well.
func (s *strength) driftable() (n int, why string) {
	have := len(s.staying) + s.coming
	room := s.headroom()
	switch {
	case have > s.wanted:
		return 0, fmt.Sprintf("%s has %d nodes for %d replicas: those that are too many go first", s.pool.Name, have, s.wanted)
	case room == 0:
		limit := s.pool.Spec.Limits[v1.ResourceNodes]
		return 0, fmt.Sprintf("%s may have %s nodes, and has them: there is no room for a replacement", s.pool.Name, limit.String())
	}
	return room, ""
}
