package kubeoracle_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/fake/scenario"
	"github.com/kerf-autoscaler/kerf/internal/kubeoracle"
)

// TestScenarios lets the real scheduler judge the plans of the planner's golden scenarios.
func TestScenarios(t *testing.T) {
	folder := filepath.FromSlash("../../scheduling/testdata")
	n := 0
	require.NoError(t, filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".yaml" {
			return err
		}
		s, err := scenario.Load([]string{file}, scenario.Options{})
		if err != nil || s.Decide == v1alpha1.DecideDisrupt {
			return nil // the planner's own tests say whether it must be refused
		}
		result, err := s.Solve(t.Context())
		if err != nil {
			return nil
		}
		n++
		bounded := s.Options.MaxLaunches > 0 || s.Options.MaxPrice > 0 || s.Options.Effort > 0
		findings, err := kubeoracle.Judge(t.Context(), s.Snapshot, result.Plan, s.Options)
		require.NoError(t, err)
		for _, f := range findings {
			if f.Check != kubeoracle.Unplaced || !bounded {
				t.Errorf("%s: %s\n%s", strings.TrimPrefix(file, folder), f, result)
			}
		}
		return nil
	}))
	require.Positive(t, n)
	t.Logf("%d scenarios judged", n)
}
