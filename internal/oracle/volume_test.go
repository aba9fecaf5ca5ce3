package oracle

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

const disks = "disk.example.com"

// class adds a storage class.
func (f fixture) class(name, provisioner string, mode storagev1.VolumeBindingMode, zones ...string) {
	c := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: provisioner, VolumeBindingMode: &mode}
	if len(zones) > 0 {
		c.AllowedTopologies = []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{Key: zone, Values: zones}}}}
	}
	f.s.Storage.Classes = append(f.s.Storage.Classes, c)
}

// claim adds a claim of a class, for 1Gi.
func (f fixture) claim(name, class string) *corev1.PersistentVolumeClaim {
	c := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name)}}
	if class != "" {
		c.Spec.StorageClassName = &class
	}
	c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	c.Spec.Resources.Requests = amounts("storage", "1Gi")
	f.s.Storage.Claims = append(f.s.Storage.Claims, c)
	return c
}

// disk adds a free volume that is reachable from one zone, or from everywhere.
func (f fixture) disk(name, class, in, size string) *corev1.PersistentVolume {
	v := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: name}}
	v.Spec.StorageClassName, v.Spec.Capacity = class, amounts("storage", size)
	v.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	v.Spec.CSI = &corev1.CSIPersistentVolumeSource{Driver: disks, VolumeHandle: name}
	v.Status.Phase = corev1.VolumeAvailable
	if in != "" {
		term := expression(zone, corev1.NodeSelectorOpIn, in)
		v.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{term}}}
	}
	f.s.Storage.Volumes = append(f.s.Storage.Volumes, v)
	return v
}

// owned adds a claim that has a volume in the zone.
func (f fixture) owned(name, in string) (*corev1.PersistentVolumeClaim, *corev1.PersistentVolume) {
	c, v := f.claim(name, ""), f.disk("disk-"+name, "", in, "1Gi")
	c.Spec.VolumeName, c.Annotations = v.Name, map[string]string{"pv.kubernetes.io/bind-completed": "yes"}
	v.Status.Phase = corev1.VolumeBound
	return c, v
}

// mounts gives a pod volumes by the names of their claims.
func mounts(claims ...string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		for _, claim := range claims {
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: claim, VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
			}})
		}
	}
}

// limit says how many volumes of the driver the node can attach.
func (f fixture) limit(node, driver string, count int32) {
	f.s.Storage.CSINodes = append(f.s.Storage.CSINodes, &storagev1.CSINode{
		ObjectMeta: metav1.ObjectMeta{Name: node},
		Spec:       storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{{Name: driver, Allocatable: &storagev1.VolumeNodeResources{Count: &count}}}},
	})
}

