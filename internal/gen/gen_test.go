package gen

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

func TestTheSameSeedGivesTheSameWorld(t *testing.T) {
	for seed := range uint64(50) {
		require.Equal(t, Dump(World(seed, Base())), Dump(World(seed, Base())), "seed %d", seed)
		require.Equal(t, Dump(World(seed, Full())), Dump(World(seed, Full())), "full seed %d", seed)
	}
	require.NotEqual(t, Dump(World(1, Base())), Dump(World(2, Base())))
}

func TestWorldsAreValid(t *testing.T) {
	for seed := range uint64(200) {
		_, err := scheduling.Compile(World(seed, Base()))
		require.NoError(t, err, "seed %d", seed)
		_, err = scheduling.Compile(World(seed, Full()))
		require.NoError(t, err, "full seed %d", seed)
		_, err = scheduling.Compile(Tiny(seed, Full()))
		require.NoError(t, err, "tiny seed %d", seed)
	}
}

func TestCloneSharesNothing(t *testing.T) {
	s := World(3, Base())
	before := Dump(s)
	c := Clone(s)
	require.Equal(t, before, Dump(c))
	for _, pod := range c.Pods {
		pod.Labels["app"] = "changed"
	}
	for _, types := range c.InstanceTypes {
		for _, typ := range types {
			typ.Capacity["cpu"] = quantity("77")
			for i := range typ.Offerings {
				typ.Offerings[i].Price = 77
			}
		}
	}
	require.NotEqual(t, before, Dump(c))
	require.Equal(t, before, Dump(s))
}

func TestShuffleKeepsTheFacts(t *testing.T) {
	moved := false
	for seed := range uint64(20) {
		s := World(seed, Base())
		u := Shuffle(s, seed)
		require.ElementsMatch(t, s.Pods, u.Pods)
		require.ElementsMatch(t, s.DaemonPods, u.DaemonPods)
		require.Len(t, u.Nodes, len(s.Nodes))
		require.Len(t, u.NodePools, len(s.NodePools))
		for pool, types := range s.InstanceTypes {
			require.Len(t, u.InstanceTypes[pool], len(types))
		}
		_, err := scheduling.Compile(u)
		require.NoError(t, err)
		moved = moved || Dump(s) != Dump(u)
	}
	require.True(t, moved)
}

func TestTinyIsTiny(t *testing.T) {
	for seed := range uint64(100) {
		s := Tiny(seed, Full())
		require.LessOrEqual(t, len(s.Pods), 6)
		for _, types := range s.InstanceTypes {
			offerings := 0
			for _, typ := range types {
				offerings += len(typ.Offerings)
			}
			require.LessOrEqual(t, offerings, 4)
		}
	}
}

func TestShrinkFindsTheSmallestWorld(t *testing.T) {
	s := World(7, Base())
	wanted := s.Pods[len(s.Pods)/2].Name
	small := Shrink(s, func(s scheduling.Snapshot) bool {
		for _, pod := range s.Pods {
			if pod.Name == wanted {
				return true
			}
		}
		return false
	})
	require.Len(t, small.Pods, 1)
	require.Empty(t, small.Nodes)
	require.Empty(t, small.NodePools)
}

func TestShrinkTakesConstraintsAway(t *testing.T) {
	seen := 0
	for seed := range uint64(40) {
		s := World(seed, Full())
		fails := func(s scheduling.Snapshot) bool { return slices.ContainsFunc(s.Pods, wideApart) }
		if !fails(s) {
			continue
		}
		seen++
		small := Shrink(s, fails)
		require.Len(t, small.Pods, 1)
		spec := small.Pods[0].Spec
		require.Len(t, spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, 1)
		require.Nil(t, spec.Affinity.NodeAffinity)
		require.Nil(t, spec.Affinity.PodAffinity)
		require.Empty(t, spec.TopologySpreadConstraints)
		require.Empty(t, spec.NodeSelector)
	}
	require.Positive(t, seen)
}
