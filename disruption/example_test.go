package disruption_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// shop is two nodes of 4 CPUs, each with one pod of one CPU.
func shop() disruption.Input {
	medium := fake.InstanceType("medium", "4", "16Gi", fake.OnDemand("zone-a", 0.20))
	general := fake.NodePool("general", fake.NodePoolFunc(func(p *v1.NodePool) { p.Spec.Disruption.Budgets = []v1.Budget{{Nodes: "1"}} }))
	born := time.Date(2026, 1, 4, 9, 0, 0, 0, time.UTC)
	node := func(name string) scheduling.Node {
		web := fake.Pod("web-"+name, fake.Owner("ReplicaSet", "web"), fake.Label("app", "web"), fake.Requests("1", "1Gi"))
		return scheduling.Node(fake.Managed(name, general, fake.OfType(medium, "zone-a", "on-demand"), born, fake.With(web)))
	}
	return disruption.Input{
		Snapshot: scheduling.Snapshot{
			Now:  born.Add(24 * time.Hour),
			Pods: []*corev1.Pod{}, Nodes: []scheduling.Node{node("n-1"), node("n-2")}, NodePools: []*v1.NodePool{general},
			InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {medium}}, DaemonPods: []*corev1.Pod{}, Namespaces: []*corev1.Namespace{},
		},
		PodDisruptionBudgets: []*policyv1.PodDisruptionBudget{},
	}
}

func ExampleDecide() {
	decision, err := disruption.Decide(context.Background(), shop(), disruption.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Print(decision)
	// Output:
	// remove  n-1  underutilized  saves $0.20/h  default/web-n-1 -> n-2
	// keep  n-2  destination
	// recheck 2026-02-03T09:00:00Z n-1 expires
	// total   1 command, $0.40/h -> $0.20/h (at most $0.10/h is left)
}

// A command is looked at again before the first step that cannot be undone.
func ExampleVerify() {
	decision, _ := disruption.Decide(context.Background(), shop(), disruption.Options{})
	fresher := shop()
	fresher.Nodes[0].Node.Annotations = map[string]string{v1.DoNotDisruptAnnotationKey: "true"}
	err := disruption.Verify(context.Background(), decision.Commands[0], fresher, disruption.Options{})
	stale, _ := errors.AsType[*disruption.StaleError](err)
	fmt.Println(stale.Node, stale.Change)
	// Output:
	// n-1 do-not-disrupt: the node itself
}
