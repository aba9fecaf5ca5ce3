package scheduling_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// wish is what a pool or a pod requires of its node, by label key.
type wish map[string]string

func (w wish) pool(name string) *v1.NodePool {
	p := fake.NodePool(name)
	for _, key := range sortedKeys(w) {
		p.Spec.Template.Spec.Requirements = append(p.Spec.Template.Spec.Requirements,
			v1.NodeRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{w[key]}})
	}
	return p
}

func (w wish) pod(name string) *corev1.Pod {
	p := fake.Pod(name, fake.Requests("1", "1Gi"))
	p.Spec.NodeSelector = w
	return p
}

func sortedKeys(w wish) []string {
	var out []string
	for key := range w {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// assorted is a type for every size, architecture and system, each sold in two zones as spot and on demand, at prices
// that go up and down without a pattern.
func assorted() []*cloudprovider.InstanceType {
	var out []*cloudprovider.InstanceType
	n := 7
	for _, size := range []string{"1", "2", "4", "8"} {
		for _, arch := range []string{"amd64", "arm64"} {
			for _, system := range []string{"linux", "windows"} {
				options := []fake.TypeOption{fake.TypeFunc(func(t *cloudprovider.InstanceType) {
					t.Requirements = requirement.NewSet(requirement.In(corev1.LabelOSStable, system), requirement.In(corev1.LabelArchStable, arch))
				})}
				for _, zone := range []string{"zone-1", "zone-2"} {
					for _, capacityType := range []string{v1.CapacityTypeSpot, v1.CapacityTypeOnDemand} {
						n = n * 29 % 101
						options = append(options, fake.Sold(zone, capacityType, float64(n)/100))
					}
				}
				out = append(out, fake.InstanceType(fmt.Sprintf("%s-%s-%s", system, arch, size), size, "8Gi", options...))
			}
		}
	}
	return out
}

// admitted are the offerings of a type whose node would have every label that is asked for.
func admitted(t *cloudprovider.InstanceType, asked ...wish) []cloudprovider.Offering {
	var out []cloudprovider.Offering
	for _, o := range t.Offerings {
		ok := true
		for _, w := range asked {
			for key, value := range w {
				switch key {
				case corev1.LabelTopologyZone:
					ok = ok && value == o.Zone
				case v1.CapacityTypeLabelKey:
					ok = ok && value == o.CapacityType
				default:
					ok = ok && t.Requirements.Get(key).Has(value)
				}
			}
		}
		if ok {
			out = append(out, o)
		}
	}
	return out
}

// However pool and pod restrict the choice: the launch costs the least that is possible, and its alternatives are all
// types and all offerings that pool and pod admit, and no others.
func TestInstanceSelection(t *testing.T) {
	const arch, system, zone, capacity = corev1.LabelArchStable, corev1.LabelOSStable, corev1.LabelTopologyZone, v1.CapacityTypeLabelKey
	for _, c := range []struct {
		name      string
		pool, pod wish
	}{
		{"nothing is asked for", nil, nil},
		{"pod amd64", nil, wish{arch: "amd64"}},
		{"pod arm64", nil, wish{arch: "arm64"}},
		{"pool amd64", wish{arch: "amd64"}, nil},
		{"pool arm64", wish{arch: "arm64"}, nil},
		{"pool windows", wish{system: "windows"}, nil},
		{"pod windows", nil, wish{system: "windows"}},
		{"pod linux", nil, wish{system: "linux"}},
		{"pool zone", wish{zone: "zone-2"}, nil},
		{"pod zone", nil, wish{zone: "zone-2"}},
		{"pool spot", wish{capacity: "spot"}, nil},
		{"pod spot", nil, wish{capacity: "spot"}},
		{"pool on-demand and zone", wish{capacity: "on-demand", zone: "zone-1"}, nil},
		{"pod spot and zone", nil, wish{capacity: "spot", zone: "zone-1"}},
		{"pool spot, pod zone", wish{capacity: "spot"}, wish{zone: "zone-2"}},
		{"pool on-demand, zone, arm64 and windows", wish{capacity: "on-demand", zone: "zone-1", arch: "arm64", system: "windows"}, nil},
		{"pool spot and zone, pod amd64 and linux", wish{capacity: "spot", zone: "zone-2"}, wish{arch: "amd64", system: "linux"}},
		{"pod spot, zone, amd64 and linux", nil, wish{capacity: "spot", zone: "zone-2", arch: "amd64", system: "linux"}},
		{"pod of an architecture that is not sold", nil, wish{arch: "arm"}},
		{"pod of an architecture that is not sold, and a zone", nil, wish{arch: "arm", zone: "zone-2"}},
		{"pool of an architecture that is not sold, pod zone", wish{arch: "arm"}, wish{zone: "zone-2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			types := assorted()
			want := map[cloudprovider.OfferingKey]float64{}
			cheapest := math.Inf(1)
			for _, it := range types {
				for _, o := range admitted(it, c.pool, c.pod) {
					want[cloudprovider.OfferingKey{InstanceType: it.Name, Zone: o.Zone, CapacityType: o.CapacityType}] = o.Price
					cheapest = min(cheapest, o.Price)
				}
			}
			plan := selected(t, types, c.pool.pool("general"), c.pod.pod("web"))
			if len(want) == 0 {
				require.Empty(t, plan.Launches)
				require.Len(t, plan.Unplaced, 1)
				return
			}
			require.Len(t, plan.Launches, 1)
			launch := plan.Launches[0]
			require.InDelta(t, cheapest, launch.Price(), 1e-9)
			got := map[cloudprovider.OfferingKey]float64{}
			for _, choice := range launch.Choices {
				got[choice.OfferingKey] = choice.Price
			}
			require.Equal(t, want, got)
			requireTypesOf(t, launch)
		})
	}
}

// requireTypesOf checks that the launch lists the types of its choices, each once.
func requireTypesOf(t *testing.T, launch scheduling.Launch) {
	t.Helper()
	var names []string
	for _, choice := range launch.Choices {
		if !slices.Contains(names, choice.InstanceType) {
			names = append(names, choice.InstanceType)
		}
	}
	require.Equal(t, names, launch.InstanceTypes)
}

func selected(t *testing.T, types []*cloudprovider.InstanceType, pool *v1.NodePool, pods ...*corev1.Pod) *scheduling.Plan {
	t.Helper()
	plan, err := scheduling.Solve(t.Context(), scheduling.Snapshot{
		Pods: pods, NodePools: []*v1.NodePool{pool}, InstanceTypes: map[string][]*cloudprovider.InstanceType{pool.Name: types},
	}, scheduling.Options{})
	require.NoError(t, err)
	return plan
}

// The larger type is the cheaper one here: it is tried first, and the other types that hold the pod stay alternatives.
func TestChoicesAreAllTypesThatHoldThePodsByPrice(t *testing.T) {
	types := []*cloudprovider.InstanceType{
		fake.InstanceType("tiny", "500m", "8Gi", fake.OnDemand("zone-a", 0.01)),
		fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.30)),
		fake.InstanceType("medium", "4", "8Gi", fake.OnDemand("zone-a", 0.20)),
		fake.InstanceType("large", "8", "8Gi", fake.OnDemand("zone-a", 0.10)),
		fake.InstanceType("gpu", "8", "8Gi", fake.Capacity("example.com/gpu", "1"), fake.OnDemand("zone-a", 2)),
	}
	plan := selected(t, types, fake.NodePool("general"), fake.Pod("web", fake.Requests("1", "1Gi")))
	require.Equal(t, []string{"large", "medium", "small", "gpu"}, plan.Launches[0].InstanceTypes)

	plan = selected(t, types, fake.NodePool("general"), fake.Pod("train", fake.Requests("1", "1Gi"), fake.Request("example.com/gpu", "1")))
	require.Equal(t, []string{"gpu"}, plan.Launches[0].InstanceTypes)
}

