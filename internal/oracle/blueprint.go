package oracle

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// freshName is the hostname of a node that nobody has named yet. It is no valid name, so nobody asks for it.
const freshName = "~fresh"

// build is an empty node launched from the blueprint, with its DaemonSets.
func (w *world) build(b *blueprint) *host {
	if b.built == nil {
		b.built = w.draft(b)
	}
	fresh := *b.built
	return &fresh
}

func (w *world) draft(b *blueprint) *host {
	labels := maps.Clone(b.labels)
	labels[corev1.LabelHostname] = freshName
	if ref := b.pool.source.Spec.Template.Spec.NodeClassRef; ref != nil && ref.Group != "" {
		labels[classLabel(b.pool)] = ref.Name
	}
	for old, today := range kubeletLabels() {
		if value, ok := labels[today]; ok {
			labels[old] = value
		}
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: freshName, Labels: labels}}
	node.Spec.Taints = b.pool.source.Spec.Template.Spec.Taints
	node.Status.Capacity = b.typ.Capacity
	node.Status.Allocatable = allocatable(b)
	return &host{node: node, typ: b.typ, daemons: w.daemonsOn(node)}
}

// kubeletLabels are the old labels that a kubelet puts on a node beside today's.
func kubeletLabels() map[string]string {
	return map[string]string{
		"beta.kubernetes.io/arch":          corev1.LabelArchStable,
		"beta.kubernetes.io/os":            corev1.LabelOSStable,
		"beta.kubernetes.io/instance-type": corev1.LabelInstanceTypeStable,
	}
}

// allocatable is capacity minus overhead, never below zero.
func allocatable(b *blueprint) corev1.ResourceList {
	out := corev1.ResourceList{}
	for name, q := range b.typ.Capacity {
		left := q.DeepCopy()
		left.Sub(b.typ.Overhead[name])
		if left.Cmp(resource.Quantity{}) < 0 {
			left = resource.Quantity{}
		}
		out[name] = left
	}
	return out
}

// stockKey names the offering's finite supply; empty when it is endless.
func (b *blueprint) stockKey() string {
	if b.offering.Stock == nil {
		return ""
	}
	return b.offering.Stock.Key
}

// stockSize is the smallest count that any offering states for the supply.
func (w *world) stockSize(key string) int {
	size := -1
	for _, list := range w.s.InstanceTypes {
		for _, t := range list {
			for _, o := range t.Offerings {
				if o.Stock != nil && o.Stock.Key == key && (size < 0 || o.Stock.Count < size) {
					size = o.Stock.Count
				}
			}
		}
	}
	return size
}

// sold reports whether the offering can be bought, what the plan buys aside.
func (w *world) sold(b *blueprint) bool {
	return b.offering.Available && (b.offering.Stock == nil || w.stockSize(b.stockKey()) > 0)
}

// beside is the world with one more node, launched from the blueprint.
func (w *world) beside(b *blueprint) (*world, *host) {
	with, h := *w, w.build(b)
	with.hosts = append(slices.Clone(w.hosts), h)
	return &with, h
}

// instead is the world in which a launch follows the blueprint, under its own name, and has those pods.
func (w *world) instead(launch *host, b *blueprint, pods []*corev1.Pod) (*world, *host) {
	with, h := *w, w.build(b)
	node := *h.node
	node.Name, node.Labels = launch.node.Name, maps.Clone(node.Labels)
	node.Labels[corev1.LabelHostname] = launch.node.Name
	h.node, h.placed = &node, pods
	with.hosts = slices.Clone(w.hosts)
	if at := slices.Index(with.hosts, launch); at >= 0 {
		with.hosts[at] = h
	}
	return &with, h
}

// holds reports whether a launch could follow the blueprint and host those pods together, everything else staying where
// it is. Skew that the plan has anyway does not count here.
func (w *world) holds(launch *host, b *blueprint, pods []*corev1.Pod) bool {
	with, h := w.instead(launch, b, pods)
	for _, pod := range pods {
		for _, r := range with.turnedAway(pod, h) {
			if r.code != scheduling.TopologySpread || !slices.Contains(w.skewed(pod, launch), r) {
				return false
			}
		}
	}
	return true
}

// serves reports whether a launch could follow the blueprint and host those pods together as far as the node alone
// decides. The types that a pool's minValues ask for need not serve in the zone, or whatever domain, that the plan chose.
func (w *world) serves(launch *host, b *blueprint, pods []*corev1.Pod) bool {
	with, h := w.instead(launch, b, pods)
	for _, pod := range pods {
		for _, r := range with.turnedAway(pod, h) {
			elsewhere := r.code == scheduling.TopologySpread || r.code == scheduling.PodAffinity || r.code == scheduling.PodAntiAffinity
			if !elsewhere {
				return false
			}
		}
	}
	return true
}
