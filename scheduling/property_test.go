package scheduling_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/internal/oracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// The properties that every plan of every world must have, tried on random worlds:
//
//	(1) the oracle accepts the plan, but for skew that the order of binding explains;
//	(2) shuffling any input changes no byte of output;
//	(3) nor does the number of workers or a second call;
//	(4) inputs are the same before and after;
//	(5) applying the plan and solving again launches nothing, but for pods that wait for what is launched;
//	(6) every pod is placed or left out with a reason that the oracle confirms;
//	(10) the price is not below the lower bound;
//	(11) preferences cost no pod its place, and none is given up where they are ignored.
//
// A longer run: go test ./scheduling -run TestProperties -worlds 100000 -seed 1000 -timeout 5h; with -large 1 all worlds are of any size.
var (
	worldCount = flag.Int("worlds", 1000, "how many random worlds the property tests try")
	oneOf      = flag.Int("large", 16, "one of how many random worlds is of any size; the others have a handful of pods")
	firstSeed  = flag.Uint64("seed", 0, "seed of the first random world")
	features   = flag.String("features", "full", "what random worlds contain: full, base or none, and switches such as full,-Groups")
)

// featuresOf are those that the flag asks for.
func featuresOf(t *testing.T) gen.Features {
	f, err := gen.ParseFeatures(*features)
	require.NoError(t, err)
	return f
}

// maxReports bounds how many failing worlds are made smaller and printed.
const maxReports = 5

func TestProperties(t *testing.T) {
	var next, pods, placed, launches, failed atomic.Int64
	content := featuresOf(t)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(*worldCount) && failed.Load() < maxReports; i = next.Add(1) - 1 {
				seed, f := *firstSeed+uint64(i), content
				if seed%uint64(*oneOf) != 0 {
					f.Size = gen.Minute
				}
				s, opts := gen.World(seed, f), optionsOf(seed/uint64(*oneOf))
				plan, problem := properties(t, s, seed, opts)
				if problem != "" {
					failed.Add(1)
					report(t, seed, opts, s, problem)
				}
				if plan != nil && opts == (scheduling.Options{}) {
					pods.Add(int64(plan.Stats.Pods))
					placed.Add(int64(len(plan.Assignments)))
					launches.Add(int64(len(plan.Launches)))
				}
			}
		})
	}
	workers.Wait()
	t.Logf("%d worlds: %d pods, %.1f %% placed, %d launches", *worldCount, pods.Load(), 100*float64(placed.Load())/float64(max(pods.Load(), 1)), launches.Load())
}

// optionsOf are the options that a world is solved with: the default for most.
func optionsOf(seed uint64) scheduling.Options {
	switch seed % 16 {
	case 5, 13:
		return scheduling.Options{MinValues: scheduling.MinValuesBestEffort}
	case 6:
		return scheduling.Options{Effort: int(seed/16)%20 + 1}
	case 7:
		return scheduling.Options{MaxLaunches: int(seed/16)%4 + 1}
	case 8:
		return scheduling.Options{MaxPrice: 0.1 * float64((seed/16)%9+1)}
	case 9, 10:
		return scheduling.Options{MinAlternatives: int(seed/16)%4 + 1, WithinPercent: float64((seed / 64) % 4 * 20)}
	case 11:
		return scheduling.Options{MaxPodsShare: 0.1 * float64((seed/16)%7+1)}
	}
	return scheduling.Options{}
}

// properties checks all properties and returns the plan, if there is one, and the first problem; empty when there is none.
func properties(t *testing.T, s scheduling.Snapshot, seed uint64, opts scheduling.Options) (*scheduling.Plan, string) {
	before := gen.Clone(s)
	problem, err := scheduling.Compile(s)
	if err != nil {
		return nil, fmt.Sprintf("compile: %v", err)
	}
	plan, err := problem.Solve(t.Context(), opts)
	if err != nil {
		return nil, fmt.Sprintf("solve: %v", err)
	}
	if p := firstProblem(t, s, seed, opts, problem, plan); p != "" {
		return plan, p
	}
	if !reflect.DeepEqual(s, before) {
		return plan, "(4) the input was modified"
	}
	return plan, ""
}

