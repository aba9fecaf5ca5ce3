package kube

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	podresources "k8s.io/component-helpers/resource"

	"github.com/kerf-autoscaler/kerf/internal/resource"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// slots counts for how many pods of each controller nodes have room, if no others came. Whatever has no slot has no place.
type slots struct {
	index   resource.Index
	demands map[types.UID]resource.Vector // by controller; pods of one are alike
	nodes   []scheduling.Node             // those that take pods
	free    map[string]resource.Vector    // by node
	counted map[types.UID]*slotCount
}

// slotCount is how many pods of one controller there is room for.
type slotCount struct {
	on    map[string]int64 // by node
	total int64
}

// newSlots looks at nodes that take pods.
func newSlots(nodes []scheduling.Node) *slots {
	s := &slots{
		index:   resource.NewIndex(corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourcePods),
		demands: map[types.UID]resource.Vector{}, nodes: nodes, free: map[string]resource.Vector{}, counted: map[types.UID]*slotCount{},
	}
	for _, n := range nodes {
		allocatable := corev1.ResourceList(nil)
		if n.Node != nil {
			allocatable = n.Node.Status.Allocatable
		} else {
			allocatable = n.Claim.Status.Allocatable
		}
		free := s.index.Capacity(allocatable)
		for _, p := range n.Pods {
			if !terminal(p) {
				free.Sub(s.demand(p), 1)
			}
		}
		s.free[n.Name()] = free
	}
	return s
}

// demand is what the pod asks for.
func (s *slots) demand(p *corev1.Pod) resource.Vector {
	owner := metav1.GetControllerOfNoCopy(p)
	if owner != nil {
		if known, ok := s.demands[owner.UID]; ok {
			return known
		}
	}
	list := podresources.PodRequests(p, podresources.PodResourcesOptions{})
	list[corev1.ResourcePods] = *resource.Quantity(corev1.ResourcePods, 1)
	demand := s.index.Demand(list)
	if owner != nil {
		s.demands[owner.UID] = demand
	}
	return demand
}

// count is how many pods like this one there is room for.
func (s *slots) count(owner types.UID, p *corev1.Pod) *slotCount {
	if c := s.counted[owner]; c != nil {
		return c
	}
	c := &slotCount{on: map[string]int64{}}
	demand := s.demand(p)
	for _, n := range s.nodes {
		node := n.Node
		if node == nil {
			node = &corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: n.Claim.Labels}}
		}
		if times := s.free[n.Name()].Times(demand, 1<<20); times > 0 && admits(node, p) {
			c.on[n.Name()] = times
			c.total += times
		}
	}
	s.counted[owner] = c
	return c
}

// homeless are pods of the nodes that have no place once these are gone, whatever becomes of the others. There may be more.
func (s *slots) homeless(nodes []*target) []*corev1.Pod {
	moving := map[types.UID][]*corev1.Pod{}
	var order []types.UID // of the controllers, so that the answer is always the same
	for _, t := range nodes {
		for _, p := range t.Pods {
			if !reschedulable(p) {
				continue
			}
			owner := metav1.GetControllerOfNoCopy(p).UID
			if moving[owner] == nil {
				order = append(order, owner)
			}
			moving[owner] = append(moving[owner], p)
		}
	}
	var out []*corev1.Pod
	for _, owner := range order {
		pods := moving[owner]
		c := s.count(owner, pods[0])
		room := c.total
		for _, t := range nodes {
			room -= c.on[t.Name()]
		}
		if short := int64(len(pods)) - room; short > 0 {
			out = append(out, pods[:min(short, int64(len(pods)))]...)
		}
	}
	return out
}
