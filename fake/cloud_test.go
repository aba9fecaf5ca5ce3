package fake_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
)

// key is an offering of the types that these tests use.
func key(instanceType, zone, capacityType string) cloudprovider.OfferingKey {
	return cloudprovider.OfferingKey{InstanceType: instanceType, Zone: zone, CapacityType: capacityType}
}

func smallCloud() *fake.Cloud {
	return &fake.Cloud{ImageID: "image-1", Types: []*cloudprovider.InstanceType{
		fake.InstanceType("small", "2", "8Gi", fake.Overhead("100m", "1Gi"), fake.TypeLabel("disk", "ssd", "nvme"),
			fake.Spot("zone-a", 0.03), fake.OnDemand("zone-a", 0.08), fake.OnDemand("zone-b", 0.09)),
		fake.InstanceType("large", "8", "32Gi", fake.Reserved("zone-a", 0, "res-1", 2), fake.OnDemand("zone-a", 0.4)),
		fake.InstanceType("huge", "64", "256Gi", fake.Reserved("zone-a", 0, "res-1", 5), fake.Spot("zone-b", 1, fake.Unavailable)),
	}}
}

func choices(t *testing.T, cloud *fake.Cloud) []cloudprovider.Choice {
	t.Helper()
	offered, err := cloud.InstanceTypes(t.Context(), nil)
	require.NoError(t, err)
	return cloudprovider.Choices(offered...)
}

func at(keys ...cloudprovider.OfferingKey) []cloudprovider.Choice {
	out := make([]cloudprovider.Choice, len(keys))
	for i, k := range keys {
		out[i].OfferingKey = k
	}
	return out
}

func create(t *testing.T, cloud *fake.Cloud, name string, keys ...cloudprovider.OfferingKey) *cloudprovider.Machine {
	t.Helper()
	machine, err := cloud.Create(t.Context(), fake.NodeClaim(name), at(keys...))
	require.NoError(t, err)
	return machine
}

func TestZeroCloudSellsNothing(t *testing.T) {
	var cloud fake.Cloud
	require.Equal(t, "fake", cloud.Name())
	require.Equal(t, "acme", (&fake.Cloud{CloudName: "acme"}).Name())
	offered, err := cloud.InstanceTypes(t.Context(), fake.NodePool("general"))
	require.NoError(t, err)
	require.Empty(t, offered)
	machines, err := cloud.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, machines)
	_, err = cloud.Create(t.Context(), fake.NodeClaim("general-1"), at(key("small", "zone-a", "spot")))
	require.ErrorIs(t, err, cloudprovider.ErrInsufficientCapacity)
	_, err = cloud.Get(t.Context(), "fake:///zone-a/i-1")
	require.ErrorIs(t, err, cloudprovider.ErrNotFound)
	require.ErrorIs(t, cloud.Delete(t.Context(), "fake:///zone-a/i-1"), cloudprovider.ErrNotFound)
}

func TestCreateMakesAMachineOfItsOffering(t *testing.T) {
	cloud := smallCloud()
	claim := fake.NodeClaim("general-1", fake.Require("disk", "In", "ssd"), fake.InPool("general"))
	machine, err := cloud.Create(t.Context(), claim, at(key("small", "zone-b", "on-demand")))
	require.NoError(t, err)
	require.Equal(t, "fake:///zone-b/i-000001", machine.ProviderID)
	require.Equal(t, claim.Name, machine.ClaimName)
	require.Equal(t, claim.UID, machine.ClaimUID)
	require.Equal(t, key("small", "zone-b", "on-demand"), machine.OfferingKey)
	require.Equal(t, cloudprovider.MachinePending, machine.Phase)
	require.Equal(t, "image-1", machine.ImageID)
	require.False(t, machine.CreatedAt.IsZero())
	require.Equal(t, map[string]string{
		"node.kubernetes.io/instance-type": "small", "topology.kubernetes.io/zone": "zone-b", "karpenter.sh/capacity-type": "on-demand",
		"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "disk": "ssd",
	}, machine.Labels)
	require.Equal(t, map[string]string{"cpu": "2", "memory": "8Gi", "pods": "110"}, quantities(machine.Capacity))
	require.Equal(t, map[string]string{"cpu": "1900m", "memory": "7Gi", "pods": "110"}, quantities(machine.Allocatable))
}

