package oracle

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"
)

// Rule names what a plan must keep.
type Rule string

// The rules of [Check].
const (
	// PodOnce: every pod that is planned is in exactly one of Assignments and Unplaced.
	PodOnce Rule = "pod-once"
	// PodForeign: nothing but pods that are planned is mentioned.
	PodForeign Rule = "pod-foreign"
	// AssignmentTarget: an assignment names an existing node, an in-flight claim or a launch, and says which.
	AssignmentTarget Rule = "assignment-target"
	// LaunchPods: the pods that a launch lists are those that are assigned to it.
	LaunchPods Rule = "launch-pods"
	// Sorted: lists are in their order.
	Sorted Rule = "sorted"
	// LaunchName: names of launches are unique and nobody else's.
	LaunchName Rule = "launch-name"
	// LaunchPool: the pool exists and may launch nodes.
	LaunchPool Rule = "launch-pool"
	// ChoiceExists: each choice is an offering of the pool's catalogue.
	ChoiceExists Rule = "choice-exists"
	// ChoiceAvailable: each choice can be bought.
	ChoiceAvailable Rule = "choice-available"
	// ChoicePrice: each choice has the offering's price, and the alternatives come cheapest first.
	ChoicePrice Rule = "choice-price"
	// ChoiceAdmitted: the pool's requirements and labels admit the choice.
	ChoiceAdmitted Rule = "choice-admitted"
	// ChoiceHosts: each choice can host the launch's content.
	ChoiceHosts Rule = "choice-hosts"
	// Stock: no finite supply is overdrawn.
	Stock Rule = "stock"
	// InstanceTypes: the list of types holds the chosen one, has those of the choices, cheapest first, and each of them
	// can be bought and can host the content.
	InstanceTypes Rule = "instance-types"
	// MinValues: the types have as many values as the pool asks for, or the plan says that they have not.
	MinValues Rule = "min-values"
	// NodeLabels: the node carries exactly the labels that it will have.
	NodeLabels Rule = "node-labels"
	// NodeTaints: the node carries exactly the template's taints.
	NodeTaints Rule = "node-taints"
	// NodeAllocatable: allocatable is capacity minus overhead.
	NodeAllocatable Rule = "node-allocatable"
	// NodeObject: the rest of the node object is as it will be.
	NodeObject Rule = "node-object"
	// DaemonPods: the launch lists the DaemonSets that will run on it.
	DaemonPods Rule = "daemon-pods"
	// Requests: the launch states what its pods and daemon pods ask for.
	Requests Rule = "requests"
	// Limits: no pool that grows exceeds its limits.
	Limits Rule = "limits"
	// Fits: each placed pod has room on its node.
	Fits Rule = "fits"
	// Tolerates: each placed pod tolerates the taints of its node.
	Tolerates Rule = "tolerates"
	// Affinity: each placed pod's node selector and required node affinity match its node.
	Affinity Rule = "affinity"
	// AntiAffinity: no required anti-affinity is broken by a placed pod.
	AntiAffinity Rule = "anti-affinity"
	// PodAffinity: each placed pod has the companions that it requires near its node.
	PodAffinity Rule = "pod-affinity"
	// Spread: no placed pod exceeds the skew that it allows.
	Spread Rule = "spread"
	// Sequence: the placed pods can be bound in some order, each passing at its turn.
	Sequence Rule = "sequence"
	// HostPorts: no two pods of a node hold the same port of it, one of them placed.
	HostPorts Rule = "host-ports"
	// Volumes: each placed pod can use its volumes on its node.
	Volumes Rule = "volumes"
	// Group: of a group enough pods are placed, or none, and all over one value of its key.
	Group Rule = "group"
	// Leaving: no pod is placed on a node that is being deleted.
	Leaving Rule = "leaving"
	// Unsupported: no pod is placed whose constraints nobody has checked.
	Unsupported Rule = "unsupported"
	// Bound: the lower bound is not above the price.
	Bound Rule = "bound"
	// Answer: a pod left out comes with a verdict and with reasons that go together.
	Answer Rule = "answer"
)

// The rules of [Unplaced].
const (
	// RoomLeft: a pod called infeasible could join a node of the final state.
	RoomLeft Rule = "room-left"
	// CouldLaunch: a pod called infeasible could have a further launch to itself.
	CouldLaunch Rule = "could-launch"
	// Reason: a rejection is not true of any node or instance type.
	Reason Rule = "reason"
)

// Violation is one broken rule.
type Violation struct {
	// Rule is what was broken.
	Rule Rule
	// Object names the pod, launch or node: "pod default/web-0", "launch general-1".
	Object string
	// Detail says what is and what should be.
	Detail string
	// OrderDependent is set for a violation of Spread in a plan that has a legal order: the scheduler could bind the pods
	// that way, but need not.
	OrderDependent bool
}

// String is one line: rule, object, detail.
func (v Violation) String() string {
	if v.OrderDependent {
		return fmt.Sprintf("%s: %s: %s [order dependent]", v.Rule, v.Object, v.Detail)
	}
	return fmt.Sprintf("%s: %s: %s", v.Rule, v.Object, v.Detail)
}

// report collects violations.
type report struct{ list []Violation }

func (r *report) add(rule Rule, object, detail string, args ...any) {
	r.list = append(r.list, Violation{Rule: rule, Object: object, Detail: fmt.Sprintf(detail, args...)})
}

func podObject(name types.NamespacedName) string { return "pod " + name.String() }