// firstProblem checks the properties of a plan.
func firstProblem(t *testing.T, s scheduling.Snapshot, seed uint64, opts scheduling.Options, problem *scheduling.Problem, plan *scheduling.Plan) string {
	if v := unexplained(oracle.Check(s, plan)); len(v) > 0 {
		return "(1) the oracle objects:\n" + lines(v)
	}
	if v := oracle.UnplacedWith(s, plan, opts); len(v) > 0 {
		return "(6) pods left out for no reason:\n" + lines(v)
	}
	if p := withinOptions(plan, opts); p != "" {
		return p
	}
	text := bytesOf(t, plan)
	for _, workers := range []int{1, 16} {
		o := opts
		o.Workers = workers
		again, err := problem.Solve(t.Context(), o)
		if err != nil || bytesOf(t, again) != text {
			return fmt.Sprintf("(3) %d workers give another plan (%v): %s", workers, err, difference(bytesOf(t, again), text))
		}
	}
	shuffled, err := scheduling.Solve(t.Context(), gen.Shuffle(s, seed), opts)
	if err != nil || bytesOf(t, shuffled) != text {
		return fmt.Sprintf("(2) a shuffled world gives another plan (%v): %s", err, difference(bytesOf(t, shuffled), text))
	}
	if opts == (scheduling.Options{}) || opts.MinValues != "" {
		next, err := scheduling.Solve(t.Context(), apply(s, plan), opts)
		if err != nil {
			return fmt.Sprintf("(5) the applied plan cannot be solved: %v", err)
		}
		if len(next.Launches) > 0 && !waited(s, plan, next) || slices.ContainsFunc(next.Assignments, func(a scheduling.Assignment) bool {
			return !a.Launch && !flexible(s, plan, a.Node) && isFinal(s, plan, a.Pod)
		}) {
			return fmt.Sprintf("(5) after applying\n%s\nthere is more to do:\n%s", plan, next)
		}
	}
	return preferencesAreFree(t, problem, plan, opts)
}

// preferencesAreFree holds a plan against one that ignores preferences.
func preferencesAreFree(t *testing.T, problem *scheduling.Problem, plan *scheduling.Plan, opts scheduling.Options) string {
	opts.Preferences = scheduling.PreferencesIgnore
	ignoring, err := problem.Solve(t.Context(), opts)
	if err != nil {
		return fmt.Sprintf("(11) solve without preferences: %v", err)
	}
	if len(ignoring.Forgone) > 0 {
		return fmt.Sprintf("(11) preferences are ignored, and given up:\n%s", ignoring)
	}
	if opts == (scheduling.Options{Preferences: scheduling.PreferencesIgnore}) && len(plan.Unplaced) > len(ignoring.Unplaced) {
		return fmt.Sprintf("(11) %d pods are left out:\n%s\nwithout preferences %d:\n%s", len(plan.Unplaced), plan, len(ignoring.Unplaced), ignoring)
	}
	return ""
}

// waited reports whether the next plan launches nodes only for pods that the plan had no final answer for.
func waited(s scheduling.Snapshot, plan, next *scheduling.Plan) bool {
	for i := range next.Launches {
		for _, pod := range next.Launches[i].Pods {
			if isFinal(s, plan, pod) {
				return false
			}
		}
	}
	return true
}

