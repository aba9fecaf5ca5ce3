package main

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const corpus = "../../scheduling/testdata"

// testSettings are those of a run without flags, but for one run of each.
func testSettings() settings {
	return settings{runs: 1, peerTimeout: time.Minute, peerWorkers: 2, check: 5000}
}

// TestKerfIsNeverBehind compares both planners on every scenario of the engine. Those in testdata/behind.txt, each with its
// reason, are all in which Kerf may be dearer or place fewer pods.
func TestKerfIsNeverBehind(t *testing.T) {
	files, err := scenarioFiles([]string{corpus})
	require.NoError(t, err)
	excused := behind(t)
	verdicts := map[verdict]int{}
	for _, file := range files {
		name, err := filepath.Rel(corpus, strings.TrimSuffix(file, ".yaml"))
		require.NoError(t, err)
		o, err := testSettings().scenario(t.Context(), file)
		require.NoError(t, err, name)
		if o.skipped != "" {
			require.NotContains(t, excused, name, "is skipped: %s", o.skipped)
			continue
		}
		v := o.verdict()
		verdicts[v]++
		isBehind := v == dearer || v == fewer
		if isBehind && excused[name] == "" {
			t.Errorf("%s: %v", name, o.comparison)
		}
		require.True(t, isBehind || excused[name] == "", "%s: take it out of behind.txt: %v", name, o.comparison)
		require.Empty(t, o.kerf.violations, name)
		delete(excused, name)
	}
	require.Empty(t, slices.Collect(maps.Keys(excused)), "in behind.txt and not there")
	require.Greater(t, verdicts[equal], len(files)/2, "the comparison says nothing if the plans hardly ever agree")
	t.Log(verdicts)
}

// behind reads the list of excuses: the reason by the name of the scenario.
func behind(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/behind.txt")
	require.NoError(t, err)
	out := map[string]string{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, _ := strings.Cut(line, " ")
		require.NotEmpty(t, strings.TrimSpace(reason), "%s needs a reason", name)
		out[name] = strings.TrimSpace(reason)
	}
	return out
}

// world compares one scenario that is written down here.
func world(t *testing.T, text string) *outcome {
	t.Helper()
	file := filepath.Join(t.TempDir(), "world.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	o, err := testSettings().scenario(context.WithoutCancel(t.Context()), file)
	require.NoError(t, err)
	return o
}
