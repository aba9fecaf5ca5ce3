package disruption_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/internal/invariants"
	"github.com/kerf-autoscaler/kerf/internal/oracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// The properties that every decision about every world must have, tried on random clusters: worlds for which a plan has been
// carried out, and some of whose pods have gone since.
//
//	(1) every node is in exactly one command or kept with a code;
//	(2) no NodePool's budget and no PodDisruptionBudget is exceeded by all commands together;
//	(3) every pod that must move has a place that the oracle accepts, with all commands carried out and, but for those that
//	    cannot wait, with any one;
//	(4) what is removed to save money costs more than what replaces it, at the worst, too;
//	(5) shuffling any input changes no byte of output, nor does a second call or the number of workers;
//	(6) inputs are the same before and after;
//	(7) each command is verified on the facts that it was decided on;
//	(8) deciding on the outcome, and so on, comes to rest, and never comes back to where it was;
//	(9) what all nodes cost in the end is not below the bound.
//
// A longer run: go test ./disruption -run TestProperties -worlds 50000 -seed 1000 -timeout 5h.
var (
	worldCount   = flag.Int("worlds", 2000, "how many random worlds the property tests try")
	oneOf        = flag.Int("large", 64, "one of how many random worlds is of any size; the others have a handful of pods")
	firstSeed    = flag.Uint64("seed", 0, "seed of the first random world")
	reportLength = flag.Int("report", 3000, "how much of a failing world is printed")
)

func TestProperties(t *testing.T) {
	worlds := *worldCount
	if invariants.On {
		worlds = min(worlds, 300) // every plan checks itself
	}
	var next, failed, commands, removed, kept atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(worlds) && failed.Load() < 5; i = next.Add(1) - 1 {
				seed := *firstSeed + uint64(i)
				f := gen.Full()
				f.Groups = false
				if seed%uint64(*oneOf) != 0 {
					f.Size = gen.Minute
				}
				d, problem := properties(t, city(t, seed, f), seed)
				if problem != "" {
					failed.Add(1)
					t.Errorf("seed %d: %s", seed, shortened(problem, *reportLength))
				}
				if d != nil {
					commands.Add(int64(len(d.Commands)))
					kept.Add(int64(len(d.Kept)))
					for _, c := range d.Commands {
						removed.Add(int64(len(c.Remove)))
					}
				}
			}
		})
	}
	workers.Wait()
	t.Logf("%d worlds: %d commands remove %d nodes, %d are kept", worlds, commands.Load(), removed.Load(), kept.Load())
	require.Positive(t, commands.Load())
}

func shortened(s string, n int) string {
	if len(s) > n {
		return s[:n] + "..."
	}
	return s
}