// isFinal reports whether what the plan says of the pod holds once the plan is applied. A pod that is NotEvaluated may have
// waited for another to be placed, one without a volume finds those free that the placed pods take (nobody binds claims),
// and a group is of waiting pods: its other members are elsewhere or nowhere once some are bound.
func isFinal(s scheduling.Snapshot, plan *scheduling.Plan, pod types.NamespacedName) bool {
	if slices.ContainsFunc(s.Groups, func(g scheduling.Group) bool { return slices.Contains(g.Pods, pod) }) {
		return false
	}
	for i := range plan.Unplaced {
		if u := &plan.Unplaced[i]; u.Pod == pod {
			return u.Verdict != scheduling.NotEvaluated &&
				!slices.ContainsFunc(u.Rejections, func(r scheduling.Rejection) bool { return r.Code == scheduling.VolumeConflict })
		}
	}
	return true
}

// flexible reports whether the node was launched for a pool with minValues: a pod that would have left the launch too
// few types may join the node once it is there.
func flexible(s scheduling.Snapshot, plan *scheduling.Plan, node string) bool {
	for i := range plan.Launches {
		if plan.Launches[i].Name != node {
			continue
		}
		for _, pool := range s.NodePools {
			for _, r := range pool.Spec.Template.Spec.Requirements {
				if pool.Name == plan.Launches[i].NodePool && r.MinValues != nil {
					return true
				}
			}
		}
	}
	return false
}

// drivers is what the storage drivers of a launched node say of themselves: how many volumes it attaches.
func drivers(s scheduling.Snapshot, l *scheduling.Launch) *storagev1.CSINode {
	out := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: l.Name}}
	for _, t := range s.InstanceTypes[l.NodePool] {
		if t.Name != l.Offering().InstanceType {
			continue
		}
		for driver, limit := range t.VolumeLimits {
			count := int32(limit)
			out.Spec.Drivers = append(out.Spec.Drivers, storagev1.CSINodeDriver{
				Name: driver, NodeID: l.Name, Allocatable: &storagev1.VolumeNodeResources{Count: &count},
			})
		}
	}
	return out
}

// unexplained are the violations that a legal order of binding does not explain.
func unexplained(list []oracle.Violation) []oracle.Violation {
	return slices.DeleteFunc(list, func(v oracle.Violation) bool { return v.OrderDependent })
}

// withinOptions checks the bounds that the options set.
func withinOptions(plan *scheduling.Plan, opts scheduling.Options) string {
	if opts.MaxLaunches > 0 && len(plan.Launches) > opts.MaxLaunches {
		return fmt.Sprintf("%d launches, MaxLaunches is %d", len(plan.Launches), opts.MaxLaunches)
	}
	if opts.MaxPrice > 0 && plan.Price() > opts.MaxPrice+1e-9 {
		return fmt.Sprintf("price %v, MaxPrice is %v", plan.Price(), opts.MaxPrice)
	}
	if opts.Effort > 0 && plan.Stats.Effort > opts.Effort {
		return fmt.Sprintf("effort %d, Effort is %d", plan.Stats.Effort, opts.Effort)
	}
	for i := range plan.Launches {
		if opts.MinValues != scheduling.MinValuesBestEffort && plan.Launches[i].RelaxedMinValues != nil {
			return "minValues are relaxed under Strict"
		}
		if share := opts.MaxPodsShare; share > 0 && len(plan.Launches[i].Pods) > max(1, int(share*float64(plan.Stats.Pods)+1e-6)) {
			return fmt.Sprintf("launch %s holds %d of %d pods", plan.Launches[i].Name, len(plan.Launches[i].Pods), plan.Stats.Pods)
		}
	}
	return alternativesBroken(plan, opts)
}

