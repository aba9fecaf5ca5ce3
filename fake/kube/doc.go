// Package kube is a cluster in virtual time: the time machine in which decisions about nodes are tried out, through days in
// seconds, before a real cluster has to live with them.
//
// [Cluster] is the cluster and its cloud. Controllers make pods, a scheduler binds them, kubelets start them, machines boot,
// register and initialise, drains evict what the PodDisruptionBudgets let go, spot machines are taken back, prices wander,
// offerings run out. Its state is plain API objects: [Cluster.Snapshot] and [Cluster.Input] have them as the planners of the
// library take them. Nothing moves but its [Clock], from one event to the next: no goroutines, no real time.
//
// [Autoscaler] is the loop around it: it launches what waiting pods need, asks a [Policy] which nodes to give back, and
// carries the commands out: replacements first, then the drain, and back again when a replacement fails or is late.
// [Kerf] is the policy of this library, [Karpenter] one in the manner of Karpenter for comparison, [Never] gives nothing
// back.
//
// [Simulation] runs both through a [Trace] (read by [ReadTrace], or generated as in [DailyWave]) and reports what it came to:
//
//	reports, err := kube.DailyWave(100, 7*24*time.Hour, 1).Compare(ctx, kube.Never{}, &kube.Karpenter{}, kube.Kerf{})
//	fmt.Print(kube.Table(reports...))
//
// # Invariants
//
// The same configuration, trace and policy give the same events, to the byte. What chance decides follows from the seed and
// from what it is about, not from the order of events: prices take the same course under every policy. No eviction exceeds a
// PodDisruptionBudget, but when a termination grace period ends. Objects that were handed out are never written to again. A
// pod is bound only where the kube-scheduler's own filters would admit it.
//
// # What it is not
//
// It has no API server and no watches, and runs no controllers but its own. Volumes are not simulated. The scheduler knows
// one score, which is room left over, and preempts nobody. Pods of DaemonSets are there as soon as their node is, and leave
// with it.
package kube
