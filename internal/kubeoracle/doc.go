// Package kubeoracle lets the real kube-scheduler judge plans.
//
// It is a module of its own, because it links Kubernetes itself (k8s.io/kubernetes v1.37.2), which nobody who uses Kerf
// should have to. It builds the state that a plan promises as API objects, sets up the scheduler's framework as
// kube-scheduler does at start (in-tree plugins, default profile, default feature gates, informers) and asks its
// PreFilter and Filter plugins. DaemonSets are placed by the DaemonSet controller's own code, and pods get the API
// server's own defaults.
//
// The call:
//
//	findings, err := kubeoracle.Judge(ctx, snapshot, plan, options)
//
// # What it proves
//
//   - [Final]: in the state in which everything stands, each placed pod passes the filters of its node.
//   - [Sequence]: the placed pods can be bound one after the other, each passing the filters at its turn. Volumes are
//     reserved on the way, as the scheduler does.
//   - [Unplaced]: a pod called infeasible is accepted by no node of the final state and by no further node that could be
//     bought within what is left of limits, stock and minValues.
//   - [Together]: of each group enough members are placed or none, and on nodes that agree in the group's topology key.
//   - [Daemons]: each new node lists exactly the DaemonSets that the controller would run there.
//
// # What it does not prove
//
// It does not say that a plan is cheap, nor that its new nodes look as the catalogue says (package oracle does), nor that
// kube-scheduler picks the node that the plan names where several pass: filters say what may be, scores are not asked.
// Preemption and devices are out. The scheduler's own pod groups are, too: groups are those of the snapshot. Preferences
// are not judged. Sequence finds orders by trying: a failure means that none of
// [orders] attempts went through. Unplaced asks pod by pod, with everything else in its place; it does not ask whether
// another plan could have placed the pod instead of others, nor whether the members of a group that is left out could
// have been placed together. Labels whose value the planner chooses are tried with the values that pods, volumes, groups
// and pools tell apart. For minValues a launch is taken to be of one zone, and one value of every other label by which pods
// tell nodes apart, whichever of its choices is bought.
//
// # Running it
//
//	go test . -worlds 20000 -seed 1000000 -timeout 2h      in this folder: random worlds, 40 to 110 per second
//	go test . -run Worlds -features base,+Spread           worlds with some features only
//	go run ./cmd/kubeoracle -f scenario.yaml               judge the plan of a scenario
//
// A world with a disagreement is made smaller and printed, also as a scenario file where the format can express it. The
// tests also judge the planner's golden scenarios, hold the judge itself against plans that are wrong on purpose, and
// compare it with package oracle on plans of random worlds that were spoilt at random. A naive planner that asks the
// scheduler pod by pod makes plans that the judge must not object to.
package kubeoracle
