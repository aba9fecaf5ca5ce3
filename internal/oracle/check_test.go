package oracle

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// broken is one way to spoil the fixture and the rules that this breaks.
type broken struct {
	name  string
	spoil func(f fixture)
	rules []Rule
}

func runBroken(t *testing.T, rows []broken) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture()
			row.spoil(f)
			requireRules(t, Check(*f.s, f.p), row.rules...)
		})
	}
}

func TestPodsAndAssignments(t *testing.T) {
	runBroken(t, []broken{
		{"a pod is forgotten", func(f fixture) { f.p.Unplaced = nil }, []Rule{PodOnce}},
		{"a pod is placed twice", func(f fixture) {
			f.p.Assignments = append(f.p.Assignments, f.p.Assignments[3])
		}, []Rule{PodOnce}},
		{"a pod is placed and unplaced", func(f fixture) { f.p.Unplaced[0].Pod = named("d") }, []Rule{PodOnce}},
		{"a pod of another scheduler is left out", func(f fixture) {
			f.p.Unplaced = append([]scheduling.Unplaced{{Pod: named("foreign-0"), Verdict: scheduling.Infeasible, Rejections: f.p.Unplaced[0].Rejections}}, f.p.Unplaced...)
		}, []Rule{PodForeign}},
		{"a pod that nobody knows is placed", func(f fixture) { f.p.Assignments[3].Pod = named("dd") }, []Rule{PodForeign, PodOnce}},
		{"a gated pod is left out", func(f fixture) {
			f.pod("huge").Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "wait"}}
		}, []Rule{PodForeign}},
		{"a finished pod is left out", func(f fixture) { f.pod("huge").Status.Phase = corev1.PodSucceeded }, []Rule{PodForeign}},
		{"a pod being deleted is left out", func(f fixture) { f.pod("huge").DeletionTimestamp = &metav1.Time{} }, []Rule{PodForeign}},
		{"a DaemonSet's pod is left out", func(f fixture) {
			f.pod("huge").OwnerReferences = []metav1.OwnerReference{{Kind: "DaemonSet", Name: "agent"}}
		}, []Rule{PodForeign}},
		{"an assignment names no node", func(f fixture) { f.p.Assignments[3].Node = "n-9" }, []Rule{AssignmentTarget}},
		{"an assignment calls a node a launch", func(f fixture) { f.p.Assignments[3].Launch = true }, []Rule{AssignmentTarget}},
		{"a launch lists a pod too few", func(f fixture) { f.launch().Pods = f.launch().Pods[:1] }, []Rule{LaunchPods}},
		{"a launch has no pods", func(f fixture) {
			f.s.Nodes[0].Node.Status.Allocatable = amounts("cpu", "8", "memory", "8Gi", "pods", "10")
			f.move("a", "n-1", false)
			f.move("b", "n-1", false)
		}, []Rule{LaunchPods}},
		{"a launch's pods are not sorted", func(f fixture) { f.launch().Pods = []types.NamespacedName{named("b"), named("a")} }, []Rule{Sorted}},
		{"assignments are not sorted", func(f fixture) {
			f.p.Assignments[0], f.p.Assignments[1] = f.p.Assignments[1], f.p.Assignments[0]
		}, []Rule{Sorted}},
		{"the bound is above the price", func(f fixture) { f.p.Bound = 0.11 }, []Rule{Bound}},
		{"the bound is negative", func(f fixture) { f.p.Bound = -1 }, []Rule{Bound}},
		{"a pod is left out without a reason", func(f fixture) { f.p.Unplaced[0].Rejections = nil }, []Rule{Answer}},
		{"a pod is left out without a verdict", func(f fixture) { f.p.Unplaced[0].Verdict = "" }, []Rule{Answer}},
		{"not supported, but it is", func(f fixture) {
			f.p.Unplaced[0].Verdict = scheduling.NotEvaluated
			f.p.Unplaced[0].Rejections = []scheduling.Rejection{{Code: scheduling.NotSupported}}
		}, []Rule{Answer}},
		{"not evaluated for a reason that is an answer", func(f fixture) { f.p.Unplaced[0].Verdict = scheduling.NotEvaluated }, []Rule{Answer}},
		{"the effort ran out in a plan that is complete", func(f fixture) {
			f.p.Unplaced[0].Verdict = scheduling.NotEvaluated
			f.p.Unplaced[0].Rejections = []scheduling.Rejection{{Code: scheduling.EffortExhausted, Key: "Effort"}}
		}, []Rule{Answer}},
	})
}

