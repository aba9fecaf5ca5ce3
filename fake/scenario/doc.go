// Package scenario reads scenario files: YAML or JSON streams of ordinary Kubernetes manifests, plus instance types, that
// are the input of the simulator, the golden tests of the planner, users' tests of their own NodePools, and the record of
// real decisions.
//
// The one call, in a test of yours:
//
//	func TestNodePools(t *testing.T) { scenario.Test(t, "testdata") }
//
// It runs every file under testdata as a subtest: the pods of the file are planned for, and the plan is compared with
// the expect block of the file's Scenario document. With the flag -update the block is rewritten, comments and all else
// untouched.
//
// To do something else with the facts of a file, [Load] it: Scenario.Snapshot is what the planner takes. [Scenario.Solve]
// asks the planner, and its [Result] prints as a golden text, as a report for people ([Result.Report]), and as JSON or
// YAML for machines ([Result.Document], [Result.DecisionDocument]). [Scenario.YAML] writes a scenario as a file, which makes
// a record of any decision that reproduces it. [LoadWorkload] makes a scenario of a workload and a catalogue in CSV files.
//
// # What the files may have
//
// Namespace, Node, Pod, Deployment, ReplicaSet, ReplicationController, StatefulSet, Job, DaemonSet, PodTemplate, Service,
// PersistentVolumeClaim, PersistentVolume, StorageClass, CSINode, CSIDriver, VolumeAttachment, PodDisruptionBudget,
// PriorityClass, NodePool, NodeClaim, NodeOverlay, CapacityBuffer, and of kerf.dev/v1alpha1: InstanceType, Catalog,
// PodGroup, Scenario (package apis/v1alpha1 has their fields). A List is read as its items, so what kubectl prints pastes
// in unchanged.
//
// A PodGroup names pods that are placed together or not at all: the waiting pods of its namespace that its selector
// matches, of which minCount (0: all) must find a place. A pod is in one group at the most.
//
//	apiVersion: kerf.dev/v1alpha1
//	kind: PodGroup
//	metadata: {name: train, namespace: ml}
//	spec: {selector: {matchLabels: {job: train}}, minCount: 8, topologyKey: topology.kubernetes.io/zone}
//
// The expect block is the plan as it prints: what goes to nodes that exist (assign), what is bought (launch), which
// preferences are given up and what keeping them would cost (forgo), and who is left out (pending):
//
//	assign  n-1        default/web-0 +2
//	launch  general-1  small/zone-a/on-demand  $0.10  default/web-3
//	forgo  zone in {zone-b} (weight 50)  $0.12/h to keep  default/web-0 +3
//	pending default/db-0  insufficient memory (want 64Gi, have 16Gi)
//	total   1 launch, $0.10/h (bound $0.10), 1 unplaced
//
// The options of the Scenario document are those of the planner: preferences (Respect or Ignore), minValues, effort,
// minAlternatives and so on.
//
// How the cluster's kube-scheduler is set up, and what label keys mean there, is said in the Scenario document:
//
//	apiVersion: kerf.dev/v1alpha1
//	kind: Scenario
//	spec:
//	  schedulerProfile:
//	    schedulerNames: [default-scheduler, batch]
//	    defaultConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule}]
//	  vocabulary:
//	    wellKnown: [example.com/rack]
//	    aliases: {example.com/old-rack: example.com/rack}
//
// Default constraints take their selectors from the Services that match a pod and from the controller that owns it, as
// the scheduler does. Pods of a Deployment are owned by a ReplicaSet named <deployment>-<hash>, whose selector is the
// Deployment's and the label pod-template-hash; a dump that lists the ReplicaSets themselves has those instead.
//
// With decide: disrupt the question is which nodes to remove or replace, spec.now is required, and spec.disruption has what no
// other document says (v1alpha1.ScenarioDisruption). What is there is taken to be well: a node without conditions is
// ready, a bound pod without phase and conditions runs and is ready, nodes and claims without creationTimestamp were created
// an hour ago. A PodDisruptionBudget without a status gets that of the disruption controller.
//
// # Invariants
//
// Reading is as strict as the API server: unknown kinds and fields, values of another type, and names that are declared
// twice are errors, each an [Error] with file, line, document and field. Nothing panics on input, and no input makes
// much more of itself than it is long, the numbers of replicas excepted, which are bounded. The same bytes give the same
// snapshot, made-up UIDs and times included. Pods of one template share all that their specs point to: a snapshot is to
// be read and not to be written to.
//
// # What it is not
//
// It does not ask a cluster, and it does not judge a plan beyond comparing its text.
package scenario
