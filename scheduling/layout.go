package scheduling

import (
	"encoding/binary"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// layout is how rows and nodes fall into cells, given the keys. It is shared by derived problems and never written to.
type layout struct {
	domains []int32 // by key
	cells   []cell
	nodes   []hostKind   // by existing node; without what tracks count there
	rowCell []int32      // by row
	byRow   []bitset.Set // by cell, its rows
	byNode  []bitset.Set // by cell, its nodes
	mates   [][]int32    // by existing node: others with the same hostname
	hosts   []host       // the existing nodes, as ledgers start with them

	// What derived problems find out about it.
	rowKinds cache[string, *partition]
	counted  cache[countKey, census]
	slots    cache[slotKey, int64]
}

// compileCells finds the cells of rows and nodes.
func (p *Problem) compileCells() {
	t := &p.topology
	t.layout, t.gone = p.layoutOf(t.keys), p.gone
	t.domains, t.cells, t.nodes, t.mates, t.hosts = t.layout.domains, t.layout.cells, t.layout.nodes, t.layout.mates, t.layout.hosts
}

// newLayout finds the cells of the keys in the order of nodes and rows.
func (p *Problem) newLayout(keys []string) *layout {
	l := &layout{domains: make([]int32, len(keys)), nodes: make([]hostKind, len(p.nodes)), rowCell: make([]int32, len(p.rows))}
	rows, nodes := make([]cell, len(p.rows)), make([]cell, len(p.nodes))
	for i := range rows {
		rows[i] = make(cell, len(keys))
	}
	for i := range nodes {
		nodes[i] = make(cell, len(keys))
	}
	for k, key := range keys {
		ids := map[string]int32{}
		note := func(of *column, into []cell) {
			for i, id := range of.ids {
				if into[i][k] = -1; id >= 0 {
					into[i][k] = ids[of.values[id]]
				}
			}
		}
		ofNodes, ofRows := p.nodePlaces.column(key), p.rowPlaces.column(key)
		for _, value := range slices.Concat(ofNodes.values, ofRows.values) {
			if _, known := ids[value]; !known {
				ids[value] = int32(len(ids))
			}
		}
		note(ofNodes, nodes)
		note(ofRows, rows)
		l.domains[k] = int32(len(ids))
	}
	seen := map[string]int32{}
	name := []byte{}
	number := func(c cell) int32 {
		name = name[:0]
		for _, d := range c {
			name = binary.LittleEndian.AppendUint32(name, uint32(d))
		}
		id, known := seen[string(name)]
		if !known {
			id = int32(len(l.cells))
			seen[string(name)] = id
			l.cells = append(l.cells, c)
		}
		return id
	}
	for i := range nodes {
		l.nodes[i].cell = number(nodes[i])
	}
	for i := range rows {
		l.rowCell[i] = number(rows[i])
	}
	if len(keys) == 0 { // then there is one cell for all
		l.cells = []cell{{}}
	}
	l.complete(p)
	return l
}

// complete works out what follows from the cells.
func (l *layout) complete(p *Problem) {
	l.byRow, l.byNode, l.mates = make([]bitset.Set, len(l.cells)), make([]bitset.Set, len(l.cells)), make([][]int32, len(p.nodes))
	for c := range l.cells {
		l.byRow[c], l.byNode[c] = bitset.New(len(p.rows)), bitset.New(len(p.nodes))
	}
	for r, c := range l.rowCell {
		l.byRow[c].Add(r)
	}
	byName := map[string][]int32{}
	l.hosts = make([]host, len(p.nodes))
	for i := range l.nodes {
		l.byNode[l.nodes[i].cell].Add(i)
		l.nodes[i].ties = p.nodes[i].ties
		l.hosts[i] = host{kind: &l.nodes[i], node: int32(i), copies: 1}
		if p.nodes[i].twin {
			name := p.nodes[i].object.Labels[corev1.LabelHostname]
			byName[name] = append(byName[name], int32(i))
		}
	}
	for i := range l.nodes {
		if p.nodes[i].twin {
			l.mates[i] = byName[p.nodes[i].object.Labels[corev1.LabelHostname]]
		}
	}
}

// layoutOf is the layout of the keys. Cells are in the order of the nodes that are there.
func (p *Problem) layoutOf(keys []string) *layout {
	u := p.universe
	if u == nil {
		return p.newLayout(keys)
	}
	name := strings.Join(keys, ",")
	l := u.layouts.of(name, func() *layout { return u.newLayout(keys) })
	order := make([]int32, len(l.cells)) // cells, in their new order
	first := make([]int, len(l.cells))
	for c := range order {
		order[c] = int32(c)
		if first[c] = p.without(l.byNode[c]).Next(0); first[c] < 0 {
			first[c] = len(p.nodes) + len(p.rows)
			if r := l.byRow[c].Next(0); r >= 0 {
				first[c] = len(p.nodes) + r
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return first[a] - first[b] })
	if slices.IsSorted(order) {
		return l
	}
	bytes := []byte(name + "\x00")
	for _, c := range order {
		bytes = binary.LittleEndian.AppendUint32(bytes, uint32(c))
	}
	return u.layouts.of(string(bytes), func() *layout { return l.ordered(p, order) })
}

// ordered is the layout with the cells in another order.
func (l *layout) ordered(p *Problem, order []int32) *layout {
	out := &layout{domains: l.domains, nodes: slices.Clone(l.nodes), rowCell: slices.Clone(l.rowCell)}
	place := make([]int32, len(order))
	for at, c := range order {
		place[c] = int32(at)
		out.cells = append(out.cells, l.cells[c])
	}
	for i := range out.nodes {
		out.nodes[i].cell = place[out.nodes[i].cell]
	}
	for r := range out.rowCell {
		out.rowCell[r] = place[out.rowCell[r]]
	}
	out.complete(p)
	return out
}

// slotKey is a class of the universe in a cell, of which a node takes so many.
type slotKey struct{ kin, cell, perNode int32 }

// slots is how many pods of the class existing nodes could take, each by itself.
func (p *Problem) slots(c int32) int64 {
	cl := &p.classes[c]
	total := int64(0)
	if u := p.universe; u != nil && cl.cell >= 0 && p.classes[cl.base].base == cl.root {
		times := func(i int) int64 { return u.nodes[i].free.Times(u.classes[cl.kin].demand, int64(cl.perNode)) }
		here, roomy := p.topology.layout.byNode[cl.cell], u.roomy(cl.kin)
		total = p.topology.layout.slots.of(slotKey{cl.kin, cl.cell, cl.perNode}, func() int64 {
			all := int64(0)
			for i := range roomy.All() {
				if here.Has(i) {
					all += times(i)
				}
			}
			return all
		})
		for _, g := range p.gone {
			if here.Has(int(g)) && roomy.Has(int(g)) {
				total -= times(int(g))
			}
		}
		return total
	}
	for i := range p.roomy(c).All() {
		if n := &p.nodes[i]; !n.excludes(cl) {
			total += n.free.Times(cl.demand, int64(cl.perNode))
		}
	}
	return total
}