// Both types are wanted as a choice, so a second pod does not join the first on a node that one type only could be.
func TestMinValuesKeepsTheChoice(t *testing.T) {
	types := []*cloudprovider.InstanceType{
		fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.10)),
		fake.InstanceType("large", "4", "8Gi", fake.OnDemand("zone-a", 0.12)),
	}
	plan := selected(t, types, fake.NodePool("general", fake.MinValues(corev1.LabelInstanceTypeStable, 2)),
		fake.Pods(2, "web", fake.Requests("1500m", "1Gi"))...)
	require.Len(t, plan.Launches, 2)
	for _, launch := range plan.Launches {
		require.Equal(t, []string{"small", "large"}, launch.InstanceTypes)
	}
}

// What pods and DaemonSets ask for is counted once each, slots included.
func TestRequestsOfALaunch(t *testing.T) {
	s := scheduling.Snapshot{
		Pods:       fake.Pods(2, "web", fake.Requests("1", "1Mi"), fake.Request("example.com/gpu", "1")),
		NodePools:  []*v1.NodePool{fake.NodePool("general")},
		DaemonPods: []*corev1.Pod{fake.DaemonPod("agent", fake.Requests("1", "1Mi"))},
		InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {
			fake.InstanceType("gpu", "8", "8Gi", fake.Capacity("example.com/gpu", "4"), fake.OnDemand("zone-a", 1)),
		}},
	}
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	require.Len(t, plan.Launches, 1)
	got := map[corev1.ResourceName]string{}
	for name, quantity := range plan.Launches[0].Requests {
		got[name] = quantity.String()
	}
	require.Equal(t, map[corev1.ResourceName]string{"cpu": "3", "memory": "3Mi", "example.com/gpu": "2", "pods": "3"}, got)
}

// Pools that are not ready launch nothing. Nodes of the pool that failed to register earlier are another matter: that
// condition is a warning to the user, and the pool goes on.
func TestConditionsOfAPool(t *testing.T) {
	types := []*cloudprovider.InstanceType{fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.10))}
	for _, c := range []struct {
		condition string
		status    metav1.ConditionStatus
		launches  int
	}{
		{v1.ConditionTypeReady, metav1.ConditionTrue, 1},
		{v1.ConditionTypeReady, metav1.ConditionFalse, 0},
		{v1.ConditionTypeNodeRegistrationHealthy, metav1.ConditionTrue, 1},
		{v1.ConditionTypeNodeRegistrationHealthy, metav1.ConditionFalse, 1},
	} {
		pool := fake.NodePool("general")
		pool.Status.Conditions = []metav1.Condition{{Type: c.condition, Status: c.status}}
		plan := selected(t, types, pool, fake.Pod("web", fake.Requests("1", "1Gi")))
		require.Len(t, plan.Launches, c.launches, "%s=%s", c.condition, c.status)
		require.Len(t, plan.Unplaced, 1-c.launches)
	}
}
