package scheduling

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

func TestZoneLabels(t *testing.T) {
	v := &corev1.PersistentVolume{}
	v.Labels = map[string]string{
		corev1.LabelTopologyZone: "b__a", corev1.LabelTopologyRegion: "r", corev1.LabelFailureDomainBetaZone: "a__",
	}
	require.Equal(t, []zoneLabel{{corev1.LabelTopologyZone, []string{"a", "b"}}, {corev1.LabelTopologyRegion, []string{"r"}}}, zoneLabels(v))
}

func TestInTreeVolumesHaveTheNamesOfTheirDrivers(t *testing.T) {
	require.Equal(t, "vol-1", ebsHandle("aws://us-east-1a/vol-1"))
	require.Equal(t, "vol-1", ebsHandle("aws:///vol-1"))
	require.Equal(t, "vol-1", ebsHandle("vol-1"))
	for provisioner, want := range map[string]string{
		"kubernetes.io/aws-ebs": "ebs.csi.aws.com", "kubernetes.io/vsphere-volume": "", "disk.example.com": "disk.example.com",
	} {
		driver, _ := provisionerDriver(provisioner)
		require.Equal(t, want, driver, provisioner)
	}
}

// Which zone key a volume speaks of, and what becomes of it where the plugin has moved to its driver.
func TestMigratedAffinity(t *testing.T) {
	s := &storage{migratedAt: map[string]map[string]bool{"kubernetes.io/aws-ebs": {"n-1": true}}}
	volume := func(labels map[string]string, keys ...string) *corev1.PersistentVolume {
		v := &corev1.PersistentVolume{}
		v.Labels = labels
		v.Spec.AWSElasticBlockStore = &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: "vol-1"}
		if len(keys) == 0 {
			return v
		}
		var term corev1.NodeSelectorTerm
		for _, key := range keys {
			term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{"a"}})
		}
		v.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{term}}}
		return v
	}
	const key = "topology.ebs.csi.aws.com/zone"
	for _, c := range []struct {
		volume *corev1.PersistentVolume
		want   []string
	}{
		{volume(nil, corev1.LabelTopologyZone), []string{key}},
		{volume(nil, corev1.LabelFailureDomainBetaZone, corev1.LabelFailureDomainBetaRegion), []string{key, corev1.LabelTopologyRegion}},
		{volume(map[string]string{corev1.LabelTopologyZone: "a__b"}), []string{key}},
		{volume(map[string]string{corev1.LabelTopologyZone: "a"}, "example.com/rack"), []string{"example.com/rack", key}},
		{volume(nil), nil},
	} {
		moved, _ := s.migrated(c.volume)
		require.Equal(t, c.want, selectorKeys(moved))
	}
	csi := &corev1.PersistentVolume{}
	csi.Spec.CSI = &corev1.CSIPersistentVolumeSource{Driver: "ebs.csi.aws.com"}
	moved, _ := s.migrated(csi)
	require.Nil(t, moved)
}

func TestDisksThatClash(t *testing.T) {
	image := func(readOnly bool, monitors ...string) disk {
		return disk{kind: "RBD image", id: "p/i", monitors: monitors, readOnly: readOnly}
	}
	for _, c := range []struct {
		a, b  disk
		clash bool
	}{
		{disk{kind: "GCE disk", id: "d"}, disk{kind: "GCE disk", id: "d", readOnly: true}, true},
		{disk{kind: "GCE disk", id: "d", readOnly: true}, disk{kind: "GCE disk", id: "d", readOnly: true}, false},
		{disk{kind: "GCE disk", id: "d"}, disk{kind: "EBS volume", id: "d", alone: true}, false},
		{disk{kind: "EBS volume", id: "d", alone: true, readOnly: true}, disk{kind: "EBS volume", id: "d", alone: true, readOnly: true}, true},
		{image(false, "m1", "m2"), image(false, "m2"), true},
		{image(false, "m1"), image(false, "m2"), false},
		{image(true, "m1"), image(true, "m1"), false},
	} {
		require.Equal(t, c.clash, c.a.clashes(c.b), "%v and %v", c.a, c.b)
		require.Equal(t, c.clash, c.b.clashes(c.a), "%v and %v", c.b, c.a)
	}
}
