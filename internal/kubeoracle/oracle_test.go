package kubeoracle_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"

	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/internal/kubeoracle"
	"github.com/kerf-autoscaler/kerf/internal/oracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// TestOracleAgrees spoils the plans of random worlds and compares what package oracle says of them with what the real
// scheduler says: of pods moved to a node at random, and of pods left out for no reason.
func TestOracleAgrees(t *testing.T) {
	agree(t, gen.Base(), func(random *rand.Rand, s scheduling.Snapshot, plan *scheduling.Plan) {
		for range 3 {
			move(random, s, plan)
		}
		drop(random, plan)
	})
}

// TestOracleAgreesOnConstraintsBetweenPods scatters the pods of random worlds that are full of them, whether there is a
// plan for them or not, over the nodes of the world and over launches that are made up. What each judge makes of groups
// and of minValues is not compared.
func TestOracleAgreesOnConstraintsBetweenPods(t *testing.T) {
	f := gen.Full()
	f.Size, f.MinValues, f.Groups, f.Unsupported = gen.Small, false, false, false
	agree(t, f, func(random *rand.Rand, s scheduling.Snapshot, plan *scheduling.Plan) {
		if random.IntN(3) > 0 {
			lighten(s)
		}
		multiply(random, plan)
		scatter(random, s, plan)
		for range random.IntN(3) {
			drop(random, plan)
		}
	})
}

// agree compares the judges over random worlds.
func agree(t *testing.T, f gen.Features, spoil func(*rand.Rand, scheduling.Snapshot, *scheduling.Plan)) {
	total, failed := map[string]int{}, 0
	for i := range max(1, *worldCount/4) {
		seed := *firstSeed + uint64(i)
		s := gen.World(seed, f)
		problem, counts := compare(t, s, seed, spoil)
		for what, n := range counts {
			total[what] += n
		}
		if problem == "" {
			continue
		}
		small := gen.Shrink(s, func(s scheduling.Snapshot) bool {
			p, _ := compare(t, s, seed, spoil)
			return p != "" && p[:12] == problem[:12]
		})
		again, _ := compare(t, small, seed, spoil)
		t.Errorf("seed %d: %s\n\nin a smaller world: %s\n%s", seed, problem, again, gen.Dump(small))
		if failed++; failed == maxReports {
			break
		}
	}
	t.Logf("both accept %d pods, and refuse:", total["accept"])
	for _, what := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%6d %s", total[what], what)
	}
}

// compare spoils the plan and describes a disagreement. It counts the pods that both accept and refuse.
func compare(t *testing.T, s scheduling.Snapshot, seed uint64, spoil func(*rand.Rand, scheduling.Snapshot, *scheduling.Plan)) (string, map[string]int) {
	s = gen.Clone(s)
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	if err != nil { // of a world that was made smaller, some fact may be missing
		return fmt.Sprintf("cannot solve: %v", err), nil
	}
	spoil(rand.New(rand.NewPCG(seed, 1)), s, plan)
	findings, err := kubeoracle.Judge(t.Context(), s, plan, scheduling.Options{})
	require.NoError(t, err)
	kube, own, counts := map[string]string{}, map[string]string{}, map[string]int{}
	for _, f := range findings {
		what := string(f.Check) + " pod " + f.Pod.String()
		if f.OrderDependent {
			what = "order dependent " + what
		}
		switch f.Check {
		case kubeoracle.Final, kubeoracle.Unplaced:
			kube[what] = f.String()
			counts[f.Kind()]++
		case kubeoracle.Sequence:
			kube[what] = f.String()
		}
	}
	for _, v := range slices.Concat(oracle.Check(s, plan), oracle.Unplaced(s, plan)) {
		switch v.Rule {
		case oracle.Fits, oracle.Tolerates, oracle.Affinity, oracle.AntiAffinity, oracle.HostPorts, oracle.PodAffinity, oracle.Volumes:
			own["final "+v.Object] = v.String()
		case oracle.Spread:
			if v.OrderDependent {
				own["order dependent final "+v.Object] = v.String()
			} else {
				own["final "+v.Object] = v.String()
			}
		case oracle.RoomLeft, oracle.CouldLaunch:
			own["unplaced "+v.Object] = v.String()
		case oracle.Sequence:
			own["sequence "+v.Object] = v.String()
			counts["sequence alone"]++
		}
	}
	for _, what := range slices.Sorted(maps.Keys(kube)) {
		pod, isSequence := strings.CutPrefix(what, "sequence ")
		if own[what] == "" && !(isSequence && own["final "+pod] != "") {
			return "only kube-scheduler objects: " + kube[what] + "\n" + plan.String(), nil
		}
	}
	for _, what := range slices.Sorted(maps.Keys(own)) {
		if kube[what] == "" {
			return "only the oracle objects: " + own[what] + "\n" + plan.String(), nil
		}
	}
	counts["accept"] = len(plan.Assignments) + len(plan.Unplaced) - len(kube)
	return "", counts
}

