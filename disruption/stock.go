package disruption

import (
	"slices"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// drawn is the lists of instance types once the launches have taken what they take from finite stock. Types that nothing is
// taken from are the same values.
func drawn(lists map[string][]*cloudprovider.InstanceType, launches []scheduling.Launch) map[string][]*cloudprovider.InstanceType {
	took := map[string]int{}
	for i := range launches {
		if key := launches[i].Offering().StockKey; key != "" {
			took[key]++
		}
	}
	if len(took) == 0 {
		return lists
	}
	less := func(t *cloudprovider.InstanceType) *cloudprovider.InstanceType {
		touched := func(o cloudprovider.Offering) bool { return o.Stock != nil && took[o.Stock.Key] > 0 }
		if t == nil || !slices.ContainsFunc(t.Offerings, touched) {
			return t
		}
		out := *t
		out.Offerings = slices.Clone(t.Offerings)
		for i := range out.Offerings {
			if o := &out.Offerings[i]; touched(*o) {
				o.Stock = &cloudprovider.Stock{Key: o.Stock.Key, Count: max(0, o.Stock.Count-took[o.Stock.Key])}
			}
		}
		return &out
	}
	done := map[*cloudprovider.InstanceType]*cloudprovider.InstanceType{} // pools share types
	out := make(map[string][]*cloudprovider.InstanceType, len(lists))
	for pool, list := range lists {
		next := slices.Clone(list)
		for i, t := range next {
			changed, known := done[t]
			if !known {
				changed = less(t)
				done[t] = changed
			}
			next[i] = changed
		}
		out[pool] = next
	}
	return out
}
