package v1

// Condition types that several kinds have.
const (
	// ConditionTypeReady sums up the others: a NodePool takes part in scheduling, a NodeClaim's node runs pods.
	ConditionTypeReady = "Ready"
	// ConditionTypeValidationSucceeded is False with all findings in its message.
	ConditionTypeValidationSucceeded = "ValidationSucceeded"
)

// Condition types of a NodePool. Ready is True when ValidationSucceeded and NodeClassReady are.
const (
	// ConditionTypeNodeClassReady repeats the readiness of the NodeClass that the pool names.
	ConditionTypeNodeClassReady = "NodeClassReady"
	// ConditionTypeNodeRegistrationHealthy is False when the pool's recent launches failed. No part of Ready.
	ConditionTypeNodeRegistrationHealthy = "NodeRegistrationHealthy"
)

// Condition types of a NodeClaim. Ready is True when Launched, Registered and Initialized are.
const (
	// ConditionTypeLaunched: the provider has accepted the order.
	ConditionTypeLaunched = "Launched"
	// ConditionTypeRegistered: the Node has joined and carries the claim's labels and taints.
	ConditionTypeRegistered = "Registered"
	// ConditionTypeInitialized: the Node is ready, its startup taints are gone and its resources are there.
	ConditionTypeInitialized = "Initialized"
	// ConditionTypeConsolidatable: consolidateAfter has passed. Removed, never False, when that is not so.
	ConditionTypeConsolidatable = "Consolidatable"
	// ConditionTypeDrifted: the node is not what its NodePool asks for. Removed when it is.
	ConditionTypeDrifted = "Drifted"
	// ConditionTypeDrained: all pods that must leave before the node goes have left.
	ConditionTypeDrained = "Drained"
	// ConditionTypeVolumesDetached: no volume that must be detached is attached.
	ConditionTypeVolumesDetached = "VolumesDetached"
	// ConditionTypeInstanceTerminating: the provider has accepted the deletion.
	ConditionTypeInstanceTerminating = "InstanceTerminating"
	// ConditionTypeConsistentStateFound: the node has the shape that was ordered.
	ConditionTypeConsistentStateFound = "ConsistentStateFound"
	// ConditionTypeDisruptionReason: the node has been chosen for disruption; the reason is a [DisruptionReason].
	ConditionTypeDisruptionReason = "DisruptionReason"
)

// Reasons of NodePool conditions.
const (
	ReasonNodePoolValidationFailed  = "NodePoolValidationFailed"
	ReasonNodeClassNotFound         = "NodeClassNotFound"
	ReasonNodeClassTerminating      = "NodeClassTerminating"
	ReasonNodeClassReadinessUnknown = "NodeClassReadinessUnknown"
	ReasonRegistrationFailed        = "RegistrationFailed"
)

// Reasons of NodeClaim conditions.
const (
	// Launched.
	ReasonLaunchFailed = "LaunchFailed"
	// Registered and Initialized.
	ReasonNodeNotFound               = "NodeNotFound"
	ReasonMultipleNodesFound         = "MultipleNodesFound"
	ReasonRegistrationHookPending    = "RegistrationHookPending"
	ReasonNodeNotReady               = "NodeNotReady"
	ReasonStartupTaintsExist         = "StartupTaintsExist"
	ReasonKnownEphemeralTaintsExist  = "KnownEphemeralTaintsExist"
	ReasonResourceNotRegistered      = "ResourceNotRegistered"
	ReasonDRADriverPoolsNotPublished = "DRADriverPoolsNotPublished"
	// Drifted.
	ReasonNodePoolDrifted      = "NodePoolDrifted"
	ReasonRequirementsDrifted  = "RequirementsDrifted"
	ReasonInstanceTypeNotFound = "InstanceTypeNotFound"
	// Drained, VolumesDetached.
	ReasonDraining                      = "Draining"
	ReasonAwaitingVolumeDetachment      = "AwaitingVolumeDetachment"
	ReasonTerminationGracePeriodElapsed = "TerminationGracePeriodElapsed"
	// ConsistentStateFound.
	ReasonConsistencyCheckFailed = "ConsistencyCheckFailed"
)

// Reasons of any condition that nobody has looked at yet, and of Ready when it is not True.
const (
	ReasonAwaitingReconciliation = "AwaitingReconciliation"
	ReasonReconcilingDependents  = "ReconcilingDependents"
	ReasonUnhealthyDependents    = "UnhealthyDependents"
)
