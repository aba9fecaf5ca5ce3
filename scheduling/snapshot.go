package scheduling

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// Snapshot is all facts at one instant, as plain API objects. It is read and never written to.
//
// A nil list means that the facts are unknown, an empty one that there are none. [Compile] returns an
// [InvalidSnapshotError] when something needs a fact that is unknown.
type Snapshot struct {
	// Now is the instant at which the facts held. The zero time is allowed: [Snapshot.Drained] alone asks for it.
	Now time.Time
	// Pods are those that want a home. Pods that no node can help (finished, being deleted, gated, of another
	// scheduler, of a DaemonSet or static) are skipped and appear nowhere in the plan; see [SchedulerProfile]. Pods that
	// the scheduler has nominated to a node are left to it; see [Nominated].
	Pods []*corev1.Pod
	// Nodes exist or are on their way, with what is bound to them. Those that are being deleted take nothing new, and what
	// is bound to them stays as far as this snapshot goes: [Snapshot.Drained] looks ahead.
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
	// Storage is what volumes need. Lists that no pod needs may be nil.
	Storage Storage
	// Groups are pods that are placed all together or not at all.
	Groups []Group
	// Vocabulary says which label keys mean the same and which are the provider's.
	Vocabulary cloudprovider.Vocabulary
	// Profile holds the settings of the cluster's kube-scheduler.
	Profile SchedulerProfile
	// Catalog is what an earlier Problem has found out about NodePools and instance types; see [Problem.Catalog]. nil means
	// that there is nothing to reuse. It is no fact and changes no plan, only the time that Compile takes.
	Catalog *Catalog
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

// Group is a set of waiting pods of which at least MinCount must find a place; otherwise none of them does.
type Group struct {
	// Name tells groups apart; it is unique in a snapshot.
	Name string
	// Pods are the members. Names of pods that do not wait are allowed and count for nothing. A pod is in one group at
	// the most.
	Pods []types.NamespacedName
	// MinCount is how many members must be placed at the least; 0 means all of them.
	MinCount int
	// TopologyKey, if set, is the label whose value must be the same on all nodes that the members are placed on.
	TopologyKey string
}

// SchedulerProfile is what the planner needs to know of the cluster's kube-scheduler. The zero value is the default
// scheduler as upstream ships it.
type SchedulerProfile struct {
	// SchedulerNames are the values of pod.spec.schedulerName that this planner answers for. Empty means
	// "default-scheduler" alone.
	SchedulerNames []string
	// DefaultConstraints are the topology spread constraints of pods that state none themselves, as in the arguments of
	// the scheduler's PodTopologySpread plugin: without selectors, which follow from Selectors. Empty means none.
	DefaultConstraints []corev1.TopologySpreadConstraint
	// Selectors are those of the Services and controllers in the cluster. They are needed for DefaultConstraints only.
	Selectors []PodSelector
}

// PodSelector is the selector of a Service, or of a ReplicationController, ReplicaSet or StatefulSet.
type PodSelector struct {
	// Kind is "Service" or the kind of controller; Namespace and Name are the object's.
	Kind, Namespace, Name string
	// Selector is spec.selector; that of a Service as matchLabels. Nil selects nothing.
	Selector *metav1.LabelSelector
}
