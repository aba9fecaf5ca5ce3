package disruption

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/kerf-autoscaler/kerf/internal/phrase"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// String is the decision in the one aligned text form that tests, logs and tools share: what is removed and what is launched
// for it, what stays and why, when to ask again, and the total.
func (d *Decision) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for i := range d.Commands {
		d.Commands[i].write(w)
	}
	w.Flush()
	for _, k := range d.Kept {
		fmt.Fprintf(w, "keep\t%s\t%s%s\n", k.Node, k.Code, behind("\t", k.Detail))
	}
	w.Flush()
	if !d.Recheck.IsZero() {
		fmt.Fprintf(&b, "recheck %s %s\n", d.Recheck.UTC().Format(time.RFC3339), d.RecheckBecause)
	}
	fmt.Fprintf(&b, "total   %d %s, %s/h -> %s/h", len(d.Commands), phrase.Plural(len(d.Commands), "command", "commands"), phrase.Money(d.Price), phrase.Money(d.After))
	if d.Bound > 0 {
		fmt.Fprintf(&b, " (at most %s/h is left)", phrase.Money(max(0, d.After-d.Bound)))
	}
	b.WriteString("\n")
	return b.String()
}

// String is the command's part of [Decision.String].
func (c *Command) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	c.write(w)
	w.Flush()
	return b.String()
}

func (c *Command) write(w *tabwriter.Writer) {
	reason := strings.ToLower(string(c.Reason))
	if c.Detail != "" {
		reason += " (" + c.Detail + ")"
	}
	fmt.Fprintf(w, "remove\t%s\t%s\t%s%s\n", strings.Join(c.Remove, ", "), reason, savingText(c.Savings), behind("\t", movesText(c.Moves)))
	for i := range c.Replace {
		l := &c.Replace[i]
		fmt.Fprintf(w, "launch\t%s\t%s\t%s\t%s\n", l.Name, offeringText(l), phrase.Money(l.Price()), phrase.Fold(l.Pods))
	}
	for _, pod := range c.Stranded {
		fmt.Fprintf(w, "strand\t%s\tno place\n", pod)
	}
}

// behind puts a separator before a text that is there.
func behind(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}

func savingText(v float64) string {
	if v < 0 {
		return "costs " + phrase.Money(-v) + "/h"
	}
	return "saves " + phrase.Money(v) + "/h"
}

// maxMoves is how many moves a line shows.
const maxMoves = 6

// movesText says which pods go to nodes that exist. Where many do, it says how many more.
func movesText(moves []scheduling.Assignment) string {
	var parts []string
	more := 0
	for _, m := range moves {
		switch {
		case m.Launch:
		case len(parts) == maxMoves:
			more++
		default:
			parts = append(parts, fmt.Sprintf("%s -> %s", m.Pod, m.Node))
		}
	}
	text := strings.Join(parts, ", ")
	if more > 0 {
		text += fmt.Sprintf(" +%d", more)
	}
	return text
}

func offeringText(l *scheduling.Launch) string {
	o := l.Offering()
	return o.InstanceType + "/" + o.Zone + "/" + o.CapacityType
}