func TestCreateIsIdempotentByClaimUID(t *testing.T) {
	cloud := smallCloud()
	first := create(t, cloud, "general-1", key("small", "zone-a", "spot"))
	again := create(t, cloud, "general-1", key("small", "zone-b", "on-demand"))
	require.Equal(t, first, again)
	again, err := cloud.Create(t.Context(), fake.NodeClaim("general-1"), nil)
	require.NoError(t, err, "no choices are needed for a machine that exists")
	require.Equal(t, first, again)
	sameName := fake.NodeClaim("general-1", fake.NodeClaimFunc(func(c *v1.NodeClaim) { c.UID = "another" }))
	other, err := cloud.Create(t.Context(), sameName, at(key("small", "zone-a", "spot")))
	require.NoError(t, err)
	require.NotEqual(t, first.ProviderID, other.ProviderID)

	require.NoError(t, cloud.Delete(t.Context(), first.ProviderID))
	require.Equal(t, cloudprovider.MachineTerminating, create(t, cloud, "general-1", key("small", "zone-a", "spot")).Phase)
	cloud.Settle()
	require.NotEqual(t, first.ProviderID, create(t, cloud, "general-1", key("small", "zone-a", "spot")).ProviderID)
}

func TestCreateTakesTheFirstChoiceToBeHad(t *testing.T) {
	spot, onDemand, other := key("small", "zone-a", "spot"), key("small", "zone-a", "on-demand"), key("small", "zone-b", "on-demand")
	cloud := smallCloud()
	require.Equal(t, other, create(t, cloud, "order", other, spot, onDemand).OfferingKey, "the caller's order, not the price")
	cloud.SellOut(spot)
	require.Equal(t, onDemand, create(t, cloud, "sold-out", spot, onDemand, other).OfferingKey)
	cloud.Exhaust(cloudprovider.OfferingKey{Zone: "zone-a"})
	require.Equal(t, other, create(t, cloud, "exhausted", spot, onDemand, other).OfferingKey)
	require.Equal(t, other, create(t, cloud, "withdrawn", key("old", "zone-b", "on-demand"), key("small", "zone-c", "spot"), other).OfferingKey)
	cloud.Restock(cloudprovider.OfferingKey{})
	require.Equal(t, spot, create(t, cloud, "restocked", spot, onDemand, other).OfferingKey)
	withStock := other
	withStock.StockKey = "res-1"
	_, err := cloud.Create(t.Context(), fake.NodeClaim("stock"), at(withStock))
	require.ErrorIs(t, err, cloudprovider.ErrInsufficientCapacity, "no such offering")
}

func TestCapacityErrorNamesTheOfferings(t *testing.T) {
	cloud := smallCloud()
	cloud.SellOut(cloudprovider.OfferingKey{InstanceType: "small"})
	wanted := at(key("small", "zone-a", "spot"), key("small", "zone-b", "on-demand"))
	_, err := cloud.Create(t.Context(), fake.NodeClaim("general-1"), wanted)
	failed, ok := errors.AsType[*cloudprovider.Error](err)
	require.True(t, ok)
	require.Equal(t, cloudprovider.ErrInsufficientCapacity, failed.Kind)
	require.Equal(t, []cloudprovider.OfferingKey{wanted[0].OfferingKey, wanted[1].OfferingKey}, failed.Offerings)
	machines, err := cloud.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, machines)
}

func TestCreateRefusesWhatCanNeverWork(t *testing.T) {
	cloud := smallCloud()
	spot := at(key("small", "zone-a", "spot"))
	for name, tc := range map[string]struct {
		claim   *v1.NodeClaim
		choices []cloudprovider.Choice
	}{
		"no claim":        {nil, spot},
		"no uid":          {&v1.NodeClaim{}, spot},
		"no choices":      {fake.NodeClaim("c"), nil},
		"bad requirement": {fake.NodeClaim("c", fake.Require("disk", "Is", "ssd")), spot},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := cloud.Create(t.Context(), tc.claim, tc.choices)
			require.ErrorIs(t, err, cloudprovider.ErrInvalid)
		})
	}
}

