package fake_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
)

func TestCatalogWatchReportsEveryKindOfChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := smallCloud()
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		var ended error
		go func() { ended = cloud.WatchCatalog(ctx, func() { calls++ }) }()
		reported := func() bool {
			synctest.Wait()
			some := calls > 0
			calls = 0
			return some
		}
		require.True(t, reported(), "once when it begins")
		require.False(t, reported())
		reserved := cloudprovider.OfferingKey{InstanceType: "large", Zone: "zone-a", CapacityType: "reserved", StockKey: "res-1"}
		for i, change := range []func(){
			func() { cloud.SetPrice(reserved, 1) },
			func() { cloud.SellOut(key("small", "zone-a", "spot")) },
			func() { cloud.Restock(cloudprovider.OfferingKey{}) },
			func() { cloud.SetStock("res-1", 4) },
			func() { cloud.SetTypes("special") },
		} {
			change()
			require.True(t, reported(), "change %d", i)
		}
		machine := create(t, cloud, "one", reserved)
		require.True(t, reported(), "one less in stock")
		require.NoError(t, cloud.Delete(t.Context(), machine.ProviderID))
		require.False(t, reported())
		cloud.Settle()
		require.True(t, reported(), "one more in stock")
		create(t, cloud, "two", key("small", "zone-a", "spot"))
		require.False(t, reported(), "an endless supply has not changed")
		cancel()
		synctest.Wait()
		require.ErrorIs(t, ended, context.Canceled)
	})
}

func TestInterruptionsAreDeliveredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := smallCloud()
		machine := create(t, cloud, "one", key("small", "zone-a", "spot"))
		cloud.Interrupt(cloudprovider.Interruption{ProviderID: machine.ProviderID, Kind: cloudprovider.InterruptionRisk})
		ctx, cancel := context.WithCancel(t.Context())
		var delivered []string
		watch := func(fail error) error {
			return cloud.WatchInterruptions(ctx, func(_ context.Context, notice cloudprovider.Interruption) error {
				require.Equal(t, machine.ProviderID, notice.ProviderID)
				delivered = append(delivered, notice.ID)
				return fail
			})
		}
		failed := errors.New("no")
		require.Equal(t, failed, watch(failed))
		require.Equal(t, []string{"notice-1"}, delivered, "not acknowledged")

		var ended error
		go func() { ended = watch(nil) }()
		synctest.Wait()
		require.Equal(t, []string{"notice-1", "notice-1"}, delivered, "delivered again")
		cloud.Interrupt(cloudprovider.Interruption{ID: "own", ProviderID: machine.ProviderID, Kind: cloudprovider.InterruptionReclaim})
		cloud.Interrupt(cloudprovider.Interruption{ProviderID: machine.ProviderID, Kind: cloudprovider.InterruptionStopped})
		synctest.Wait()
		require.Equal(t, []string{"notice-1", "notice-1", "own", "notice-2"}, delivered)
		cancel()
		synctest.Wait()
		require.ErrorIs(t, ended, context.Canceled)

		ctx, cancel = context.WithCancel(t.Context())
		delivered = nil
		go func() { ended = watch(nil) }()
		synctest.Wait()
		require.Empty(t, delivered, "all have been acknowledged")
		cancel()
		synctest.Wait()
	})
}

func TestDriftIsWhatWasSet(t *testing.T) {
	cloud := smallCloud()
	detector, ok := cloudprovider.As[cloudprovider.DriftDetector](cloud)
	require.True(t, ok)
	claim := fake.NodeClaim("one")
	machine := create(t, cloud, "one", key("small", "zone-a", "spot"))
	drift := func() string {
		reason, err := detector.Drift(t.Context(), claim, machine)
		require.NoError(t, err)
		return reason
	}
	require.Empty(t, drift())
	cloud.SetDrift(machine.ProviderID, "ImageChanged")
	require.Equal(t, "ImageChanged", drift())
	require.Equal(t, "ImageChanged", drift())
	cloud.SetDrift(machine.ProviderID, "")
	require.Empty(t, drift())
	cloud.Lose(machine.ProviderID)
	_, err := detector.Drift(t.Context(), claim, machine)
	require.ErrorIs(t, err, cloudprovider.ErrNotFound)
}

func TestVocabularyCoversTheCatalog(t *testing.T) {
	cloud := &fake.Cloud{Types: fake.Catalog(fake.CatalogOptions{})}
	known := map[string]bool{"kubernetes.io/arch": true, "kubernetes.io/os": true}
	for _, label := range cloud.Vocabulary().WellKnown {
		known[label] = true
	}
	for _, it := range cloud.Types {
		for _, label := range it.Requirements.Keys() {
			require.True(t, known[label], label)
		}
	}
}
