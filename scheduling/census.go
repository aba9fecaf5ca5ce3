package scheduling

// census is what a track counts on all existing nodes together, before waiting pods come.
type census struct {
	counts  []int64 // by domain, on included nodes; nil for tracks by host
	present []int64 // of spread tracks: by domain, how many nodes are included
	total   int64   // on included nodes
	heights heights // of spread tracks by host
	all     []int32 // by domain, on included nodes or not; nil for tracks by host
}

// take counts what the track has on existing nodes. Nodes of one hostname are one domain of it.
func (p *Problem) take(n int32) census {
	t := &p.topology
	tr := &t.tracks[n]
	var c census
	if tr.key != hostname {
		c.counts, c.all = make([]int64, t.domains[tr.key]), make([]int32, t.domains[tr.key])
		if tr.spread {
			c.present = make([]int64, t.domains[tr.key])
		}
	}
	included := t.inclusions[tr.inclusion].nodes
	count := func(i int) int64 {
		if tr.bound == nil {
			return 0
		}
		return int64(tr.bound[i])
	}
	for i := range t.nodes {
		n, in := count(i), included.Has(i)
		if p.isGone(i) {
			continue
		}
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
