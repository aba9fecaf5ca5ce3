package disruption

import (
	"time"

	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Input is all facts at one instant. It is read and never written to.
//
// The rules of [scheduling.Snapshot] hold for its lists, too: nil means that the facts are unknown, an empty list that there
// are none. Where the facts that a node is judged by are unknown, the node is kept with code [CodeUnknown].
type Input struct {
	// Snapshot is the cluster. Now is required. The pods that wait are given their room first, and those of nodes that are
	// being deleted theirs; neither counts for or against a command.
	scheduling.Snapshot
	// PodDisruptionBudgets of all namespaces. nil means unknown: then no node is given back whose pods would have to be
	// evicted.
	PodDisruptionBudgets []*policyv1.PodDisruptionBudget
	// Drifted is what the provider has found out of machines that are not what their NodeClass asks for, by NodeClaim name:
	// the reason, in CamelCase. What the library can see itself needs no entry.
	Drifted map[string]string
	// RepairPolicies are the node conditions that mean a broken machine. Empty: no node is repaired.
	RepairPolicies []cloudprovider.RepairPolicy
	// Interruptions are the notices that the cloud has given and that are not over.
	Interruptions []cloudprovider.Interruption
	// Expected are nodes that are about to get pods that the snapshot does not show waiting, by node name, each with the
	// instant until which they are waited for.
	Expected map[string]time.Time
	// InProgress are the commands of earlier decisions that are still being carried out. Their nodes are in no other command,
	// and what they take of budgets is taken. A replacement is known by its name: give it that of its NodeClaim once it has one.
	// Those that the snapshot has no node or claim of are taken to be on their way.
	InProgress []Command
	// History are the commands of earlier decisions that have been carried out, in any order. It keeps the cluster at rest:
	// see [Options.Memory].
	History []Past
	// StartUp is how long a machine takes from its order until it takes pods, as learned, by NodePool name. A pool without an
	// entry takes [Options.StartUp].
	StartUp map[string]time.Duration
}

// Past is what one command came to.
type Past struct {
	// Command is the command's ID.
	Command string
	// At is when its last node was gone.
	At time.Time
	// Removed and Launched are the offerings that were given back and bought, with the names of their nodes.
	Removed, Launched []Bought
	// Moved are the pods that were evicted. What rests for a while are pods of these names: where a controller makes pods anew
	// under other names, give those of the successors.
	Moved []types.NamespacedName
	// Failed is set when the command was undone: a replacement did not come up, or a pod could not be evicted.
	Failed bool
}

// Bought is a node and the offering that it is, or was, one of.
type Bought struct {
	Node, NodePool string
	cloudprovider.OfferingKey
}
