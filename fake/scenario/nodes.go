package scenario

import (
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// nodeIndex is the nodes of a snapshot while pods are being bound to them.
type nodeIndex struct {
	list   []scheduling.Node
	byName map[string]int // of Node objects; claims in flight are not found
}

// joinNodes lists the Nodes, each with its NodeClaim, and then the claims in flight.
func (w *world) joinNodes() *nodeIndex {
	index := &nodeIndex{byName: make(map[string]int, len(w.nodes))}
	byProvider := map[string]int{}
	for i, n := range w.nodes {
		completeNode(n.object)
		w.checkAmounts(n.origin, "status.capacity", n.object.Status.Capacity)
		w.checkAmounts(n.origin, "status.allocatable", n.object.Status.Allocatable)
		index.byName[n.name] = i
		if id := n.object.Spec.ProviderID; id != "" {
			byProvider[id] = i
		}
		index.list = append(index.list, scheduling.Node{Node: n.object, Pods: []*corev1.Pod{}})
	}
	claimOf := map[int]origin{}
	for _, c := range w.claims {
		w.checkClaim(c)
		i, joined := index.byName[c.object.Status.NodeName]
		if !joined && c.object.Status.ProviderID != "" {
			i, joined = byProvider[c.object.Status.ProviderID]
		}
		if !joined {
			if other, taken := index.byName[c.name]; taken {
				w.problems.add(c.errorf("metadata.name", "is in flight under the name of another node, %s", w.nodes[other].origin))
				continue
			}
			index.list = append(index.list, scheduling.Node{Claim: c.object, Pods: []*corev1.Pod{}})
			continue
		}
		if first, taken := claimOf[i]; taken {
			w.problems.add(c.errorf("status", "belongs to Node %s, and so does %s", w.nodes[i].name, first))
			continue
		}
		claimOf[i] = c.origin
		index.list[i].Claim = c.object
	}
	for i := range w.nodes {
		standIn(index.list[i].Node, index.list[i].Claim)
	}
	return index
}

// completeNode gives the node the label of its name.
func completeNode(n *corev1.Node) {
	if n.Labels == nil {
		n.Labels = map[string]string{}
	}
	if n.Labels[corev1.LabelHostname] == "" {
		n.Labels[corev1.LabelHostname] = n.Name
	}
}

// standIn lets capacity and allocatable stand for each other where one is missing. A node that its claim has yet to
// complete is left alone: the claim knows better.
func standIn(n *corev1.Node, claim *v1.NodeClaim) {
	if claim != nil && n.Labels[v1.InitializedLabelKey] != "true" {
		return
	}
	if len(n.Status.Allocatable) == 0 {
		n.Status.Allocatable = n.Status.Capacity
	}
	if len(n.Status.Capacity) == 0 {
		n.Status.Capacity = n.Status.Allocatable
	}
}

// checkClaim defaults and validates a claim. As with pools, the NodeClass has no meaning here.
func (w *world) checkClaim(c found[*v1.NodeClaim]) {
	v1.SetDefaultsNodeClaim(c.object)
	spec := &c.object.Spec
	if spec.Requirements == nil {
		spec.Requirements = []v1.NodeRequirement{}
	}
	checked := *c.object
	if spec.NodeClassRef == nil {
		checked.Spec.NodeClassRef = anyNodeClass()
	}
	w.problems.addFields(c.origin, v1.ValidateNodeClaim(&checked))
	w.checkAmounts(c.origin, "status.capacity", c.object.Status.Capacity)
	w.checkAmounts(c.origin, "status.allocatable", c.object.Status.Allocatable)
}
