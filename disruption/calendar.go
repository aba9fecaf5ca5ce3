package disruption

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/phrase"
)

// Calendar is what the budgets of a NodePool allow at which time.
type Calendar struct {
	// NodePool is the pool's name, and Nodes the number of nodes that percentages are taken of.
	NodePool string
	Nodes    int
	// From and To are midnights in UTC: the first day, and the one after the last.
	From, To time.Time
	// Windows cover the time without a gap, reason by reason, each reason in the order of time. Neighbours differ.
	Windows []Window
}

// Window is a time at which a NodePool allows so many nodes to be disrupted at once for a reason.
type Window struct {
	Reason v1.DisruptionReason
	// From is the first instant, To the first one after the window.
	From, To time.Time
	// Allowed is how many nodes, those under disruption included: [v1.Unlimited] where no budget is in force.
	Allowed int
	// Budget is the index in spec.disruption.budgets of the budget that allows the least, the first among equals; -1
	// without one.
	Budget int
}

// mostDays is the longest calendar.
const mostDays = 92

// BudgetCalendar says what the pool's budgets allow on so many days in UTC, that of from being the first, if the pool has so
// many nodes. Reasons that the pool is never disrupted for are left out: with replicas it only drifts. The error names the
// budgets that cannot be read; the pool allows nothing as long as there are any.
func BudgetCalendar(pool *v1.NodePool, nodes int, from time.Time, days int) (*Calendar, error) {
	if days < 1 || days > mostDays {
		return nil, fmt.Errorf("days is %d: a calendar has 1 to %d days", days, mostDays)
	}
	first := from.UTC().Truncate(24 * time.Hour)
	out := &Calendar{NodePool: pool.Name, Nodes: nodes, From: first, To: first.AddDate(0, 0, days)}
	budgets, err := activities(pool, out.From, out.To)
	if err != nil {
		return nil, fmt.Errorf("NodePool %s: %w", pool.Name, err)
	}
	for i := range budgets {
		// Where it is in force is told by its activity: without a schedule the same share is always in force.
		always := v1.Budget{Nodes: budgets[i].source.Nodes}
		if budgets[i].allowed, err = always.Allowed(first, nodes); err != nil {
			return nil, fmt.Errorf("NodePool %s: %w", pool.Name, err)
		}
	}
	for _, reason := range budgeted(pool, Options{}) {
		for at, open := range sweep(budgets, out.From, out.To) {
			w := Window{Reason: reason, From: at, To: out.To, Allowed: v1.Unlimited, Budget: -1}
			for _, i := range open {
				if b := &budgets[i]; b.source.AppliesTo(reason) && b.allowed < w.Allowed {
					w.Allowed, w.Budget = b.allowed, b.index
				}
			}
			if n := len(out.Windows); n > 0 && out.Windows[n-1].Reason == reason {
				last := &out.Windows[n-1]
				if last.Allowed == w.Allowed && last.Budget == w.Budget {
					continue
				}
				last.To = at
			}
			out.Windows = append(out.Windows, w)
		}
	}
	return out, nil
}

// activity is when a budget is in force within some span of time.
type activity struct {
	source  *v1.Budget
	index   int
	starts  bool        // in force at the beginning
	changes []time.Time // when it comes into force and ceases to be, by turns
	allowed int
}

// activities are those of the pool's budgets, in their order.
func activities(pool *v1.NodePool, from, to time.Time) ([]activity, error) {
	var out []activity
	var errs []error
	for i := range pool.Spec.Disruption.Budgets {
		a, err := newActivity(&pool.Spec.Disruption.Budgets[i], i, from, to, math.MaxInt)
		if err != nil {
			errs = append(errs, fmt.Errorf("spec.disruption.budgets[%d]: %w", i, err))
			continue
		}
		out = append(out, a)
	}
	return out, errors.Join(errs...)
}

// newActivity looks at no more than so many changes.
func newActivity(budget *v1.Budget, index int, from, to time.Time, limit int) (activity, error) {
	a := activity{source: budget, index: index}
	if _, err := budget.Allowed(from, 0); err != nil {
		return a, err
	}
	starts, err := budget.Active(from)
	if err != nil {
		return a, err
	}
	a.starts = starts
	for at := from; len(a.changes) < limit; {
		if at, err = budget.NextChange(at); err != nil {
			return a, err
		}
		if at.IsZero() || !at.Before(to) {
			break
		}
		a.changes = append(a.changes, at)
	}
	return a, nil
}

