package scheduling_test

import (
	"reflect"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// object is a kind of object that decides where pods may run.
type object struct {
	kind   string
	typ    reflect.Type
	fields fields
}

// claims is the field of a pod through which storage is reached.
const claims = "spec.volumes.persistentVolumeClaim"

// objects are the kinds that the scheduler's filters read, Pod first.
func objects() []object {
	return []object{
		{"Pod", reflect.TypeFor[corev1.Pod](), podFields()},
		{"Node", reflect.TypeFor[corev1.Node](), nodeFields()},
		{"Namespace", reflect.TypeFor[corev1.Namespace](), namespaceFields()},
		{"PersistentVolumeClaim", reflect.TypeFor[corev1.PersistentVolumeClaim](), claimFields()},
		{"PersistentVolume", reflect.TypeFor[corev1.PersistentVolume](), volumeFields()},
		{"StorageClass", reflect.TypeFor[storagev1.StorageClass](), classFields()},
		{"CSINode", reflect.TypeFor[storagev1.CSINode](), csiNodeFields()},
		{"CSIDriver", reflect.TypeFor[storagev1.CSIDriver](), csiDriverFields()},
		{"VolumeAttachment", reflect.TypeFor[storagev1.VolumeAttachment](), attachmentFields()},
	}
}

func nodeFields() fields {
	f := fields{}
	f.metadata("metadata.name metadata.labels")
	f.ignored("a node that is being deleted takes no pods; snapshots have it, scenarios do not", "metadata.deletionTimestamp")
	f.supported("spec.unschedulable spec.taints.key spec.taints.value spec.taints.effect spec.providerID status.capacity status.allocatable")
	f.ignored("NoExecute is timed by the controller that evicts", "spec.taints.timeAdded")
	f.ignored(bookkeeping, `spec.podCIDR spec.podCIDRs spec.configSource spec.externalID status.phase status.addresses status.daemonEndpoints
		status.nodeInfo status.volumesInUse status.config status.runtimeHandlers status.features`)
	f.ignored("concerns pods that are bound to the node already", "spec.podPreemptionPolicy")
	f.ignored("what they mean for pods is stated by taints", "status.conditions")
	f.ignored("are counted by VolumeAttachments and pods", "status.volumesAttached")
	f.ignored("images that are there are a preference", "status.images")
	f.ignored("pods that need a declared feature are not supported", "status.declaredFeatures")
	return f
}

func namespaceFields() fields {
	f := fields{}
	f.metadata("metadata.name metadata.labels")
	return f.ignored(bookkeeping, "spec status")
}

func claimFields() fields {
	f := fields{}
	f.metadata()
	f.through(claims, `metadata.name metadata.namespace metadata.annotations spec.accessModes spec.resources.requests spec.volumeName
		spec.storageClassName`)
	f.through(claims, "metadata.deletionTimestamp spec.selector spec.volumeMode status.phase")
	f.through("spec.volumes.ephemeral", "metadata.ownerReferences")
	f.ignored("is what the volume is made from", "spec.dataSource spec.dataSourceRef")
	f.ignored("may not be larger than what is asked for", "spec.resources.limits")
	f.through(claims, "spec.volumeAttributesClassName")
	return f.ignored(bookkeeping, `status.accessModes status.capacity status.conditions status.allocatedResources
		status.allocatedResourceStatuses status.currentVolumeAttributesClassName status.modifyVolumeStatus status.healthStatus`)
}

func volumeFields() fields {
	f := fields{}
	f.metadata()
	f.through(claims, `metadata.name metadata.labels spec.capacity spec.csi spec.accessModes spec.storageClassName spec.nodeAffinity spec.claimRef`)
	f.through(claims, "metadata.deletionTimestamp spec.volumeMode spec.volumeAttributesClassName status.phase")
	f.through(claims, "spec.gcePersistentDisk spec.awsElasticBlockStore spec.azureDisk spec.cinder spec.portworxVolume")
	f.ignored(notAttached, `spec.hostPath spec.glusterfs spec.nfs spec.rbd spec.iscsi spec.cephfs spec.fc spec.flocker spec.flexVolume
		spec.azureFile spec.vsphereVolume spec.quobyte spec.photonPersistentDisk spec.scaleIO spec.storageos`)
	f.ignored("where it can be used says spec.nodeAffinity", "spec.local")
	f.ignored("says what happens once the claim is gone", "spec.persistentVolumeReclaimPolicy")
	f.ignored(mounting, "spec.mountOptions")
	return f.ignored(bookkeeping, "status.message status.reason status.lastPhaseTransitionTime")
}

func classFields() fields {
	f := fields{}
	f.metadata()
	f.through(claims, "metadata.name provisioner volumeBindingMode allowedTopologies")
	f.ignored("is for the driver that makes the volume", "parameters")
	f.ignored("says what happens once the claim is gone", "reclaimPolicy")
	f.ignored(mounting, "mountOptions")
	return f.ignored("volumes grow where they are", "allowVolumeExpansion")
}

func csiNodeFields() fields {
	f := fields{}
	f.metadata()
	f.through(claims, "metadata.name spec.drivers.name spec.drivers.allocatable")
	f.ignored("the name that the driver has for the node", "spec.drivers.nodeID")
	f.through("spec.volumes.awsElasticBlockStore", "metadata.annotations")
	f.ignored("where volumes can be used is said by their own affinity", "spec.drivers.topologyKeys")
	return f.ignored(bookkeeping, "status")
}

func csiDriverFields() fields {
	f := fields{}
	f.metadata()
	f.through(claims, "metadata.name spec.preventPodSchedulingIfMissing")
	f.add(field{sample: capacityTracked}, "spec.storageCapacity")
	return f.ignored(mounting, `spec.attachRequired spec.podInfoOnMount spec.volumeLifecycleModes spec.fsGroupPolicy spec.tokenRequests
		spec.requiresRepublish spec.seLinuxMount spec.nodeAllocatableUpdatePeriodSeconds spec.serviceAccountTokenInSecrets`)
}

// capacityTracked gives the pod a claim to be fulfilled by a driver that reports how much storage is left where.
func capacityTracked(pod *corev1.Pod, s *scheduling.Storage) {
	class, tracked, mode := "tracked", true, storagev1.VolumeBindingWaitForFirstConsumer
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: "data"}}
	claim.Spec.StorageClassName = &class
	claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	s.Claims = append(s.Claims, claim)
	s.Classes = append(s.Classes, &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "disk", VolumeBindingMode: &mode})
	s.CSIDrivers = append(s.CSIDrivers, &storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: "disk"}, Spec: storagev1.CSIDriverSpec{StorageCapacity: &tracked}})
	pod.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}}
}

func attachmentFields() fields {
	f := fields{}
	f.metadata()
	f.through(claims, "spec.attacher spec.nodeName spec.source.persistentVolumeName")
	f.ignored("volumes of pods are counted with the pods", "spec.source.inlineVolumeSpec")
	return f.ignored(bookkeeping, "status")
}
