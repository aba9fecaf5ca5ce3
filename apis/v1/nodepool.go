package v1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NodePool says which nodes may be launched for pods that have no place, and when nodes may be taken away again.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=nodepools,scope=Cluster,categories=karpenter
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.nodes
// +kubebuilder:printcolumn:name="NodeClass",type="string",JSONPath=".spec.template.spec.nodeClassRef.name",description=""
// +kubebuilder:printcolumn:name="Nodes",type="string",JSONPath=".status.resources.nodes",description=""
// +kubebuilder:printcolumn:name="Ready",type="string",JSONPath=".status.conditions[?(@.type==\"Ready\")].status",description=""
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp",description=""
// +kubebuilder:printcolumn:name="Weight",type="integer",JSONPath=".spec.weight",priority=1,description=""
// +kubebuilder:printcolumn:name="CPU",type="string",JSONPath=".status.resources.cpu",priority=1,description=""
// +kubebuilder:printcolumn:name="Memory",type="string",JSONPath=".status.resources.memory",priority=1,description=""
type NodePool struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what the pool may do.
	//
	// +required
	Spec   NodePoolSpec   `json:"spec"`
	Status NodePoolStatus `json:"status,omitempty"`
}

// NodePoolSpec is what the pool may do.
//
// +kubebuilder:validation:XValidation:rule="has(self.replicas) == has(oldSelf.replicas)",message="a pool with replicas cannot become one without, nor the reverse"
// +kubebuilder:validation:XValidation:rule="!has(self.replicas) || !has(self.limits) || size(self.limits) == 0 || (size(self.limits) == 1 && 'nodes' in self.limits)",message="a pool with replicas may have limits on nodes only"
// +kubebuilder:validation:XValidation:rule="!has(self.replicas) || !has(self.weight)",message="a pool with replicas may have no weight"
type NodePoolSpec struct {
	// Template of the claims that the pool makes. Nodes made from another template drift.
	//
	// +required
	Template NodeClaimTemplate `json:"template"`
	// Disruption says when nodes may be taken away.
	//
	// +optional
	// +kubebuilder:default={consolidateAfter: "0s"}
	Disruption Disruption `json:"disruption,omitzero"`
	// Limits bound the sum over the pool's nodes. A resource that is missing is unlimited; "nodes" counts nodes.
	//
	// +optional
	Limits Limits `json:"limits,omitempty"`
	// Weight orders the pools: the heaviest that fits is used. Unset is 0, lighter than any that is set.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Weight *int32 `json:"weight,omitempty"`
	// Replicas makes the pool a static one: it keeps that many nodes whether or not there are pods for them.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	Replicas *int64 `json:"replicas,omitempty"`
}

// Limits are the largest sums that a pool may reach. See [ResourceNodes] for the number of nodes.
type Limits corev1.ResourceList

// NodeClaimTemplate is what all claims of a pool have in common.
type NodeClaimTemplate struct {
	// +optional
	ObjectMeta `json:"metadata,omitempty"`
	// +required
	Spec NodeClaimTemplateSpec `json:"spec"`
}

// ObjectMeta is the part of the metadata that a template may set.
type ObjectMeta struct {
	// Labels of the claims and their nodes.
	//
	// +optional
	// +mapType=atomic
	// +kubebuilder:validation:MaxProperties=100
	// +kubebuilder:validation:XValidation:rule="self.all(x, x == 'karpenter.sh/capacity-type' || !(x.startsWith('karpenter.sh/') || x.find('^[^/]*/').endsWith('.karpenter.sh/')))",message="the domain karpenter.sh is restricted"
	// +kubebuilder:validation:XValidation:rule="self.all(x, x.size() <= 316 && x.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$'))",message="keys must be names such as app or example.com/app"
	// +kubebuilder:validation:XValidation:rule="self.all(x, x != 'kubernetes.io/hostname')",message="the label kubernetes.io/hostname is restricted"
	Labels map[string]LabelValue `json:"labels,omitempty"`
	// Annotations of the claims and their nodes.
	//
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
}

// NodeClaimTemplateSpec is the part of [NodeClaimSpec] that a pool states.
type NodeClaimTemplateSpec struct {
	// Taints of the nodes, for as long as they live.
	//
	// +optional
	// +listType=atomic
	Taints []Taint `json:"taints,omitempty"`
	// StartupTaints are taints of the starting nodes that somebody else removes. Pods need not tolerate them.
	//
	// +optional
	// +listType=atomic
	StartupTaints []Taint `json:"startupTaints,omitempty"`
	// Requirements that the nodes' labels meet. Pods narrow them further.
	//
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:XValidation:rule="self.all(x, x.key != 'karpenter.sh/nodepool')",message="the label karpenter.sh/nodepool is restricted"
	Requirements []NodeRequirement `json:"requirements"`
	// NodeClassRef names the provider's configuration for the nodes.
	//
	// +required
	// +kubebuilder:validation:XValidation:rule="self.group == oldSelf.group",message="group is immutable"
	// +kubebuilder:validation:XValidation:rule="self.kind == oldSelf.kind",message="kind is immutable"
	NodeClassRef *NodeClassReference `json:"nodeClassRef"`
	// TerminationGracePeriod is the longest time from a node's deletion to its end, pods that refuse to go
	// notwithstanding. Unset means to wait for them forever.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]+(s|m|h))+$`
	TerminationGracePeriod *metav1.Duration `json:"terminationGracePeriod,omitempty"`
	// ExpireAfter is the age at which a node is deleted, or Never.
	//
	// +optional
	// +kubebuilder:default="720h"
	ExpireAfter NillableDuration `json:"expireAfter,omitzero"`
}

