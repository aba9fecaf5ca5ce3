package scheduling_test

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

func shop() scheduling.Snapshot {
	small := fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.08), fake.OnDemand("zone-b", 0.11))
	large := fake.InstanceType("large", "8", "32Gi", fake.OnDemand("zone-a", 0.30))
	return scheduling.Snapshot{
		Pods: append(fake.Pods(3, "web", fake.Requests("1", "1Gi")),
			fake.Pod("trainer", fake.Requests("4", "8Gi"), fake.Request("nvidia.com/gpu", "1"))),
		NodePools:     []*v1.NodePool{fake.NodePool("general")},
		InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {small, large}},
	}
}

func ExampleSolve() {
	plan, err := scheduling.Solve(context.Background(), shop(), scheduling.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan)
	// Output:
	// launch  general-1  small/zone-a/on-demand  $0.08  default/web-0 +1
	// launch  general-2  small/zone-a/on-demand  $0.08  default/web-2
	// pending default/trainer  insufficient nvidia.com/gpu (want 1, have 0)
	// total   2 launches, $0.16/h (bound $0.16), 1 unplaced
}

func ExamplePlan_Explain() {
	plan, err := scheduling.Solve(context.Background(), shop(), scheduling.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan.Explain(types.NamespacedName{Namespace: "default", Name: "trainer"}))
	fmt.Print(plan.Explain(types.NamespacedName{Namespace: "default", Name: "web-2"}))
	// Output:
	// default/trainer is unplaced: 0/0 nodes and 0/2 instance types fit
	//   pool general  2 insufficient nvidia.com/gpu (want 1, have 0)
	//   nearest       pool general, large: offer types with more nvidia.com/gpu
	// default/web-2 is expected on launch general-2 (small/zone-a/on-demand, $0.08)
}

// What if a node were gone, and what if one more pod came then?
func ExampleProblem_Without() {
	s := shop()
	s.Pods, s.DaemonPods = nil, []*corev1.Pod{}
	for i := range 2 {
		name := fmt.Sprintf("node-%d", i)
		web := fake.Pod(fmt.Sprintf("web-%d", i), fake.Requests("1", "1Gi"), fake.Owner("ReplicaSet", "web"), fake.OnNode(name))
		s.Nodes = append(s.Nodes, scheduling.Node{Node: fake.Node(name, fake.Size("2", "8Gi")), Pods: []*corev1.Pod{web}})
	}
	problem, err := scheduling.Compile(s)
	if err != nil {
		fmt.Println(err)
		return
	}
	one, err := problem.Without("node-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	more, err := one.With(fake.Pod("batch", fake.Requests("1", "1Gi")))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range []*scheduling.Problem{problem, one, more} {
		plan, err := p.Solve(context.Background(), scheduling.Options{})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Print(plan)
	}
	// Output:
	// total   0 launches, $0.00/h (bound $0.00), 0 unplaced
	// assign  node-0  default/web-1
	// total   0 launches, $0.00/h (bound $0.00), 0 unplaced
	// assign  node-0  default/batch
	// launch  general-1  small/zone-a/on-demand  $0.08  default/web-1
	// total   1 launch, $0.08/h (bound $0.08), 0 unplaced
}

// One compiled problem answers several questions.
func ExampleCompile() {
	problem, err := scheduling.Compile(shop())
	if err != nil {
		fmt.Println(err)
		return
	}
	bound, err := problem.LowerBound(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := problem.Solve(context.Background(), scheduling.Options{MaxLaunches: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\nat least $%.2f/h; with one launch %d pods are left out\n", problem, bound.Price, len(plan.Unplaced))
	// Output:
	// 4 pods in 2 classes, 0 nodes, 1 pools, 3 offerings
	// at least $0.16/h; with one launch 1 pods are left out
}

// What is wrong with a snapshot is said by path.
func ExampleInvalidSnapshotError() {
	s := shop()
	s.Pods = append(s.Pods, fake.Pod("web-0"))
	s.NodePools = append(s.NodePools, fake.NodePool("batch"))
	s.DaemonPods = []*corev1.Pod{fake.DaemonPod("agent", fake.Requests("-1", "1Gi"))}
	_, err := scheduling.Compile(s)
	fmt.Println(err)
	// Output:
	// DaemonPods[kube-system/agent].spec.containers[main].resources.requests[cpu]: must not be negative, is -1
	// Pods[default/web-0]: occurs twice
	// NodePools[batch]: nobody knows what the pool can launch: InstanceTypes has no entry for it (an empty list means nothing)
}
