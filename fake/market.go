package fake

import (
	"maps"
	"slices"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// market is what a [Cloud] sells. Types that have been published are never written to: every change makes new ones. The
// cloud's lock guards it.
type market struct {
	everyone []*cloudprovider.InstanceType            // for pools that byPool does not list
	byPool   map[string][]*cloudprovider.InstanceType // as set, stocks before anything was bought
	used     map[string]int                           // machines by stock key
	hidden   []cloudprovider.OfferingKey              // patterns of offerings that are gone and do not say so
	version  int                                      // grows with every change
	changed  chan struct{}                            // closed and replaced at every change
	cache    map[string][]*cloudprovider.InstanceType // published, by pool, of this version
}

func (m *market) open(everyone []*cloudprovider.InstanceType, byPool map[string][]*cloudprovider.InstanceType) {
	m.everyone = slices.Clone(everyone)
	m.byPool = make(map[string][]*cloudprovider.InstanceType, len(byPool))
	for pool, types := range byPool {
		m.byPool[pool] = slices.Clone(types)
	}
	m.used = map[string]int{}
	m.changed = make(chan struct{})
	m.cache = map[string][]*cloudprovider.InstanceType{}
}

// touch marks the market as changed and wakes those who wait for that.
func (m *market) touch() {
	m.version++
	clear(m.cache)
	close(m.changed)
	m.changed = make(chan struct{})
}

func (m *market) base(pool string) []*cloudprovider.InstanceType {
	if types, ok := m.byPool[pool]; ok {
		return types
	}
	return m.everyone
}

// published is a new list of immutable types with stocks as they stand.
func (m *market) published(pool string) []*cloudprovider.InstanceType {
	if _, own := m.byPool[pool]; !own {
		pool = ""
	}
	types, ok := m.cache[pool]
	if !ok {
		left := m.stocks()
		for _, t := range m.base(pool) {
			types = append(types, withStocks(t, left))
		}
		m.cache[pool] = types
	}
	return append([]*cloudprovider.InstanceType{}, types...)
}

// stocks counts what is left of each stock: the smallest count stated for its key anywhere, less what is used.
func (m *market) stocks() map[string]int {
	left := map[string]int{}
	for t := range m.all() {
		for _, o := range t.Offerings {
			if o.Stock == nil {
				continue
			}
			if count, seen := left[o.Stock.Key]; !seen || o.Stock.Count < count {
				left[o.Stock.Key] = o.Stock.Count
			}
		}
	}
	for key, used := range m.used {
		if count, ok := left[key]; ok {
			left[key] = max(count-used, 0)
		}
	}
	return left
}

// all yields every type that is sold to anybody, in no order.
func (m *market) all() func(yield func(*cloudprovider.InstanceType) bool) {
	return func(yield func(*cloudprovider.InstanceType) bool) {
		lists := append(slices.Collect(maps.Values(m.byPool)), m.everyone)
		for _, types := range lists {
			for _, t := range types {
				if !yield(t) {
					return
				}
			}
		}
	}
}

func withStocks(t *cloudprovider.InstanceType, left map[string]int) *cloudprovider.InstanceType {
	if !slices.ContainsFunc(t.Offerings, func(o cloudprovider.Offering) bool { return o.Stock != nil }) {
		return t
	}
	out := t.Clone()
	for _, o := range out.Offerings {
		if o.Stock != nil {
			o.Stock.Count = left[o.Stock.Key]
		}
	}
	return out
}

// buy takes one machine of the offering, if that is to be had.
func (m *market) buy(pool string, key cloudprovider.OfferingKey) (*cloudprovider.InstanceType, *cloudprovider.Offering, bool) {
	if slices.ContainsFunc(m.hidden, func(pattern cloudprovider.OfferingKey) bool { return matches(pattern, key) }) {
		return nil, nil, false
	}
	for _, t := range m.published(pool) {
		if t.Name != key.InstanceType {
			continue
		}
		offering := t.Find(key)
		if offering == nil || !offering.Launchable() {
			return nil, nil, false
		}
		if offering.Stock != nil {
			m.used[key.StockKey]++
			m.touch()
		}
		return t, offering, true
	}
	return nil, nil, false
}

// giveBack returns one machine to its stock.
func (m *market) giveBack(stockKey string) {
	if m.used[stockKey] > 0 {
		m.used[stockKey]--
		m.touch()
	}
}

// edit replaces the types that have an offering of the pattern by changed copies.
func (m *market) edit(pattern cloudprovider.OfferingKey, change func(*cloudprovider.Offering)) {
	m.everyone = edited(m.everyone, pattern, change)
	for pool, types := range m.byPool {
		m.byPool[pool] = edited(types, pattern, change)
	}
	m.touch()
}

func edited(list []*cloudprovider.InstanceType, pattern cloudprovider.OfferingKey, change func(*cloudprovider.Offering)) []*cloudprovider.InstanceType {
	out := slices.Clone(list)
	for i, t := range out {
		var copied *cloudprovider.InstanceType
		for j := range t.Offerings {
			if !matches(pattern, t.Key(&t.Offerings[j])) {
				continue
			}
			if copied == nil {
				copied = t.Clone()
				out[i] = copied
			}
			change(&copied.Offerings[j])
		}
	}
	return out
}

// matches reports whether the key is one of the pattern. An empty field of the pattern stands for any value.
func matches(pattern, key cloudprovider.OfferingKey) bool {
	field := func(want, have string) bool { return want == "" || want == have }
	return field(pattern.InstanceType, key.InstanceType) && field(pattern.Zone, key.Zone) &&
		field(pattern.CapacityType, key.CapacityType) && field(pattern.StockKey, key.StockKey)
}
