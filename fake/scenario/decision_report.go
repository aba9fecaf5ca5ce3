package scenario

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/internal/phrase"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// reportDecision writes a decision for people: which nodes go and what comes for them, in the order of their worth; where
// the pods go; why each other node stays; what the budgets allow; what could be had for less disturbance.
func (r *Result) reportDecision(out io.Writer) error {
	d := r.Decision
	var b strings.Builder
	fmt.Fprintf(&b, "at %s\n\n", instantText(r.scenario.Snapshot.Now))
	nodes := map[string]*scheduling.Node{}
	for i := range r.scenario.Snapshot.Nodes {
		n := &r.scenario.Snapshot.Nodes[i]
		nodes[n.Name()] = n
	}
	owners := ownersOf(r.boundPods())
	reportCommands(&b, d, nodes, owners)
	reportMoves(&b, d, r.boundTo(), owners)
	reportKept(&b, d, nodes)
	reportBudgets(&b, d)
	reportFrontier(&b, d)
	if !d.Recheck.IsZero() {
		fmt.Fprintf(&b, "ask again by %s: %s\n", instantText(d.Recheck), d.RecheckBecause)
	}
	b.WriteString(summary(d))
	for _, pod := range r.scenario.Explain {
		fmt.Fprintf(&b, "\n%s\n", r.fate(pod))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (r *Result) boundPods() []*corev1.Pod {
	var out []*corev1.Pod
	for _, n := range r.scenario.Snapshot.Nodes {
		out = append(out, n.Pods...)
	}
	return out
}

// boundTo is the node of each pod that has one.
func (r *Result) boundTo() map[types.NamespacedName]string {
	out := map[types.NamespacedName]string{}
	for _, n := range r.scenario.Snapshot.Nodes {
		for _, pod := range n.Pods {
			out[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}] = n.Name()
		}
	}
	return out
}

// madeOf is what a node was bought as, as far as its labels tell.
func madeOf(n *scheduling.Node) string {
	label := func(key string) string {
		if n != nil && n.Node != nil && n.Node.Labels[key] != "" {
			return n.Node.Labels[key]
		}
		if n != nil && n.Claim != nil && n.Claim.Labels[key] != "" {
			return n.Claim.Labels[key]
		}
		return "?"
	}
	text := label(corev1.LabelInstanceTypeStable) + "/" + label(corev1.LabelTopologyZone) + "/" + label(v1.CapacityTypeLabelKey)
	if text == "?/?/?" {
		return "-"
	}
	return text
}

func reportCommands(b *strings.Builder, d *disruption.Decision, nodes map[string]*scheduling.Node, owners map[types.NamespacedName]string) {
	if len(d.Commands) == 0 {
		return
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tREMOVE\tIS A\tREASON\tSAVES $/H\tAT WORST\tPODS MOVED\tLAUNCH\tFOR PODS")
	for i := range d.Commands {
		c := &d.Commands[i]
		reason := string(c.Reason)
		if c.Detail != "" {
			reason += " (" + c.Detail + ")"
		}
		for row := range max(len(c.Remove), len(c.Replace)) {
			cells := make([]string, 9)
			if row == 0 {
				cells[0], cells[3] = strconv.Itoa(i+1), reason
				cells[4], cells[5], cells[6] = phrase.Dollars(c.Savings), phrase.Dollars(c.WorstSavings), strconv.Itoa(len(c.Moves))
			}
			if row < len(c.Remove) {
				cells[1], cells[2] = c.Remove[row], madeOf(nodes[c.Remove[row]])
			}
			if row < len(c.Replace) {
				l := &c.Replace[row]
				o := l.Offering()
				cells[7] = fmt.Sprintf("%s %s/%s/%s $%s", l.Name, o.InstanceType, o.Zone, o.CapacityType, phrase.Dollars(o.Price))
				cells[8] = fold(owners, l.Pods)
			}
			fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
		}
	}
	_ = w.Flush() // into memory: cannot fail
	b.WriteString("\n")
}

// reportMoves says where the pods of removed nodes go. Those of one owner that go the same way are one entry.
func reportMoves(b *strings.Builder, d *disruption.Decision, from map[types.NamespacedName]string, owners map[types.NamespacedName]string) {
	type way struct{ from, to string }
	pods := map[way][]types.NamespacedName{}
	var order []way
	add := func(pod types.NamespacedName, to string) {
		k := way{from[pod], to}
		if pods[k] == nil {
			order = append(order, k)
		}
		pods[k] = append(pods[k], pod)
	}
	for i := range d.Commands {
		for _, m := range d.Commands[i].Moves {
			add(m.Pod, m.Node)
		}
		for _, pod := range d.Commands[i].Stranded {
			add(pod, "(no place)")
		}
	}
	if len(order) == 0 {
		return
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MOVE FROM\tTO\tPODS")
	for _, k := range order {
		fmt.Fprintf(w, "%s\t%s\t%s\n", k.from, k.to, fold(owners, pods[k]))
	}
	_ = w.Flush() // into memory: cannot fail
	b.WriteString("\n")
}

func reportKept(b *strings.Builder, d *disruption.Decision, nodes map[string]*scheduling.Node) {
	if len(d.Kept) == 0 {
		return
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEEP\tIS A\tBECAUSE\tUNTIL\tDETAIL")
	for _, k := range d.Kept {
		until := "-"
		if !k.Until.IsZero() {
			until = instantText(k.Until)
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join([]string{k.Node, madeOf(nodes[k.Node]), string(k.Code), until, k.Detail}, "\t"), "\t"))
	}
	_ = w.Flush() // into memory: cannot fail
	b.WriteString("\n")
}

func reportBudgets(b *strings.Builder, d *disruption.Decision) {
	if len(d.Budgets) == 0 {
		return
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODEPOOL\tMAY BE DISRUPTED AS\tNODES\tALLOWED\tDISRUPTING\tUSED\tLEFT\tCHANGES")
	for _, a := range d.Budgets {
		changes := "-"
		if !a.Changes.IsZero() {
			changes = instantText(a.Changes)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%d\t%s\t%s\n", a.NodePool, a.Reason, a.Nodes, allowed(a.Allowed), a.Disrupting, a.Used, left(a), changes)
	}
	_ = w.Flush() // into memory: cannot fail
	b.WriteString("\n")
}

func reportFrontier(b *strings.Builder, d *disruption.Decision) {
	if len(d.Frontier) == 0 {
		return
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TO SAVE $/H\tMOVE PODS\tREMOVE NODES\tCOMMANDS")
	for _, p := range d.Frontier {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", phrase.Dollars(p.Saving), p.Pods, p.Nodes, p.Commands)
	}
	_ = w.Flush() // into memory: cannot fail
	b.WriteString("\n")
}

// summary is the decision in one line.
func summary(d *disruption.Decision) string {
	var removed, launched, moved, stranded int
	for i := range d.Commands {
		c := &d.Commands[i]
		removed, launched = removed+len(c.Remove), launched+len(c.Replace)
		moved, stranded = moved+len(c.Moves), stranded+len(c.Stranded)
	}
	total := removed + len(slices.DeleteFunc(slices.Clone(d.Kept), func(k disruption.Kept) bool { return k.Code == disruption.CodeInProgress }))
	text := fmt.Sprintf("%d %s: %d of %d nodes go, %d %s, %d %s", len(d.Commands), phrase.Plural(len(d.Commands), "command", "commands"),
		removed, total, launched, phrase.Plural(launched, "comes", "come"), moved, phrase.Plural(moved, "pod moves", "pods move"))
	if stranded > 0 {
		text += fmt.Sprintf(", %d %s no place", stranded, phrase.Plural(stranded, "has", "have"))
	}
	text += fmt.Sprintf("; $%s/h -> $%s/h", phrase.Dollars(d.Price), phrase.Dollars(d.After))
	if d.Price > 0 && d.After < d.Price {
		text += fmt.Sprintf(" (%.0f%% less)", 100*(1-d.After/d.Price))
	}
	if d.Bound > 0 {
		text += fmt.Sprintf(", at most $%s/h is left to be saved", phrase.Dollars(max(0, d.After-d.Bound)))
	}
	return text + "\n"
}
