package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// DecideProvision asks what to launch for the pods that wait.
	DecideProvision = "provision"
	// DecideDisrupt asks which nodes to take away.
	DecideDisrupt = "disrupt"
)

// Scenario says what is asked about the other documents of a scenario file, and what the answer must be.
//
// +kubebuilder:skipversion
type Scenario struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the question and the answer.
	Spec ScenarioSpec `json:"spec,omitempty"`
}

// ScenarioSpec is the question and the answer.
type ScenarioSpec struct {
	// Now is the instant at which the facts hold. Zero: unknown. Decisions about disruption need it.
	Now metav1.Time `json:"now,omitempty"`
	// Decide is [DecideProvision] or [DecideDisrupt]. Empty: provision.
	Decide string `json:"decide,omitempty"`
	// Options of the planner. The zero value is the planner's own default.
	Options ScenarioOptions `json:"options,omitempty"`
	// SchedulerProfile is how the cluster's kube-scheduler is set up. The zero value is the scheduler as upstream ships it.
	SchedulerProfile ScenarioSchedulerProfile `json:"schedulerProfile,omitempty"`
	// Vocabulary is what label keys mean. The zero value is the standard one.
	Vocabulary ScenarioVocabulary `json:"vocabulary,omitempty"`
	// Disruption is what a decision about disruption depends on besides.
	Disruption ScenarioDisruption `json:"disruption,omitempty"`
	// Expect is the text that the plan or decision must print. Nil: any.
	Expect *string `json:"expect,omitempty"`
	// ExpectError is a part of the error with which the scenario must be refused. Empty: it must be accepted.
	ExpectError string `json:"expectError,omitempty"`
}

// ScenarioOptions are the options of the planner that a scenario may set.
type ScenarioOptions struct {
	// Preferences is Respect or Ignore.
	Preferences string `json:"preferences,omitempty"`
	// MinValues is Strict or BestEffort.
	MinValues string `json:"minValues,omitempty"`
	// Reserved is Fallback or Strict.
	Reserved string `json:"reserved,omitempty"`
	// Effort bounds the planner's work in steps. Zero: no bound.
	Effort int `json:"effort,omitempty"`
	// Round says whose turn it is when Effort does not suffice for all. Zero is the first round.
	Round int `json:"round,omitempty"`
	// MaxLaunches bounds the number of launches. Zero: no bound.
	MaxLaunches int `json:"maxLaunches,omitempty"`
	// MaxPrice bounds what all launches cost, in dollars per hour. Zero: no bound.
	MaxPrice float64 `json:"maxPrice,omitempty"`
	// MinAlternatives asks that each launch could be bought as so many instance types of about one price. Zero: nothing is asked.
	MinAlternatives int `json:"minAlternatives,omitempty"`
	// WithinPercent is how far the prices of alternatives may be above the least of them. Zero: 25.
	WithinPercent float64 `json:"withinPercent,omitempty"`
	// MaxPodsShare is the share of all waiting pods that one launch may hold, from 0 to 1. Zero: no bound.
	MaxPodsShare float64 `json:"maxPodsShare,omitempty"`
	// Explain names pods, as namespace/name, whose explanations are printed after the plan or decision.
	Explain []string `json:"explain,omitempty"`
}

// ScenarioSchedulerProfile is how the cluster's kube-scheduler is set up. The selectors that default constraints need are
// those of the documents: of Services and of what makes pods.
type ScenarioSchedulerProfile struct {
	// SchedulerNames are the values of pod.spec.schedulerName that are planned for. Empty: default-scheduler alone.
	SchedulerNames []string `json:"schedulerNames,omitempty"`
	// DefaultConstraints are the topology spread constraints of pods that state none, as in the arguments of the
	// scheduler's PodTopologySpread plugin: without selectors. Empty: none.
	DefaultConstraints []corev1.TopologySpreadConstraint `json:"defaultConstraints,omitempty"`
}

// ScenarioVocabulary is what label keys mean, in addition to what they mean everywhere.
type ScenarioVocabulary struct {
	// WellKnown are keys that belong to the provider even where no instance type carries them.
	WellKnown []string `json:"wellKnown,omitempty"`
	// Aliases maps old or foreign keys to the key that they stand for in NodePool requirements.
	Aliases map[string]string `json:"aliases,omitempty"`
}
