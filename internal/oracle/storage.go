package oracle

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// What a pod's volumes stand for: claims, volumes, classes, drivers.

// promises are what binding pods has promised to claims that wait for their first pod. Claims go by namespace/name.
type promises struct {
	node   map[string]string // the node for which the claim's volume will be made
	volume map[string]string // the claim that will get the volume, by the volume's name
}

func newPromises() *promises {
	return &promises{node: map[string]string{}, volume: map[string]string{}}
}

func claimKey(c *corev1.PersistentVolumeClaim) string { return c.Namespace + "/" + c.Name }

// claimName is the name of the claim that a volume of the pod uses; false if it uses none. The claim of a generic
// ephemeral volume is named after the pod.
func claimName(pod *corev1.Pod, v *corev1.Volume) (string, bool) {
	switch {
	case v.PersistentVolumeClaim != nil:
		return v.PersistentVolumeClaim.ClaimName, true
	case v.Ephemeral != nil:
		return pod.Name + "-" + v.Name, true
	}
	return "", false
}

// claim finds a claim; nil if there is none.
func (w *world) claim(namespace, name string) *corev1.PersistentVolumeClaim {
	for _, c := range w.s.Storage.Claims {
		if c.Namespace == namespace && c.Name == name {
			return c
		}
	}
	return nil
}

// volume finds a volume; nil if there is none.
func (w *world) volume(name string) *corev1.PersistentVolume {
	for _, v := range w.s.Storage.Volumes {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// class finds a storage class; nil if there is none.
func (w *world) class(name string) *storagev1.StorageClass {
	for _, c := range w.s.Storage.Classes {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// csiDriver finds what a driver says of itself; nil if it says nothing.
func (w *world) csiDriver(name string) *storagev1.CSIDriver {
	for _, d := range w.s.Storage.CSIDrivers {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// classOf is the name of the claim's class, empty if it has none. An old annotation comes first.
func classOf(c *corev1.PersistentVolumeClaim) string {
	if class, ok := c.Annotations[corev1.BetaStorageClassAnnotation]; ok || c.Spec.StorageClassName == nil {
		return class
	}
	return *c.Spec.StorageClassName
}

// isBound reports whether the claim has its volume for good.
func isBound(c *corev1.PersistentVolumeClaim) bool {
	_, completed := c.Annotations["pv.kubernetes.io/bind-completed"]
	return c.Spec.VolumeName != "" && completed
}

// waitsForPod reports whether the claim gets its volume once the scheduler has chosen a node for the first pod.
func (w *world) waitsForPod(c *corev1.PersistentVolumeClaim) bool {
	class := w.class(classOf(c))
	return c.Spec.VolumeName == "" && class != nil && class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
}

// waitingClaims are the pod's claims that have no volume yet, smallest first: the order in which they get one.
func (w *world) waitingClaims(pod *corev1.Pod) []*corev1.PersistentVolumeClaim {
	var out []*corev1.PersistentVolumeClaim
	for i := range pod.Spec.Volumes {
		if name, ok := claimName(pod, &pod.Spec.Volumes[i]); ok {
			if c := w.claim(pod.Namespace, name); c != nil && !isBound(c) && w.waitsForPod(c) {
				out = append(out, c)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *corev1.PersistentVolumeClaim) int {
		x, y := a.Spec.Resources.Requests[corev1.ResourceStorage], b.Spec.Resources.Requests[corev1.ResourceStorage]
		return cmp.Compare(x.Cmp(y), 0)
	})
	return out
}
