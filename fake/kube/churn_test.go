package kube

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
)

func TestCyclesAreNodesBoughtBack(t *testing.T) {
	start := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	bought := func(node, typ string) []disruption.Bought {
		return []disruption.Bought{{Node: node, NodePool: "p", OfferingKey: cloudprovider.OfferingKey{InstanceType: typ, Zone: "z", CapacityType: "spot"}}}
	}
	move := func(after time.Duration, load float64, from, to []disruption.Bought) replacement {
		return replacement{at: start.Add(after), load: load, past: disruption.Past{Removed: from, Launched: to}}
	}
	a1, b2, a3, b4 := bought("1", "A"), bought("2", "B"), bought("3", "A"), bought("4", "B")
	first := move(0, 100, a1, b2)
	for name, tc := range map[string]struct {
		moves []replacement
		want  int
	}{
		"there and back":            {[]replacement{first, move(time.Hour, 100, b2, a3)}, 1},
		"and once more":             {[]replacement{first, move(time.Hour, 100, b2, a3), move(2*time.Hour, 100, a3, b4)}, 2},
		"load nearly the same":      {[]replacement{first, move(time.Hour, 96, b2, a3)}, 1},
		"load has changed":          {[]replacement{first, move(time.Hour, 120, b2, a3)}, 0},
		"a day later":               {[]replacement{first, move(25*time.Hour, 100, b2, a3)}, 0},
		"on to something else":      {[]replacement{first, move(time.Hour, 100, b2, bought("3", "C"))}, 0},
		"another node's successor":  {[]replacement{first, move(time.Hour, 100, bought("9", "B"), a3)}, 0},
		"the same offering anew":    {[]replacement{move(0, 100, a1, bought("2", "A")), move(time.Hour, 100, bought("2", "A"), a3)}, 0},
		"one node, bought back two": {[]replacement{first, move(time.Hour, 100, b2, append(bought("3", "A"), bought("5", "A")...))}, 1},
	} {
		count := newTally()
		for _, m := range tc.moves {
			count.replaced(m)
		}
		require.Equal(t, tc.want, count.cycles, name)
	}
}
