package scheduling

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Topology spread (DoNotSchedule). The scheduler admits a pod to a domain if
//
//	pods in the domain that the selector selects + 1 if it selects the pod itself - minimum over all domains <= maxSkew
//
// where domains are the values of the topology key on nodes that carry the keys of all the pod's constraints and that
// the node inclusion policies admit, and the minimum is 0 while there are fewer than minDomains of them.

// spread is one hard constraint.
type spread struct {
	key                 string
	matcher             int32 // -1 if the selector selects no pod: then only the key must be there
	maxSkew, minDomains int32
	affinity, taints    bool // node inclusion policies that are honoured
}

// addSpreads notes the pod's hard constraints.
func (t *terms) addSpreads(f *findings, x printer, pod *corev1.Pod, path string, list []corev1.TopologySpreadConstraint) []spread {
	var out []spread
	for i := range list {
		if list[i].WhenUnsatisfiable == corev1.ScheduleAnyway {
			continue
		}
		if s, ok := t.readSpread(f, x, pod, fmt.Sprintf("%s.spec.topologySpreadConstraints[%d]", path, i), &list[i]); ok {
			out = append(out, s)
		}
	}
	return out
}

// readSpread reads a constraint, hard or soft; false, and a finding, if it makes no sense.
func (t *terms) readSpread(f *findings, x printer, pod *corev1.Pod, where string, c *corev1.TopologySpreadConstraint) (spread, bool) {
	s := spread{key: c.TopologyKey, matcher: -1, maxSkew: c.MaxSkew, minDomains: 1, affinity: true}
	switch {
	case c.MaxSkew <= 0:
		f.add(where+".maxSkew", "must be positive, is %d", c.MaxSkew)
		return s, false
	case c.TopologyKey == "":
		f.add(where+".topologyKey", "must not be empty")
		return s, false
	}
	if c.MinDomains != nil {
		s.minDomains = *c.MinDomains
	}
	if c.NodeAffinityPolicy != nil {
		s.affinity = *c.NodeAffinityPolicy == corev1.NodeInclusionPolicyHonor
	}
	if c.NodeTaintsPolicy != nil {
		s.taints = *c.NodeTaintsPolicy == corev1.NodeInclusionPolicyHonor
	}
	selector, err := spreadSelector(pod, c)
	if err != nil {
		f.add(where+".labelSelector", "%v", err)
		return s, false
	}
	if requirements, selectable := selector.Requirements(); selectable && len(requirements) > 0 {
		s.matcher = t.matcher(x, matcher{living: true, selectors: []podSelector{{
			labels: selector, namespaces: map[string]bool{pod.Namespace: true},
		}}})
	}
	return s, true
}

// spreadSelector is the constraint's selector with the pod's own values of matchLabelKeys.
func spreadSelector(pod *corev1.Pod, c *corev1.TopologySpreadConstraint) (labels.Selector, error) {
	return mergedSelector(c.LabelSelector, mergedKeys(pod, c.MatchLabelKeys, "In"))
}
