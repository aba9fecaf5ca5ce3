package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// NodeOverlay corrects what a provider says of instance types: the price of offerings, or resources that the provider
// does not know of. Of several overlays on one thing the heaviest counts.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=nodeoverlays,scope=Cluster,categories=karpenter,shortName=overlays
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type="string",JSONPath=".status.conditions[?(@.type==\"Ready\")].status"
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp"
// +kubebuilder:printcolumn:name="Weight",type="integer",JSONPath=".spec.weight",priority=1
type NodeOverlay struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what is corrected, and how.
	//
	// +required
	Spec   NodeOverlaySpec   `json:"spec"`
	Status NodeOverlayStatus `json:"status,omitempty"`
}

// NodeOverlaySpec is what is corrected, and how.
//
// +kubebuilder:validation:XValidation:rule="!has(self.price) || !has(self.priceAdjustment)",message="price and priceAdjustment may not both be set"
type NodeOverlaySpec struct {
	// Requirements that an instance type and at least one of its offerings meet for the overlay to apply. None apply to
	// all.
	//
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	Requirements []OverlayRequirement `json:"requirements"`
	// Price replaces the price of the offerings that meet the requirements, in the provider's currency per hour.
	//
	// +optional
	// +kubebuilder:validation:Pattern=`^\d+(\.\d+)?$`
	Price *string `json:"price,omitempty"`
	// PriceAdjustment is added to that price: an amount with a sign, or a percentage with a sign. No price goes below 0.
	//
	// +optional
	// +kubebuilder:validation:Pattern=`^(([+-]{1}(\d*\.?\d+))|(\+{1}\d*\.?\d+%)|(^(-\d{1,2}(\.\d+)?%)$)|(-100%))$`
	PriceAdjustment *string `json:"priceAdjustment,omitempty"`
	// Capacity is added to that of the instance type; it cannot change cpu, memory, ephemeral-storage and pods.
	//
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.all(x, !(x in ['cpu', 'memory', 'ephemeral-storage', 'pods']))",message="cpu, memory, ephemeral-storage and pods cannot be changed"
	Capacity corev1.ResourceList `json:"capacity,omitempty"`
	// Weight decides between overlays: the heaviest counts. Unset is 0. Two of one weight must not correct the same.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	Weight *int32 `json:"weight,omitempty"`
}

// OverlayRequirement is a condition on one label, as [v1.NodeRequirement] without minValues.
//
// +kubebuilder:validation:XValidation:rule="!(self.operator in ['In', 'NotIn']) || (has(self.values) && self.values.size() > 0)",message="operators In and NotIn need at least one value"
// +kubebuilder:validation:XValidation:rule="!(self.operator in ['Gt', 'Lt', 'Gte', 'Lte']) || (has(self.values) && self.values.size() == 1 && self.values[0].matches('^[0-9]+$') && int(self.values[0]) >= 0)",message="operators Gt, Lt, Gte and Lte need one integer that is not negative"
type OverlayRequirement struct {
	// Key of the label.
	//
	// +required
	// +kubebuilder:validation:MaxLength=316
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$`
	// +kubebuilder:validation:XValidation:rule="self.indexOf('/') <= 253",message="the domain of the key is too long"
	// +kubebuilder:validation:XValidation:rule="self in ['karpenter.sh/capacity-type', 'karpenter.sh/nodepool'] || !(self.startsWith('karpenter.sh/') || self.find('^[^/]*/').endsWith('.karpenter.sh/'))",message="the domain karpenter.sh is restricted"
	// +kubebuilder:validation:XValidation:rule="self != 'kubernetes.io/hostname'",message="the label kubernetes.io/hostname is restricted"
	Key string `json:"key"`
	// Operator is one of In, NotIn, Exists, DoesNotExist, Gt, Lt, Gte and Lte.
	//
	// +required
	// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist;Gt;Lt;Gte;Lte
	Operator corev1.NodeSelectorOperator `json:"operator"`
	// Values of the operator: at least one for In and NotIn, one integer for Gt, Lt, Gte and Lte. Exists and
	// DoesNotExist ignore them.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$`
	Values []string `json:"values,omitempty"`
}

// NodeRequirement is the same condition as an entry of a NodePool; see [v1.NodeRequirement.Requirement].
func (r OverlayRequirement) NodeRequirement() v1.NodeRequirement {
	return v1.NodeRequirement{Key: r.Key, Operator: r.Operator, Values: r.Values}
}

// NodeOverlayStatus is whether the overlay is applied.
type NodeOverlayStatus struct {
	// Conditions, ValidationSucceeded and Ready, which repeats it.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Reasons of the condition ValidationSucceeded when it is False.
const (
	// ReasonRuntimeValidation: the overlay itself is wrong; see [ValidateNodeOverlay].
	ReasonRuntimeValidation = "RuntimeValidation"
	// ReasonConflict: another overlay of the same weight corrects the same. This one is not applied at all.
	ReasonConflict = "Conflict"
)

// NodeOverlayList is a list of overlays.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
type NodeOverlayList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []NodeOverlay `json:"items"`
}
