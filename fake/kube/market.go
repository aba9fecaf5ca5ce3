package kube

import (
	"math"
	"strconv"
	"time"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// market is what the cloud sells, at which price. Types that have been published are never written to.
type market struct {
	base    []*cloudprovider.InstanceType
	current []*cloudprovider.InstanceType // as published, in the order of base
	at      map[string]int                // by name
	walk    map[cloudprovider.OfferingKey]float64
	out     map[cloudprovider.OfferingKey]time.Time // until when there is none
	used    map[string]int                          // machines by stock key
	hour    int
	dear    map[string]float64 // the dearest price on demand, by type and zone
}

func newMarket(types []*cloudprovider.InstanceType) *market {
	m := &market{
		base: types, current: append([]*cloudprovider.InstanceType{}, types...), at: map[string]int{},
		walk: map[cloudprovider.OfferingKey]float64{}, out: map[cloudprovider.OfferingKey]time.Time{}, used: map[string]int{},
		dear: map[string]float64{},
	}
	for i, t := range types {
		m.at[t.Name] = i
		for _, o := range t.Offerings {
			if o.CapacityType == v1.CapacityTypeOnDemand {
				m.dear[t.Name+"/"+o.Zone] = max(m.dear[t.Name+"/"+o.Zone], o.Price)
			}
		}
	}
	return m
}

// reversion is the share of a price's distance from the catalogue's that goes away in an hour.
const reversion = 0.02

// drift moves the spot prices on by an hour.
func (m *market) drift(c chance, noise float64) {
	m.hour++
	hour := strconv.Itoa(m.hour)
	for i, t := range m.base {
		changed := false
		for j := range t.Offerings {
			if key := t.Key(&t.Offerings[j]); key.CapacityType == v1.CapacityTypeSpot {
				m.walk[key] = m.walk[key]*(1-reversion) + noise*c.normal("price", key.String(), hour)
				changed = true
			}
		}
		if changed {
			m.publish(i)
		}
	}
}

// publish makes the i-th type anew, with prices and availability as they are.
func (m *market) publish(i int) {
	t := m.base[i].Clone()
	for j := range t.Offerings {
		o := &t.Offerings[j]
		key := t.Key(o)
		o.Price = m.listed(o, key)
		if _, out := m.out[key]; out {
			o.Available = false
		}
		if o.Stock != nil {
			o.Stock.Count = max(0, o.Stock.Count-m.used[o.Stock.Key])
		}
	}
	m.current[i] = t
}

// listed is the price of an offering of the catalogue now, in whole hundredths of a cent.
func (m *market) listed(o *cloudprovider.Offering, key cloudprovider.OfferingKey) float64 {
	away := m.walk[key]
	if away == 0 {
		return o.Price
	}
	price := o.Price * math.Exp(away)
	if top, sold := m.dear[key.InstanceType+"/"+key.Zone]; sold {
		price = min(price, top)
	}
	return math.Round(price*1e4) / 1e4
}

// price is what a machine of the offering costs now, in dollars per hour. 0 if it is not sold any more.
func (m *market) price(key cloudprovider.OfferingKey) float64 {
	if t, o := m.find(key); t != nil {
		return o.Price
	}
	return 0
}

// find is the published offering, nil if there is none.
func (m *market) find(key cloudprovider.OfferingKey) (*cloudprovider.InstanceType, *cloudprovider.Offering) {
	i, sold := m.at[key.InstanceType]
	if !sold {
		return nil, nil
	}
	o := m.current[i].Find(key)
	if o == nil {
		return nil, nil
	}
	return m.current[i], o
}

// setOut says until when there is none of the offering; the zero time means that there is some again.
func (m *market) setOut(key cloudprovider.OfferingKey, until time.Time) {
	if until.IsZero() {
		delete(m.out, key)
	} else {
		m.out[key] = until
	}
	m.publish(m.at[key.InstanceType])
}

// use counts machines of a stock: n more.
func (m *market) use(stock string, n int) {
	if stock == "" {
		return
	}
	m.used[stock] += n
	for i, t := range m.base {
		for j := range t.Offerings {
			if s := t.Offerings[j].Stock; s != nil && s.Key == stock {
				m.publish(i)
				break
			}
		}
	}
}
