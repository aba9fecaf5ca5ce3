package scheduling

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// node is an existing or in-flight node that pods may be assigned to.
type node struct {
	object      *corev1.Node // as it will be once initialised
	taints      []corev1.Taint
	initialized bool
	leaving     bool            // being deleted: nothing new goes there
	pods        []*corev1.Pod   // bound and not terminal
	free        resource.Vector // allocatable minus bound pods minus daemons still owed; may be negative
	owed        []int32         // DaemonSets that leave room for a pod to come
	ties        podTies         // of the bound and owed pods together
	// twin is set where another node has the same label kubernetes.io/hostname.
	twin bool
	// limits are how many volumes the node attaches, by CSI driver.
	limits map[string]int
}

// excludes reports whether company keeps pods of the class off the node. What "the same host" means for nodes that share
// a hostname is more than the planner follows, so pods that care are kept off those.
func (n *node) excludes(cl *class) bool {
	return cl.ties.conflict(n.ties) || n.twin && (!cl.ties.empty() || len(cl.caps) > 0)
}

// compileNodes reads the nodes: initialised ones first, then by name.
func (p *Problem) compileNodes() {
	for _, source := range p.snapshot.Nodes {
		object := settled(source)
		n := node{
			object:      object,
			taints:      nodeTaints(object),
			initialized: source.Claim == nil || object.Labels[v1.InitializedLabelKey] == "true",
			leaving:     source.leaving(),
		}
		for _, pod := range source.Pods {
			if !terminal(pod) {
				n.pods = append(n.pods, pod)
			}
		}
		slices.SortFunc(n.pods, comparePods)
		p.nodes = append(p.nodes, n)
	}
	slices.SortFunc(p.nodes, func(a, b node) int {
		return cmp.Or(compareBools(b.initialized, a.initialized), strings.Compare(a.object.Name, b.object.Name))
	})
	p.markTwins()
}

// markTwins finds nodes that share a hostname, and those with taints that pods would rather avoid.
func (p *Problem) markTwins() {
	count := map[string]int{}
	for i := range p.nodes {
		count[p.nodes[i].object.Labels[corev1.LabelHostname]]++
	}
	for i := range p.nodes {
		p.nodes[i].twin = count[p.nodes[i].object.Labels[corev1.LabelHostname]] > 1
		p.twins = p.twins || p.nodes[i].twin
		if shunned(p.nodes[i].taints, nil) {
			p.shunned = append(p.shunned, int32(i))
		}
	}
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// settled is the node as it will be once its machine has registered and initialised: what is missing or zero comes from
// the claim, and taints that are there only during start-up are gone. An initialised node, or one without a claim, is
// taken as it is. The label kubernetes.io/hostname defaults to the name, and allocatable and capacity stand for each
// other where one is missing. The input is not modified.
func settled(n Node) *corev1.Node {
	var out *corev1.Node
	if n.Node == nil {
		out = &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n.Claim.Name, Labels: maps.Clone(n.Claim.Labels)}}
		out.Spec.Taints = n.Claim.Spec.Taints
		out.Status.Capacity, out.Status.Allocatable = n.Claim.Status.Capacity, n.Claim.Status.Allocatable
	} else {
		shallow := *n.Node
		out = &shallow
		out.Labels = maps.Clone(n.Node.Labels)
		if n.Claim != nil && n.Node.Labels[v1.InitializedLabelKey] != "true" {
			settle(out, n.Claim)
		}
	}
	if out.Labels == nil {
		out.Labels = map[string]string{}
	}
	if _, ok := out.Labels[corev1.LabelHostname]; !ok {
		out.Labels[corev1.LabelHostname] = out.Name
	}
	if len(out.Status.Allocatable) == 0 {
		out.Status.Allocatable = out.Status.Capacity
	}
	if len(out.Status.Capacity) == 0 {
		out.Status.Capacity = out.Status.Allocatable
	}
	return out
}

