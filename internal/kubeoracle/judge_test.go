package kubeoracle_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/internal/kubeoracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// These tests hand the judge plans that are wrong in one way each: a judge that finds nothing is worth nothing.

// node is an existing node with room for two pods of one core.
func node(name, zone string, pods ...*corev1.Pod) scheduling.Node {
	room := corev1.ResourceList{"cpu": resource.MustParse("2"), "memory": resource.MustParse("8Gi"), "pods": resource.MustParse("10")}
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		corev1.LabelHostname: name, corev1.LabelTopologyZone: zone,
	}}}
	n.Status.Capacity, n.Status.Allocatable = room, room
	for _, pod := range pods {
		pod.Spec.NodeName = name
	}
	return scheduling.Node{Node: n, Pods: pods}
}

// pod asks for one core and carries the label app=web.
func pod(name string, change ...func(*corev1.PodSpec)) *corev1.Pod {
	p := fake.Pod(name, fake.Requests("1", "1Gi"))
	p.Labels = map[string]string{"app": "web"}
	for _, f := range change {
		f(&p.Spec)
	}
	return p
}

func web() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
}

func near(key string) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) {
		s.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{TopologyKey: key, LabelSelector: web()}}}}
	}
}

func apart(key string) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) {
		s.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{TopologyKey: key, LabelSelector: web()}}}}
	}
}

func spread(key string) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) {
		s.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: web()}}
	}
}

func key(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "default", Name: name}
}

// assigned is a plan that puts each pod, by turns name and node, on an existing node.
func assigned(pairs ...string) *scheduling.Plan {
	plan := &scheduling.Plan{}
	for i := 0; i < len(pairs); i += 2 {
		plan.Assignments = append(plan.Assignments, scheduling.Assignment{Pod: key(pairs[i]), Node: pairs[i+1]})
	}
	return plan
}

func world(nodes []scheduling.Node, pods ...*corev1.Pod) scheduling.Snapshot {
	return scheduling.Snapshot{Pods: pods, Nodes: nodes}
}

// judged lists the findings in short.
func judged(t *testing.T, s scheduling.Snapshot, plan *scheduling.Plan) []string {
	t.Helper()
	findings, err := kubeoracle.Judge(t.Context(), s, plan, scheduling.Options{})
	require.NoError(t, err)
	out := []string{}
	for _, f := range findings {
		text := fmt.Sprintf("%s %s %s", f.Check, f.Pod.Name, f.Plugin)
		if f.OrderDependent {
			text += " order"
		}
		out = append(out, text)
	}
	return out
}

func TestARightPlanHasNoFinding(t *testing.T) {
	s := world([]scheduling.Node{node("n1", "a"), node("n2", "b")}, pod("x", spread(corev1.LabelTopologyZone)), pod("y", spread(corev1.LabelTopologyZone)))
	require.Empty(t, judged(t, s, assigned("x", "n1", "y", "n2")))
}

func TestTooManyPodsOnANode(t *testing.T) {
	s := world([]scheduling.Node{node("n1", "a", pod("old"))}, pod("x"), pod("y"))
	require.Equal(t, []string{"sequence y NodeResourcesFit", "final x NodeResourcesFit", "final y NodeResourcesFit"}, judged(t, s, assigned("x", "n1", "y", "n1")))
}

func TestFinishedPodsTakeNoRoom(t *testing.T) {
	old := pod("old")
	old.Status.Phase = corev1.PodSucceeded
	s := world([]scheduling.Node{node("n1", "a", old)}, pod("x"), pod("y"))
	require.Empty(t, judged(t, s, assigned("x", "n1", "y", "n1")))
}

func TestWrongZone(t *testing.T) {
	s := world([]scheduling.Node{node("n1", "a")}, pod("x", func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{corev1.LabelTopologyZone: "b"} }))
	require.Equal(t, []string{"sequence x NodeAffinity", "final x NodeAffinity"}, judged(t, s, assigned("x", "n1")))
}

func TestBoundPodsKeepOthersAway(t *testing.T) {
	s := world([]scheduling.Node{node("n1", "a", pod("old", apart(corev1.LabelTopologyZone))), node("n2", "a"), node("n3", "b")}, pod("x"), pod("y"))
	require.Equal(t, []string{"sequence x InterPodAffinity", "final x InterPodAffinity"}, judged(t, s, assigned("x", "n2", "y", "n3")))
}

