package scenario

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

const disrupt = v1alpha1.DecideDisrupt

// defaultAge is how old nodes and claims are whose documents do not say.
const defaultAge = time.Hour

// running completes what is there and runs, so that whoever writes a scenario about disruption need not say that all is
// well: a node without conditions is ready, a bound pod without phase and conditions runs and is ready, and nodes and claims
// without creationTimestamp were created an hour ago.
func running(s *scheduling.Snapshot) {
	born := metav1.NewTime(s.Now.Add(-defaultAge).UTC())
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if c := n.Claim; c != nil && c.CreationTimestamp.IsZero() {
			c.CreationTimestamp = born
			if n.Node != nil && !n.Node.CreationTimestamp.IsZero() {
				c.CreationTimestamp = n.Node.CreationTimestamp
			}
		}
		if node := n.Node; node != nil {
			if node.CreationTimestamp.IsZero() {
				node.CreationTimestamp = born
				if n.Claim != nil {
					node.CreationTimestamp = n.Claim.CreationTimestamp
				}
			}
			if len(node.Status.Conditions) == 0 {
				node.Status.Conditions = []corev1.NodeCondition{
					{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastTransitionTime: node.CreationTimestamp},
				}
			}
		}
		for _, pod := range n.Pods {
			if pod.Status.Phase == "" {
				pod.Status.Phase = corev1.PodRunning
			}
			if pod.Status.Phase == corev1.PodRunning && len(pod.Status.Conditions) == 0 {
				pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
			}
		}
	}
}

// instant is the newest timestamp of some documents, and which of them has it.
type instant struct {
	at   time.Time
	from origin
	path string
}

// timestamps are the fields that say when something happened. Those that look ahead, as deletionTimestamp does, are none
// of them.
func isTimestamp(name string) bool {
	switch name {
	case "creationTimestamp", "lastTransitionTime", "lastHeartbeatTime", "lastProbeTime", "lastUpdateTime", "lastPodEventTime",
		"startTime", "startedAt", "finishedAt", "acquireTime", "renewTime":
		return true
	}
	return false
}

// maxLook bounds how deep a document is searched.
const maxLook = 12

// look takes note of the document's timestamps. Items of a list are documents of their own.
func (n *instant) look(o origin, v *value) {
	if o.item == 0 && v.field("items") != nil {
		return
	}
	n.search(o, v, 0)
}

func (n *instant) search(o origin, v *value, depth int) {
	if depth > maxLook {
		return
	}
	for i := range v.items {
		item := &v.items[i]
		if v.shape == object && item.shape == text && isTimestamp(v.keys[i].name) {
			if at, err := time.Parse(time.RFC3339, item.scalar); err == nil && at.After(n.at) {
				*n = instant{at: at, from: o, path: v.keys[i].name}
			}
			continue
		}
		if len(item.items) > 0 {
			n.search(o, item, depth+1)
		}
	}
}
