package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// DocumentGroup is the API group of the documents that scenario files have beside ordinary manifests. No cluster
	// serves it.
	DocumentGroup = "kerf.dev"
	// DocumentVersion is the version of that group.
	DocumentVersion = "v1alpha1"

	// KindInstanceType is the kind of [InstanceType].
	KindInstanceType = "InstanceType"
	// KindCatalog is the kind of [Catalog].
	KindCatalog = "Catalog"
	// KindScenario is the kind of [Scenario].
	KindScenario = "Scenario"
)

// InstanceType is one kind of machine as a scenario file states it. Its name is the value of the label
// node.kubernetes.io/instance-type, its labels are those that every node of the type carries.
//
// +kubebuilder:skipversion
type InstanceType struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what the machine has and where it is sold.
	Spec InstanceTypeSpec `json:"spec"`
}

// InstanceTypeSpec is what a machine has and where it is sold.
type InstanceTypeSpec struct {
	// Capacity is what the machine has. A resource that is missing is zero, pods included.
	Capacity corev1.ResourceList `json:"capacity,omitempty"`
	// Overhead is what the system keeps for itself: allocatable is capacity minus overhead.
	Overhead corev1.ResourceList `json:"overhead,omitempty"`
	// NodePools names the pools that may launch the type. Empty: all.
	NodePools []string `json:"nodePools,omitempty"`
	// VolumeLimits says how many volumes of a CSI driver a node can attach. A missing driver has no limit.
	VolumeLimits map[string]int `json:"volumeLimits,omitempty"`
	// Offerings are the ways to buy the machine. Empty: it is not sold.
	Offerings []InstanceTypeOffering `json:"offerings,omitempty"`
}

// InstanceTypeOffering is one way to buy a machine.
type InstanceTypeOffering struct {
	// Zone is the value of topology.kubernetes.io/zone. Required.
	Zone string `json:"zone"`
	// CapacityType is the value of karpenter.sh/capacity-type. Required.
	CapacityType string `json:"capacityType"`
	// Price is in dollars per hour, at least zero. Required; nil is missing.
	Price *float64 `json:"price"`
	// Available is false while the cloud has none. Nil: true.
	Available *bool `json:"available,omitempty"`
	// Count is how many machines are left, at least zero. Nil: without end.
	Count *int `json:"count,omitempty"`
	// Stock names the supply that Count speaks of. Offerings of one stock share it, and the smallest count that any of
	// them states is true. Empty: the offering's own.
	Stock string `json:"stock,omitempty"`
	// Labels are further labels of nodes that are bought this way.
	Labels map[string]string `json:"labels,omitempty"`
}
