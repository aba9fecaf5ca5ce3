package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// KindPodGroup is the kind of [PodGroup].
const KindPodGroup = "PodGroup"

// PodGroup says that waiting pods are placed all together or not at all: gang scheduling, as far as buying nodes is
// concerned. Its members are the waiting pods of its namespace that the selector matches.
//
// +kubebuilder:skipversion
type PodGroup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is who belongs to the group and what holds for it.
	Spec PodGroupSpec `json:"spec"`
}

// PodGroupSpec is who belongs to a group and what holds for it.
type PodGroupSpec struct {
	// Selector selects the members by their labels. Required; an empty one selects every waiting pod of the namespace.
	Selector *metav1.LabelSelector `json:"selector"`
	// MinCount is how many members must find a place at the least, or none does. Zero: all of them.
	MinCount int `json:"minCount,omitempty"`
	// TopologyKey is the label whose value must be the same on the nodes of all members. Empty: they may be anywhere.
	TopologyKey string `json:"topologyKey,omitempty"`
}