func TestLaunches(t *testing.T) {
	runBroken(t, []broken{
		{"the name is that of a node", func(f fixture) {
			f.launch().Name, f.launch().Node.Name, f.launch().Node.Labels["kubernetes.io/hostname"] = "n-1", "n-1", "n-1"
			f.move("a", "n-1", true)
			f.move("b", "n-1", true)
		}, []Rule{LaunchName}},
		{"the pool is static", func(f fixture) { f.launch().NodePool = "static" }, []Rule{LaunchPool}},
		{"the pool is not there", func(f fixture) { f.launch().NodePool = "nobody" }, []Rule{LaunchPool}},
		{"the pool is not ready", func(f fixture) {
			f.pool().Status.Conditions = []metav1.Condition{{Type: "Ready", Status: metav1.ConditionFalse}}
		}, []Rule{LaunchPool}},
		{"the pool is being deleted", func(f fixture) { f.pool().DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }, []Rule{LaunchPool}},
		{"there is no choice", func(f fixture) { f.launch().Choices = nil }, []Rule{ChoiceExists, Bound}},
		{"there is no node", func(f fixture) { f.launch().Node = nil }, []Rule{ChoiceExists, AssignmentTarget}},
		{"a choice is not offered", func(f fixture) { f.launch().Choices[1].Zone = "zone-x" }, []Rule{ChoiceExists}},
		{"a choice is listed twice", func(f fixture) { f.launch().Choices[2] = f.launch().Choices[1] }, []Rule{ChoiceExists}},
		{"the pool is not offered the type", func(f fixture) {
			f.s.InstanceTypes["general"] = f.s.InstanceTypes["general"][:1]
		}, []Rule{ChoiceExists, InstanceTypes}},
		{"a choice has another price", func(f fixture) { f.launch().Choices[1].Price = 0.12 }, []Rule{ChoicePrice}},
		{"alternatives are not cheapest first", func(f fixture) {
			c := f.launch().Choices
			c[1], c[2] = c[2], c[1]
		}, []Rule{ChoicePrice}},
		{"a choice is sold out", func(f fixture) { f.small().Offerings[1].Available = false }, []Rule{ChoiceAvailable}},
		{"a choice has no stock", func(f fixture) {
			f.small().Offerings[1].Stock = &cloudprovider.Stock{Key: "none", Count: 0}
			f.launch().Choices[1].StockKey = "none"
		}, []Rule{ChoiceAvailable}},
		{"a choice is in a zone that the pool excludes", func(f fixture) {
			f.launch().Choices[1].Zone, f.launch().Choices[1].Price = "zone-c", 0.1
		}, []Rule{ChoiceAdmitted}},
		{"a choice is of a type that the pool excludes", func(f fixture) {
			f.pool().Spec.Template.Spec.Requirements[2] = v1.NodeRequirement{Key: "example.com/family", Operator: "In", Values: []string{"s"}}
		}, []Rule{ChoiceAdmitted, InstanceTypes}},
		{"a choice contradicts a template label", func(f fixture) {
			f.pool().Spec.Template.Labels["example.com/family"] = "s"
		}, []Rule{ChoiceAdmitted, InstanceTypes}},
		{"a choice is too small", func(f fixture) {
			f.large().Capacity = amounts("cpu", "1", "memory", "16Gi", "pods", "10")
		}, []Rule{ChoiceHosts, InstanceTypes}},
		{"stock is overdrawn", func(f fixture) {
			f.small().Offerings[0].Stock = &cloudprovider.Stock{Key: "res-9", Count: 5}
			f.large().Offerings[0].Stock = &cloudprovider.Stock{Key: "res-9", Count: 0}
			f.launch().Choices = f.launch().Choices[:1]
			f.launch().Choices[0].StockKey = "res-9"
		}, []Rule{Stock, ChoiceAvailable}},
		{"a choice is of no listed type", func(f fixture) { f.launch().InstanceTypes = []string{"small"} }, []Rule{InstanceTypes}},
		{"types are not cheapest first", func(f fixture) { f.launch().InstanceTypes = []string{"large", "small"} }, []Rule{InstanceTypes}},
		{"a type is listed twice", func(f fixture) { f.launch().InstanceTypes = []string{"small", "small", "large"} }, []Rule{InstanceTypes}},
		{"a type is unknown", func(f fixture) { f.launch().InstanceTypes = []string{"small", "large", "xl"} }, []Rule{InstanceTypes}},
		{"minValues are not met", func(f fixture) {
			three := 3
			f.pool().Spec.Template.Spec.Requirements[2] = v1.NodeRequirement{Key: "node.kubernetes.io/instance-type", Operator: "Exists", MinValues: &three}
		}, []Rule{MinValues}},
		{"minValues count zones", func(f fixture) {
			three := 3
			f.pool().Spec.Template.Spec.Requirements[0].MinValues = &three
		}, []Rule{MinValues}},
		{"minValues are relaxed to a wrong number", func(f fixture) {
			three := 3
			f.pool().Spec.Template.Spec.Requirements[0].MinValues = &three
			f.launch().RelaxedMinValues = map[string]int{"topology.kubernetes.io/zone": 1}
		}, []Rule{MinValues}},
		{"minValues are met and called relaxed", func(f fixture) {
			two := 2
			f.pool().Spec.Template.Spec.Requirements[0].MinValues = &two
			f.launch().RelaxedMinValues = map[string]int{"topology.kubernetes.io/zone": 2}
		}, []Rule{MinValues}},
		{"a limit is exceeded", func(f fixture) { f.pool().Spec.Limits = v1.Limits(amounts("cpu", "5")) }, []Rule{Limits}},
		{"the limit of nodes is exceeded", func(f fixture) { f.pool().Spec.Limits = v1.Limits(amounts("nodes", "2")) }, []Rule{Limits}},
		{"requests are wrong", func(f fixture) { f.launch().Requests = amounts("cpu", "1600m", "memory", "1Gi") }, []Rule{Requests}},
		{"requests name what nobody asks for", func(f fixture) { f.launch().Requests["example.com/fpga"] = oneNode() }, []Rule{Requests}},
	})
}