// city is a random cluster that has something to give back, with budgets, annotations and conditions that keep some of it.
func city(t *testing.T, seed uint64, f gen.Features) disruption.Input {
	random := rand.New(rand.NewPCG(seed, 11))
	s := gen.World(seed, f)
	for _, pool := range s.NodePools {
		pool.Spec.Replicas = nil
	}
	s.Now = now
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err, "seed %d", seed)
	in := lose(inhabited(s, plan), random.Float64()*0.6, seed)
	chance := func(p float64) bool { return random.Float64() < p }
	for _, pool := range in.NodePools {
		pool.Spec.Disruption.Budgets = nil
		for chance(0.5) {
			b := v1.Budget{Nodes: []string{"0", "1", "2", "10%", "50%", "100%"}[random.IntN(6)]}
			if chance(0.4) {
				b.Reasons = []v1.DisruptionReason{[]v1.DisruptionReason{v1.ReasonEmpty, v1.ReasonUnderutilized, v1.ReasonDrifted}[random.IntN(3)]}
			}
			pool.Spec.Disruption.Budgets = append(pool.Spec.Disruption.Budgets, b)
		}
		pool.Spec.Disruption.ConsolidationPolicy = []v1.ConsolidationPolicy{"", v1.ConsolidationPolicyWhenEmpty, v1.ConsolidationPolicyBalanced,
			v1.ConsolidationPolicyWhenEmptyOrUnderutilized}[random.IntN(4)]
		if chance(0.2) {
			pool.Spec.Disruption.ConsolidateAfter = v1.After(time.Duration(random.IntN(48)) * time.Hour)
		}
	}
	in.RepairPolicies = []cloudprovider.RepairPolicy{{Condition: "Ready", Status: corev1.ConditionFalse, Tolerate: 10 * time.Minute}}
	in.Drifted = map[string]string{}
	for i := range in.Nodes {
		n := &in.Nodes[i]
		if n.Node == nil || n.Claim == nil {
			continue
		}
		switch {
		case chance(0.05):
			in.Drifted[n.Claim.Name] = "ImageDrift"
		case chance(0.03):
			n.Node = n.Node.DeepCopy()
			n.Node.Status.Conditions = []corev1.NodeCondition{{Type: "Ready", Status: corev1.ConditionFalse, LastTransitionTime: metav1.NewTime(now.Add(-time.Hour))}}
		case chance(0.03):
			in.Interruptions = append(in.Interruptions, cloudprovider.Interruption{ID: n.Name(), ProviderID: n.Node.Spec.ProviderID, Kind: cloudprovider.InterruptionReclaim})
		case chance(0.03):
			n.Claim = n.Claim.DeepCopy()
			n.Claim.Spec.ExpireAfter = v1.After(time.Hour)
		case chance(0.05):
			n.Node = n.Node.DeepCopy()
			n.Node.Annotations = map[string]string{v1.DoNotDisruptAnnotationKey: "true"}
		}
		for j, pod := range n.Pods {
			if chance(0.03) {
				pod = pod.DeepCopy()
				pod.Annotations = map[string]string{v1.DoNotDisruptAnnotationKey: "true"}
				n.Pods[j] = pod
			}
		}
	}
	for i := range random.IntN(3) {
		all := running(in)
		if len(all) == 0 {
			break
		}
		pod := all[random.IntN(len(all))]
		one := intstr.FromInt32(1)
		pdb := &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: fmt.Sprintf("pdb-%d", i)},
			Spec:       policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &one, Selector: &metav1.LabelSelector{MatchLabels: pod.Labels}},
		}
		pdb.Status.DisruptionsAllowed, pdb.Status.ExpectedPods = int32(random.IntN(3)), 5
		in.PodDisruptionBudgets = append(in.PodDisruptionBudgets, pdb)
	}
	return in
}

func running(in disruption.Input) []*corev1.Pod {
	var out []*corev1.Pod
	for _, n := range in.Nodes {
		out = append(out, n.Pods...)
	}
	return out
}

// properties checks all properties and returns the decision, if there is one, and the first problem; empty when there is none.
func properties(t *testing.T, in disruption.Input, seed uint64) (*disruption.Decision, string) {
	opts := disruption.Options{Scheduling: scheduling.Options{Workers: 1}}
	before := gen.Dump(in.Snapshot)
	d, err := disruption.Decide(t.Context(), in, opts)
	if err != nil {
		return nil, "error: " + err.Error()
	}
	if gen.Dump(in.Snapshot) != before {
		return d, "(6) the input has changed"
	}
	if problem := accounted(in, d); problem != "" {
		return d, problem + "\n" + d.String()
	}
	all := make([]int, len(d.Commands))
	for i := range all {
		all[i] = i
	}
	sets := [][]int{all}
	for i, c := range d.Commands {
		if c.Reason == v1.ReasonEmpty || c.Reason == v1.ReasonUnderutilized || c.Reason == v1.ReasonDrifted {
			sets = append(sets, []int{i}) // what cannot wait does not wait for a set that could do without company
		}
	}
	for _, set := range sets {
		if problem := lawful(in, d, set); problem != "" {
			return d, fmt.Sprintf("(3) commands %v: %s\n%s\n%s", set, problem, d, gen.Dump(in.Snapshot))
		}
	}
	other := opts
	other.Scheduling.Workers = 4
	shuffled := in
	shuffled.Snapshot = gen.Shuffle(in.Snapshot, seed+1)
	slices.Reverse(shuffled.PodDisruptionBudgets)
	again, err := disruption.Decide(t.Context(), shuffled, other)
	if err != nil {
		return d, "error: " + err.Error()
	}
	if again.String() != d.String() || !reflect.DeepEqual(again.Stats, d.Stats) {
		return d, fmt.Sprintf("(5) shuffled, it decides otherwise:\n%s%+v\n\n%s%+v", d, d.Stats, again, again.Stats)
	}
	for _, c := range d.Commands {
		if err := disruption.Verify(t.Context(), c, in, opts); err != nil {
			return d, fmt.Sprintf("(7) %v\n%s", err, d)
		}
	}
	return d, rests(t, in, d, opts)
}

