package oracle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

func required(terms ...corev1.NodeSelectorTerm) *corev1.Affinity {
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms}}}
}

func expression(key string, operator corev1.NodeSelectorOperator, values ...string) corev1.NodeSelectorTerm {
	return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: operator, Values: values}}}
}

func antiTerm(key string, labels map[string]string) *corev1.Affinity {
	return &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{
		{TopologyKey: key, LabelSelector: &metav1.LabelSelector{MatchLabels: labels}},
	}}}
}

func TestPodsOnTheirNodes(t *testing.T) {
	runBroken(t, []broken{
		{"a node is too small", func(f fixture) { f.move("d", "n-1", false) }, []Rule{Fits}},
		{"a node has no room beside what is bound", func(f fixture) {
			f.s.Nodes[0].Pods[0].Spec.Containers[0].Resources.Requests = amounts("cpu", "950m")
		}, []Rule{Fits}},
		{"a node has no room beside a DaemonSet that is owed to it", func(f fixture) {
			f.s.DaemonPods[0].Spec.Containers[0].Resources.Requests = amounts("cpu", "600m")
			f.s.DaemonPods[0].Spec.NodeSelector = map[string]string{"kubernetes.io/hostname": "n-1"}
			f.launch().DaemonPods = nil
			f.sum()
		}, []Rule{Fits}},
		{"a node is cordoned, and a DaemonSet owed to it all the same", func(f fixture) {
			f.s.DaemonPods[0].Spec.Containers[0].Resources.Requests = amounts("cpu", "600m")
			f.s.DaemonPods[0].Spec.NodeSelector = map[string]string{"kubernetes.io/hostname": "n-1"}
			f.s.Nodes[0].Node.Spec.Unschedulable = true
			f.pod("c").Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
			f.launch().DaemonPods = nil
			f.sum()
		}, []Rule{Fits}},
		{"a node has as many pods as it can", func(f fixture) {
			f.s.Nodes[0].Node.Status.Allocatable = amounts("cpu", "2", "memory", "8Gi", "pods", "2")
		}, []Rule{Fits}},
		{"a node lacks a resource that a pod asks for", func(f fixture) {
			f.pod("c").Spec.Containers[0].Resources.Requests["example.com/fpga"] = oneNode()
		}, []Rule{Fits}},
		{"a sidecar makes the pod too big", func(f fixture) {
			always := corev1.ContainerRestartPolicyAlways
			f.pod("c").Spec.InitContainers = []corev1.Container{{Name: "proxy", RestartPolicy: &always, Resources: corev1.ResourceRequirements{Requests: amounts("cpu", "600m")}}}
		}, []Rule{Fits}},
		{"overhead makes the pod too big", func(f fixture) { f.pod("c").Spec.Overhead = amounts("cpu", "600m") }, []Rule{Fits}},
		{"a launch is too small", func(f fixture) {
			f.pod("a").Spec.Containers[0].Resources.Requests = amounts("cpu", "1100m")
			f.sum()
		}, []Rule{Fits, ChoiceHosts, InstanceTypes}},
		{"a taint is not tolerated", func(f fixture) {
			f.s.Nodes[0].Node.Spec.Taints = []corev1.Taint{{Key: "x", Effect: corev1.TaintEffectNoExecute}}
		}, []Rule{Tolerates}},
		{"the template's taint is not tolerated", func(f fixture) { f.pod("a").Spec.Tolerations = nil }, []Rule{Tolerates, ChoiceHosts, InstanceTypes}},
		{"a toleration compares numbers", func(f fixture) {
			f.s.Nodes[0].Node.Spec.Taints = []corev1.Taint{{Key: "level", Value: "5", Effect: corev1.TaintEffectNoSchedule}}
			f.pod("c").Spec.Tolerations = []corev1.Toleration{{Key: "level", Operator: corev1.TolerationOpGt, Value: "3"}}
		}, []Rule{Tolerates}},
		{"a node is cordoned", func(f fixture) { f.s.Nodes[0].Node.Spec.Unschedulable = true }, []Rule{Tolerates}},
		{"the node selector does not match", func(f fixture) { f.pod("c").Spec.NodeSelector = map[string]string{"x": "y"} }, []Rule{Affinity}},
		{"no term of the node affinity matches", func(f fixture) {
			f.pod("c").Spec.Affinity = required(expression("topology.kubernetes.io/zone", "In", "zone-b"), expression("gpu", "Exists"))
		}, []Rule{Affinity}},
		{"an empty term matches nothing", func(f fixture) { f.pod("c").Spec.Affinity = required(corev1.NodeSelectorTerm{}) }, []Rule{Affinity}},
		{"a field does not match", func(f fixture) {
			f.pod("c").Spec.Affinity = required(corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: "NotIn", Values: []string{"n-1"}}}})
		}, []Rule{Affinity}},
		{"a bound pod excludes the pod from its zone", func(f fixture) {
			f.s.Nodes[0].Pods[0].Spec.Affinity = antiTerm("topology.kubernetes.io/zone", map[string]string{"app": "a"})
		}, []Rule{AntiAffinity, ChoiceHosts}},
		{"the pod excludes a bound pod from its node", func(f fixture) {
			f.pod("c").Spec.Affinity = antiTerm("kubernetes.io/hostname", map[string]string{"app": "bound-0"})
		}, []Rule{AntiAffinity}},
		{"two placed pods exclude each other", func(f fixture) {
			f.pod("a").Spec.Affinity = antiTerm("kubernetes.io/hostname", map[string]string{"app": "b"})
		}, []Rule{AntiAffinity, ChoiceHosts, InstanceTypes}},
		{"a DaemonSet excludes the pod", func(f fixture) {
			f.s.DaemonPods[0].Spec.Affinity = antiTerm("kubernetes.io/hostname", map[string]string{"app": "a"})
			f.s.DaemonPods[0].Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].NamespaceSelector = &metav1.LabelSelector{}
		}, []Rule{AntiAffinity, ChoiceHosts, InstanceTypes}},
		{"a node is being deleted", func(f fixture) { f.s.Nodes[0].Node.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }, []Rule{Leaving}},
		{"a port is held by a bound pod", func(f fixture) {
			f.pod("c").Spec.Containers[0].Ports = []corev1.ContainerPort{{HostPort: 80, ContainerPort: 80}}
			f.s.Nodes[0].Pods[0].Spec.Containers[0].Ports = []corev1.ContainerPort{{HostPort: 80, HostIP: "10.0.0.1", Protocol: corev1.ProtocolTCP}}
		}, []Rule{HostPorts}},
		{"a port is held by another placed pod's sidecar", func(f fixture) {
			always := corev1.ContainerRestartPolicyAlways
			f.pod("a").Spec.Containers[0].Ports = []corev1.ContainerPort{{HostPort: 80, HostIP: "0.0.0.0"}}
			f.pod("b").Spec.InitContainers = []corev1.Container{{Name: "x", RestartPolicy: &always, Ports: []corev1.ContainerPort{{HostPort: 80, HostIP: "10.0.0.1"}}}}
		}, []Rule{HostPorts, ChoiceHosts, InstanceTypes}},
		{"a pod asks for devices", func(f fixture) { f.pod("c").Spec.ResourceClaims = []corev1.PodResourceClaim{{Name: "gpu"}} }, []Rule{Unsupported}},
	})
}

