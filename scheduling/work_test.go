package scheduling_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/internal/golden"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// work is what a solve counted.
type work struct{ effort, pivots, checks int }

func (w *work) add(s scheduling.Stats) {
	w.effort, w.pivots, w.checks = w.effort+s.Effort, w.pivots+s.Pivots, w.checks+s.Checks
}

// slack is how far a counter may be from the table, as a factor. Counters below a few hundred may be off by that many more.
const slack, trifle = 1.2, 50

// testdata/WORK.md says how much work plans are, in counts that repeat exactly, so that a solve that has become slower is
// found without a clock. A counter that is more than a fifth above the table fails the test; one that is more than a fifth
// below asks for the table to be brought up to date: go test ./scheduling -run WorkTable -update.
func TestWorkTable(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	table.WriteString("# How much work plans are\n\nNodes filled, pivots of linear programs and questions about constraints between pods (`scheduling.Stats`). Written by\n`go test ./scheduling -run WorkTable -update`; a count may be up to a fifth off before the test fails.\n\n| what | effort | pivots | checks |\n|---|---|---|---|\n")
	have := map[string]work{}
	row := func(name string, w work) {
		have[name] = w
		fmt.Fprintf(&table, "| %s | %d | %d | %d |\n", name, w.effort, w.pivots, w.checks)
	}
	solve := func(w *work, s scheduling.Snapshot) {
		plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
		require.NoError(t, err)
		w.add(plan.Stats)
	}
	for _, batch := range batches {
		for _, size := range []struct{ pods, types int }{{60, 400}, {300, 100}, {1_500, 100}} {
			var w work
			solve(&w, batch.make(size.pods, size.types))
			row(fmt.Sprintf("%s, %d pods, %d types", batch.name, size.pods, size.types), w)
		}
	}
	var worlds work
	for seed := range uint64(40) {
		f := gen.Full()
		f.Size = gen.Small
		solve(&worlds, gen.World(seed, f))
	}
	row("40 random worlds", worlds)
	file := golden.File("testdata/WORK.md")
	if golden.Updating() {
		golden.Compare(t, file, table.String())
		return
	}
	text, err := file.Load()
	require.NoError(t, err)
	listed := 0
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if w, known := have[cells[0]]; known && len(cells) == 4 {
			listed++
			requireNear(t, cells[0]+": effort", cells[1], w.effort)
			requireNear(t, cells[0]+": pivots", cells[2], w.pivots)
			requireNear(t, cells[0]+": checks", cells[3], w.checks)
		}
	}
	require.Len(t, have, listed, "the table has other rows: go test ./scheduling -run WorkTable -update")
}

// requireNear compares a counter with the table.
func requireNear(t *testing.T, what, listed string, have int) {
	t.Helper()
	var want int
	_, err := fmt.Sscan(listed, &want)
	require.NoError(t, err, what)
	if float64(have) > slack*float64(want)+trifle {
		t.Errorf("%s has grown from %d to %d", what, want, have)
	}
	if slack*float64(have)+trifle < float64(want) {
		t.Errorf("%s has gone down from %d to %d: take that over by go test ./scheduling -run WorkTable -update", what, want, have)
	}
}
