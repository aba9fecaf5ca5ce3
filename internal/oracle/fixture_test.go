package oracle

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// fixture is a small world with a right plan, for tests to break one thing of.
type fixture struct {
	s *scheduling.Snapshot
	p *scheduling.Plan
}

func (f fixture) pod(name string) *corev1.Pod {
	for _, pod := range f.s.Pods {
		if pod.Name == name {
			return pod
		}
	}
	panic(name)
}

func (f fixture) launch() *scheduling.Launch         { return &f.p.Launches[0] }
func (f fixture) pool() *v1.NodePool                 { return f.s.NodePools[0] }
func (f fixture) small() *cloudprovider.InstanceType { return f.s.InstanceTypes["general"][0] }
func (f fixture) large() *cloudprovider.InstanceType { return f.s.InstanceTypes["general"][1] }

// move sends a pod somewhere else.
func (f fixture) move(pod, node string, launch bool) {
	for i := range f.p.Assignments {
		a := &f.p.Assignments[i]
		if a.Pod.Name == pod {
			a.Node, a.Launch = node, launch
		}
	}
	l := f.launch()
	l.Pods = nil
	for _, a := range f.p.Assignments {
		if a.Launch {
			l.Pods = append(l.Pods, a.Pod)
		}
	}
	f.sum()
}

// sum states again what the launch's pods ask for.
func (f fixture) sum() {
	w := newWorld(f.s, f.p)
	total := corev1.ResourceList{}
	for _, pod := range w.launched[0].pods() {
		for name, n := range w.requests(pod) {
			q := total[name]
			if name == corev1.ResourceCPU {
				q.Add(*resource.NewMilliQuantity(n, resource.DecimalSI))
			} else {
				q.Add(*resource.NewQuantity(n, resource.DecimalSI))
			}
			total[name] = q
		}
	}
	f.launch().Requests = total
}

func named(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "default", Name: name}
}

func amounts(pairs ...string) corev1.ResourceList {
	out := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		out[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return out
}

func newPod(name string, pairs ...string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Labels: map[string]string{"app": name}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Resources: corev1.ResourceRequirements{Requests: amounts(pairs...)}}}},
	}
}

func daemonPod(name string, pairs ...string) *corev1.Pod {
	pod := newPod(name, pairs...)
	pod.Namespace = "kube-system"
	return pod
}

func instanceType(name, family, cpu, memory string, price float64) *cloudprovider.InstanceType {
	return &cloudprovider.InstanceType{
		Name:         name,
		Requirements: requirement.NewSet(requirement.In("kubernetes.io/arch", "amd64"), requirement.In("example.com/family", family)),
		Capacity:     amounts("cpu", cpu, "memory", memory, "pods", "10"),
		Overhead:     amounts("cpu", "100m", "memory", "1Gi"),
		Offerings: []cloudprovider.Offering{
			{Zone: "zone-a", CapacityType: "on-demand", Price: price, Available: true},
			{Zone: "zone-b", CapacityType: "on-demand", Price: price + 0.01, Available: true},
			{Zone: "zone-b", CapacityType: "spot", Price: price / 2, Available: false},
			{Zone: "zone-c", CapacityType: "on-demand", Price: price, Available: true},
			{Zone: "zone-a", CapacityType: "reserved", Price: price + 0.02, Available: true, Stock: &cloudprovider.Stock{Key: "res-1", Count: 1}},
		},
	}
}

func node(name string, pairs ...string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"karpenter.sh/nodepool": "general", "topology.kubernetes.io/zone": "zone-a"}}}
	n.Status.Capacity, n.Status.Allocatable = amounts(pairs...), amounts(pairs...)
	return n
}