// ConsolidationPolicy says which nodes may be consolidated.
//
// +kubebuilder:validation:Enum=WhenEmpty;WhenEmptyOrUnderutilized;Balanced
type ConsolidationPolicy string

const (
	// ConsolidationPolicyWhenEmpty: only nodes without pods that would have to move.
	ConsolidationPolicyWhenEmpty ConsolidationPolicy = "WhenEmpty"
	// ConsolidationPolicyWhenEmptyOrUnderutilized: also nodes whose pods can run for less elsewhere.
	ConsolidationPolicyWhenEmptyOrUnderutilized ConsolidationPolicy = "WhenEmptyOrUnderutilized"
	// ConsolidationPolicyBalanced: as before, if the saving is worth the disturbance.
	ConsolidationPolicyBalanced ConsolidationPolicy = "Balanced"
)

// Disruption says when nodes of a pool may be taken away.
type Disruption struct {
	// ConsolidateAfter is how long no pod must have come to or left a node before it may be consolidated. Never
	// switches consolidation off.
	//
	// +optional
	// +kubebuilder:default="0s"
	ConsolidateAfter NillableDuration `json:"consolidateAfter,omitzero"`
	// ConsolidationPolicy says which nodes may be consolidated. Empty is WhenEmptyOrUnderutilized.
	//
	// +optional
	// +kubebuilder:default="WhenEmptyOrUnderutilized"
	ConsolidationPolicy ConsolidationPolicy `json:"consolidationPolicy,omitempty"`
	// Budgets bound how many nodes may be disrupted at a time; the smallest that is active and applies counts.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:default={{nodes: "10%"}}
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:XValidation:rule="self.all(x, has(x.schedule) == has(x.duration))",message="schedule and duration must be set together"
	Budgets []Budget `json:"budgets,omitempty"`
}

// DisruptionReason is why a node is disrupted of the library's own accord.
//
// +kubebuilder:validation:Enum=Underutilized;Empty;Drifted
type DisruptionReason string

const (
	// ReasonUnderutilized: the node's pods can run for less elsewhere.
	ReasonUnderutilized DisruptionReason = "Underutilized"
	// ReasonEmpty: the node has no pod that would have to move.
	ReasonEmpty DisruptionReason = "Empty"
	// ReasonDrifted: the node is not what its pool asks for.
	ReasonDrifted DisruptionReason = "Drifted"
)

// Budget bounds how many nodes of a pool may be disrupted at a time.
type Budget struct {
	// Reasons that the budget applies to; none means all.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=50
	Reasons []DisruptionReason `json:"reasons,omitempty"`
	// Nodes is a number of nodes, or a percentage of the pool's nodes, rounded up. 0 forbids.
	//
	// +required
	// +kubebuilder:default="10%"
	// +kubebuilder:validation:Pattern=`^((100|[0-9]{1,2})%|[0-9]+)$`
	Nodes string `json:"nodes"`
	// Schedule is a cron expression in UTC at whose instants the budget becomes active. Unset means always active.
	//
	// +optional
	// +kubebuilder:validation:Pattern=`^(@(annually|yearly|monthly|weekly|daily|midnight|hourly))|((.+)\s(.+)\s(.+)\s(.+)\s(.+))$`
	Schedule *string `json:"schedule,omitempty"`
	// Duration is how long the budget is active after each instant of the schedule, in whole minutes.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^((([0-9]+(h|m))|([0-9]+h[0-9]+m))(0s)?)$`
	Duration *metav1.Duration `json:"duration,omitempty"`
}

// NodePoolStatus is what is known of the pool's nodes.
type NodePoolStatus struct {
	// Resources is the sum over the pool's nodes.
	//
	// +optional
	Resources corev1.ResourceList `json:"resources,omitempty"`
	// Nodes is the number of the pool's nodes.
	//
	// +optional
	// +kubebuilder:default=0
	Nodes int64 `json:"nodes"`
	// NodeClassObservedGeneration is the generation of the NodeClass that the condition on registrations speaks of.
	//
	// +optional
	NodeClassObservedGeneration int64 `json:"nodeClassObservedGeneration,omitempty"`
	// Conditions, one of each ConditionType.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// NodePoolList is a list of pools.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
type NodePoolList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []NodePool `json:"items"`
}