func TestWhatIsNoViolation(t *testing.T) {
	fine := func(name string, change func(f fixture)) broken { return broken{name: name, spoil: change} }
	runBroken(t, []broken{
		fine("a soft taint", func(f fixture) {
			f.s.Nodes[0].Node.Spec.Taints = []corev1.Taint{{Key: "x", Effect: corev1.TaintEffectPreferNoSchedule}}
		}),
		fine("a resource that only others ask for is overdrawn", func(f fixture) {
			f.s.Nodes[0].Pods[0].Spec.Containers[0].Resources.Requests = amounts("memory", "100Gi")
		}),
		fine("a finished pod on the node", func(f fixture) {
			f.s.Nodes[0].Pods[0].Status.Phase = corev1.PodFailed
			f.s.Nodes[0].Pods[0].Spec.Containers[0].Resources.Requests = amounts("cpu", "2")
		}),
		fine("a DaemonSet that is owed and does not fit", func(f fixture) {
			f.s.DaemonPods[0].Spec.Containers[0].Resources.Requests = amounts("cpu", "3")
			f.s.DaemonPods[0].Spec.NodeSelector = map[string]string{"kubernetes.io/hostname": "n-1"}
			f.launch().DaemonPods = nil
			f.sum()
		}),
		fine("one port, and two protocols or two addresses or a container that ends", func(f fixture) {
			f.s.Nodes[0].Pods[0].Spec.Containers[0].Ports = []corev1.ContainerPort{{HostPort: 80, HostIP: "10.0.0.1"}}
			f.pod("c").Spec.Containers[0].Ports = []corev1.ContainerPort{{HostPort: 80, HostIP: "10.0.0.2"}, {HostPort: 80, Protocol: corev1.ProtocolUDP}}
			f.pod("c").Spec.InitContainers = []corev1.Container{{Name: "x", Ports: []corev1.ContainerPort{{HostPort: 80}}}}
		}),
		fine("a second term that matches", func(f fixture) {
			f.pod("c").Spec.Affinity = required(expression("gpu", "Exists"), expression("topology.kubernetes.io/zone", "NotIn", "zone-b"))
		}),
		fine("taints of a node that starts up", func(f fixture) {
			claim := f.s.Nodes[1].Claim.DeepCopy()
			claim.Name = "n-1"
			claim.Spec.StartupTaints = []corev1.Taint{{Key: "starting", Effect: corev1.TaintEffectNoSchedule}}
			f.s.Nodes[0].Claim = claim
			f.s.Nodes[0].Node.Spec.Taints = []corev1.Taint{
				{Key: "starting", Effect: corev1.TaintEffectNoSchedule}, {Key: "node.kubernetes.io/not-ready", Effect: corev1.TaintEffectNoSchedule},
			}
		}),
		fine("a starting node without cpu yet", func(f fixture) {
			claim := f.s.Nodes[1].Claim.DeepCopy()
			claim.Name = "n-1"
			f.s.Nodes[0].Claim = claim
			f.s.Nodes[0].Node.Status.Allocatable = amounts("cpu", "0", "pods", "10")
		}),
		fine("minValues are relaxed and said to be", func(f fixture) {
			three := 3
			f.pool().Spec.Template.Spec.Requirements[0].MinValues = &three
			f.launch().RelaxedMinValues = map[string]int{"topology.kubernetes.io/zone": 2}
		}),
		fine("a limit of a pool that does not grow", func(f fixture) {
			f.s.NodePools[1].Spec.Limits = f.pool().Spec.Limits.DeepCopy()
			f.s.NodePools[1].Spec.Limits["nodes"] = amounts("nodes", "0")["nodes"]
		}),
	})
}

func TestTheCheckerLooksAtUnsupportedPodsOnlyWhenPlaced(t *testing.T) {
	f := newFixture()
	f.pod("huge").Spec.ResourceClaims = []corev1.PodResourceClaim{{Name: "gpu"}}
	f.p.Unplaced[0].Verdict = scheduling.NotEvaluated
	f.p.Unplaced[0].Rejections = []scheduling.Rejection{{Code: scheduling.NotSupported, Key: "spec.resourceClaims", Count: 1}}
	require.Empty(t, Check(*f.s, f.p))
}
