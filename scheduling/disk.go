package scheduling

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// disk is a volume that a pod names itself, without a claim, and that pods on one node may not share, or only to read. Two
// pods that clash over one exclude each other from a host, in the same way as host ports do, so each distinct disk is a
// term beside those of anti-affinity (see hostport.go).
type disk struct {
	kind, id string
	monitors []string // of RBD: images of one name are the same if a monitor is
	readOnly bool
	// alone says that the disk is not shared even when all pods only read it.
	alone bool
}

func (d disk) text() string {
	return d.kind + " " + d.id + " " + strings.Join(d.monitors, ",") + " " + strconv.FormatBool(d.readOnly)
}

// clashes reports whether the scheduler keeps two pods with these disks apart.
func (d disk) clashes(o disk) bool {
	if d.kind != o.kind || d.id != o.id || !d.alone && d.readOnly && o.readOnly {
		return false
	}
	return d.kind != "RBD image" || slices.ContainsFunc(d.monitors, func(m string) bool { return slices.Contains(o.monitors, m) })
}

// disks are the pod's volumes that may keep other pods off its node.
func disks(pod *corev1.Pod) []disk {
	var out []disk
	for i := range pod.Spec.Volumes {
		switch v := &pod.Spec.Volumes[i]; {
		case v.GCEPersistentDisk != nil:
			out = append(out, disk{kind: "GCE disk", id: v.GCEPersistentDisk.PDName, readOnly: v.GCEPersistentDisk.ReadOnly})
		case v.AWSElasticBlockStore != nil:
			out = append(out, disk{kind: "EBS volume", id: v.AWSElasticBlockStore.VolumeID, alone: true})
		case v.ISCSI != nil:
			out = append(out, disk{kind: "iSCSI target", id: v.ISCSI.IQN, readOnly: v.ISCSI.ReadOnly})
		case v.RBD != nil:
			out = append(out, disk{kind: "RBD image", id: v.RBD.RBDPool + "/" + v.RBD.RBDImage, monitors: v.RBD.CephMonitors, readOnly: v.RBD.ReadOnly})
		}
	}
	return out
}

// addDisks notes a term for each disk of the pod.
func (t *terms) addDisks(x printer, pod *corev1.Pod) []int32 {
	var owned []int32
	for _, d := range disks(pod) {
		owned = append(owned, t.antiTerm(x, t.matcher(x, matcher{disk: &d}), corev1.LabelHostname))
	}
	return owned
}

// clashesWith reports whether the pod has a disk that clashes with this one.
func (d *disk) clashesWith(pod *corev1.Pod) bool { return slices.ContainsFunc(disks(pod), d.clashes) }

// holdsOfHost reports whether the pod holds something of its host that another pod may not have: a port or a disk.
func holdsOfHost(pod *corev1.Pod) bool { return len(hostPorts(pod)) > 0 || len(disks(pod)) > 0 }

// inUse is the reason when two pods clash over the disk.
func (d *disk) inUse() Rejection {
	return Rejection{Code: VolumeConflict, Key: d.kind + " " + d.id, Want: "is in use there"}
}
