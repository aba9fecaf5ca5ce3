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
// anyone could do ([Plan.Bound]), where each pod is expected ([Plan.Assignments]), which preferences it gives up and
// what keeping them would cost ([Plan.Forgone]), and for each pod left out why ([Plan.Unplaced], [Plan.Explain]).
//
// To ask more than once about the same facts, [Compile] them into a [Problem] and solve that: it is immutable and safe
// for concurrent use. What if a node were gone, or one more pod came? [Problem.Without] and [Problem.With] give the problem
// of the changed facts for little.
//
// # How to read the package
//
// The algorithm is in solve.go, as named steps; each step is a method of solver (solver.go). Packing works on shapes
// (shapes.go), classes that ask for the same of the same hosts. What resources are worth is in price.go, what goes onto one
// node in sack.go, what is bought in buy.go, and which pods each node gets in draw.go. Where nodes are many beside the
// shapes, columns.go finds nearly the best mixture of contents first. rightsize.go gives nodes the machine that they need,
// improve.go takes the worst nodes apart (redivide.go lets their pods go elsewhere). What no plan can undercut is in
// bound.go, and in prove.go and whole.go. Existing nodes are filled in fill.go. Where pods constrain each other over zones
// and the like, assign.go first decides how many go to each combination of zone and so on. Filling is quick and nearly
// right; the last step, settle.go, holds the result against the exact rules, which ledger.go asks as the scheduler would,
// takes off what would be refused, and places what is left pod by pod (complete.go; fair.go says who is looked at when
// effort runs out).
//
// write.go turns the result into a plan (alternatives.go finds what else each launch could be), and print.go says how it
// reads. Why a pod is left out is found in diagnose.go
// (obstacle.go has what counts as an obstacle) and told in explain.go, detail.go and words.go.
//
// compile.go turns objects into numbers: pods into classes (waiting.go reads them, parallel.go by several workers; demand.go
// says which pods count and what they ask for, class.go and fingerprint.go which of them are alike), instance types into offers (offering.go), NodePools into rows
// that can be launched (pool.go, variants.go) and rows into bins (bin.go), nodes into what room they have (node.go,
// nodelabels.go), constraints between pods into what is counted where (terms.go, topology.go, parts.go), and all that is
// wrong into errors (invalid.go).
//
// catalog.go keeps what compiling made of pools and types for the next snapshot. derive.go says what a what-if is. What all problems derived from one have in common is compiled once (family.go, and
// extend.go for pods that are like no other), and each picks from it what concerns its pods (project.go). Where existing
// nodes are, and what is counted on them, is in layout.go, inclusion.go and census.go.
//
// Each constraint has a file of its own. On nodes: places.go (labels and node affinity), taint.go, daemon.go,
// volume.go (and volumerule.go, staticvolume.go, attach.go, intree.go). On other pods: spread.go (and defaultspread.go,
// of pods that state none), podaffinity.go, antiaffinity.go, hostport.go, disk.go, group.go. On what is bought:
// limits.go (limits and stock), minvalues.go, reserved.go, flexibility.go (alternatives to each launch, and how many pods one
// may hold); typeset.go has the bins that stand for several types. On who comes first: priority.go, nominated.go, and drained.go
// for pods that are about to lose their node. What pods prefer is in preference.go, how the cluster's scheduler is set up
// in profile.go, and what is not understood in unsupported.go.
//
// # Invariants
//
// A pod is placed only where the kube-scheduler's own filters would admit it, with all other pods of the plan in place,
// and the pods can come in some order in which each is admitted. A pod is left out only if no node of the plan and no
// further node would take it. A pod that asks for something the engine does not understand is left out with code
// [NotSupported], never placed by guess. Existing nodes, and nodes on their way, are used before anything is bought. No
// preference costs a pod its place, and neither do alternatives to launches. No plan exceeds a NodePool's limits or a
// finite stock. Every waiting pod is in exactly one of Assignments and Unplaced.
//
// # What it is not
//
// It does not watch a cluster, launch machines or bind pods, and it is not a scheduler: the cluster's own scheduler
// binds the pods once the nodes are there.
package scheduling
