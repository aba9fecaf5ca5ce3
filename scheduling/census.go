package scheduling

import (
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// census is what a track counts on all existing nodes together, before waiting pods come.
type census struct {
	counts  []int64 // by domain, on included nodes; nil for tracks by host
	present []int64 // of spread tracks: by domain, how many nodes are included
	total   int64   // on included nodes
	heights heights // of spread tracks by host
	all     []int32 // by domain, on included nodes or not; nil for tracks by host
}

// countKey is what the census of a track depends on, given a layout.
type countKey struct {
	key, matcher, anti int32
	spread             bool
	included           *inclusion
}

// take counts what the track has on existing nodes.
func (p *Problem) take(n int32) census {
	t := &p.topology
	tr := &t.tracks[n]
	in := &t.inclusions[tr.inclusion]
	if p.universe == nil {
		return t.take(tr, in.nodes)
	}
	c := t.layout.counted.of(countKey{tr.key, tr.matcher, tr.anti, tr.spread, in.whole}, func() census { return t.take(tr, in.whole.nodes) })
	if len(p.gone) > 0 {
		c.leave(t, tr, in.whole.nodes, p.gone)
	}
	return c
}

// leave takes nodes out of the account, which may be shared and is copied. None of them shares its hostname.
func (c *census) leave(t *topology, tr *track, included bitset.Set, gone []int32) {
	c.counts, c.present, c.heights, c.all = slices.Clone(c.counts), slices.Clone(c.present), slices.Clone(c.heights), slices.Clone(c.all)
	for _, g := range gone {
		n, in := int64(0), included.Has(int(g))
		if tr.bound != nil {
			n = int64(tr.bound[g])
		}
		if tr.key != hostname {
			d := t.cells[t.nodes[g].cell][tr.key]
			if d < 0 {
				continue
			}
			if c.all[d] -= int32(n); in {
				c.counts[d] -= n
			}
			if in && tr.spread {
				c.present[d]--
			}
		}
		if in {
			c.total -= n
		}
		if in && tr.key == hostname && tr.spread {
			c.heights[n]--
		}
	}
	for len(c.heights) > 0 && c.heights[len(c.heights)-1] == 0 {
		c.heights = c.heights[:len(c.heights)-1]
	}
}

// take counts what the track has on the nodes that are included. Nodes of one hostname are one domain of it.
func (t *topology) take(tr *track, included bitset.Set) census {
	var c census
	if tr.key != hostname {
		c.counts, c.all = make([]int64, t.domains[tr.key]), make([]int32, t.domains[tr.key])
		if tr.spread {
			c.present = make([]int64, t.domains[tr.key])
		}
	}
	count := func(i int) int64 {
		if tr.bound == nil {
			return 0
		}
		return int64(tr.bound[i])
	}
	for i := range t.nodes {
		n, in := count(i), included.Has(i)
		if tr.key != hostname {
			d := t.cells[t.nodes[i].cell][tr.key]
			if d < 0 {
				continue
			}
			c.all[d] += int32(n)
			if !in {
				continue
			}
			c.counts[d] += n
			if tr.spread {
				c.present[d]++
			}
		}
		if !in {
			continue
		}
		c.total += n
		if tr.key == hostname && tr.spread {
			height := n
			if t.mates[i] != nil {
				height = 0
				first := -1
				for _, m := range t.mates[i] {
					if included.Has(int(m)) {
						height += count(int(m))
						if first < 0 {
							first = int(m)
						}
					}
				}
				if first != i {
					continue
				}
			}
			c.heights.add(height, 1)
		}
	}
	return c
}
