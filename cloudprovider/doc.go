// Package cloudprovider is the contract between the library and a cloud: [Provider], the values that it deals in, its
// optional capabilities and its errors. It is not a toolbox (that is package catalog) and does no work of its own.
//
// A vendor implements six methods, all of them safe for concurrent use:
//
//   - Name is constant.
//   - InstanceTypes tells everything that could be bought for a NodePool, sold out offerings included: one that is left
//     out counts as withdrawn, and machines bought from it as drifted. It must not filter by the pool's requirements,
//     and never write to what it has returned; prices and stocks change by returning new values.
//   - Create buys one machine. The claim's UID is the key of the order: the same UID must give the same machine however
//     often, and by however many processes, it is asked for. Use the cloud's idempotency token, a name derived from
//     the UID, or a look-up by tag. The choices are in order and the first that the cloud accepts is taken: the library
//     has planned for that price, and concludes from the choice taken that those before it were refused. Create must
//     not invent a choice of its own, and must not wait for the machine to boot.
//   - Get asks the cloud for one machine. Where creation takes long, the library polls it while the phase is Pending.
//   - List returns every machine of this cluster in any phase, from the cloud and not from Kubernetes: machines that
//     never became nodes are found, and cleaned up, only here. A machine that cannot be understood is returned with
//     what is known of it; it must not fail the list.
//   - Delete asks for the end and returns. It must not drain, nor wait. It is called again until it says ErrNotFound.
//
// No call may block for a boot, a shut-down or a rate limit; every call returns soon after its context ends. What takes
// longer is a phase of the [Machine].
//
// # Errors
//
// An error is named after what the library does next. A vendor returns an [Error] with a Kind, or wraps the kind itself;
// the outermost kind counts ([KindOf]).
//
//	ErrNotFound              take the machine for gone, finish its deletion
//	ErrInsufficientCapacity  avoid Offerings for RetryAfter, drop the claim, plan again
//	ErrQuotaExceeded         stop launching for the pool for RetryAfter, show Message
//	ErrThrottled             slow all calls down for RetryAfter, then the same call again
//	ErrNotReady              keep the claim, show Message, wait for the prerequisite
//	ErrInvalid               stop, show Message on the claim, never retry as it is
//	anything else            the same call again, with a growing delay
//
// The library remembers which offerings have failed and for how long. A vendor needs no such cache.
//
// # Capabilities
//
// What only some clouds can do is an interface with one or two methods, found with [As] through any decorator that has
// an Unwrap method. Implement [DriftDetector], [Repairer], [Rebooter], [InterruptionSource], [CatalogNotifier],
// [BatchCreator], [NodeClassWatcher], [RegistrationGate] or [VocabularySource] on the provider itself; each says what
// happens when it is left out. New capabilities never break a vendor.
//
// # Invariants
//
// Offerings, types and choices have one total order each ([CompareOfferings], [CompareInstanceTypes],
// [CompareChoices]): price first, names last. What a catalogue may contain is checked by [ValidateInstanceTypes]. The
// package is pure: no clock, no I/O, no variables, no client-go.
package cloudprovider
