package kubeoracle_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// grouped is a world of two nodes in two zones, with room for two pods each, and a group of the pods.
func grouped(minCount int, topologyKey string, pods ...*corev1.Pod) scheduling.Snapshot {
	s := world([]scheduling.Node{node("n1", "a"), node("n2", "b")}, pods...)
	g := scheduling.Group{Name: "g", MinCount: minCount, TopologyKey: topologyKey}
	for _, p := range pods {
		g.Pods = append(g.Pods, types.NamespacedName{Namespace: p.Namespace, Name: p.Name})
	}
	s.Groups = []scheduling.Group{g}
	return s
}

// incomplete adds pods to the plan that it leaves out for the sake of their group.
func incomplete(plan *scheduling.Plan, names ...string) *scheduling.Plan {
	for _, name := range names {
		plan.Unplaced = append(plan.Unplaced, scheduling.Unplaced{
			Pod: key(name), Verdict: scheduling.Infeasible, Rejections: []scheduling.Rejection{{Code: scheduling.GroupIncomplete}},
		})
	}
	return plan
}

func TestAGroupIsPlacedOrNot(t *testing.T) {
	all := grouped(0, "", pod("x"), pod("y"), pod("z"))
	require.Empty(t, judged(t, all, assigned("x", "n1", "y", "n1", "z", "n2")))
	require.Equal(t, []string{"together x Group"}, judged(t, all, assigned("x", "n1", "y", "n1")))
	require.Empty(t, judged(t, all, incomplete(assigned(), "x", "y", "z")))

	two := grouped(2, "", pod("x"), pod("y"), pod("z"))
	require.Empty(t, judged(t, two, assigned("x", "n1", "y", "n1")))
	require.Equal(t, []string{"together x Group"}, judged(t, two, assigned("x", "n1")))

	more := grouped(4, "", pod("x"), pod("y"), pod("z"))
	require.Equal(t, []string{"together x Group"}, judged(t, more, assigned("x", "n1", "y", "n1", "z", "n2")), "there are but three")
}

func TestNamesOfPodsThatDoNotWaitCountForNothing(t *testing.T) {
	s := grouped(0, "", pod("x"))
	s.Groups[0].Pods = append(s.Groups[0].Pods, key("nobody"))
	require.Empty(t, judged(t, s, assigned("x", "n1")))
}

func TestAGroupIsNoExcuse(t *testing.T) {
	one := grouped(1, "", pod("x"), pod("y"))
	require.Equal(t, []string{"unplaced x ", "unplaced y "}, judged(t, one, incomplete(assigned(), "x", "y")), "one is enough")
	require.Equal(t, []string{"unplaced y "}, judged(t, one, incomplete(assigned("x", "n1"), "y")), "the group is complete")

	s := world([]scheduling.Node{node("n1", "a")}, pod("x"))
	require.Equal(t, []string{"unplaced x "}, judged(t, s, incomplete(assigned(), "x")), "the pod is in no group")
}

func TestAGroupStaysInOneZone(t *testing.T) {
	s := grouped(1, corev1.LabelTopologyZone, pod("x"), pod("y"), pod("z"))
	require.Equal(t, []string{"together y GroupTopology"}, judged(t, s, assigned("x", "n1", "y", "n2")))
	require.Empty(t, judged(t, s, incomplete(assigned("x", "n1", "y", "n1"), "z")), "there is room in the other zone only")

	delete(s.Nodes[0].Node.Labels, corev1.LabelTopologyZone)
	require.Equal(t, []string{"together x GroupTopology"}, judged(t, s, assigned("x", "n1")), "the node is in no zone")
}

