package disruption

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// Finding is something about a NodePool's budgets that is hardly meant so.
type Finding struct {
	Code FindingCode
	// Budget is the index in spec.disruption.budgets; -1 if it is about all of them.
	Budget int
	// Reason is the one reason that it is about; empty for all that the budget applies to.
	Reason v1.DisruptionReason
	// Message says what is so, for people.
	Message string
}

// String is the field and the message.
func (f Finding) String() string {
	if f.Budget < 0 {
		return "spec.disruption.budgets: " + f.Message
	}
	return fmt.Sprintf("spec.disruption.budgets[%d]: %s", f.Budget, f.Message)
}

// FindingCode is the class of a finding.
type FindingCode string

const (
	// FindingInvalid: the budget cannot be read, and so the pool allows nothing at all.
	FindingInvalid FindingCode = "invalid"
	// FindingClosed: the budget forbids disruption for good.
	FindingClosed FindingCode = "closed"
	// FindingUncovered: there are times when no budget restrains the reason. Budgets only forbid: where there is none, any
	// number of nodes may go.
	FindingUncovered FindingCode = "uncovered"
	// FindingUnlimited: the budget restrains nothing, since it allows all nodes.
	FindingUnlimited FindingCode = "unlimited"
	// FindingNeverActive: the budget never comes into force.
	FindingNeverActive FindingCode = "never-active"
	// FindingAlwaysActive: the budget is always in force in spite of its schedule.
	FindingAlwaysActive FindingCode = "always-active"
	// FindingDuplicate: an earlier budget says the same.
	FindingDuplicate FindingCode = "duplicate"
	// FindingShadowed: whenever the budget is in force, another one that allows no more is, too.
	FindingShadowed FindingCode = "shadowed"
	// FindingIrrelevant: the pool is never disrupted for the budget's reasons, whatever it allows.
	FindingIrrelevant FindingCode = "irrelevant"
)

// mostChanges is how many changes of one budget are looked at: enough for every other minute of eight days.
const mostChanges = 12000

// Lint finds what in a pool's budgets is hardly meant so: budgets that can never matter, and times at which nothing restrains
// a reason. Findings come in the order of the budgets, those about all of them last. Schedules are looked at over a leap
// year, or as far as the first 12,000 changes of a budget go.
func Lint(pool *v1.NodePool) []Finding {
	from := time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC) // a Monday
	to := from.AddDate(1, 0, 0)
	relevant := disruptedFor(pool)
	var out []Finding
	var budgets []activity
	for i := range pool.Spec.Disruption.Budgets {
		a, err := newActivity(&pool.Spec.Disruption.Budgets[i], i, from, to, mostChanges)
		if err != nil {
			out = append(out, Finding{FindingInvalid, i, "", err.Error() + ": the pool allows no disruption at all"})
			continue
		}
		if n := len(a.changes); n == mostChanges {
			to = a.changes[n-1]
		}
		budgets = append(budgets, a)
	}
	binds := binding(budgets, relevant, from, to)
	for i := range budgets {
		if f, found := lintBudget(budgets, i, relevant, binds[i], from); found {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return a.Budget - b.Budget })
	if len(budgets) < len(pool.Spec.Disruption.Budgets) {
		return out // the pool is closed, and nobody knows when the budgets that cannot be read are meant to be in force
	}
	for _, reason := range slices.Sorted(maps.Keys(relevant)) {
		if relevant[reason] != "" {
			continue
		}
		if text := uncovered(budgets, reason, from, to); text != "" {
			out = append(out, Finding{FindingUncovered, -1, reason,
				fmt.Sprintf("no budget covers %s %s: any number of nodes may be disrupted then", reason, text)})
		}
	}
	return out
}

