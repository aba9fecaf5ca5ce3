package kubeoracle

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

var greedyWorlds = flag.Int("greedy", 60, "how many random worlds are planned for pod by pod, by the real scheduler")

// greedy plans as a naive autoscaler would: pod by pod, in the order of the world, each to the first node that the real
// scheduler accepts, or else to the first node that could be bought for it. Again and again, until no more pods find a
// place. It is no good plan, but one that the judge must not object to.
type greedy struct {
	*state
	plan *scheduling.Plan
}

// mostRounds bounds how often a naive plan is begun anew.
const mostRounds = 12

// greedily plans for the world; nil if it comes to no end. All nodes must be there from the beginning, as a node in a new
// zone may forbid what was right before: so it begins anew with the nodes that it has bought, until it buys none. It also
// begins anew without the groups that were not complete.
func greedily(ctx context.Context, t *testing.T, s scheduling.Snapshot) *greedy {
	var launches []scheduling.Launch
	given := map[types.NamespacedName]bool{}
	for range mostRounds {
		g, incomplete := oneRound(ctx, t, &s, launches, given)
		if len(g.plan.Launches) == len(launches) && len(incomplete) == 0 {
			return g
		}
		launches = g.plan.Launches
		for _, name := range incomplete {
			given[name] = true
		}
	}
	return nil
}

// oneRound plans with those launches to begin with, and without the pods that are given up. It lists the members of
// groups of which too few were placed.
func oneRound(ctx context.Context, t *testing.T, s *scheduling.Snapshot, launches []scheduling.Launch, given map[types.NamespacedName]bool) (g *greedy, incomplete []types.NamespacedName) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	plan := &scheduling.Plan{Launches: slices.Clone(launches)}
	st, err := newState(ctx, s, plan, scheduling.Options{})
	require.NoError(t, err)
	g = &greedy{st, plan}
	var waiting []types.NamespacedName
	for _, pod := range s.Pods {
		switch name := nameOf(pod); {
		case g.pods[name] == nil:
		case given[name]:
			plan.Unplaced = append(plan.Unplaced, scheduling.Unplaced{
				Pod: name, Verdict: scheduling.Infeasible, Rejections: []scheduling.Rejection{{Code: scheduling.GroupIncomplete}},
			})
		default:
			waiting = append(waiting, name)
		}
	}
	for again := true; again; {
		var left []types.NamespacedName
		for _, name := range waiting {
			if !g.one(ctx, g.pods[name]) {
				left = append(left, name)
			}
		}
		again = len(left) < len(waiting)
		waiting = left
	}
	for _, name := range waiting {
		plan.Unplaced = append(plan.Unplaced, scheduling.Unplaced{Pod: name, Verdict: scheduling.Infeasible})
	}
	for name, group := range g.groups {
		if n := len(group.placed); n > 0 && n < group.need {
			incomplete = append(incomplete, name)
		}
	}
	return g, incomplete
}

// one places the pod, if it can.
func (g *greedy) one(ctx context.Context, pod *corev1.Pod) bool {
	c := g.begin(ctx, pod)
	for _, info := range slices.Clone(g.board.nodes) {
		name := info.Node().Name
		if g.leaving[name] || !g.groups[nameOf(pod)].admits(info.Node().Labels) || !c.filter(ctx, info).none() {
			continue
		}
		if l, fresh := g.launches[name]; fresh && !g.staysFlexible(l, pod) {
			continue
		}
		return g.bindTo(ctx, pod, name)
	}
	for _, p := range g.pools {
		if f := g.furtherFor(ctx, p, pod, c); f != nil {
			return g.bindTo(ctx, pod, g.launch(f))
		}
	}
	return false
}

func (g *greedy) bindTo(ctx context.Context, pod *corev1.Pod, node string) bool {
	c, r := g.try(ctx, pod, node)
	if r.none() {
		r = refused(g.RunReservePluginsReserve(ctx, c.state, pod, node))
	}
	if !r.none() {
		return false
	}
	bound := on(pod, node)
	if group := g.groups[nameOf(pod)]; group != nil {
		if len(group.placed) == 0 {
			group.value = g.board.byName[node].Node().Labels[group.source.TopologyKey]
		}
		group.placed = append(group.placed, nameOf(pod))
	}
	g.board.place(bound)
	g.placed = append(g.placed, bound)
	_, launch := g.launches[node]
	g.plan.Assignments = append(g.plan.Assignments, scheduling.Assignment{Pod: nameOf(pod), Node: node, Launch: launch})
	return true
}

// launch adds the further node to the plan, and says how it is called.
func (g *greedy) launch(f *further) string {
	node := f.node.DeepCopy()
	node.Name = fmt.Sprintf("%s-launch-%d", f.pool.source.Name, len(g.plan.Launches))
	node.Labels = maps.Clone(node.Labels)
	node.Labels[corev1.LabelHostname] = node.Name
	l := scheduling.Launch{Name: node.Name, NodePool: f.pool.source.Name, Node: node}
	key := cloudprovider.OfferingKey{InstanceType: f.typ.Name, Zone: f.offering.Zone, CapacityType: f.offering.CapacityType}
	if f.offering.Stock != nil {
		key.StockKey = f.offering.Stock.Key
	}
	l.Choices = []cloudprovider.Choice{{OfferingKey: key, Price: f.offering.Price}}
	for _, ds := range g.daemons {
		if runsOn(ds, node) {
			l.DaemonPods = append(l.DaemonPods, types.NamespacedName{Namespace: ds.Namespace, Name: ds.Name})
		}
	}
	g.plan.Launches = append(g.plan.Launches, l)
	g.addLaunch(&g.plan.Launches[len(g.plan.Launches)-1])
	return l.Name
}

// TestTheJudgeAgreesWithTheSchedulerItself plans by asking the scheduler itself, and lets the judge look at the plan. It
// also tells how many pods of random worlds could be placed.
func TestTheJudgeAgreesWithTheSchedulerItself(t *testing.T) {
	waiting, placed, launches, tipped, endless := 0, 0, 0, 0, 0
	var took time.Duration
	for seed := range uint64(*greedyWorlds) {
		s := gen.World(seed, gen.Full())
		g := greedily(t.Context(), t, s)
		if g == nil {
			endless++
			continue
		}
		waiting, placed, launches = waiting+len(g.pods), placed+len(g.plan.Assignments), launches+len(g.plan.Launches)
		start := time.Now()
		findings, err := Judge(t.Context(), s, g.plan, scheduling.Options{})
		took += time.Since(start)
		require.NoError(t, err)
		for _, f := range findings {
			if f.OrderDependent {
				tipped++
				continue
			}
			t.Errorf("seed %d: %s", seed, f)
		}
	}
	t.Logf("%d worlds: %d of %d pods placed (%.0f %%), %d launches, %d times a later pod tips the skew, %d without end; judged at %.1f worlds/s", *greedyWorlds,
		placed, waiting, 100*float64(placed)/float64(waiting), launches, tipped, endless, float64(*greedyWorlds)/took.Seconds())
	require.Greater(t, placed, waiting/3)
	require.Less(t, endless, *greedyWorlds/10+1)
}