func TestPodsThatNeedEachOtherCannotStart(t *testing.T) {
	needs := func(app string) func(*corev1.PodSpec) {
		return func(s *corev1.PodSpec) {
			near(corev1.LabelTopologyZone)(s)
			s.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].LabelSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
		}
	}
	x, y := pod("x", needs("y")), pod("y", needs("x"))
	x.Labels["app"], y.Labels["app"] = "x", "y"
	s := world([]scheduling.Node{node("n1", "a")}, x, y)
	require.Equal(t, []string{"sequence x InterPodAffinity", "sequence y InterPodAffinity"}, judged(t, s, assigned("x", "n1", "y", "n1")), "the final state alone is right")
}

func TestAGroupWithAffinityToItselfMayNotSplit(t *testing.T) {
	s := world([]scheduling.Node{node("n1", "a"), node("n2", "a"), node("n3", "b"), node("n4", "b")},
		pod("w", near(corev1.LabelTopologyZone)), pod("x", near(corev1.LabelTopologyZone)), pod("y", near(corev1.LabelTopologyZone)), pod("z", near(corev1.LabelTopologyZone)))
	require.Empty(t, judged(t, s, assigned("w", "n1", "x", "n1", "y", "n2", "z", "n2")))
	require.Equal(t, []string{"sequence y InterPodAffinity", "sequence z InterPodAffinity"}, judged(t, s, assigned("w", "n1", "x", "n2", "y", "n3", "z", "n4")))
}

func TestAffinityIsFollowedInWhateverOrder(t *testing.T) {
	db := pod("zdb")
	x := pod("x", near(corev1.LabelTopologyZone))
	x.Labels["app"] = "client"
	s := world([]scheduling.Node{node("n1", "a"), node("n2", "a")}, x, db)
	require.Empty(t, judged(t, s, assigned("x", "n1", "zdb", "n2")), "zdb goes first")
}

func TestSkew(t *testing.T) {
	s := world([]scheduling.Node{node("n1", "a"), node("n2", "b")}, pod("x", spread(corev1.LabelTopologyZone)), pod("y", spread(corev1.LabelTopologyZone)))
	require.Equal(t, []string{"sequence y PodTopologySpread", "final x PodTopologySpread", "final y PodTopologySpread"}, judged(t, s, assigned("x", "n1", "y", "n1")))
}

func TestASpreadPodMayHaveToWaitForAnother(t *testing.T) {
	zone := corev1.LabelTopologyZone
	pods, pairs := []*corev1.Pod{pod("x", spread(zone)), pod("y", spread(zone))}, []string{"x", "n1", "y", "n2"}
	for i := range 20 {
		name := fmt.Sprintf("z%d", i)
		pods, pairs = append(pods, pod(name)), append(pairs, name, "n3")
	}
	s := world([]scheduling.Node{node("n1", "a", pod("old")), node("n2", "b"), node("n3", "a")}, pods...)
	for i := range s.Nodes {
		s.Nodes[i].Node.Status.Allocatable = corev1.ResourceList{"cpu": resource.MustParse("100"), "memory": resource.MustParse("100Gi"), "pods": resource.MustParse("100")}
	}
	require.Equal(t, []string{"final x PodTopologySpread order"}, judged(t, s, assigned(pairs...)), "first y, then x, then the others")
}

func TestAPodWithoutConstraintsMayTipTheSkew(t *testing.T) {
	s := world([]scheduling.Node{node("n1", "a"), node("n2", "b")}, pod("a"), pod("x", spread(corev1.LabelTopologyZone)))
	require.Equal(t, []string{"final x PodTopologySpread order"}, judged(t, s, assigned("a", "n1", "x", "n1")))
}

func TestClaimsAreReservedOnTheWay(t *testing.T) {
	class, mode := "local", storagev1.VolumeBindingWaitForFirstConsumer
	claim := func(name string) *corev1.PersistentVolumeClaim {
		c := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", UID: types.UID(name)}}
		c.Spec.StorageClassName = &class
		c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
		c.Spec.Resources.Requests = corev1.ResourceList{"storage": resource.MustParse("1Gi")}
		return c
	}
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "disk"}}
	volume.Spec.StorageClassName = class
	volume.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	volume.Spec.Capacity = corev1.ResourceList{"storage": resource.MustParse("1Gi")}
	volume.Spec.PersistentVolumeSource = corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/disk"}}
	volume.Status.Phase = corev1.VolumeAvailable
	with := func(claim string) func(*corev1.PodSpec) {
		return func(s *corev1.PodSpec) {
			s.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}}}
		}
	}
	s := world([]scheduling.Node{node("n1", "a"), node("n2", "a")}, pod("x", with("cx")), pod("y", with("cy")))
	s.Storage = scheduling.Storage{
		Claims:  []*corev1.PersistentVolumeClaim{claim("cx"), claim("cy")},
		Volumes: []*corev1.PersistentVolume{volume},
		Classes: []*storagev1.StorageClass{{ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "kubernetes.io/no-provisioner", VolumeBindingMode: &mode}},
	}
	require.Empty(t, judged(t, world(s.Nodes, s.Pods[0]), &scheduling.Plan{}))
	require.Contains(t, judged(t, s, assigned("x", "n1", "y", "n2")), "sequence y VolumeBinding", "there is one volume for two claims")
	s.Storage.Volumes = append(s.Storage.Volumes, volume.DeepCopy())
	s.Storage.Volumes[1].Name = "disk-2"
	require.Empty(t, judged(t, s, assigned("x", "n1", "y", "n2")))
}

