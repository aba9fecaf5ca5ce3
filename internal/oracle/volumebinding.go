package oracle

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Claims: as the scheduler's plugin VolumeBinding reads them.

// volumeReasons lists what the pod's volumes have against the host.
func (w *world) volumeReasons(pod *corev1.Pod, h *host) []reason {
	if len(pod.Spec.Volumes) == 0 {
		return nil
	}
	var out []reason
	for _, problem := range []string{
		w.claimProblem(pod), w.bindingProblem(pod, h), w.zoneProblem(pod, h), w.sharingProblem(pod, h), w.attachProblem(pod, h),
	} {
		if problem != "" {
			out = append(out, reason{scheduling.VolumeConflict, problem})
		}
	}
	return out
}

// claimProblem says why one of the pod's claims cannot be used anywhere; empty when all can.
func (w *world) claimProblem(pod *corev1.Pod) string {
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		name, ok := claimName(pod, v)
		if !ok {
			continue
		}
		c := w.claim(pod.Namespace, name)
		switch {
		case c == nil:
			return "there is no claim " + name
		case c.Status.Phase == corev1.ClaimLost:
			return "claim " + name + " has lost its volume"
		case c.DeletionTimestamp != nil:
			return "claim " + name + " is being deleted"
		case v.Ephemeral != nil && !metav1.IsControlledBy(c, pod):
			return "claim " + name + " is not the pod's"
		case !isBound(c) && !w.waitsForPod(c):
			return "claim " + name + " is not bound"
		case isBound(c) && w.volume(c.Spec.VolumeName) == nil:
			return "there is no volume " + c.Spec.VolumeName
		}
	}
	return ""
}

// bindingProblem says which of the pod's claims keeps it from the host: its volume is elsewhere, or it could not get one
// there.
func (w *world) bindingProblem(pod *corev1.Pod, h *host) string {
	for i := range pod.Spec.Volumes {
		name, ok := claimName(pod, &pod.Spec.Volumes[i])
		if c := w.claim(pod.Namespace, name); ok && c != nil && isBound(c) {
			if v := w.volume(c.Spec.VolumeName); v != nil && !reachable(v, h.node) {
				return "volume " + v.Name + " is elsewhere"
			}
		}
	}
	_, problem := w.settle(pod, h)
	return problem
}

// settle finds volumes for the claims of the pod that wait for it, if it is bound to the host: for each the smallest that
// is there and will do, otherwise one that will be made. It returns what this promises.
func (w *world) settle(pod *corev1.Pod, h *host) (*promises, string) {
	out := newPromises()
	for _, c := range w.waitingClaims(pod) {
		node, chosen := w.chosenNode(c)
		if chosen && node != h.node.Name {
			return nil, "claim " + c.Name + " waits on " + node
		}
		if !chosen {
			if v := w.volumeFor(c, h.node, out.volume); v != nil {
				out.volume[v.Name] = claimKey(c)
				continue
			}
		}
		if problem := w.provisionProblem(c, h.node); problem != "" {
			return nil, problem
		}
		out.node[claimKey(c)] = h.node.Name
	}
	return out, ""
}

// chosenNode is the node for which the claim's volume is being made.
func (w *world) chosenNode(c *corev1.PersistentVolumeClaim) (string, bool) {
	if node, ok := c.Annotations["volume.kubernetes.io/selected-node"]; ok {
		return node, true
	}
	node, ok := w.promised.node[claimKey(c)]
	return node, ok
}

// volumeFor is the volume that the claim would get on the node: the one that is meant for it, else the smallest that is
// free; nil if there is none.
func (w *world) volumeFor(c *corev1.PersistentVolumeClaim, node *corev1.Node, taken map[string]string) *corev1.PersistentVolume {
	var smallest *corev1.PersistentVolume
	for _, v := range w.s.Storage.Volumes {
		owner, promised := w.promised.volume[v.Name]
		mine := promised && owner == claimKey(c) || !promised && isMeantFor(v, c)
		if _, gone := taken[v.Name]; gone || classOfVolume(v) != classOf(c) || !suits(v, c) || !mine && (promised || v.Spec.ClaimRef != nil) {
			continue
		}
		if mine {
			if !reachable(v, node) {
				return nil
			}
			return v
		}
		if v.Status.Phase != corev1.VolumeAvailable || !reachable(v, node) || !hasModes(v, c) ||
			c.Spec.Selector != nil && !w.selector(c.Spec.Selector).Matches(labels.Set(v.Labels)) {
			continue
		}
		if smallest == nil || sizeOf(smallest, v) > 0 {
			smallest = v
		}
	}
	return smallest
}

