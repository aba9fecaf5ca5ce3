package cloudprovider

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// RepairAction is what a broken node gets.
type RepairAction string

const (
	// RepairReplace deletes the machine and launches another. It is the default.
	RepairReplace RepairAction = "Replace"
	// RepairReboot restarts the machine in place, and replaces it when that does not help.
	RepairReboot RepairAction = "Reboot"
)

// RepairPolicy is a node condition that means a broken machine.
type RepairPolicy struct {
	// Condition and Status are those of the Node's condition that is bad: Ready, False. Required.
	Condition corev1.NodeConditionType
	Status    corev1.ConditionStatus
	// Reason narrows the policy to conditions with this reason. Empty: any.
	Reason string
	// Tolerate is how long the condition must last. Zero: act at once.
	Tolerate time.Duration
	// Action is what the node gets. Empty: RepairReplace.
	Action RepairAction
}

// InterruptionKind is what the cloud announces.
type InterruptionKind string

const (
	// InterruptionReclaim: the cloud takes the machine back at Deadline. The library avoids its offering for a while,
	// launches replacements and drains the node.
	InterruptionReclaim InterruptionKind = "Reclaim"
	// InterruptionRisk: the machine is likely to be taken back soon. The library avoids its offering for a while and
	// leaves the node alone.
	InterruptionRisk InterruptionKind = "Risk"
	// InterruptionMaintenance: the host will be serviced at Deadline. The library replaces the node as by Reclaim and
	// keeps its offering.
	InterruptionMaintenance InterruptionKind = "Maintenance"
	// InterruptionStopped: the machine has been stopped or deleted by somebody else. The library deletes the claim.
	InterruptionStopped InterruptionKind = "Stopped"
)

// Interruption is one notice about one machine.
type Interruption struct {
	// ID tells notices apart. Required; the same for a notice that is delivered again.
	ID string
	// ProviderID is the machine. Required.
	ProviderID string
	// Kind is what will happen. Required.
	Kind InterruptionKind
	// Deadline is when it will happen. Zero: unknown, take it for soon.
	Deadline time.Time
	// Message is the cloud's own text, for the user. May be empty.
	Message string
}

// CreateRequest are the arguments of one Create.
type CreateRequest struct {
	Claim   *v1.NodeClaim
	Choices []Choice
}

// CreateResult is the outcome of one Create: either a machine or an error.
type CreateResult struct {
	Machine *Machine
	Err     error
}

// NodeClassStatus is what the library wants to know of a NodeClass.
type NodeClassStatus struct {
	// Generation is metadata.generation; drift is looked at again when it changes.
	Generation int64
	// Ready is whether machines can be launched with it. Reason (CamelCase) and Message say why not.
	Ready           bool
	Reason, Message string
	// Deleting is true once the object has a deletion timestamp: no more launches, whatever Ready says.
	Deleting bool
}

// Registration is the answer of a [RegistrationGate].
type Registration struct {
	// Wait says what the node still waits for, for the user. Empty: nothing, let it pass.
	Wait string
	// RetryAfter is when to ask again at the latest. Zero: the library's own interval.
	RetryAfter time.Duration
	// Labels are put on the claim and the node, also while the node waits. nil: none.
	Labels map[string]string
}
