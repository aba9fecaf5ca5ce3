package scheduling

import corev1 "k8s.io/api/core/v1"

// unsupportedField names the first field of the pod that restricts where it may run and that the planner does not
// understand; empty when it understands all. Such a pod is left out with code NotSupported rather than placed where
// the scheduler might refuse it.
func unsupportedField(pod *corev1.Pod) string {
	spec := &pod.Spec
	return unsupportedFeature(spec)
}

// unsupportedFeature names a field by which the scheduler asks more of a node than labels, taints and resources: devices,
// a pod group, or a feature that the node must have declared.
func unsupportedFeature(spec *corev1.PodSpec) string {
	switch {
	case len(spec.ResourceClaims) > 0:
		return "spec.resourceClaims"
	case spec.SchedulingGroup != nil:
		return "spec.schedulingGroup"
	case spec.HostNetwork && spec.HostUsers != nil && !*spec.HostUsers:
		return "spec.hostUsers"
	}
	for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range list {
			for _, mount := range list[i].VolumeMounts {
				if len(mount.BindMountOptions) > 0 {
					return "spec.containers[" + list[i].Name + "].volumeMounts[" + mount.Name + "].bindMountOptions"
				}
			}
			for _, rule := range list[i].RestartPolicyRules {
				if rule.Action == corev1.ContainerRestartRuleActionRestartAllContainers {
					return "spec.containers[" + list[i].Name + "].restartPolicyRules"
				}
			}
		}
	}
	return ""
}
