package disruption

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// domains are the values of the nodes' labels that pods of commands are spread over. A launch that brings a value that no node
// has, such as the first node of a zone, is a domain without pods: it changes what every other domain may hold, and so might
// keep pods from the places that other commands have found for them.
type domains struct {
	there map[string]map[string]bool // values by key, of all nodes before any command
	asked map[string]bool            // keys that pods of the commands are spread over
}

func newDomains(nodes []scheduling.Node) domains {
	d := domains{there: map[string]map[string]bool{}, asked: map[string]bool{}}
	for i := range nodes {
		if n := nodes[i].Node; n != nil {
			for key, value := range n.Labels {
				if d.there[key] == nil {
					d.there[key] = map[string]bool{}
				}
				d.there[key][value] = true
			}
		}
	}
	return d
}

// opens is a key that pods of the commands chosen so far are spread over, and of which the part's launches bring a new value;
// empty if there is none.
func (d *domains) opens(t *part) string {
	for key := range d.asked {
		for i := range t.launches {
			if value, ok := t.launches[i].Node.Labels[key]; key == corev1.LabelHostname || ok && !d.there[key][value] {
				return key
			}
		}
	}
	return ""
}

// join notes what the part's pods are spread over.
func (d *domains) join(t *part) {
	for _, c := range t.remove {
		for _, pod := range c.movable {
			for i := range pod.Spec.TopologySpreadConstraints {
				if s := &pod.Spec.TopologySpreadConstraints[i]; s.WhenUnsatisfiable == corev1.DoNotSchedule {
					d.asked[s.TopologyKey] = true
				}
			}
		}
	}
}
