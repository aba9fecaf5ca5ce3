package cloudprovider_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// sound is a type that nothing is wrong with.
func sound() *cloudprovider.InstanceType {
	return &cloudprovider.InstanceType{
		Name: "m5.large",
		Requirements: requirement.NewSet(
			requirement.In(corev1.LabelArchStable, "amd64"),
			requirement.In("example.com/disk", "ssd", "nvme"),
			requirement.DoesNotExist("example.com/gpu"),
			requirement.In(corev1.LabelTopologyZone, "zone-a", "zone-b"),
		),
		Capacity:     corev1.ResourceList{"cpu": resource.MustParse("2"), "memory": resource.MustParse("8Gi")},
		Overhead:     corev1.ResourceList{"cpu": resource.MustParse("0"), "memory": resource.MustParse("9Gi")},
		VolumeLimits: map[string]int{"csi.example.com": 0},
		Offerings: []cloudprovider.Offering{
			{Zone: "zone-a", CapacityType: "on-demand", Price: 0.1, Available: true},
			{Zone: "zone-a", CapacityType: "reserved", Stock: &cloudprovider.Stock{Key: "r-1"}},
			{Zone: "zone-b", CapacityType: "spot", Requirements: requirement.NewSet(requirement.In("example.com/disk", "nvme"))},
		},
	}
}

func TestSoundCatalogHasNoProblems(t *testing.T) {
	unsold := &cloudprovider.InstanceType{Name: "unsold"}
	problems := cloudprovider.ValidateInstanceTypes([]*cloudprovider.InstanceType{sound(), unsold})
	require.Empty(t, problems)
	require.NoError(t, problems.Err())
	require.NoError(t, cloudprovider.ValidateInstanceTypes(nil).Prefix("types").Err())
}

func TestEveryProblemNamesTypeAndField(t *testing.T) {
	type change func(*cloudprovider.InstanceType)
	for want, spoil := range map[string]change{
		"[0]: name: must not be empty": func(t *cloudprovider.InstanceType) { t.Name = "" },
		"[0] (m5.large): capacity[cpu]: must be >= 0, is -1": func(t *cloudprovider.InstanceType) {
			t.Capacity["cpu"] = resource.MustParse("-1")
		},
		"[0] (m5.large): overhead[memory]: must be >= 0, is -1Mi": func(t *cloudprovider.InstanceType) {
			t.Overhead["memory"] = resource.MustParse("-1Mi")
		},
		"[0] (m5.large): volumeLimits[csi.example.com]: must be >= 0, is -1": func(t *cloudprovider.InstanceType) {
			t.VolumeLimits["csi.example.com"] = -1
		},
		"[0] (m5.large): requirements: must have a possible value for example.com/disk, has none": func(t *cloudprovider.InstanceType) {
			t.Requirements = t.Requirements.With(requirement.In("example.com/disk", "tape"))
		},
		"[0] (m5.large): name: must agree with the requirements: m5.large against node.kubernetes.io/instance-type In [m6.large]": func(t *cloudprovider.InstanceType) {
			t.Requirements = t.Requirements.With(requirement.In(corev1.LabelInstanceTypeStable, "m6.large"))
		},
		"[0] (m5.large): offerings[0].zone: must not be empty": func(t *cloudprovider.InstanceType) { t.Offerings[0].Zone = "" },
		"[0] (m5.large): offerings[0].zone: must agree with the requirements: zone-c against topology.kubernetes.io/zone In [zone-a zone-b]": func(t *cloudprovider.InstanceType) {
			t.Offerings[0].Zone = "zone-c"
		},
		"[0] (m5.large): offerings[2].capacityType: must not be empty": func(t *cloudprovider.InstanceType) {
			t.Offerings[2].CapacityType = ""
		},
		"[0] (m5.large): offerings[2].capacityType: must agree with the requirements: spot against karpenter.sh/capacity-type In [on-demand]": func(t *cloudprovider.InstanceType) {
			t.Offerings[2].Requirements = requirement.NewSet(requirement.In("karpenter.sh/capacity-type", "on-demand"))
		},
		"[0] (m5.large): offerings[2].price: must be a number of dollars >= 0, is NaN": func(t *cloudprovider.InstanceType) {
			t.Offerings[2].Price = math.NaN()
		},
		"[0] (m5.large): offerings[1].price: must be a number of dollars >= 0, is +Inf": func(t *cloudprovider.InstanceType) {
			t.Offerings[1].Price = math.Inf(1)
		},
		"[0] (m5.large): offerings[0].price: must be a number of dollars >= 0, is -0.1": func(t *cloudprovider.InstanceType) {
			t.Offerings[0].Price = -0.1
		},
		"[0] (m5.large): offerings[1].stock.count: must be >= 0, is -1": func(t *cloudprovider.InstanceType) {
			t.Offerings[1].Stock.Count = -1
		},
		"[0] (m5.large): offerings[1].stock.key: must not be empty": func(t *cloudprovider.InstanceType) {
			t.Offerings[1].Stock.Key = ""
		},
		"[0] (m5.large): offerings[1].requirements: must have a possible value for a, has none": func(t *cloudprovider.InstanceType) {
			t.Offerings[1].Requirements = requirement.NewSet(requirement.In("a", "1"), requirement.In("a", "2"))
		},
		"[0] (m5.large): offerings[0].requirements: must agree with the type: example.com/gpu In [a100] against example.com/gpu DoesNotExist": func(t *cloudprovider.InstanceType) {
			t.Offerings[0].Requirements = requirement.NewSet(requirement.In("example.com/gpu", "a100"))
		},
	} {
		spoiled := sound()
		spoil(spoiled)
		require.EqualError(t, cloudprovider.ValidateInstanceTypes([]*cloudprovider.InstanceType{spoiled}).Err(), want)
	}
}

func TestProblemsAreJoinedInOrder(t *testing.T) {
	broken := sound()
	broken.Name = "broken"
	broken.Capacity = corev1.ResourceList{"pods": resource.MustParse("-1"), "cpu": resource.MustParse("-2")}
	broken.Offerings[2].Price = math.NaN()
	problems := cloudprovider.ValidateInstanceTypes([]*cloudprovider.InstanceType{sound(), nil, broken, sound(), {}, {}})
	require.EqualError(t, problems.Prefix(`InstanceTypes["general"]`).Err(),
		`InstanceTypes["general"][1]: must not be nil
InstanceTypes["general"][2] (broken): capacity[cpu]: must be >= 0, is -2
InstanceTypes["general"][2] (broken): capacity[pods]: must be >= 0, is -1
InstanceTypes["general"][2] (broken): offerings[2].price: must be a number of dollars >= 0, is NaN
InstanceTypes["general"][3] (m5.large): name: must be unique, is also the name of [0]
InstanceTypes["general"][4]: name: must not be empty
InstanceTypes["general"][5]: name: must not be empty`)
	require.Equal(t, "[1]", problems[0].Path, "prefix leaves the original alone")
}