// newFixture: two pods on a launch, one on node n-1, one on claim n-2, one that fits nowhere, one that nobody plans.
func newFixture() fixture {
	small, large := instanceType("small", "s", "2", "8Gi", 0.1), instanceType("large", "l", "4", "16Gi", 0.2)
	pool := &v1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: "general"}}
	pool.Spec.Template.Labels = map[string]string{"team": "a"}
	pool.Spec.Template.Spec.Taints = []corev1.Taint{{Key: "dedicated", Value: "x", Effect: corev1.TaintEffectNoSchedule}}
	pool.Spec.Template.Spec.StartupTaints = []corev1.Taint{{Key: "starting", Effect: corev1.TaintEffectNoSchedule}}
	pool.Spec.Template.Spec.NodeClassRef = &v1.NodeClassReference{Group: "example.com", Kind: "NodeShape", Name: "default"}
	pool.Spec.Template.Spec.Requirements = []v1.NodeRequirement{
		{Key: "topology.kubernetes.io/zone", Operator: "In", Values: []string{"zone-a", "zone-b"}},
		{Key: "shard", Operator: "In", Values: []string{"0", "1"}},
		{Key: "maybe", Operator: "NotIn", Values: []string{"no"}},
	}
	pool.Spec.Limits = v1.Limits(amounts("cpu", "100", "nodes", "9"))
	replicas := int64(1)
	static := &v1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: "static"}, Spec: v1.NodePoolSpec{Replicas: &replicas}}

	claim := &v1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: "n-2", Labels: map[string]string{"karpenter.sh/nodepool": "general"}}}
	claim.Status.Capacity, claim.Status.Allocatable = amounts("cpu", "2", "memory", "8Gi", "pods", "10"), amounts("cpu", "2", "memory", "8Gi", "pods", "10")
	bound := newPod("bound-0", "cpu", "500m")
	bound.Spec.NodeName = "n-1"
	foreign := newPod("foreign-0", "cpu", "1")
	foreign.Spec.SchedulerName = "another"
	s := &scheduling.Snapshot{
		NodePools:     []*v1.NodePool{pool, static},
		InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {small, large}, "static": {small, large}},
		Nodes: []scheduling.Node{
			{Node: node("n-1", "cpu", "2", "memory", "8Gi", "pods", "10"), Pods: []*corev1.Pod{bound}}, {Claim: claim},
		},
		DaemonPods: []*corev1.Pod{daemonPod("agent", "cpu", "100m")},
		Namespaces: []*corev1.Namespace{},
		Pods: []*corev1.Pod{
			newPod("a", "cpu", "800m"), newPod("b", "cpu", "800m", "memory", "1Gi"), newPod("c", "cpu", "1"), newPod("d", "cpu", "1900m"),
			newPod("huge", "cpu", "64"), foreign,
		},
	}
	for _, pod := range append(s.Pods, s.DaemonPods...) {
		pod.Spec.Tolerations = []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpExists}}
	}
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "general-1", Labels: map[string]string{
		"kubernetes.io/arch": "amd64", "example.com/family": "s", "team": "a", "karpenter.sh/nodepool": "general",
		"node.kubernetes.io/instance-type": "small", "topology.kubernetes.io/zone": "zone-a", "karpenter.sh/capacity-type": "on-demand",
		"kubernetes.io/hostname": "general-1", "shard": "0", "example.com/nodeshape": "default", "beta.kubernetes.io/arch": "amd64",
	}}}
	n.Spec.Taints = pool.Spec.Template.Spec.Taints
	n.Status.Capacity, n.Status.Allocatable = amounts("cpu", "2", "memory", "8Gi", "pods", "10"), amounts("cpu", "1900m", "memory", "7Gi", "pods", "10")
	choice := func(typ, zone, capacity, stock string, price float64) cloudprovider.Choice {
		return cloudprovider.Choice{OfferingKey: cloudprovider.OfferingKey{InstanceType: typ, Zone: zone, CapacityType: capacity, StockKey: stock}, Price: price}
	}
	p := &scheduling.Plan{
		Launches: []scheduling.Launch{{
			Name: "general-1", NodePool: "general", InstanceTypes: []string{"small", "large"}, Node: n,
			Choices: []cloudprovider.Choice{
				choice("small", "zone-a", "on-demand", "", 0.1), choice("small", "zone-b", "on-demand", "", 0.11),
				choice("large", "zone-a", "on-demand", "", 0.2),
			},
			Pods: []types.NamespacedName{named("a"), named("b")}, DaemonPods: []types.NamespacedName{{Namespace: "kube-system", Name: "agent"}},
			Requests: amounts("cpu", "1700m", "memory", "1Gi"),
		}},
		Assignments: []scheduling.Assignment{
			{Pod: named("a"), Node: "general-1", Launch: true}, {Pod: named("b"), Node: "general-1", Launch: true},
			{Pod: named("c"), Node: "n-1"}, {Pod: named("d"), Node: "n-2"},
		},
		Unplaced: []scheduling.Unplaced{{Pod: named("huge"), Verdict: scheduling.Infeasible, Rejections: []scheduling.Rejection{
			{Code: scheduling.InsufficientResource, Pool: "general", Key: "cpu", Want: "64", Have: "3800m", Count: 2},
			{Code: scheduling.InsufficientResource, Key: "cpu", Want: "64", Have: "0", Count: 2},
		}}},
		Bound: 0.05,
	}
	return fixture{s, p}
}

func TestTheFixtureIsRight(t *testing.T) {
	f := newFixture()
	require.Empty(t, Check(*f.s, f.p))
	require.Empty(t, Unplaced(*f.s, f.p))
}

// requireRules asks that exactly these rules are broken.
func requireRules(t *testing.T, violations []Violation, want ...Rule) {
	t.Helper()
	broken := map[Rule]bool{}
	for _, v := range violations {
		broken[v.Rule] = true
		require.NotEmpty(t, v.Object, v.String())
	}
	expected := map[Rule]bool{}
	for _, rule := range want {
		expected[rule] = true
	}
	require.Equal(t, expected, broken, "%v", violations)
}