// alternativesBroken says where what a plan says of alternatives is not so.
func alternativesBroken(plan *scheduling.Plan, opts scheduling.Options) string {
	if (plan.Flexibility != nil) != (opts.MinAlternatives > 0) {
		return "flexibility is told if and only if it is asked for"
	}
	if plan.Flexibility == nil {
		return ""
	}
	short := 0
	for i := range plan.Launches {
		l := &plan.Launches[i]
		have, enough := alternatives(l, plan.Flexibility.WithinPercent), opts.MinAlternatives
		reserved := l.Offering().CapacityType == v1.CapacityTypeReserved
		if have != l.Alternatives || l.ShortOfAlternatives != (have < enough && !reserved) {
			return fmt.Sprintf("launch %s says that it has %d alternatives, short: %t; it has %d of %d: %v",
				l.Name, l.Alternatives, l.ShortOfAlternatives, have, enough, l.Choices)
		}
		if l.ShortOfAlternatives {
			short++
		}
	}
	if f := plan.Flexibility; f.Short != short || f.Cost < 0 || f.Cost > plan.Price()+1e-9 {
		return fmt.Sprintf("flexibility is %+v, %d launches of a plan for $%v are short", f, short, plan.Price())
	}
	return ""
}

// alternatives is the most types among the launch's choices that cost at most so many percent more than the cheapest of
// them, which costs at most so many percent more than the launch. The oracle has asked whether they hold its pods.
func alternatives(l *scheduling.Launch, percent float64) int {
	prices := map[string]float64{}
	for _, c := range l.Choices {
		if old, known := prices[c.InstanceType]; c.CapacityType != v1.CapacityTypeReserved && c.Price >= l.Price() && (!known || c.Price < old) {
			prices[c.InstanceType] = c.Price
		}
	}
	most := 0
	if len(prices) == 0 {
		return 0
	}
	base := slices.Min(slices.Collect(maps.Values(prices)))
	for _, least := range prices {
		n := 0
		for _, price := range prices {
			if price >= least && price <= least*(1+percent/100)*(1+1e-9) && least <= base*(1+percent/100)*(1+1e-9) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// difference shows the first place in which two texts differ.
func difference(have, want string) string {
	at := 0
	for at < len(have) && at < len(want) && have[at] == want[at] {
		at++
	}
	window := func(text string) string { return text[max(0, at-300):min(len(text), at+200)] }
	return fmt.Sprintf("\n%s\ninstead of\n%s", window(have), window(want))
}

func lines(violations []oracle.Violation) string {
	var out []string
	for _, v := range violations {
		out = append(out, v.String())
	}
	return strings.Join(out, "\n")
}

func bytesOf(t *testing.T, plan *scheduling.Plan) string {
	text, err := json.Marshal(plan)
	require.NoError(t, err)
	return string(text) + plan.String()
}

// report fails the test with the smallest world that has the problem.
func report(t *testing.T, seed uint64, opts scheduling.Options, s scheduling.Snapshot, problem string) {
	kind := problem[:min(3, len(problem))]
	small := gen.Shrink(s, func(s scheduling.Snapshot) bool {
		_, problem := properties(t, s, seed, opts)
		return strings.HasPrefix(problem, kind)
	})
	plan, same := properties(t, small, seed, opts)
	t.Errorf("seed %d, options %+v: %s\n\nin a smaller world:\n%s\n%s\nplan:\n%s", seed, opts, problem, same, gen.Dump(small), plan)
}

// apply is the world after the plan has come true: launches are nodes, pods are bound, stock is used.
func apply(s scheduling.Snapshot, plan *scheduling.Plan) scheduling.Snapshot {
	s = gen.Clone(s)
	pods := map[types.NamespacedName]*corev1.Pod{}
	for _, pod := range s.Pods {
		pods[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}] = pod
	}
	at := map[string]int{}
	for i := range s.Nodes {
		at[s.Nodes[i].Name()] = i
	}
	used := map[string]int{}
	for i := range plan.Launches {
		l := &plan.Launches[i]
		at[l.Name] = len(s.Nodes)
		entry := scheduling.Node{Node: l.Node.DeepCopy()}
		for _, name := range l.DaemonPods {
			template := s.DaemonPods[slices.IndexFunc(s.DaemonPods, func(p *corev1.Pod) bool { return p.Namespace == name.Namespace && p.Name == name.Name })]
			daemon := template.DeepCopy()
			daemon.Name += "-" + l.Name
			daemon.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "DaemonSet", Name: name.Name, UID: "daemon"}}
			daemon.Spec.NodeName = l.Name
			entry.Pods = append(entry.Pods, daemon)
		}
		s.Nodes = append(s.Nodes, entry)
		s.Storage.CSINodes = append(s.Storage.CSINodes, drivers(s, l))
		used[l.Offering().StockKey]++
	}
	for _, a := range plan.Assignments {
		pod := pods[a.Pod]
		pod.Spec.NodeName = a.Node
		s.Nodes[at[a.Node]].Pods = append(s.Nodes[at[a.Node]].Pods, pod)
	}
	s.Pods = slices.DeleteFunc(s.Pods, func(p *corev1.Pod) bool { return p.Spec.NodeName != "" })
	seen := map[*cloudprovider.Stock]bool{}
	for _, list := range s.InstanceTypes {
		for _, t := range list {
			for i := range t.Offerings {
				if stock := t.Offerings[i].Stock; stock != nil && !seen[stock] {
					seen[stock] = true
					stock.Count = max(0, stock.Count-used[stock.Key])
				}
			}
		}
	}
	return s
}