func TestOfOrdersThatLeaveAsManyTheFirstCounts(t *testing.T) {
	class, mode := "made", storagev1.VolumeBindingWaitForFirstConsumer
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "shared", Namespace: "default", UID: "shared"}}
	claim.Spec.StorageClassName = &class
	claim.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
	claim.Spec.Resources.Requests = corev1.ResourceList{"storage": resource.MustParse("1Gi")}
	shares := func(s *corev1.PodSpec) {
		s.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "shared"}}}}
	}
	s := world([]scheduling.Node{node("n1", "a"), node("n2", "a"), node("n3", "a")}, pod("x", shares), pod("y", shares), pod("z", shares))
	s.Storage = scheduling.Storage{Claims: []*corev1.PersistentVolumeClaim{claim}, Classes: []*storagev1.StorageClass{
		{ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "disk.csi.example.com", VolumeBindingMode: &mode},
	}}
	want := []string{"sequence y VolumeBinding", "sequence z VolumeBinding", "final y VolumeBinding", "final z VolumeBinding"}
	require.Equal(t, want, judged(t, s, assigned("x", "n1", "y", "n2", "z", "n3")), "the volume is made for x, who comes first by name")
}

func TestNonsenseIsMalformed(t *testing.T) {
	leaving := node("n2", "a")
	leaving.Node.DeletionTimestamp = &metav1.Time{}
	s := world([]scheduling.Node{node("n1", "a"), leaving}, pod("x"))
	require.Equal(t, []string{"malformed ghost ", "malformed x ", "malformed x "}, judged(t, s, assigned("ghost", "n1", "x", "nowhere", "x", "n2")))
}

// infeasible is a plan that leaves the pod out and buys nothing.
func infeasible(name string) *scheduling.Plan {
	return &scheduling.Plan{Unplaced: []scheduling.Unplaced{{Pod: key(name), Verdict: scheduling.Infeasible}}}
}

func shop(change ...func(*v1.NodePool)) scheduling.Snapshot {
	small := fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.08))
	p := fake.NodePool("general")
	for _, f := range change {
		f(p)
	}
	return scheduling.Snapshot{NodePools: []*v1.NodePool{p}, InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {small}}}
}

func TestLeftOutForNothing(t *testing.T) {
	found := []string{"unplaced x "}
	s := world([]scheduling.Node{node("n1", "a")}, pod("x"))
	require.Equal(t, found, judged(t, s, infeasible("x")), "there is room on n1")

	s = shop()
	s.Pods = []*corev1.Pod{pod("x")}
	require.Equal(t, found, judged(t, s, infeasible("x")), "a node could be bought")

	s = shop(func(p *v1.NodePool) { p.Spec.Limits = v1.Limits{"cpu": resource.MustParse("1")} })
	s.Pods = []*corev1.Pod{pod("x")}
	require.Empty(t, judged(t, s, infeasible("x")), "the limit forbids it")

	s = shop(func(p *v1.NodePool) {
		two := 2
		p.Spec.Template.Spec.Requirements = []v1.NodeRequirement{{Key: corev1.LabelInstanceTypeStable, Operator: "Exists", MinValues: &two}}
	})
	s.Pods = []*corev1.Pod{pod("x")}
	require.Empty(t, judged(t, s, infeasible("x")), "there is but one type")

	s = shop(func(p *v1.NodePool) {
		p.Spec.Template.Spec.Requirements = []v1.NodeRequirement{{Key: "example.com/slot", Operator: "Gt", Values: []string{"3"}}}
	})
	s.Pods = []*corev1.Pod{pod("x", func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{"example.com/slot": "17"} })}
	require.Equal(t, found, judged(t, s, infeasible("x")), "the planner may choose 17")

	s = shop()
	s.Pods = []*corev1.Pod{pod("x", func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{"example.com/slot": "17"} })}
	require.Empty(t, judged(t, s, infeasible("x")), "nobody gives nodes that label")

	s = shop()
	s.Nodes = []scheduling.Node{node("n1", "zone-a", pod("old", apart(corev1.LabelTopologyZone)))}
	s.Pods = []*corev1.Pod{pod("x")}
	require.Empty(t, judged(t, s, infeasible("x")), "the zone is closed")
}

