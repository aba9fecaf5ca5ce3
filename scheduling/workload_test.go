package scheduling_test

import (
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/fake/scenario"
	"github.com/kerf-autoscaler/kerf/internal/oracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

var dataFolder = flag.String("data", "", "folder with catalogs and workloads; without it TestWorkloads tries none")

// Real and synthetic workloads against real price lists: every pod is placed, the oracle finds nothing wrong, and the
// price is within a few percent of the proven bound. The files are read where they are:
//
//	go test ./scheduling -run Workloads -v -data FOLDER
func TestWorkloads(t *testing.T) {
	if *dataFolder == "" {
		t.Log("no -data folder given: nothing tried")
		return
	}
	for _, test := range []struct {
		file, catalog string
		every         int     // of how many pods one is kept
		gap           float64 // percent
	}{
		{"govuk-production.csv", "F", 1, 2},
		{"govuk-production.csv", "S", 1, 2},
		{"jenkins-infra.csv", "F", 1, 5},
		{"jenkins-infra.csv", "S", 1, 5},
		{"synthetic-micro-100k.csv", "F", 1, 1},
		{"synthetic-micro-100k.csv", "S", 1, 2},
		{"synthetic-karpenter-diverse.csv", "F", 4, 15},
		{"synthetic-karpenter-diverse.csv", "S", 4, 15},
		{"synthetic-govuk-x10-spread.csv", "F", 1, 15},
		{"synthetic-govuk-x10-spread.csv", "S", 1, 15},
	} {
		t.Run(test.file+"/"+test.catalog, func(t *testing.T) {
			w, err := scenario.LoadWorkload(filepath.Join(*dataFolder, "workloads", test.file), scenario.WorkloadOptions{Catalog: test.catalog})
			require.NoError(t, err)
			loaded, err := w.Scenario()
			require.NoError(t, err)
			s := loaded.Snapshot
			pods := s.Pods
			s.Pods = nil
			for i := 0; i < len(pods); i += test.every {
				s.Pods = append(s.Pods, pods[i])
			}
			began := time.Now()
			plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
			require.NoError(t, err)
			took := time.Since(began)
			require.Empty(t, plan.Unplaced)
			if len(plan.Launches) > 100 { // the oracle asks each alternative for each pod: too slow for thousands of both
				for i := range plan.Launches {
					l := &plan.Launches[i]
					l.Choices, l.InstanceTypes = l.Choices[:1], []string{l.Offering().InstanceType}
				}
			}
			require.Empty(t, oracle.Check(s, plan))
			gap := 100 * (plan.Price()/plan.Bound - 1)
			require.LessOrEqual(t, gap, test.gap)
			t.Logf("%d pods, %d classes, %d offerings: %d launches, $%.3f/h, bound $%.3f, gap %.2f %%, compile and solve %v, %d steps",
				plan.Stats.Pods, plan.Stats.Classes, plan.Stats.Offerings, len(plan.Launches), plan.Price(), plan.Bound, gap, took, plan.Stats.Effort)
		})
	}
}
