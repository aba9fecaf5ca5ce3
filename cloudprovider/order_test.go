package cloudprovider_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

func choice(price float64, instanceType, zone, capacityType, stock string) cloudprovider.Choice {
	return cloudprovider.Choice{Price: price, OfferingKey: cloudprovider.OfferingKey{
		InstanceType: instanceType, Zone: zone, CapacityType: capacityType, StockKey: stock,
	}}
}

func TestChoicesAreOrderedByPriceThenNames(t *testing.T) {
	want := []cloudprovider.Choice{
		choice(0, "z", "z", "spot", ""),
		choice(0.1, "a", "b", "spot", ""),
		choice(0.1, "b", "a", "on-demand", ""),
		choice(0.1, "b", "a", "reserved", ""),
		choice(0.1, "b", "a", "reserved", "r-1"),
		choice(0.1, "b", "a", "reserved", "r-2"),
		choice(0.1, "b", "a", "spot", ""),
		choice(0.1, "b", "b", "on-demand", ""),
		choice(math.Inf(1), "a", "a", "spot", ""),
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		got := slices.Clone(want)
		rng.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, cloudprovider.CompareChoices)
		require.Equal(t, want, got)
	}
	for i, a := range want {
		for j, b := range want {
			require.Equal(t, sign(i-j), cloudprovider.CompareChoices(a, b), "%d %d", i, j)
		}
	}
}

func TestOfferingsAreOrderedByPriceThenNames(t *testing.T) {
	stock := func(key string) *cloudprovider.Stock { return &cloudprovider.Stock{Key: key, Count: 1} }
	want := []cloudprovider.Offering{
		{Zone: "b", CapacityType: "spot", Price: math.NaN()},
		{Zone: "b", CapacityType: "spot", Price: 0.1},
		{Zone: "a", CapacityType: "spot", Price: 0.2},
		{Zone: "b", CapacityType: "reserved", Price: 0.2, Stock: stock("r-1")},
		{Zone: "b", CapacityType: "reserved", Price: 0.2, Stock: stock("r-2")},
		{Zone: "b", CapacityType: "spot", Price: 0.2},
	}
	for i, a := range want {
		for j, b := range want {
			require.Equal(t, sign(i-j), cloudprovider.CompareOfferings(a, b), "%d %d", i, j)
		}
	}
}

func TestInstanceTypesAreOrderedByTheirCheapestLaunchableOffering(t *testing.T) {
	sold := func(name string, offerings ...cloudprovider.Offering) *cloudprovider.InstanceType {
		return &cloudprovider.InstanceType{Name: name, Offerings: offerings}
	}
	want := []*cloudprovider.InstanceType{
		sold("m", cloudprovider.Offering{Price: 0.1, Available: true}, cloudprovider.Offering{Price: 3, Available: true}),
		sold("a", cloudprovider.Offering{Price: 0.01}, cloudprovider.Offering{Price: 0.2, Available: true}),
		sold("b", cloudprovider.Offering{Price: 0.2, Available: true}),
		sold("a-none", cloudprovider.Offering{Price: 0.01}),
		sold("b-none"),
		sold("c-none", cloudprovider.Offering{Price: 0.01, Available: true, Stock: &cloudprovider.Stock{Key: "r"}}),
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, cloudprovider.CompareInstanceTypes)
	require.Equal(t, want, got)
}

func TestChoicesListWhatCanBeLaunched(t *testing.T) {
	small := &cloudprovider.InstanceType{Name: "small", Offerings: []cloudprovider.Offering{
		{Zone: "b", CapacityType: "on-demand", Price: 0.2, Available: true},
		{Zone: "a", CapacityType: "on-demand", Price: 0.2, Available: true},
		{Zone: "a", CapacityType: "spot", Price: 0.1},
		{Zone: "a", CapacityType: "reserved", Available: true, Stock: &cloudprovider.Stock{Key: "r-1", Count: 2}},
		{Zone: "b", CapacityType: "reserved", Available: true, Stock: &cloudprovider.Stock{Key: "r-2"}},
	}}
	large := &cloudprovider.InstanceType{Name: "large", Offerings: []cloudprovider.Offering{
		{Zone: "a", CapacityType: "spot", Price: 0.15, Available: true},
	}}
	require.Equal(t, []cloudprovider.Choice{
		choice(0, "small", "a", "reserved", "r-1"),
		choice(0.15, "large", "a", "spot", ""),
		choice(0.2, "small", "a", "on-demand", ""),
		choice(0.2, "small", "b", "on-demand", ""),
	}, cloudprovider.Choices(small, large))
	require.Empty(t, cloudprovider.Choices())
}

func TestOfferingKeyText(t *testing.T) {
	require.Equal(t, "small/zone-a/spot", choice(1, "small", "zone-a", "spot", "").String())
	require.Equal(t, "small/zone-a/reserved/r-1", choice(1, "small", "zone-a", "reserved", "r-1").String())
}

func sign(n int) int { return max(-1, min(n, 1)) }
