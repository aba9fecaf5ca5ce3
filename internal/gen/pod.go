package gen

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// makePods makes the pods that wait, and says which were made alike.
func (m *maker) makePods() [][]types.NamespacedName {
	var kinds [][]types.NamespacedName
	for n := 0; m.pods > 0; n++ {
		count := min(m.pods, pick(m, 1, 1, 2, 3, 5, 8))
		if m.f.Size == Minute {
			count = min(m.pods, m.between(1, 3))
		} else if m.pods > 100 {
			count = min(m.pods, m.between(1, 80))
		}
		m.pods -= count
		m.few = false
		pod := m.podTemplate(app(n))
		if m.few && m.chance(0.7) {
			count = min(count, m.between(1, 3))
		}
		kinds = append(kinds, nil)
		attach := func(*corev1.Pod) {}
		if m.f.Volumes && len(m.targets) > 0 && m.odds(0.13) {
			attach = m.attach(m.at)
		}
		for i := range count {
			p := pod.DeepCopy()
			p.Name = fmt.Sprintf("%s-%d", pod.Name, i)
			attach(p)
			if m.f.Unplanned && m.chance(0.03) {
				m.unplan(p)
			}
			m.s.Pods = append(m.s.Pods, p)
			kinds[n] = append(kinds[n], types.NamespacedName{Namespace: p.Namespace, Name: p.Name})
		}
	}
	return kinds
}

// podTemplate makes a group of pods that are alike.
func (m *maker) podTemplate(app string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name: app, Namespace: pick(m, "default", "default", "team-a"), Labels: map[string]string{"app": app, "kind": pick(m, "web", "job")},
	}}
	if len(m.targets) == 0 {
		pod.Spec.Containers = []corev1.Container{container("main", corev1.ResourceList{corev1.ResourceCPU: quantity("1")})}
		return pod
	}
	t := pick(m, m.targets...)
	for try := 0; try < 5 && !t.available; try++ {
		t = pick(m, m.targets...)
	}
	m.at = t
	m.size(pod, t)
	if m.f.Affinity && m.chance(0.45) {
		m.affinity(pod, t)
	}
	if m.f.Taints {
		m.tolerate(pod, t.pool.Spec.Template.Spec.Taints, 0.93)
	}
	if m.f.AntiAffinity && m.chance(0.08) {
		m.antiAffinity(pod, app)
	}
	if m.f.topology() {
		m.release(pod)
		m.arrange(pod, t)
	}
	if len(m.s.Profile.DefaultConstraints) > 0 && m.chance(0.4) {
		m.own(pod)
	}
	if m.f.Preferences && m.chance(0.12) {
		m.prefer(pod, t)
	}
	if m.f.HostPorts && m.chance(0.05) {
		m.hostPorts(pod)
	}
	rare := 0.03
	if m.f.Spread && m.f.PodAffinity && m.f.Volumes { // little is left that the engine does not know
		rare = 0.01
	}
	if m.f.Unsupported && m.chance(rare) {
		m.unsupported(pod)
	}
	if !m.f.Preferences && m.chance(0.05) {
		m.soft(pod)
	}
	return pod
}

// release says which app the pod is of, in which version: sometimes it is a newer one of an app that there is already.
func (m *maker) release(pod *corev1.Pod) {
	pod.Labels[version] = "v1"
	if len(m.s.Pods) > 0 && m.chance(0.15) {
		before := m.s.Pods[m.IntN(len(m.s.Pods))]
		pod.Namespace, pod.Labels = before.Namespace, map[string]string{"app": before.Labels["app"], "kind": before.Labels["kind"], version: "v2"}
	}
}

func container(name string, requests corev1.ResourceList) corev1.Container {
	return corev1.Container{Name: name, Resources: corev1.ResourceRequirements{Requests: requests}}
}

// part is about that share of a quantity.
func (m *maker) part(q resource.Quantity, name corev1.ResourceName, share float64) resource.Quantity {
	odd := m.f.OddSizes && m.chance(0.5)
	switch {
	case name == corev1.ResourceCPU && odd:
		return quantity("%dm", max(1, int64(float64(q.MilliValue())*share)))
	case name == corev1.ResourceCPU:
		return quantity("%dm", max(1, int64(float64(q.MilliValue())*share)/50)*50)
	case odd:
		return quantity("%d", max(1, int64(float64(q.Value())*share)))
	}
	return quantity("%dMi", max(1, int64(float64(q.Value())*share)>>26)*64)
}

