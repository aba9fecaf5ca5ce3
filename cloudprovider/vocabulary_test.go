package cloudprovider_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

func TestAVocabularyAddsToTheStandardOne(t *testing.T) {
	v := cloudprovider.Vocabulary{WellKnown: []string{"example.com/rack"}, Aliases: map[string]string{
		"example.com/old-rack": "example.com/rack", "beta.kubernetes.io/arch": "example.com/cpu",
	}}
	require.Equal(t, "example.com/rack", v.Canonical("example.com/old-rack"))
	require.Equal(t, "example.com/cpu", v.Canonical("beta.kubernetes.io/arch"))
	require.Equal(t, "topology.kubernetes.io/zone", v.Canonical("failure-domain.beta.kubernetes.io/zone"))
	require.Equal(t, "anything/else", v.Canonical("anything/else"))
	require.True(t, v.IsWellKnown("example.com/rack"))
	require.True(t, v.IsWellKnown("topology.kubernetes.io/zone"))
	require.False(t, v.IsWellKnown("example.com/old-rack"))
	require.Equal(t, "kubernetes.io/arch", cloudprovider.Vocabulary{}.Canonical("beta.kubernetes.io/arch"))
	require.NoError(t, cloudprovider.ValidateVocabulary(v).Err())
}

func TestAliasesThatLeadNowhereAreFound(t *testing.T) {
	for want, v := range map[string]cloudprovider.Vocabulary{
		"WellKnown[1]: must not be empty":                    {WellKnown: []string{"a", ""}},
		"Aliases[a]: must map a label key to another one":    {Aliases: map[string]string{"a": ""}},
		"Aliases[]: must map a label key to another one":     {Aliases: map[string]string{"": "a"}},
		"Aliases[a]: must name a key that is no alias, is a": {Aliases: map[string]string{"a": "a"}},
		"Aliases[a]: must name a key that is no alias, is b, which stands for c": {
			Aliases: map[string]string{"a": "b", "b": "c"},
		},
		"Aliases[a]: must name a key that is no alias, is beta.kubernetes.io/os, which stands for kubernetes.io/os": {
			Aliases: map[string]string{"a": "beta.kubernetes.io/os"},
		},
		"Aliases[topology.kubernetes.io/zone]: is a well-known key": {Aliases: map[string]string{"topology.kubernetes.io/zone": "a"}},
	} {
		require.ErrorContains(t, cloudprovider.ValidateVocabulary(v).Err(), want)
	}
}
