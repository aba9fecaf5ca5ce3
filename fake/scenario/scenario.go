package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Scenario is the facts of some documents, and what is asked about them.
type Scenario struct {
	// Snapshot is what the planner is given. Lists of which no document says anything are empty, not nil: a scenario
	// leaves nothing unknown.
	Snapshot scheduling.Snapshot
	// Options are those of the Scenario document, or the zero value.
	Options scheduling.Options
	// Decide is v1alpha1.DecideProvision or v1alpha1.DecideDisrupt.
	Decide string
	// Explain are the pods whose explanations belong to the answer.
	Explain []types.NamespacedName
	// Expect is what the answer must print; nil when nothing is expected.
	Expect *string
	// ExpectError is a part of the error with which the scenario must be refused; empty when it must be accepted.
	ExpectError string
	// DisruptionBudgets are the PodDisruptionBudgets. They have no effect on provisioning.
	DisruptionBudgets []*policyv1.PodDisruptionBudget
	// Disruption is what a decision about disruption depends on besides: all of [disruption.Input] but the snapshot and the
	// PodDisruptionBudgets, which are above. [Scenario.Input] puts them together.
	Disruption disruption.Input
	// DisruptionOptions are those of the planner; their Scheduling is Options.
	DisruptionOptions disruption.Options
	// Print is what is printed after a decision: budgets, frontier.
	Print []string
	// NowFrom says where Snapshot.Now comes from if no Scenario document states it: the newest timestamp of the documents.
	// Empty if one does.
	NowFrom string

	declared bool // there is a Scenario document
}

// Input is what the planner of disruption is given.
func (s *Scenario) Input() disruption.Input {
	in := s.Disruption
	in.Snapshot, in.PodDisruptionBudgets = s.Snapshot, s.DisruptionBudgets
	return in
}

// header is the scenario without its snapshot. decide is what to ask; empty for what the Scenario document says.
func (w *world) header(decide string) *Scenario {
	s := w.question()
	if decide != "" {
		s.Decide = decide
	}
	return s
}

// now is the newest timestamp of the documents, where one was looked for.
func (w *world) now(s *Scenario) {
	switch newest := &w.newest; {
	case !newest.at.IsZero():
		s.Snapshot.Now = newest.at
		s.NowFrom = fmt.Sprintf("%s of %s %s, %s:%d", newest.path, newest.from.kind, newest.from.name, newest.from.file, newest.from.line)
	case w.scenario != nil:
		w.problems.add(w.scenario.errorf("spec.now", "is required to decide about disruption"))
	default:
		w.problems.add(errNoTime)
	}
}

var errNoTime = errors.New("no document tells the time, which decisions about disruption need: add a Scenario with spec.now")

// question is what the Scenario document says.
func (w *world) question() *Scenario {
	s := &Scenario{Decide: v1alpha1.DecideProvision, Snapshot: emptySnapshot(time.Time{})}
	if w.scenario == nil {
		return s
	}
	o, spec := w.scenario.origin, &w.scenario.object.Spec
	s.declared = true
	s.Snapshot.Now = spec.Now.Time
	s.Expect, s.ExpectError = spec.Expect, spec.ExpectError
	choice := func(path, value string, known ...string) string {
		if value != "" && !slices.Contains(known, value) {
			w.problems.add(o.errorf(path, "must be %s, is %q", strings.Join(known, " or "), value))
		}
		return value
	}
	if d := choice("spec.decide", spec.Decide, v1alpha1.DecideProvision, v1alpha1.DecideDisrupt); d != "" {
		s.Decide = d
	}
	in := &spec.Options
	s.Options = scheduling.Options{
		Preferences: scheduling.PreferencePolicy(choice("spec.options.preferences", in.Preferences,
			string(scheduling.PreferencesRespect), string(scheduling.PreferencesIgnore))),
		MinValues: scheduling.MinValuesPolicy(choice("spec.options.minValues", in.MinValues,
			string(scheduling.MinValuesStrict), string(scheduling.MinValuesBestEffort))),
		Reserved: scheduling.ReservedPolicy(choice("spec.options.reserved", in.Reserved,
			string(scheduling.ReservedFallback), string(scheduling.ReservedStrict))),
		Effort: in.Effort, Round: in.Round, MaxLaunches: in.MaxLaunches, MaxPrice: in.MaxPrice,
		MinAlternatives: in.MinAlternatives, WithinPercent: in.WithinPercent, MaxPodsShare: in.MaxPodsShare,
	}
	profile := &s.Snapshot.Profile
	profile.SchedulerNames, profile.DefaultConstraints = spec.SchedulerProfile.SchedulerNames, spec.SchedulerProfile.DefaultConstraints
	s.Snapshot.Vocabulary = cloudprovider.Vocabulary{WellKnown: spec.Vocabulary.WellKnown, Aliases: spec.Vocabulary.Aliases}
	for _, name := range in.Explain {
		s.Explain = append(s.Explain, PodName(name))
	}
	return s
}

// PodName reads namespace/name; a name alone is of namespace default.
func PodName(s string) types.NamespacedName {
	namespace, name, ok := strings.Cut(s, "/")
	if !ok {
		namespace, name = corev1.NamespaceDefault, s
	}
	return types.NamespacedName{Namespace: namespace, Name: name}
}

// emptySnapshot knows that there is nothing.
func emptySnapshot(now time.Time) scheduling.Snapshot {
	return scheduling.Snapshot{
		Now:           now,
		Pods:          []*corev1.Pod{},
		Nodes:         []scheduling.Node{},
		NodePools:     []*v1.NodePool{},
		InstanceTypes: map[string][]*cloudprovider.InstanceType{},
		DaemonPods:    []*corev1.Pod{},
		Namespaces:    []*corev1.Namespace{},
		Storage:       emptyStorage(),
		Groups:        []scheduling.Group{},
		Profile:       scheduling.SchedulerProfile{Selectors: []scheduling.PodSelector{}},
	}
}
