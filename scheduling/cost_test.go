package scheduling_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/fake/scenario"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/internal/golden"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// tally adds up plans.
type tally struct {
	plans, pods, unplaced, nodes int
	price, bound                 float64
}

func (c *tally) add(o tally) {
	c.plans, c.pods, c.unplaced, c.nodes = c.plans+o.plans, c.pods+o.pods, c.unplaced+o.unplaced, c.nodes+o.nodes
	c.price, c.bound = c.price+o.price, c.bound+o.bound
}

// costTable lists what plans cost, row by row, with totals.
type costTable struct {
	strings.Builder
	section, total tally
	row            tally
}

func (c *costTable) head(title string) {
	fmt.Fprintf(c, "\n## %s\n\n| what | plans | pods | left out | nodes | $/h | bound |\n|---|---|---|---|---|---|---|\n", title)
}

func (c *costTable) line(name string, v tally) {
	fmt.Fprintf(c, "| %s | %d | %d | %d | %d | %.4f | %.4f |\n", name, v.plans, v.pods, v.unplaced, v.nodes, v.price, v.bound)
}

// end closes the row.
func (c *costTable) end(name string) {
	c.line(name, c.row)
	c.section.add(c.row)
	c.row = tally{}
}

// foot closes the section.
func (c *costTable) foot() {
	c.line("**sum**", c.section)
	c.total.add(c.section)
	c.section = tally{}
}

func (c *costTable) solve(t *testing.T, s scheduling.Snapshot, opts scheduling.Options) {
	t.Helper()
	plan, err := scheduling.Solve(t.Context(), s, opts)
	require.NoError(t, err)
	c.row.add(tally{1, plan.Stats.Pods, len(plan.Unplaced), len(plan.Launches), plan.Price(), plan.Bound})
}

// testdata/COST.md says what plans cost for all scenarios, for a few hundred random worlds and for batches of made-up pods.
// A change of the engine shows there what it does to the money: go test ./scheduling -run CostTable -update.
func TestCostTable(t *testing.T) {
	t.Parallel()
	table := &costTable{}
	table.WriteString("# What plans cost\n\nDollars per hour and numbers of nodes, so that a change of the engine shows its money in the diff. Written by\n`go test ./scheduling -run CostTable -update`. Fewer pods left out come before less money; the bound is that of the pods placed.\n")
	table.head("Batches of made-up pods, 200 types")
	for _, batch := range batches {
		for _, pods := range []int{60, 300, 1_000} {
			table.solve(t, batch.make(pods, 200), scheduling.Options{})
			table.end(fmt.Sprintf("%s, %d pods", batch.name, pods))
		}
	}
	table.foot()
	table.head("Random worlds")
	const worlds, together = 200, 20
	for seed := range uint64(worlds) {
		f := gen.Full()
		f.Size = gen.Small
		table.solve(t, gen.World(seed, f), scheduling.Options{})
		if seed%together == together-1 {
			table.end(fmt.Sprintf("%d to %d", seed-together+1, seed))
		}
	}
	table.foot()
	table.head("Scenarios by topic")
	topics, err := os.ReadDir("testdata")
	require.NoError(t, err)
	for _, topic := range topics {
		require.NoError(t, filepath.WalkDir(filepath.Join("testdata", topic.Name()), func(file string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(file, ".yaml") {
				return err
			}
			loaded, err := scenario.Load([]string{file}, scenario.Options{})
			if loaded != nil && loaded.ExpectError == "" {
				require.NoError(t, err, file)
				table.solve(t, loaded.Snapshot, loaded.Options)
			}
			return nil
		}))
		if table.row.plans > 0 {
			table.end(topic.Name())
		}
	}
	table.foot()
	table.head("All")
	table.line("**total**", table.total)
	golden.Compare(t, golden.File("testdata/COST.md"), table.String())
}
