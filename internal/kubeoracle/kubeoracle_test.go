package kubeoracle_test

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/internal/kubeoracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// A longer run: go test . -run Worlds -worlds 20000 -seed 100000 -timeout 2h
var (
	worldCount = flag.Int("worlds", 2000, "how many random worlds the real scheduler judges")
	firstSeed  = flag.Uint64("seed", 0, "seed of the first random world")
	features   = flag.String("features", "full", "what random worlds may contain: base, full, or such as base,+Spread,+Volumes")
)

// preset is what the flag says.
func preset(t *testing.T) gen.Features {
	f, err := gen.ParseFeatures(*features)
	require.NoError(t, err)
	return f
}

// maxReports bounds how many failing worlds are made smaller and printed.
const maxReports = 5

// TestWorlds lets the real scheduler judge the plans of random worlds.
func TestWorlds(t *testing.T) {
	var next, failed, ordered, placed, unplaced atomic.Int64
	start, f := time.Now(), preset(t)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= int64(*worldCount) || failed.Load() >= maxReports {
					return
				}
				seed := *firstSeed + uint64(i)
				s := gen.World(seed, f)
				opts := optionsOf(seed)
				findings, plan := judge(t.Context(), t, s, opts)
				inOrder, findings := byOrder(findings)
				if len(inOrder) > 0 {
					ordered.Add(1)
					t.Logf("seed %d: the pods can be bound that way, but need not:\n%s", seed, lines(inOrder))
				}
				placed.Add(int64(len(plan.Assignments)))
				unplaced.Add(int64(len(plan.Unplaced)))
				if len(findings) > 0 {
					failed.Add(1)
					report(t, seed, s, opts, findings)
				}
			}
		})
	}
	workers.Wait()
	n := min(next.Load(), int64(*worldCount))
	t.Logf("%d worlds from seed %d, %d pods placed, %d left out; %d plans hang on the order of binding; %.1f worlds/s", n, *firstSeed, placed.Load(), unplaced.Load(), ordered.Load(), float64(n)/time.Since(start).Seconds())
}

// optionsOf are the options that a world is solved with: the default for most.
func optionsOf(seed uint64) scheduling.Options {
	if seed%8 == 5 {
		return scheduling.Options{MinValues: scheduling.MinValuesBestEffort}
	}
	return scheduling.Options{}
}

func judge(ctx context.Context, t *testing.T, s scheduling.Snapshot, opts scheduling.Options) ([]kubeoracle.Finding, *scheduling.Plan) {
	plan, err := scheduling.Solve(ctx, s, opts)
	if err != nil {
		t.Errorf("solve: %v", err)
		return nil, &scheduling.Plan{}
	}
	findings, err := kubeoracle.Judge(ctx, s, plan, opts)
	if err != nil {
		t.Errorf("judge: %v", err)
	}
	return findings, plan
}

// byOrder takes the findings apart: those that the order in which pods are bound explains (the plan has a legal one), and
// the others.
func byOrder(findings []kubeoracle.Finding) (ordered, others []kubeoracle.Finding) {
	for _, f := range findings {
		if f.OrderDependent {
			ordered = append(ordered, f)
		} else {
			others = append(others, f)
		}
	}
	return ordered, others
}

// report fails the test with the smallest world that has a finding of the first one's kind.
func report(t *testing.T, seed uint64, s scheduling.Snapshot, opts scheduling.Options, findings []kubeoracle.Finding) {
	kind := findings[0].Kind()
	small := gen.Shrink(s, func(s scheduling.Snapshot) bool {
		found, _ := judge(t.Context(), t, s, opts)
		return slices.ContainsFunc(found, func(f kubeoracle.Finding) bool { return f.Kind() == kind })
	})
	found, plan := judge(t.Context(), t, small, opts)
	t.Errorf("seed %d, options %+v:\n%s\n\nin a smaller world:\n%s\n%s\nplan:\n%s", seed, opts, lines(findings), lines(found), gen.Dump(small), plan)
	comment := fmt.Sprintf("Found by the real scheduler in the random world of seed %d:\n%s", seed, lines(found))
	text, err := kubeoracle.Export(small, opts, comment)
	if err != nil {
		t.Logf("the scenario format has no words for it, so the file differs from the world: %v", err)
	}
	t.Logf("for scheduling/testdata/regress:\n%s", text)
}

func lines(findings []kubeoracle.Finding) string {
	var out []string
	for _, f := range findings {
		out = append(out, f.String())
	}
	return strings.Join(out, "\n")
}
