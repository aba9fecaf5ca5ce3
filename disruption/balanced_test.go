package disruption

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

func TestScoresOfMoves(t *testing.T) {
	for _, tt := range []struct {
		name                string
		saving, disturbance float64
		of                  total
		score               float64 // to two decimals
		threshold           float64 // 0.5 if zero
		ok                  bool
	}{
		{"a large node is replaced by a small one", 7.26, 4, total{58.08, 90}, 2.81, 0, true},
		{"a node goes whose pods find room", 4.84, 5, total{58.08, 90}, 1.5, 0, true},
		{"hardly worth it", 2.42, 9, total{58.08, 90}, 0.42, 0, false},
		{"hardly worth it, for those who ask for less", 2.42, 9, total{58.08, 90}, 0.42, 1. / 3, true},
		{"hardly worth it, for those who ask for more", 2.42, 9, total{58.08, 90}, 0.42, 1, false},
		{"nothing is saved", 0, 11, total{58.08, 90}, 0, 0, false},
		{"exactly at the threshold", 2.42, 9, total{48.40, 90}, 0.5, 0, true},
		{"few pods on a dear node", 4.84, 5, total{58.08, 117}, 1.95, 0, true},
		{"many pods on a dear node", 4.84, 32, total{58.08, 117}, 0.3, 0, false},
		{"ten times as large", 72.6, 40, total{580.8, 900}, 2.81, 0, true},
		{"nobody is disturbed", 10, 0, total{100, 100}, math.Inf(1), 0, true},
		{"nothing is saved and nobody is disturbed", 0, 0, total{100, 100}, 0, 0, false},
		{"the pool costs nothing", 5, 5, total{0, 100}, 0, 0, false},
		{"the pool cannot be disturbed", 5, 5, total{100, 0}, 0, 0, false},
		{"no such pool", 5, 5, total{}, 0, 0, false},
		{"one of ten equal nodes", 4.84, 5, total{48.4, 50}, 1, 0, true},
		{"the only node of the pool", 4.84, 5, total{4.84, 5}, 1, 0, true},
		{"on-demand prices", 1, 3, total{10, 30}, 1, 0, true},
		{"spot prices, in proportion", 0.3, 3, total{3, 30}, 1, 0, true},
		{"20 % for 5 %", 20, 5, total{100, 100}, 4, 0, true},
		{"10 % for 10 %", 10, 10, total{100, 100}, 1, 0, true},
		{"5 % for 50 %", 5, 50, total{100, 100}, 0.1, 0, false},
		{"10 % for nothing", 10, 0, total{100, 100}, math.Inf(1), 0, true},
		{"nothing for 10 %", 0, 10, total{100, 100}, 0, 0, false},
		{"a loss", -5, 10, total{100, 100}, 0, 0, false},
		{"who knows", math.NaN(), 10, total{100, 100}, 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			score := tt.of.score(tt.saving, tt.disturbance)
			if !math.IsInf(score, 1) {
				score = math.Round(score*100) / 100
			}
			require.Equal(t, tt.score, score)

			// The same as a part: one node that costs the saving, in a pool that comes to the totals.
			p := ask(t, facts(member("n", "general")), Options{BalancedThreshold: tt.threshold})
			n := p.by["n"]
			n.pool.Spec.Disruption.ConsolidationPolicy = v1.ConsolidationPolicyBalanced
			n.price, n.cost = tt.saving, tt.disturbance
			p.totals = map[string]total{"general": tt.of}
			kept, ok := p.balanced(&part{remove: []*candidate{n}})
			require.Equal(t, tt.ok, ok, kept.Detail)
			if !ok {
				require.Equal(t, CodeNotWorth, kept.Code)
				require.Contains(t, kept.Detail, "general")
			}

			n.pool.Spec.Disruption.ConsolidationPolicy = v1.ConsolidationPolicyWhenEmptyOrUnderutilized
			_, ok = p.balanced(&part{remove: []*candidate{n}})
			require.True(t, ok, "no other policy asks")
		})
	}
}

func TestTotalsAreOfAllNodes(t *testing.T) {
	unknown := member("e", "general")
	unknown.Node.Labels["topology.kubernetes.io/zone"] = "nowhere"
	foreign := scheduling.Node{Node: fake.Node("x")}
	in := facts(member("a", "general", running("one"), running("two")), member("b", "general"), member("c", "general"), member("d", "gone"), unknown, foreign)
	in.Nodes[1].Node.Annotations = map[string]string{v1.DoNotDisruptAnnotationKey: "true"}
	p := ask(t, in, Options{})
	require.Equal(t, map[string]total{"general": {price: 3, disturbance: 3 + 1 + 1 + 1}}, totals(p.all),
		"what may not go counts, an unknown price is nothing, and a pool that is not there has no totals")
}

// What a move saves over several pools is divided by what their nodes cost, and each pool that asks must agree.
func TestMovesOverSeveralPools(t *testing.T) {
	world := func(saving float64) (*planner, *part) {
		in := facts(member("a0", "a"), member("b0", "b"))
		in.NodePools = []*v1.NodePool{fake.NodePool("a"), fake.NodePool("b")}
		for i := range 9 {
			in.Nodes = append(in.Nodes, member("a"+strconv.Itoa(i+1), "a"), member("b"+strconv.Itoa(i+1), "b"))
		}
		in.InstanceTypes = map[string][]*cloudprovider.InstanceType{"a": {large()}, "b": {large()}}
		p := ask(t, in, Options{})
		launch := scheduling.Launch{Choices: []cloudprovider.Choice{{Price: 2 - saving}}}
		return p, &part{remove: []*candidate{p.by["a0"], p.by["b0"]}, launches: []scheduling.Launch{launch}}
	}
	for _, tt := range []struct {
		name    string
		saving  float64
		balance []string // pools with policy Balanced
		dear    float64  // how much harder it is to disturb the node of b
		ok      bool
		says    string
	}{
		{"both agree", 2, []string{"a", "b"}, 1, true, ""},
		{"exactly enough", 1, []string{"a", "b"}, 1, true, ""},
		{"neither agrees", 0.8, []string{"a", "b"}, 1, false, "score 0.40 of at least 0.50: saves 4.0 % of what a costs and disturbs 10.0 %"},
		{"one does not", 2, []string{"a", "b"}, 5, false, "score 0.28 of at least 0.50: saves 10.0 % of what b costs and disturbs 35.7 %"},
		{"that one is not asked", 2, []string{"a"}, 5, true, ""},
		{"nobody is asked", 0.1, nil, 5, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, part := world(tt.saving)
			for _, name := range tt.balance {
				p.pools[name].Spec.Disruption.ConsolidationPolicy = v1.ConsolidationPolicyBalanced
			}
			p.by["b0"].cost *= tt.dear
			kept, ok := p.balanced(part)
			require.Equal(t, tt.ok, ok, kept.Detail)
			require.Equal(t, tt.says, kept.Detail)
		})
	}
}