// targets are the nodes on which a plan may place pods.
func targets(s scheduling.Snapshot, plan *scheduling.Plan) []scheduling.Assignment {
	var out []scheduling.Assignment
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if n.Node != nil && n.Node.DeletionTimestamp != nil || n.Claim != nil && n.Claim.DeletionTimestamp != nil {
			continue
		}
		out = append(out, scheduling.Assignment{Node: n.Name()})
	}
	for i := range plan.Launches {
		out = append(out, scheduling.Assignment{Node: plan.Launches[i].Name, Launch: true})
	}
	return out
}

// move assigns a pod to a node at random.
func move(random *rand.Rand, s scheduling.Snapshot, plan *scheduling.Plan) {
	list := targets(s, plan)
	if len(plan.Assignments) == 0 || len(list) == 0 {
		return
	}
	a := &plan.Assignments[random.IntN(len(plan.Assignments))]
	target := list[random.IntN(len(list))]
	leave(plan, *a)
	a.Node, a.Launch = target.Node, target.Launch
	join(plan, *a)
}

// multiply adds launches like those of the plan, some of them in zones that are made up for them.
func multiply(random *rand.Rand, plan *scheduling.Plan) {
	for i := range slices.Clone(plan.Launches) {
		for n := range random.IntN(3) {
			l := plan.Launches[i]
			l.Name = fmt.Sprintf("%s-%d", l.Name, n)
			l.Node = l.Node.DeepCopy()
			l.Node.Name, l.Node.Labels[corev1.LabelHostname] = l.Name, l.Name
			l.Pods = nil
			if random.IntN(3) == 0 {
				l.Node.Labels[corev1.LabelTopologyZone] = []string{"zone-a", "zone-b", "zone-c"}[random.IntN(3)]
			}
			plan.Launches = append(plan.Launches, l)
		}
	}
}

// scatter assigns most pods that are left out to nodes, preferably to one that is for them, and moves some others.
func scatter(random *rand.Rand, s scheduling.Snapshot, plan *scheduling.Plan) {
	pods, nodes := map[types.NamespacedName]*corev1.Pod{}, map[string]*corev1.Node{}
	for _, pod := range s.Pods {
		pods[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}] = pod
	}
	for i := range s.Nodes {
		if s.Nodes[i].Node != nil {
			nodes[s.Nodes[i].Name()] = s.Nodes[i].Node
		}
	}
	for i := range plan.Launches {
		nodes[plan.Launches[i].Name] = plan.Launches[i].Node
	}
	list := targets(s, plan)
	if len(list) == 0 {
		return
	}
	pick := func(pod *corev1.Pod) scheduling.Assignment {
		target := list[random.IntN(len(list))]
		for try := 0; try < 12 && !isFor(nodes[target.Node], pod); try++ {
			target = list[random.IntN(len(list))]
		}
		return target
	}
	var left []scheduling.Unplaced
	for _, u := range plan.Unplaced {
		if random.IntN(5) == 0 {
			u.Verdict = scheduling.Infeasible
			left = append(left, u)
			continue
		}
		a := pick(pods[u.Pod])
		a.Pod = u.Pod
		plan.Assignments = append(plan.Assignments, a)
		join(plan, a)
	}
	plan.Unplaced = left
	slices.SortFunc(plan.Assignments, func(a, b scheduling.Assignment) int { return strings.Compare(a.Pod.String(), b.Pod.String()) })
	for i := range plan.Assignments {
		if a := &plan.Assignments[i]; random.IntN(5) == 0 {
			target := pick(pods[a.Pod])
			leave(plan, *a)
			a.Node, a.Launch = target.Node, target.Launch
			join(plan, *a)
		}
	}
}

// lighten makes the pods that wait so small that room is no question, and what else they ask for is.
func lighten(s scheduling.Snapshot) {
	for _, pod := range s.Pods {
		pod.Spec.Resources, pod.Spec.Overhead, pod.Spec.InitContainers = nil, nil, nil
		for i := range pod.Spec.Containers {
			pod.Spec.Containers[i].Resources = corev1.ResourceRequirements{}
		}
	}
}

// isFor reports whether the node's labels and taints let the pod in.
func isFor(node *corev1.Node, pod *corev1.Pod) bool {
	if node == nil {
		return true
	}
	for _, taint := range node.Spec.Taints {
		if !slices.ContainsFunc(pod.Spec.Tolerations, func(t corev1.Toleration) bool { return t.ToleratesTaint(klog.Background(), &taint, false) }) {
			return false
		}
	}
	ok, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node)
	return ok && err == nil
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

// join adds the pod to the launch on which it is placed, and leave takes it away.
func join(plan *scheduling.Plan, a scheduling.Assignment) {
	for i := range plan.Launches {
		if l := &plan.Launches[i]; a.Launch && l.Name == a.Node {
			l.Pods = append(l.Pods, a.Pod)
		}
	}
}

func leave(plan *scheduling.Plan, a scheduling.Assignment) {
	for i := range plan.Launches {
		if l := &plan.Launches[i]; a.Launch && l.Name == a.Node {
			l.Pods = slices.DeleteFunc(slices.Clone(l.Pods), func(p types.NamespacedName) bool { return p == a.Pod })
		}
	}
}