// TestTinyWorlds holds plans and bounds against the best plan there is. Preferences are ignored, since they come before
// prices, and prices are compared where all pools weigh the same, since weights come before prices too.
func TestTinyWorlds(t *testing.T) {
	solved, exact, missed := 0, 0, 0
	price, best, bounds := 0.0, 0.0, 0.0
	content, opts := featuresOf(t), scheduling.Options{Preferences: scheduling.PreferencesIgnore}
	for i := range min(200, *worldCount) {
		seed := *firstSeed + uint64(i)
		s := gen.Tiny(seed, content)
		optimum, ok := oracle.Cheapest(s)
		problem, err := scheduling.Compile(s)
		require.NoError(t, err, "seed %d", seed)
		plan, err := problem.Solve(t.Context(), opts)
		require.NoError(t, err, "seed %d", seed)
		if !ok {
			require.NotEmpty(t, plan.Unplaced, "seed %d: nothing can place all pods\n%s\n%s", seed, gen.Dump(s), plan)
			continue
		}
		bound, err := problem.LowerBound(t.Context())
		require.NoError(t, err)
		require.LessOrEqual(t, bound.Price, optimum+1e-6, "seed %d: the bound is above the optimum\n%s", seed, gen.Dump(s))
		if len(plan.Unplaced) == 0 {
			require.GreaterOrEqual(t, plan.Price(), optimum-1e-6, "seed %d: cheaper than possible\n%s\n%s", seed, gen.Dump(s), plan)
		}
		switch {
		case !sameWeights(s):
		case len(plan.Unplaced) > 0:
			missed++
			t.Logf("seed %d: left out are pods that a plan for $%v would place\n%s\n%s", seed, optimum, plan, gen.Dump(s))
		default:
			solved++
			if plan.Price() <= optimum+1e-6 {
				exact++
			} else {
				t.Logf("seed %d: price %v, optimum %v", seed, plan.Price(), optimum)
			}
			price, best, bounds = price+plan.Price(), best+optimum, bounds+bound.Price
		}
	}
	t.Logf("%d worlds solved, %d at the optimum; price %.2f %% above it, bound %.2f %% below; %d more left pods out for no need",
		solved, exact, 100*(price/best-1), 100*(1-bounds/best), missed)
}

// sameWeights reports whether no pool comes before another.
func sameWeights(s scheduling.Snapshot) bool {
	weights := map[int32]bool{}
	for _, pool := range s.NodePools {
		weight := int32(0)
		if pool.Spec.Weight != nil {
			weight = *pool.Spec.Weight
		}
		weights[weight] = true
	}
	return len(weights) < 2
}
