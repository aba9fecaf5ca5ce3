package oracle

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Volumes that pods cannot share: as the scheduler's plugin VolumeRestrictions reads them.

// sharingProblem says which volume of the pod another pod holds: a claim for one pod alone, wherever that pod is, or a
// disk that one host cannot mount twice.
func (w *world) sharingProblem(pod *corev1.Pod, h *host) string {
	for i := range pod.Spec.Volumes {
		source := pod.Spec.Volumes[i].PersistentVolumeClaim
		if source == nil {
			continue
		}
		c := w.claim(pod.Namespace, source.ClaimName)
		if c != nil && slices.Contains(c.Spec.AccessModes, corev1.ReadWriteOncePod) && w.inUse(c, pod) {
			return "claim " + c.Name + " is for one pod"
		}
	}
	for _, other := range without(h.pods(), pod) {
		for i := range pod.Spec.Volumes {
			for j := range other.Spec.Volumes {
				if sameDisk(&pod.Spec.Volumes[i], &other.Spec.Volumes[j]) {
					return "the disk of volume " + pod.Spec.Volumes[i].Name + " is in use"
				}
			}
		}
	}
	return ""
}

// inUse reports whether a pod other than that one names the claim.
func (w *world) inUse(c *corev1.PersistentVolumeClaim, pod *corev1.Pod) bool {
	for _, h := range w.hosts {
		for _, other := range h.pods() {
			for _, v := range other.Spec.Volumes {
				if other != pod && other.Namespace == c.Namespace && v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == c.Name {
					return true
				}
			}
		}
	}
	return false
}

// sameDisk reports whether two volumes that name their disk directly mean the same one, and one host cannot have it twice:
// some kinds of disks can be had twice if both pods only read.
func sameDisk(a, b *corev1.Volume) bool {
	switch {
	case a.AWSElasticBlockStore != nil && b.AWSElasticBlockStore != nil:
		return a.AWSElasticBlockStore.VolumeID == b.AWSElasticBlockStore.VolumeID
	case a.GCEPersistentDisk != nil && b.GCEPersistentDisk != nil:
		x, y := a.GCEPersistentDisk, b.GCEPersistentDisk
		return x.PDName == y.PDName && !(x.ReadOnly && y.ReadOnly)
	case a.ISCSI != nil && b.ISCSI != nil:
		return a.ISCSI.IQN == b.ISCSI.IQN && !(a.ISCSI.ReadOnly && b.ISCSI.ReadOnly)
	case a.RBD != nil && b.RBD != nil:
		x, y := a.RBD, b.RBD
		monitor := slices.ContainsFunc(x.CephMonitors, func(m string) bool { return slices.Contains(y.CephMonitors, m) })
		return monitor && x.RBDPool == y.RBDPool && x.RBDImage == y.RBDImage && !(x.ReadOnly && y.ReadOnly)
	}
	return false
}
