// Command hello is the smallest program that plans: one pod, one NodePool, one instance type.
package main

import (
	"context"
	"fmt"
	"log"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

func main() {
	small := fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.08), fake.OnDemand("zone-b", 0.11))
	plan, err := scheduling.Solve(context.Background(), scheduling.Snapshot{
		Pods:          []*corev1.Pod{fake.Pod("web", fake.Requests("1", "1Gi"), fake.InZone("zone-b"))},
		NodePools:     []*v1.NodePool{fake.NodePool("general")},
		InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {small}},
	}, scheduling.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(plan)
}
