package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/fake/scenario"
	"github.com/kerf-autoscaler/kerf/internal/golden"
)

func simulate(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	status = run(t.Context(), args, &out, &problems)
	return status, out.String(), problems.String()
}

func TestTheShop(t *testing.T) {
	status, out, problems := simulate(t, "-f", "testdata/shop.yaml")
	require.Zero(t, status, problems)
	golden.Compare(t, golden.File("testdata/shop.txt"), out)
}

func TestAFolderWithPodsThatFitNowhere(t *testing.T) {
	status, out, problems := simulate(t, "-f", "testdata/split", "--explain", "default/database-0")
	require.Equal(t, someUnplaced, status, problems)
	golden.Compare(t, golden.File("testdata/split.txt"), out)
}

func TestTheShopInTheEvening(t *testing.T) {
	status, out, problems := simulate(t, "-f", "testdata/evening", "--disrupt", "--budgets", "--explain", "shop/search-0")
	require.Zero(t, status, problems)
	require.Equal(t, "simulate: the time is taken to be 2026-01-05T20:09:12Z, the newest timestamp: lastHeartbeatTime of Node ip-10-0-2-21, testdata/evening/nodes.yaml:71\n", problems)
	golden.Compare(t, golden.File("testdata/evening.txt"), out)

	status, out, problems = simulate(t, "-f", "testdata/evening", "--disrupt", "--exit-code", "-o", "json")
	require.Equal(t, nodesGo, status, problems)
	require.True(t, json.Valid([]byte(out)))
	status, out, problems = simulate(t, "-f", "testdata/evening", "--disrupt", "-o", "yaml")
	require.Zero(t, status, problems)
	require.Contains(t, out, "afterPerHour: ")

	status, out, problems = simulate(t, "-f", "testdata/evening", "--disrupt", "-o", "scenario")
	require.Zero(t, status, problems)
	one := filepath.Join(t.TempDir(), "evening.yaml")
	require.NoError(t, os.WriteFile(one, []byte(out), 0o600))
	status, again, problems := simulate(t, "-f", one)
	require.Zero(t, status, problems)
	require.Empty(t, problems, "the file states the time, and what it asks")
	_, out, _ = simulate(t, "-f", "testdata/evening", "--disrupt")
	require.Equal(t, out, again)

	status, out, problems = simulate(t, "-f", "testdata/evening")
	require.Zero(t, status, problems)
	require.Contains(t, out, "0 launches", "nobody waits")
}

func TestTheStatusSaysWhatTheDecisionComesTo(t *testing.T) {
	stranded := disruption.Command{Remove: []string{"n-1"}, Stranded: []types.NamespacedName{{Namespace: "default", Name: "db-0"}}}
	for name, c := range map[string]struct {
		commands []disruption.Command
		exitCode bool
		want     int
	}{
		"nothing to do":                 {nil, true, allPlaced},
		"something to do":               {[]disruption.Command{{Remove: []string{"n-2"}}}, false, allPlaced},
		"something to do, as status":    {[]disruption.Command{{Remove: []string{"n-2"}}}, true, nodesGo},
		"pods without place":            {[]disruption.Command{{Remove: []string{"n-2"}}, stranded}, false, someUnplaced},
		"pods without place weigh more": {[]disruption.Command{stranded}, true, someUnplaced},
	} {
		t.Run(name, func(t *testing.T) {
			result := &scenario.Result{Decision: &disruption.Decision{Commands: c.commands}}
			require.Equal(t, c.want, settings{disrupt: true, exitCode: c.exitCode}.status(result))
		})
	}
}

// A machine that the cloud takes away goes even though its pods fit nowhere else, which the exit status says.
func TestPodsOfNodesThatMustGoMayHaveNoPlace(t *testing.T) {
	status, out, problems := simulate(t, "-f", "testdata/notice.yaml", "--disrupt", "--exit-code")
	require.Equal(t, someUnplaced, status, problems)
	require.Empty(t, problems)
	require.Regexp(t, `n-1 +\(no place\) +default/db\n`, out)
}

func TestOutputForMachines(t *testing.T) {
	status, out, _ := simulate(t, "-f", "testdata/shop.yaml", "-o", "json")
	require.Zero(t, status)
	require.True(t, json.Valid([]byte(out)))
	status, out, _ = simulate(t, "-f", "testdata/shop.yaml", "-o", "yaml")
	require.Zero(t, status)
	require.Contains(t, out, "pricePerHour: ")
}

func TestBadInputIsStatusTwoAndSaysWhy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(file, []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"), 0o600))
	for want, args := range map[string][]string{
		"nothing to read":                      {},
		"unexpected argument":                  {"-f", file, "more"},
		"no such file":                         {"-f", "testdata/none.yaml"},
		"document 1 (ConfigMap x)":             {"-f", file},
		"-o must be text, json, yaml or":       {"-f", file, "-o", "xml"},
		"-f and -workload exclude each other":  {"-f", file, "-workload", "x.csv"},
		"--disrupt and -workload exclude each": {"-workload", "x.csv", "--disrupt"},
		"--exit-code needs --disrupt":          {"-f", file, "--exit-code"},
		"--budgets needs --disrupt and":        {"-f", file, "--disrupt", "--budgets", "-o", "json"},
		"no document tells the time":           {"-f", "testdata/split", "--disrupt"},
		"flag provided but not defined: -what": {"-what"},
		"none.csv":                             {"-workload", "testdata/none.csv", "-catalog", "testdata/split/catalog.csv"},
	} {
		t.Run(want, func(t *testing.T) {
			status, out, problems := simulate(t, args...)
			require.Equal(t, badInput, status)
			require.Empty(t, out)
			require.Contains(t, problems, want)
		})
	}
	status, _, problems := simulate(t, "-f", file, "-f", "testdata/shop.yaml", "--ignore-unknown")
	require.Zero(t, status, problems)
	status, _, _ = simulate(t, "-help")
	require.Zero(t, status)
}

func TestWorkloadsOfCSVFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "w.csv")
	require.NoError(t, os.WriteFile(file, []byte("group,count,cpu_m,mem_mib,zone_max_skew\nweb,4,500,512,1\n"), 0o600))
	args := []string{"-workload", file, "-catalog", "testdata/split/catalog.csv", "-without", "zone-spread"}
	status, out, problems := simulate(t, args...)
	require.Zero(t, status, problems)
	require.Contains(t, out, "default/web x")

	status, out, problems = simulate(t, append(args, "-o", "scenario")...)
	require.Zero(t, status, problems)
	replay := filepath.Join(t.TempDir(), "w.yaml")
	require.NoError(t, os.WriteFile(replay, []byte(out), 0o600))
	status, again, problems := simulate(t, "-f", replay)
	require.Zero(t, status, problems)
	_, out, _ = simulate(t, args...)
	require.Equal(t, out, again)

	status, out, problems = simulate(t, append(args, "-types", "1", "-pods", "2")...)
	require.Zero(t, status, problems)
	require.Contains(t, out, "default/web x2")
}
