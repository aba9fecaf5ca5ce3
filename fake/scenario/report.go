package scenario

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/internal/phrase"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Report writes the result for people: what to launch, how full that makes it, what goes to nodes that exist, which
// preferences are given up, what is left out and why, and the explanations that the scenario asks for. Pods of one owner
// are one entry with their number. Of a decision about disruption it says which nodes go and what comes for them, where
// their pods go, why each other node stays, and what the budgets allow. The text is the same for the same answer.
func (r *Result) Report(out io.Writer) error {
	if r.Decision != nil {
		return r.reportDecision(out)
	}
	p := r.Plan
	owners := ownersOf(r.scenario.Snapshot.Pods)
	var b strings.Builder
	if len(p.Launches) > 0 {
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "LAUNCH\tTYPE\tZONE\tCAPACITY\t$/H\tCPU\tMEMORY\tPODS")
		for i := range p.Launches {
			l := &p.Launches[i]
			o := l.Offering()
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Name, o.InstanceType, o.Zone, o.CapacityType, phrase.Dollars(o.Price),
				used(l, corev1.ResourceCPU), used(l, corev1.ResourceMemory), fold(owners, l.Pods))
		}
		_ = w.Flush() // into memory: cannot fail
		b.WriteString("\n")
	}
	reportExisting(&b, p, owners)
	reportForgone(&b, p, owners)
	reportUnplaced(&b, p, owners)
	fmt.Fprintf(&b, "%d %s, $%s/h (bound $%s, gap %s), %d placed, %d unplaced\n", len(p.Launches), phrase.Plural(len(p.Launches), "launch", "launches"),
		phrase.Dollars(p.Price()), phrase.Dollars(p.Bound), gap(p), len(p.Assignments), len(p.Unplaced))
	if p.Flexibility != nil {
		fmt.Fprintf(&b, "%s\n", p.Flexibility)
	}
	for _, pod := range r.scenario.Explain {
		fmt.Fprintf(&b, "\n%s", p.Explain(pod))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func reportExisting(b *strings.Builder, p *scheduling.Plan, owners map[types.NamespacedName]string) {
	byNode := map[string][]types.NamespacedName{}
	var nodes []string
	for _, a := range p.Assignments {
		if a.Launch {
			continue
		}
		if byNode[a.Node] == nil {
			nodes = append(nodes, a.Node)
		}
		byNode[a.Node] = append(byNode[a.Node], a.Pod)
	}
	if len(nodes) == 0 {
		return
	}
	slices.Sort(nodes)
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tPODS")
	for _, node := range nodes {
		fmt.Fprintf(w, "%s\t%s\n", node, fold(owners, byNode[node]))
	}
	_ = w.Flush() // into memory: cannot fail
	b.WriteString("\n")
}

func reportForgone(b *strings.Builder, p *scheduling.Plan, owners map[types.NamespacedName]string) {
	if len(p.Forgone) == 0 {
		return
	}
	type line struct {
		preference string
		weight     int32
		price      string
	}
	pods := map[line][]types.NamespacedName{}
	var order []line
	for i := range p.Forgone {
		f := &p.Forgone[i]
		l := line{f.Preference, f.Weight, "not to be had"}
		if !math.IsInf(f.Price, 1) {
			l.price = phrase.Dollars(f.Price)
		}
		if pods[l] == nil {
			order = append(order, l)
		}
		pods[l] = append(pods[l], f.Pod)
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PREFERENCE GIVEN UP\tWEIGHT\t$/H TO KEEP\tPODS")
	for _, l := range order {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", l.preference, l.weight, l.price, fold(owners, pods[l]))
	}
	_ = w.Flush() // into memory: cannot fail
	b.WriteString("\n")
}

func reportUnplaced(b *strings.Builder, p *scheduling.Plan, owners map[types.NamespacedName]string) {
	if len(p.Unplaced) == 0 {
		return
	}
	type group struct{ owner, verdict, reason string }
	counts := map[group]int{}
	var order []group
	for i := range p.Unplaced {
		u := &p.Unplaced[i]
		g := group{ownerOf(owners, u.Pod), string(u.Verdict), u.Rejections[0].String()}
		if counts[g] == 0 {
			order = append(order, g)
		}
		counts[g]++
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "UNPLACED\tVERDICT\tREASON")
	for _, g := range order {
		fmt.Fprintf(w, "%s\t%s\t%s\n", times(g.owner, counts[g]), g.verdict, g.reason)
	}
	_ = w.Flush() // into memory: cannot fail
	b.WriteString("\n")
}

// ownersOf names what each pod belongs to: namespace/name of the workload that a user wrote. Pods of nobody are not in
// it.
func ownersOf(pods []*corev1.Pod) map[types.NamespacedName]string {
	out := make(map[types.NamespacedName]string, len(pods))
	for _, pod := range pods {
		owner := metav1.GetControllerOfNoCopy(pod)
		if owner == nil {
			continue
		}
		name := owner.Name
		if hash := pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]; owner.Kind == "ReplicaSet" && hash != "" {
			name = strings.TrimSuffix(name, "-"+hash)
		}
		out[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}] = pod.Namespace + "/" + name
	}
	return out
}

func ownerOf(owners map[types.NamespacedName]string, pod types.NamespacedName) string {
	if owner, ok := owners[pod]; ok {
		return owner
	}
	return pod.String()
}

// maxOwners is how many owners one line names.
const maxOwners = 8

// fold names the owners of the pods with the number of their pods, in the order of the names.
func fold(owners map[types.NamespacedName]string, pods []types.NamespacedName) string {
	counts := map[string]int{}
	var names []string
	for _, pod := range pods {
		owner := ownerOf(owners, pod)
		if counts[owner] == 0 {
			names = append(names, owner)
		}
		counts[owner]++
	}
	if len(names) == 0 {
		return "-"
	}
	slices.SortFunc(names, cmp.Compare[string])
	rest := 0
	for i, name := range names {
		if i >= maxOwners {
			rest += counts[name]
		}
		names[i] = times(name, counts[name])
	}
	if rest > 0 {
		more := fmt.Sprintf("and %d others (%d pods)", len(names)-maxOwners, rest)
		return strings.Join(names[:maxOwners], ", ") + ", " + more
	}
	return strings.Join(names, ", ")
}

func times(name string, n int) string {
	if n == 1 {
		return name
	}
	return name + " x" + strconv.Itoa(n)
}

// used is how much of a resource the launch's pods and daemons ask for.
func used(l *scheduling.Launch, name corev1.ResourceName) string {
	have := l.Node.Status.Allocatable[name]
	want := l.Requests[name]
	if have.IsZero() {
		return "-"
	}
	return fmt.Sprintf("%.0f%%", 100*want.AsApproximateFloat64()/have.AsApproximateFloat64())
}

// gap is how far the price is above the bound.
func gap(p *scheduling.Plan) string {
	price, bound := p.Price(), p.Bound
	switch {
	case price <= bound:
		return "0%"
	case bound == 0:
		return "unknown"
	}
	return fmt.Sprintf("%.1f%%", 100*(price/bound-1))
}
