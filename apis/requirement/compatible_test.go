package requirement_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
)

func TestCompatibleIgnoresWhatOnlyTheNodeMentions(t *testing.T) {
	node := requirement.NewSet(requirement.In("zone", "a"), requirement.Exists("team"), requirement.DoesNotExist("gpu"))
	require.NoError(t, node.Compatible(requirement.Set{}, nil))
	require.NoError(t, node.Compatible(requirement.NewSet(requirement.In("zone", "a", "b")), nil))
	require.NoError(t, node.Compatible(requirement.NewSet(requirement.NotIn("gpu", "old")), nil))
}

func TestCompatibleErrors(t *testing.T) {
	node := requirement.NewSet(
		requirement.In("topology.kubernetes.io/zone", "a", "b"),
		requirement.In("example.com/team", "red"),
		requirement.In("size", "1", "2", "3", "4", "5", "6", "7"),
		requirement.DoesNotExist("gpu"),
	)
	for _, c := range []struct {
		pod  requirement.Set
		want string
	}{
		{
			requirement.NewSet(requirement.In("topology.kubernetes.io/zone", "c")),
			`label "topology.kubernetes.io/zone" does not fit: want In [c], have In [a b]`,
		},
		{
			requirement.NewSet(requirement.Gt("size", 7)),
			`label "size" does not fit: want Exists >=8, have In [1 2 3 4 5] and 2 more`,
		},
		{
			requirement.NewSet(requirement.Exists("gpu")),
			`label "gpu" does not fit: want Exists, have DoesNotExist`,
		},
		{
			requirement.NewSet(requirement.In("rack", "7")),
			`label "rack" does not have known values: want In [7]`,
		},
		{
			requirement.NewSet(requirement.In("gpu", "x"), requirement.In("gpu", "y"), requirement.In("zone", "a")),
			`label "gpu" is required to satisfy contradictory requirements; ` +
				`label "zone" does not have known values: want In [a] (did you mean "topology.kubernetes.io/zone"?)`,
		},
	} {
		require.EqualError(t, node.Compatible(c.pod, nil), c.want)
	}
}

// Contradictory requirements fit nowhere, not even where the key may still turn up.
func TestCompatibleRejectsContradictionsOfThePod(t *testing.T) {
	pod := requirement.NewSet(requirement.In("zone", "a"), requirement.In("zone", "b"))
	always := func(string) bool { return true }
	require.ErrorContains(t, requirement.Set{}.Compatible(pod, always), "contradictory")
}

// Exclusions count within bounds: of 2 to 3 without 2 only 3 is left.
func TestCompatibleSeesExclusionsWithinBounds(t *testing.T) {
	node := requirement.NewSet(requirement.Gte("gen", 2), requirement.Lte("gen", 3), requirement.NotIn("gen", "2"))
	require.NoError(t, node.Compatible(requirement.NewSet(requirement.In("gen", "3")), nil))
	require.Error(t, node.Compatible(requirement.NewSet(requirement.NotIn("gen", "3")), nil))
}

func TestSuggestions(t *testing.T) {
	node := requirement.NewSet(requirement.In("example.com/team", "red"))
	hint := map[string]string{
		"zone":                          "topology.kubernetes.io/zone",
		"Zone":                          "topology.kubernetes.io/zone",
		"failure-domain.example/zone":   "topology.kubernetes.io/zone",
		"topology.kubernetesio/zone":    "topology.kubernetes.io/zone",
		"topology.kubernetes.io/regoin": "topology.kubernetes.io/region",
		"region":                        "topology.kubernetes.io/region",
		"regions":                       "topology.kubernetes.io/region",
		"nodepool":                      "karpenter.sh/nodepool",
		"karpenter.sh/node-pool":        "karpenter.sh/nodepool",
		"capacityType":                  "karpenter.sh/capacity-type",
		"instance-type":                 "node.kubernetes.io/instance-type",
		"node.io/instancetype":          "node.kubernetes.io/instance-type",
		"arch":                          "kubernetes.io/arch",
		"kubernetes.io/hostnam":         "kubernetes.io/hostname",
		"team":                          "example.com/team",
		"example.org/team":              "example.com/team",
	}
	for key, want := range hint {
		require.ErrorContains(t, node.Compatible(requirement.NewSet(requirement.Exists(key)), nil), `(did you mean "`+want+`"?)`, key)
	}
	// Unrelated keys, and keys that are right but unknown to this node, get no hint.
	for _, key := range []string{"deployment", "app", "rack", "disk", "example.com/tier", "topology.kubernetes.io/zone", "kubernetes.io/os"} {
		err := node.Compatible(requirement.NewSet(requirement.Exists(key)), nil)
		require.ErrorContains(t, err, "does not have known values")
		require.NotContains(t, err.Error(), "did you mean", key)
	}
}
