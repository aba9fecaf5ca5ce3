package scheduling_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/fake/scenario"
	"github.com/kerf-autoscaler/kerf/internal/oracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Every file under testdata is a scenario: its comment is the specification, its documents the input, and its expect
// block the plan. Their names read like a list of features. -update rewrites the expect blocks and nothing else.
func TestScenarios(t *testing.T) {
	scenario.Test(t, "testdata")
}

// Whatever the expect blocks say, the oracle must accept the plans: a wrong answer cannot be accepted by -update alone.
func TestTheOracleAcceptsEveryScenario(t *testing.T) {
	checked, codes := 0, map[scheduling.Code]bool{}
	require.NoError(t, filepath.WalkDir("testdata", func(file string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".yaml") {
			return err
		}
		if strings.Contains(file, "have-moved-its-plugin") {
			return nil // the oracle does not know what becomes of the volume; internal/kubeoracle does
		}
		loaded, err := scenario.Load([]string{file}, scenario.Options{})
		if loaded == nil || loaded.ExpectError != "" {
			return nil
		}
		require.NoError(t, err, file)
		plan, err := scheduling.Solve(t.Context(), loaded.Snapshot, loaded.Options)
		require.NoError(t, err, file)
		require.Empty(t, oracle.Check(loaded.Snapshot, plan), file)
		require.Empty(t, oracle.UnplacedWith(loaded.Snapshot, plan, loaded.Options), file)
		checked++
		for _, u := range plan.Unplaced {
			codes[u.Rejections[0].Code] = true
		}
		return nil
	}))
	require.Greater(t, checked, 120)
	require.Len(t, codes, 15, "each code is the first reason of a pod in some scenario: %v", codes)
}
