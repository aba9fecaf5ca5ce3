package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDaysPass(t *testing.T) {
	args := []string{"--days", "0.25", "--nodes", "4", "--policies", "never,karpenter,karpenter-spot,kerf"}
	status, out, problems := simulate(t, args...)
	require.Zero(t, status, problems)
	require.Contains(t, out, "karpenter-spot")
	require.Contains(t, out, "churn cycles")
	_, again, _ := simulate(t, args...)
	require.Equal(t, out, again)
	_, other, _ := simulate(t, append(args, "--seed", "2")...)
	require.NotEqual(t, out, other)
}

func TestATraceIsPlayed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trace.csv")
	require.NoError(t, os.WriteFile(file, []byte("time,workload,replicas,cpu\n0,web,8,1\n2h,web,1,\n4h,web,0,\n"), 0o600))
	status, out, problems := simulate(t, "--trace", file, "--policies", "never,karpenter", "-consolidate-after=1m", "-every=1m")
	require.Zero(t, status, problems)
	require.Regexp(t, `(?m)^waits of pods +8 +\d+$`, out)
	require.NoError(t, os.WriteFile(file, []byte("time,workload,replicas,cpu\n0,web,8,a lot\n"), 0o600))
	status, _, problems = simulate(t, "--trace", file)
	require.Equal(t, badInput, status)
	require.Contains(t, problems, "trace.csv: trace: line 2: cpu: \"a lot\"")
}

func TestWrongDaysAreStatusTwo(t *testing.T) {
	for want, args := range map[string][]string{
		"--days says how long":     {"--days", "0"},
		"unexpected argument":      {"--days", "1", "more"},
		"none of never,":           {"--days", "1", "--policies", "always"},
		"--nodes at least 1":       {"--days", "1", "--nodes", "0"},
		"no such file":             {"--trace", "testdata/none.csv"},
		"not defined: -f":          {"--days", "1", "-f", "x.yaml"},
		"invalid value \"a week\"": {"--days", "a week"},
	} {
		status, out, problems := simulate(t, args...)
		require.Equal(t, badInput, status)
		require.Empty(t, out)
		require.Contains(t, problems, want)
	}
	status, _, _ := simulate(t, "--days", "1", "-help")
	require.Zero(t, status)
}
