package scenario

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// facts reads what a decision about disruption depends on and no Kubernetes object says: spec.disruption of the Scenario.
// They are held against the objects of the documents, so that a slip of the pen in a name is an error.
type facts struct {
	*problems
	origin origin
	in     *v1alpha1.ScenarioDisruption

	machines  map[string]string // provider ids by the name of the Node, or of the NodeClaim without one
	claims    map[string]bool   // by name
	nodePools map[string]bool   // by name
}

// disruption fills the scenario's facts. Lists of which nothing is said are empty, not nil.
func (w *world) disruption(s *Scenario) {
	out := &s.Disruption
	out.Drifted, out.Expected, out.StartUp = map[string]string{}, map[string]time.Time{}, map[string]time.Duration{}
	out.RepairPolicies, out.Interruptions = []cloudprovider.RepairPolicy{}, []cloudprovider.Interruption{}
	out.InProgress, out.History = []disruption.Command{}, []disruption.Past{}
	if w.scenario == nil {
		return
	}
	f := &facts{
		problems: &w.problems, origin: w.scenario.origin, in: &w.scenario.object.Spec.Disruption,
		machines: map[string]string{}, claims: map[string]bool{}, nodePools: map[string]bool{},
	}
	for _, n := range s.Snapshot.Nodes {
		f.machines[n.Name()] = providerOf(n)
	}
	for _, c := range w.claims {
		f.claims[c.name] = true
	}
	for _, p := range w.pools {
		f.nodePools[p.name] = true
	}
	f.drifted(out)
	f.repairPolicies(out)
	f.interruptions(out)
	f.expected(out)
	f.startUp(out)
	f.inProgress(out)
	f.history(out, s.Snapshot.Now)
	s.Print = f.print()
	s.DisruptionOptions = f.options(s.Options)
}

func providerOf(n scheduling.Node) string {
	if n.Node != nil && n.Node.Spec.ProviderID != "" || n.Claim == nil {
		return n.Node.Spec.ProviderID
	}
	return n.Claim.Status.ProviderID
}

// bad reports a problem with a field below spec.disruption.
func (f *facts) bad(path, format string, args ...any) {
	f.add(f.origin.errorf("spec.disruption."+path, format, args...))
}

// choice reports a text that is none of those known. required says that it may not be empty.
func (f *facts) choice(path, value string, required bool, known ...string) {
	if value == "" && !required || slices.Contains(known, value) {
		return
	}
	f.bad(path, "must be %s, is %q", strings.Join(known, " or "), value)
}

// required reports a text that is empty.
func (f *facts) required(path, value string) bool {
	if value == "" {
		f.bad(path, "must not be empty")
	}
	return value != ""
}

var camelCase = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)

func (f *facts) drifted(out *disruption.Input) {
	for _, claim := range slices.Sorted(maps.Keys(f.in.Drifted)) {
		path, reason := "drifted["+claim+"]", f.in.Drifted[claim]
		switch {
		case !f.claims[claim]:
			f.bad(path, "no document declares that NodeClaim")
		case !camelCase.MatchString(reason):
			f.bad(path, "must be a reason in CamelCase, is %q", reason)
		}
		out.Drifted[claim] = reason
	}
}

func (f *facts) repairPolicies(out *disruption.Input) {
	for i, p := range f.in.RepairPolicies {
		path := fmt.Sprintf("repairPolicies[%d].", i)
		f.required(path+"condition", p.Condition)
		f.choice(path+"status", p.Status, true, string(corev1.ConditionTrue), string(corev1.ConditionFalse), string(corev1.ConditionUnknown))
		f.choice(path+"action", p.Action, false, string(cloudprovider.RepairReplace), string(cloudprovider.RepairReboot))
		if p.Tolerate.Duration < 0 {
			f.bad(path+"tolerate", "must not be negative, is %s", p.Tolerate.Duration)
		}
		out.RepairPolicies = append(out.RepairPolicies, cloudprovider.RepairPolicy{
			Condition: corev1.NodeConditionType(p.Condition), Status: corev1.ConditionStatus(p.Status), Reason: p.Reason,
			Tolerate: p.Tolerate.Duration, Action: cloudprovider.RepairAction(p.Action),
		})
	}
}