func TestClaims(t *testing.T) {
	wrong := []Rule{Volumes}
	// user is a pod on n-1 (zone a) with the claim "data".
	user := func(change func(f fixture)) func() fixture {
		return func() fixture {
			f := newTown("a", "b")
			f.class("later", disks, storagev1.VolumeBindingWaitForFirstConsumer)
			f.class("zonal", disks, storagev1.VolumeBindingWaitForFirstConsumer, "b")
			f.class("local", "kubernetes.io/no-provisioner", storagev1.VolumeBindingWaitForFirstConsumer)
			f.class("eager", disks, storagev1.VolumeBindingImmediate)
			f.waits("n-1", "web-0", mounts("data"))
			change(f)
			return f
		}
	}
	runTowns(t, []town{
		{"there is no claim", user(func(f fixture) {}), wrong},
		{"the claim of another namespace", user(func(f fixture) { f.claim("data", "later").Namespace = "other" }), wrong},
		{"a volume in the zone", user(func(f fixture) { f.owned("data", "a") }), nil},
		{"a volume in another zone", user(func(f fixture) { f.owned("data", "b") }), wrong},
		{"the volume is gone", user(func(f fixture) {
			c, _ := f.owned("data", "a")
			c.Spec.VolumeName = "gone"
		}), wrong},
		{"the volume is lost", user(func(f fixture) {
			c, _ := f.owned("data", "a")
			c.Status.Phase = corev1.ClaimLost
		}), wrong},
		{"the claim is being deleted", user(func(f fixture) {
			c, _ := f.owned("data", "a")
			c.DeletionTimestamp = &metav1.Time{}
		}), wrong},
		{"the volume is chosen and not bound", user(func(f fixture) {
			c, _ := f.owned("data", "a")
			c.Annotations = nil
		}), wrong},
		{"a volume that is made at once and is not there yet", user(func(f fixture) { f.claim("data", "eager") }), wrong},
		{"without a class", user(func(f fixture) { f.claim("data", "") }), wrong},
		{"of a class that is not there", user(func(f fixture) { f.claim("data", "unknown") }), wrong},
		{"a volume that is made where the pod lands", user(func(f fixture) { f.claim("data", "later") }), nil},
		{"in one zone only", user(func(f fixture) { f.claim("data", "zonal") }), wrong},
		{"a driver that counts its room", user(func(f fixture) {
			f.claim("data", "later")
			f.s.Storage.CSIDrivers = []*storagev1.CSIDriver{{ObjectMeta: metav1.ObjectMeta{Name: disks}, Spec: storagev1.CSIDriverSpec{StorageCapacity: new(true)}}}
		}), wrong},
		{"its volume is being made elsewhere", user(func(f fixture) {
			f.claim("data", "later").Annotations = map[string]string{"volume.kubernetes.io/selected-node": "n-2"}
		}), wrong},
		{"its volume is being made here", user(func(f fixture) {
			f.claim("data", "later").Annotations = map[string]string{"volume.kubernetes.io/selected-node": "n-1"}
		}), nil},
		{"no local volume", user(func(f fixture) { f.claim("data", "local") }), wrong},
		{"a local volume", user(func(f fixture) {
			f.claim("data", "local")
			f.disk("d", "local", "a", "1Gi")
		}), nil},
		{"a local volume that is too small", user(func(f fixture) {
			f.claim("data", "local")
			f.disk("d", "local", "a", "1Mi")
		}), wrong},
		{"a local volume elsewhere", user(func(f fixture) {
			f.claim("data", "local")
			f.disk("d", "local", "b", "1Gi")
		}), wrong},
		{"a local volume that is not free", user(func(f fixture) {
			f.claim("data", "local")
			f.disk("d", "local", "a", "1Gi").Spec.ClaimRef = &corev1.ObjectReference{Namespace: "default", Name: "other"}
		}), wrong},
		{"a local volume that is meant for the claim, elsewhere", user(func(f fixture) {
			f.claim("data", "local")
			f.disk("c", "local", "a", "1Gi")
			f.disk("d", "local", "b", "1Gi").Spec.ClaimRef = &corev1.ObjectReference{Namespace: "default", Name: "data"}
		}), wrong},
		{"a local volume of another mode", user(func(f fixture) {
			f.claim("data", "local")
			f.disk("d", "local", "a", "1Gi").Spec.VolumeMode = new(corev1.PersistentVolumeBlock)
		}), wrong},
		{"a local volume without the access mode", user(func(f fixture) {
			f.claim("data", "local")
			f.disk("d", "local", "a", "1Gi").Spec.AccessModes = nil
		}), wrong},
		{"a local volume that is not selected", user(func(f fixture) {
			f.claim("data", "local").Spec.Selector = selecting("disk", "fast")
			f.disk("d", "local", "a", "1Gi")
		}), wrong},
		{"two pods and one local volume", user(func(f fixture) {
			f.claim("data", "local")
			f.claim("more", "local")
			f.disk("d", "local", "a", "1Gi")
			f.waits("n-1", "web-1", mounts("more"))
		}), wrong},
		{"two pods and two local volumes, the smaller for the smaller", user(func(f fixture) {
			f.claim("data", "local")
			f.claim("more", "local").Spec.Resources.Requests = amounts("storage", "5Gi")
			f.disk("c", "local", "a", "9Gi")
			f.disk("d", "local", "a", "1Gi")
			f.waits("n-1", "web-1", mounts("more"))
		}), nil},
		{"two pods, two nodes, one claim that waits", user(func(f fixture) {
			f.claim("data", "later")
			f.waits("n-2", "web-1", mounts("data"))
		}), wrong},
		{"two pods, one node, one claim that waits", user(func(f fixture) {
			f.claim("data", "later")
			f.waits("n-1", "web-1", mounts("data"))
		}), nil},
	})
}

