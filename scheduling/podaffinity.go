package scheduling

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Required pod affinity. The scheduler admits a pod to a node that has the topology keys of all the pod's terms if, for
// each term, a pod runs in the node's domain of that key which all terms select. While no such pod runs anywhere, one
// that its own terms select may go to any node that has the keys: the first of its group.

// affinity is all required terms of a pod together.
type affinity struct {
	keys    []string
	matcher int32
}

// requiredAffinity are the pod's required affinity terms.
func requiredAffinity(pod *corev1.Pod) []corev1.PodAffinityTerm {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAffinity == nil {
		return nil
	}
	return pod.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

// addAffinity notes the pod's affinity terms; nil if there are none.
func (t *terms) addAffinity(f *findings, x printer, pod *corev1.Pod, path string, known bool) *affinity {
	list := requiredAffinity(pod)
	if len(list) == 0 {
		return nil
	}
	out := &affinity{}
	var selectors []podSelector
	for i := range list {
		where := fmt.Sprintf("%s.spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[%d]", path, i)
		selector, ok := readTerm(f, where, pod, &list[i], known)
		if !ok {
			continue
		}
		out.keys = append(out.keys, list[i].TopologyKey)
		selectors = append(selectors, selector)
	}
	out.matcher = t.matcher(x, matcher{selectors: selectors})
	return out
}

// constraints are what a pod requires of where other pods are.
type constraints struct {
	spreads  []spread
	affinity *affinity
	group    *affinity // to the other members of the pod's group
	anti     []int32   // anti-affinity terms and ports, over hosts and wider domains

	// Of rungs, what they keep beside what is required, topology spread apart.
	soft  []*affinity
	avoid []*softAnti // over domains wider than a host
}

// near is what the pod requires to be close to.
func (c *constraints) near() []*affinity {
	var out []*affinity
	for _, a := range []*affinity{c.affinity, c.group} {
		if a != nil {
			out = append(out, a)
		}
	}
	return append(out, c.soft...)
}

// constraintsOf notes what the pod requires; spreads are the topology spread constraints that hold for it.
func (t *terms) constraintsOf(f *findings, x printer, pod *corev1.Pod, path string, spreads []corev1.TopologySpreadConstraint, known bool) *constraints {
	return &constraints{
		spreads:  t.addSpreads(f, x, pod, path, spreads),
		affinity: t.addAffinity(f, x, pod, path, known),
		group:    t.addGroup(x, pod),
		anti:     t.addAnti(f, x, pod, path, known),
	}
}

// print tells constraints apart.
func (c *constraints) print(x printer) print128 {
	h := print128{}.number(uint64(len(c.spreads)))
	for _, s := range c.spreads {
		h = h.join(x.text(s.key)).number(uint64(s.matcher + 1)).number(uint64(s.maxSkew)).number(uint64(s.minDomains))
		if s.affinity {
			h = h.number(1)
		}
		if s.taints {
			h = h.number(2)
		}
	}
	for _, a := range c.near() {
		h = h.join(x.texts(a.keys)).number(uint64(a.matcher))
	}
	h = h.number(uint64(len(c.anti)) + 1)
	for _, id := range slices.Sorted(slices.Values(c.anti)) {
		h = h.number(uint64(id))
	}
	return h
}