func TestStockIsSharedAndComesBack(t *testing.T) {
	cloud := smallCloud()
	large := cloudprovider.OfferingKey{InstanceType: "large", Zone: "zone-a", CapacityType: "reserved", StockKey: "res-1"}
	huge := large
	huge.InstanceType = "huge"
	left := func() []int {
		offered, err := cloud.InstanceTypes(t.Context(), nil)
		require.NoError(t, err)
		return []int{offered[1].Find(large).Stock.Count, offered[2].Find(huge).Stock.Count}
	}
	before, err := cloud.InstanceTypes(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, []int{2, 2}, left(), "the smallest count stated is true")
	first := create(t, cloud, "one", large)
	require.Equal(t, []int{1, 1}, left())
	create(t, cloud, "two", huge)
	require.Equal(t, []int{0, 0}, left())
	require.Equal(t, "on-demand", create(t, cloud, "three", large, huge, key("large", "zone-a", "on-demand")).CapacityType)
	require.NoError(t, cloud.Delete(t.Context(), first.ProviderID))
	require.Equal(t, []int{0, 0}, left(), "a terminating machine holds its stock")
	cloud.Settle()
	require.Equal(t, []int{1, 1}, left())
	cloud.SetStock("res-1", 10)
	require.Equal(t, []int{9, 9}, left())
	cloud.SetStock("res-1", 0)
	require.Equal(t, []int{0, 0}, left(), "less than is used")
	require.Equal(t, 2, before[1].Find(large).Stock.Count, "published values stay")
}

func TestQuota(t *testing.T) {
	cloud := smallCloud()
	cloud.Quota = 1
	cloud.DeleteAtOnce = true
	spot := key("small", "zone-a", "spot")
	machine := create(t, cloud, "one", spot)
	require.Equal(t, machine, create(t, cloud, "one", spot))
	_, err := cloud.Create(t.Context(), fake.NodeClaim("two"), at(spot))
	require.ErrorIs(t, err, cloudprovider.ErrQuotaExceeded)
	require.NoError(t, cloud.Delete(t.Context(), machine.ProviderID))
	create(t, cloud, "two", spot)
}

func TestMachineBootsWhenTold(t *testing.T) {
	cloud := smallCloud()
	spot := key("small", "zone-a", "spot")
	one, two, three := create(t, cloud, "one", spot), create(t, cloud, "two", spot), create(t, cloud, "three", spot)
	phase := func(m *cloudprovider.Machine) cloudprovider.MachinePhase {
		found, err := cloud.Get(t.Context(), m.ProviderID)
		require.NoError(t, err)
		return found.Phase
	}
	require.Equal(t, []string{two.ProviderID}, cloud.Boot(two.ProviderID, "fake:///nowhere"))
	require.Equal(t, cloudprovider.MachinePending, phase(one))
	require.Equal(t, cloudprovider.MachineRunning, phase(two))
	require.NoError(t, cloud.Delete(t.Context(), three.ProviderID))
	require.Equal(t, []string{one.ProviderID}, cloud.Boot())
	require.Empty(t, cloud.Boot())
	require.Equal(t, cloudprovider.MachineTerminating, phase(three))

	atOnce := smallCloud()
	atOnce.BootAtOnce = true
	require.Equal(t, cloudprovider.MachineRunning, create(t, atOnce, "one", spot).Phase)
}

func TestFailedMachineSaysWhy(t *testing.T) {
	cloud := smallCloud()
	machine := create(t, cloud, "one", key("small", "zone-a", "spot"))
	reason := &cloudprovider.Error{Kind: cloudprovider.ErrInsufficientCapacity, Message: "host died"}
	require.Equal(t, []string{machine.ProviderID}, cloud.Fail(reason, machine.ProviderID))
	found, err := cloud.Get(t.Context(), machine.ProviderID)
	require.NoError(t, err)
	require.Equal(t, cloudprovider.MachineFailed, found.Phase)
	require.ErrorIs(t, found.Failure, cloudprovider.ErrInsufficientCapacity)
	require.NoError(t, cloud.Delete(t.Context(), machine.ProviderID))
	require.Empty(t, cloud.Fail(reason))
	require.Len(t, cloud.Settle(), 1)
}