func TestGenericEphemeralVolumes(t *testing.T) {
	build := func(change func(c *corev1.PersistentVolumeClaim)) func() fixture {
		return func() fixture {
			f := newTown("a")
			f.class("later", disks, storagev1.VolumeBindingWaitForFirstConsumer)
			f.waits("n-1", "web-0", func(pod *corev1.Pod) {
				pod.UID = "1"
				pod.Spec.Volumes = []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}}}}
			})
			c := f.claim("web-0-tmp", "later")
			c.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "web-0", UID: "1", Controller: new(true)}}
			change(c)
			return f
		}
	}
	runTowns(t, []town{
		{"its claim", build(func(c *corev1.PersistentVolumeClaim) {}), nil},
		{"no claim", build(func(c *corev1.PersistentVolumeClaim) { c.Name = "tmp" }), []Rule{Volumes}},
		{"the claim of another pod", build(func(c *corev1.PersistentVolumeClaim) { c.OwnerReferences[0].UID = "2" }), []Rule{Volumes}},
	})
}

func TestZonesOfVolumes(t *testing.T) {
	build := func(key, value string, change func(f fixture)) func() fixture {
		return func() fixture {
			f := newTown("a")
			_, v := f.owned("data", "")
			v.Labels = map[string]string{key: value}
			f.waits("n-1", "web-0", mounts("data"))
			if change != nil {
				change(f)
			}
			return f
		}
	}
	wrong := []Rule{Volumes}
	runTowns(t, []town{
		{"the same", build(zone, "a", nil), nil},
		{"another", build(zone, "b", nil), wrong},
		{"several", build(zone, "b__a", nil), nil},
		{"several others", build(zone, "b__c", nil), wrong},
		{"nothing that can be read", build(zone, "b__", nil), nil},
		{"the old label", build(corev1.LabelFailureDomainBetaZone, "b", nil), wrong},
		{"the old label, the same", build(corev1.LabelFailureDomainBetaZone, "a", nil), nil},
		{"a region, and the node has none", build(corev1.LabelTopologyRegion, "r", nil), wrong},
		{"the node has neither zone nor region", build(zone, "b", func(f fixture) { f.s.Nodes[0].Node.Labels = nil }), nil},
	})
}

