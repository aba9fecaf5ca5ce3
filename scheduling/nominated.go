package scheduling

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// A waiting pod with status.nominatedNodeName has been found a node by the scheduler, which keeps room for it there: mostly
// until the pods that it preempts are gone. Such a pod needs no decision. As long as its node exists, admits it, and has
// room for it once the pods that are being deleted there are gone, the planner buys nothing for it, counts it as if it
// were bound there, and leaves it out with code [Nominated]. The scheduler lets pods of higher priority into that room;
// the planner does not, rather than let two pods count on it. A nomination that cannot come true is ignored.

// promise is a waiting pod that counts as bound to the node that it is nominated to.
type promise struct {
	pod  *corev1.Pod
	node string
}

// honourNominations puts pods that have been found a node there, and returns them: they are no demand. Where not all of
// them have room, those of the highest priority come first, then by name.
func (p *Problem) honourNominations(all []waiting) map[*corev1.Pod]bool {
	var nominated []*corev1.Pod
	for i := range all {
		if all[i].nominated {
			nominated = append(nominated, all[i].pod)
		}
	}
	if len(nominated) == 0 {
		return nil
	}
	byName := make(map[string]*node, len(p.nodes))
	for i := range p.nodes {
		byName[p.nodes[i].object.Name] = &p.nodes[i]
	}
	slices.SortStableFunc(nominated, func(a, b *corev1.Pod) int { return cmp.Compare(priority(b), priority(a)) })
	honoured := map[*corev1.Pod]bool{}
	for _, pod := range nominated {
		n := byName[pod.Status.NominatedNodeName]
		if n == nil || !n.keeps(pod) {
			continue
		}
		n.pods = append(n.pods, pod)
		honoured[pod] = true
		p.promises = append(p.promises, promise{pod, n.object.Name})
	}
	for i := range p.nodes {
		slices.SortFunc(p.nodes[i].pods, comparePods)
	}
	slices.SortFunc(p.promises, func(a, b promise) int { return comparePods(a.pod, b.pod) })
	return honoured
}

// keeps reports whether the node admits the pod and has room for it beside the pods that stay.
func (n *node) keeps(pod *corev1.Pod) bool {
	if _, bad := untolerated(n.taints, pod.Spec.Tolerations); bad || n.leaving {
		return false
	}
	admitted, err := nodeaffinity.NewRequiredNodeAffinity(pod.Spec.NodeSelector, pod.Spec.Affinity).Match(n.object)
	if err != nil || !admitted {
		return false
	}
	needed := requests(pod)
	for _, other := range n.pods {
		if other.DeletionTimestamp != nil {
			continue
		}
		for name, quantity := range requests(other) {
			if total, asked := needed[name]; asked {
				total.Add(quantity)
				needed[name] = total
			}
		}
	}
	own := requests(pod)
	for name, quantity := range needed {
		have := n.object.Status.Allocatable[name]
		if asked := own[name]; asked.Sign() > 0 && quantity.Cmp(have) > 0 {
			return false
		}
	}
	return true
}

// unplaced is what a plan says of the pod.
func (p promise) unplaced() Unplaced {
	return Unplaced{Pod: podName(p.pod), Verdict: NotEvaluated, Rejections: []Rejection{{Code: Nominated, Key: p.node, Count: 1}}}
}
