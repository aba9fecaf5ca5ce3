package scheduling_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/internal/oracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// crowded is a cluster of 20 tainted pools and 1,060 full nodes in which 2,170 pods of 68 kinds wait. Half of them cannot be
// placed and come first by name and by size: they are larger than any machine, or want to be near a pod that is not there.
// The others are light and fit a new node of their team's pool.
func crowded() scheduling.Snapshot {
	const teams, kinds = 20, 31
	s := scheduling.Snapshot{InstanceTypes: map[string][]*cloudprovider.InstanceType{}, DaemonPods: []*corev1.Pod{}, Namespaces: []*corev1.Namespace{}}
	types := []*cloudprovider.InstanceType{
		fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.08), fake.OnDemand("zone-b", 0.09)),
		fake.InstanceType("big", "8", "32Gi", fake.OnDemand("zone-a", 0.32), fake.OnDemand("zone-b", 0.36)),
	}
	full := fake.Pod("resident", fake.Requests("2", "8Gi"))
	for team := range teams {
		name := fmt.Sprintf("team-%d", team)
		pool := fake.NodePool(name)
		pool.Spec.Template.Labels = map[string]string{"team": name}
		pool.Spec.Template.Spec.Taints = []corev1.Taint{{Key: "team", Value: name, Effect: corev1.TaintEffectNoSchedule}}
		s.NodePools = append(s.NodePools, pool)
		s.InstanceTypes[name] = types
		for i := range 53 {
			node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-old-%d", name, i), Labels: pool.Spec.Template.Labels}}
			node.Spec.Taints = pool.Spec.Template.Spec.Taints
			node.Status.Allocatable = corev1.ResourceList{"cpu": full.Spec.Containers[0].Resources.Requests["cpu"], "memory": full.Spec.Containers[0].Resources.Requests["memory"], "pods": types[0].Capacity["pods"]}
			resident := full.DeepCopy()
			resident.Name, resident.Spec.NodeName = "resident-of-"+node.Name, node.Name
			s.Nodes = append(s.Nodes, scheduling.Node{Node: node, Pods: []*corev1.Pod{resident}})
		}
	}
	for kind := range kinds {
		team := fmt.Sprintf("team-%d", kind%teams)
		options := []fake.PodOption{fake.NodeSelector("team", team), fake.Toleration("team", team, corev1.TaintEffectNoSchedule)}
		lonely := append(options[:2:2], fake.Requests(fmt.Sprintf("%dm", 1000+kind), "64Mi"),
			fake.PodAffinity(corev1.LabelTopologyZone, map[string]string{"app": fmt.Sprintf("gone-%d", kind)}))
		light := append(options[:2:2], fake.Requests(fmt.Sprintf("%dm", 100+kind), "64Mi"))
		if kind < 6 {
			large := append(options[:2:2], fake.Requests(fmt.Sprintf("%dm", 16_000+kind), "64Gi"))
			s.Pods = append(s.Pods, fake.Pods(62, fmt.Sprintf("a-large-%d", kind), large...)...)
		}
		s.Pods = append(s.Pods, fake.Pods(23, fmt.Sprintf("a-lonely-%d", kind), lonely...)...)
		s.Pods = append(s.Pods, fake.Pods(35, fmt.Sprintf("z-light-%d", kind), light...)...)
	}
	return s
}

// answered are the pods that a plan has an answer for: a place, or the reason why there is none.
func answered(plan *scheduling.Plan, into map[types.NamespacedName]bool) {
	for _, a := range plan.Assignments {
		into[a.Pod] = true
	}
	for _, u := range plan.Unplaced {
		if u.Verdict == scheduling.Infeasible {
			into[u.Pod] = true
		}
	}
}