func TestVolumesThatAreNotShared(t *testing.T) {
	wrong := []Rule{Volumes}
	disk := func(source corev1.VolumeSource) func(*corev1.Pod) {
		return func(pod *corev1.Pod) { pod.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: source}} }
	}
	pair := func(nodeA, nodeB string, a, b corev1.VolumeSource) func() fixture {
		return func() fixture {
			f := newTown("a", "a")
			f.runs(nodeA, "db-0", disk(a))
			f.waits(nodeB, "web-0", disk(b))
			return f
		}
	}
	single := func(node string) func() fixture {
		return func() fixture {
			f := newTown("a", "a")
			c, _ := f.owned("data", "")
			c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}
			f.runs("n-1", "db-0", mounts("data"))
			f.waits(node, "web-0", mounts("data"))
			return f
		}
	}
	gce := func(readOnly bool) corev1.VolumeSource {
		return corev1.VolumeSource{GCEPersistentDisk: &corev1.GCEPersistentDiskVolumeSource{PDName: "x", ReadOnly: readOnly}}
	}
	ebs := func(id string) corev1.VolumeSource {
		return corev1.VolumeSource{AWSElasticBlockStore: &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: id, ReadOnly: true}}
	}
	iscsi := func(readOnly bool) corev1.VolumeSource {
		return corev1.VolumeSource{ISCSI: &corev1.ISCSIVolumeSource{IQN: "x", ReadOnly: readOnly}}
	}
	rbd := func(image string, monitors ...string) corev1.VolumeSource {
		return corev1.VolumeSource{RBD: &corev1.RBDVolumeSource{RBDImage: image, CephMonitors: monitors}}
	}
	runTowns(t, []town{
		{"a claim for one pod, on its node", single("n-1"), wrong},
		{"a claim for one pod, on another node", single("n-2"), wrong},
		{"a GCE disk", pair("n-1", "n-1", gce(false), gce(true)), wrong},
		{"a GCE disk on two nodes", pair("n-1", "n-2", gce(false), gce(true)), nil},
		{"a GCE disk that is only read", pair("n-1", "n-1", gce(true), gce(true)), nil},
		{"an EBS disk", pair("n-1", "n-1", ebs("x"), ebs("x")), wrong},
		{"two EBS disks", pair("n-1", "n-1", ebs("x"), ebs("y")), nil},
		{"an iSCSI disk", pair("n-1", "n-1", iscsi(false), iscsi(false)), wrong},
		{"an iSCSI disk that is only read", pair("n-1", "n-1", iscsi(true), iscsi(true)), nil},
		{"a Ceph image", pair("n-1", "n-1", rbd("x", "m", "n"), rbd("x", "n")), wrong},
		{"two Ceph images", pair("n-1", "n-1", rbd("x", "m", "n"), rbd("y", "n")), nil},
		{"a Ceph image of two clusters", pair("n-1", "n-1", rbd("x", "m"), rbd("x", "n")), nil},
		{"a disk that drivers have taken over", func() fixture {
			f := pair("n-1", "n-1", ebs("x"), ebs("y"))()
			f.limit("n-1", disks, 9)
			f.s.Storage.CSINodes[0].Annotations = map[string]string{corev1.MigratedPluginsAnnotationKey: "kubernetes.io/aws-ebs"}
			return f
		}, []Rule{Unsupported}},
	})
}

