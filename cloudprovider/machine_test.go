package cloudprovider_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

func TestMachineCloneSharesNothing(t *testing.T) {
	build := func() *cloudprovider.Machine {
		return &cloudprovider.Machine{
			ProviderID: "acme:///i-1", ClaimName: "general-1", ClaimUID: "uid",
			OfferingKey: cloudprovider.OfferingKey{InstanceType: "small", Zone: "zone-a", CapacityType: "spot"},
			Phase:       cloudprovider.MachineFailed,
			Failure: &cloudprovider.Error{Kind: cloudprovider.ErrInvalid, Offerings: []cloudprovider.OfferingKey{
				{InstanceType: "small"},
			}},
			Labels:      map[string]string{"a": "1"},
			Capacity:    corev1.ResourceList{"cpu": resource.MustParse("2")},
			Allocatable: corev1.ResourceList{"cpu": resource.MustParse("1")},
		}
	}
	original := build()
	clone := original.Clone()
	require.Equal(t, original, clone)
	clone.Labels["a"] = "2"
	clone.Capacity["cpu"] = resource.MustParse("3")
	clone.Allocatable["cpu"] = resource.MustParse("3")
	clone.Failure.Message = "changed"
	clone.Failure.Offerings[0].InstanceType = "large"
	require.Equal(t, build(), original)
	require.Equal(t, "acme:///i-1 general-1 small/zone-a/spot Failed", original.String())
	require.Equal(t, &cloudprovider.Machine{}, (&cloudprovider.Machine{}).Clone())
}

func TestInstanceTypeCloneSharesNothing(t *testing.T) {
	original := sound()
	clone := original.Clone()
	require.Equal(t, original, clone)
	clone.Capacity["cpu"] = resource.MustParse("3")
	clone.Overhead["cpu"] = resource.MustParse("3")
	clone.VolumeLimits["csi.example.com"] = 7
	clone.Offerings[0].Price = 7
	clone.Offerings[1].Stock.Count = 7
	require.Equal(t, sound(), original)
}

func TestAllocatableIsCapacityWithoutOverheadAndNeverNegative(t *testing.T) {
	got := (&cloudprovider.InstanceType{
		Capacity: corev1.ResourceList{
			"cpu": resource.MustParse("2"), "memory": resource.MustParse("1Gi"), "pods": resource.MustParse("110"),
		},
		Overhead: corev1.ResourceList{
			"cpu": resource.MustParse("70m"), "memory": resource.MustParse("2Gi"), "ephemeral-storage": resource.MustParse("1Gi"),
		},
	}).Allocatable()
	require.Len(t, got, 3)
	require.Equal(t, int64(1930), got.Cpu().MilliValue())
	require.Zero(t, got.Memory().Value())
	require.Equal(t, int64(110), got.Pods().Value())
}

func TestFindTakesTheCheapestOfOneKey(t *testing.T) {
	small := &cloudprovider.InstanceType{Name: "small", Offerings: []cloudprovider.Offering{
		{Zone: "zone-a", CapacityType: "spot", Price: 0.3},
		{Zone: "zone-a", CapacityType: "spot", Price: 0.2},
		{Zone: "zone-b", CapacityType: "spot", Price: 0.1},
		{Zone: "zone-a", CapacityType: "spot", Price: 0.1, Stock: &cloudprovider.Stock{Key: "r-1"}},
	}}
	key := cloudprovider.OfferingKey{InstanceType: "small", Zone: "zone-a", CapacityType: "spot"}
	require.Same(t, &small.Offerings[1], small.Find(key))
	key.StockKey = "r-1"
	require.Same(t, &small.Offerings[3], small.Find(key))
	key.StockKey = "r-2"
	require.Nil(t, small.Find(key))
	key.InstanceType, key.StockKey = "large", ""
	require.Nil(t, small.Find(key))
}

func TestLabelsFollowOfferingAndClaim(t *testing.T) {
	small := &cloudprovider.InstanceType{
		Name: "small",
		Requirements: requirement.NewSet(
			requirement.In(corev1.LabelArchStable, "amd64"),
			requirement.In("example.com/disk", "ssd", "nvme"),
			requirement.In("example.com/network", "fast", "slow"),
			requirement.DoesNotExist("example.com/gpu"),
			requirement.NotIn("example.com/colour", "red"),
			requirement.Exists("example.com/rack"),
		),
		Offerings: []cloudprovider.Offering{{
			Zone: "zone-a", CapacityType: "spot", Requirements: requirement.NewSet(requirement.In("example.com/network", "slow")),
		}},
	}
	want := map[string]string{
		"node.kubernetes.io/instance-type": "small",
		"topology.kubernetes.io/zone":      "zone-a",
		"karpenter.sh/capacity-type":       "spot",
		"kubernetes.io/arch":               "amd64",
		"example.com/disk":                 "nvme",
		"example.com/network":              "slow",
	}
	require.Equal(t, want, small.Labels(&small.Offerings[0], requirement.Set{}))
	wanted := requirement.NewSet(
		requirement.In("example.com/disk", "ssd", "tape"),
		requirement.In("example.com/network", "fast"), // cannot be had: the offering decides
		requirement.In("example.com/team", "a"),
	)
	want["example.com/disk"] = "ssd"
	require.Equal(t, want, small.Labels(&small.Offerings[0], wanted))
}