func settle(node *corev1.Node, claim *v1.NodeClaim) {
	for key, value := range claim.Labels {
		if _, ok := node.Labels[key]; !ok {
			if node.Labels == nil {
				node.Labels = map[string]string{}
			}
			node.Labels[key] = value
		}
	}
	starting := func(t corev1.Taint) bool {
		return v1.IsKnownEphemeralTaint(t) || slices.ContainsFunc(claim.Spec.StartupTaints, func(s corev1.Taint) bool {
			return s.MatchTaint(&t)
		})
	}
	var taints []corev1.Taint
	for _, t := range node.Spec.Taints {
		if !starting(t) {
			taints = append(taints, t)
		}
	}
	node.Spec.Taints = taints
	node.Status.Allocatable = completed(node.Status.Allocatable, claim.Status.Allocatable)
	node.Status.Capacity = completed(node.Status.Capacity, claim.Status.Capacity)
}

// completed is have, with what is missing or zero taken from expected.
func completed(have, expected corev1.ResourceList) corev1.ResourceList {
	out := maps.Clone(have)
	if out == nil {
		out = corev1.ResourceList{}
	}
	for name, quantity := range expected {
		if q, ok := out[name]; !ok || q.IsZero() {
			out[name] = quantity
		}
	}
	return out
}

// compileNodeRoom works out what is free on each node.
func (p *Problem) compileNodeRoom(f *findings) {
	x, known := newPrinter(), map[print128]resource.Vector{}
	for i := range p.nodes {
		n := &p.nodes[i]
		n.free = p.dims.Capacity(n.object.Status.Allocatable)
		for _, pod := range n.pods {
			print := x.asks(pod)
			demand, seen := known[print]
			if !seen {
				wrong := len(f.list)
				checkPod(f, fmt.Sprintf("Nodes[%s].Pods[%s/%s]", n.object.Name, pod.Namespace, pod.Name), pod)
				demand = p.dims.Demand(requests(pod))
				if len(f.list) == wrong {
					known[print] = demand
				}
			}
			n.free.Sub(demand, 1)
		}
		p.volumeRoom(n)
	}
	p.frees = freesOf(p.nodes)
}

// freesOf is the free room of each node, side by side.
func freesOf(nodes []node) []resource.Vector {
	out := make([]resource.Vector, len(nodes))
	for i := range nodes {
		out[i] = nodes[i].free
	}
	return out
}

// newRoomySets makes room for what roomy finds out about n classes.
func newRoomySets(n int) []atomic.Pointer[bitset.Set] { return make([]atomic.Pointer[bitset.Set], n) }

// roomy are the existing nodes that would take a pod of the class if nothing else were assigned to them, hostnames that nodes
// share apart. Not to be written to.
func (p *Problem) roomy(c int32) bitset.Set {
	if known := p.roomySets[c].Load(); known != nil {
		return *known
	}
	cl := &p.classes[c]
	set, among := bitset.New(len(p.nodes)), p.sigs[cl.sig].nodes
	if p.universe != nil {
		among = among.Clone()
		among.And(p.universe.roomy(cl.kin))
		if p.classes[cl.base].base == cl.root { // a root or a part of it: nothing else keeps its pods away
			set, among = among, nil
		}
	}
	for i := range among.All() {
		if n := &p.nodes[i]; n.free.Fits(cl.demand) && !cl.ties.conflict(n.ties) {
			set.Add(i)
		}
	}
	p.roomySets[c].Store(&set)
	return set
}

// isGone reports whether the node at the place in Problem.nodes is not there in this problem.
func (p *Problem) isGone(node int) bool {
	_, found := slices.BinarySearch(p.gone, int32(node))
	return found
}

// without is the set of nodes but for those that are gone. It may be the set itself.
func (p *Problem) without(nodes bitset.Set) bitset.Set {
	if !slices.ContainsFunc(p.gone, func(g int32) bool { return nodes.Has(int(g)) }) {
		return nodes
	}
	nodes = nodes.Clone()
	for _, g := range p.gone {
		nodes.Remove(int(g))
	}
	return nodes
}

// nodeCount is how many existing nodes there are.
func (p *Problem) nodeCount() int { return len(p.nodes) - len(p.gone) }

// nodeAt is the place in Problem.nodes of the k-th node that is there.
func (p *Problem) nodeAt(k int) int {
	for _, g := range p.gone {
		if int(g) <= k {
			k++
		}
	}
	return k
}

// nodeLabel is the value of a label on an existing node.
func (p *Problem) nodeLabel(i int, key string) (string, bool) {
	if key == nodeNameKey {
		return p.nodes[i].object.Name, true
	}
	value, ok := p.nodes[i].object.Labels[key]
	return value, ok
}
