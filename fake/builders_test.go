package fake_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
)

const zoneKey = corev1.LabelTopologyZone

func quantities(list corev1.ResourceList) map[string]string {
	out := map[string]string{}
	for name, quantity := range list {
		out[string(name)] = quantity.String()
	}
	return out
}

func TestPodDefaults(t *testing.T) {
	pod := fake.Pod("web")
	require.Equal(t, "default", pod.Namespace)
	require.Equal(t, "default/web", string(pod.UID))
	require.Equal(t, corev1.PodPending, pod.Status.Phase)
	require.Equal(t, corev1.DefaultSchedulerName, pod.Spec.SchedulerName)
	require.Len(t, pod.Spec.Containers, 1)
	require.Empty(t, pod.Spec.Containers[0].Resources.Requests)
	require.Equal(t, pod, fake.Pod("web"))
}

func TestPodOptions(t *testing.T) {
	created := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	pod := fake.Pod("web",
		fake.Namespace("shop"), fake.Label("app", "web"), fake.Labels(map[string]string{"tier": "front"}), fake.Annotation("a", "b"),
		fake.Requests("1", "1Gi"), fake.Limits("2", ""), fake.Request("ephemeral-storage", "1Gi"), fake.Limit("nvidia.com/gpu", "1"),
		fake.Container("100m", ""), fake.InitContainer("3", ""), fake.Sidecar("", "64Mi"), fake.Overhead("10m", "20Mi"),
		fake.InZone("zone-b"), fake.NodeSelector("disk", "ssd"), fake.HostPort(8080), fake.Volume("data"),
		fake.Toleration("dedicated", "db", corev1.TaintEffectNoSchedule), fake.Toleration("gpu", "", ""),
		fake.Owner("ReplicaSet", "web"), fake.Priority(7), fake.CreatedAt(created),
		fake.PodFunc(func(p *corev1.Pod) { p.Spec.HostNetwork = true }),
	)
	require.Equal(t, "shop/web", string(pod.UID))
	require.Equal(t, map[string]string{"app": "web", "tier": "front"}, pod.Labels)
	require.Equal(t, map[string]string{"a": "b"}, pod.Annotations)
	resources := pod.Spec.Containers[0].Resources
	require.Equal(t, map[string]string{"cpu": "1", "memory": "1Gi", "ephemeral-storage": "1Gi", "nvidia.com/gpu": "1"}, quantities(resources.Requests))
	require.Equal(t, map[string]string{"cpu": "2", "nvidia.com/gpu": "1"}, quantities(resources.Limits))
	require.Equal(t, map[string]string{"cpu": "100m"}, quantities(pod.Spec.Containers[1].Resources.Requests))
	require.Equal(t, map[string]string{"cpu": "3"}, quantities(pod.Spec.InitContainers[0].Resources.Requests))
	require.Nil(t, pod.Spec.InitContainers[0].RestartPolicy)
	require.Equal(t, map[string]string{"memory": "64Mi"}, quantities(pod.Spec.InitContainers[1].Resources.Requests))
	require.Equal(t, corev1.ContainerRestartPolicyAlways, *pod.Spec.InitContainers[1].RestartPolicy)
	require.Equal(t, map[string]string{"cpu": "10m", "memory": "20Mi"}, quantities(pod.Spec.Overhead))
	require.Equal(t, map[string]string{zoneKey: "zone-b", "disk": "ssd"}, pod.Spec.NodeSelector)
	require.Equal(t, int32(8080), pod.Spec.Containers[0].Ports[0].HostPort)
	require.Equal(t, "data", pod.Spec.Volumes[0].PersistentVolumeClaim.ClaimName)
	require.Equal(t, []corev1.Toleration{
		{Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "db", Effect: corev1.TaintEffectNoSchedule},
		{Key: "gpu", Operator: corev1.TolerationOpExists},
	}, pod.Spec.Tolerations)
	require.Equal(t, "ReplicaSet", metav1.GetControllerOf(pod).Kind)
	require.Equal(t, "apps/v1", metav1.GetControllerOf(pod).APIVersion)
	require.Equal(t, int32(7), *pod.Spec.Priority)
	require.Equal(t, created, pod.CreationTimestamp.Time)
	require.True(t, pod.Spec.HostNetwork)
	names := map[string]bool{}
	for _, c := range append(pod.Spec.Containers, pod.Spec.InitContainers...) {
		require.False(t, names[c.Name], "container %s twice", c.Name)
		names[c.Name] = true
	}
}

