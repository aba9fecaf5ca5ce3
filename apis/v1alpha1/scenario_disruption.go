package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ScenarioDisruption is what a decision about disruption depends on and no Kubernetes object says. All of it is optional, and
// names are those of objects in other documents:
//
//	spec:
//	  now: "2026-01-05T20:10:00Z"
//	  decide: disrupt
//	  disruption:
//	    options: {minSavings: 0.01, evictions: InTurn, horizon: 8h}
//	    drifted: {general-x7k2p: ImageDrifted}
//	    interruptions: [{node: n-1, kind: Reclaim, deadline: "2026-01-05T20:12:00Z"}]
//	    repairPolicies: [{condition: Ready, status: "False", tolerate: 10m}]
//	    expected: {n-2: "2026-01-05T20:11:00Z"}
//	    inProgress: [{reason: Drifted, remove: [n-3]}]
//	    history:
//	    - at: "2026-01-05T19:00:00Z"
//	      removed: [{node: n-0, nodePool: general, instanceType: small, zone: zone-a, capacityType: spot}]
//	      moved: [shop/web-0]
//	    startUp: {general: 90s}
//	    print: [budgets, frontier]
type ScenarioDisruption struct {
	// Options of the planner. The zero value is the planner's own default.
	Options ScenarioDisruptionOptions `json:"options,omitempty"`
	// Drifted is what the provider says of machines that are no longer what their NodeClass asks for: a reason in CamelCase by
	// the name of the NodeClaim.
	Drifted map[string]string `json:"drifted,omitempty"`
	// RepairPolicies are the node conditions that mean a broken machine.
	RepairPolicies []ScenarioRepairPolicy `json:"repairPolicies,omitempty"`
	// Interruptions are the notices that the cloud has given.
	Interruptions []ScenarioInterruption `json:"interruptions,omitempty"`
	// Expected are nodes that are about to get pods which do not wait yet, by name, each with the instant until which they are
	// waited for.
	Expected map[string]metav1.Time `json:"expected,omitempty"`
	// InProgress are commands that are still being carried out, in the form in which a decision prints them as JSON.
	InProgress []ScenarioCommand `json:"inProgress,omitempty"`
	// History are commands that have been carried out.
	History []ScenarioPast `json:"history,omitempty"`
	// StartUp is how long machines take from their order until they take pods, by the name of the NodePool.
	StartUp map[string]metav1.Duration `json:"startUp,omitempty"`
	// Print is what is printed after the decision: budgets, frontier. Empty: nothing more.
	Print []string `json:"print,omitempty"`
}

// ScenarioDisruptionOptions are the options of the planner. Where zero is a default, a negative number means none.
type ScenarioDisruptionOptions struct {
	// MinSavings is what a command must save at the least, in dollars per hour.
	MinSavings float64 `json:"minSavings,omitempty"`
	// MinSavingsPercent is the same in percent of what the removed nodes cost, for commands that launch something.
	MinSavingsPercent float64 `json:"minSavingsPercent,omitempty"`
	// SpotMargin is the same for spot machines in place of spot machines.
	SpotMargin float64 `json:"spotMargin,omitempty"`
	// SpotAlternatives is how many instance types the replacement of a single spot node must be able to choose from.
	SpotAlternatives int `json:"spotAlternatives,omitempty"`
	// EvictionPrice is what it costs to disturb one plain pod, in dollars.
	EvictionPrice float64 `json:"evictionPrice,omitempty"`
	// Horizon is how long a new arrangement is expected to last.
	Horizon metav1.Duration `json:"horizon,omitempty"`
	// CoolDown is how long launched nodes and moved pods are left alone.
	CoolDown metav1.Duration `json:"coolDown,omitempty"`
	// Memory is for how long an earlier command must not be undone.
	Memory metav1.Duration `json:"memory,omitempty"`
	// BackOff is how long the nodes of a command that failed are left alone.
	BackOff metav1.Duration `json:"backOff,omitempty"`
	// MaxNodes is how many nodes one command removes at the most.
	MaxNodes int `json:"maxNodes,omitempty"`
	// MaxCommands is how many commands a decision has at the most. Zero: no bound.
	MaxCommands int `json:"maxCommands,omitempty"`
	// Evictions is AtOnce or InTurn. Empty: AtOnce.
	Evictions string `json:"evictions,omitempty"`
	// BarePods is Move or Stay. Empty: Move.
	BarePods string `json:"barePods,omitempty"`
	// BalancedThreshold is the least score of a move in NodePools with policy Balanced.
	BalancedThreshold float64 `json:"balancedThreshold,omitempty"`
	// ExpirationBudget and RepairBudget make budgets count for expired and for broken nodes as well.
	ExpirationBudget bool `json:"expirationBudget,omitempty"`
	RepairBudget     bool `json:"repairBudget,omitempty"`
	// RepairRate is how many broken nodes of a NodePool may be replaced at once. Zero: a fifth of the pool.
	RepairRate int `json:"repairRate,omitempty"`
	// Effort bounds how many times the engine is asked. Zero: no bound.
	Effort int `json:"effort,omitempty"`
	// Round says whose turn it is when Effort does not suffice for all.
	Round int `json:"round,omitempty"`
	// StartUp is how long a machine takes until it takes pods, in pools of which nothing has been learned.
	StartUp metav1.Duration `json:"startUp,omitempty"`
}