// Pods that cannot be placed keep nobody else from being looked at, round after round.
func TestPodsThatFitNowhereStarveNobody(t *testing.T) {
	for name, c := range map[string]struct {
		effort, rounds int
		turns          bool // the round is counted up
		most           int  // pods that may be left without an answer
	}{
		"the effort that looked at 363 pods": {effort: 363, rounds: 2, turns: true},
		"a little effort":                    {effort: 48, rounds: 8, turns: true},
		"the same turn every round":          {effort: 24, rounds: 8, most: 1085},
	} {
		t.Run(name, func(t *testing.T) {
			s := crowded()
			require.Len(t, s.Pods, 2170)
			require.Len(t, s.Nodes, 1060)
			seen := map[types.NamespacedName]bool{}
			rounds := 0
			for ; rounds < c.rounds && len(seen) < 2170; rounds++ {
				opts := scheduling.Options{Effort: c.effort}
				if c.turns {
					opts.Round = rounds
				}
				plan, err := scheduling.Solve(t.Context(), s, opts)
				require.NoError(t, err)
				require.Len(t, s.Pods, len(plan.Assignments)+len(plan.Unplaced), "nobody is passed over in silence")
				require.LessOrEqual(t, plan.Stats.Effort, c.effort)
				answered(plan, seen)
				s = apply(s, plan)
			}
			t.Logf("%d pods without an answer after %d rounds, %d without a place", 2170-len(seen), rounds, len(s.Pods))
			if c.most == 0 {
				require.Len(t, seen, 2170)
				require.Len(t, s.Pods, 1085, "only the pods that fit nowhere are left")
				return
			}
			require.Less(t, len(seen), 2170, "otherwise the rounds are not needed")
		})
	}
}

// On one snapshot every kind of pods gets its look within a bounded number of rounds, whatever the world is like, and what
// is said in any round is true.
func TestEveryKindOfPodsHasItsTurn(t *testing.T) {
	const effort = 8
	for seed := range uint64(60) {
		f := gen.Base()
		f.Size = gen.Minute
		s := gen.World(seed, f)
		whole, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
		require.NoError(t, err)
		seen := map[types.NamespacedName]bool{}
		for round := range whole.Stats.Classes/2 + 2 {
			opts := scheduling.Options{Effort: effort, Round: round}
			plan, err := scheduling.Solve(t.Context(), s, opts)
			require.NoError(t, err)
			require.Empty(t, oracle.Check(s, plan), "seed %d, round %d", seed, round)
			require.Empty(t, oracle.UnplacedWith(s, plan, opts), "seed %d, round %d", seed, round)
			answered(plan, seen)
		}
		kinds := map[string]bool{} // by name without the number of the replica
		kind := func(pod types.NamespacedName) string {
			return pod.Namespace + "/" + pod.Name[:strings.LastIndex(pod.Name, "-")]
		}
		for pod := range seen {
			kinds[kind(pod)] = true
		}
		for _, a := range whole.Assignments {
			require.True(t, kinds[kind(a.Pod)], "seed %d: %s never had its turn", seed, a.Pod)
		}
		for _, u := range whole.Unplaced {
			require.True(t, kinds[kind(u.Pod)] || u.Verdict == scheduling.NotEvaluated, "seed %d: %s never had its turn", seed, u.Pod)
		}
	}
}

// With enough effort the round makes no difference.
func TestRoundChangesNothingWhenThereIsEffortForAll(t *testing.T) {
	for seed := range uint64(20) {
		s := gen.World(seed, gen.Base())
		want, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
		require.NoError(t, err)
		for _, opts := range []scheduling.Options{{Round: 7}, {Round: 7, Effort: 1 << 30}} {
			have, err := scheduling.Solve(t.Context(), s, opts)
			require.NoError(t, err)
			require.Equal(t, want.String(), have.String())
		}
	}
	_, err := scheduling.Solve(t.Context(), scheduling.Snapshot{NodePools: []*v1.NodePool{}}, scheduling.Options{Round: -1})
	require.ErrorContains(t, err, "Round")
}
