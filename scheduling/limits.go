package scheduling

import (
	"math"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// limitNodes is the key of spec.limits that counts nodes rather than what they have.
const limitNodes corev1.ResourceName = "nodes"

// indexLimits gives every limited resource of any pool a position.
func (p *Problem) indexLimits() {
	var names []corev1.ResourceName
	for _, pl := range p.snapshot.NodePools {
		for name := range pl.Spec.Limits {
			if name != limitNodes {
				names = append(names, name)
			}
		}
	}
	p.limitDims = resource.NewIndex(names...)
}

// compileLimits reads the pool's limits.
func (p *Problem) compileLimits(pl *pool) {
	pl.limit = make(resource.Vector, p.limitDims.Len())
	pl.used = make(resource.Vector, p.limitDims.Len())
	for i := range pl.limit {
		pl.limit[i] = math.MaxInt64
	}
	for name, quantity := range pl.source.Spec.Limits {
		if name == limitNodes {
			pl.maxNodes = resource.Down(name, quantity)
		} else if i, ok := p.limitDims.Position(name); ok {
			pl.limit[i] = resource.Down(name, quantity)
		}
	}
}

// chargePools adds the capacity of the existing nodes, those in flight included, to what their pools have used.
func (p *Problem) chargePools() {
	byName := make(map[string]*pool, len(p.pools))
	for i := range p.pools {
		byName[p.pools[i].source.Name] = &p.pools[i]
	}
	for i := range p.nodes {
		n := p.nodes[i].object
		if pl, ok := byName[n.Labels[v1.NodePoolLabelKey]]; ok {
			pl.nodes++
			pl.used.Add(p.limitDims.Demand(n.Status.Capacity))
		}
	}
}

// supply is what may still be bought: room under the pools' limits, and stock. A solver owns one and draws it down.
type supply struct {
	room   []resource.Vector // by pool, in Problem.limitDims
	nodes  []int64           // by pool
	stocks []int
}

func (p *Problem) newSupply() supply {
	s := supply{
		room: make([]resource.Vector, len(p.pools)), nodes: make([]int64, len(p.pools)), stocks: make([]int, len(p.stocks)),
	}
	for i := range p.pools {
		pl := &p.pools[i]
		s.room[i] = make(resource.Vector, len(pl.limit))
		for d, limit := range pl.limit {
			s.room[i][d] = limit
			if limit != math.MaxInt64 {
				s.room[i][d] = limit - pl.used[d]
			}
		}
		s.nodes[i] = pl.maxNodes
		if pl.maxNodes != math.MaxInt64 {
			s.nodes[i] = pl.maxNodes - pl.nodes
		}
	}
	for i := range p.stocks {
		s.stocks[i] = p.stocks[i].count
	}
	return s
}

// left is how many nodes of the row the supply still admits.
func (s *supply) left(p *Problem, r *row) int64 {
	n := s.nodes[r.pool]
	capacity := p.types[r.typ].capacity
	for d, room := range s.room[r.pool] {
		switch {
		case room == math.MaxInt64:
		case room < 0 || capacity[d] > room:
			return 0
		case capacity[d] > 0:
			n = min(n, room/capacity[d])
		}
	}
	if stock := p.offers[r.offer].stock; stock >= 0 {
		n = min(n, int64(s.stocks[stock]))
	}
	return max(n, 0)
}

// take draws n nodes of the row; a negative n gives them back.
func (s *supply) take(p *Problem, r *row, n int64) {
	if s.nodes[r.pool] != math.MaxInt64 {
		s.nodes[r.pool] -= n
	}
	for d, capacity := range p.types[r.typ].capacity {
		if s.room[r.pool][d] != math.MaxInt64 {
			s.room[r.pool][d] -= n * capacity
		}
	}
	if stock := p.offers[r.offer].stock; stock >= 0 {
		s.stocks[stock] -= int(n)
	}
}