func TestHowManyVolumesANodeAttaches(t *testing.T) {
	wrong := []Rule{Volumes}
	// full is a node with one volume of two attached, and a pod that wants those claims there.
	full := func(claims []string, change func(f fixture)) func() fixture {
		return func() fixture {
			f := newTown("a")
			f.class("later", disks, storagev1.VolumeBindingWaitForFirstConsumer)
			for _, name := range []string{"a", "b", "c"} {
				f.owned(name, "")
			}
			f.claim("w", "later")
			f.limit("n-1", disks, 2)
			f.runs("n-1", "db-0", mounts("a"))
			f.waits("n-1", "web-0", mounts(claims...))
			if change != nil {
				change(f)
			}
			return f
		}
	}
	runTowns(t, []town{
		{"one more", full([]string{"b"}, nil), nil},
		{"two more", full([]string{"b", "c"}, nil), wrong},
		{"one more and the one that is there", full([]string{"a", "b"}, nil), nil},
		{"one more and one to be made", full([]string{"b", "w"}, nil), wrong},
		{"two more of a driver without a limit", full([]string{"b", "c"}, func(f fixture) { f.s.Storage.CSINodes[0].Spec.Drivers[0].Allocatable = nil }), nil},
		{"two more where no driver says anything", full([]string{"b", "c"}, func(f fixture) { f.s.Storage.CSINodes = nil }), nil},
		{"one more, and one that is attached still", full([]string{"b"}, func(f fixture) {
			name := f.disk("old", "", "", "1Gi").Name
			f.s.Storage.Attachments = []*storagev1.VolumeAttachment{{Spec: storagev1.VolumeAttachmentSpec{
				Attacher: disks, NodeName: "n-1", Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &name},
			}}}
		}), wrong},
		{"one more, and one that is attached and used", full([]string{"b"}, func(f fixture) {
			f.s.Storage.Attachments = []*storagev1.VolumeAttachment{{Spec: storagev1.VolumeAttachmentSpec{
				Attacher: disks, NodeName: "n-1", Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: new("disk-a")},
			}}}
		}), nil},
		{"two placed pods that share the last one", full([]string{"b"}, func(f fixture) { f.waits("n-1", "web-1", mounts("b")) }), nil},
		{"two placed pods that do not", full([]string{"b"}, func(f fixture) { f.waits("n-1", "web-1", mounts("c")) }), wrong},
		{"two more on a node that starts up and is small", full([]string{"b", "c"}, func(f fixture) {
			f.s.Storage.CSINodes = nil
			f.sells("a")
			f.s.InstanceTypes["general"][0].VolumeLimits = map[string]int{disks: 2}
			f.s.Nodes[0].Claim = &v1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{
				"karpenter.sh/nodepool": "general", "node.kubernetes.io/instance-type": "small",
			}}}
		}), wrong},
		{"a driver that must be there and is", full([]string{"b"}, func(f fixture) {
			f.s.Storage.CSIDrivers = []*storagev1.CSIDriver{{ObjectMeta: metav1.ObjectMeta{Name: disks}, Spec: storagev1.CSIDriverSpec{PreventPodSchedulingIfMissing: new(true)}}}
		}), nil},
		{"a driver that must be there and is not", full([]string{"b"}, func(f fixture) {
			f.s.Storage.CSIDrivers = []*storagev1.CSIDriver{{ObjectMeta: metav1.ObjectMeta{Name: disks}, Spec: storagev1.CSIDriverSpec{PreventPodSchedulingIfMissing: new(true)}}}
			f.s.Storage.CSINodes = nil
		}), wrong},
	})
}

func TestFurtherNodesForVolumes(t *testing.T) {
	for _, row := range []town{
		{"a volume in a zone where more is sold", func() fixture {
			f := newTown()
			f.sells("a", "b")
			f.owned("data", "b")
			f.waits("", "web-0", mounts("data"))
			return f
		}, []Rule{CouldLaunch}},
		{"a volume in a zone where nothing is", func() fixture {
			f := newTown()
			f.sells("a")
			f.owned("data", "b")
			f.waits("", "web-0", mounts("data"))
			return f
		}, nil},
		{"a volume of a rack that a further node may be in", func() fixture {
			f := newTown()
			f.sells("a").Spec.Template.Spec.Requirements = []v1.NodeRequirement{{Key: "rack", Operator: "Exists"}}
			_, v := f.owned("data", "")
			term := expression("rack", corev1.NodeSelectorOpIn, "7")
			v.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{term}}}
			f.waits("", "web-0", mounts("data"))
			return f
		}, []Rule{CouldLaunch}},
		{"more volumes than a further node attaches", func() fixture {
			f := newTown()
			f.sells("a")
			f.s.InstanceTypes["general"][0].VolumeLimits = map[string]int{disks: 1}
			f.owned("a", "")
			f.owned("b", "")
			f.waits("", "web-0", mounts("a", "b"))
			return f
		}, nil},
		{"a claim whose volume is made for another node", func() fixture {
			f := newTown("a")
			f.sells("a")
			f.class("later", disks, storagev1.VolumeBindingWaitForFirstConsumer)
			f.claim("data", "later")
			f.waits("n-1", "web-0", mounts("data"))
			f.waits("", "web-1", mounts("data"), func(pod *corev1.Pod) { pod.Spec.Containers[0].Resources.Requests = amounts("cpu", "7950m") })
			return f
		}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := row.build()
			requireRules(t, Unplaced(*f.s, f.p), row.rules...)
		})
	}
}
