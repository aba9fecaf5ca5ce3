package scheduling

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// Packing does not care which pods it packs, only what they ask for. So it works on shapes: classes that ask for the same
// resources of the same hosts. A cluster with thousands of small Deployments has thousands of classes, but requests come
// in a few sizes. Which classes a node takes its pods from is settled when it is bought (draw.go), and that is where
// classes that may not share a host are kept apart.
//
// What keeps pods apart does matter to packing where it binds: a group that fills a node each is what makes a plan need
// that many nodes. Such groups are crowds, and a node's places for a crowd are one more resource.

// shape is a kind of pods to packing.
type shape struct {
	// demand is by position of Problem.dims, and then by crowd: 1 if the pods belong to it.
	demand  resource.Vector
	sig     int32
	count   int64
	perNode int64   // the most pods that a node takes, crowds and resources aside
	members []int32 // classes
	groups  []int32 // those of all members
	apart   []int32 // shapes that cannot share a host with it
	worth   float64 // dollars per hour that a pod is worth
	capped  bool    // something besides resources limits how many a node takes
}

// crowd is a group of classes of which a node takes limit pods together.
type crowd struct {
	members []int32
	limit   int64
	pods    int64
}

// need is how many nodes the crowd needs.
func (g *crowd) need() float64 { return float64(g.pods) / float64(g.limit) }

// shapes are the shapes of some pods.
type shapes struct {
	list     []shape
	crowds   []crowd
	groups   []crowd   // the crowds, and the groups that do not matter enough
	groupsOf [][]int32 // by class
	of       []int32   // by class, its shape; -1 if it has no pods
	dims     int       // resources, crowds apart
	caps     bool
	tally    []int64 // by group
}

// most is how many pods of the class a new node takes, for all that is not resources.
func (s *shapes) most(p *Problem, c int32) int64 {
	if s.caps {
		return p.mostPerNode(&p.classes[c])
	}
	return int64(p.classes[c].perNode)
}

// telling is the share of the nodes that a plan needs at least from which on a group is a crowd.
const telling = 0.25

// shapesOf groups counts of pods by class into shapes, with the crowds that may decide how many of the given bins a plan
// needs. Without caps, only what can never share a host is kept apart: the scheduler lifts caps where all hosts are full
// to them, so no bound may rest on one.
func (p *Problem) shapesOf(counts []int64, bins []int32, caps bool) *shapes {
	s := &shapes{dims: p.dims.Len(), caps: caps, of: make([]int32, len(counts))}
	s.groups = p.groups(counts, caps)
	fewest := p.fewestNodes(counts, bins)
	for i := range s.groups {
		fewest = math.Max(fewest, s.groups[i].need())
	}
	threshold := math.Max(2, telling*fewest)
	crowded := make(map[int32][]int32) // crowds by class
	s.groupsOf = make([][]int32, len(counts))
	for i, g := range s.groups {
		for _, c := range g.members {
			s.groupsOf[c] = append(s.groupsOf[c], int32(i))
		}
		if g.need() < threshold || len(g.members) < 2 {
			continue
		}
		for _, c := range g.members {
			crowded[c] = append(crowded[c], int32(len(s.crowds)))
		}
		s.crowds = append(s.crowds, g)
	}
	ids := map[string]int32{}
	var key []byte
	for c, n := range counts {
		if s.of[c] = -1; n <= 0 {
			continue
		}
		cl := &p.classes[c]
		most := s.most(p, int32(c))
		key = binary.LittleEndian.AppendUint32(key[:0], uint32(cl.sig))
		for _, amount := range cl.demand {
			key = binary.LittleEndian.AppendUint64(key, uint64(amount))
		}
		for _, k := range crowded[int32(c)] {
			key = binary.LittleEndian.AppendUint32(key, uint32(k)+1)
		}
		switch {
		case !caps && p.nodeCount() > 0 && !cl.ties.empty(): // existing nodes take some classes that look alike, not others
			key = binary.LittleEndian.AppendUint64(key, uint64(c))
		case most < n && float64(n)/float64(most) >= threshold: // a class that needs so many nodes is a shape by itself
			key = binary.LittleEndian.AppendUint64(key, uint64(c))
		case most < n || len(s.groupsOf[c]) > 0:
			key = append(key, 1) // kept apart from pods that go together with all others
		}
		id, known := ids[string(key)]
		if !known {
			id = int32(len(s.list))
			ids[string(key)] = id
			demand := make(resource.Vector, s.dims+len(s.crowds))
			copy(demand, cl.demand)
			for _, k := range crowded[int32(c)] {
				demand[s.dims+int(k)] = 1
			}
			s.list = append(s.list, shape{demand: demand, sig: cl.sig})
		}
		s.of[c] = id
		sh := &s.list[id]
		sh.capped = sh.capped || most < n || len(s.groupsOf[c]) > 0
		sh.count += n
		sh.members = append(sh.members, int32(c))
	}
	s.relate(p)
	for i := range s.list {
		s.limit(p, &s.list[i], counts)
	}
	return s
}