func TestDeleteAcceptsThenIsNotFound(t *testing.T) {
	cloud := smallCloud()
	machine := create(t, cloud, "one", key("small", "zone-a", "spot"))
	require.NoError(t, cloud.Delete(t.Context(), machine.ProviderID))
	require.NoError(t, cloud.Delete(t.Context(), machine.ProviderID), "accepted again")
	machines, err := cloud.List(t.Context())
	require.NoError(t, err)
	require.Len(t, machines, 1)
	require.Equal(t, cloudprovider.MachineTerminating, machines[0].Phase)
	require.Equal(t, []string{machine.ProviderID}, cloud.Settle())
	require.ErrorIs(t, cloud.Delete(t.Context(), machine.ProviderID), cloudprovider.ErrNotFound)
	_, err = cloud.Get(t.Context(), machine.ProviderID)
	require.ErrorIs(t, err, cloudprovider.ErrNotFound)

	atOnce := smallCloud()
	atOnce.DeleteAtOnce = true
	machine = create(t, atOnce, "one", key("small", "zone-a", "spot"))
	require.NoError(t, atOnce.Delete(t.Context(), machine.ProviderID))
	require.ErrorIs(t, atOnce.Delete(t.Context(), machine.ProviderID), cloudprovider.ErrNotFound)
}

func TestLostMachinesAreNotFound(t *testing.T) {
	cloud := smallCloud()
	machine := create(t, cloud, "one", key("small", "zone-a", "spot"))
	require.Empty(t, cloud.Lose())
	require.Equal(t, []string{machine.ProviderID}, cloud.Lose(machine.ProviderID))
	require.Empty(t, cloud.Lose(machine.ProviderID))
	_, err := cloud.Get(t.Context(), machine.ProviderID)
	require.ErrorIs(t, err, cloudprovider.ErrNotFound)
}

func TestListIsOrderedAndLeavesForeignMachinesOut(t *testing.T) {
	cloud := smallCloud()
	cloud.AddForeign("fake:///zone-a/f-1")
	var want []string
	for i := range 12 {
		want = append(want, create(t, cloud, fmt.Sprintf("general-%d", i), key("small", "zone-a", "spot")).ProviderID)
	}
	machines, err := cloud.List(t.Context())
	require.NoError(t, err)
	var got []string
	for _, m := range machines {
		got = append(got, m.ProviderID)
		require.NotEmpty(t, m.ClaimUID)
	}
	require.Equal(t, want, got)
	_, err = cloud.Get(t.Context(), "fake:///zone-a/f-1")
	require.ErrorIs(t, err, cloudprovider.ErrNotFound)
	require.ErrorIs(t, cloud.Delete(t.Context(), "fake:///zone-a/f-1"), cloudprovider.ErrNotFound)
	require.Len(t, cloud.Foreign(), 1)
	require.Equal(t, cloudprovider.MachineRunning, cloud.Foreign()[0].Phase)
}

func TestMachinesAreCopies(t *testing.T) {
	cloud := smallCloud()
	made := create(t, cloud, "one", key("small", "zone-a", "spot"))
	want := made.Clone()
	spoil := func(m *cloudprovider.Machine) {
		m.Phase = "spoiled"
		m.Labels["spoiled"] = "true"
		delete(m.Capacity, "cpu")
	}
	spoil(made)
	found, err := cloud.Get(t.Context(), want.ProviderID)
	require.NoError(t, err)
	require.Equal(t, want, found)
	spoil(found)
	machines, err := cloud.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, machines[0])
	spoil(machines[0])
	require.Equal(t, want, create(t, cloud, "one"))
}

func TestPublishedTypesNeverChange(t *testing.T) {
	cloud := smallCloud()
	before, err := cloud.InstanceTypes(t.Context(), nil)
	require.NoError(t, err)
	frozen := make([]*cloudprovider.InstanceType, len(before))
	for i, it := range before {
		frozen[i] = it.Clone()
	}
	create(t, cloud, "one", cloudprovider.OfferingKey{InstanceType: "large", Zone: "zone-a", CapacityType: "reserved", StockKey: "res-1"})
	cloud.SetPrice(cloudprovider.OfferingKey{InstanceType: "small", CapacityType: "spot"}, 0.5)
	cloud.SellOut(cloudprovider.OfferingKey{Zone: "zone-b"})
	require.Equal(t, frozen, before)
	after, err := cloud.InstanceTypes(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, 0.5, after[0].Offerings[0].Price)
	require.False(t, after[0].Offerings[2].Available)
	require.True(t, before[0].Offerings[2].Available)

	after[0] = nil
	again, err := cloud.InstanceTypes(t.Context(), nil)
	require.NoError(t, err)
	require.NotNil(t, again[0], "the list is the caller's")
	cloud.SetTypes("")
	again, err = cloud.InstanceTypes(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, again)
	require.NotNil(t, again, "empty, not unknown")
}

