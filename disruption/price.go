package disruption

import (
	"cmp"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// This file has the one price model. What a node costs is the price of the offering that it was bought as, at this instant,
// whether or not more of it can be bought. Where that cannot be told, the price is unknown, which is not nothing: such a node
// is given back when that takes no replacement, and never exchanged. What a replacement costs is known from its choices: the
// first is what is expected, the dearest what it can come to.

// priced finds out what the candidates cost.
func (p *planner) priced() {
	types := make(map[string]map[string]*cloudprovider.InstanceType, len(p.in.InstanceTypes))
	for pool, list := range p.in.InstanceTypes {
		byName := make(map[string]*cloudprovider.InstanceType, len(list))
		for _, t := range list {
			if t != nil {
				byName[t.Name] = t
			}
		}
		types[pool] = byName
	}
	for _, c := range p.all {
		c.offering = cloudprovider.OfferingKey{
			InstanceType: c.label(corev1.LabelInstanceTypeStable), Zone: c.label(corev1.LabelTopologyZone), CapacityType: c.label(v1.CapacityTypeLabelKey),
		}
		t := types[c.label(v1.NodePoolLabelKey)][c.offering.InstanceType]
		if t == nil {
			continue
		}
		if o := c.boughtAs(t); o != nil {
			c.offering, c.price, c.known = t.Key(o), o.Price, true
		}
	}
}

// boughtAs is the offering of the type that has the node's zone, capacity type and labels (such as that of a reservation): the
// cheapest where several have. nil if there is none with a price.
func (c *candidate) boughtAs(t *cloudprovider.InstanceType) *cloudprovider.Offering {
	var best *cloudprovider.Offering
	labels := c.labels()
	for i := range t.Offerings {
		o := &t.Offerings[i]
		if o.Zone != c.offering.Zone || o.CapacityType != c.offering.CapacityType || math.IsNaN(o.Price) || o.Price < 0 || !o.Requirements.Match(labels) {
			continue
		}
		if best == nil || cloudprovider.CompareOfferings(*o, *best) < 0 {
			best = o
		}
	}
	return best
}

// labels are the node's, or its claim's while the machine has not joined.
func (c *candidate) labels() map[string]string {
	switch {
	case c.node != nil:
		return c.node.Labels
	case c.claim != nil:
		return c.claim.Labels
	}
	return nil
}

// launchPrice is what launches cost together at their first choices.
func launchPrice(launches []scheduling.Launch) float64 {
	total := 0.0
	for i := range launches {
		total += launches[i].Price()
	}
	return total
}

// worstPrice is what they cost at the dearest.
func worstPrice(launches []scheduling.Launch) float64 {
	total := 0.0
	for i := range launches {
		worst := slices.MaxFunc(launches[i].Choices, func(a, b cloudprovider.Choice) int { return cmp.Compare(a.Price, b.Price) })
		total += worst.Price
	}
	return total
}

// trim takes from the launches the choices at which the command would not save what it must: those that cost more than the
// first by more than the launch's part of the slack, in dollars per hour. Launches of spot capacity keep to it, so that a
// shortage of it fails the command instead of buying what is dearer. The launches are changed; their lists are not.
func trim(launches []scheduling.Launch, slack float64) {
	total := launchPrice(launches)
	for i := range launches {
		l := &launches[i]
		first := l.Offering()
		most := first.Price
		if total > 0 {
			most += slack * first.Price / total
		} else {
			most += slack / float64(len(launches))
		}
		var choices []cloudprovider.Choice
		for _, c := range l.Choices {
			if c.Price <= most && (c.CapacityType == first.CapacityType || first.CapacityType != v1.CapacityTypeSpot) {
				choices = append(choices, c)
			}
		}
		if len(choices) == len(l.Choices) {
			continue
		}
		l.Choices = choices
		l.InstanceTypes = typesOf(choices)
	}
}

// typesOf are the names of the types among the choices, cheapest first.
func typesOf(choices []cloudprovider.Choice) []string {
	least := map[string]float64{}
	var names []string
	for _, c := range choices {
		price, seen := least[c.InstanceType]
		if !seen {
			names = append(names, c.InstanceType)
		}
		if !seen || c.Price < price {
			least[c.InstanceType] = c.Price
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(least[a], least[b]), cmp.Compare(a, b)) })
	return names
}

// lacksValues is the requirement key of the pool of which the launch's types no longer have as many values as minValues asks for,
// after choices have been taken away; empty if there is none.
func (p *planner) lacksValues(l *scheduling.Launch) string {
	pool := p.pools[l.NodePool]
	if pool == nil {
		return ""
	}
	for _, r := range pool.Spec.Template.Spec.Requirements {
		if r.MinValues == nil {
			continue
		}
		values := map[string]bool{}
		for _, c := range l.Choices {
			p.addValues(values, l, c, r.Key)
		}
		if len(values) < *r.MinValues {
			return r.Key
		}
	}
	return ""
}

// addValues adds the values of the label that a node bought by the choice can have.
func (p *planner) addValues(values map[string]bool, l *scheduling.Launch, c cloudprovider.Choice, key string) {
	switch v1.CanonicalLabel(key) {
	case corev1.LabelInstanceTypeStable:
		values[c.InstanceType] = true
		return
	case corev1.LabelTopologyZone:
		values[c.Zone] = true
		return
	case v1.CapacityTypeLabelKey:
		values[c.CapacityType] = true
		return
	}
	for _, t := range p.in.InstanceTypes[l.NodePool] {
		if t == nil || t.Name != c.InstanceType {
			continue
		}
		if r := t.Requirements.Get(key); r.Finite() {
			for _, v := range r.Values() {
				values[v] = true
			}
		}
	}
}
