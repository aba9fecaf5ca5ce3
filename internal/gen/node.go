package gen

import (
	"cmp"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// makeNodes adds nodes that exist or are on their way.
func (m *maker) makeNodes(n int) {
	if len(m.targets) == 0 {
		return
	}
	for i := range n {
		t := pick(m, m.targets...)
		node := m.node(fmt.Sprintf("node-%d", i), t)
		claim := m.claim(node, t)
		entry := scheduling.Node{Node: node, Claim: claim}
		switch m.IntN(10) {
		case 0, 1: // nobody manages it
			entry.Claim = nil
			if m.chance(0.5) {
				delete(node.Labels, v1.NodePoolLabelKey)
			}
		case 2, 3: // registered, not initialised
			m.unfinish(node, t)
		case 4, 5: // in flight
			entry.Node = nil
		}
		if m.chance(0.03) {
			claim.DeletionTimestamp, claim.Finalizers = &metav1.Time{Time: m.s.Now}, []string{v1.TerminationFinalizer}
		}
		if entry.Node != nil || m.chance(0.1) {
			m.populate(&entry, t)
		}
		m.s.Nodes = append(m.s.Nodes, entry)
	}
}

// node is an initialised node bought at the target.
func (m *maker) node(name string, t target) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: maps.Clone(t.labels)}}
	node.Labels[corev1.LabelHostname] = name
	node.Labels[v1.RegisteredLabelKey], node.Labels[v1.InitializedLabelKey] = "true", "true"
	node.Spec.Taints = append(node.Spec.Taints, t.pool.Spec.Template.Spec.Taints...)
	node.Spec.ProviderID = "fake:///" + name
	if m.chance(0.1) {
		delete(node.Labels, corev1.LabelHostname)
	}
	if m.f.topology() {
		m.oddPlace(node)
	}
	if m.chance(0.05) {
		node.Spec.Unschedulable = true
	}
	if m.chance(0.04) {
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: corev1.TaintNodeDiskPressure, Effect: corev1.TaintEffectNoSchedule})
	}
	node.Status.Capacity = t.typ.Capacity.DeepCopy()
	node.Status.Allocatable = t.typ.Allocatable()
	if m.chance(0.1) {
		node.Status.Allocatable = nil
	}
	return node
}

func (m *maker) claim(node *corev1.Node, t target) *v1.NodeClaim {
	c := &v1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: node.Name, Labels: maps.Clone(t.labels)}}
	c.Spec.Taints = append(c.Spec.Taints, t.pool.Spec.Template.Spec.Taints...)
	c.Spec.StartupTaints = append(c.Spec.StartupTaints, t.pool.Spec.Template.Spec.StartupTaints...)
	c.Status.ProviderID = node.Spec.ProviderID
	c.Status.Capacity, c.Status.Allocatable = t.typ.Capacity.DeepCopy(), t.typ.Allocatable()
	return c
}

// unfinish takes from the node what comes late.
func (m *maker) unfinish(node *corev1.Node, t target) {
	delete(node.Labels, v1.InitializedLabelKey)
	for _, key := range []string{family, team, shard, v1.NodePoolLabelKey} {
		if m.chance(0.4) {
			delete(node.Labels, key)
		}
	}
	node.Spec.Taints = append(node.Spec.Taints, t.pool.Spec.Template.Spec.StartupTaints...)
	for _, taint := range []corev1.Taint{
		{Key: "node.kubernetes.io/not-ready", Effect: corev1.TaintEffectNoSchedule},
		{Key: "node.kubernetes.io/unreachable", Effect: corev1.TaintEffectNoSchedule},
		{Key: "node.cloudprovider.kubernetes.io/uninitialized", Value: "true", Effect: corev1.TaintEffectNoSchedule},
		{Key: "karpenter.sh/unregistered", Effect: corev1.TaintEffectNoExecute},
	} {
		if m.chance(0.4) {
			node.Spec.Taints = append(node.Spec.Taints, taint)
		}
	}
	switch m.IntN(3) {
	case 0:
		node.Status.Allocatable, node.Status.Capacity = nil, nil
	case 1:
		if _, ok := node.Status.Allocatable[gpu]; ok {
			node.Status.Allocatable[gpu], node.Status.Capacity[gpu] = quantity("0"), quantity("0")
		}
	}
}

// populate binds pods to the node.
func (m *maker) populate(n *scheduling.Node, t target) {
	bind := func(pod *corev1.Pod) {
		pod.Spec.NodeName = n.Name()
		pod.Status.Phase = cmp.Or(pod.Status.Phase, corev1.PodRunning)
		n.Pods = append(n.Pods, pod)
	}
	for _, daemon := range m.s.DaemonPods {
		if !m.chance(0.6) {
			continue
		}
		pod := daemon.DeepCopy()
		pod.Name = daemon.Name + "-" + n.Name()
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "DaemonSet", Name: daemon.Name, UID: "daemon"}}
		bind(pod)
	}
	for i := range m.IntN(4) {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-bound-%d", n.Name(), i), Namespace: "default", Labels: map[string]string{"app": app(m.IntN(4)), "kind": pick(m, "web", "job")}}}
		m.size(pod, t)
		if m.f.AntiAffinity && m.chance(0.06) {
			m.antiAffinity(pod, app(m.IntN(4)))
			if m.f.Unsupported && m.chance(0.3) {
				pod.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].TopologyKey = corev1.LabelTopologyZone
			}
		}
		if m.f.HostPorts && m.chance(0.06) {
			m.hostPorts(pod)
		}
		bind(pod)
		if m.chance(0.1) {
			pod.Status.Phase = corev1.PodSucceeded
		}
	}
	if m.f.topology() && m.chance(0.7) {
		for i := range m.IntN(6) {
			bind(m.neighbour(fmt.Sprintf("%s-near-%d", n.Name(), i), t))
		}
	}
}

// neighbour is a small bound pod that waiting pods look at: one that selectors match, or that keeps others away. Some are
// about to go, or gone.
func (m *maker) neighbour(name string, t target) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name: name, Namespace: pick(m, "default", "default", "team-a"),
		Labels: map[string]string{"app": m.anyApp(), "kind": pick(m, "web", "job"), version: pick(m, "v1", "v1", "v2")},
	}}
	pod.Spec.Containers = []corev1.Container{container("main", corev1.ResourceList{corev1.ResourceCPU: quantity("%dm", m.between(1, 50))})}
	if m.f.WideAntiAffinity && m.chance(0.05) {
		m.wideAntiAffinity(pod, t)
	}
	if m.f.PodAffinity && m.chance(0.05) { // says nothing about others
		m.podAffinity(pod, t)
	}
	if m.f.Spread && m.chance(0.05) { // nor does this
		m.spread(pod, t)
	}
	if m.f.Volumes && m.chance(0.2) {
		m.attachBound(pod, t)
	}
	switch m.IntN(15) {
	case 0:
		pod.DeletionTimestamp, pod.Finalizers = &metav1.Time{Time: m.s.Now}, []string{"example.com/hold"}
	case 1:
		pod.Status.Phase = corev1.PodFailed
	}
	return pod
}

// oddPlace makes some nodes ones that catalogues do not think of: in no zone, in a zone where nothing is sold, or with the
// hostname of another node.
func (m *maker) oddPlace(node *corev1.Node) {
	switch m.IntN(40) {
	case 0, 1:
		delete(node.Labels, corev1.LabelTopologyZone)
	case 2:
		node.Labels[corev1.LabelTopologyZone] = "zone-x"
	case 3:
		node.Labels[corev1.LabelHostname] = "node-0"
	}
}
