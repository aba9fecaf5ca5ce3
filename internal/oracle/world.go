package oracle

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
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
	pools    []*pool                              // by name
	far      bool                                 // a pod on one host may exclude a pod from another
	asked    map[*corev1.Pod]map[corev1.ResourceName]int64
	heard    map[string]mentions
}

// host is a node of the final state.
type host struct {
	node    *corev1.Node
	leaving bool
	launch  *scheduling.Launch // nil for an existing node
	bound   []*corev1.Pod      // there already
	daemons []*corev1.Pod      // of DaemonSets: all on a launch, those still owed on an existing node
	placed  []*corev1.Pod      // by the plan
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
	w := &world{s: s, plan: plan, pending: map[types.NamespacedName]*corev1.Pod{}, heard: map[string]mentions{}, asked: map[*corev1.Pod]map[corev1.ResourceName]int64{}}
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
	if plan != nil {
		for i := range plan.Launches {
			l := &plan.Launches[i]
			if l.Node == nil {
				continue
			}
			h := &host{node: l.Node, launch: l}
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
	w.far = w.reachesFar()
	return w
}

// reachesFar reports whether some pod excludes others over more than its own host: by a term over another key than the
// hostname, or because two hosts share one.
func (w *world) reachesFar() bool {
	names := map[string]bool{}
	for _, h := range w.hosts {
		hostname := h.node.Labels[corev1.LabelHostname]
		if names[hostname] {
			return true
		}
		names[hostname] = true
		for _, pod := range h.pods() {
			for _, term := range antiTerms(pod) {
				if term.TopologyKey != corev1.LabelHostname {
					return true
				}
			}
		}
	}
	for _, pod := range w.pending {
		for _, term := range antiTerms(pod) {
			if term.TopologyKey != corev1.LabelHostname {
				return true
			}
		}
	}
	return false
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

// existingHost is a node or claim as it will be, with the pods bound to it and the DaemonSets owed to it. Owed ones are
// taken by name, each if it has room beside the bound pods and those before it and none of them excludes it.
func (w *world) existingHost(n *scheduling.Node) *host {
	h := &host{node: settled(n)}
	h.leaving = n.Node != nil && n.Node.DeletionTimestamp != nil || n.Claim != nil && n.Claim.DeletionTimestamp != nil
	for _, pod := range n.Pods {
		if !finished(pod) {
			h.bound = append(h.bound, pod)
		}
	}
	for _, daemon := range w.daemonsOn(h.node) {
		present := slices.ContainsFunc(h.bound, func(pod *corev1.Pod) bool { return ownedBy(pod, daemon) })
		excluded := slices.ContainsFunc(h.pods(), func(pod *corev1.Pod) bool {
			return clash(daemon, pod) != "" || w.exclude(daemon, pod, h.node, h.node)
		})
		if !present && !excluded && len(w.lacking(h.node.Status.Allocatable, h.pods(), daemon)) == 0 {
			h.daemons = append(h.daemons, daemon)
		}
	}
	return h
}

// ownedBy reports whether the pod is a DaemonSet's.
func ownedBy(pod, daemon *corev1.Pod) bool {
	for _, owner := range pod.OwnerReferences {
		if owner.Kind == "DaemonSet" && owner.Name == daemon.Name && pod.Namespace == daemon.Namespace {
			return true
		}
	}
	return false
}

// daemonsOn are the DaemonSets that the DaemonSet controller runs on the node.
func (w *world) daemonsOn(node *corev1.Node) []*corev1.Pod {
	var out []*corev1.Pod
	for _, daemon := range w.daemons {
		tolerations := slices.Clone(daemon.Spec.Tolerations)
		exists := func(key string, effect corev1.TaintEffect) {
			tolerations = append(tolerations, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: effect})
		}
		exists("node.kubernetes.io/not-ready", corev1.TaintEffectNoExecute)
		exists("node.kubernetes.io/unreachable", corev1.TaintEffectNoExecute)
		exists("node.kubernetes.io/disk-pressure", corev1.TaintEffectNoSchedule)
		exists("node.kubernetes.io/memory-pressure", corev1.TaintEffectNoSchedule)
		exists("node.kubernetes.io/pid-pressure", corev1.TaintEffectNoSchedule)
		exists("node.kubernetes.io/unschedulable", corev1.TaintEffectNoSchedule)
		if daemon.Spec.HostNetwork {
			exists("node.kubernetes.io/network-unavailable", corev1.TaintEffectNoSchedule)
		}
		if _, bad := untolerated(node, tolerations); !bad && matches(daemon, node) {
			out = append(out, daemon)
		}
	}
	return out
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
	if n.Node != nil && claim != nil && out.Labels["karpenter.sh/initialized"] != "true" {
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
