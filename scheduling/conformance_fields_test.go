package scheduling_test

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// field says what one field of an object means for where pods may run.
type field struct {
	// ignored is why the field has no effect; empty for fields that have one.
	ignored string
	// sample gives a pod the field in a way that restricts it, or an object that the pod depends on. Where the planner
	// answers NotSupported the field is not supported. Without a sample the field is supported.
	sample func(*corev1.Pod, *scheduling.Storage)
	// soft says that the field rules no node out: it decides what is bought.
	soft bool
	// through is a field of the pod by which the object is reached: where that is not supported this is not either.
	through string
}

// fields are those of one kind, by path. A path stands for all that is below it.
type fields map[string]field

// supported adds fields that have an effect and are supported.
func (f fields) supported(paths ...string) fields { return f.add(field{}, paths...) }

// soft adds fields that are preferences.
func (f fields) soft(paths ...string) fields { return f.add(field{soft: true}, paths...) }

// ignored adds fields that have no effect, and says why.
func (f fields) ignored(why string, paths ...string) fields {
	return f.add(field{ignored: why}, paths...)
}

// through adds fields that have an effect on pods with that field.
func (f fields) through(pod string, paths ...string) fields {
	return f.add(field{through: pod}, paths...)
}

// asked adds a field of which the planner is asked whether it is supported.
func (f fields) asked(path string, sample func(*corev1.Pod)) fields {
	return f.add(field{sample: func(p *corev1.Pod, _ *scheduling.Storage) { sample(p) }}, path)
}

func (f fields) add(one field, paths ...string) fields {
	for _, path := range paths {
		for word := range strings.FieldsSeq(path) {
			f[word] = one
		}
	}
	return f
}

// Reasons why fields have no effect.
const (
	runtimeOnly = "says how the pod runs on whatever node it is on"
	identity    = "names the object or records its history"
	bookkeeping = "is written by controllers and not read by the scheduler"
	mounting    = "says how the volume is mounted"
	notAttached = "a volume of this kind can be used on every node"
)

// metadata adds the fields of ObjectMeta; those named have an effect.
func (f fields) metadata(effective ...string) fields {
	f.ignored(identity, `metadata.name metadata.generateName metadata.namespace metadata.selfLink metadata.uid metadata.resourceVersion
		metadata.generation metadata.creationTimestamp metadata.deletionTimestamp metadata.deletionGracePeriodSeconds metadata.labels
		metadata.annotations metadata.ownerReferences metadata.finalizers metadata.managedFields`)
	return f.supported(effective...)
}

// container adds the fields of containers at the path.
func (f fields) container(at string) fields {
	under := func(names string) string {
		return at + strings.Join(strings.Fields(names), " "+at)
	}
	f.supported(under(".resources.requests .resources.limits .ports.hostPort .ports.protocol .ports.hostIP .ports.containerPort"))
	f.ignored(runtimeOnly, under(`.name .image .command .args .workingDir .ports.name .envFrom .env .resizePolicy .volumeDevices
		.volumeMounts.name .volumeMounts.readOnly .volumeMounts.recursiveReadOnly .volumeMounts.mountPath .volumeMounts.subPath
		.volumeMounts.mountPropagation .volumeMounts.subPathExpr
		.livenessProbe .readinessProbe .startupProbe .lifecycle .terminationMessagePath .terminationMessagePolicy .imagePullPolicy
		.securityContext .stdin .stdinOnce .tty`))
	f.ignored("refers to spec.resourceClaims, which counts", at+".resources.claims")
	return f
}

