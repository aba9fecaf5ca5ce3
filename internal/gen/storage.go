package gen

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

const (
	// driver attaches the volumes of generated worlds.
	driver = "disk.csi.example.com"
	// bindCompleted is the annotation of a claim whose binding the controller has finished.
	bindCompleted = "pv.kubernetes.io/bind-completed"
)

// The storage classes of generated worlds.
const (
	waiting  = "waiting"  // provisions where the first pod lands
	zonal    = "zonal"    // the same, in some zones only
	eager    = "eager"    // provisions at once
	local    = "local"    // volumes that are there, none is made
	abroad   = "abroad"   // provisions where no node is
	unstated = "unstated" // has no object
)

// makeClasses adds the storage classes, and sometimes their driver.
func (m *maker) makeClasses() {
	class := func(name, provisioner string, mode storagev1.VolumeBindingMode, topologies ...corev1.TopologySelectorTerm) {
		m.s.Storage.Classes = append(m.s.Storage.Classes, &storagev1.StorageClass{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: provisioner, VolumeBindingMode: &mode, AllowedTopologies: topologies,
		})
	}
	topology := func(key string, values ...string) corev1.TopologySelectorTerm {
		return corev1.TopologySelectorTerm{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{Key: key, Values: values}}}
	}
	zones := []corev1.TopologySelectorTerm{topology(corev1.LabelTopologyZone, some(m, m.between(1, 2), m.zones...)...)}
	switch m.IntN(5) {
	case 0:
		zones = append(zones, topology(v1.CapacityTypeLabelKey, v1.CapacityTypeOnDemand))
	case 1:
		zones[0].MatchLabelExpressions = append(zones[0].MatchLabelExpressions, corev1.TopologySelectorLabelRequirement{
			Key: corev1.LabelArchStable, Values: []string{"amd64"},
		})
	}
	class(waiting, driver, storagev1.VolumeBindingWaitForFirstConsumer)
	class(zonal, driver, storagev1.VolumeBindingWaitForFirstConsumer, zones...)
	class(eager, driver, storagev1.VolumeBindingImmediate)
	class(local, "kubernetes.io/no-provisioner", storagev1.VolumeBindingWaitForFirstConsumer)
	class(abroad, driver, storagev1.VolumeBindingWaitForFirstConsumer, topology(corev1.LabelTopologyZone, "zone-z"))
	m.s.Storage.Claims = []*corev1.PersistentVolumeClaim{}
	m.s.Storage.Volumes = []*corev1.PersistentVolume{}
	m.s.Storage.CSINodes = []*storagev1.CSINode{}
	m.s.Storage.CSIDrivers = []*storagev1.CSIDriver{}
	m.s.Storage.Attachments = []*storagev1.VolumeAttachment{}
	if m.chance(0.5) {
		m.s.Storage.CSIDrivers = append(m.s.Storage.CSIDrivers, &storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: driver}})
	}
}

// limitVolumes says how many volumes some types can attach.
func (m *maker) limitVolumes() {
	for _, t := range m.catalog {
		if m.chance(0.4) {
			t.VolumeLimits = map[string]int{driver: pick(m, 1, 2, 3, 5, 25)}
		}
	}
}

// makeLocalVolumes adds volumes that wait for a claim: disks of nodes that exist, and disks of zones.
func (m *maker) makeLocalVolumes() {
	for range m.IntN(4) {
		volume := m.volume(local, fmt.Sprintf("%dGi", m.between(1, 5)))
		volume.Spec.PersistentVolumeSource = corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/disk"}}
		zone := pick(m, m.zones...)
		volume.Spec.NodeAffinity = placed(corev1.LabelTopologyZone, zone)
		if len(m.s.Nodes) > 0 && m.chance(0.7) {
			volume.Spec.NodeAffinity = placed(corev1.LabelHostname, m.s.Nodes[m.IntN(len(m.s.Nodes))].Name())
		}
	}
	if m.chance(0.2) { // preferred by the scheduler to making one
		m.volume(waiting, "10Gi").Spec.NodeAffinity = placed(corev1.LabelTopologyZone, pick(m, m.zones...))
	}
}