func TestNodesOfLaunches(t *testing.T) {
	label := func(key, value string) func(f fixture) {
		return func(f fixture) { f.launch().Node.Labels[key] = value }
	}
	missing := func(key string) func(f fixture) {
		return func(f fixture) { delete(f.launch().Node.Labels, key) }
	}
	runBroken(t, []broken{
		{"a label of the type is missing", missing("example.com/family"), []Rule{NodeLabels}},
		{"a label of the template is missing", missing("team"), []Rule{NodeLabels}},
		{"the pool's label is missing", missing("karpenter.sh/nodepool"), []Rule{NodeLabels}},
		{"the zone is another", label("topology.kubernetes.io/zone", "zone-b"), []Rule{NodeLabels}},
		{"the hostname is another", label("kubernetes.io/hostname", "x"), []Rule{NodeLabels}},
		{"a custom label is missing", missing("shard"), []Rule{NodeLabels}},
		{"a custom label has a wrong value", label("shard", "2"), []Rule{NodeLabels}},
		{"a custom label has an excluded value", label("maybe", "no"), []Rule{NodeLabels}},
		{"a label comes from nowhere", label("surprise", "1"), []Rule{NodeLabels}},
		{"an old label differs", label("beta.kubernetes.io/arch", "arm64"), []Rule{NodeLabels}},
		{"an offering's label is missing", func(f fixture) {
			f.small().Offerings[0].Requirements = requirement.NewSet(requirement.In("example.com/reservation", "r"))
		}, []Rule{NodeLabels}},
		{"an open label has a value that the type does not have", func(f fixture) {
			f.small().Requirements = f.small().Requirements.With(requirement.In("example.com/image", "a", "b"))
			f.launch().Node.Labels["example.com/image"] = "c"
		}, []Rule{NodeLabels}},
		{"a startup taint is there", func(f fixture) {
			f.launch().Node.Spec.Taints = append(f.pool().Spec.Template.Spec.StartupTaints, f.pool().Spec.Template.Spec.Taints...)
		}, []Rule{NodeTaints, Tolerates, DaemonPods, Requests}},
		{"a taint is missing", func(f fixture) { f.launch().Node.Spec.Taints = nil }, []Rule{NodeTaints}},
		{"allocatable is capacity", func(f fixture) { f.launch().Node.Status.Allocatable = f.small().Capacity }, []Rule{NodeAllocatable}},
		{"capacity is another", func(f fixture) { f.launch().Node.Status.Capacity = f.large().Capacity }, []Rule{NodeObject}},
		{"the node has another name", func(f fixture) { f.launch().Node.Name = "x" }, []Rule{NodeObject}},
		{"a DaemonSet is forgotten", func(f fixture) { f.launch().DaemonPods = nil }, []Rule{DaemonPods}},
		{"a DaemonSet does not run there", func(f fixture) {
			f.s.DaemonPods[0].Spec.NodeSelector = map[string]string{"team": "b"}
		}, []Rule{DaemonPods, Requests}},
		{"a DaemonSet does not tolerate the taint", func(f fixture) { f.s.DaemonPods[0].Spec.Tolerations = nil }, []Rule{DaemonPods, Requests}},
	})
}