// ScenarioRepairPolicy is a node condition that means a broken machine.
type ScenarioRepairPolicy struct {
	// Condition and Status are those of the Node's condition that is bad. Required.
	Condition string `json:"condition"`
	Status    string `json:"status"`
	// Reason narrows the policy to conditions with that reason. Empty: any.
	Reason string `json:"reason,omitempty"`
	// Tolerate is how long the condition must last. Zero: not at all.
	Tolerate metav1.Duration `json:"tolerate,omitempty"`
	// Action is Replace or Reboot. Empty: Replace.
	Action string `json:"action,omitempty"`
}

// ScenarioInterruption is a notice of the cloud about one machine, which is named in one of three ways.
type ScenarioInterruption struct {
	// ID tells notices apart. Empty: made of the place in the list.
	ID string `json:"id,omitempty"`
	// Node is the name of a Node, or of a NodeClaim without one.
	Node string `json:"node,omitempty"`
	// ProviderID is the machine's id at the provider.
	ProviderID string `json:"providerID,omitempty"`
	// Kind is Reclaim, Risk, Maintenance or Stopped. Required.
	Kind string `json:"kind"`
	// Deadline is when it will happen. Zero: unknown.
	Deadline metav1.Time `json:"deadline,omitempty"`
	// Message is the cloud's own text.
	Message string `json:"message,omitempty"`
}

// ScenarioCommand is a command to remove nodes, in the form in which a decision prints it as JSON.
type ScenarioCommand struct {
	// ID tells commands apart. Empty: made of the place in the list.
	ID string `json:"id,omitempty"`
	// Reason is why. Required.
	Reason string `json:"reason"`
	// Detail is more about the reason, for people.
	Detail string `json:"detail,omitempty"`
	// Remove are the names of the nodes. Required.
	Remove []string `json:"remove"`
	// Replace are the machines that are launched for them.
	Replace []ScenarioLaunch `json:"replace,omitempty"`
	// Moves say where each pod that must move is expected.
	Moves []ScenarioMove `json:"moves,omitempty"`
	// Stranded are pods without another place, as namespace/name.
	Stranded []string `json:"stranded,omitempty"`
	// SavingsPerHour is what the command saves, in dollars; WorstSavingsPerHour the same at the dearest choices.
	SavingsPerHour      float64 `json:"savingsPerHour,omitempty"`
	WorstSavingsPerHour float64 `json:"worstSavingsPerHour,omitempty"`
	// Disruption is what it costs to disturb the pods; a plain pod counts 1.
	Disruption float64 `json:"disruption,omitempty"`
	// Deadline is when the nodes will be gone whatever happens, Ready when the replacements must be there. Zero: never.
	Deadline metav1.Time `json:"deadline,omitempty"`
	Ready    metav1.Time `json:"ready,omitempty"`
}

// ScenarioLaunch is a machine that a command launches.
type ScenarioLaunch struct {
	// Name is that of the launch, and of its NodeClaim. Required.
	Name string `json:"name"`
	// NodePool is the name of the pool. Required.
	NodePool string `json:"nodePool"`
	// InstanceTypes are those that the machine could be as well, cheapest first.
	InstanceTypes []string `json:"instanceTypes,omitempty"`
	// Offering is what is bought. Required.
	Offering ScenarioOffering `json:"offering"`
	// Choices are all offerings that may be bought, in the order in which they are tried. Empty: the offering alone.
	Choices []ScenarioOffering `json:"choices,omitempty"`
	// Node is the node once it has joined. Nil: unknown.
	Node *corev1.Node `json:"node,omitempty"`
	// Pods are expected on it, as namespace/name, and DaemonPods are the DaemonSets that will run there.
	Pods       []string `json:"pods,omitempty"`
	DaemonPods []string `json:"daemonPods,omitempty"`
	// Alternatives is how many of the types are of about one price, ShortOfAlternatives that they are too few.
	Alternatives        int  `json:"alternatives,omitempty"`
	ShortOfAlternatives bool `json:"shortOfAlternatives,omitempty"`
}

// ScenarioOffering is one way to buy a machine.
type ScenarioOffering struct {
	InstanceType string `json:"instanceType"`
	Zone         string `json:"zone"`
	CapacityType string `json:"capacityType"`
	// StockKey is the name of the offering's stock, empty without one.
	StockKey string `json:"stockKey,omitempty"`
	// Price is in dollars per hour.
	Price float64 `json:"price,omitempty"`
}

// ScenarioMove is where a pod is expected.
type ScenarioMove struct {
	// Pod is namespace/name.
	Pod string `json:"pod"`
	// Node is the name of a node, or with Launch set of a machine that the command launches.
	Node   string `json:"node"`
	Launch bool   `json:"launch,omitempty"`
}

// ScenarioPast is what one command came to.
type ScenarioPast struct {
	// Command is the command's ID. Empty: made of the place in the list.
	Command string `json:"command,omitempty"`
	// At is when its last node was gone. Required.
	At metav1.Time `json:"at"`
	// Removed and Launched are the nodes that were given back and bought.
	Removed  []ScenarioBought `json:"removed,omitempty"`
	Launched []ScenarioBought `json:"launched,omitempty"`
	// Moved are the pods that were evicted, as namespace/name.
	Moved []string `json:"moved,omitempty"`
	// Failed is set when the command was undone.
	Failed bool `json:"failed,omitempty"`
}

// ScenarioBought is a node and the offering that it was one of.
type ScenarioBought struct {
	Node         string `json:"node"`
	NodePool     string `json:"nodePool"`
	InstanceType string `json:"instanceType"`
	Zone         string `json:"zone"`
	CapacityType string `json:"capacityType"`
	// StockKey is the name of the offering's stock, empty without one.
	StockKey string `json:"stockKey,omitempty"`
}
