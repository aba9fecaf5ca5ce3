package scheduling

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// Snapshot is all facts at one instant, as plain API objects. It is read and never written to.
//
// A nil list means that the facts are unknown, an empty one that there are none. [Compile] returns an
// [InvalidSnapshotError] when something needs a fact that is unknown.
type Snapshot struct {
	// Now is the instant at which the facts held. The zero time is allowed: nothing in provisioning depends on it yet.
	Now time.Time
	// Pods are those that want a home. Pods that no node can help (finished, being deleted, gated, of another
	// scheduler, of a DaemonSet or static) are skipped and appear nowhere in the plan; see [SchedulerProfile].
	Pods []*corev1.Pod
	// Nodes exist or are on their way, with what is bound to them.
	Nodes []Node
	// NodePools are the shapes that may be launched. Pools with replicas, pools being deleted and pools whose Ready
	// condition is False launch nothing.
	NodePools []*v1.NodePool
	// InstanceTypes lists what each NodePool can launch, by NodePool name. A pool without an entry is unknown.
	InstanceTypes map[string][]*cloudprovider.InstanceType
	// DaemonPods has one template pod per DaemonSet: named as the DaemonSet, in its namespace, with its template's
	// labels and spec.
	DaemonPods []*corev1.Pod
	// Namespaces carry the labels that namespace selectors look at. Those not listed exist without labels.
	Namespaces []*corev1.Namespace
	// Storage is what volumes need. It is not looked at yet: pods with claims are left out as NotSupported.
	Storage Storage
	// Vocabulary says which label keys mean the same and which are the provider's.
	Vocabulary cloudprovider.Vocabulary
	// Profile holds the settings of the cluster's kube-scheduler.
	Profile SchedulerProfile
}

// Node is one node of the cluster. At least one of Node and Claim is set.
type Node struct {
	// Node is the object as the API server has it; nil while the machine has not registered yet.
	Node *corev1.Node
	// Claim is the NodeClaim behind the node; nil for a node that nobody manages.
	Claim *v1.NodeClaim
	// Pods are those bound to the node, terminal ones included.
	Pods []*corev1.Pod
}

// Name is the node's name, or the claim's while there is no Node.
func (n Node) Name() string {
	switch {
	case n.Node != nil:
		return n.Node.Name
	case n.Claim != nil:
		return n.Claim.Name
	}
	return ""
}

// Storage holds the objects that decide where a pod with volumes can run.
type Storage struct {
	Claims      []*corev1.PersistentVolumeClaim
	Volumes     []*corev1.PersistentVolume
	Classes     []*storagev1.StorageClass
	CSINodes    []*storagev1.CSINode
	CSIDrivers  []*storagev1.CSIDriver
	Attachments []*storagev1.VolumeAttachment
}

// SchedulerProfile is what the planner needs to know of the cluster's kube-scheduler. The zero value is the default
// scheduler as upstream ships it.
type SchedulerProfile struct {
	// SchedulerNames are the values of pod.spec.schedulerName that this planner answers for. Empty means
	// "default-scheduler" alone.
	SchedulerNames []string
}