// makeAttachments says what existing nodes can attach, and what they have attached.
func (m *maker) makeAttachments() {
	for i := range m.s.Nodes {
		node := m.s.Nodes[i].Node
		if node == nil || m.chance(0.4) {
			continue
		}
		csi := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: node.Name}}
		count := int32(pick(m, 1, 2, 3, 5, 25))
		entry := storagev1.CSINodeDriver{Name: driver, NodeID: node.Name, Allocatable: &storagev1.VolumeNodeResources{Count: &count}}
		switch m.IntN(8) {
		case 0:
			entry.Allocatable = nil
		case 1:
			entry.Name = "other.csi.example.com"
		}
		csi.Spec.Drivers = append(csi.Spec.Drivers, entry)
		m.s.Storage.CSINodes = append(m.s.Storage.CSINodes, csi)
		if m.chance(0.15) { // one that no pod uses any more
			volume := m.volume(waiting, "1Gi")
			volume.Status.Phase = corev1.VolumeReleased
			volume.Spec.ClaimRef = &corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: "default", Name: "gone", UID: "gone"}
			m.s.Storage.Attachments = append(m.s.Storage.Attachments, &storagev1.VolumeAttachment{
				ObjectMeta: metav1.ObjectMeta{Name: "attachment-" + node.Name},
				Spec: storagev1.VolumeAttachmentSpec{
					Attacher: driver, NodeName: node.Name, Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &volume.Name},
				},
			})
		}
	}
}

// volume adds a volume of the class that nothing uses yet.
func (m *maker) volume(class, size string) *corev1.PersistentVolume {
	v := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("volume-%d", len(m.s.Storage.Volumes))}}
	v.UID = types.UID(v.Name)
	v.Spec.StorageClassName = class
	v.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadWriteMany}
	v.Spec.Capacity = corev1.ResourceList{corev1.ResourceStorage: quantity("%s", size)}
	v.Spec.PersistentVolumeSource = corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: v.Name}}
	v.Status.Phase = corev1.VolumeAvailable
	m.s.Storage.Volumes = append(m.s.Storage.Volumes, v)
	return v
}

// placed is the affinity of a volume that can be used on nodes with one of the label's values.
func placed(key string, values ...string) *corev1.VolumeNodeAffinity {
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: corev1.NodeSelectorOpIn, Values: values}},
	}}}}
}

// volumeClaim adds a claim for a volume of the class; the empty class is none.
func (m *maker) volumeClaim(namespace, name, class string) *corev1.PersistentVolumeClaim {
	c := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(namespace + "/" + name)}}
	if class != "" {
		c.Spec.StorageClassName = &class
	}
	c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	c.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: quantity("%dGi", m.between(1, 3))}
	c.Status.Phase = corev1.ClaimPending
	m.s.Storage.Claims = append(m.s.Storage.Claims, c)
	return c
}

// fulfil binds the claim to a new volume in that zone.
func (m *maker) fulfil(c *corev1.PersistentVolumeClaim, zone string) *corev1.PersistentVolume {
	v := m.volume(waiting, "5Gi")
	v.Spec.ClaimRef = &corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: c.Namespace, Name: c.Name, UID: c.UID}
	v.Status.Phase = corev1.VolumeBound
	c.Spec.VolumeName, c.Status.Phase = v.Name, corev1.ClaimBound
	c.Annotations = map[string]string{bindCompleted: "yes"}
	switch m.IntN(8) {
	case 0: // only a label says so
		v.Labels = map[string]string{corev1.LabelTopologyZone: zone}
	case 1: // a label may name several
		v.Labels = map[string]string{corev1.LabelTopologyZone: zone + "__" + pick(m, m.zones...)}
	case 2: // anywhere
	case 3:
		v.Spec.NodeAffinity = placed(corev1.LabelTopologyZone, zone, pick(m, m.zones...))
	default:
		v.Spec.NodeAffinity = placed(corev1.LabelTopologyZone, zone)
	}
	return v
}
