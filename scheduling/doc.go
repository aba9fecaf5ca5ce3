// Package scheduling decides which machines to buy for pods that wait, and which pod goes where.
//
// It is a pure engine: a [Snapshot] of the cluster goes in, a [Plan] comes out. It reads no clock, no environment and no
// network, holds no state between calls, never writes to its input, and gives the same bytes for the same facts in
// whatever order they are listed. It can be called from a controller, a test, a command line or a browser.
//
// The one call:
//
//	plan, err := scheduling.Solve(ctx, snapshot, scheduling.Options{})
//
// A plan says what to launch ([Plan.Launches]) and at what price ([Plan.Price]), how far that is from the best that
// anyone could do ([Plan.Bound]), where each pod is expected ([Plan.Assignments]), and for each pod left out why
// ([Plan.Unplaced], [Plan.Explain]).
//
// To ask more than once about the same facts, [Compile] them into a [Problem] and solve that: it is immutable and safe
// for concurrent use.
//
// # How to read the package
//
// The algorithm is in solve.go, as named steps; each step is a method of solver, in solver.go, rightsize.go and improve.go. What
// goes onto one node is decided in fill.go, what resources are worth in price.go, and what no plan can undercut in
// bound.go. compile.go turns objects into numbers: pods into classes (class.go), instance types into offers
// (offering.go), NodePools into rows that can be launched (pool.go) and rows into bins (bin.go). Who is looked at when effort
// runs out is decided in fair.go. Each constraint has a
// file of its own: taint.go, places.go (labels and node affinity), limits.go (limits and stock), reserved.go, minvalues.go,
// daemon.go, antiaffinity.go, hostport.go, volume.go (and volumerule.go, staticvolume.go, attach.go, intree.go, disk.go),
// priority.go, demand.go (which pods count and what they ask for), nominated.go,
// defaultspread.go (the topology spread of pods that state none).
//
// # Invariants
//
// A pod is placed only where the kube-scheduler's own filters would admit it. A pod that asks for something the engine
// does not understand is left out with code [NotSupported], never placed by guess. Existing nodes, and nodes on their
// way, are used before anything is bought. No plan exceeds a NodePool's limits or a finite stock. Every waiting pod is
// in exactly one of Assignments and Unplaced.
//
// # What it is not
//
// It does not watch a cluster, launch machines or bind pods, and it is not a scheduler: the cluster's own scheduler
// binds the pods once the nodes are there.
package scheduling