// accounted checks properties (1), (2), (4) and (9).
func accounted(in disruption.Input, d *disruption.Decision) string {
	seen := map[string]int{}
	poolOf, ready, claims := map[string]string{}, map[string]bool{}, map[string]int{}
	pods := map[string][]*corev1.Pod{}
	for _, n := range in.Nodes {
		seen[n.Name()] = 0
		pods[n.Name()] = n.Pods
		if n.Node != nil && n.Claim != nil {
			poolOf[n.Name()] = n.Node.Labels[v1.NodePoolLabelKey]
			claims[poolOf[n.Name()]]++
			ready[n.Name()] = slices.ContainsFunc(n.Node.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == "Ready" && c.Status == "True" })
		}
	}
	evicted := map[types.NamespacedName]*corev1.Pod{}
	taken := map[string]map[v1.DisruptionReason]int{}
	for _, c := range d.Commands {
		graceful := c.Reason == v1.ReasonEmpty || c.Reason == v1.ReasonUnderutilized || c.Reason == v1.ReasonDrifted
		for _, n := range c.Remove {
			seen[n]++
			if ready[n] && graceful {
				if taken[poolOf[n]] == nil {
					taken[poolOf[n]] = map[v1.DisruptionReason]int{}
				}
				taken[poolOf[n]][c.Reason]++
			}
			if graceful {
				for _, pod := range pods[n] {
					evicted[nameOf(pod)] = pod
				}
			}
		}
		if c.Reason == v1.ReasonUnderutilized && (c.Savings <= 0 || c.WorstSavings < -1e-9) {
			return fmt.Sprintf("(4) command %s saves %v, %v at the worst", c.ID, c.Savings, c.WorstSavings)
		}
		if c.Reason == v1.ReasonUnderutilized || c.Reason == v1.ReasonDrifted {
			if len(c.Stranded) > 0 {
				return fmt.Sprintf("(3) command %s strands %v", c.ID, c.Stranded)
			}
		}
	}
	for _, k := range d.Kept {
		seen[k.Node]++
		if k.Code == "" {
			return "(1) no code for " + k.Node
		}
	}
	for n, times := range seen {
		if times != 1 {
			return fmt.Sprintf("(1) node %s occurs %d times", n, times)
		}
	}
	for _, pool := range in.NodePools {
		for reason, n := range taken[pool.Name] {
			allowed, err := pool.AllowedDisruptions(in.Now, claims[pool.Name], reason)
			if err != nil || n > allowed {
				return fmt.Sprintf("(2) %d nodes of %s for %s, %d allowed: %v", n, pool.Name, reason, allowed, err)
			}
		}
	}
	for _, b := range in.PodDisruptionBudgets {
		selector, _ := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		n := 0
		for _, pod := range evicted {
			if pod.Namespace == b.Namespace && selector.Matches(labelsOf(pod)) && pod.DeletionTimestamp == nil && pod.Status.Phase != corev1.PodSucceeded &&
				pod.Status.Phase != corev1.PodFailed && !tolerates(pod) {
				n++
			}
		}
		if n > int(b.Status.DisruptionsAllowed) {
			return fmt.Sprintf("(2) %d pods of PodDisruptionBudget %s are evicted, %d allowed", n, b.Name, b.Status.DisruptionsAllowed)
		}
	}
	if d.Bound > d.After+1e-6 {
		return fmt.Sprintf("(9) bound %v is above %v", d.Bound, d.After)
	}
	return ""
}

