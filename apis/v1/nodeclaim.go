package v1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NodeClaim is the order for one node, and then stands for that node. Its spec never changes.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=nodeclaims,scope=Cluster,categories=karpenter
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Type",type="string",JSONPath=".metadata.labels.node\\.kubernetes\\.io/instance-type",description=""
// +kubebuilder:printcolumn:name="Capacity",type="string",JSONPath=".metadata.labels.karpenter\\.sh/capacity-type",description=""
// +kubebuilder:printcolumn:name="Zone",type="string",JSONPath=".metadata.labels.topology\\.kubernetes\\.io/zone",description=""
// +kubebuilder:printcolumn:name="Node",type="string",JSONPath=".status.nodeName",description=""
// +kubebuilder:printcolumn:name="Ready",type="string",JSONPath=".status.conditions[?(@.type==\"Ready\")].status",description=""
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp",description=""
// +kubebuilder:printcolumn:name="ImageID",type="string",JSONPath=".status.imageID",priority=1,description=""
// +kubebuilder:printcolumn:name="ID",type="string",JSONPath=".status.providerID",priority=1,description=""
// +kubebuilder:printcolumn:name="NodePool",type="string",JSONPath=".metadata.labels.karpenter\\.sh/nodepool",priority=1,description=""
// +kubebuilder:printcolumn:name="NodeClass",type="string",JSONPath=".spec.nodeClassRef.name",priority=1,description=""
// +kubebuilder:printcolumn:name="Drifted",type="string",JSONPath=".status.conditions[?(@.type==\"Drifted\")].status",priority=1,description=""
type NodeClaim struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is immutable.
	//
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec is immutable"
	Spec   NodeClaimSpec   `json:"spec"`
	Status NodeClaimStatus `json:"status,omitempty"`
}

// NodeClaimSpec is what the claim's node must be. The fields are those of [NodeClaimTemplateSpec], and the resources.
type NodeClaimSpec struct {
	// Taints of the node, for as long as it lives.
	//
	// +optional
	// +listType=atomic
	Taints []Taint `json:"taints,omitempty"`
	// StartupTaints are taints of the starting node that somebody else removes. Pods need not tolerate them.
	//
	// +optional
	// +listType=atomic
	StartupTaints []Taint `json:"startupTaints,omitempty"`
	// Requirements that the node's labels meet. Well-known labels are resolved by the provider, others become labels.
	//
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	Requirements []NodeRequirement `json:"requirements"`
	// Resources that the node must have at least.
	//
	// +optional
	Resources ResourceRequirements `json:"resources,omitzero"`
	// NodeClassRef names the provider's configuration for the node.
	//
	// +required
	NodeClassRef *NodeClassReference `json:"nodeClassRef"`
	// TerminationGracePeriod is the longest time from deletion to the end of the machine, pods that refuse to go
	// notwithstanding. Unset means to wait for them forever.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]+(s|m|h))+$`
	TerminationGracePeriod *metav1.Duration `json:"terminationGracePeriod,omitempty"`
	// ExpireAfter is the age at which the node is deleted, or Never.
	//
	// +optional
	// +kubebuilder:default="720h"
	ExpireAfter NillableDuration `json:"expireAfter,omitzero"`
}

// ResourceRequirements is what a node must have at least.
type ResourceRequirements struct {
	// Requests of the pods and daemons that the node was ordered for.
	//
	// +optional
	Requests corev1.ResourceList `json:"requests,omitempty"`
}

// NodeClassReference names an object of the provider. Its kind is the provider's; it has no namespace.
type NodeClassReference struct {
	// Kind of the object.
	//
	// +required
	// +kubebuilder:validation:XValidation:rule="self != ''",message="kind may not be empty"
	Kind string `json:"kind"`
	// Name of the object.
	//
	// +required
	// +kubebuilder:validation:XValidation:rule="self != ''",message="name may not be empty"
	Name string `json:"name"`
	// Group of the object, without version.
	//
	// +required
	// +kubebuilder:validation:Pattern=`^[^/]*$`
	// +kubebuilder:validation:XValidation:rule="self != ''",message="group may not be empty"
	Group string `json:"group"`
}

// NodeClaimStatus is what is known of the node.
type NodeClaimStatus struct {
	// NodeName is the name of the Node, empty until it has joined.
	//
	// +optional
	NodeName string `json:"nodeName,omitempty"`
	// ProviderID is the machine's id at the provider, empty until it has been ordered.
	//
	// +optional
	ProviderID string `json:"providerID,omitempty"`
	// ImageID is the machine image; empty when unknown.
	//
	// +optional
	ImageID string `json:"imageID,omitempty"`
	// Capacity is all that the machine has.
	//
	// +optional
	Capacity corev1.ResourceList `json:"capacity,omitempty"`
	// Allocatable is what is left for pods.
	//
	// +optional
	Allocatable corev1.ResourceList `json:"allocatable,omitempty"`
	// Conditions, one of each ConditionType.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []ClaimCondition `json:"conditions,omitempty"`
	// LastPodEventTime is when a pod last came to or left the node; consolidateAfter counts from it.
	//
	// +optional
	LastPodEventTime metav1.Time `json:"lastPodEventTime,omitzero"`
}

// NodeClaimList is a list of claims.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
type NodeClaimList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []NodeClaim `json:"items"`
}
