package gen

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// unplan makes the pod one that is not to be planned.
func (m *maker) unplan(pod *corev1.Pod) {
	owner := func(kind string) {
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: kind, Name: "owner", UID: "owner"}}
	}
	switch m.IntN(7) {
	case 0:
		pod.Status.Phase = corev1.PodSucceeded
	case 1:
		pod.Status.Phase = corev1.PodFailed
	case 2:
		pod.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/wait"}}
	case 3:
		pod.Spec.SchedulerName = "another"
	case 4:
		owner("DaemonSet")
	case 5:
		owner("Node")
	case 6:
		pod.DeletionTimestamp = &metav1.Time{Time: m.s.Now}
		pod.Finalizers = []string{"example.com/hold"}
	}
}

// hostPorts gives the pod ports of its host, few enough for pods to clash.
func (m *maker) hostPorts(pod *corev1.Pod) {
	port := corev1.ContainerPort{
		HostPort: int32(pick(m, 80, 80, 443)), HostIP: pick(m, "", "", "0.0.0.0", "10.0.0.1", "10.0.0.2"),
		Protocol: pick(m, "", corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP),
	}
	port.ContainerPort = port.HostPort
	list := pod.Spec.Containers
	if len(pod.Spec.InitContainers) > 0 && m.chance(0.5) {
		list = pod.Spec.InitContainers
	}
	list[0].Ports = append(list[0].Ports, port)
}

// unsupported gives the pod a constraint that the engine does not know, or that is not among the features.
func (m *maker) unsupported(pod *corev1.Pod) {
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"kind": "web"}}
	terms := []corev1.PodAffinityTerm{{LabelSelector: selector, TopologyKey: corev1.LabelTopologyZone}}
	if pod.Spec.Affinity == nil {
		pod.Spec.Affinity = &corev1.Affinity{}
	}
	var ways []func()
	if !m.f.PodAffinity {
		ways = append(ways, func() {
			pod.Spec.Affinity.PodAffinity = &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}
		})
	}
	if !m.f.WideAntiAffinity {
		ways = append(ways, func() {
			pod.Spec.Affinity.PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}
		})
	}
	if !m.f.Spread {
		ways = append(ways, func() {
			pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
				MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: selector,
			}}
		})
	}
	ways = append(ways, func() { pod.Spec.ResourceClaims = []corev1.PodResourceClaim{{Name: "device"}} })
	pick(m, ways...)()
}

// keepAway gives a DaemonSet anti-affinity to other pods, and never to DaemonSets.
func (m *maker) keepAway(pod *corev1.Pod) {
	term := m.term(m.topologyKey(pick(m, m.targets...)), &metav1.LabelSelector{MatchLabels: map[string]string{"app": m.anyApp()}})
	term.MatchLabelKeys, term.MismatchLabelKeys = nil, nil
	if term.Namespaces == nil && term.NamespaceSelector == nil {
		term.Namespaces = []string{"default"}
	}
	if pod.Spec.Affinity == nil {
		pod.Spec.Affinity = &corev1.Affinity{}
	}
	pod.Spec.Affinity.PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term}}
}

// makeDaemons adds DaemonSets.
func (m *maker) makeDaemons(n int) {
	for i := range n {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "agent" + string(rune('a'+i)), Namespace: "kube-system", Labels: map[string]string{"app": "agent", "kind": "agent"}}}
		requests := corev1.ResourceList{corev1.ResourceCPU: quantity("%dm", m.between(10, 200)), corev1.ResourceMemory: quantity("%dMi", m.between(10, 300))}
		if m.chance(0.04) {
			requests[corev1.ResourceCPU] = quantity("3")
		}
		if m.f.OddSizes && m.chance(0.3) {
			requests[corev1.ResourceMemory] = quantity("%d", m.between(1000, 200_000_000))
		}
		pod.Spec.Containers = []corev1.Container{container("agent", requests)}
		if m.f.Affinity && m.chance(0.3) && len(m.targets) > 0 {
			m.affinity(pod, pick(m, m.targets...))
		}
		switch m.IntN(4) {
		case 0:
			pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
		case 1:
			pod.Spec.Tolerations = []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpExists}}
		}
		if m.chance(0.3) {
			pod.Spec.HostNetwork = true
		}
		if m.f.HostPorts && m.chance(0.08) {
			m.hostPorts(pod)
		}
		if m.f.WideAntiAffinity && m.chance(0.06) && len(m.targets) > 0 {
			m.keepAway(pod)
		}
		m.s.DaemonPods = append(m.s.DaemonPods, pod)
	}
}
