// Package v1alpha1 has the API types that may still change, of two groups.
//
// [NodeOverlay], of group karpenter.sh, is an object of a cluster and wire compatible with Karpenter's. It corrects what
// a provider says of its instance types: a negotiated price, a device that the provider does not know of.
//
// The other types are of group kerf.dev: documents that are read from files, for catalogues and scenarios. No API server
// knows them and no manifest exists for them.
//
// The package is pure: no clock, no I/O, no client, no variables.
//
// # NodeOverlay
//
// An overlay that is read from a file, or built in Go, is checked by the one call
//
//	errs := v1alpha1.ValidateNodeOverlay(overlay)
//
// which knows every rule of the manifest. [NodeOverlay.AdjustPrice] is the arithmetic on one price. Which overlays meet
// which offerings, and which one of several counts, is decided where the catalogue is known, not here: an overlay applies
// to an instance type if its requirements admit the type and at least one of its offerings; the price changes for the
// offerings admitted, the capacity for the type; the heaviest overlay counts, for each offering and each resource.
//
// # Invariants
//
// Zero values work: an overlay without requirements applies to everything, one without price and capacity changes
// nothing. No price goes below zero. No function modifies its input.
//
// +k8s:deepcopy-gen=package
// +groupName=karpenter.sh
package v1alpha1
