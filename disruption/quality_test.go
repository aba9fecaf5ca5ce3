package disruption_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/fake/scenario"
)

var dataFolder = flag.String("data", "", "folder with catalogs and workloads; without it TestConsolidationQuality tries none")

// Clusters that Karpenter's packing has left behind, some of whose pods have gone since, are consolidated until there is
// nothing more to do. What they cost in the end is near the bound on what any nodes for their pods can cost. The files are
// read where they are:
//
//	go test ./disruption -run ConsolidationQuality -v -data FOLDER
func TestConsolidationQuality(t *testing.T) {
	if *dataFolder == "" {
		t.Log("no -data folder given: nothing tried")
		return
	}
	for _, w := range []string{"govuk-production", "jenkins-infra", "openb-gpu", "synthetic-micro-100k"} {
		for _, catalog := range []string{"F", "S"} {
			for _, share := range []float64{0, 0.15, 0.3, 0.4} {
				t.Run(fmt.Sprintf("%s/%s/%v", w, catalog, share), func(t *testing.T) { consolidated(t, w, catalog, share) })
			}
		}
	}
}

func consolidated(t *testing.T, workload, catalog string, share float64) {
	loaded, err := scenario.LoadWorkload(filepath.Join(*dataFolder, "workloads", workload+".csv"), scenario.WorkloadOptions{
		Catalog: catalog, Without: []string{"zone-spread", "per-node", "volumes", "host-spread", "zone-affinity", "gpus", "gpu-kinds"},
	})
	require.NoError(t, err)
	world, err := loaded.Scenario()
	require.NoError(t, err)
	in := lose(firstFit(t, world.Snapshot), share, 1)
	start, nodes, bound := price(in), len(in.Nodes), boundOf(t, in)
	began := time.Now()
	rounds, pods, whatIfs := 0, 0, 0
	for ; rounds < 50; rounds++ {
		d, err := disruption.Decide(t.Context(), in, disruption.Options{})
		require.NoError(t, err)
		if testing.Verbose() && rounds == 0 {
			t.Logf("first: %d commands, %v -> %v, bound %v, %+v", len(d.Commands), d.Price, d.After, d.Bound, d.Stats)
		}
		if len(d.Commands) == 0 {
			break
		}
		for _, c := range d.Commands {
			pods += len(c.Moves)
		}
		whatIfs += d.Stats.WhatIfs
		before := price(in)
		in = carriedOut(t, in, d.Commands, time.Hour)
		require.Less(t, price(in), before)
	}
	end := price(in)
	t.Logf("%s %s -%v: %d nodes $%.3f -> %d nodes $%.3f, bound $%.3f, gap %.2f %%, %d rounds, %d pods moved, %d what-ifs, %v",
		workload, catalog, share, nodes, start, len(in.Nodes), end, bound, 100*(end/bound-1), rounds, pods, whatIfs, time.Since(began).Round(time.Millisecond))
}
