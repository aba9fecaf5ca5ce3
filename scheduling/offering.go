package scheduling

import (
	"cmp"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// typeInfo is one instance type, compiled once however many pools share it.
type typeInfo struct {
	source      *cloudprovider.InstanceType
	labels      map[string]string         // keys with one possible value
	open        []requirement.Requirement // keys with several
	published   corev1.ResourceList       // allocatable, as nodes will report it; shared by launches
	allocatable resource.Vector           // the same, in Problem.dims
	capacity    resource.Vector           // in Problem.limitDims
	offers      []int32                   // in Problem.offers, one after the other
	listed      []*cloudprovider.Offering // sorted, those that no node can come of included
	keys        []string                  // that type and offerings speak of, sorted
}

// offer is one instance type in one zone at one capacity type.
type offer struct {
	typ    int32
	source *cloudprovider.Offering
	labels map[string]string // beside the type's; often nil
	open   []requirement.Requirement
	stock  int32 // in Problem.stocks, or -1 for an endless supply
}

// stock is one finite supply.
type stock struct {
	key   string
	count int
}

// compileTypes turns the catalogues into types and offers. Requirements that leave an offering no possible node drop
// the offering.
func (p *Problem) compileTypes() {
	c := p.snapshot.Catalog
	alike := c != nil && !c.volumes && len(p.storage.dims) == 0 && p.dims.Equal(c.dims)
	alikeLimits := c != nil && p.limitDims.Equal(c.limitDims)
	if c.lists(&p.snapshot) {
		p.typeIDs, p.types, p.offers, p.stocks = c.typeIDs, c.types, c.offers, c.stocks
		if !alike || !alikeLimits {
			p.types = slices.Clone(p.types)
			for i := range p.types {
				p.measure(&p.types[i])
			}
		}
		return
	}
	p.typeIDs = map[*cloudprovider.InstanceType]int32{}
	stocks := map[string]int32{}
	for _, pool := range sortedKeys(p.snapshot.InstanceTypes) {
		for _, t := range p.snapshot.InstanceTypes[pool] {
			if _, done := p.typeIDs[t]; done {
				continue
			}
			id := int32(len(p.types))
			p.typeIDs[t] = id
			var info typeInfo
			before := c.typ(t)
			if before != nil {
				info = *before
				p.adoptOffers(c, &info, id, stocks)
			} else {
				info = readType(t)
				p.readOffers(&info, id, stocks)
			}
			if before == nil || !alike || !alikeLimits {
				p.measure(&info)
			}
			p.types = append(p.types, info)
		}
	}
}

// measure turns what machines of the type have into vectors.
func (p *Problem) measure(info *typeInfo) {
	info.allocatable = p.dims.Capacity(info.published)
	p.limitVolumes(info.allocatable, info.source.VolumeLimits)
	info.capacity = p.limitDims.Demand(info.source.Capacity)
}

// readType finds out what an instance type says, its offerings aside.
func readType(t *cloudprovider.InstanceType) typeInfo {
	info := typeInfo{source: t, published: t.Allocatable(), listed: sortedOfferings(t), keys: t.Requirements.Keys()}
	info.labels, info.open = splitLabels(t.Requirements)
	for _, o := range info.listed {
		info.keys = append(info.keys, o.Requirements.Keys()...)
	}
	slices.Sort(info.keys)
	info.keys = slices.Compact(info.keys)
	return info
}

// readOffers makes offers of the type's offerings.
func (p *Problem) readOffers(info *typeInfo, id int32, stocks map[string]int32) {
	for _, o := range info.listed {
		compiled := offer{typ: id, source: o, stock: p.stockOf(stocks, o.Stock)}
		compiled.labels, compiled.open = splitLabels(o.Requirements)
		if !consistent(info.source, o) {
			continue
		}
		info.offers = append(info.offers, int32(len(p.offers)))
		p.offers = append(p.offers, compiled)
	}
}

// adoptOffers takes over the offers that the type had in the catalogue. Stocks are counted anew.
func (p *Problem) adoptOffers(c *Catalog, info *typeInfo, id int32, stocks map[string]int32) {
	before := info.offers
	info.offers = make([]int32, 0, len(before))
	for _, o := range info.listed {
		stock := p.stockOf(stocks, o.Stock)
		if at := len(info.offers); at < len(before) && c.offers[before[at]].source == o {
			compiled := c.offers[before[at]]
			compiled.typ, compiled.stock = id, stock
			info.offers = append(info.offers, int32(len(p.offers)))
			p.offers = append(p.offers, compiled)
		}
	}
}

// sortedOfferings are the type's offerings in an order that does not depend on how they are listed.
func sortedOfferings(t *cloudprovider.InstanceType) []*cloudprovider.Offering {
	out := make([]*cloudprovider.Offering, len(t.Offerings))
	for i := range t.Offerings {
		out[i] = &t.Offerings[i]
	}
	slices.SortStableFunc(out, func(a, b *cloudprovider.Offering) int {
		return cmp.Or(cloudprovider.CompareOfferings(*a, *b), strings.Compare(a.Requirements.String(), b.Requirements.String()))
	})
	return out
}

func (p *Problem) stockOf(ids map[string]int32, s *cloudprovider.Stock) int32 {
	if s == nil {
		return -1
	}
	id, known := ids[s.Key]
	if !known || s.Key == "" { // a stock without a key is nobody else's
		id = int32(len(p.stocks))
		ids[s.Key] = id
		p.stocks = append(p.stocks, stock{key: s.Key, count: s.Count})
		return id
	}
	p.stocks[id].count = min(p.stocks[id].count, s.Count)
	return id
}

// splitLabels divides requirements into labels (one possible value) and open keys (several). A key that must be absent
// is neither.
func splitLabels(set requirement.Set) (map[string]string, []requirement.Requirement) {
	if set.Len() == 0 {
		return nil, nil
	}
	labels := make(map[string]string, set.Len())
	var open []requirement.Requirement
	for r := range set.All() {
		if r.Operator() == requirement.OpDoesNotExist {
			continue
		}
		if r.Finite() && r.Len() == 1 && !r.HasAbsent() {
			labels[r.Key()] = r.Values()[0]
			continue
		}
		open = append(open, r)
	}
	return labels, open
}

// consistent reports whether what the type says of zone, capacity type and name admits the offering, and whether the
// offering's own requirements agree with the type's.
func consistent(t *cloudprovider.InstanceType, o *cloudprovider.Offering) bool {
	derived := map[string]string{
		corev1.LabelTopologyZone: o.Zone, v1.CapacityTypeLabelKey: o.CapacityType, corev1.LabelInstanceTypeStable: t.Name,
	}
	for key, value := range derived {
		if !t.Requirements.Get(key).Has(value) || !o.Requirements.Get(key).Has(value) {
			return false
		}
	}
	return t.Requirements.Intersects(o.Requirements)
}

// offerLabel is the value of a label on every node bought at the offer, whatever its pool; false if it has none or the
// value is open.
func (p *Problem) offerLabel(o *offer, key string) (string, bool) {
	switch key {
	case corev1.LabelTopologyZone:
		return o.source.Zone, true
	case v1.CapacityTypeLabelKey:
		return o.source.CapacityType, true
	case corev1.LabelInstanceTypeStable:
		return p.types[o.typ].source.Name, true
	}
	if value, ok := o.labels[key]; ok {
		return value, true
	}
	value, ok := p.types[o.typ].labels[key]
	return value, ok
}

// offerOpen is what the offer says of a key that it leaves open.
func (p *Problem) offerOpen(o *offer, key string) (requirement.Requirement, bool) {
	out, found := requirement.Any(key), false
	for _, list := range [][]requirement.Requirement{o.open, p.types[o.typ].open} {
		for _, r := range list {
			if r.Key() == key {
				out, found = out.Intersect(r), true
			}
		}
	}
	return out, found
}

// offeringKey names the offer for a provider.
func (p *Problem) offeringKey(o *offer) cloudprovider.OfferingKey {
	return p.types[o.typ].source.Key(o.source)
}

// endless is the count of a supply without an end.
const endless = math.MaxInt32
