package disruption

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/phrase"
)

// staticPools are the NodePools with replicas that are not being deleted, by name, each with the claims that it has.
func (p *planner) staticPools(yield func(pool *v1.NodePool, nodes []*candidate) bool) {
	nodes := map[string][]*candidate{}
	for _, c := range p.all {
		if c.claim != nil && c.pool != nil && c.pool.Spec.Replicas != nil && c.pool.DeletionTimestamp == nil {
			nodes[c.pool.Name] = append(nodes[c.pool.Name], c)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		if !yield(nodes[name][0].pool, nodes[name]) {
			return
		}
	}
}

// surplus are the nodes that their NodePools have beyond their replicas, with their causes, in the order in which they go:
// machines that have not been launched; nodes that none but pods of DaemonSets are on; the others. Nodes that are not to be
// disrupted, themselves or for one of their pods, go last. Among equals those go first that disturb the least, a node near
// its expiry less than a young one. Nodes that are on their way out, or that another command removes, are not counted.
func (p *planner) surplus() []*candidate {
	var out []*candidate
	for pool, nodes := range p.staticPools {
		active := slices.DeleteFunc(slices.Clone(nodes), func(c *candidate) bool { return c.leaving() || c.command != "" || p.taken[c.name] })
		excess := len(active) - max(0, int(*pool.Spec.Replicas))
		if excess <= 0 {
			continue
		}
		slices.SortStableFunc(active, func(a, b *candidate) int {
			return cmp.Or(cmp.Compare(p.dispensable(a), p.dispensable(b)), cmp.Compare(p.remaining(a), p.remaining(b)), strings.Compare(a.name, b.name))
		})
		for _, c := range active[:excess] {
			c.cause = cause{reason: ReasonSurplus, detail: surplusText(pool, len(active))}
			out = append(out, c)
		}
	}
	return out
}

// dispensable orders the nodes of a static pool: the lower, the earlier they go.
func (p *planner) dispensable(c *candidate) int {
	pod, _ := c.protector(p.in.Now)
	switch {
	case c.machine() == "":
		return 0
	case c.protected() || pod != nil:
		return 3
	case len(c.movable) == 0:
		return 1
	}
	return 2
}

// remaining is what it costs to disturb the pods of the node, for the part of its life that is left: all of it if it never
// expires.
func (p *planner) remaining(c *candidate) float64 {
	at := c.expiry()
	if at.IsZero() {
		return c.cost
	}
	life := at.Sub(c.claim.CreationTimestamp.Time)
	if life <= 0 {
		return 0
	}
	return c.cost * min(max(at.Sub(p.in.Now).Seconds()/life.Seconds(), 0), 1)
}

// staticDrift are the nodes of static NodePools that are to be replaced since they have drifted, with their causes, in the order
// in which they go: those first that have drifted the longest. Each is replaced by one straight from the template, whatever
// its pods ask for, and so limits.nodes must have room for one more per node that goes. A pool that has more nodes than its
// replicas sheds those first. What budgets allow is looked at, not taken.
func (p *planner) staticDrift() []*candidate {
	var out []*candidate
	for pool, nodes := range p.staticPools {
		var drifted []*candidate
		active := 0
		for _, c := range nodes {
			if c.leaving() || c.command != "" {
				continue
			}
			active++
			if why, ok := p.drifted(c); ok && !p.taken[c.name] {
				c.cause = why
				drifted = append(drifted, c)
			}
		}
		slices.SortStableFunc(drifted, func(a, b *candidate) int {
			return cmp.Or(a.cause.since.Compare(b.cause.since), strings.Compare(a.name, b.name))
		})
		room := p.roomForMore(pool, len(nodes), active)
		for _, c := range drifted {
			k, ok := p.eligible(c, eventual)
			if ok {
				k, ok = p.budgets.admits(c, v1.ReasonDrifted)
			}
			switch {
			case !ok:
			case active > int(*pool.Spec.Replicas):
				k, ok = Kept{Code: CodeStatic, Detail: surplusText(pool, active) + ", and the surplus goes first"}, false
			case room <= 0:
				limit := pool.Spec.Limits[v1.ResourceNodes]
				k, ok = Kept{Code: CodeNoPlace, Detail: fmt.Sprintf("limits.nodes of %s is %s: there is no room for a replacement", pool.Name, limit.String())}, false
			}
			if !ok {
				p.keep(c, k)
				continue
			}
			room--
			out = append(out, c)
		}
	}
	return out
}

// roomForMore is how many machines the pool may launch beyond its replicas, beside the claims that it has, on their way out or
// not, and the replacements that commands in progress have yet to launch. So many claims are active: they neither are on
// their way out nor are to be replaced.
func (p *planner) roomForMore(pool *v1.NodePool, claims, active int) int {
	limit, bounded := pool.Spec.Limits[v1.ResourceNodes]
	if !bounded {
		return math.MaxInt
	}
	coming := 0
	for i := range p.in.InProgress {
		for _, l := range p.in.InProgress[i].Replace {
			if l.NodePool == pool.Name && p.by[l.Name] == nil {
				coming++
			}
		}
	}
	missing := max(0, int(*pool.Spec.Replicas)-active-coming)
	return int(limit.Value()) - claims - coming - missing
}

// surplusText is how many nodes the pool has, and how many it should have.
func surplusText(pool *v1.NodePool, nodes int) string {
	replicas := int(*pool.Spec.Replicas)
	return fmt.Sprintf("%s has %d %s for %d %s", pool.Name, nodes, phrase.Plural(nodes, "node", "nodes"), replicas, phrase.Plural(replicas, "replica", "replicas"))
}
