package oracle

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// unjudged lists the fields of a pod that restrict where it may run and that the oracle cannot judge. A pod with one of
// them must not be placed. This is the one place to change when the oracle learns more.
func (w *world) unjudged(pod *corev1.Pod) []string {
	var out []string
	spec := &pod.Spec
	for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for _, c := range list {
			for _, r := range c.RestartPolicyRules {
				if r.Action == corev1.ContainerRestartRuleActionRestartAllContainers {
					out = append(out, "restartPolicyRules")
				}
			}
		}
	}
	if len(spec.ResourceClaims) > 0 {
		out = append(out, "spec.resourceClaims")
	}
	if spec.SchedulingGroup != nil {
		out = append(out, "spec.schedulingGroup")
	}
	if spec.HostNetwork && spec.HostUsers != nil && !*spec.HostUsers {
		out = append(out, "spec.hostUsers")
	}
	for i := range spec.Volumes {
		if d := spec.Volumes[i].AzureDisk; d != nil && (d.Kind == nil || *d.Kind != corev1.AzureManagedDisk) {
			out = append(out, "spec.volumes") // no driver serves it, and what then depends on what drivers there are
		}
	}
	if w.migrates() {
		for i := range spec.Volumes {
			if w.isMigrated(pod, &spec.Volumes[i]) {
				out = append(out, "spec.volumes")
			}
		}
	}
	return out
}

// migrates reports whether some node leaves volumes of the kinds built into Kubernetes to drivers, which see them in
// another light: in other zones' labels, and under other limits.
func (w *world) migrates() bool {
	for _, n := range w.s.Storage.CSINodes {
		if n.Annotations[corev1.MigratedPluginsAnnotationKey] != "" {
			return true
		}
	}
	return false
}

// isMigrated reports whether a driver may stand in for the volume: its disk is named directly, or its claim has a volume,
// or will get one, of a kind built into Kubernetes.
func (w *world) isMigrated(pod *corev1.Pod, v *corev1.Volume) bool {
	s := v.VolumeSource
	if s.GCEPersistentDisk != nil || s.AWSElasticBlockStore != nil || s.AzureDisk != nil || s.AzureFile != nil || s.Cinder != nil ||
		s.PortworxVolume != nil || s.VsphereVolume != nil {
		return true
	}
	name, ok := claimName(pod, v)
	c := w.claim(pod.Namespace, name)
	if !ok || c == nil {
		return false
	}
	if volume := w.volume(c.Spec.VolumeName); volume != nil {
		return volume.Spec.CSI == nil
	}
	class := w.class(classOf(c))
	return class != nil && strings.HasPrefix(class.Provisioner, "kubernetes.io/") && class.Provisioner != "kubernetes.io/no-provisioner"
}

// mayDecline lists the fields with which the engine may answer NotSupported: those that nobody judges, and volumes whose
// place depends on what other pods get.
func (w *world) mayDecline(pod *corev1.Pod) []string {
	out := w.unjudged(pod)
	for i := range pod.Spec.Volumes {
		if _, ok := claimName(pod, &pod.Spec.Volumes[i]); ok {
			out = append(out, "spec.volumes")
		}
	}
	return out
}

// planned reports whether a pod of the snapshot is one to be planned.
func planned(s *scheduling.Snapshot, pod *corev1.Pod) bool {
	if pod.Spec.NodeName != "" || pod.DeletionTimestamp != nil || len(pod.Spec.SchedulingGates) > 0 || finished(pod) {
		return false
	}
	for _, owner := range pod.OwnerReferences {
		if owner.Kind == "DaemonSet" || owner.Kind == "Node" {
			return false
		}
	}
	scheduler := pod.Spec.SchedulerName
	if scheduler == "" {
		scheduler = corev1.DefaultSchedulerName
	}
	ours := s.Profile.SchedulerNames
	if len(ours) == 0 {
		ours = []string{corev1.DefaultSchedulerName}
	}
	for _, n := range ours {
		if n == scheduler {
			return true
		}
	}
	return false
}

func finished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}