// sweep yields the instants at which some budget comes into force or ceases to be, the beginning included, with the
// positions of those that are in force from then on. The list is only good until the next step.
func sweep(budgets []activity, from, to time.Time) func(yield func(time.Time, []int) bool) {
	type change struct {
		at time.Time
		of int
	}
	return func(yield func(time.Time, []int) bool) {
		var all []change
		inForce := make([]bool, len(budgets))
		for i := range budgets {
			inForce[i] = budgets[i].starts
			for _, at := range budgets[i].changes {
				all = append(all, change{at, i})
			}
		}
		slices.SortStableFunc(all, func(a, b change) int { return a.at.Compare(b.at) })
		var open []int
		for at := from; at.Before(to); {
			for len(all) > 0 && !all[0].at.After(at) {
				inForce[all[0].of] = !inForce[all[0].of]
				all = all[1:]
			}
			open = open[:0]
			for i, in := range inForce {
				if in {
					open = append(open, i)
				}
			}
			if !yield(at, open) || len(all) == 0 {
				return
			}
			at = all[0].at
		}
	}
}

// String is the calendar for people: for each reason, on which days at which times how many nodes may be disrupted at once.
// Days with the same times share a line.
func (c *Calendar) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "budgets of NodePool %s with %d %s, %s to %s UTC\n", c.NodePool, c.Nodes, phrase.Plural(c.Nodes, "node", "nodes"),
		c.From.Format("Mon 2006-01-02"), c.To.AddDate(0, 0, -1).Format("Mon 2006-01-02"))
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for len(c.Windows) > 0 {
		reason := c.Windows[0].Reason
		n := slices.IndexFunc(c.Windows, func(w Window) bool { return w.Reason != reason })
		if n < 0 {
			n = len(c.Windows)
		}
		var spans []span
		for _, window := range c.Windows[:n] {
			spans = append(spans, span{window.From, window.To, allowedText(window.Allowed)})
		}
		name := string(reason)
		for _, line := range dayLines(spans, c.From, c.To) {
			fmt.Fprintf(w, "%s\t%s\t%s\n", name, line.days, line.times)
			name = ""
		}
		c = &Calendar{From: c.From, To: c.To, Windows: c.Windows[n:]}
	}
	w.Flush()
	return b.String()
}

func allowedText(n int) string {
	switch n {
	case v1.Unlimited:
		return "unlimited"
	case 0:
		return "none"
	}
	return strconv.Itoa(n)
}

// span is a time at which something holds.
type span struct {
	from, to time.Time
	text     string
}

// dayLine is what holds at which times of which days.
type dayLine struct{ days, times string }

// dayLines cut spans at midnight and put together days that look alike.
func dayLines(spans []span, from, to time.Time) []dayLine {
	type kind struct {
		times string
		days  []int
	}
	var kinds []kind
	total := 0
	for day := from; day.Before(to); day = day.AddDate(0, 0, 1) {
		times := timesOfDay(spans, day)
		at := slices.IndexFunc(kinds, func(k kind) bool { return k.times == times })
		if at < 0 {
			at, kinds = len(kinds), append(kinds, kind{times: times})
		}
		kinds[at].days = append(kinds[at].days, total)
		total++
	}
	out := make([]dayLine, len(kinds))
	for i, k := range kinds {
		out[i] = dayLine{days: daysText(k.days, total, from), times: k.times}
	}
	return out
}

// mostTimes is how many times of a day are written out.
const mostTimes = 8

// timesOfDay is what holds on a day: `00:00-08:00 unlimited, 08:00-24:00 2`.
func timesOfDay(spans []span, day time.Time) string {
	var out []string
	end := day.AddDate(0, 0, 1)
	merged := span{}
	write := func() {
		if merged.from.IsZero() {
			return
		}
		until := merged.to.Format("15:04")
		if merged.to.Equal(end) {
			until = "24:00"
		}
		out = append(out, strings.TrimSpace(merged.from.Format("15:04")+"-"+until+" "+merged.text))
	}
	for _, s := range spans {
		if !s.from.Before(end) || !s.to.After(day) {
			continue
		}
		if s.from.Before(day) {
			s.from = day
		}
		if s.to.After(end) {
			s.to = end
		}
		if merged.to.Equal(s.from) && merged.text == s.text && !merged.from.IsZero() {
			merged.to = s.to
			continue
		}
		write()
		merged = s
	}
	write()
	if more := len(out) - mostTimes; more > 0 {
		out = append(out[:mostTimes], fmt.Sprintf("and %d more", more))
	}
	return cmp.Or(strings.Join(out, ", "), "-")
}

// daysText names days by their number from the first: weekdays for a week, dates for longer.
func daysText(days []int, total int, from time.Time) string {
	if len(days) == total && total > 1 {
		return "every day"
	}
	layout := "Mon"
	if total > 7 {
		layout = "2006-01-02"
	}
	name := func(day int) string { return from.AddDate(0, 0, day).Format(layout) }
	var out []string
	for i := 0; i < len(days); {
		j := i
		for j+1 < len(days) && days[j+1] == days[j]+1 {
			j++
		}
		switch j {
		case i:
			out = append(out, name(days[i]))
		case i + 1:
			out = append(out, name(days[i]), name(days[j]))
		default:
			out = append(out, name(days[i])+" - "+name(days[j]))
		}
		i = j + 1
	}
	return strings.Join(out, ", ")
}