// disruptedFor are the reasons of budgets, each with why the pool is never disrupted for it; empty if it may be.
func disruptedFor(pool *v1.NodePool) map[v1.DisruptionReason]string {
	out := map[v1.DisruptionReason]string{v1.ReasonDrifted: "", v1.ReasonEmpty: "", v1.ReasonUnderutilized: ""}
	disruption := &pool.Spec.Disruption
	switch {
	case pool.Spec.Replicas != nil:
		out[v1.ReasonEmpty] = "the pool has replicas"
		out[v1.ReasonUnderutilized] = out[v1.ReasonEmpty]
	case consolidationOff(disruption):
		out[v1.ReasonEmpty] = "consolidateAfter is Never"
		out[v1.ReasonUnderutilized] = out[v1.ReasonEmpty]
	case disruption.ConsolidationPolicy == v1.ConsolidationPolicyWhenEmpty:
		out[v1.ReasonUnderutilized] = "consolidationPolicy is WhenEmpty"
	}
	return out
}

// lintBudget is the most telling finding about one budget.
func lintBudget(budgets []activity, i int, relevant map[v1.DisruptionReason]string, binds bool, from time.Time) (Finding, bool) {
	a := &budgets[i]
	found := func(code FindingCode, message string, args ...any) (Finding, bool) {
		return Finding{Code: code, Budget: a.index, Message: fmt.Sprintf(message, args...)}, true
	}
	reasons := reasonsOf(a.source)
	var why []string
	for _, reason := range reasons {
		if because := relevant[reason]; because != "" {
			why = append(why, fmt.Sprintf("%s (%s)", reason, because))
		}
	}
	always := a.starts && len(a.changes) == 0
	switch {
	case len(why) == len(reasons):
		return found(FindingIrrelevant, "has no effect: the pool is never disrupted for %s", strings.Join(why, ", "))
	case !a.starts && len(a.changes) == 0:
		if next, err := a.source.NextChange(from); err != nil || next.IsZero() {
			return found(FindingNeverActive, "has no effect: it never comes into force")
		}
	case a.source.Nodes == "100%":
		return found(FindingUnlimited, "has no effect: it allows all nodes. Budgets restrain only, they give no leave that others deny")
	}
	if !binds {
		for j := range i {
			if same(a.source, budgets[j].source) {
				return found(FindingDuplicate, "has no effect: it says the same as budgets[%d]", budgets[j].index)
			}
		}
		return found(FindingShadowed, "has no effect: whenever it is in force, others are that allow no more. Of all budgets in force the smallest counts")
	}
	if a.source.Schedule != nil && always {
		return found(FindingAlwaysActive, "its schedule has no effect: the windows follow each other without a gap")
	}
	if forbids(a.source) && always {
		return found(FindingClosed, "forbids disruption for %s for good", listed(reasons))
	}
	return Finding{}, false
}

// binding reports of each budget whether there is a time at which it may be what decides: no other budget in force for one
// of its reasons allows no more for certain. Among equals the first one decides.
func binding(budgets []activity, relevant map[v1.DisruptionReason]string, from, to time.Time) []bool {
	out := make([]bool, len(budgets))
	for _, open := range sweep(budgets, from, to) {
		for reason, because := range relevant {
			if because != "" {
				continue
			}
			for _, i := range open {
				if out[i] || !budgets[i].source.AppliesTo(reason) || budgets[i].source.Nodes == "100%" {
					continue
				}
				out[i] = !slices.ContainsFunc(open, func(j int) bool {
					if j == i || !budgets[j].source.AppliesTo(reason) || !noMore(budgets[j].source, budgets[i].source) {
						return false
					}
					return j < i || !noMore(budgets[i].source, budgets[j].source)
				})
			}
		}
	}
	return out
}

// noMore reports whether a allows no more nodes than b does, however many there are.
func noMore(a, b *v1.Budget) bool {
	if forbids(a) || b.Nodes == "100%" {
		return true
	}
	if strings.HasSuffix(a.Nodes, "%") != strings.HasSuffix(b.Nodes, "%") {
		return false
	}
	const nodes = 100 // of which a percentage is itself
	return amount(a, nodes) <= amount(b, nodes)
}

