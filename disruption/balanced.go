package disruption

import (
	"fmt"
	"math"
	"slices"
	"strings"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// totals are what all nodes of a NodePool cost together in dollars per hour, as far as prices are known, and what it would
// cost to disturb all their pods.
type totals struct {
	price, disruption float64
}

// totalsByPool are the totals of each NodePool, over all of its nodes, whether they may be disrupted or not.
func totalsByPool(all []*candidate) map[string]totals {
	out := map[string]totals{}
	for _, c := range all {
		if c.pool == nil {
			continue
		}
		t := out[c.pool.Name]
		t.price += c.worthInDollars()
		t.disruption += c.cost
		out[c.pool.Name] = t
	}
	return out
}

// worthInDollars is the node's price, 0 if it is not known.
func (c *candidate) worthInDollars() float64 {
	if !c.known || math.IsNaN(c.price) {
		return 0
	}
	return c.price
}

// score is the share of the pool's cost that a move saves over the share of the pool's disruption that it causes: 1 is what
// removing an average node without a replacement comes to. A move that saves nothing has 0, and so has one in a pool whose
// cost is not known; one that saves and disturbs nothing has no bound. The formula is Karpenter's.
func (t totals) score(saving, disruption float64) float64 {
	switch {
	case !(saving > 0), !(t.price > 0):
		return 0
	case disruption <= 0:
		return math.Inf(1)
	case !(t.disruption > 0):
		return 0
	}
	return saving / t.price / (disruption / t.disruption)
}

// nearly is the relative error of a score that does not count.
const nearly = 1e-9

// balanced reports whether a move is worth its disturbance in each NodePool with policy Balanced that it takes nodes from,
// and if not, why. The saving of a move that takes nodes from several pools is divided among them by what their nodes
// cost. A move that removes nothing is not worth it.
func (p *planner) balanced(remove []*candidate, saving float64, all map[string]totals) (why string, ok bool) {
	if len(remove) == 0 {
		return "nothing would be removed", false
	}
	parts, total := map[string]totals{}, 0.0
	var pools []*v1.NodePool
	for _, c := range remove {
		part, known := parts[c.owner()]
		if !known && c.pool != nil {
			pools = append(pools, c.pool)
		}
		part.price += c.worthInDollars()
		part.disruption += c.cost
		parts[c.owner()] = part
		total += c.worthInDollars()
	}
	threshold := p.o.BalancedThreshold
	for _, pool := range slices.SortedFunc(slices.Values(pools), comparePools) {
		if pool.Spec.Disruption.ConsolidationPolicy != v1.ConsolidationPolicyBalanced {
			continue
		}
		own, of := parts[pool.Name], all[pool.Name]
		share := saving
		if len(parts) > 1 {
			share = 0
			if total > 0 {
				share = saving * own.price / total
			}
		}
		if score := of.score(share, own.disruption); score < threshold*(1-nearly) {
			return fmt.Sprintf("score %.2f of NodePool %s is below %.2f: %s of its cost saved, %s of its pods disturbed",
				score, pool.Name, threshold, percent(share, of.price), percent(own.disruption, of.disruption)), false
		}
	}
	return "", true
}

func comparePools(a, b *v1.NodePool) int { return strings.Compare(a.Name, b.Name) }

// percent is a share for people.
func percent(part, whole float64) string {
	if !(whole > 0) {
		return "0%"
	}
	return fmt.Sprintf("%.1f%%", 100*part/whole)
}