func TestPoolsMayHaveTypesOfTheirOwn(t *testing.T) {
	tiny := fake.InstanceType("tiny", "1", "1Gi", fake.OnDemand("zone-a", 0.01))
	cloud := smallCloud()
	cloud.TypesByPool = map[string][]*cloudprovider.InstanceType{"special": {tiny}}
	offered := func(pool string) []string {
		found, err := cloud.InstanceTypes(t.Context(), fake.NodePool(pool))
		require.NoError(t, err)
		return names(found)
	}
	require.Equal(t, []string{"tiny"}, offered("special"))
	require.Equal(t, []string{"small", "large", "huge"}, offered("general"))
	claim := fake.NodeClaim("special-1", fake.InPool("special"))
	_, err := cloud.Create(t.Context(), claim, at(key("small", "zone-a", "spot")))
	require.ErrorIs(t, err, cloudprovider.ErrInsufficientCapacity)
	machine, err := cloud.Create(t.Context(), claim, at(key("tiny", "zone-a", "on-demand")))
	require.NoError(t, err)
	require.Equal(t, "tiny", machine.InstanceType)
	cloud.SetPrice(key("tiny", "zone-a", "on-demand"), 0.02)
	special, err := cloud.InstanceTypes(t.Context(), fake.NodePool("special"))
	require.NoError(t, err)
	require.Equal(t, 0.02, special[0].Offerings[0].Price)
	require.Equal(t, 0.01, tiny.Offerings[0].Price)
	cloud.SetTypes("general", tiny)
	require.Equal(t, []string{"tiny"}, offered("general"))
	require.Equal(t, []string{"small", "large", "huge"}, offered("third"))
}

func TestCallsEndWithTheirContext(t *testing.T) {
	cloud := smallCloud()
	machine := create(t, cloud, "one", key("small", "zone-a", "spot"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := cloud.InstanceTypes(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = cloud.Create(ctx, fake.NodeClaim("two"), choices(t, cloud))
	require.ErrorIs(t, err, context.Canceled)
	_, err = cloud.Get(ctx, machine.ProviderID)
	require.ErrorIs(t, err, context.Canceled)
	_, err = cloud.List(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, cloud.Delete(ctx, machine.ProviderID), context.Canceled)
	_, err = cloud.Drift(ctx, nil, machine)
	require.ErrorIs(t, err, context.Canceled)
}

func TestParallelCreates(t *testing.T) {
	cloud := smallCloud()
	cloud.SetStock("res-1", 7)
	const claims, callers = 20, 4
	wanted := choices(t, cloud)
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		found = map[types.UID]map[string]bool{}
	)
	for i := range claims * callers {
		wg.Go(func() {
			claim := fake.NodeClaim(fmt.Sprintf("general-%d", i%claims))
			machine, err := cloud.Create(t.Context(), claim, wanted)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if found[claim.UID] == nil {
				found[claim.UID] = map[string]bool{}
			}
			found[claim.UID][machine.ProviderID] = true
		})
		wg.Go(func() { cloud.Boot() })
		wg.Go(func() { cloud.SetPrice(cloudprovider.OfferingKey{CapacityType: "spot"}, float64(i)) })
		wg.Go(func() {
			if _, err := cloud.List(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := cloud.InstanceTypes(t.Context(), nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Len(t, found, claims)
	for uid, ids := range found {
		require.Len(t, ids, 1, "machines of %s", uid)
	}
	machines, err := cloud.List(t.Context())
	require.NoError(t, err)
	require.Len(t, machines, claims)
	reserved := 0
	for _, m := range machines {
		if m.StockKey == "res-1" {
			reserved++
		}
	}
	require.Equal(t, 7, reserved, "the stock is used up and not overdrawn")

	for _, m := range machines {
		wg.Go(func() {
			if err := cloud.Delete(t.Context(), m.ProviderID); err != nil {
				t.Error(err)
			}
			cloud.Settle(m.ProviderID)
		})
	}
	wg.Wait()
	machines, err = cloud.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, machines)
}
