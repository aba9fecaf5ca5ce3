package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/internal/phrase"
)

// decisionText is the decision, and what else the scenario asks for.
func (r *Result) decisionText() string {
	var b strings.Builder
	b.WriteString(r.Decision.String())
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if slices.Contains(r.scenario.Print, printBudgets) {
		fmt.Fprintln(w)
		for _, a := range r.Decision.Budgets {
			fmt.Fprintf(w, "budget\t%s\t%s\t%s\n", a.NodePool, a.Reason, allowanceText(a))
		}
		_ = w.Flush() // into memory: cannot fail
	}
	if slices.Contains(r.scenario.Print, printFrontier) {
		fmt.Fprintln(w)
		for _, p := range r.Decision.Frontier {
			fmt.Fprintf(w, "point\t%d %s\t%d %s\t%d %s\t$%s/h\n", p.Commands, phrase.Plural(p.Commands, "command", "commands"),
				p.Nodes, phrase.Plural(p.Nodes, "node", "nodes"), p.Pods, phrase.Plural(p.Pods, "pod", "pods"), phrase.Dollars(p.Saving))
		}
		_ = w.Flush() // into memory: cannot fail
	}
	for _, pod := range r.scenario.Explain {
		fmt.Fprintf(&b, "\n%s\n", r.fate(pod))
	}
	return b.String()
}

func allowanceText(a disruption.Allowance) string {
	text := fmt.Sprintf("%s of %d, %d disrupting, %d used, %s left", allowed(a.Allowed), a.Nodes, a.Disrupting, a.Used, left(a))
	if !a.Changes.IsZero() {
		text += ", changes " + instantText(a.Changes)
	}
	return text
}

// allowed is how many nodes a budget allows.
func allowed(n int) string {
	if n >= v1.Unlimited {
		return "all"
	}
	return strconv.Itoa(n)
}

func left(a disruption.Allowance) string {
	if a.Allowed >= v1.Unlimited {
		return "all"
	}
	return strconv.Itoa(a.Left())
}

func instantText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// fate says in words what the decision means for a pod.
func (r *Result) fate(pod types.NamespacedName) string {
	node, bound := r.nodeOf(pod)
	switch {
	case node == "" && bound:
		return fmt.Sprintf("%s waits for a place, which this decision does not look for", pod)
	case node == "":
		return fmt.Sprintf("%s is no pod of the scenario", pod)
	}
	for i := range r.Decision.Commands {
		c := &r.Decision.Commands[i]
		if !slices.Contains(c.Remove, node) {
			continue
		}
		text := fmt.Sprintf("%s is on %s, which is removed (%s)", pod, node, c.Reason)
		for _, m := range c.Moves {
			if m.Pod == pod && m.Launch {
				return fmt.Sprintf("%s: it is expected on %s, which is launched for it", text, m.Node)
			} else if m.Pod == pod {
				return fmt.Sprintf("%s: it is expected on %s", text, m.Node)
			}
		}
		if slices.Contains(c.Stranded, pod) {
			return text + ": no place is left for it"
		}
		return text + ": it ends with the node"
	}
	for _, k := range r.Decision.Kept {
		if k.Node == node {
			text := fmt.Sprintf("%s is on %s, which stays (%s", pod, node, k.Code)
			if k.Detail != "" {
				text += ": " + k.Detail
			}
			return text + ")"
		}
	}
	return fmt.Sprintf("%s is on %s, of which nothing is said", pod, node)
}

// nodeOf is the node that the pod is bound to, empty for a pod that waits. It reports whether there is such a pod.
func (r *Result) nodeOf(pod types.NamespacedName) (string, bool) {
	is := func(p *corev1.Pod) bool { return p.Namespace == pod.Namespace && p.Name == pod.Name }
	for _, n := range r.scenario.Snapshot.Nodes {
		if slices.ContainsFunc(n.Pods, is) {
			return n.Name(), true
		}
	}
	return "", slices.ContainsFunc(r.scenario.Snapshot.Pods, is)
}
