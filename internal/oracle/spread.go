package oracle

import (
	"math"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Topology spread with whenUnsatisfiable DoNotSchedule: as the scheduler's plugin PodTopologySpread reads it.

// spread is one constraint of a pod.
type spread struct {
	pod                        *corev1.Pod
	key                        string
	maxSkew, minDomains        int
	honorAffinity, honorTaints bool
	selector                   labels.Selector
	countedPods                map[*corev1.Pod]bool  // known answers of counts
	countedNodes               map[*corev1.Node]bool // known answers of looksAt
}

// skewed lists the keys of the pod's constraints that the pod would break on the host. The pod itself counts only where
// it would run.
func (w *world) skewed(pod *corev1.Pod, h *host) []reason {
	constraints := w.spreadsOf(pod)
	var out []reason
	for _, c := range constraints {
		value, ok := h.node.Labels[c.key]
		if !ok {
			out = append(out, reason{scheduling.TopologySpread, c.key})
			continue
		}
		domains := map[string]int{}
		for _, at := range w.hosts {
			if !hasKeys(at.node, constraints) || !c.looksAt(at.node) {
				continue
			}
			n := 0
			for _, other := range at.pods() {
				if other != pod && c.counts(other) {
					n++
				}
			}
			domains[at.node.Labels[c.key]] += n
		}
		fewest := math.MaxInt32
		for _, n := range domains {
			fewest = min(fewest, n)
		}
		if len(domains) < c.minDomains {
			fewest = 0
		}
		itself := 0
		if c.selector.Matches(labels.Set(pod.Labels)) {
			itself = 1
		}
		if domains[value]+itself-fewest > c.maxSkew {
			out = append(out, reason{scheduling.TopologySpread, c.key})
		}
	}
	return out
}

// hasKeys reports whether the node has the labels of all constraints. One that lacks any is no part of any domain.
func hasKeys(node *corev1.Node, constraints []*spread) bool {
	for _, c := range constraints {
		if _, ok := node.Labels[c.key]; !ok {
			return false
		}
	}
	return true
}

// looksAt reports whether the constraint's policies let the node count. A cordoned node counts as long as it carries no
// taint.
func (c *spread) looksAt(node *corev1.Node) bool {
	answer, known := c.countedNodes[node]
	if known {
		return answer
	}
	answer = !c.honorAffinity || matches(c.pod, node)
	if c.honorTaints {
		for _, taint := range node.Spec.Taints {
			if taint.Effect == corev1.TaintEffectNoSchedule || taint.Effect == corev1.TaintEffectNoExecute {
				answer = answer && tolerates(c.pod.Spec.Tolerations, taint)
			}
		}
	}
	c.countedNodes[node] = answer
	return answer
}

// counts reports whether the other pod is one that is to be spread. Pods being deleted are not, and a selector that
// selects everything counts nothing.
func (c *spread) counts(other *corev1.Pod) bool {
	answer, known := c.countedPods[other]
	if !known {
		answer = !c.selector.Empty() && other.DeletionTimestamp == nil && other.Namespace == c.pod.Namespace &&
			c.selector.Matches(labels.Set(other.Labels))
		c.countedPods[other] = answer
	}
	return answer
}

// spreadsOf are the constraints that bind the pod: its own, or the scheduler's defaults if it states none at all.
func (w *world) spreadsOf(pod *corev1.Pod) []*spread {
	known, ok := w.spreads[pod]
	if ok {
		return known
	}
	stated := pod.Spec.TopologySpreadConstraints
	if len(stated) == 0 {
		stated = w.defaultSpreads(pod)
	}
	var out []*spread
	for i := range stated {
		if stated[i].WhenUnsatisfiable == corev1.DoNotSchedule {
			out = append(out, w.readSpread(pod, &stated[i]))
		}
	}
	w.spreads[pod] = out
	return out
}

func (w *world) readSpread(pod *corev1.Pod, c *corev1.TopologySpreadConstraint) *spread {
	out := &spread{
		pod: pod, key: c.TopologyKey, maxSkew: int(c.MaxSkew), minDomains: 1, honorAffinity: true,
		selector: w.selector(c.LabelSelector), countedPods: map[*corev1.Pod]bool{}, countedNodes: map[*corev1.Node]bool{},
	}
	if c.MinDomains != nil {
		out.minDomains = int(*c.MinDomains)
	}
	if c.NodeAffinityPolicy != nil {
		out.honorAffinity = *c.NodeAffinityPolicy == corev1.NodeInclusionPolicyHonor
	}
	if c.NodeTaintsPolicy != nil {
		out.honorTaints = *c.NodeTaintsPolicy == corev1.NodeInclusionPolicyHonor
	}
	if c.LabelSelector == nil {
		return out // selects nothing, whatever the keys say
	}
	selector := c.LabelSelector.DeepCopy()
	for _, key := range c.MatchLabelKeys {
		if value, ok := pod.Labels[key]; ok {
			selector.MatchExpressions = append(selector.MatchExpressions, metav1.LabelSelectorRequirement{
				Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{value},
			})
		}
	}
	out.selector = w.selector(selector)
	return out
}
