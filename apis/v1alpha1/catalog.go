package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Labels that the types of a CSV catalogue carry besides kubernetes.io/arch and kubernetes.io/os, where their names have
// the form of m6gd.2xlarge. A type whose name has another form carries none of them.
const (
	// LabelCategory is the leading letters: m.
	LabelCategory = DocumentGroup + "/category"
	// LabelFamily is everything before the dot: m6gd.
	LabelFamily = DocumentGroup + "/family"
	// LabelGeneration is the first number: 6.
	LabelGeneration = DocumentGroup + "/generation"
	// LabelSize is everything after the dot: 2xlarge.
	LabelSize = DocumentGroup + "/size"
	// LabelGPUKind is the model of GPU, for types that have any.
	LabelGPUKind = DocumentGroup + "/gpu-kind"
)

// Catalog states many instance types in one document: as a table for people, as a CSV file, or both.
//
// +kubebuilder:skipversion
type Catalog struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is where the types are.
	Spec CatalogSpec `json:"spec"`
}

// CatalogSpec is where the types of a [Catalog] are.
type CatalogSpec struct {
	// Table has a header line and one line for each type, cells separated by blanks. Columns, in any order: type, cpu,
	// memory, pods, arch, zones, capacity, price, and if wanted gpu, os, labels (a=b,c=d). zones and capacity are lists
	// with commas that multiply; price is one number, or one for each capacity type. A cell that says - is empty.
	// Several lines may sell the same type.
	Table string `json:"table,omitempty"`
	// CSV names a catalogue file. Nil: none.
	CSV *CatalogCSV `json:"csv,omitempty"`
	// NodePools names the pools that may launch the types. Empty: all.
	NodePools []string `json:"nodePools,omitempty"`
}

// CatalogCSV names a catalogue file with the header
// name,vcpu,memory_mib,gpu_count,gpu_kind,arch,max_pods,zones,ondemand_price,spot_price. Prices are dollars per hour, and
// zones are separated by semicolons. A type without CPUs, memory or any price is left out.
type CatalogCSV struct {
	// Path is relative to the file that the document is in.
	Path string `json:"path"`
	// Zones are those of types whose row names none.
	Zones []string `json:"zones,omitempty"`
	// SpotFactor times the on-demand price is the spot price of types whose row has none. Zero: those are not sold as
	// spot.
	SpotFactor float64 `json:"spotFactor,omitempty"`
}
