package scheduling

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Volumes of the old in-tree plugins are served by CSI drivers today. The scheduler counts them for their drivers, and
// where a node says that it has moved a plugin, it looks for the zone of a volume under the driver's own label.

// inTree is an in-tree plugin whose volumes count for a CSI driver.
type inTree struct {
	plugin, driver string
	zoneKey        string // the driver's label for zones; empty where volumes keep their node affinity
}

func inTreePlugins() []inTree {
	return []inTree{
		{"kubernetes.io/aws-ebs", "ebs.csi.aws.com", "topology.ebs.csi.aws.com/zone"},
		{"kubernetes.io/gce-pd", "pd.csi.storage.gke.io", "topology.gke.io/zone"},
		{"kubernetes.io/azure-disk", "disk.csi.azure.com", ""},
		{"kubernetes.io/cinder", "cinder.csi.openstack.org", "topology.cinder.csi.openstack.org/zone"},
		{"kubernetes.io/portworx-volume", "pxd.portworx.com", ""},
	}
}

// provisionerDriver is the CSI driver that a provisioner's volumes count for. Those of plugins that are moved without
// being counted give none.
func provisionerDriver(provisioner string) (driver string, moved bool) {
	for _, p := range inTreePlugins() {
		if p.plugin == provisioner {
			return p.driver, true
		}
	}
	switch provisioner {
	case "kubernetes.io/azure-file", "kubernetes.io/vsphere-volume":
		return "", false
	}
	return provisioner, false
}

// inlineDriver is the CSI driver and the name by which it knows a volume that a pod names itself.
func inlineDriver(v *corev1.Volume) (driver, handle string) {
	switch {
	case v.AWSElasticBlockStore != nil:
		return "ebs.csi.aws.com", ebsHandle(v.AWSElasticBlockStore.VolumeID)
	case v.GCEPersistentDisk != nil:
		return "pd.csi.storage.gke.io", gceHandle("", v.GCEPersistentDisk.PDName)
	case v.AzureDisk != nil:
		return "disk.csi.azure.com", v.AzureDisk.DataDiskURI
	case v.Cinder != nil:
		return "cinder.csi.openstack.org", v.Cinder.VolumeID
	case v.PortworxVolume != nil:
		return "pxd.portworx.com", v.PortworxVolume.VolumeID
	}
	return "", ""
}

// unmanaged reports whether the pod itself names a disk of Azure that the driver does not serve: one that is not managed,
// which is what a disk is unless it says so. The scheduler gives up over such a disk wherever drivers report.
func unmanaged(v *corev1.Volume) bool {
	return v.AzureDisk != nil && (v.AzureDisk.Kind == nil || *v.AzureDisk.Kind != corev1.AzureManagedDisk)
}

// volumeDriver is the same for a PersistentVolume. moved says that it is of an in-tree plugin.
func volumeDriver(v *corev1.PersistentVolume) (driver, handle string, moved bool) {
	s := &v.Spec
	switch {
	case s.CSI != nil:
		return s.CSI.Driver, s.CSI.VolumeHandle, false
	case s.AWSElasticBlockStore != nil:
		return "ebs.csi.aws.com", ebsHandle(s.AWSElasticBlockStore.VolumeID), true
	case s.GCEPersistentDisk != nil:
		zones := v.Labels[corev1.LabelFailureDomainBetaZone]
		if zones == "" {
			zones = v.Labels[corev1.LabelTopologyZone]
		}
		return "pd.csi.storage.gke.io", gceHandle(zones, s.GCEPersistentDisk.PDName), true
	case s.AzureDisk != nil && (s.AzureDisk.Kind == nil || *s.AzureDisk.Kind == corev1.AzureManagedDisk):
		return "disk.csi.azure.com", s.AzureDisk.DataDiskURI, true
	case s.Cinder != nil:
		return "cinder.csi.openstack.org", s.Cinder.VolumeID, true
	case s.PortworxVolume != nil:
		return "pxd.portworx.com", s.PortworxVolume.VolumeID, true
	}
	return "", "", false
}

// ebsHandle is the volume's own name, which may come behind its zone: "aws://us-east-1a/vol-1".
func ebsHandle(id string) string {
	if rest, ok := strings.CutPrefix(id, "aws://"); ok {
		_, id, _ = strings.Cut(rest, "/")
	}
	return strings.Trim(id, "/")
}

func gceHandle(zones, name string) string {
	if zones == "" {
		zones = "UNSPECIFIED"
	}
	return "projects/UNSPECIFIED/zones/" + zones + "/disks/" + name
}

// migrated is the volume's node affinity as nodes see it that have moved its plugin to the driver, and the plugin; nil if
// the volume is of no such plugin, or no node says that it has moved it.
func (s *storage) migrated(v *corev1.PersistentVolume) (*corev1.NodeSelector, string) {
	driver, _, moved := volumeDriver(v)
	if !moved {
		return nil, ""
	}
	list := inTreePlugins()
	p := list[slices.IndexFunc(list, func(p inTree) bool { return p.driver == driver })]
	if p.zoneKey == "" || len(s.migratedAt[p.plugin]) == 0 {
		return nil, ""
	}
	out := &corev1.NodeSelector{}
	if required := volumeAffinity(v); required != nil {
		out = required.DeepCopy()
	}
	zone, region := zoneKeysOf(v, out)
	found := false
	each := func(f func(e *corev1.NodeSelectorRequirement)) {
		for i := range out.NodeSelectorTerms {
			for j := range out.NodeSelectorTerms[i].MatchExpressions {
				f(&out.NodeSelectorTerms[i].MatchExpressions[j])
			}
		}
	}
	each(func(e *corev1.NodeSelectorRequirement) { found = found || e.Key == zone && len(e.Values) > 0 })
	each(func(e *corev1.NodeSelectorRequirement) {
		switch {
		case found && e.Key == zone:
			e.Key = p.zoneKey
		case e.Key == region && region == corev1.LabelFailureDomainBetaRegion:
			e.Key = corev1.LabelTopologyRegion
		}
	})
	if !found {
		var zones []string
		for part := range strings.SplitSeq(v.Labels[zone], "__") {
			if part = strings.TrimSpace(part); part != "" && !slices.Contains(zones, part) {
				zones = append(zones, part)
			}
		}
		if len(zones) > 0 {
			if len(out.NodeSelectorTerms) == 0 {
				out.NodeSelectorTerms = []corev1.NodeSelectorTerm{{}}
			}
			for i := range out.NodeSelectorTerms {
				t := &out.NodeSelectorTerms[i]
				t.MatchExpressions = append(t.MatchExpressions, corev1.NodeSelectorRequirement{Key: p.zoneKey, Operator: corev1.NodeSelectorOpIn, Values: zones})
			}
		}
	}
	if volumeAffinity(v) == nil && len(out.NodeSelectorTerms) == 0 {
		return nil, ""
	}
	return out, p.plugin
}

// zoneKeysOf are the zone and region keys, new or old, that the volume speaks of its zone with.
func zoneKeysOf(v *corev1.PersistentVolume, affinity *corev1.NodeSelector) (zone, region string) {
	keys := selectorKeys(affinity)
	_, newer := v.Labels[corev1.LabelTopologyZone]
	_, older := v.Labels[corev1.LabelFailureDomainBetaZone]
	switch {
	case slices.Contains(keys, corev1.LabelTopologyZone):
	case slices.Contains(keys, corev1.LabelFailureDomainBetaZone), !newer && older:
		return corev1.LabelFailureDomainBetaZone, corev1.LabelFailureDomainBetaRegion
	}
	return corev1.LabelTopologyZone, corev1.LabelTopologyRegion
}
