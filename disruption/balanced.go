package disruption

import (
	"fmt"
	"math"
	"slices"
	"strings"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// total is what all nodes of a NodePool cost, in dollars per hour, and what it would cost to disturb them all.
type total struct{ price, disturbance float64 }

// totals are those of all NodePools, by name. Nodes whose price is unknown cost nothing.
func totals(all []*candidate) map[string]total {
	out := map[string]total{}
	for _, c := range all {
		if pool := c.owner(); pool != "" {
			t := out[pool]
			out[pool] = total{t.price + c.price, t.disturbance + c.cost}
		}
	}
	return out
}

// score is how much a move saves for what it disturbs: the share of the pool's price that it saves, over the share of the
// pool's disturbance that it causes. A node of average price and pods that is given back without a replacement scores 1. It is
// 0 if nothing is saved or the pool costs nothing, and infinite if nothing is disturbed.
func (t total) score(saving, disturbance float64) float64 {
	switch {
	case saving <= 0 || t.price <= 0 || t.disturbance <= 0 || math.IsNaN(saving):
		return 0
	case disturbance <= 0:
		return math.Inf(1)
	}
	return (saving / t.price) / (disturbance / t.disturbance)
}

// scoreTolerance is by how much a score may be off for the sake of rounding.
const scoreTolerance = 1e-9

// balanced reports whether the part saves enough for what it disturbs, in each NodePool with policy Balanced that it takes
// nodes of, and if not, says where. The measure is Karpenter's: see [Options.BalancedThreshold]. What a part saves is divided
// among pools as the prices of its nodes are.
func (p *planner) balanced(t *part) (Kept, bool) {
	policy := func(c *candidate) bool {
		return c.pool != nil && c.pool.Spec.Disruption.ConsolidationPolicy == v1.ConsolidationPolicyBalanced
	}
	if !slices.ContainsFunc(t.remove, policy) {
		return Kept{}, true
	}
	if p.totals == nil {
		p.totals = totals(p.all)
	}
	price := 0.0
	for _, c := range t.remove {
		price += c.price
	}
	taken := totals(t.remove)
	worst, score := "", math.Inf(1)
	for _, c := range t.remove {
		pool := c.owner()
		if !policy(c) || pool == worst {
			continue
		}
		s := p.totals[pool].score(shareOf(t.saving(), taken[pool].price, price), taken[pool].disturbance)
		if s < score || s == score && (worst == "" || strings.Compare(pool, worst) < 0) {
			worst, score = pool, s
		}
	}
	if score >= p.o.BalancedThreshold-scoreTolerance {
		return Kept{}, true
	}
	all := p.totals[worst]
	return Kept{Node: t.remove[0].name, Code: CodeNotWorth, Detail: fmt.Sprintf("score %.2f of at least %.2f: saves %.1f %% of what %s costs and disturbs %.1f %%",
		score, p.o.BalancedThreshold, percent(shareOf(t.saving(), taken[worst].price, price), all.price), worst, percent(taken[worst].disturbance, all.disturbance))}, false
}

// shareOf is the part of the amount that belongs to a share of a whole; all of it where the whole is nothing.
func shareOf(amount, share, whole float64) float64 {
	if whole <= 0 {
		return amount
	}
	return amount * share / whole
}

func percent(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return 100 * part / whole
}
