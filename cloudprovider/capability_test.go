package cloudprovider_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// plain is a provider without capabilities.
type plain struct{}

func (plain) Name() string { return "plain" }
func (plain) InstanceTypes(context.Context, *v1.NodePool) ([]*cloudprovider.InstanceType, error) {
	return nil, nil
}
func (plain) Create(context.Context, *v1.NodeClaim, []cloudprovider.Choice) (*cloudprovider.Machine, error) {
	return nil, cloudprovider.ErrNotReady
}
func (plain) Get(context.Context, string) (*cloudprovider.Machine, error) {
	return nil, cloudprovider.ErrNotFound
}
func (plain) List(context.Context) ([]*cloudprovider.Machine, error) { return nil, nil }
func (plain) Delete(context.Context, string) error                   { return cloudprovider.ErrNotFound }

// worded also knows its labels.
type worded struct {
	plain
	key string
}

func (w worded) Vocabulary() cloudprovider.Vocabulary {
	return cloudprovider.Vocabulary{WellKnown: []string{w.key}}
}

// logged decorates a provider.
type logged struct{ cloudprovider.Provider }

func (l logged) Unwrap() cloudprovider.Provider { return l.Provider }

// sealed embeds a provider and does not unwrap it.
type sealed struct{ cloudprovider.Provider }

// reworded decorates a provider and alters one capability.
type reworded struct{ logged }

func (reworded) Vocabulary() cloudprovider.Vocabulary {
	return cloudprovider.Vocabulary{WellKnown: []string{"altered"}}
}

func TestAsFindsTheOutermostCapability(t *testing.T) {
	for name, tc := range map[string]struct {
		provider cloudprovider.Provider
		want     string
	}{
		"none":               {plain{}, ""},
		"nil":                {nil, ""},
		"own":                {worded{key: "own"}, "own"},
		"decorated":          {logged{worded{key: "own"}}, "own"},
		"decorated twice":    {logged{logged{worded{key: "own"}}}, "own"},
		"decorated, none":    {logged{logged{plain{}}}, ""},
		"altered":            {reworded{logged{worded{key: "own"}}}, "altered"},
		"altered, decorated": {logged{reworded{logged{plain{}}}}, "altered"},
		"sealed":             {sealed{worded{key: "own"}}, ""},
		"hidden":             {logged{nil}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			source, ok := cloudprovider.As[cloudprovider.VocabularySource](tc.provider)
			require.Equal(t, tc.want != "", ok)
			if ok {
				require.Equal(t, []string{tc.want}, source.Vocabulary().WellKnown)
			} else {
				require.Nil(t, source)
			}
		})
	}
}

func TestAsFindsAConcreteProvider(t *testing.T) {
	found, ok := cloudprovider.As[worded](logged{worded{key: "own"}})
	require.True(t, ok)
	require.Equal(t, "own", found.key)
	_, ok = cloudprovider.As[worded](logged{plain{}})
	require.False(t, ok)
}
