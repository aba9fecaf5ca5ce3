package oracle

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// How many volumes a node can attach: as the scheduler's plugin NodeVolumeLimits reads it.

// csiNode is what the drivers say of the host: the object of an existing node's name, if there is one. Nodes that are
// bought or start up have those drivers besides that their type states, and those that want their pods where they are
// installed. Nil if nothing is known, and then nothing is limited.
func (w *world) csiNode(h *host) *storagev1.CSINode {
	var said *storagev1.CSINode
	for _, n := range w.s.Storage.CSINodes {
		if n.Name == h.node.Name {
			said = n
		}
	}
	if h.typ == nil {
		return said
	}
	out := &storagev1.CSINode{}
	if said != nil {
		out = said.DeepCopy()
	}
	for _, driver := range slices.Sorted(maps.Keys(h.typ.VolumeLimits)) {
		if count := int32(h.typ.VolumeLimits[driver]); !hasDriver(out, driver) {
			out.Spec.Drivers = append(out.Spec.Drivers, storagev1.CSINodeDriver{Name: driver, Allocatable: &storagev1.VolumeNodeResources{Count: &count}})
		}
	}
	for _, d := range w.s.Storage.CSIDrivers {
		if d.Spec.PreventPodSchedulingIfMissing != nil && *d.Spec.PreventPodSchedulingIfMissing && !hasDriver(out, d.Name) {
			out.Spec.Drivers = append(out.Spec.Drivers, storagev1.CSINodeDriver{Name: d.Name})
		}
	}
	if len(out.Spec.Drivers) == 0 {
		return said
	}
	return out
}

// attachProblem says which driver cannot attach the pod's volumes to the host beside those that are there. A volume counts
// once, however many pods use it. Volumes that are attached and used by no pod count too.
func (w *world) attachProblem(pod *corev1.Pod, h *host) string {
	fresh := map[string]string{}
	if foreign := w.attached(pod, fresh); foreign != "" {
		return foreign
	}
	if len(fresh) == 0 {
		return ""
	}
	csi := w.csiNode(h)
	drivers := slices.Compact(slices.Sorted(maps.Values(fresh)))
	for _, driver := range drivers {
		if d := w.csiDriver(driver); d != nil && d.Spec.PreventPodSchedulingIfMissing != nil && *d.Spec.PreventPodSchedulingIfMissing && !hasDriver(csi, driver) {
			return "driver " + driver + " is not there"
		}
	}
	if !isLimited(csi) {
		return ""
	}
	there := map[string]string{}
	for _, other := range without(h.pods(), pod) {
		if foreign := w.attached(other, there); foreign != "" {
			return foreign // nobody can tell how many volumes there are
		}
	}
	used := map[string]int{}
	for id, driver := range there {
		delete(fresh, id)
		used[driver]++
	}
	for id, driver := range w.attachments(h) {
		if _, known := there[id]; !known {
			used[driver]++
		}
	}
	more := map[string]int{}
	for _, driver := range fresh {
		more[driver]++
	}
	for _, driver := range drivers {
		if limit, ok := limitOf(csi, driver); ok && more[driver] > 0 && used[driver]+more[driver] > limit {
			return fmt.Sprintf("driver %s has %d volumes of %d there", driver, used[driver], limit)
		}
	}
	return ""
}

func hasDriver(csi *storagev1.CSINode, driver string) bool {
	return csi != nil && slices.ContainsFunc(csi.Spec.Drivers, func(d storagev1.CSINodeDriver) bool { return d.Name == driver })
}

// isLimited reports whether any driver of the node has a limit.
func isLimited(csi *storagev1.CSINode) bool {
	return csi != nil && slices.ContainsFunc(csi.Spec.Drivers, func(d storagev1.CSINodeDriver) bool {
		return d.Allocatable != nil && d.Allocatable.Count != nil
	})
}

// limitOf is how many volumes of the driver the node can have; false if there is no limit.
func limitOf(csi *storagev1.CSINode, driver string) (int, bool) {
	if csi != nil {
		for _, d := range csi.Spec.Drivers {
			if d.Name == driver && d.Allocatable != nil && d.Allocatable.Count != nil {
				return int(*d.Allocatable.Count), true
			}
		}
	}
	return 0, false
}

// attached adds the volumes of the pod that a driver attaches: driver by what tells the volume from others. A claim
// without a volume counts as one of its class's driver. A generic ephemeral volume whose claim belongs to somebody else is a
// problem, which is returned.
func (w *world) attached(pod *corev1.Pod, into map[string]string) string {
	for i := range pod.Spec.Volumes {
		name, ok := claimName(pod, &pod.Spec.Volumes[i])
		c := w.claim(pod.Namespace, name)
		if !ok || c == nil {
			continue
		}
		if pod.Spec.Volumes[i].Ephemeral != nil && !metav1.IsControlledBy(c, pod) {
			return "claim " + c.Name + " is not that of pod " + pod.Name
		}
		if v := w.volume(c.Spec.VolumeName); v != nil {
			if csi := v.Spec.CSI; csi != nil {
				into[csi.Driver+"/"+csi.VolumeHandle] = csi.Driver
			}
			continue
		}
		if class := w.class(classOf(c)); class != nil && class.Provisioner != "" {
			into[class.Provisioner+"/claim/"+claimKey(c)] = class.Provisioner
		}
	}
	return ""
}

// attachments are the volumes that are attached to the node by objects of the API.
func (w *world) attachments(h *host) map[string]string {
	out := map[string]string{}
	for _, a := range w.s.Storage.Attachments {
		if a.Spec.NodeName != h.node.Name || a.Spec.Attacher == "" || a.Spec.Source.PersistentVolumeName == nil {
			continue
		}
		if v := w.volume(*a.Spec.Source.PersistentVolumeName); v != nil && v.Spec.CSI != nil {
			out[a.Spec.Attacher+"/"+v.Spec.CSI.VolumeHandle] = a.Spec.Attacher
		}
	}
	return out
}
