package disruption

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Reasons for which a node is removed, besides those of package v1 that a NodePool's budgets know.
const (
	// ReasonExpired: the node is older than its claim's expireAfter.
	ReasonExpired v1.DisruptionReason = "Expired"
	// ReasonUnhealthy: a condition of the node has meant a broken machine for too long.
	ReasonUnhealthy v1.DisruptionReason = "Unhealthy"
	// ReasonInterrupted: the cloud takes the machine away.
	ReasonInterrupted v1.DisruptionReason = "Interrupted"
	// ReasonSurplus: a NodePool with replicas has more nodes than that.
	ReasonSurplus v1.DisruptionReason = "Surplus"
)

// Decision is what to do, and why nothing else. It is plain data: nothing has happened yet.
type Decision struct {
	// Commands may all be carried out at once, in any order, or any part of them. They are listed in the order of their
	// worth: what cannot wait first, then by saving per disruption.
	Commands []Command
	// Kept are all other nodes, by name, each with the one reason why it stays.
	Kept []Kept
	// Budgets are what the NodePools allow for each reason, by pool and reason.
	Budgets []Allowance
	// Recheck is the earliest instant at which the same facts could decide otherwise, because time has passed: a budget
	// opens, a window of consolidateAfter ends, a node expires. Zero: time alone changes nothing.
	Recheck time.Time
	// RecheckBecause says what happens then; empty if Recheck is zero.
	RecheckBecause string
	// Price is what all nodes with known prices cost now, in dollars per hour, and After what they will once the commands
	// have been carried out.
	Price, After float64
	// Bound is a proven lower bound of After in dollars per hour: no set of nodes that holds the pods can cost less. Zero when
	// it is unknown. At most After - Bound is left to be saved.
	Bound float64
	// Frontier is what could be saved by disturbing so many pods, from the first command of the reasons Empty and
	// Underutilized to all of them.
	Frontier []Point
	// Stats counts the work that was done.
	Stats Stats
}

// Stats counts what a decision was made of. The same input gives the same counts.
type Stats struct {
	// Nodes is how many nodes there are, Candidates how many of them may be disrupted.
	Nodes, Candidates int
	// Evaluated is how many candidates were looked at as to whether it would pay to remove them.
	Evaluated int
	// WhatIfs is how many times the engine was asked what would become of the pods.
	WhatIfs int
}

// Point is one point of the curve of savings against disturbance.
type Point struct {
	// Commands is how many of the decision's commands this takes, from the first.
	Commands int
	// Pods is how many pods they move, Nodes how many nodes they remove.
	Pods, Nodes int
	// Saving is what they save together, in dollars per hour.
	Saving float64
}

// Command removes some nodes and launches others in their place. The replacements are launched first, and the nodes are
// drained once these are initialised.
type Command struct {
	// ID tells commands apart. It follows from what the command does: the same command has the same ID.
	ID string
	// Reason is why.
	Reason v1.DisruptionReason
	// Detail is more about the reason, for people: which drift, which condition. It may be empty.
	Detail string
	// Remove are the names of the nodes, sorted.
	Remove []string
	// Replace are the machines to launch first. Their names are unique among all commands of a decision.
	Replace []scheduling.Launch
	// Moves say where each pod that must move is expected, sorted by pod.
	Moves []scheduling.Assignment
	// Stranded are pods on the nodes that must go and have no place elsewhere. Only commands that cannot wait (Expired,
	// Unhealthy, Interrupted, Surplus) have any.
	Stranded []types.NamespacedName
	// Savings is what the removed nodes cost minus what the replacements cost at their first choice, in dollars per hour.
	// Nodes whose price is unknown count as nothing, and so the command may save more.
	Savings float64
	// WorstSavings is Savings with each replacement bought at the dearest of its choices.
	WorstSavings float64
	// Disruption is what it costs to disturb the pods, in the unit of [EvictionCost]: a plain pod counts 1.
	Disruption float64
	// Deadline is when the cloud takes the nodes: zero if it has not said that it will. Replacements that are not initialised by
	// Ready are late, and the command is to be undone.
	Deadline, Ready time.Time
}

// Kept is a node that stays and the reason.
type Kept struct {
	// Node is the node's name, or the NodeClaim's while there is no Node.
	Node string
	// Code is the class of the reason.
	Code Code
	// Detail names the object that is to blame, with figures. For people; empty if the code says it all.
	Detail string
	// Until is when the reason ends by itself; zero if time alone does not end it.
	Until time.Time
}

// Code is the class of the reason why a node stays. It tells what would have to change.
type Code string

// Codes of nodes that are no candidates, in the order in which the rules are asked.
const (
	// CodeInProgress: a command that is being carried out removes the node already.
	CodeInProgress Code = "in-progress"
	// CodeUnmanaged: no NodeClaim stands behind the node, or it belongs to no NodePool.
	CodeUnmanaged Code = "unmanaged"
	// CodeNotReady: the machine has not joined, or the node is not initialised yet.
	CodeNotReady Code = "not-initialized"
	// CodeDeleting: the node is on its way out.
	CodeDeleting Code = "deleting"
	// CodeNominated: pods that wait are expected on the node.
	CodeNominated Code = "nominated"
	// CodeDoNotDisrupt: the node, or a pod on it, carries the annotation.
	CodeDoNotDisrupt Code = "do-not-disrupt"
	// CodeNodePoolMissing: the node's NodePool does not exist.
	CodeNodePoolMissing Code = "nodepool-missing"
	// CodeUnknown: facts are missing that the decision needs.
	CodeUnknown Code = "unknown"
	// CodePDB: a PodDisruptionBudget does not let a pod go.
	CodePDB Code = "pdb"
)

// Codes of candidates that stay for all that.
const (
	// CodeBudget: the NodePool's budgets allow no further node.
	CodeBudget Code = "budget"
	// CodeDisabled: the NodePool's policy does not let nodes go to save money.
	CodeDisabled Code = "disabled"
	// CodeStatic: the NodePool has replicas, and needs the node.
	CodeStatic Code = "static"
	// CodeConsolidateAfter: a pod came or went less than consolidateAfter ago.
	CodeConsolidateAfter Code = "consolidate-after"
	// CodeNoPlace: a pod of the node would have no other place.
	CodeNoPlace Code = "no-place"
	// CodeNotCheaper: nothing that would hold the node's pods costs less, by enough.
	CodeNotCheaper Code = "not-cheaper"
	// CodeNotWorth: what would be saved is too little for the pods that would be disturbed.
	CodeNotWorth Code = "not-worth-it"
	// CodeCoolDown: the node, or a pod on it, was moved a short while ago, or the move would undo an earlier one.
	CodeCoolDown Code = "cool-down"
	// CodeNotEvaluated: the effort ran out before the node got a look.
	CodeNotEvaluated Code = "not-evaluated"
	// CodeDestination: the node takes pods of a command.
	CodeDestination Code = "destination"
)

// Allowance is how many nodes of a NodePool may be disrupted for a reason.
type Allowance struct {
	NodePool string
	Reason   v1.DisruptionReason
	// Nodes is how many nodes count.
	Nodes int
	// Allowed is how many of them may be disrupted at once: v1.Unlimited without a budget. Disrupting is how many are already,
	// or are out of order, and Used how many the commands of this decision take.
	Allowed, Disrupting, Used int
	// Changes is when a budget opens or closes next; zero if none ever does.
	Changes time.Time
}

// Left is how many more nodes may be disrupted.
func (a Allowance) Left() int { return max(0, a.Allowed-a.Disrupting-a.Used) }
