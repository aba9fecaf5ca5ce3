// Peerbench plans for the same pods twice, with Karpenter's own scheduler and with Kerf's, and compares time and money.
//
//	go run . -data FOLDER            workloads of CSV files against catalogues: prints a table
//	go run . FILE|FOLDER...          scenario files: prints those where Kerf is dearer or places fewer pods, and a summary
//	go run . -worlds 500             random worlds, likewise
//
// It is a module of its own, because it links Karpenter (sigs.k8s.io/karpenter v1.14.1) and with it an API client, which
// nobody who uses Kerf should have to.
//
// # What is compared
//
// Karpenter's side is its package pkg/controllers/provisioning/scheduling as its provisioner drives it: the topology is
// counted, the scheduler is made, it solves, and the lists of instance types are cut to what a launch takes. Nodes, claims,
// volumes and DaemonSets are in its cluster state and in a fake client from the start, and instance types are converted
// before the clock starts: in a cluster these are in memory. Its options are its defaults, with two exceptions in its favour: it
// may use all processors (its default is one), and more time than its minute if -peer-timeout says so. Kerf's side is
// scheduling.Solve from the snapshot, which includes compiling it. Each time is the best of -n runs.
//
// Karpenter leaves several instance types to a launch. It is charged for the cheapest available offering that the claim admits.
//
// Both plans are judged by package oracle: a plan that the scheduler could not carry out proves nothing about its price.
// Rules on what a plan of Kerf says of itself, such as its reasons, do not count against Karpenter.
//
// # What is not compared
//
// Scenarios that ask for what Karpenter does not have are skipped with the reason: finite stock, groups, bounds on the plan,
// the cluster's default spread. Consolidation, which would mend a part of Karpenter's plans later on, is not looked at.
package main
