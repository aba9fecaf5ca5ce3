// Package oracle checks a plan against its snapshot, slowly and obviously.
//
// It is the second, dumber implementation that guards the engine: it shares no code with package scheduling beyond that
// package's data types, builds no index, groups nothing, and asks every question pod by pod and node by node. Where the
// engine compiles, the oracle looks. A disagreement between the two is a bug in one of them.
//
// What it is not: a planner. It says whether a plan is right, not whether it is good; the exception is [Cheapest], which
// tries every possibility of a tiny world.
//
// The calls:
//
//	for _, v := range oracle.Check(snapshot, plan) { t.Error(v) }      // is the plan right?
//	for _, v := range oracle.Unplaced(snapshot, plan) { t.Error(v) }   // are the pods left out rightly left out?
//	price, ok := oracle.Cheapest(snapshot)                             // what would the best plan cost?
//
// Invariants:
//
//   - Inputs are never modified.
//   - Violations come in a fixed order: the same input gives the same list.
//   - What a pod, a node or a NodePool means is decided here anew from the API objects. Only three things are taken from
//     elsewhere, because there they are the definition: the sum of a pod's requests, node affinity and the matching of
//     one toleration with one taint, all from the Kubernetes libraries.
//   - A pod that uses a constraint which the oracle cannot judge must not be placed; the list of such constraints is in
//     unsupported.go, in one place.
//
// Each constraint has a file of its own, which says which plugin of the scheduler it follows: antiaffinity.go, podaffinity.go,
// spread.go, spreaddefault.go, volumebinding.go, volumezone.go, volumesharing.go and volumelimit.go; what a node says by
// itself is in filter.go. They are asked about the final state, about the way there (sequence.go), about further nodes
// (unplaced.go) and about the other choices of a launch (launch.go). Package kubeoracle holds all that against the real
// scheduler.
package oracle
