package scheduling

import (
	"slices"
)

// capGroup is classes of which a host may take limit pods together: those with the same topology spread constraint over
// hostnames. The scheduler would allow more where every host has some already; the ledger uses that for pods that are
// left over.
type capGroup struct {
	track int32
	limit int64
}

// compileCaps turns spread constraints over hostnames into caps. Classes that count towards such a constraint without
// stating the same one are kept off the hosts of those that state it.
func (p *Problem) compileCaps() {
	ids := map[capGroup]int32{}
	stated := map[int32][]int32{} // by track, the roots with a constraint over it
	for c := range p.classes {
		cl := &p.classes[c]
		for _, s := range cl.topo.spreads {
			if p.topology.tracks[s.track].key != hostname {
				continue
			}
			stated[s.track] = append(stated[s.track], int32(c))
			if s.self == 0 {
				continue
			}
			g := capGroup{s.track, int64(s.maxSkew)}
			id, known := ids[g]
			if !known {
				id = int32(len(p.caps))
				ids[g] = id
				p.caps = append(p.caps, g)
			}
			cl.caps = append(cl.caps, id)
		}
	}
	for c := range p.classes {
		for _, t := range p.classes[c].topo.counted {
			for _, other := range stated[t] {
				if !p.shareCap(int32(c), other, t) {
					p.classes[c].apart = append(p.classes[c].apart, other)
					p.classes[other].apart = append(p.classes[other].apart, int32(c))
				}
			}
		}
	}
}

// shareCap reports whether two roots state the same constraint over the track.
func (p *Problem) shareCap(a, b, track int32) bool {
	return slices.ContainsFunc(p.classes[a].caps, func(id int32) bool {
		return p.caps[id].track == track && slices.Contains(p.classes[b].caps, id)
	})
}

// maxCells bounds into how many cells classes are divided. Beyond it pods with wide constraints are placed one by one.
const maxCells = 256

// divide makes the parts of roots that other pods concern over domains wider than a host: one for each cell that has a
// host which could take them.
func (p *Problem) divide() {
	t := &p.topology
	if len(t.keys) == 0 {
		return
	}
	type pinned struct{ sig, cell int32 }
	sigs := map[pinned]int32{}
	roots := len(p.classes)
	for c := range roots {
		root := p.classes[c] // or rung; a copy: the list grows
		if root.unsupported != "" || !root.topo.wide || root.topo.aside {
			continue
		}
		if len(t.cells) > maxCells {
			root.topo.aside = true
			continue
		}
		p.parts[c] = make([]int32, len(t.cells))
		for z := range t.cells {
			p.parts[c][z] = -1
			hosts, taken := p.sigs[root.sig].rows.Clone(), p.sigs[root.sig].nodes.Clone()
			hosts.And(t.layout.byRow[z])
			taken.And(t.layout.byNode[z])
			if hosts.Empty() && taken.Empty() || !t.cells[z].has(root.topo.needs) {
				continue
			}
			key := pinned{root.sig, int32(z)}
			sig, known := sigs[key]
			if !known {
				sig = int32(len(p.sigs))
				sigs[key] = sig
				p.sigs = append(p.sigs, signature{pod: p.sigs[root.sig].pod, shunned: p.sigs[root.sig].shunned, rows: hosts, nodes: taken, root: root.sig})
			}
			part := root
			part.pods, part.sig, part.cell, part.apart = nil, sig, int32(z), nil
			p.parts[c][z] = int32(len(p.classes))
			p.classes = append(p.classes, part)
		}
	}
	p.parts = append(p.parts, make([][]int32, len(p.classes)-roots)...)
}

// has reports whether hosts of the cell have the keys.
func (c cell) has(keys []int32) bool {
	return !slices.ContainsFunc(keys, func(k int32) bool { return c[k] < 0 })
}

// form is the class under which a pod of the root is on a host of the cell: the root itself, or its part there; -1 if
// no host of the cell could take it.
func (p *Problem) form(root, cell int32) int32 {
	if parts := p.parts[root]; parts != nil {
		return parts[cell]
	}
	return root
}
