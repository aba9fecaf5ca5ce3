package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/kerf-autoscaler/kerf/fake/scenario"
)

// row is one line of the table: a workload, a catalogue, and how much of both.
type row struct {
	file, catalog string
	types, pods   int
}

func (r row) name() string {
	name := strings.TrimSuffix(strings.TrimPrefix(r.file, "synthetic-"), ".csv") + " " + r.catalog
	if r.pods > 0 {
		name += fmt.Sprintf(" %d pods", r.pods)
	}
	return name
}

// rows are the workloads against the catalogues that they are measured with.
func rows() []row {
	return []row{
		{file: "govuk-production.csv", catalog: "F"},
		{file: "govuk-production.csv", catalog: "S"},
		{file: "jenkins-infra.csv", catalog: "F"},
		{file: "jenkins-infra.csv", catalog: "S"},
		{file: "synthetic-govuk-x10-spread.csv", catalog: "F"},
		{file: "synthetic-govuk-x10-spread.csv", catalog: "S"},
		{file: "synthetic-karpenter-diverse.csv", catalog: "F", types: 400, pods: 5000},
		{file: "synthetic-karpenter-diverse.csv", catalog: "F", types: 400, pods: 20000},
		{file: "openb-gpu.csv", catalog: "G"},
		{file: "synthetic-micro-100k.csv", catalog: "F"},
	}
}

// workloads prints the table, in Markdown. Each row is also told to progress as soon as it is known, for the whole takes
// long.
func (s settings) workloads(ctx context.Context, out, progress io.Writer) error {
	table := [][]string{columns()}
	var notes, unjudged []string
	for _, r := range rows() {
		if !s.only.MatchString(r.name()) {
			continue
		}
		w, err := scenario.LoadWorkload(filepath.Join(s.data, "workloads", r.file), scenario.WorkloadOptions{
			Catalog: r.catalog, Types: r.types, Pods: r.pods,
		})
		if err != nil {
			return err
		}
		world, err := w.Scenario()
		if err != nil {
			return err
		}
		c, err := s.compare(ctx, world)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name(), err)
		}
		fmt.Fprintf(progress, "%s: Kerf %v, Karpenter %v, %v\n", r.name(), c.kerf.took, c.peer.took, c)
		table = append(table, c.cells(r.name()))
		notes = append(notes, c.notes(r.name())...)
		if !c.judged {
			unjudged = append(unjudged, r.name())
		}
	}
	printTable(out, table)
	if len(unjudged) > 0 {
		notes = append(notes, "The oracle was not asked about "+strings.Join(unjudged, ", ")+": see -check.")
	}
	fmt.Fprintln(out)
	for _, note := range notes {
		fmt.Fprintln(out, "-", note)
	}
	return nil
}

// printTable writes a Markdown table with a header; all columns but the first are numbers.
func printTable(out io.Writer, table [][]string) {
	widths := make([]int, len(table[0]))
	for _, cells := range table {
		for i, cell := range cells {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for n, cells := range table {
		for i, cell := range cells {
			if i == 0 {
				fmt.Fprintf(out, "| %-*s ", widths[i], cell)
			} else {
				fmt.Fprintf(out, "| %*s ", widths[i], cell)
			}
		}
		fmt.Fprintln(out, "|")
		if n > 0 {
			continue
		}
		for i, width := range widths {
			if i == 0 {
				fmt.Fprintf(out, "|%s", strings.Repeat("-", width+2))
			} else {
				fmt.Fprintf(out, "|%s:", strings.Repeat("-", width+1))
			}
		}
		fmt.Fprintln(out, "|")
	}
}

func columns() []string {
	return []string{
		"workload", "pods", "classes", "types", "bound $/h",
		"Kerf: time", "pods/s", "nodes", "$/h", "gap",
		"Karpenter: time", "pods/s", "nodes", "$/h", "gap", "time ratio", "cost ratio",
	}
}

// cells are one row of the table. What a run that ended early would have cost is not guessed.
func (c *comparison) cells(name string) []string {
	plan, peer := c.kerf.plan, c.peer.plan
	peerTime, peerPrice, peerGap, cost := duration(c.peer.took), fmt.Sprintf("%.3f", peer.Price()), gap(peer.Price(), plan.Bound), ""
	ratio := fmt.Sprintf("%.1fx", c.peer.took.Seconds()/c.kerf.took.Seconds())
	if c.early {
		peerTime, peerPrice, peerGap, cost, ratio = ">"+peerTime, "("+peerPrice+")", "-", "-", ">"+ratio
	} else if c.kerf.placed() == c.peer.placed() {
		cost = fmt.Sprintf("%.3f", peer.Price()/plan.Price())
	}
	return []string{
		name, fmt.Sprint(c.pods), fmt.Sprint(plan.Stats.Classes), fmt.Sprint(c.types), fmt.Sprintf("%.3f", plan.Bound),
		duration(c.kerf.took), perSecond(c.kerf.placed(), c.kerf.took), fmt.Sprint(len(plan.Launches)), fmt.Sprintf("%.3f", plan.Price()), gap(plan.Price(), plan.Bound),
		peerTime, perSecond(c.peer.placed(), c.peer.took), fmt.Sprint(len(peer.Launches)), peerPrice, peerGap, ratio, cost,
	}
}

func duration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func perSecond(pods int, d time.Duration) string {
	return fmt.Sprintf("%.0f", float64(pods)/d.Seconds())
}

func gap(price, bound float64) string {
	if bound == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*(price/bound-1))
}

// notes say what the table has no column for.
func (c *comparison) notes(name string) []string {
	var out []string
	if c.early {
		out = append(out, fmt.Sprintf("%s: Karpenter's deadline passed with %d of %d pods placed", name, c.peer.placed(), c.pods))
	} else if c.peer.placed() < c.pods || c.kerf.placed() < c.pods {
		out = append(out, fmt.Sprintf("%s: Kerf places %d pods, Karpenter %d", name, c.kerf.placed(), c.peer.placed()))
	}
	for _, s := range []struct {
		who string
		side
	}{{"Kerf", c.kerf}, {"Karpenter", c.peer}} {
		if n := len(s.violations); n > 0 {
			out = append(out, fmt.Sprintf("%s: %s's plan breaks %d rules, the first is: %s", name, s.who, n, s.violations[0]))
		}
	}
	return out
}