func sizeOf(a, b *corev1.PersistentVolume) int {
	x, y := a.Spec.Capacity[corev1.ResourceStorage], b.Spec.Capacity[corev1.ResourceStorage]
	return x.Cmp(y)
}

func classOfVolume(v *corev1.PersistentVolume) string {
	if class, ok := v.Annotations[corev1.BetaStorageClassAnnotation]; ok {
		return class
	}
	return v.Spec.StorageClassName
}

func isMeantFor(v *corev1.PersistentVolume, c *corev1.PersistentVolumeClaim) bool {
	ref := v.Spec.ClaimRef
	return ref != nil && ref.Namespace == c.Namespace && ref.Name == c.Name && (ref.UID == "" || ref.UID == c.UID)
}

// suits reports whether the volume is large enough, of the claim's kind, and there to stay.
func suits(v *corev1.PersistentVolume, c *corev1.PersistentVolumeClaim) bool {
	have, want := v.Spec.Capacity[corev1.ResourceStorage], c.Spec.Resources.Requests[corev1.ResourceStorage]
	mode := func(m *corev1.PersistentVolumeMode) corev1.PersistentVolumeMode {
		if m == nil {
			return corev1.PersistentVolumeFilesystem
		}
		return *m
	}
	attributes := func(name *string) string {
		if name == nil {
			return ""
		}
		return *name
	}
	return have.Cmp(want) >= 0 && mode(v.Spec.VolumeMode) == mode(c.Spec.VolumeMode) && v.DeletionTimestamp == nil &&
		attributes(v.Spec.VolumeAttributesClassName) == attributes(c.Spec.VolumeAttributesClassName)
}

func hasModes(v *corev1.PersistentVolume, c *corev1.PersistentVolumeClaim) bool {
	for _, mode := range c.Spec.AccessModes {
		if !slices.Contains(v.Spec.AccessModes, mode) {
			return false
		}
	}
	return true
}

// reachable reports whether the volume's node affinity admits the node. It looks at labels alone.
func reachable(v *corev1.PersistentVolume, node *corev1.Node) bool {
	if v.Spec.NodeAffinity == nil || v.Spec.NodeAffinity.Required == nil {
		return true
	}
	s, err := nodeaffinity.NewNodeSelector(v.Spec.NodeAffinity.Required)
	return err == nil && s.Match(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: node.Labels}})
}

// provisionProblem says why no volume can be made for the claim on the node. A driver that tracks how much room it has
// left is not asked: snapshots do not say, and where nothing is known the scheduler assumes none.
func (w *world) provisionProblem(c *corev1.PersistentVolumeClaim, node *corev1.Node) string {
	class := w.class(classOf(c))
	if class.Provisioner == "" || class.Provisioner == "kubernetes.io/no-provisioner" {
		return "there is no volume for claim " + c.Name
	}
	if !inTopology(class.AllowedTopologies, node) {
		return "class " + class.Name + " makes no volumes there"
	}
	_, sized := c.Spec.Resources.Requests[corev1.ResourceStorage]
	if d := w.csiDriver(class.Provisioner); sized && d != nil && d.Spec.StorageCapacity != nil && *d.Spec.StorageCapacity {
		return "driver " + d.Name + " has no room left"
	}
	return ""
}

// inTopology reports whether one of the terms admits the node; no terms admit all nodes, an empty term none.
func inTopology(terms []corev1.TopologySelectorTerm, node *corev1.Node) bool {
	for _, term := range terms {
		admits := len(term.MatchLabelExpressions) > 0
		for _, e := range term.MatchLabelExpressions {
			value, ok := node.Labels[e.Key]
			admits = admits && ok && slices.Contains(e.Values, value)
		}
		if admits {
			return true
		}
	}
	return len(terms) == 0
}