// size gives the pod requests that are some part of the target's room.
func (m *maker) size(pod *corev1.Pod, t target) {
	room := t.typ.Allocatable()
	share := pick(m, 0.04, 0.08, 0.12, 0.19, 0.24, 0.31, 0.45, 0.6, 0.85)
	if m.f.Size == Minute {
		share = pick(m, 0.2, 0.3, 0.45, 0.6, 0.85)
	}
	requests := corev1.ResourceList{}
	if !m.chance(0.05) {
		requests[corev1.ResourceCPU] = m.part(room[corev1.ResourceCPU], corev1.ResourceCPU, share)
	}
	if !m.chance(0.07) {
		requests[corev1.ResourceMemory] = m.part(room[corev1.ResourceMemory], corev1.ResourceMemory, share*pick(m, 0.3, 0.7, 1))
	}
	if q, ok := room[corev1.ResourceEphemeralStorage]; ok && m.chance(0.1) {
		requests[corev1.ResourceEphemeralStorage] = m.part(q, corev1.ResourceEphemeralStorage, share/2)
	}
	if q, ok := room[gpu]; ok && m.chance(0.6) {
		requests[gpu] = quantity("%d", m.between(1, int(q.Value())))
	}
	if _, ok := room[fpga]; ok && m.chance(0.5) {
		requests[fpga] = quantity("1")
	}
	if m.chance(0.02) {
		requests[corev1.ResourceCPU] = quantity("%d", pick(m, 40, 200))
	}
	if m.chance(0.03) {
		requests[fpga] = quantity("0")
	}
	pod.Spec.Containers = []corev1.Container{container("main", requests)}
	if m.f.Containers {
		m.containers(pod, requests)
	}
}

// containers adds what else asks for resources.
func (m *maker) containers(pod *corev1.Pod, requests corev1.ResourceList) {
	small := func() corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceCPU: quantity("%dm", m.between(1, 60)), corev1.ResourceMemory: quantity("%dMi", m.between(1, 120))}
	}
	always := corev1.ContainerRestartPolicyAlways
	if m.chance(0.08) {
		sidecar := container("proxy", small())
		sidecar.RestartPolicy = &always
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, sidecar)
	}
	if m.chance(0.12) {
		first := container("setup", small())
		if cpu, ok := requests[corev1.ResourceCPU]; ok && m.chance(0.5) {
			first.Resources.Requests[corev1.ResourceCPU] = m.part(cpu, corev1.ResourceCPU, 1.15)
		}
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, first)
	}
	if m.chance(0.04) {
		late := container("watch", small())
		late.RestartPolicy = &always
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, late)
	}
	if m.chance(0.1) {
		pod.Spec.Containers = append(pod.Spec.Containers, container("helper", small()))
	}
	if m.chance(0.06) {
		pod.Spec.Overhead = small()
	}
	if cpu, ok := requests[corev1.ResourceCPU]; ok && m.chance(0.06) {
		total := cpu.DeepCopy()
		total.Add(quantity("200m"))
		pod.Spec.Resources = &corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: total}}
	}
}

// affinity asks for some labels of the target, in one way or another.
func (m *maker) affinity(pod *corev1.Pod, t target) {
	keys := slices.Sorted(mapKeys(t.labels))
	for range m.between(1, 2) {
		key := pick(m, keys...)
		value := t.labels[key]
		if m.chance(0.05) {
			value = pick(m, "zone-b", "other", "7")
		}
		if m.chance(0.5) {
			if pod.Spec.NodeSelector == nil {
				pod.Spec.NodeSelector = map[string]string{}
			}
			pod.Spec.NodeSelector[key] = value
			continue
		}
		m.affinityTerm(pod, m.expression(key, value))
	}
	if m.chance(0.08) && len(m.s.Nodes) > 0 {
		field := corev1.NodeSelectorRequirement{Key: "metadata.name", Operator: pick(m, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn), Values: []string{m.s.Nodes[m.IntN(len(m.s.Nodes))].Name()}}
		m.affinityTerm(pod)
		terms := pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
		terms[0].MatchFields = append(terms[0].MatchFields, field)
	}
}

// expression is a requirement that the value satisfies.
func (m *maker) expression(key, value string) corev1.NodeSelectorRequirement {
	e := corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{value}}
	numeric := key == generation || key == cores || key == shard || key == slot
	switch m.IntN(6) {
	case 0:
		e.Values = append(e.Values, "elsewhere")
	case 1:
		e.Operator, e.Values = corev1.NodeSelectorOpNotIn, []string{pick(m, "zone-b", "spot", "c", "1", "x")}
		if e.Values[0] == value {
			e.Values[0] = "nowhere"
		}
	case 2:
		e.Operator, e.Values = corev1.NodeSelectorOpExists, nil
	case 3:
		if numeric {
			e.Operator, e.Values = corev1.NodeSelectorOpGt, []string{"0"}
		}
	case 4:
		if numeric {
			e.Operator, e.Values = corev1.NodeSelectorOpLt, []string{pick(m, "6", "9", "100")}
		}
	case 5:
		if m.chance(0.3) {
			return corev1.NodeSelectorRequirement{Key: pick(m, gpuModel, mark, shard, reservation), Operator: corev1.NodeSelectorOpDoesNotExist}
		}
	}
	return e
}