func TestTheSchedulerSpreadsByDefault(t *testing.T) {
	s := world([]scheduling.Node{node("n1", "a"), node("n2", "b")}, pod("x"), pod("y"))
	s.Profile.DefaultConstraints = []corev1.TopologySpreadConstraint{{MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule}}
	plan := assigned("x", "n1", "y", "n1")
	require.Empty(t, judged(t, s, plan), "no Service or controller says which pods belong together")

	skewed := []string{"sequence y PodTopologySpread", "final x PodTopologySpread", "final y PodTopologySpread"}
	s.Profile.Selectors = []scheduling.PodSelector{{Kind: "Service", Namespace: "default", Name: "web", Selector: web()}}
	require.Equal(t, skewed, judged(t, s, plan))

	for _, kind := range []string{"ReplicaSet", "StatefulSet", "ReplicationController"} {
		version, controller := "apps/v1", true
		if kind == "ReplicationController" {
			version = "v1"
		}
		s.Profile.Selectors = []scheduling.PodSelector{{Kind: kind, Namespace: "default", Name: "web", Selector: web()}}
		for _, p := range s.Pods {
			p.OwnerReferences = nil
		}
		require.Empty(t, judged(t, s, plan), "the controller owns no pod")
		for _, p := range s.Pods {
			p.OwnerReferences = []metav1.OwnerReference{{APIVersion: version, Kind: kind, Name: "web", Controller: &controller}}
		}
		require.Equal(t, skewed, judged(t, s, plan), kind)
	}
}

func TestEveryValueOfATopologyKeyIsTried(t *testing.T) {
	shards := func(p *v1.NodePool) {
		p.Spec.Template.Spec.Requirements = []v1.NodeRequirement{{Key: "example.com/shard", Operator: "In", Values: []string{"0", "1", "2"}}}
	}
	s := shop(shards)
	full := func(name, shard string) scheduling.Node {
		n := node(name, "zone-a", pod("first-"+name, apart("example.com/shard")), pod("second-"+name))
		n.Pods[1].Labels = nil
		n.Node.Labels["example.com/shard"] = shard
		return n
	}
	s.Pods = []*corev1.Pod{pod("x")}
	s.Nodes = []scheduling.Node{full("n1", "0"), full("n2", "2")}
	require.Equal(t, []string{"unplaced x "}, judged(t, s, infeasible("x")), "shard 1 is free of pods that keep others away")
	s.Nodes = append(s.Nodes, full("n3", "1"))
	require.Empty(t, judged(t, s, infeasible("x")))

	s = shop(func(p *v1.NodePool) {
		p.Spec.Template.Spec.Requirements = []v1.NodeRequirement{{Key: "example.com/slot", Operator: "Gt", Values: []string{"3"}}}
	})
	s.Pods = []*corev1.Pod{pod("x")}
	n := full("n1", "")
	n.Pods[0].Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].TopologyKey = "example.com/slot"
	n.Node.Labels["example.com/slot"] = "4"
	s.Nodes = []scheduling.Node{n}
	require.Equal(t, []string{"unplaced x "}, judged(t, s, infeasible("x")), "there are more slots than one can count")
}

func TestNodesOnTheirWayAttachWhatTheirTypeCan(t *testing.T) {
	disk := func(s *corev1.PodSpec) {
		s.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}}
	}
	s := shop()
	s.InstanceTypes["general"][0].VolumeLimits = map[string]int{"disk": 0}
	claim := &v1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: "c1", Labels: map[string]string{
		v1.NodePoolLabelKey: "general", corev1.LabelInstanceTypeStable: "small", corev1.LabelTopologyZone: "zone-a",
	}}}
	claim.Status.Capacity, claim.Status.Allocatable = s.InstanceTypes["general"][0].Capacity, s.InstanceTypes["general"][0].Allocatable()
	s.Nodes = []scheduling.Node{{Claim: claim}}
	s.Pods = []*corev1.Pod{pod("x", disk)}
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "data"}}
	volume.Spec.PersistentVolumeSource.CSI = &corev1.CSIPersistentVolumeSource{Driver: "disk", VolumeHandle: "data"}
	bound := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data", Namespace: "default", Annotations: map[string]string{"pv.kubernetes.io/bind-completed": "yes"}}}
	bound.Spec.VolumeName = "data"
	s.Storage = scheduling.Storage{Claims: []*corev1.PersistentVolumeClaim{bound}, Volumes: []*corev1.PersistentVolume{volume}}
	require.Equal(t, []string{"sequence x NodeVolumeLimits", "final x NodeVolumeLimits"}, judged(t, s, assigned("x", "c1")))
	require.Empty(t, judged(t, s, infeasible("x")), "neither the node on its way nor another of its type can attach it")
	s.InstanceTypes["general"] = []*cloudprovider.InstanceType{fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.08))}
	require.Empty(t, judged(t, s, assigned("x", "c1")))
}
