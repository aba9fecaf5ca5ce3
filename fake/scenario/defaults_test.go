package scenario

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func onePod(t *testing.T, spec string) *corev1.Pod {
	t.Helper()
	pods := read(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web, rev: \"7\"}}\nspec:\n  "+spec).Snapshot.Pods
	require.Len(t, pods, 1)
	return pods[0]
}

func TestRequestsDefaultToLimits(t *testing.T) {
	pod := onePod(t, `
  initContainers: [{name: init, resources: {limits: {cpu: "3"}}}]
  containers: [{name: app, resources: {requests: {cpu: 100m}, limits: {cpu: "1", memory: 1Gi}}}]`)
	require.Equal(t, "3", pod.Spec.InitContainers[0].Resources.Requests.Cpu().String())
	require.Equal(t, "100m", pod.Spec.Containers[0].Resources.Requests.Cpu().String())
	require.Equal(t, "1Gi", pod.Spec.Containers[0].Resources.Requests.Memory().String())
}

func TestPodLevelRequestsAreTakenAsWritten(t *testing.T) {
	pod := onePod(t, "resources: {limits: {cpu: \"2\"}}\n  containers: [{name: app}]")
	require.Empty(t, pod.Spec.Resources.Requests)
}

func TestHostPortsDefaultUnderHostNetwork(t *testing.T) {
	port := onePod(t, "hostNetwork: true\n  containers: [{name: app, ports: [{containerPort: 80}]}]").Spec.Containers[0].Ports[0]
	require.EqualValues(t, 80, port.HostPort)
	require.Equal(t, corev1.ProtocolTCP, port.Protocol)
	port = onePod(t, "containers: [{name: app, ports: [{containerPort: 80, protocol: UDP}]}]").Spec.Containers[0].Ports[0]
	require.Zero(t, port.HostPort)
	require.Equal(t, corev1.ProtocolUDP, port.Protocol)
}

func TestLabelKeysAreMergedIntoSelectors(t *testing.T) {
	pod := onePod(t, `
  containers: [{name: app}]
  topologySpreadConstraints:
  - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}, matchLabelKeys: [rev, missing]}
  - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, matchLabelKeys: [rev]}
  affinity:
    podAntiAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
      - {topologyKey: host, labelSelector: {}, matchLabelKeys: [app], mismatchLabelKeys: [rev]}
    podAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
      - {weight: 1, podAffinityTerm: {topologyKey: host, labelSelector: {matchExpressions: [{key: rev, operator: In, values: ["7"]}]}, matchLabelKeys: [rev]}}`)
	in := func(key, value string) metav1.LabelSelectorRequirement {
		return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{value}}
	}
	spread := pod.Spec.TopologySpreadConstraints
	require.Equal(t, []metav1.LabelSelectorRequirement{in("rev", "7")}, spread[0].LabelSelector.MatchExpressions)
	require.Equal(t, map[string]string{"app": "web"}, spread[0].LabelSelector.MatchLabels)
	require.Nil(t, spread[1].LabelSelector)
	apart := pod.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0]
	require.Equal(t, []metav1.LabelSelectorRequirement{in("app", "web"), {Key: "rev", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"7"}}}, apart.LabelSelector.MatchExpressions)
	near := pod.Spec.Affinity.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution[0].PodAffinityTerm
	require.Equal(t, []metav1.LabelSelectorRequirement{in("rev", "7")}, near.LabelSelector.MatchExpressions)
}

func TestEachPodOfAStatefulSetMergesItsOwnLabels(t *testing.T) {
	spread := "topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {}, matchLabelKeys: [apps.kubernetes.io/pod-index]}]"
	pods := read(t, controller("apps/v1", "StatefulSet", "db", "replicas: 2", spread)).Snapshot.Pods
	for i, pod := range pods {
		expressions := pod.Spec.TopologySpreadConstraints[0].LabelSelector.MatchExpressions
		require.Equal(t, [][]string{{"0"}, {"1"}}[i], expressions[0].Values)
		require.Len(t, expressions, 1)
	}
	pods = read(t, controller("apps/v1", "Deployment", "web", "replicas: 1",
		"topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {}, matchLabelKeys: [pod-template-hash]}]")).Snapshot.Pods
	require.Equal(t, []string{"1"}, pods[0].Spec.TopologySpreadConstraints[0].LabelSelector.MatchExpressions[0].Values)
}

func TestPriorityComesFromTheClass(t *testing.T) {
	class := func(name, more string) string {
		return "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: " + name + "}\n" + more
	}
	named := "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {priorityClassName: high, containers: [{name: app}]}\n"
	system := "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {priorityClassName: system-node-critical, containers: [{name: app}]}\n"
	unknown := "apiVersion: v1\nkind: Pod\nmetadata: {name: c}\nspec: {priorityClassName: nobody-knows, containers: [{name: app}]}\n"
	pods := read(t, named, system, unknown, somePod, class("low", "value: -5\nglobalDefault: true\n"), class("high", "value: 9\npreemptionPolicy: Never\n")).Snapshot.Pods
	require.EqualValues(t, 9, *pods[0].Spec.Priority)
	require.Equal(t, corev1.PreemptNever, *pods[0].Spec.PreemptionPolicy)
	require.EqualValues(t, 2000001000, *pods[1].Spec.Priority)
	require.Nil(t, pods[2].Spec.Priority)
	require.EqualValues(t, -5, *pods[3].Spec.Priority)
}