func TestDaemonsOfNewNodes(t *testing.T) {
	s := shop()
	agent := fake.Pod("agent", fake.Requests("500m", "100Mi"))
	s.DaemonPods = []*corev1.Pod{agent}
	s.Pods = []*corev1.Pod{pod("x"), pod("y")}
	s.Nodes = []scheduling.Node{}
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	require.Empty(t, judged(t, s, plan))
	plan.Launches[0].DaemonPods = nil
	require.Equal(t, []string{"daemons agent DaemonSet"}, judged(t, s, plan))
}

func TestRoomIsKeptForOwedDaemons(t *testing.T) {
	s := world([]scheduling.Node{node("n1", "a")}, pod("x"), pod("y"))
	s.DaemonPods = []*corev1.Pod{fake.Pod("agent", fake.Requests("500m", "100Mi"))}
	require.Len(t, judged(t, s, assigned("x", "n1", "y", "n1")), 3)
	s.DaemonPods = []*corev1.Pod{fake.Pod("agent", fake.Requests("5", "100Mi"))}
	require.Empty(t, judged(t, s, assigned("x", "n1", "y", "n1")), "one that cannot start is owed nothing")
}

func TestPodsThatHoldOnePort(t *testing.T) {
	port := func(s *corev1.PodSpec) {
		s.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 80, HostPort: 80}}
	}
	s := world([]scheduling.Node{node("n1", "a")}, pod("x", port), pod("y", port))
	require.Equal(t, []string{"sequence y NodePorts", "final x NodePorts", "final y NodePorts"}, judged(t, s, assigned("x", "n1", "y", "n1")))
}

// TestDefaultConstraintsAreThoseOfTheProfile puts two pods of a Service into one zone where the other one is empty.
func TestDefaultConstraintsAreThoseOfTheProfile(t *testing.T) {
	s := scheduling.Snapshot{Pods: []*corev1.Pod{pod("a"), pod("b")}, Nodes: []scheduling.Node{node("n-1", "a"), node("n-2", "b")}}
	zones := corev1.TopologySpreadConstraint{MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule}
	service := scheduling.PodSelector{Kind: "Service", Namespace: "default", Name: "web", Selector: web()}
	set := scheduling.PodSelector{Kind: "ReplicaSet", Namespace: "default", Name: "web-1", Selector: web()}
	for name, c := range map[string]struct {
		constraints []corev1.TopologySpreadConstraint
		selectors   []scheduling.PodSelector
		owned       bool
		refused     bool
	}{
		"none":                           {nil, []scheduling.PodSelector{service}, false, false},
		"nobody selects the pods":        {[]corev1.TopologySpreadConstraint{zones}, []scheduling.PodSelector{set}, false, false},
		"a Service selects the pods":     {[]corev1.TopologySpreadConstraint{zones}, []scheduling.PodSelector{service}, false, true},
		"their controller selects them":  {[]corev1.TopologySpreadConstraint{zones}, []scheduling.PodSelector{set}, true, true},
		"a Service of another namespace": {[]corev1.TopologySpreadConstraint{zones}, []scheduling.PodSelector{{Kind: "Service", Namespace: "x", Name: "web", Selector: web()}}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s.Profile = scheduling.SchedulerProfile{DefaultConstraints: c.constraints, Selectors: c.selectors}
			for _, p := range s.Pods {
				p.OwnerReferences = nil
				if c.owned {
					p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-1", Controller: new(true)}}
				}
			}
			findings, err := kubeoracle.Judge(t.Context(), s, assigned("a", "n-1", "b", "n-1"), scheduling.Options{})
			require.NoError(t, err)
			if !c.refused {
				require.Empty(t, findings)
				return
			}
			require.NotEmpty(t, findings)
			require.Equal(t, "PodTopologySpread", findings[0].Plugin)
			apart, err := kubeoracle.Judge(t.Context(), s, assigned("a", "n-1", "b", "n-2"), scheduling.Options{})
			require.NoError(t, err)
			require.Empty(t, apart)
		})
	}
}
