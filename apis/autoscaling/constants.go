package autoscaling

const (
	// Group is the API group of CapacityBuffer.
	Group = "autoscaling.x-k8s.io"
	// Version is its version.
	Version = "v1beta1"
)

// StrategyActiveCapacity is the strategy of buffers that are kept as nodes which run. It is the default, and the only one
// that this library provides.
const StrategyActiveCapacity = "buffer.x-k8s.io/active-capacity"

// Condition types.
const (
	// ConditionTypeReadyForProvisioning: it is known what the buffer stands for.
	ConditionTypeReadyForProvisioning = "ReadyForProvisioning"
	// ConditionTypeProvisioning: all of the room is there.
	ConditionTypeProvisioning = "Provisioning"
	// ConditionTypeLimitedByQuotas: a quota keeps the buffer smaller than it was asked for.
	ConditionTypeLimitedByQuotas = "LimitedByQuotas"
)

// Reasons of ReadyForProvisioning.
const (
	ReasonResolved            = "Resolved"
	ReasonPodTemplateNotFound = "PodTemplateNotFound"
	ReasonScalableRefNotFound = "ScalableRefNotFound"
	ReasonResolutionFailed    = "ResolutionFailed"
)

// Reasons of Provisioning.
const (
	ReasonFitsExistingCapacity    = "FitsExistingCapacity"
	ReasonRequiresNewCapacity     = "RequiresNewCapacity"
	ReasonNotReadyForProvisioning = "NotReadyForProvisioning"
	ReasonBufferEmpty             = "BufferEmpty"
)
