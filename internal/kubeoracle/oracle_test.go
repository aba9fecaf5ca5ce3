package kubeoracle_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/internal/kubeoracle"
	"github.com/kerf-autoscaler/kerf/internal/oracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// TestOracleAgrees spoils the plans of random worlds and compares what package oracle says of them with what the real
// scheduler says: of pods moved to a node at random, and of pods left out for no reason.
func TestOracleAgrees(t *testing.T) {
	wrong, right, failed := 0, 0, 0
	for i := range max(1, *worldCount/4) {
		seed := *firstSeed + uint64(i)
		s := gen.World(seed, gen.Base())
		problem, w, r := compare(t, s, seed)
		wrong, right = wrong+w, right+r
		if problem == "" {
			continue
		}
		small := gen.Shrink(s, func(s scheduling.Snapshot) bool {
			p, _, _ := compare(t, s, seed)
			return p != "" && p[:12] == problem[:12]
		})
		again, _, _ := compare(t, small, seed)
		t.Errorf("seed %d: %s\n\nin a smaller world: %s\n%s", seed, problem, again, gen.Dump(small))
		if failed++; failed == maxReports {
			break
		}
	}
	t.Logf("both refuse %d pods, and accept %d", wrong, right)
}

// compare spoils the plan and describes a disagreement. It counts the pods that both refuse and accept.
func compare(t *testing.T, s scheduling.Snapshot, seed uint64) (problem string, wrong, right int) {
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 3 {
		move(random, s, plan)
	}
	drop(random, plan)
	findings, err := kubeoracle.Judge(t.Context(), s, plan, scheduling.Options{})
	require.NoError(t, err)
	kube, own := map[string]string{}, map[string]string{}
	for _, f := range findings {
		if f.Check == kubeoracle.Final || f.Check == kubeoracle.Unplaced {
			kube[string(f.Check)+" pod "+f.Pod.String()] = f.String()
		}
	}
	for _, v := range slices.Concat(oracle.Check(s, plan), oracle.Unplaced(s, plan)) {
		switch v.Rule {
		case oracle.Fits, oracle.Tolerates, oracle.Affinity, oracle.AntiAffinity, oracle.HostPorts:
			own["final "+v.Object] = v.String()
		case oracle.RoomLeft, oracle.CouldLaunch:
			own["unplaced "+v.Object] = v.String()
		}
	}
	for _, what := range slices.Sorted(maps.Keys(kube)) {
		if own[what] == "" {
			return "only kube-scheduler objects: " + kube[what], 0, 0
		}
	}
	for _, what := range slices.Sorted(maps.Keys(own)) {
		if kube[what] == "" {
			return "only the oracle objects: " + own[what], 0, 0
		}
	}
	return "", len(kube), len(plan.Assignments) + len(plan.Unplaced) - len(kube)
}

// move assigns a pod to a node at random.
func move(random *rand.Rand, s scheduling.Snapshot, plan *scheduling.Plan) {
	targets := []scheduling.Assignment{}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if n.Node != nil && n.Node.DeletionTimestamp != nil || n.Claim != nil && n.Claim.DeletionTimestamp != nil {
			continue
		}
		targets = append(targets, scheduling.Assignment{Node: n.Name()})
	}
	for i := range plan.Launches {
		targets = append(targets, scheduling.Assignment{Node: plan.Launches[i].Name, Launch: true})
	}
	if len(plan.Assignments) == 0 || len(targets) == 0 {
		return
	}
	a := &plan.Assignments[random.IntN(len(plan.Assignments))]
	target := targets[random.IntN(len(targets))]
	leave(plan, *a)
	a.Node, a.Launch = target.Node, target.Launch
	for i := range plan.Launches {
		if l := &plan.Launches[i]; a.Launch && l.Name == a.Node {
			l.Pods = append(l.Pods, a.Pod)
		}
	}
}

// drop leaves a pod out and says that it must be.
func drop(random *rand.Rand, plan *scheduling.Plan) {
	if len(plan.Assignments) == 0 {
		return
	}
	at := random.IntN(len(plan.Assignments))
	a := plan.Assignments[at]
	leave(plan, a)
	plan.Assignments = slices.Delete(plan.Assignments, at, at+1)
	plan.Unplaced = append(plan.Unplaced, scheduling.Unplaced{Pod: a.Pod, Verdict: scheduling.Infeasible, Rejections: []scheduling.Rejection{{Code: scheduling.InsufficientResource}}})
}

// leave takes the pod from the launch that lists it.
func leave(plan *scheduling.Plan, a scheduling.Assignment) {
	for i := range plan.Launches {
		if l := &plan.Launches[i]; a.Launch && l.Name == a.Node {
			l.Pods = slices.DeleteFunc(slices.Clone(l.Pods), func(p types.NamespacedName) bool { return p == a.Pod })
		}
	}
}
