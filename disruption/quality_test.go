package disruption_test

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/fake/kube"
	"github.com/kerf-autoscaler/kerf/fake/scenario"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

var dataFolder = flag.String("data", "", "folder with catalogs and workloads; without it TestConsolidationQuality tries none")

// Clusters that Karpenter's packing has left behind, some of whose pods have gone since, are consolidated until there is
// nothing more to do. What they cost in the end is near the bound on what any nodes for their pods can cost, and no more than
// where Karpenter's search for prefixes ends. The files are read where they are:
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
	start := lose(firstFit(t, buyable(t, world.Snapshot)), share, 1)
	bound := boundOf(t, start)
	kerf := carryOn(t, start, time.Hour, func(ctx context.Context, in disruption.Input) (*disruption.Decision, error) {
		return disruption.Decide(ctx, in, disruption.Options{Horizon: 24 * time.Hour, EvictionPrice: -1}) // a cluster at rest
	})
	karpenter := carryOn(t, start, 20*time.Second, (&kube.Karpenter{}).Decide)
	gap := 100 * (kerf.price/bound - 1)
	t.Logf("%d nodes $%.3f, bound $%.3f | Kerf %d nodes $%.3f, gap %.2f %%, %d rounds, %d pods moved, %v | Karpenter's way $%.3f, gap %.2f %%, %d rounds, %d pods moved, %v",
		len(start.Nodes), price(start), bound, kerf.nodes, kerf.price, gap, kerf.rounds, kerf.moved, kerf.took.Round(time.Millisecond),
		karpenter.price, 100*(karpenter.price/bound-1), karpenter.rounds, karpenter.moved, karpenter.took.Round(time.Millisecond))
	require.LessOrEqual(t, kerf.price, karpenter.price*(1+1e-9), "Karpenter's way ends cheaper")
}

// buyable is the snapshot without the pods that no single type holds.
func buyable(t *testing.T, s scheduling.Snapshot) scheduling.Snapshot {
	t.Helper()
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{Draft: true})
	require.NoError(t, err)
	out := map[types.NamespacedName]bool{}
	for _, u := range plan.Unplaced {
		out[u.Pod] = true
	}
	s.Pods = slices.DeleteFunc(slices.Clone(s.Pods), func(pod *corev1.Pod) bool { return out[nameOf(pod)] })
	return s
}

// ending is how a cluster came to rest.
type ending struct {
	nodes, rounds, moved int
	price                float64
	took                 time.Duration
}

// carryOn decides and carries out until three decisions in a row do nothing.
func carryOn(t *testing.T, in disruption.Input, pause time.Duration, decide func(context.Context, disruption.Input) (*disruption.Decision, error)) ending {
	t.Helper()
	e, idle := ending{}, 0
	began := time.Now()
	for range 2000 {
		d, err := decide(t.Context(), in)
		require.NoError(t, err)
		if len(d.Commands) == 0 {
			if idle++; idle == 3 {
				break
			}
			in.Now = in.Now.Add(pause)
			continue
		}
		idle = 0
		e.rounds++
		for i := range d.Commands {
			e.moved += len(d.Commands[i].Moves)
		}
		before := price(in)
		in = carriedOut(t, in, d.Commands, pause)
		require.Less(t, price(in), before+1e-9)
	}
	e.nodes, e.price, e.took = len(in.Nodes), price(in), time.Since(began)
	return e
}
