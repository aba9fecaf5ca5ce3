package fake_test

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
)

func ExamplePod() {
	pod := fake.Pod("web", fake.Requests("1", "1Gi"), fake.InZone("zone-b"),
		fake.Toleration("dedicated", "db", corev1.TaintEffectNoSchedule))
	fmt.Println(pod.Namespace, pod.Name, pod.Spec.Containers[0].Resources.Requests.Cpu(), pod.Spec.NodeSelector)
	// Output: default web 1 map[topology.kubernetes.io/zone:zone-b]
}

func ExampleInstanceType() {
	small := fake.InstanceType("small", "2", "8Gi", fake.Overhead("100m", "1Gi"),
		fake.OnDemand("zone-a", 0.08), fake.Spot("zone-a", 0.03), fake.Spot("zone-b", 0.02, fake.Unavailable))
	for _, choice := range cloudprovider.Choices(small) {
		fmt.Println(choice.OfferingKey, choice.Price)
	}
	// Output:
	// small/zone-a/spot 0.03
	// small/zone-a/on-demand 0.08
}

func ExampleCatalog() {
	types := fake.Catalog(fake.CatalogOptions{Types: 3})
	for _, t := range types {
		fmt.Println(t.Name, t.Capacity.Cpu(), t.Capacity.Memory(), t.Capacity.Pods(), t.Offerings[0].Price)
	}
	// Output:
	// c3.large 2 4Gi 29 0.0741
	// g3.large 2 8Gi 29 0.0899
	// m3.large 2 16Gi 29 0.1214
}

// A cloud is driven from both sides: by the library through the six methods, by the test through the rest.
func ExampleCloud() {
	ctx := context.Background()
	cloud := &fake.Cloud{Types: []*cloudprovider.InstanceType{
		fake.InstanceType("small", "2", "8Gi", fake.Spot("zone-a", 0.03), fake.OnDemand("zone-a", 0.08)),
	}}
	types, _ := cloud.InstanceTypes(ctx, fake.NodePool("general"))
	choices := cloudprovider.Choices(types...)

	cloud.Exhaust(cloudprovider.OfferingKey{CapacityType: "spot"})
	machine, err := cloud.Create(ctx, fake.NodeClaim("general-1"), choices)
	fmt.Println(machine, err)

	cloud.Boot()
	machine, err = cloud.Get(ctx, machine.ProviderID)
	fmt.Println(machine.Phase, err)

	fmt.Println(cloud.Delete(ctx, machine.ProviderID))
	cloud.Settle()
	fmt.Println(cloud.Delete(ctx, machine.ProviderID))
	// Output:
	// fake:///zone-a/i-000001 general-1 small/zone-a/on-demand Pending <nil>
	// Running <nil>
	// <nil>
	// not found: machine fake:///zone-a/i-000001
}