func TestPodPlacement(t *testing.T) {
	app := map[string]string{"app": "web"}
	pod := fake.Pod("web",
		fake.RequireAny(fake.Term(zoneKey, "In", "zone-a"), fake.Term("disk", "Exists")), fake.Require("cpu", "Gt", "3"),
		fake.Prefer(5, "spot", "DoesNotExist"),
		fake.PodAffinity(zoneKey, app), fake.PodAntiAffinity("kubernetes.io/hostname", app),
		fake.PreferPodAffinity(3, zoneKey, app), fake.PreferPodAntiAffinity(4, zoneKey, app),
		fake.Spread(zoneKey, 1, app), fake.PreferSpread("kubernetes.io/hostname", 2, app),
	)
	affinity := pod.Spec.Affinity
	more := corev1.NodeSelectorRequirement{Key: "cpu", Operator: corev1.NodeSelectorOpGt, Values: []string{"3"}}
	require.Equal(t, []corev1.NodeSelectorTerm{
		{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: zoneKey, Operator: "In", Values: []string{"zone-a"}}, more}},
		{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "disk", Operator: "Exists"}, more}},
	}, affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms)
	require.Equal(t, int32(5), affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution[0].Weight)
	selector := &metav1.LabelSelector{MatchLabels: app}
	near := corev1.PodAffinityTerm{TopologyKey: zoneKey, LabelSelector: selector}
	require.Equal(t, []corev1.PodAffinityTerm{near}, affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
	require.Equal(t, []corev1.WeightedPodAffinityTerm{{Weight: 3, PodAffinityTerm: near}}, affinity.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	require.Equal(t, "kubernetes.io/hostname", affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].TopologyKey)
	require.Equal(t, []corev1.WeightedPodAffinityTerm{{Weight: 4, PodAffinityTerm: near}}, affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	require.Equal(t, []corev1.TopologySpreadConstraint{
		{MaxSkew: 1, TopologyKey: zoneKey, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: selector},
		{MaxSkew: 2, TopologyKey: "kubernetes.io/hostname", WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: selector},
	}, pod.Spec.TopologySpreadConstraints)
	single := fake.Pod("web", fake.Require(zoneKey, "In", "zone-a"), fake.Require("disk", "Exists"))
	terms := single.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	require.Len(t, terms, 1)
	require.Len(t, terms[0].MatchExpressions, 2)
}

func TestPodsShareNothing(t *testing.T) {
	labels := map[string]string{"app": "web"}
	pods := fake.Pods(3, "web", fake.Spread(zoneKey, 1, labels), fake.Requests("1", "1Gi"))
	require.Equal(t, "web-2", pods[2].Name)
	require.Equal(t, "default/web-2", string(pods[2].UID))
	pods[0].Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels["app"] = "changed"
	require.Equal(t, "web", pods[1].Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels["app"])
	require.Equal(t, "web", labels["app"])
	require.Empty(t, fake.Pods(0, "none"))
}

func TestDaemonPodIsATemplate(t *testing.T) {
	pod := fake.DaemonPod("agent", fake.Requests("100m", "64Mi"))
	require.Equal(t, "kube-system/agent", pod.Namespace+"/"+pod.Name)
	require.Empty(t, pod.OwnerReferences)
	require.Empty(t, pod.Spec.NodeName)
}

func TestBoundPodRuns(t *testing.T) {
	pod := fake.Pod("web", fake.OnNode("n-1"))
	require.Equal(t, "n-1", pod.Spec.NodeName)
	require.Equal(t, corev1.PodRunning, pod.Status.Phase)
}

func TestMalformedQuantityPanics(t *testing.T) {
	require.Panics(t, func() { fake.Pod("web", fake.Requests("one", "1Gi")) })
	require.Panics(t, func() { fake.InstanceType("small", "2", "much") })
}

func TestNodeDefaultsAndOptions(t *testing.T) {
	node := fake.Node("n-1")
	require.Equal(t, map[string]string{"kubernetes.io/hostname": "n-1", "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux"}, node.Labels)
	require.Equal(t, map[string]string{"cpu": "4", "memory": "16Gi", "pods": "110"}, quantities(node.Status.Capacity))
	require.Equal(t, node.Status.Capacity, node.Status.Allocatable)
	require.Equal(t, corev1.ConditionTrue, node.Status.Conditions[0].Status)

	node = fake.Node("n-1", fake.Size("8", ""), fake.Capacity("nvidia.com/gpu", "1"), fake.Allocatable("cpu", "7"), fake.PodLimit(20),
		fake.InZone("zone-a"), fake.InPool("general"), fake.Taint("dedicated", "db", corev1.TaintEffectNoSchedule),
		fake.StartupTaint("boot", "", corev1.TaintEffectNoExecute), fake.Label("a", "1"), fake.Annotation("b", "2"),
		fake.NodeFunc(func(n *corev1.Node) { n.Spec.Unschedulable = true }))
	require.Equal(t, map[string]string{"cpu": "8", "memory": "16Gi", "pods": "20", "nvidia.com/gpu": "1"}, quantities(node.Status.Capacity))
	require.Equal(t, map[string]string{"cpu": "7", "memory": "16Gi", "pods": "20", "nvidia.com/gpu": "1"}, quantities(node.Status.Allocatable))
	require.Equal(t, "zone-a", node.Labels[zoneKey])
	require.Equal(t, "general", node.Labels["karpenter.sh/nodepool"])
	require.Equal(t, "true", node.Labels["karpenter.sh/initialized"])
	require.Equal(t, "true", node.Labels["karpenter.sh/registered"])
	require.Equal(t, []string{"dedicated", "boot"}, []string{node.Spec.Taints[0].Key, node.Spec.Taints[1].Key})
	require.Equal(t, "1", node.Labels["a"])
	require.Equal(t, "2", node.Annotations["b"])
	require.True(t, node.Spec.Unschedulable)
}

func TestNodeAndClaimOfOneTypeAgree(t *testing.T) {
	small := fake.InstanceType("small", "2", "8Gi", fake.Overhead("100m", "1Gi"), fake.TypeLabel("family", "s"),
		fake.Spot("zone-a", 0.03, fake.OfferingLabel("rack", "r-1")))
	node := fake.Node("n-1", fake.OfType(small, "zone-a", "spot"), fake.InPool("general"))
	claim := fake.NodeClaim("n-1", fake.OfType(small, "zone-a", "spot"), fake.InPool("general"))
	for _, labels := range []map[string]string{node.Labels, claim.Labels} {
		require.Subset(t, labels, map[string]string{
			"node.kubernetes.io/instance-type": "small", zoneKey: "zone-a", "karpenter.sh/capacity-type": "spot",
			"family": "s", "rack": "r-1", "karpenter.sh/nodepool": "general", "kubernetes.io/arch": "amd64",
		})
	}
	require.Equal(t, map[string]string{"cpu": "1900m", "memory": "7Gi", "pods": "110"}, quantities(node.Status.Allocatable))
	require.Equal(t, quantities(node.Status.Allocatable), quantities(claim.Status.Allocatable))
	require.Equal(t, quantities(node.Status.Capacity), quantities(claim.Status.Capacity))
	require.Equal(t, node.Spec.ProviderID, claim.Status.ProviderID)
	require.Equal(t, "Launched", claim.Status.Conditions[0].Type)
	require.Equal(t, "n-1", fake.NodeClaim("c", fake.ForNode("n-1")).Status.NodeName)
	node.Status.Capacity["cpu"] = node.Status.Capacity["memory"]
	require.Equal(t, "2", small.Capacity.Cpu().String(), "the type is not shared with what is made of it")
}

func TestNodePoolDefaultsAndOptions(t *testing.T) {
	pool := fake.NodePool("general")
	require.Empty(t, pool.Spec.Template.Spec.Requirements)
	require.Nil(t, pool.Spec.Weight)
	require.Equal(t, fake.NodeClassRef(), *pool.Spec.Template.Spec.NodeClassRef)

	pool = fake.NodePool("general", fake.Weight(10), fake.Limit("cpu", "100"), fake.Limit("nodes", "3"),
		fake.Require(zoneKey, "In", "zone-a", "zone-b"), fake.MinValues(zoneKey, 2), fake.MinValues("family", 3),
		fake.Taint("dedicated", "db", corev1.TaintEffectNoSchedule), fake.StartupTaint("boot", "", corev1.TaintEffectNoExecute),
		fake.Label("team", "a"), fake.Annotation("b", "2"), fake.NodePoolFunc(func(p *v1.NodePool) { p.Generation = 4 }))
	require.Equal(t, int32(10), *pool.Spec.Weight)
	require.Equal(t, map[string]string{"cpu": "100", "nodes": "3"}, quantities(corev1.ResourceList(pool.Spec.Limits)))
	set, err := v1.Requirements(pool.Spec.Template.Spec.Requirements)
	require.NoError(t, err)
	require.Equal(t, 2, set.Get(zoneKey).MinValues())
	require.Equal(t, []string{"zone-a", "zone-b"}, set.Get(zoneKey).Values())
	require.Equal(t, 3, set.Get("family").MinValues())
	template := pool.Spec.Template
	require.Equal(t, "dedicated", template.Spec.Taints[0].Key)
	require.Equal(t, "boot", template.Spec.StartupTaints[0].Key)
	require.Equal(t, "a", template.Labels["team"])
	require.Equal(t, "2", template.Annotations["b"])
	require.EqualValues(t, 4, pool.Generation)
	require.EqualValues(t, 2, *fake.NodePool("fixed", fake.Replicas(2)).Spec.Replicas)
	for _, p := range []*v1.NodePool{fake.NodePool("general"), pool} {
		require.Empty(t, v1.ValidateNodePool(p))
	}
}

func TestNodeClaimOptions(t *testing.T) {
	claim := fake.NodeClaim("c", fake.Require(zoneKey, "In", "zone-a"), fake.MinValues("family", 3), fake.Size("2", "8Gi"),
		fake.Allocatable("cpu", "1"), fake.Capacity("nvidia.com/gpu", "1"), fake.InZone("zone-a"), fake.Label("a", "1"), fake.Annotation("b", "2"),
		fake.Taint("dedicated", "db", corev1.TaintEffectNoSchedule), fake.StartupTaint("boot", "", corev1.TaintEffectNoExecute),
		fake.NodeClaimFunc(func(c *v1.NodeClaim) { c.Generation = 4 }))
	require.Len(t, claim.Spec.Requirements, 2)
	require.Equal(t, map[string]string{"cpu": "2", "memory": "8Gi", "nvidia.com/gpu": "1"}, quantities(claim.Status.Capacity))
	require.Equal(t, map[string]string{"cpu": "1", "memory": "8Gi", "nvidia.com/gpu": "1"}, quantities(claim.Status.Allocatable))
	require.Equal(t, map[string]string{"a": "1", zoneKey: "zone-a"}, claim.Labels)
	require.Equal(t, "2", claim.Annotations["b"])
	require.Len(t, claim.Spec.Taints, 1)
	require.Len(t, claim.Spec.StartupTaints, 1)
	require.EqualValues(t, 4, claim.Generation)
	require.NotEmpty(t, claim.UID)
	require.Empty(t, claim.Status.ProviderID)
}

func TestInstanceTypeDefaultsAndOptions(t *testing.T) {
	plain := fake.InstanceType("plain", "2", "8Gi")
	require.Equal(t, map[string]string{"cpu": "2", "memory": "8Gi", "pods": "110"}, quantities(plain.Capacity))
	require.Equal(t, map[string]string{"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux"}, plain.Requirements.Labels())
	require.Empty(t, plain.Overhead)
	require.Empty(t, plain.Offerings)

	full := fake.InstanceType("full", "2", "8Gi", fake.Arch("arm64"), fake.TypeLabel("family", "s"), fake.TypeLabel("disk", "ssd", "nvme"),
		fake.TypeRequire(requirement.DoesNotExist("gpu")), fake.Overhead("100m", "1Gi"), fake.Capacity("nvidia.com/gpu", "1"),
		fake.PodLimit(29), fake.VolumeLimit("csi", 25),
		fake.OnDemand("zone-a", 0.08), fake.Spot("zone-b", 0.03, fake.Unavailable), fake.Reserved("zone-a", 0, "res-1", 2),
		fake.Sold("zone-c", "leased", 0.01, fake.InStock("hosts", 3), fake.OfferingLabel("rack", "r-1")),
		fake.TypeFunc(func(t *cloudprovider.InstanceType) { t.Name = "renamed" }))
	require.Equal(t, "renamed", full.Name)
	require.Equal(t, map[string]string{"kubernetes.io/arch": "arm64", "kubernetes.io/os": "linux", "family": "s"}, full.Requirements.Labels())
	require.Equal(t, []string{"nvme", "ssd"}, full.Requirements.Get("disk").Values())
	require.True(t, full.Requirements.Get("gpu").HasAbsent())
	require.Equal(t, map[string]string{"cpu": "2", "memory": "8Gi", "pods": "29", "nvidia.com/gpu": "1"}, quantities(full.Capacity))
	require.Equal(t, map[string]int{"csi": 25}, full.VolumeLimits)
	require.Equal(t, []cloudprovider.Offering{
		{Zone: "zone-a", CapacityType: "on-demand", Price: 0.08, Available: true},
		{Zone: "zone-b", CapacityType: "spot", Price: 0.03},
		{Zone: "zone-a", CapacityType: "reserved", Available: true, Stock: &cloudprovider.Stock{Key: "res-1", Count: 2}},
	}, full.Offerings[:3])
	require.Equal(t, "r-1", full.Offerings[3].Requirements.Labels()["rack"])
	require.NoError(t, cloudprovider.ValidateInstanceTypes([]*cloudprovider.InstanceType{plain, full}).Err())
}