// podFields are those of Pod.
func podFields() fields {
	f := fields{}
	f.metadata("metadata.labels metadata.namespace metadata.deletionTimestamp metadata.ownerReferences metadata.name")
	f.ignored(runtimeOnly, `spec.restartPolicy spec.terminationGracePeriodSeconds spec.activeDeadlineSeconds spec.dnsPolicy spec.serviceAccountName
		spec.serviceAccount spec.automountServiceAccountToken spec.hostPID spec.hostIPC spec.shareProcessNamespace spec.securityContext
		spec.imagePullSecrets spec.hostname spec.subdomain spec.hostAliases spec.dnsConfig spec.readinessGates spec.enableServiceLinks
		spec.setHostnameAsFQDN spec.hostnameOverride spec.evictionResponders`)
	f.ignored("are added to pods that run already", "spec.ephemeralContainers")
	f.ignored("is turned into spec.priority when the pod is created; scenarios do so too", "spec.priorityClassName")
	f.ignored("no pod is evicted for another's sake", "spec.preemptionPolicy")
	f.ignored("its overhead and node selector are copied into the pod when it is created", "spec.runtimeClassName")
	f.ignored("is checked by the kubelet; node selectors keep pods off other systems", "spec.os")
	f.supported("spec.nodeSelector spec.nodeName spec.schedulerName spec.schedulingGates spec.priority spec.overhead spec.hostNetwork")
	f.supported("spec.resources.requests")
	f.ignored("stand for the requests only where the API server has written them there", "spec.resources.limits")
	f.ignored("refers to spec.resourceClaims, which counts", "spec.resources.claims")
	f.affinity()
	f.supported(`spec.topologySpreadConstraints.maxSkew spec.topologySpreadConstraints.topologyKey spec.topologySpreadConstraints.whenUnsatisfiable
		spec.topologySpreadConstraints.labelSelector spec.topologySpreadConstraints.minDomains spec.topologySpreadConstraints.nodeAffinityPolicy
		spec.topologySpreadConstraints.nodeTaintsPolicy spec.topologySpreadConstraints.matchLabelKeys`)
	f.supported("spec.tolerations.key spec.tolerations.operator spec.tolerations.value spec.tolerations.effect")
	f.ignored("says how long the pod may stay once tainted", "spec.tolerations.tolerationSeconds")
	f.asked("spec.resourceClaims", func(p *corev1.Pod) { p.Spec.ResourceClaims = []corev1.PodResourceClaim{{Name: "device"}} })
	f.asked("spec.schedulingGroup", func(p *corev1.Pod) { p.Spec.SchedulingGroup = &corev1.PodSchedulingGroup{} })
	f.asked("spec.hostUsers", func(p *corev1.Pod) {
		no := false
		p.Spec.HostNetwork, p.Spec.HostUsers = true, &no
	})
	restarts := []corev1.ContainerRestartRule{{Action: corev1.ContainerRestartRuleActionRestartAllContainers}}
	mounts := []corev1.VolumeMount{{Name: "data", BindMountOptions: []string{"noexec"}}}
	for at, container := range map[string]func(*corev1.Pod) *corev1.Container{
		"spec.containers": func(p *corev1.Pod) *corev1.Container { return &p.Spec.Containers[0] },
		"spec.initContainers": func(p *corev1.Pod) *corev1.Container {
			p.Spec.InitContainers = []corev1.Container{{Name: "main"}}
			return &p.Spec.InitContainers[0]
		},
	} {
		f.container(at)
		f.asked(at+".restartPolicyRules", func(p *corev1.Pod) { container(p).RestartPolicyRules = restarts })
		f.asked(at+".volumeMounts.bindMountOptions", func(p *corev1.Pod) { container(p).VolumeMounts = mounts })
	}
	f.ignored(runtimeOnly, "spec.containers.restartPolicy")
	f.supported("spec.initContainers.restartPolicy")
	f.volumes()
	f.ignored(bookkeeping, `status.observedGeneration status.conditions status.message status.reason status.hostIP status.hostIPs
		status.podIP status.podIPs status.startTime status.qosClass status.ephemeralContainerStatuses status.resourceClaimStatuses
		status.extendedResourceClaimStatus status.nodeAllocatableResourceClaimStatuses status.volumeHealth`)
	f.ignored("a resize under way is counted as the scheduler counts it; waiting pods have none", `status.initContainerStatuses
		status.containerStatuses status.resize status.allocatedResources status.resources`)
	f.supported("status.phase status.nominatedNodeName")
	return f
}

// affinity adds the fields below spec.affinity.
func (f fields) affinity() {
	const node = "spec.affinity.nodeAffinity."
	f.supported(node+"requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.matchExpressions",
		node+"requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.matchFields")
	for _, name := range []string{"weight", "preference.matchExpressions", "preference.matchFields"} {
		f.soft(node + "preferredDuringSchedulingIgnoredDuringExecution." + name)
	}
	for _, kind := range []string{"spec.affinity.podAffinity.", "spec.affinity.podAntiAffinity."} {
		for _, name := range []string{"labelSelector", "namespaces", "topologyKey", "namespaceSelector", "matchLabelKeys", "mismatchLabelKeys"} {
			f.supported(kind + "requiredDuringSchedulingIgnoredDuringExecution." + name)
			f.soft(kind + "preferredDuringSchedulingIgnoredDuringExecution.podAffinityTerm." + name)
		}
		f.soft(kind + "preferredDuringSchedulingIgnoredDuringExecution.weight")
	}
}

// volumes adds the fields below spec.volumes.
func (f fields) volumes() {
	asked := func(name string, source corev1.VolumeSource) {
		f.asked("spec.volumes."+name, func(p *corev1.Pod) {
			p.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: source}}
		})
	}
	asked("persistentVolumeClaim", corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}})
	asked("ephemeral", corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}})
	asked("gcePersistentDisk", corev1.VolumeSource{GCEPersistentDisk: &corev1.GCEPersistentDiskVolumeSource{PDName: "data"}})
	asked("awsElasticBlockStore", corev1.VolumeSource{AWSElasticBlockStore: &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: "data"}})
	asked("azureDisk", corev1.VolumeSource{AzureDisk: &corev1.AzureDiskVolumeSource{DiskName: "data", DataDiskURI: "data", Kind: new(corev1.AzureManagedDisk)}})
	asked("cinder", corev1.VolumeSource{Cinder: &corev1.CinderVolumeSource{VolumeID: "data"}})
	asked("portworxVolume", corev1.VolumeSource{PortworxVolume: &corev1.PortworxVolumeSource{VolumeID: "data"}})
	asked("iscsi", corev1.VolumeSource{ISCSI: &corev1.ISCSIVolumeSource{TargetPortal: "10.0.0.1", IQN: "data"}})
	asked("rbd", corev1.VolumeSource{RBD: &corev1.RBDVolumeSource{CephMonitors: []string{"10.0.0.1"}, RBDImage: "data"}})
	f.ignored(identity, "spec.volumes.name")
	f.ignored(notAttached, `spec.volumes.hostPath spec.volumes.emptyDir spec.volumes.gitRepo spec.volumes.secret spec.volumes.nfs
		spec.volumes.glusterfs spec.volumes.flexVolume spec.volumes.cephfs spec.volumes.flocker spec.volumes.downwardAPI spec.volumes.fc
		spec.volumes.configMap spec.volumes.quobyte spec.volumes.photonPersistentDisk spec.volumes.projected spec.volumes.scaleIO
		spec.volumes.storageos spec.volumes.csi spec.volumes.image`)
	f.ignored("the scheduler counts no such volume unless it is reached through a claim", "spec.volumes.azureFile spec.volumes.vsphereVolume")
}
