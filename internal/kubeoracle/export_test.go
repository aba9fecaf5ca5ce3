package kubeoracle_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/fake/scenario"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/internal/kubeoracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// TestExportedWorldsHaveTheSamePlan reads random worlds back from what was written of them.
func TestExportedWorldsHaveTheSamePlan(t *testing.T) {
	exact, not := 0, 0
	for seed := range uint64(150) {
		f := gen.Base()
		f.OpenLabels, f.Closed, f.Size = false, false, gen.Minute
		s := gen.World(seed, f)
		text, err := kubeoracle.Export(s, scheduling.Options{}, "a random world")
		if err != nil {
			not++
			continue
		}
		read, err := scenario.Read(strings.NewReader(text), "world.yaml", scenario.Options{})
		require.NoError(t, err, "seed %d\n%s", seed, text)
		want, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
		require.NoError(t, err)
		have, err := read.Solve(t.Context())
		require.NoError(t, err)
		require.Equal(t, want.String(), have.String(), "seed %d\n%s", seed, text)
		exact++
	}
	t.Logf("%d worlds have the same plan, %d cannot be written", exact, not)
	require.Greater(t, exact, not)
}