// limit works out how many of the shape's pods a node takes: of each class and of each group only so many.
func (s *shapes) limit(p *Problem, sh *shape, counts []int64) {
	sh.perNode = 0
	s.tally = resized(s.tally, len(s.groups))
	for _, c := range sh.members {
		for _, g := range s.groupsOf[c] {
			s.tally[g] = s.groups[g].limit
		}
	}
	for _, c := range sh.members {
		n := min(counts[c], s.most(p, c))
		for _, g := range s.groupsOf[c] {
			n = min(n, s.tally[g])
		}
		for _, g := range s.groupsOf[c] {
			s.tally[g] -= n
		}
		sh.perNode += n
	}
}

// relate finds out what holds for shapes as a whole of what keeps their members apart.
func (s *shapes) relate(p *Problem) {
	for i := range s.list {
		sh := &s.list[i]
		sh.groups = s.groupsOf[sh.members[0]]
		for _, c := range sh.members[1:] {
			sh.groups = intersection(sh.groups, s.groupsOf[c])
		}
		if len(sh.members) > 1 {
			continue
		}
		for _, c := range p.classes[sh.members[0]].apart {
			other := s.of[c]
			hard := s.caps || other >= 0 && p.classes[c].ties.conflict(p.classes[sh.members[0]].ties)
			if other >= 0 && hard && len(s.list[other].members) == 1 {
				sh.apart = append(sh.apart, other)
			}
		}
	}
}

// groups are the groups of classes with pods of which a node takes a few together.
func (p *Problem) groups(counts []int64, caps bool) []crowd {
	var out []crowd
	add := func(members []int32, limit int64) {
		g := crowd{limit: limit}
		for _, c := range members {
			if counts[c] > 0 {
				g.members = append(g.members, c)
				g.pods += counts[c]
			}
		}
		if g.pods > limit {
			out = append(out, g)
		}
	}
	for _, clique := range p.cliques {
		add(clique, 1)
	}
	if !caps {
		return out
	}
	capped := make([][]int32, len(p.caps))
	for c, n := range counts {
		if n <= 0 {
			continue
		}
		for _, g := range p.classes[c].caps {
			capped[g] = append(capped[g], int32(c))
		}
	}
	for g, members := range capped {
		add(members, p.caps[g].limit)
	}
	return out
}

// fewestNodes is how many nodes the pods need at the least: of the largest machines, for what they ask of one resource.
func (p *Problem) fewestNodes(counts []int64, bins []int32) float64 {
	load, largest := make([]float64, p.dims.Len()), make([]float64, p.dims.Len())
	for c, n := range counts {
		for d, amount := range p.classes[c].demand {
			if n > 0 {
				load[d] += float64(amount) * float64(n)
			}
		}
	}
	for _, b := range bins {
		for d, amount := range p.bins[b].room {
			largest[d] = math.Max(largest[d], float64(amount))
		}
	}
	nodes := 0.0
	for d := range load {
		if largest[d] > 0 {
			nodes = math.Max(nodes, load[d]/largest[d])
		}
	}
	return nodes
}

// room is what a node of the bin offers to the shapes.
func (s *shapes) room(b *bin) resource.Vector {
	room := make(resource.Vector, s.dims+len(s.crowds))
	copy(room, b.room)
	for k := range s.crowds {
		room[s.dims+k] = s.crowds[k].limit
	}
	return room
}

// worths are what pods are worth, by shape.
func (s *shapes) worths() []float64 {
	out := make([]float64, len(s.list))
	for i := range s.list {
		out[i] = s.list[i].worth
	}
	return out
}

// dearestFirst are the shapes with pods, those first whose pods are worth most.
func (s *shapes) dearestFirst() []int32 {
	var out []int32
	for i := range s.list {
		if s.list[i].count > 0 {
			out = append(out, int32(i))
		}
	}
	slices.SortFunc(out, func(a, b int32) int {
		return cmp.Or(cmp.Compare(s.list[b].worth, s.list[a].worth), cmp.Compare(a, b))
	})
	return out
}
