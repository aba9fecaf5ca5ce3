package cloudprovider

import (
	"cmp"
	"math"
	"slices"
)

// This file is the one place that orders what can be bought: by price, then by name, zone, capacity type and stock key.
// Every function is a total order for slices.SortFunc; a NaN price comes first, so that it shows.

// CompareOfferingKeys orders by instance type, zone, capacity type and stock key.
func CompareOfferingKeys(a, b OfferingKey) int {
	return cmp.Or(
		cmp.Compare(a.InstanceType, b.InstanceType),
		cmp.Compare(a.Zone, b.Zone),
		cmp.Compare(a.CapacityType, b.CapacityType),
		cmp.Compare(a.StockKey, b.StockKey),
	)
}

// CompareChoices orders by price, then as [CompareOfferingKeys].
func CompareChoices(a, b Choice) int {
	return cmp.Or(cmp.Compare(a.Price, b.Price), CompareOfferingKeys(a.OfferingKey, b.OfferingKey))
}

// CompareOfferings orders offerings of one instance type by price, zone, capacity type and stock key.
func CompareOfferings(a, b Offering) int {
	return cmp.Or(cmp.Compare(a.Price, b.Price), CompareOfferingKeys(a.key(""), b.key("")))
}

// CompareInstanceTypes orders by the price of the cheapest available offering, then by name. Types that cannot be bought
// now come last. nil is not allowed.
func CompareInstanceTypes(a, b *InstanceType) int {
	return cmp.Or(cmp.Compare(a.cheapest(), b.cheapest()), cmp.Compare(a.Name, b.Name))
}

// String is type/zone/capacity-type, and /stock-key where there is one: small/zone-a/on-demand.
func (k OfferingKey) String() string {
	s := k.InstanceType + "/" + k.Zone + "/" + k.CapacityType
	if k.StockKey != "" {
		s += "/" + k.StockKey
	}
	return s
}

// Launchable reports whether a machine can be bought from the offering now: it is available and its stock, if it has
// one, is not used up.
func (o *Offering) Launchable() bool {
	return o.Available && (o.Stock == nil || o.Stock.Count > 0)
}

// Key identifies an offering of the type.
func (t *InstanceType) Key(o *Offering) OfferingKey { return o.key(t.Name) }

// Choices are the launchable offerings of the types, in order. It is what a plan without any further wish would hand to
// Create.
func Choices(types ...*InstanceType) []Choice {
	var out []Choice
	for _, t := range types {
		for i := range t.Offerings {
			if o := &t.Offerings[i]; o.Launchable() {
				out = append(out, Choice{OfferingKey: t.Key(o), Price: o.Price})
			}
		}
	}
	slices.SortFunc(out, CompareChoices)
	return out
}

func (o *Offering) key(instanceType string) OfferingKey {
	key := OfferingKey{InstanceType: instanceType, Zone: o.Zone, CapacityType: o.CapacityType}
	if o.Stock != nil {
		key.StockKey = o.Stock.Key
	}
	return key
}

// cheapest is the price of the cheapest launchable offering, +Inf without one.
func (t *InstanceType) cheapest() float64 {
	price := math.Inf(1)
	for i := range t.Offerings {
		if o := &t.Offerings[i]; o.Launchable() {
			price = min(price, o.Price)
		}
	}
	return price
}
