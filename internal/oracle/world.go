package oracle

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// world is the final state: what the cluster looks like when the plan has come true.
type world struct {
	s        *scheduling.Snapshot
	plan     *scheduling.Plan
	pending  map[types.NamespacedName]*corev1.Pod // those that are planned
	daemons  []*corev1.Pod                        // one template per DaemonSet, by name
	existing []*host                              // nodes and in-flight claims, by name
	launched []*host                              // in plan order
	hosts    []*host                              // all of them
	promised *promises                            // to claims, by pods that are bound
	pools    []*pool                              // by name

	// Answers to questions that are asked again and again.
	asked    map[*corev1.Pod]map[corev1.ResourceName]int64
	heard    map[string]mentions
	selected map[termAndPod]bool
	parsed   map[*metav1.LabelSelector]labels.Selector
	spreads  map[*corev1.Pod][]*spread
}

// host is a node of the final state.
type host struct {
	node    *corev1.Node
	leaving bool
	launch  *scheduling.Launch          // nil for an existing node
	typ     *cloudprovider.InstanceType // of a launch, or of a node that starts up; nil if unknown
	bound   []*corev1.Pod               // there already
	daemons []*corev1.Pod               // of DaemonSets: all on a launch, those still owed on an existing node
	placed  []*corev1.Pod               // by the plan
}

// pods are all pods of the host in the final state.
func (h *host) pods() []*corev1.Pod { return slices.Concat(h.bound, h.daemons, h.placed) }

// without is the list without the pod.
func without(pods []*corev1.Pod, pod *corev1.Pod) []*corev1.Pod {
	return slices.DeleteFunc(slices.Clone(pods), func(p *corev1.Pod) bool { return p == pod })
}

func mapKeys[K comparable, V any](m map[K]V) func(yield func(K) bool) { return maps.Keys(m) }

func byName(a, b *corev1.Pod) int { return strings.Compare(name(a).String(), name(b).String()) }

// newWorld builds the final state. Assignments and launches that make no sense are left out; Check reports them.
func newWorld(s *scheduling.Snapshot, plan *scheduling.Plan) *world {
	w := &world{
		s: s, plan: plan, pending: map[types.NamespacedName]*corev1.Pod{}, promised: newPromises(),
		asked: map[*corev1.Pod]map[corev1.ResourceName]int64{}, heard: map[string]mentions{}, selected: map[termAndPod]bool{},
		parsed: map[*metav1.LabelSelector]labels.Selector{}, spreads: map[*corev1.Pod][]*spread{},
	}
	for _, pod := range s.Pods {
		if planned(s, pod) {
			w.pending[name(pod)] = pod
		}
	}
	w.daemons = slices.SortedFunc(slices.Values(s.DaemonPods), byName)
	for i := range s.Nodes {
		w.existing = append(w.existing, w.existingHost(&s.Nodes[i]))
	}
	slices.SortFunc(w.existing, func(a, b *host) int { return strings.Compare(a.node.Name, b.node.Name) })
	w.keepPromises()
	w.hosts = w.existing
	w.oweDaemons()
	if plan != nil {
		for i := range plan.Launches {
			l := &plan.Launches[i]
			if l.Node == nil {
				continue
			}
			h := &host{node: l.Node, launch: l, typ: w.instanceType(l)}
			h.daemons = w.daemonsOn(l.Node)
			w.launched = append(w.launched, h)
		}
	}
	w.hosts = slices.Concat(w.existing, w.launched)
	if plan != nil {
		for _, a := range plan.Assignments {
			pod := w.pending[a.Pod]
			if h := w.host(a); h != nil && pod != nil {
				h.placed = append(h.placed, pod)
			}
		}
	}
	w.pools = w.readPools()
	return w
}

// host finds the target of an assignment.
func (w *world) host(a scheduling.Assignment) *host {
	list := w.existing
	if a.Launch {
		list = w.launched
	}
	for _, h := range list {
		if h.launch != nil && h.launch.Name == a.Node || h.launch == nil && h.node.Name == a.Node {
			return h
		}
	}
	return nil
}

// existingHost is a node or claim as it will be, with the pods bound to it.
func (w *world) existingHost(n *scheduling.Node) *host {
	h := &host{node: settled(n)}
	if starting(n) {
		for _, t := range w.s.InstanceTypes[n.Claim.Labels["karpenter.sh/nodepool"]] {
			if t.Name == n.Claim.Labels[corev1.LabelInstanceTypeStable] {
				h.typ = t
			}
		}
	}
	h.leaving = n.Node != nil && n.Node.DeletionTimestamp != nil || n.Claim != nil && n.Claim.DeletionTimestamp != nil
	for _, pod := range n.Pods {
		if !finished(pod) {
			h.bound = append(h.bound, pod)
		}
	}
	return h
}

// starting reports whether the claim says more of the node than the node itself.
func starting(n *scheduling.Node) bool {
	return n.Claim != nil && (n.Node == nil || n.Node.Labels["karpenter.sh/initialized"] != "true")
}

// settled is the node as it will be once initialised.
func settled(n *scheduling.Node) *corev1.Node {
	out := &corev1.Node{}
	claim := n.Claim
	if n.Node != nil {
		out = n.Node.DeepCopy()
	} else {
		out.Name = claim.Name
		out.Labels = maps.Clone(claim.Labels)
		out.Spec.Taints = slices.Clone(claim.Spec.Taints)
		out.Status.Capacity = claim.Status.Capacity.DeepCopy()
		out.Status.Allocatable = claim.Status.Allocatable.DeepCopy()
	}
	if out.Labels == nil {
		out.Labels = map[string]string{}
	}
	if n.Node != nil && starting(n) {
		for key, value := range claim.Labels {
			if _, ok := out.Labels[key]; !ok {
				out.Labels[key] = value
			}
		}
		out.Spec.Taints = slices.DeleteFunc(out.Spec.Taints, func(t corev1.Taint) bool { return passing(t, claim) })
		out.Status.Capacity = filled(out.Status.Capacity, claim.Status.Capacity)
		out.Status.Allocatable = filled(out.Status.Allocatable, claim.Status.Allocatable)
	}
	if out.Labels[corev1.LabelHostname] == "" {
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

// passing reports whether a taint is there during start-up only.
func passing(t corev1.Taint, claim *v1.NodeClaim) bool {
	switch t.Key {
	case "node.kubernetes.io/not-ready", "karpenter.sh/unregistered":
		return true
	case "node.kubernetes.io/unreachable", "node.cloudprovider.kubernetes.io/uninitialized":
		return t.Effect == corev1.TaintEffectNoSchedule
	}
	for _, s := range claim.Spec.StartupTaints {
		if s.Key == t.Key && s.Effect == t.Effect {
			return true
		}
	}
	return false
}

func filled(have, expected corev1.ResourceList) corev1.ResourceList {
	out := corev1.ResourceList{}
	for resource, q := range have {
		out[resource] = q
	}
	for resource, q := range expected {
		if mine, ok := out[resource]; !ok || mine.IsZero() {
			out[resource] = q
		}
	}
	return out
}