func forbids(b *v1.Budget) bool { return amount(b, 100) == 0 }

// amount is what the budget allows of so many nodes while it is in force.
func amount(b *v1.Budget, nodes int) int {
	always := v1.Budget{Nodes: b.Nodes}
	n, err := always.Allowed(time.Time{}, nodes)
	if err != nil {
		return 0
	}
	return n
}

// same reports whether two budgets say the same.
func same(a, b *v1.Budget) bool {
	equalText := func(a, b *string) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
	length := func(b *v1.Budget) time.Duration {
		if b.Duration == nil {
			return -1
		}
		return b.Duration.Duration
	}
	return a.Nodes == b.Nodes && equalText(a.Schedule, b.Schedule) && length(a) == length(b) &&
		slices.Equal(reasonsOf(a), reasonsOf(b))
}

// reasonsOf are the reasons that the budget applies to, sorted, each once.
func reasonsOf(b *v1.Budget) []v1.DisruptionReason {
	if len(b.Reasons) == 0 {
		return []v1.DisruptionReason{v1.ReasonDrifted, v1.ReasonEmpty, v1.ReasonUnderutilized}
	}
	return slices.Compact(slices.Sorted(slices.Values(b.Reasons)))
}

func listed(reasons []v1.DisruptionReason) string {
	if len(reasons) == 3 {
		return "all reasons"
	}
	parts := make([]string, len(reasons))
	for i, reason := range reasons {
		parts[i] = string(reason)
	}
	return strings.Join(parts, " and ")
}

// uncovered says when no budget restrains the reason; empty if one always does. What is the same each week is told by
// weekday, the rest by how much of the time it is.
func uncovered(budgets []activity, reason v1.DisruptionReason, from, to time.Time) string {
	var gaps []span
	for at, open := range sweep(budgets, from, to) {
		if n := len(gaps); n > 0 && gaps[n-1].to.IsZero() {
			gaps[n-1].to = at
		}
		if !slices.ContainsFunc(open, func(i int) bool { return budgets[i].source.AppliesTo(reason) }) {
			gaps = append(gaps, span{from: at})
		}
	}
	if len(gaps) == 0 {
		return ""
	}
	if last := &gaps[len(gaps)-1]; last.to.IsZero() {
		last.to = to
	}
	var open time.Duration
	for _, gap := range gaps {
		open += gap.to.Sub(gap.from)
	}
	if open == to.Sub(from) {
		return "at any time"
	}
	week := dayLines(gaps, from, from.AddDate(0, 0, 7))
	for start := from.AddDate(0, 0, 7); !start.AddDate(0, 0, 7).After(to); start = start.AddDate(0, 0, 7) {
		if !slices.Equal(week, dayLines(gaps, start, start.AddDate(0, 0, 7))) {
			return fmt.Sprintf("at times (%.2f%% of the year)", 100*open.Hours()/to.Sub(from).Hours())
		}
	}
	if len(week) == 1 {
		return acrossMidnight(week[0].times) + " UTC"
	}
	var parts []string
	for _, line := range week {
		if line.times != "-" {
			parts = append(parts, line.days+" "+line.times)
		}
	}
	return strings.Join(parts, "; ") + " UTC"
}

// acrossMidnight joins the first and the last time of a day that is like all others: `00:00-02:00, 06:00-24:00` is 06:00-02:00.
func acrossMidnight(times string) string {
	parts := strings.Split(times, ", ")
	n := len(parts)
	morning, early := strings.CutPrefix(parts[0], "00:00-")
	evening, late := strings.CutSuffix(parts[n-1], "-24:00")
	if n < 2 || !early || !late {
		return times
	}
	return strings.Join(append(parts[1:n-1:n-1], evening+"-"+morning), ", ")
}
