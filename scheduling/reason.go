package scheduling

// Code is the class of a reason. A switch over codes lists them all.
type Code string

const (
	// InsufficientResource: the node or type is too small for the pod's requests. Bigger nodes or evictions help.
	InsufficientResource Code = "InsufficientResource"
	// UntoleratedTaint: the pod does not tolerate a taint. Only a change of pod or pool helps.
	UntoleratedTaint Code = "UntoleratedTaint"
	// RequirementConflict: node selector or required node affinity exclude the node, or the pool's requirements
	// exclude the type. Only a change of pod or pool helps.
	RequirementConflict Code = "RequirementConflict"
	// TopologySpread: the pod would exceed the allowed skew.
	TopologySpread Code = "TopologySpread"
	// PodAffinity: no pod that the pod wants to be near is there.
	PodAffinity Code = "PodAffinity"
	// PodAntiAffinity: a pod that excludes the pod, or that the pod excludes, is there.
	PodAntiAffinity Code = "PodAntiAffinity"
	// HostPortInUse: another pod holds the port.
	HostPortInUse Code = "HostPortInUse"
	// VolumeConflict: a volume of the pod cannot be used there.
	VolumeConflict Code = "VolumeConflict"
	// NodePoolLimit: the pool may not grow any further. Raising the limit helps.
	NodePoolLimit Code = "NodePoolLimit"
	// NoAvailableOffering: the types that fit are sold out. Waiting helps.
	NoAvailableOffering Code = "NoAvailableOffering"
	// MinValues: too few instance types are left for the pool's minValues.
	MinValues Code = "MinValues"
	// GroupIncomplete: other pods of the pod's group could not be placed.
	GroupIncomplete Code = "GroupIncomplete"
	// Nominated: the scheduler has found the pod a node, Key, and keeps room for it there. Waiting helps.
	Nominated Code = "Nominated"
	// NotSupported: the pod uses a field that the planner does not understand yet. Key names it.
	NotSupported Code = "NotSupported"
	// EffortExhausted: the step budget ran out before the pod got a look. Retrying helps.
	EffortExhausted Code = "EffortExhausted"
)
