package kube

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// Report is what one run of a [Simulation] came to.
type Report struct {
	// Policy is the policy's name, Span how much virtual time has passed.
	Policy string
	Span   time.Duration
	// Dollars is what the machines have cost, each from its order until it was gone, at the prices of the hour.
	Dollars float64
	// MeanNodes and PeakNodes are how many machines there were, on average over time and at most.
	MeanNodes float64
	PeakNodes int
	// Launches, FailedLaunches and Removals are machines ordered, orders that the cloud had nothing for, and machines gone.
	Launches, FailedLaunches, Removals int
	// Interruptions are notices that the cloud took a spot machine back.
	Interruptions int
	// Evictions are pods that were evicted, Lost those that went down with their machine.
	Evictions, Lost int
	// Pods is how many times a pod has waited for a node, those included that still do, Unscheduled how many still did at the
	// end.
	Pods, Unscheduled int
	// Pending is how long pods have waited for a node, all together; Median, P99 and Longest are of the single waits.
	Pending, Median, P99, Longest time.Duration
	// Commands are those that have been carried out, by reason. Undone were given up, Dropped made no sense when they came.
	Commands        map[v1.DisruptionReason]int
	Undone, Dropped int
	// Cycles is how many times a node was bought back. A node counts if it is of the offering (instance type, zone and
	// capacity type) and NodePool A of a node that a command removed within the 24 hours before, if it replaces a node that
	// the earlier command had launched in exchange, of another offering, and if the CPU that all workloads ask for is the same
	// then and now within 5 percent. Each removed node is bought back once at the most.
	Cycles int
	// Plans and Decisions count how many times the engine was asked for machines, and the policy for commands.
	Plans, Decisions int
}

// Table compares reports side by side.
func Table(reports ...*Report) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, value func(r *Report) string) {
		// Names are aligned to the left by hand: the writer aligns all cells alike.
		fmt.Fprintf(w, "%-24s\t", name)
		for _, r := range reports {
			fmt.Fprintf(w, "%s\t", value(r))
		}
		fmt.Fprintln(w)
	}
	number := func(of func(r *Report) int) func(*Report) string {
		return func(r *Report) string { return fmt.Sprint(of(r)) }
	}
	span := func(of func(r *Report) time.Duration) func(*Report) string {
		return func(r *Report) string { return fmt.Sprintf("%.1f", of(r).Seconds()) }
	}
	row("policy", func(r *Report) string { return r.Policy })
	row("dollars", func(r *Report) string { return fmt.Sprintf("%.2f", r.Dollars) })
	row("nodes, mean", func(r *Report) string { return fmt.Sprintf("%.1f", r.MeanNodes) })
	row("nodes, peak", number(func(r *Report) int { return r.PeakNodes }))
	row("launches", number(func(r *Report) int { return r.Launches }))
	row("launches failed", number(func(r *Report) int { return r.FailedLaunches }))
	row("removals", number(func(r *Report) int { return r.Removals }))
	row("interruptions", number(func(r *Report) int { return r.Interruptions }))
	row("evictions", number(func(r *Report) int { return r.Evictions }))
	row("pods lost", number(func(r *Report) int { return r.Lost }))
	row("waits of pods", number(func(r *Report) int { return r.Pods }))
	row("pending seconds", span(func(r *Report) time.Duration { return r.Pending }))
	row("  p50", span(func(r *Report) time.Duration { return r.Median }))
	row("  p99", span(func(r *Report) time.Duration { return r.P99 }))
	row("  longest", span(func(r *Report) time.Duration { return r.Longest }))
	row("waiting at the end", number(func(r *Report) int { return r.Unscheduled }))
	reasons := map[v1.DisruptionReason]bool{}
	for _, r := range reports {
		for reason := range r.Commands {
			reasons[reason] = true
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		row("commands, "+string(reason), number(func(r *Report) int { return r.Commands[reason] }))
	}
	row("commands undone", number(func(r *Report) int { return r.Undone }))
	row("commands dropped", number(func(r *Report) int { return r.Dropped }))
	row("churn cycles", number(func(r *Report) int { return r.Cycles }))
	row("plans", number(func(r *Report) int { return r.Plans }))
	row("decisions", number(func(r *Report) int { return r.Decisions }))
	w.Flush()
	lines := strings.SplitAfter(b.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ") // the writer's padding before the first cell
	}
	return strings.Join(lines, "")
}

// meter watches a cluster and adds up.
type meter struct {
	cluster *Cluster
	at      time.Time // until when dollars and nodeSeconds are counted
	rate    float64   // dollars per hour since then
	nodes   int
	hours   float64 // nodes times hours
	waits   []time.Duration
	report  Report
}

func watch(c *Cluster) *meter {
	m := &meter{cluster: c, at: c.Now()}
	c.Listen(m.hear)
	return m
}

func (m *meter) hear(e Event) {
	r := &m.report
	switch e.Kind {
	case Launched:
		r.Launches++
		m.account()
	case LaunchFailed:
		r.FailedLaunches++
	case Gone:
		r.Removals++
		m.account()
	case Repriced:
		m.account()
	case Interrupted:
		r.Interruptions++
	case PodEvicted:
		r.Evictions++
	case PodLost:
		r.Lost++
	case PodBound:
		m.waits = append(m.waits, e.Waited)
	case PodGone:
		if e.Node == "" {
			m.waits = append(m.waits, e.Waited)
		}
	}
}

// account adds up until now at the old rate, and takes the new one.
func (m *meter) account() {
	passed := m.cluster.Now().Sub(m.at).Hours()
	m.report.Dollars += m.rate * passed
	m.hours += float64(m.nodes) * passed
	m.at, m.rate, m.nodes = m.cluster.Now(), m.cluster.Rate(), m.cluster.Nodes()
	m.report.PeakNodes = max(m.report.PeakNodes, m.nodes)
}

// finish is the report of the time since the beginning.
func (m *meter) finish(start time.Time, a *Autoscaler) *Report {
	m.account()
	r := m.report
	r.Policy, r.Span = a.policy.Name(), m.cluster.Now().Sub(start)
	if r.Span > 0 {
		r.MeanNodes = m.hours / r.Span.Hours()
	}
	waits := slices.Clone(m.waits)
	for _, p := range m.cluster.waiting {
		waits = append(waits, m.cluster.Now().Sub(p.since))
	}
	slices.Sort(waits)
	for _, wait := range waits {
		r.Pending += wait
	}
	r.Pods, r.Unscheduled = len(waits), len(m.cluster.waiting)
	if n := len(waits); n > 0 {
		r.Median, r.P99, r.Longest = waits[(n-1)/2], waits[(n-1)*99/100], waits[n-1]
	}
	r.Commands, r.Undone, r.Dropped = maps.Clone(a.tally.commands), a.tally.undone, a.tally.dropped
	r.Cycles, r.Plans, r.Decisions = a.tally.cycles, a.tally.plans, a.tally.decisions
	return &r
}

// sameLoad is by what share the load may differ and still count as the same.
const sameLoad = 0.05

// load is what CPU all workloads ask for, in thousandths.
func (c *Cluster) load() float64 {
	cpu, _ := c.index.Position("cpu")
	total := 0.0
	for _, w := range c.workloads {
		total += float64(w.demand[cpu]) * float64(w.replicas)
	}
	return total
}

func alike(a, b float64) bool { return max(a, b)-min(a, b) <= sameLoad*cmp.Or(max(a, b), 1) }
