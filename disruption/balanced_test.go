package disruption

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Figures as in the cases of Karpenter's own tests of the policy.
func TestScore(t *testing.T) {
	for _, tt := range []struct {
		name                string
		saving, disturbance float64
		of                  total
		want                float64
	}{
		{"an oversized node is replaced", 7.26, 4, total{58.08, 90}, 2.8125},
		{"spare capacity is given back", 4.84, 5, total{48.40, 90}, 1.8},
		{"marginal", 2.42, 9, total{58.08, 90}, 0.416667},
		{"well packed", 0, 11, total{48.40, 90}, 0},
		{"half price in a uniform pool", 2.42, 9, total{48.40, 90}, 0.5},
		{"one of ten", 1, 1, total{10, 10}, 1},
		{"the only node", 4.84, 6, total{4.84, 6}, 1},
		{"20 for 5", 20, 5, total{100, 100}, 4},
		{"10 for 10", 10, 10, total{100, 100}, 1},
		{"5 for 50", 5, 50, total{100, 100}, 0.1},
		{"10 for nothing", 10, 0, total{100, 100}, math.Inf(1)},
		{"nothing for 10", 0, 10, total{100, 100}, 0},
		{"a loss", -5, 10, total{100, 100}, 0},
		{"nothing for nothing", 0, 0, total{100, 100}, 0},
		{"the pool costs nothing", 1, 1, total{0, 100}, 0},
		{"the pool is not known", 1, 1, total{}, 0},
		{"no number", math.NaN(), 1, total{100, 100}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.InDelta(t, tt.want, tt.of.score(tt.saving, tt.disturbance), 1e-6)
			ten := total{tt.of.price * 10, tt.of.disturbance * 10}
			require.InDelta(t, tt.want, ten.score(tt.saving*10, tt.disturbance*10), 1e-6, "size makes no difference")
		})
	}
}

func TestBalanced(t *testing.T) {
	// Ten nodes at $1 with three pods each: the pool costs $10, and disturbing all of it 40.
	in := facts()
	in.NodePools[0].Spec.Disruption.ConsolidationPolicy = v1.ConsolidationPolicyBalanced
	in.NodePools = append(in.NodePools, fake.NodePool("other"))
	in.InstanceTypes["other"] = in.InstanceTypes["general"]
	for i := range 10 {
		in.Nodes = append(in.Nodes, member(fmt.Sprintf("n%d", i), "general", running("x"), running("y"), running("z")))
	}
	in.Nodes = append(in.Nodes, member("o", "other", running("x"), running("y"), running("z")))
	bought := func(price float64) []scheduling.Launch {
		l := scheduling.Launch{NodePool: "general", InstanceTypes: []string{"small"}}
		l.Choices = append(l.Choices, choiceAt(price))
		return []scheduling.Launch{l}
	}
	for _, tt := range []struct {
		name   string
		remove []string
		buy    []scheduling.Launch
		o      Options
		detail string // empty if the move is balanced
	}{
		{"given back", []string{"n0"}, nil, Options{}, ""},
		{"for half the price", []string{"n0"}, bought(0.5), Options{}, ""},
		{"for more than half", []string{"n0"}, bought(0.6), Options{},
			"score 0.40 of at least 0.50: saves 4.0 % of what general costs and disturbs 10.0 %"},
		{"two for one", []string{"n0", "n1"}, bought(1), Options{}, ""},
		{"a lower bar", []string{"n0"}, bought(0.6), Options{BalancedThreshold: 0.3}, ""},
		{"no bar", []string{"n0"}, bought(0.99), Options{BalancedThreshold: -1}, ""},
		{"another policy", []string{"o"}, bought(0.99), Options{}, ""},
		{"what is saved is shared among pools", []string{"n0", "o"}, bought(1), Options{}, ""},
		{"so that each pool needs its part", []string{"n0", "o"}, bought(1.2), Options{},
			"score 0.40 of at least 0.50: saves 4.0 % of what general costs and disturbs 10.0 %"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := ask(t, in, tt.o)
			move := part{launches: tt.buy}
			for _, name := range tt.remove {
				move.remove = append(move.remove, p.by[name])
			}
			kept, ok := p.balanced(&move)
			require.Equal(t, tt.detail == "", ok, "%+v", kept)
			require.Equal(t, tt.detail, kept.Detail)
			if !ok {
				require.Equal(t, CodeNotWorth, kept.Code)
			}
		})
	}
}

func TestTotalsCountAllNodes(t *testing.T) {
	in := facts(member("a", "general", running("x")), member("b", "general", running("x", untouched("true"))), member("c", "general"))
	delete(in.Nodes[2].Node.Labels, v1.CapacityTypeLabelKey)
	delete(in.Nodes[2].Claim.Labels, v1.CapacityTypeLabelKey)
	require.Equal(t, map[string]total{"general": {2, 5}}, totals(ask(t, in, Options{}).all), "the price of c is not known")
}
