package cloudprovider

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// Decorator is a Provider around another one. Those that embed Provider and add Unwrap keep all capabilities of what
// they wrap; to alter a capability they implement it as well.
type Decorator interface {
	Provider
	// Unwrap returns the provider inside. nil hides it, and with it all of its capabilities.
	Unwrap() Provider
}

// As finds the outermost implementation of the capability T: the provider itself, or what it decorates. T may also be
// the concrete type of a provider.
func As[T any](p Provider) (T, bool) {
	for p != nil {
		if found, ok := p.(T); ok {
			return found, true
		}
		decorator, ok := p.(Decorator)
		if !ok {
			break
		}
		p = decorator.Unwrap()
	}
	var none T
	return none, false
}

// DriftDetector tells machines that are no longer what their NodeClass asks for: another image, subnet, disk.
//
// The library asks every few minutes per launched claim, and soon after a NodeClass has changed. What it can see itself
// (template hash, requirements, a withdrawn offering) it does not ask. Left out: only that counts as drift.
type DriftDetector interface {
	// Drift returns the reason in CamelCase, empty for none. The answer stays the same until something changes. The
	// machine is what List returned last; no call to the cloud should be needed for it.
	Drift(ctx context.Context, claim *v1.NodeClaim, machine *Machine) (reason string, err error)
}

// Repairer names the node conditions that mean a machine is broken.
//
// The library asks once at start. Left out: no node is repaired.
type Repairer interface {
	// RepairPolicies never changes its answer. The first policy that matches a condition decides.
	RepairPolicies() []RepairPolicy
}

// Rebooter restarts a machine in place.
//
// The library calls it for repair policies with [RepairReboot]. Left out: those machines are replaced.
type Rebooter interface {
	// Reboot accepts the order and does not wait. Two calls with one operation are one reboot. ErrNotFound: the machine
	// is gone.
	Reboot(ctx context.Context, providerID, operation string) error
}

// InterruptionSource passes on what the cloud announces about single machines.
//
// The library runs one watch for as long as it leads. Left out: a machine's end is noticed when its Node or its entry in
// List goes.
type InterruptionSource interface {
	// WatchInterruptions calls handle for each notice and blocks until ctx ends. A notice is acknowledged when handle
	// returns nil and then never delivered again. An error of handle ends the watch: it is returned as it is, and the
	// next watch delivers the notice again. After any error the library watches again with a growing delay.
	WatchInterruptions(ctx context.Context, handle func(context.Context, Interruption) error) error
}

// CatalogNotifier tells that InstanceTypes would answer differently now.
//
// The library runs one watch for as long as it leads and asks for the types again after a call. Left out: it asks every
// few minutes.
type CatalogNotifier interface {
	// WatchCatalog calls changed once as soon as it watches, then after every change, and blocks until ctx ends.
	// Changes in quick succession may share a call. changed returns at once.
	WatchCatalog(ctx context.Context, changed func()) error
}

// BatchCreator creates many machines with few calls to the cloud.
//
// The library prefers it to Create when several launches start together. Left out: it calls Create in parallel.
type BatchCreator interface {
	// CreateBatch does for each request what Create does, idempotency included. The result has one entry per request,
	// in the same order; one failure does not fail the others. Splitting into what the cloud takes at once is the
	// provider's business.
	CreateBatch(ctx context.Context, requests []CreateRequest) []CreateResult
}

// NodeClassWatcher knows the vendor's NodeClass objects.
//
// The library asks before it launches for a pool and when a watch reports a change. Left out: every NodeClass counts as
// ready, and nodeClassRef is passed on without a look.
type NodeClassWatcher interface {
	// NodeClass returns the state of a NodeClass, or an ErrNotFound.
	NodeClass(ctx context.Context, ref v1.NodeClassReference) (NodeClassStatus, error)
	// WatchNodeClasses calls changed for every NodeClass as soon as it watches and then after each change, deletion
	// included, and blocks until ctx ends. changed returns at once.
	WatchNodeClasses(ctx context.Context, changed func(v1.NodeClassReference)) error
}

// RegistrationGate holds a new node back until the vendor's own work on it is done: tags, load balancers, addresses.
//
// The library asks when the node of a claim has appeared, before it removes the unregistered taint, and again after
// every change of the node and at least once a minute while it waits. Left out: nothing holds a node back.
type RegistrationGate interface {
	// AdmitNode returns the zero Registration to let the node pass. Neither object may be modified.
	AdmitNode(ctx context.Context, claim *v1.NodeClaim, node *corev1.Node) (Registration, error)
}

// VocabularySource says which label keys belong to the vendor.
//
// The library asks once at start. Left out: the keys on the instance types and offerings are the vendor's, no other.
type VocabularySource interface {
	// Vocabulary never changes its answer.
	Vocabulary() Vocabulary
}
