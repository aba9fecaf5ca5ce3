package fake_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
)

func names(types []*cloudprovider.InstanceType) []string {
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = t.Name
	}
	return out
}

func TestCatalogSizes(t *testing.T) {
	for wanted, want := range map[int]int{0: 168, -1: 168, 1: 1, 10: 10, 168: 168, 400: 400, 600: 600, 1000: 600} {
		types := fake.Catalog(fake.CatalogOptions{Types: wanted})
		require.Len(t, types, want)
		require.NoError(t, cloudprovider.ValidateInstanceTypes(types).Err())
		require.IsIncreasing(t, append([]string{""}, names(types)...))
	}
	require.Equal(t, []string{"c3.large", "g3.large", "m3.large"}, names(fake.Catalog(fake.CatalogOptions{Types: 3})))
}

func TestSmallerCatalogIsPartOfALarger(t *testing.T) {
	larger := map[string]*cloudprovider.InstanceType{}
	for _, it := range fake.Catalog(fake.CatalogOptions{Types: 200}) {
		larger[it.Name] = it
	}
	for _, it := range fake.Catalog(fake.CatalogOptions{Types: 50}) {
		require.Equal(t, larger[it.Name], it)
	}
}

func TestCatalogIsDeterministicAndShared(t *testing.T) {
	first, second := fake.Catalog(fake.CatalogOptions{}), fake.Catalog(fake.CatalogOptions{})
	require.Equal(t, first, second)
	first[0].Offerings[0].Price = 99
	require.NotEqual(t, first, second, "every call makes its own values")
}

func TestCatalogPricesAreBelievable(t *testing.T) {
	byName := map[string]*cloudprovider.InstanceType{}
	missing, pairs := 0, 0
	for _, it := range fake.Catalog(fake.CatalogOptions{}) {
		byName[it.Name] = it
		onDemand := map[string]float64{}
		for _, o := range it.Offerings {
			require.True(t, o.Available)
			if o.CapacityType == "on-demand" {
				onDemand[o.Zone] = o.Price
			}
		}
		require.NotEmpty(t, onDemand, "%s is sold somewhere", it.Name)
		pairs += 3
		missing += 3 - len(onDemand)
		require.Len(t, it.Offerings, 2*len(onDemand))
		for _, o := range it.Offerings {
			if o.CapacityType == "spot" {
				share := o.Price / onDemand[o.Zone]
				require.True(t, share > 0.249 && share < 0.601, "%s in %s: %v", it.Name, o.Zone, share)
			}
		}
		if it.Requirements.Get(fake.LabelFamily).Has("general") {
			perCPU := onDemand[it.Offerings[0].Zone] / it.Capacity.Cpu().AsApproximateFloat64()
			require.True(t, perCPU > 0.03 && perCPU < 0.06, "%s: $%v per CPU", it.Name, perCPU)
		}
	}
	require.InDelta(t, 0.1, float64(missing)/float64(pairs), 0.05, "share of (type, zone) pairs that are not sold")
	price := func(name string) float64 { return byName[name].Offerings[0].Price }
	require.Less(t, price("g3.large"), price("g2.large"))
	require.Less(t, price("g2.large"), price("g1.large"))
	require.Less(t, price("g3a.large"), price("g3.large"))
	require.Less(t, price("c3.large"), price("g3.large"))
	require.Less(t, price("g3.large"), price("m3.large"))
	require.Less(t, price("g3.xlarge"), price("p3.xlarge"))
	require.InDelta(t, 2*price("g3.xlarge"), price("g3.2xlarge"), 0.001)
}

func TestCatalogDescribesItsTypes(t *testing.T) {
	byName := map[string]*cloudprovider.InstanceType{}
	for _, it := range fake.Catalog(fake.CatalogOptions{Types: 600, Zones: []string{"z1"}}) {
		byName[it.Name] = it
		require.Len(t, it.Offerings, 2, "with one zone everything is sold in it")
		for resource, left := range it.Allocatable() {
			require.Positive(t, left.Sign(), "%s %s", it.Name, resource)
		}
		_, gpu := it.Capacity[fake.ResourceGPU]
		require.Equal(t, gpu, strings.HasPrefix(it.Name, "p"))
		require.Equal(t, !gpu, it.Requirements.Get(fake.LabelGPUCount).HasAbsent())
	}
	arm := byName["m2adn.2xlarge"]
	require.Equal(t, map[string]string{
		"kubernetes.io/arch": "arm64", "kubernetes.io/os": "linux", fake.LabelFamily: "memory", fake.LabelGeneration: "2",
		fake.LabelSize: "2xlarge", fake.LabelCPU: "8", fake.LabelMemoryGiB: "64",
	}, arm.Requirements.Labels())
	require.Equal(t, map[string]string{"cpu": "8", "memory": "64Gi", "pods": "70", "ephemeral-storage": "370Gi"}, quantities(arm.Capacity))
	require.Equal(t, map[string]string{"cpu": "108m", "memory": "958Mi"}, quantities(arm.Overhead))
	require.Equal(t, "8", quantities(byName["p3.48xlarge"].Capacity)["nvidia.com/gpu"])
}