type podLabels map[string]string

func (l podLabels) Has(key string) bool              { _, ok := l[key]; return ok }
func (l podLabels) Get(key string) string            { return l[key] }
func (l podLabels) Lookup(key string) (string, bool) { v, ok := l[key]; return v, ok }
func labelsOf(pod *corev1.Pod) podLabels             { return pod.Labels }

func tolerates(pod *corev1.Pod) bool {
	taint := v1.DisruptedTaint()
	return slices.ContainsFunc(pod.Spec.Tolerations, func(tol corev1.Toleration) bool {
		return (tol.Key == taint.Key || tol.Key == "" && tol.Operator == corev1.TolerationOpExists) && (tol.Effect == "" || tol.Effect == taint.Effect)
	})
}

// lawful asks the oracle about the pods that some of the commands move, once all of these have been carried out.
func lawful(in disruption.Input, d *disruption.Decision, set []int) string {
	s := in.Snapshot
	s.Pods, s.Groups = []*corev1.Pod{}, nil
	plan := &scheduling.Plan{}
	gone := map[string]bool{}
	moved := map[types.NamespacedName]bool{}
	for _, i := range set {
		c := &d.Commands[i]
		for _, n := range c.Remove {
			gone[n] = true
		}
		plan.Launches = append(plan.Launches, c.Replace...)
		plan.Assignments = append(plan.Assignments, c.Moves...)
		for _, m := range c.Moves {
			moved[m.Pod] = true
		}
	}
	slices.SortFunc(plan.Assignments, func(a, b scheduling.Assignment) int { return strings.Compare(a.Pod.String(), b.Pod.String()) })
	s.Nodes = nil
	for _, n := range in.Nodes {
		if !gone[n.Name()] {
			s.Nodes = append(s.Nodes, n)
			continue
		}
		for _, pod := range n.Pods {
			if moved[nameOf(pod)] {
				waiting := *pod
				waiting.Spec.NodeName, waiting.DeletionTimestamp = "", nil
				waiting.Status = corev1.PodStatus{Phase: corev1.PodPending}
				s.Pods = append(s.Pods, &waiting)
			}
		}
	}
	waiting := len(in.Pods) > 0 || slices.ContainsFunc(in.Nodes, func(n scheduling.Node) bool {
		return n.Node != nil && n.Node.DeletionTimestamp != nil || n.Claim != nil && n.Claim.DeletionTimestamp != nil
	})
	var bad []string
	for _, v := range oracle.Check(s, plan) {
		switch v.Rule {
		case oracle.Sorted:
			continue
		case oracle.LaunchPods, oracle.Requests, oracle.PodAffinity:
			if waiting { // pods that wait share launches, and are company
				continue
			}
		case oracle.Sequence:
			if len(set) > 1 { // in truth one node is drained after the other
				continue
			}
		case oracle.InstanceTypes:
			if strings.Contains(v.Detail, "not cheapest first") { // stock that an earlier command has used up
				continue
			}
		}
		if !v.OrderDependent {
			bad = append(bad, fmt.Sprint(v))
		}
	}
	return strings.Join(bad, "\n")
}

// rests carries commands out again and again until there are none.
func rests(t *testing.T, in disruption.Input, d *disruption.Decision, opts disruption.Options) string {
	for round := range 40 {
		if len(d.Commands) == 0 {
			return ""
		}
		in.Interruptions, in.Drifted = nil, map[string]string{}
		last := d
		in = carriedOut(t, in, d.Commands, 25*time.Hour)
		var err error
		if d, err = disruption.Decide(t.Context(), in, opts); err != nil {
			return fmt.Sprintf("(8) round %d: %v", round, err)
		}
		if d.Price > last.After+1e-6 {
			return fmt.Sprintf("(8) round %d: the price became %v\n%s\n%s", round, d.Price, last, d)
		}
	}
	return "(8) there is no end to it:\n" + d.String()
}
