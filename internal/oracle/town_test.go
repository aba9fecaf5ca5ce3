package oracle

import (
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

const zone = corev1.LabelTopologyZone

// newTown is a world of large nodes n-1, n-2, ... in those zones ("" is none), with nobody there and nothing to buy.
func newTown(zones ...string) fixture {
	f := fixture{&scheduling.Snapshot{}, &scheduling.Plan{}}
	for i, z := range zones {
		n := node(fmt.Sprintf("n-%d", i+1), "cpu", "8", "memory", "8Gi", "pods", "20")
		n.Labels = map[string]string{zone: z}
		if z == "" {
			delete(n.Labels, zone)
		}
		f.s.Nodes = append(f.s.Nodes, scheduling.Node{Node: n})
	}
	return f
}

func (f fixture) node(name string) *scheduling.Node {
	for i := range f.s.Nodes {
		if f.s.Nodes[i].Name() == name {
			return &f.s.Nodes[i]
		}
	}
	panic(name)
}

// runs is a pod that is bound to the node, of an app of its own name unless an option says otherwise.
func (f fixture) runs(node, name string, options ...func(*corev1.Pod)) *corev1.Pod {
	pod := newPod(name, "cpu", "100m")
	pod.Spec.NodeName = node
	for _, o := range options {
		o(pod)
	}
	n := f.node(node)
	n.Pods = append(n.Pods, pod)
	return pod
}

// waits is a pod that waits; the plan sends it to the node, or leaves it out where the node is "".
func (f fixture) waits(node, name string, options ...func(*corev1.Pod)) *corev1.Pod {
	pod := newPod(name, "cpu", "100m")
	for _, o := range options {
		o(pod)
	}
	f.s.Pods = append(f.s.Pods, pod)
	if node == "" {
		f.p.Unplaced = append(f.p.Unplaced, scheduling.Unplaced{Pod: named(name), Verdict: scheduling.Infeasible})
		slices.SortFunc(f.p.Unplaced, func(a, b scheduling.Unplaced) int { return compareNames(a.Pod, b.Pod) })
	} else {
		f.p.Assignments = append(f.p.Assignments, scheduling.Assignment{Pod: named(name), Node: node})
		slices.SortFunc(f.p.Assignments, func(a, b scheduling.Assignment) int { return compareNames(a.Pod, b.Pod) })
	}
	return pod
}

// sells adds a pool "general" that can buy a type "small" in those zones.
func (f fixture) sells(zones ...string) *v1.NodePool {
	t := instanceType("small", "s", "4", "8Gi", 0.1)
	t.Offerings = nil
	for _, z := range zones {
		t.Offerings = append(t.Offerings, cloudprovider.Offering{Zone: z, CapacityType: "on-demand", Price: 0.1, Available: true})
	}
	pool := &v1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: "general"}}
	f.s.NodePools = []*v1.NodePool{pool}
	f.s.InstanceTypes = map[string][]*cloudprovider.InstanceType{"general": {t}}
	return pool
}

// app says what app a pod is of.
func app(name string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.Labels = map[string]string{"app": name} }
}

func labelled(pairs ...string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Labels = map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			pod.Labels[pairs[i]] = pairs[i+1]
		}
	}
}

func selecting(pairs ...string) *metav1.LabelSelector {
	out := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		out.MatchLabels[pairs[i]] = pairs[i+1]
	}
	return out
}

// term is about the pods of an app; options change it.
func term(key, app string, options ...func(*corev1.PodAffinityTerm)) corev1.PodAffinityTerm {
	out := corev1.PodAffinityTerm{TopologyKey: key, LabelSelector: selecting("app", app)}
	for _, o := range options {
		o(&out)
	}
	return out
}

// near and apart give a pod required affinity and anti-affinity.
func near(terms ...corev1.PodAffinityTerm) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Spec.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}}
	}
}

func apart(terms ...corev1.PodAffinityTerm) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}}
	}
}

// spreadOver gives a pod a hard constraint over its app with a skew of 1; options change it.
func spreadOver(key string, options ...func(*corev1.TopologySpreadConstraint)) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		c := corev1.TopologySpreadConstraint{
			MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: selecting("app", pod.Labels["app"]),
		}
		for _, o := range options {
			o(&c)
		}
		pod.Spec.TopologySpreadConstraints = append(pod.Spec.TopologySpreadConstraints, c)
	}
}

// town is one plan and the rules that it breaks.
type town struct {
	name  string
	build func() fixture
	rules []Rule
}

func runTowns(t *testing.T, rows []town) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f := row.build()
			requireRules(t, Check(*f.s, f.p), row.rules...)
		})
	}
}
