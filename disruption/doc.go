// Package disruption decides which nodes to give back, which to replace, and says of every other node why it stays.
//
// It is a pure planner: an [Input] of facts goes in, a [Decision] comes out. It reads no clock, no environment and no
// network, holds no state between calls, never writes to its input, and gives the same bytes for the same facts in
// whatever order they are listed. It does not act: whoever carries the commands out looks at the facts once more with
// [Verify] before the first irreversible step.
//
// The one call:
//
//	decision, err := disruption.Decide(ctx, input, disruption.Options{})
//
// A decision has commands that may all be carried out at once ([Decision.Commands]), one reason for each node that stays
// ([Decision.Kept]), what the NodePools' budgets allow ([Decision.Budgets]), and when to ask again at the latest
// ([Decision.Recheck]).
//
// # How to read the package
//
// The algorithm is in decide.go, as named steps. What is asked is in input.go and options.go, what is answered in
// decision.go, and how it reads in print.go.
//
// Which nodes may be disrupted at all: candidate.go gathers what is known of each, eligible.go has the rules in their
// order, drain.go what keeps pods from being evicted, protect.go the annotation do-not-disrupt. reasons.go goes through the
// reasons; why a node is to go (cause.go) is in empty.go, drift.go, expire.go, repair.go, interrupt.go, static.go, in
// consolidate.go for those that cost too much, and in exchange.go for those that something cheaper is bought for. What it
// costs to disturb pods is in cost.go, what nodes cost and replacements would cost in price.go, and whether the one is worth
// the other in worth.go and balanced.go. How many may go at once: budget.go (calendar.go and lint.go tell people) and pdb.go;
// churn.go has what keeps a cluster at rest.
//
// whatif.go asks the engine what would become of the pods: each question is put to the same snapshot in which waiting pods
// and those of draining nodes have found their places already, so that they are not charged to any move. What commands must
// not take from each other is in stock.go and domain.go.
//
// # Invariants
//
// No set of the commands that can wait, carried out in any order, exceeds a NodePool's budget or a PodDisruptionBudget. Every
// pod that they move has a place that the kube-scheduler's own filters admit, on nodes that exist and are initialised or on
// the command's own replacements, with all commands carried out and with any one alone. Commands that cannot wait (Expired,
// Unhealthy, Interrupted, Surplus) ask for no leave, are planned together, and name the pods that have no place. What is
// removed to save money costs more than what replaces it, also at the dearest of the replacement's choices. Every node is in
// exactly one command or in Kept. Deciding again on the outcome, and so on, comes to rest.
//
// # What it is not
//
// It does not watch a cluster, taint nodes, evict pods or launch machines. It does not plan for waiting pods beyond leaving
// them their room: that is package scheduling's.
package disruption
