package v1_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

func TestRestrictedLabels(t *testing.T) {
	for key, want := range map[string]bool{
		"karpenter.sh/nodepool":        false,
		"karpenter.sh/capacity-type":   false,
		"karpenter.sh/registered":      true,
		"karpenter.sh/anything":        true,
		"compatibility.karpenter.sh/x": true,
		"notkarpenter.sh/x":            false,
		"karpenter.sh.example.com/x":   false,
		"karpenter.sh":                 false,
		"kubernetes.io/hostname":       true,
		"kubernetes.io/custom":         false,
		"node.kubernetes.io/custom":    false,
		"topology.kubernetes.io/zone":  false,
		"k8s.io/custom":                false,
		"example.com/karpenter.sh":     false,
		"custom":                       false,
		"":                             false,
	} {
		require.Equal(t, want, v1.IsRestrictedLabel(key), key)
	}
	for _, key := range v1.WellKnownLabels() {
		require.False(t, v1.IsRestrictedLabel(key), key)
		require.Equal(t, key, v1.CanonicalLabel(key))
	}
}

func TestCanonicalLabels(t *testing.T) {
	for alias, want := range map[string]string{
		"failure-domain.beta.kubernetes.io/zone":   "topology.kubernetes.io/zone",
		"failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
		"beta.kubernetes.io/arch":                  "kubernetes.io/arch",
		"beta.kubernetes.io/os":                    "kubernetes.io/os",
		"beta.kubernetes.io/instance-type":         "node.kubernetes.io/instance-type",
		"example.com/zone":                         "example.com/zone",
	} {
		require.Equal(t, want, v1.CanonicalLabel(alias))
	}
	require.Equal(t, "example.com/examplenodeclass", v1.NodeClassLabelKey("example.com", "ExampleNodeClass"))
}

func TestEphemeralTaints(t *testing.T) {
	for _, taint := range v1.KnownEphemeralTaints() {
		require.True(t, v1.IsKnownEphemeralTaint(taint), taint)
	}
	for _, effect := range []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute} {
		require.True(t, v1.IsKnownEphemeralTaint(corev1.Taint{Key: "readiness.k8s.io/cni", Effect: effect}))
		require.False(t, v1.IsKnownEphemeralTaint(corev1.Taint{Key: "example.com/readiness", Effect: effect}))
		require.False(t, v1.IsKnownEphemeralTaint(corev1.Taint{Key: "example.com/readiness.k8s.io/cni", Effect: effect}))
	}
	require.True(t, v1.IsKnownEphemeralTaint(corev1.Taint{Key: "node.cloudprovider.kubernetes.io/uninitialized", Effect: corev1.TaintEffectNoSchedule}))
	require.False(t, v1.IsKnownEphemeralTaint(v1.DisruptedTaint()))
	require.False(t, v1.IsKnownEphemeralTaint(corev1.Taint{Key: "node.kubernetes.io/not-ready", Effect: corev1.TaintEffectPreferNoSchedule}))
	require.False(t, v1.IsKnownEphemeralTaint(corev1.Taint{Key: "node.kubernetes.io/unreachable", Effect: corev1.TaintEffectNoExecute}))
}

func TestRequirementEntries(t *testing.T) {
	two := 2
	for _, tt := range []struct {
		entry v1.NodeRequirement
		want  requirement.Requirement
		text  string
	}{
		{v1.NodeRequirement{Key: "k", Operator: "In", Values: []string{"b", "a"}}, requirement.In("k", "a", "b"), "k In [b a]"},
		{v1.NodeRequirement{Key: "k", Operator: "NotIn", Values: []string{"a"}}, requirement.NotIn("k", "a"), "k NotIn [a]"},
		{v1.NodeRequirement{Key: "k", Operator: "NotIn"}, requirement.Any("k"), "k NotIn"},
		{v1.NodeRequirement{Key: "k", Operator: "Exists", Values: []string{"ignored"}}, requirement.Exists("k"), "k Exists [ignored]"},
		{v1.NodeRequirement{Key: "k", Operator: "DoesNotExist"}, requirement.DoesNotExist("k"), "k DoesNotExist"},
		{v1.NodeRequirement{Key: "k", Operator: "Gt", Values: []string{"1"}}, requirement.Gt("k", 1), "k Gt [1]"},
		{v1.NodeRequirement{Key: "k", Operator: "Lte", Values: []string{"1"}}, requirement.Lte("k", 1), "k Lte [1]"},
		{v1.NodeRequirement{Key: "k", Operator: "Exists", MinValues: &two}, requirement.Exists("k").WithMinValues(2), "k Exists"},
	} {
		got, err := tt.entry.Requirement()
		require.NoError(t, err)
		require.True(t, tt.want.Equal(got), "%v, not %v", got, tt.want)
		require.Equal(t, tt.text, tt.entry.String())
	}
	for _, wrong := range []v1.NodeRequirement{
		{Key: "k", Operator: "In"}, {Key: "k", Operator: "Near", Values: []string{"a"}}, {Key: "k", Operator: "Gt", Values: []string{"a"}},
	} {
		_, err := wrong.Requirement()
		require.ErrorContains(t, err, `"k"`)
		_, err = v1.Requirements([]v1.NodeRequirement{{Key: "a", Operator: "Exists"}, wrong})
		require.ErrorContains(t, err, `"k"`)
	}
	set, err := v1.Requirements([]v1.NodeRequirement{
		{Key: "k", Operator: "In", Values: []string{"a", "b"}}, {Key: "k", Operator: "NotIn", Values: []string{"a"}},
	})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"k": "b"}, set.Labels())
}