// affinityTerm adds expressions to the pod's first term, and sometimes a second term beside it.
func (m *maker) affinityTerm(pod *corev1.Pod, expressions ...corev1.NodeSelectorRequirement) {
	if pod.Spec.Affinity == nil {
		pod.Spec.Affinity = &corev1.Affinity{}
	}
	if pod.Spec.Affinity.NodeAffinity == nil {
		pod.Spec.Affinity.NodeAffinity = &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{{}},
		}}
	}
	required := pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	required.NodeSelectorTerms[0].MatchExpressions = append(required.NodeSelectorTerms[0].MatchExpressions, expressions...)
	if len(expressions) > 0 && m.chance(0.3) {
		t := pick(m, m.targets...)
		key := pick(m, slices.Sorted(mapKeys(t.labels))...)
		required.NodeSelectorTerms = append(required.NodeSelectorTerms, corev1.NodeSelectorTerm{
			MatchExpressions: []corev1.NodeSelectorRequirement{m.expression(key, t.labels[key])},
		})
	}
	if m.chance(0.03) { // an empty term admits nothing
		required.NodeSelectorTerms = append(required.NodeSelectorTerms, corev1.NodeSelectorTerm{})
	}
}

// tolerate adds tolerations for the taints, and sometimes others.
func (m *maker) tolerate(pod *corev1.Pod, taints []corev1.Taint, chance float64) {
	for _, taint := range taints {
		if !m.chance(chance) {
			continue
		}
		t := corev1.Toleration{Key: taint.Key, Operator: corev1.TolerationOpEqual, Value: taint.Value, Effect: taint.Effect}
		switch m.IntN(8) {
		case 0:
			t.Operator, t.Value = corev1.TolerationOpExists, ""
		case 1:
			t.Effect = ""
		case 2:
			t = corev1.Toleration{Operator: corev1.TolerationOpExists}
		case 3:
			if taint.Key == level { // off by default: tolerates nothing
				t.Operator, t.Value = corev1.TolerationOpGt, "3"
			}
		case 4:
			if m.chance(0.3) { // of no use
				t.Value = "elsewhere"
			}
		}
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, t)
	}
	if m.chance(0.1) {
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{Key: pick(m, "dedicated", corev1.TaintNodeUnschedulable, "soft"), Operator: corev1.TolerationOpExists})
	}
}

func (m *maker) antiAffinity(pod *corev1.Pod, app string) {
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
	if m.chance(0.3) {
		selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "kind", Operator: metav1.LabelSelectorOpIn, Values: []string{pick(m, "web", "job")}}}}
	}
	term := corev1.PodAffinityTerm{LabelSelector: selector, TopologyKey: corev1.LabelHostname}
	switch m.IntN(8) {
	case 0:
		term.Namespaces = []string{"team-a"}
	case 1:
		term.NamespaceSelector = &metav1.LabelSelector{}
	case 2:
		term.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"tenant": "default"}}
	case 3:
		term.MatchLabelKeys = []string{"kind"}
	}
	if pod.Spec.Affinity == nil {
		pod.Spec.Affinity = &corev1.Affinity{}
	}
	pod.Spec.Affinity.PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term}}
}

// soft adds constraints that only express a wish.
func (m *maker) soft(pod *corev1.Pod) {
	if pod.Spec.Affinity == nil {
		pod.Spec.Affinity = &corev1.Affinity{}
	}
	term := corev1.PodAffinityTerm{LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kind": "web"}}, TopologyKey: corev1.LabelTopologyZone}
	switch m.IntN(2) {
	case 0:
		if pod.Spec.Affinity.PodAffinity == nil {
			pod.Spec.Affinity.PodAffinity = &corev1.PodAffinity{}
		}
		pod.Spec.Affinity.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution = []corev1.WeightedPodAffinityTerm{{Weight: 10, PodAffinityTerm: term}}
	case 1:
		pod.Spec.TopologySpreadConstraints = append(pod.Spec.TopologySpreadConstraints, corev1.TopologySpreadConstraint{
			MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: term.LabelSelector,
		})
	}
}
