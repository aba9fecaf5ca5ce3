package oracle

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// team adds a group.
func (f fixture) team(minCount int, key string, pods ...string) {
	g := scheduling.Group{Name: "team", MinCount: minCount, TopologyKey: key}
	for _, name := range pods {
		g.Pods = append(g.Pods, types.NamespacedName{Namespace: "default", Name: name})
	}
	f.s.Groups = append(f.s.Groups, g)
}

// incomplete says of all pods left out that their group is.
func (f fixture) incomplete() fixture {
	for i := range f.p.Unplaced {
		f.p.Unplaced[i].Rejections = []scheduling.Rejection{{Code: scheduling.GroupIncomplete, Count: 1}}
	}
	return f
}

func TestGroups(t *testing.T) {
	three := func(nodes ...string) fixture {
		f := newTown("a", "b", "")
		for i, n := range nodes {
			f.waits(n, []string{"x", "y", "z"}[i])
		}
		return f
	}
	build := func(f fixture, minCount int, key string, pods ...string) func() fixture {
		f.team(minCount, key, append([]string{"x", "y", "z"}, pods...)...)
		return func() fixture { return f.incomplete() }
	}
	runTowns(t, []town{
		{"all", build(three("n-1", "n-2", "n-3"), 0, ""), nil},
		{"none", build(three("", "", ""), 0, ""), nil},
		{"some of all", build(three("n-1", "", "n-3"), 0, ""), []Rule{Group}},
		{"enough, and more would do no harm", build(three("n-1", "", "n-3"), 2, ""), []Rule{Answer}},
		{"too few", build(three("n-1", "", ""), 2, ""), []Rule{Group}},
		{"all that wait", build(three("n-1", "n-2"), 0, "", "ghost"), nil},
		{"all that wait are too few", build(three("n-1", "n-2"), 3, ""), []Rule{Group}},
		{"one zone", build(three("n-1", "n-1", "n-1"), 0, zone), nil},
		{"two zones", build(three("n-1", "n-1", "n-2"), 0, zone), []Rule{Group}},
		{"no zone", build(three("n-3", "n-3", "n-3"), 0, zone), []Rule{Group}},
		{"nobody's group", func() fixture { return three("").incomplete() }, []Rule{Answer}},
	})
}

func TestPodsOfGroupsThatAreLeftOut(t *testing.T) {
	for _, row := range []town{
		{"with its group", func() fixture {
			f := newTown("a")
			f.waits("", "x")
			f.waits("", "y")
			f.team(0, "", "x", "y")
			return f.incomplete()
		}, nil},
		{"with its group, for a reason that is not true", func() fixture {
			f := newTown("a")
			f.waits("", "x")
			f.team(0, "", "x")
			return f
		}, []Rule{RoomLeft}},
		{"alone in its group, which is no excuse", func() fixture {
			f := newTown("a")
			f.waits("", "x")
			f.team(0, "", "x")
			return f.incomplete()
		}, []Rule{RoomLeft, Reason}},
		{"there is room where the group is", func() fixture {
			f := newTown("a", "a")
			f.waits("n-1", "x")
			f.waits("", "y")
			f.team(1, zone, "x", "y")
			return f
		}, []Rule{RoomLeft}},
		{"there is room where the group is not", func() fixture {
			f := newTown("a", "b")
			f.sells("b")
			f.waits("n-1", "x")
			f.waits("", "y")
			f.node("n-1").Node.Status.Allocatable = amounts("cpu", "1", "pods", "1")
			f.team(1, zone, "x", "y")
			return f
		}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := row.build()
			requireRules(t, Unplaced(*f.s, f.p), row.rules...)
		})
	}
}
