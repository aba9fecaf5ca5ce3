package disruption

import (
	"slices"
	"time"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// This file keeps a cluster at rest. Every command that saves money lowers what the nodes cost, so with prices and pods as they
// are, commands come to an end. What would start them anew is that prices wander, or that what one command does is undone by
// the next: hence the margins, the cool-down, and the memory of what was exchanged for what.

// defaults of Options.
const (
	minSavings        = 0.001
	minSavingsPercent = 1
	spotMargin        = 15
	evictionPrice     = 0.001
	horizon           = 2 * time.Hour
	coolDown          = 10 * time.Minute
	memory            = 24 * time.Hour
	backOff           = 5 * time.Minute
	maxNodes          = 25
	balancedThreshold = 0.5
	startUp           = 10 * time.Minute
)

// withDefaults are the options with every 0 that means a default replaced by it, and what is negative by none.
func (o Options) withDefaults() Options {
	number := func(v *float64, standard float64) {
		if *v == 0 {
			*v = standard
		}
		*v = max(0, *v)
	}
	span := func(v *time.Duration, standard time.Duration) {
		if *v == 0 {
			*v = standard
		}
		*v = max(0, *v)
	}
	number(&o.MinSavings, minSavings)
	number(&o.MinSavingsPercent, minSavingsPercent)
	number(&o.SpotMargin, spotMargin)
	number(&o.EvictionPrice, evictionPrice)
	number(&o.BalancedThreshold, balancedThreshold)
	span(&o.Horizon, horizon)
	span(&o.CoolDown, coolDown)
	span(&o.Memory, memory)
	span(&o.BackOff, backOff)
	span(&o.StartUp, startUp)
	if o.MaxNodes <= 0 {
		o.MaxNodes = maxNodes
	}
	return o
}

// history is what Input.History says, by node and by exchange.
type history struct {
	rests     map[string]time.Time // until when a node is left alone by commands that only save money
	exchanges []exchange
}

// exchange is an offering that was given back, and one that was bought for it, in a NodePool.
type exchange struct {
	gave, got cloudprovider.OfferingKey
	pool      string
}

func newHistory(in *Input, o Options) *history {
	h := &history{rests: map[string]time.Time{}}
	rest := func(node string, until time.Time) {
		if until.After(in.Now) && until.After(h.rests[node]) {
			h.rests[node] = until
		}
	}
	moved := map[string]time.Time{} // by pod: until when it is left alone
	failures := map[string]int{}
	last := map[string]time.Time{}
	for i := range in.History {
		past := &in.History[i]
		if past.Failed {
			for _, b := range past.Removed {
				failures[b.Node]++
				if past.At.After(last[b.Node]) {
					last[b.Node] = past.At
				}
			}
			continue
		}
		for _, b := range past.Launched {
			rest(b.Node, past.At.Add(o.CoolDown))
		}
		for _, pod := range past.Moved {
			if until := past.At.Add(o.CoolDown); until.After(moved[pod.String()]) {
				moved[pod.String()] = until
			}
		}
		if past.At.Add(o.Memory).After(in.Now) {
			for _, gave := range past.Removed {
				for _, got := range past.Launched {
					h.exchanges = append(h.exchanges, exchange{gave: gave.OfferingKey, got: got.OfferingKey, pool: got.NodePool})
				}
			}
		}
	}
	for node, n := range failures {
		rest(node, last[node].Add(o.BackOff<<min(n-1, 4)))
	}
	if len(moved) > 0 {
		for i := range in.Nodes {
			for _, pod := range in.Nodes[i].Pods {
				if pod != nil {
					if until, known := moved[podName(pod).String()]; known {
						rest(in.Nodes[i].Name(), until)
					}
				}
			}
		}
	}
	return h
}

// undone is the exchange of old that the part would take back: it buys what was given back then, for what was bought then.
func (h *history) undone(t *part) (exchange, bool) {
	for _, e := range h.exchanges {
		if e.gave == e.got {
			continue
		}
		back := func(l scheduling.Launch) bool { return l.NodePool == e.pool && l.Offering().OfferingKey == e.gave }
		if slices.ContainsFunc(t.launches, back) && slices.ContainsFunc(t.remove, func(c *candidate) bool { return c.offering == e.got }) {
			return e, true
		}
	}
	return exchange{}, false
}

// life is for how long what the part saves is saved: until its first node would expire, but no longer than Horizon.
func (p *planner) life(t *part) time.Duration {
	life := p.o.Horizon
	for _, c := range t.remove {
		if c.claim == nil || c.claim.Spec.ExpireAfter.Duration == nil {
			continue
		}
		if left := c.created().Add(*c.claim.Spec.ExpireAfter.Duration).Sub(p.in.Now); !c.created().IsZero() {
			life = min(life, max(0, left))
		}
	}
	return life
}

// overlap is how long a replacement is paid for beside what it replaces, while it starts and the pods move, where nothing has been
// learned of its pool.
const overlap = 3 * time.Minute

// effort is what it costs to carry the part out, in dollars: to disturb its pods, and to pay for old and new at once for a while.
func (p *planner) effort(t *part) float64 {
	costs := p.o.EvictionPrice * (t.cost() - float64(len(t.remove)))
	for i := range t.launches {
		span := overlap
		if learned, known := p.in.StartUp[t.launches[i].NodePool]; known {
			span = learned
		}
		costs += t.launches[i].Price() * span.Hours()
	}
	return costs
}

// required is what the part must save at the least, in dollars per hour, for prices not to be what decides.
func (p *planner) required(t *part) float64 {
	least := p.o.MinSavings
	if len(t.launches) == 0 {
		return least
	}
	price, spot := 0.0, true
	for _, c := range t.remove {
		price += c.price
		spot = spot && c.offering.CapacityType == v1.CapacityTypeSpot
	}
	percent := p.o.MinSavingsPercent
	for i := range t.launches {
		if spot && t.launches[i].Offering().CapacityType == v1.CapacityTypeSpot {
			percent = max(percent, p.o.SpotMargin)
		}
	}
	return max(least, price*percent/100)
}
