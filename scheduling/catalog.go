package scheduling

import (
	"maps"
	"slices"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// Catalog is what compiling a snapshot has found out about its NodePools and instance types. In [Snapshot.Catalog] it
// makes the next Compile faster: types with the same pointers are not read again, and what pools can launch is worked out
// anew only where a pool or a type has changed. It never changes the outcome, wherever it comes from. It is immutable, safe
// for concurrent use, and does not keep the snapshot's pods and nodes alive.
type Catalog struct {
	typeIDs map[*cloudprovider.InstanceType]int32
	types   []typeInfo
	offers  []offer
	stocks  []stock
	poolIDs map[string]int32
	pools   []pool
	rows    []row
	rowRank []int32
	priced  []int32
	byPrice []int32
	columns map[string]*column

	dims, limitDims resource.Index
	volumes         bool // some of dims stand for volumes
}

// Catalog is what the problem knows of its NodePools and instance types, for [Snapshot.Catalog] of the next snapshot.
// Problems that are made of this one use it already.
func (p *Problem) Catalog() *Catalog { return p.snapshot.Catalog }

func (p *Problem) catalog() *Catalog {
	c := &Catalog{
		typeIDs: p.typeIDs, types: p.types, offers: p.offers, stocks: p.stocks, poolIDs: make(map[string]int32, len(p.pools)), pools: p.pools,
		rows: p.rows, rowRank: p.rowRank, priced: p.priced, byPrice: p.byPrice, columns: maps.Clone(p.rowPlaces.columns),
		dims: p.dims, limitDims: p.limitDims, volumes: len(p.storage.dims) > 0,
	}
	for i := range p.pools {
		c.poolIDs[p.pools[i].source.Name] = int32(i)
	}
	return c
}

// typ is what is known of the type; nil if it is new.
func (c *Catalog) typ(t *cloudprovider.InstanceType) *typeInfo {
	if c == nil {
		return nil
	}
	if id, known := c.typeIDs[t]; known {
		return &c.types[id]
	}
	return nil
}

// lists reports whether the snapshot has the catalogue's types, all of them and in one order.
func (c *Catalog) lists(s *Snapshot) bool {
	if c == nil {
		return false
	}
	next := int32(0)
	for _, pool := range sortedKeys(s.InstanceTypes) {
		for _, t := range s.InstanceTypes[pool] {
			id, known := c.typeIDs[t]
			if !known || id > next {
				return false
			}
			next = max(next, id+1)
		}
	}
	return int(next) == len(c.types)
}

// pool is what is known of the pool of that name; nil if it is new.
func (c *Catalog) pool(name string) *pool {
	if c == nil {
		return nil
	}
	if i, known := c.poolIDs[name]; known {
		return &c.pools[i]
	}
	return nil
}

// alike reports whether the pools can launch the same of each type.
func (p *pool) alike(o *pool) bool {
	return maps.Equal(p.labels, o.labels) && p.require.Equal(o.require) && slices.EqualFunc(p.custom, o.custom, requirement.Requirement.Equal) &&
		slices.EqualFunc(p.variants, o.variants, func(v, w variant) bool { return maps.Equal(v, w) })
}

// same reports whether the problem's rows are those of the catalogue, number by number, with the same labels.
func (c *Catalog) same(p *Problem) bool {
	return c != nil && slices.Equal(p.rows, c.rows) &&
		slices.EqualFunc(p.types, c.types, func(a, b typeInfo) bool { return a.source == b.source }) &&
		slices.EqualFunc(p.pools, c.pools, func(a, b pool) bool { return a.alike(&b) })
}

// precedent remembers what a pool could launch, type by type. Types must be asked for in the order of their names.
type precedent struct {
	catalog *Catalog
	pool    *pool // nil if the pool has changed
	at      int   // in its types
}

func (c *Catalog) precedent(pl *pool) precedent {
	if before := c.pool(pl.source.Name); before != nil && pl.alike(before) {
		return precedent{catalog: c, pool: before}
	}
	return precedent{}
}

// rows are the rows that the pool had for the type, and the type as it was then; false if nobody knows.
func (l *precedent) rows(t *cloudprovider.InstanceType) ([]row, *typeInfo, bool) {
	if l.pool == nil {
		return nil, nil, false
	}
	for ; l.at < len(l.pool.types); l.at++ {
		known := &l.catalog.types[l.pool.types[l.at]]
		switch {
		case known.source == t:
			rows := l.pool.typeRows[l.at]
			return l.catalog.rows[rows[0]:rows[1]], known, true
		case known.source.Name >= t.Name:
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// sortedOffers are the offers of the problem that the catalogue has too, in its order of prices, and the others, in none.
func (c *Catalog) sortedOffers(p *Problem) (kept, fresh []int32) {
	for i := range p.types {
		if c.typ(p.types[i].source) == nil {
			fresh = append(fresh, p.types[i].offers...)
		}
	}
	if c == nil {
		return nil, fresh
	}
	kept = make([]int32, 0, len(p.offers))
	for _, o := range c.byPrice {
		before := &c.types[c.offers[o].typ]
		if id, still := p.typeIDs[before.source]; still {
			kept = append(kept, o-before.offers[0]+p.types[id].offers[0])
		}
	}
	return kept, fresh
}
