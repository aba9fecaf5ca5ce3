// Package autoscaling has the type of API group autoscaling.x-k8s.io, version v1beta1: [CapacityBuffer], a wish for room
// that is kept free so that new pods need not wait for new nodes. The kind is shared with other autoscalers; the Go code
// is this library's own.
//
// The package has the types, their default and their rules. It does not resolve a buffer: which pods it stands for is
// told by objects that it names, and those are read elsewhere.
//
// A buffer read from a file, or built in Go, is given what an API server would give it by
//
//	autoscaling.SetDefaultsCapacityBuffer(buffer)
//	errs := autoscaling.ValidateCapacityBuffer(buffer)
//
// # Shape
//
// A buffer is made of chunks, each as large as one pod. The pod is either that of a PodTemplate (podTemplateRef) or the
// template of a workload (scalableRef). How many chunks there are is told by replicas, by percentage of the workload's
// replicas, and by limits, which bound the sum of all chunks and suffice alone.
//
// # Invariants
//
// Pure: no clock, no I/O, no client, no variables. Zero values work: a buffer without a reference is valid and stands for
// nothing. No function but the SetDefaults function modifies its input.
//
// +k8s:deepcopy-gen=package
// +groupName=autoscaling.x-k8s.io
// +versionName=v1beta1
package autoscaling
