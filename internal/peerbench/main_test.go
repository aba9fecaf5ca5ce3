package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"nothing to do":                      {},
		"-n must be at least 1":              {"-n", "0", "x.yaml"},
		"exclude each other":                 {"-data", ".", "x.yaml"},
		"missing closing )":                  {"-only", "(", "x.yaml"},
		"flag provided but not defined: -oh": {"-oh"},
	} {
		_, err := parse(args, io.Discard)
		require.ErrorContains(t, err, want)
	}
	s, err := parse([]string{"-only", "govuk|jenkins", "-data", "."}, io.Discard)
	require.NoError(t, err)
	require.True(t, s.only.MatchString(rows()[0].name()))
}

func TestTheTable(t *testing.T) {
	data := t.TempDir()
	for name, text := range map[string]string{
		"workloads/govuk-production.csv": "group,count,cpu_m,mem_mib\nweb,3,1000,512\n",
		"catalogs/aws-allocatable.csv": "name,arch,category,family,generation,size,vcpu,memory_mib,alloc_cpu_m,alloc_mem_mib,pods,gpu,price_od\n" +
			"m7i.large,amd64,m,m7i,7,large,2,8192,1930,7000,29,0,0.1\nm7i.2xlarge,amd64,m,m7i,7,2xlarge,8,32768,7900,30000,58,0,0.5\n",
	} {
		file := filepath.Join(data, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	s, err := parse([]string{"-data", data, "-only", "govuk-production F", "-n", "1"}, io.Discard)
	require.NoError(t, err)
	var out, progress bytes.Buffer
	require.NoError(t, s.workloads(t.Context(), &out, &progress))
	require.Regexp(t, `(?m)^\| govuk-production F +\| +3 \| +1 \| +2 \| +0\.300 \|.* 3 \| 0\.300 \| 0\.0% \|.* 1 \| 0\.500 \| 66\.7% \|.* 1\.667 \|$`, out.String())
	require.Contains(t, progress.String(), "Kerf is cheaper")

	s.data = filepath.Join(data, "none")
	require.Error(t, s.workloads(t.Context(), &out, io.Discard))
}

func TestTheSummaryOfScenarios(t *testing.T) {
	s := testSettings()
	s.args = []string{corpus + "/preferences/apart-in-zones.yaml", corpus + "/hostports/port-of-a-sidecar.yaml", corpus + "/groups"}
	s.all = true
	var out bytes.Buffer
	require.NoError(t, s.scenarios(t.Context(), &out))
	require.Contains(t, out.String(), "apart-in-zones.yaml: Kerf is dearer: Kerf 3 of 3 pods, 3 nodes, $0.3000/h; Karpenter 3 pods, 1 nodes, $0.1000/h")
	require.Contains(t, out.String(), "Karpenter's plan is wrong: host-ports")
	require.Regexp(t, `\n +\d+  skipped: groups\n`, out.String())
	require.Contains(t, out.String(), "Karpenter\nlaunch  general-karpenter-1  ")
	s.args = []string{corpus + "/none"}
	require.Error(t, s.scenarios(t.Context(), &out))
}

func TestRandomWorlds(t *testing.T) {
	s, err := parse([]string{"-worlds", "20", "-n", "1"}, io.Discard)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, s.randomWorlds(t.Context(), &out))
	require.Contains(t, out.String(), "20 worlds\n")
	require.Contains(t, out.String(), "the same price")
	require.NotContains(t, out.String(), "Kerf's plan is wrong")

	s.features = "gravity"
	require.Error(t, s.randomWorlds(t.Context(), &out))
}
