package scheduling_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// A claim may name the volume that it wants before the volume controller has bound the two: until the controller has
// said that it has, the claim is one that should be bound at once and is not.
func TestClaimThatNamesAVolumeIsNotBoundYet(t *testing.T) {
	for _, bound := range []bool{true, false} {
		s := storageWorld()
		claimed(&s, "db", "zone-b")
		if !bound {
			s.Storage.Claims[0].Annotations = nil
		}
		s.NodePools = []*v1.NodePool{fake.NodePool("general")}
		s.InstanceTypes = map[string][]*cloudprovider.InstanceType{"general": {
			fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.10), fake.OnDemand("zone-b", 0.10)),
		}}
		plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
		require.NoError(t, err)
		if bound {
			require.Len(t, plan.Launches, 1)
			require.Equal(t, "zone-b", plan.Launches[0].Offering().Zone)
			continue
		}
		require.Empty(t, plan.Launches)
		require.Equal(t, scheduling.VolumeConflict, plan.Unplaced[0].Rejections[0].Code)
	}
}