func (f *facts) interruptions(out *disruption.Input) {
	seen := map[string]bool{}
	for i, n := range f.in.Interruptions {
		path := fmt.Sprintf("interruptions[%d].", i)
		notice := cloudprovider.Interruption{
			ID: n.ID, ProviderID: n.ProviderID, Kind: cloudprovider.InterruptionKind(n.Kind), Deadline: n.Deadline.Time, Message: n.Message,
		}
		if notice.ID == "" {
			notice.ID = fmt.Sprintf("interruption-%d", i+1)
		}
		if seen[notice.ID] {
			f.bad(path+"id", "%s is there twice", notice.ID)
		}
		seen[notice.ID] = true
		f.choice(path+"kind", n.Kind, true, string(cloudprovider.InterruptionReclaim), string(cloudprovider.InterruptionRisk),
			string(cloudprovider.InterruptionMaintenance), string(cloudprovider.InterruptionStopped))
		id, known := f.machines[n.Node]
		switch {
		case (n.Node == "") == (n.ProviderID == ""):
			f.bad(path+"node", "must be given, or else providerID: one of the two")
		case n.Node != "" && !known:
			f.bad(path+"node", "no document declares Node or NodeClaim %q", n.Node)
		case n.Node != "" && id == "":
			f.bad(path+"node", "%s has no provider id, which a notice is about", n.Node)
		case n.Node != "":
			notice.ProviderID = id
		}
		out.Interruptions = append(out.Interruptions, notice)
	}
}

func (f *facts) expected(out *disruption.Input) {
	for _, node := range slices.Sorted(maps.Keys(f.in.Expected)) {
		path, until := "expected["+node+"]", f.in.Expected[node]
		if _, known := f.machines[node]; !known {
			f.bad(path, "no document declares that Node or NodeClaim")
		}
		if until.IsZero() {
			f.bad(path, "must be the instant until which pods are waited for")
		}
		out.Expected[node] = until.Time
	}
}

func (f *facts) startUp(out *disruption.Input) {
	for _, pool := range slices.Sorted(maps.Keys(f.in.StartUp)) {
		path, long := "startUp["+pool+"]", f.in.StartUp[pool].Duration
		switch {
		case !f.nodePools[pool]:
			f.bad(path, "no document declares that NodePool")
		case long <= 0:
			f.bad(path, "must be more than 0, is %s", long)
		}
		out.StartUp[pool] = long
	}
}

// What a scenario may have printed after its decision.
const (
	printBudgets  = "budgets"
	printFrontier = "frontier"
)

func (f *facts) print() []string {
	for i, what := range f.in.Print {
		f.choice(fmt.Sprintf("print[%d]", i), what, true, printBudgets, printFrontier)
	}
	return f.in.Print
}

// options are those of the planner, with those of the engine that finds places for pods.
func (f *facts) options(engine scheduling.Options) disruption.Options {
	in := &f.in.Options
	f.choice("options.evictions", in.Evictions, false, string(disruption.EvictionsAtOnce), string(disruption.EvictionsInTurn))
	f.choice("options.barePods", in.BarePods, false, string(disruption.BarePodsMove), string(disruption.BarePodsStay))
	long := func(d metav1.Duration) time.Duration { return d.Duration }
	return disruption.Options{
		Scheduling: engine,
		MinSavings: in.MinSavings, MinSavingsPercent: in.MinSavingsPercent, SpotMargin: in.SpotMargin, SpotAlternatives: in.SpotAlternatives,
		EvictionPrice: in.EvictionPrice, Horizon: long(in.Horizon), CoolDown: long(in.CoolDown), Memory: long(in.Memory), BackOff: long(in.BackOff),
		MaxNodes: in.MaxNodes, MaxCommands: in.MaxCommands,
		Evictions: disruption.EvictionPolicy(in.Evictions), BarePods: disruption.BarePodPolicy(in.BarePods),
		BalancedThreshold: in.BalancedThreshold, ExpirationBudget: in.ExpirationBudget, RepairBudget: in.RepairBudget, RepairRate: in.RepairRate,
		Effort: in.Effort, Round: in.Round, StartUp: long(in.StartUp),
	}
}
