package fake_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

var (
	morning = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	noon    = morning.Add(3 * time.Hour)
)

func TestAManagedNodeAndItsClaimAreOfOnePiece(t *testing.T) {
	small := fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.08))
	pool := fake.NodePool("general", fake.Label("team", "shop"), fake.Annotation("a", "b"), fake.Taint("gpu", "", corev1.TaintEffectNoSchedule),
		fake.Require("kubernetes.io/arch", "In", "amd64"))
	n := fake.Managed("n-1", pool, fake.OfType(small, "zone-a", "on-demand"), morning,
		fake.With(fake.Pod("web", fake.Owner("ReplicaSet", "web")), fake.Pod("late", fake.Running("", noon))),
		fake.DoNotDisrupt("true"), fake.DeletedAt(noon), fake.Condition("DiskGone", metav1.ConditionTrue, noon), fake.LastPodEvent(noon),
		fake.NodeFunc(func(n *corev1.Node) { n.Spec.Unschedulable = true }))

	require.Equal(t, "true", n.Node.Labels[v1.InitializedLabelKey])
	require.Equal(t, "small", n.Node.Labels[corev1.LabelInstanceTypeStable])
	require.Equal(t, "shop", n.Node.Labels["team"])
	require.Equal(t, n.Node.Spec.Taints, n.Claim.Spec.Taints)
	require.True(t, n.Node.Spec.Unschedulable)
	require.Equal(t, pool.Hash(), n.Claim.Annotations[v1.NodePoolHashAnnotationKey])
	require.Equal(t, pool.Spec.Template.Spec.ExpireAfter, n.Claim.Spec.ExpireAfter)
	require.Equal(t, "n-1", n.Claim.Status.NodeName)
	require.Equal(t, n.Node.Spec.ProviderID, n.Claim.Status.ProviderID)
	require.Equal(t, noon, n.Claim.Status.LastPodEventTime.UTC())
	for _, o := range []metav1.Object{n.Node, n.Claim} {
		require.Equal(t, morning, o.GetCreationTimestamp().UTC())
		require.Equal(t, noon, o.GetDeletionTimestamp().UTC())
		require.Equal(t, []string{v1.TerminationFinalizer}, o.GetFinalizers())
		require.Equal(t, "true", o.GetAnnotations()[v1.DoNotDisruptAnnotationKey])
		require.Equal(t, "b", o.GetAnnotations()["a"])
	}
	require.Len(t, n.Node.Status.Conditions, 2)
	require.Equal(t, corev1.NodeConditionType("DiskGone"), n.Node.Status.Conditions[1].Type)
	kinds := map[string]int{}
	for _, c := range n.Claim.Status.Conditions {
		kinds[c.Type]++
	}
	require.Equal(t, map[string]int{v1.ConditionTypeLaunched: 1, v1.ConditionTypeRegistered: 1, v1.ConditionTypeInitialized: 1, v1.ConditionTypeReady: 1}, kinds)

	require.Equal(t, "n-1", n.Pods[0].Spec.NodeName)
	require.Equal(t, corev1.PodRunning, n.Pods[0].Status.Phase)
	require.Equal(t, morning, n.Pods[0].Status.StartTime.UTC())
	require.Equal(t, corev1.ConditionTrue, n.Pods[0].Status.Conditions[0].Status)
	require.Equal(t, noon, n.Pods[1].Status.StartTime.UTC(), "what the pod says itself counts")
}

func TestAConditionReplacesTheOneOfItsType(t *testing.T) {
	node := fake.Node("n", fake.Condition("Ready", metav1.ConditionFalse, noon))
	require.Equal(t, []corev1.NodeCondition{{Type: "Ready", Status: "False", LastTransitionTime: metav1.NewTime(noon)}}, node.Status.Conditions)
	pod := fake.Pod("p", fake.Running("n", morning), fake.Condition("Ready", metav1.ConditionFalse, noon), fake.DeletedAt(noon))
	require.Equal(t, []corev1.PodCondition{{Type: "Ready", Status: "False", LastTransitionTime: metav1.NewTime(noon)}}, pod.Status.Conditions)
	require.Empty(t, pod.Finalizers)
	require.NotNil(t, pod.DeletionTimestamp)
}

func TestPodDisruptionBudgets(t *testing.T) {
	b := fake.PodDisruptionBudget("web", map[string]string{"app": "web"}, fake.Namespace("shop"), fake.MaxUnavailable("10%"), fake.Allowing(1, 5),
		fake.AlwaysAllow(), fake.BudgetFunc(func(b *policyv1.PodDisruptionBudget) { b.Generation = 2 }))
	require.Equal(t, "shop", b.Namespace)
	require.Equal(t, "pdb/shop/web", string(b.UID))
	require.Equal(t, "10%", b.Spec.MaxUnavailable.String())
	require.Equal(t, policyv1.AlwaysAllow, *b.Spec.UnhealthyPodEvictionPolicy)
	require.Equal(t, policyv1.PodDisruptionBudgetStatus{
		ObservedGeneration: 1, DisruptionsAllowed: 1, ExpectedPods: 5, CurrentHealthy: 5, DesiredHealthy: 4,
	}, b.Status)
	require.Equal(t, int64(2), b.Generation, "the status is behind")

	b = fake.PodDisruptionBudget("all", nil, fake.MinAvailable("3"))
	require.Equal(t, intstr.FromInt32(3), *b.Spec.MinAvailable)
	require.Equal(t, &metav1.LabelSelector{}, b.Spec.Selector)
	require.Zero(t, b.Status.DisruptionsAllowed)
}

// Two half-empty nodes of these builders are one too many.
func TestManagedNodesAreDecidedOn(t *testing.T) {
	small := fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.08))
	pool := fake.NodePool("general")
	web := func(name string) *corev1.Pod {
		return fake.Pod(name, fake.Owner("ReplicaSet", "web"), fake.Label("app", "web"), fake.Requests("500m", "1Gi"))
	}
	in := disruption.Input{
		Snapshot: scheduling.Snapshot{
			Now: noon,
			Nodes: []scheduling.Node{
				scheduling.Node(fake.Managed("n-1", pool, fake.OfType(small, "zone-a", "on-demand"), morning, fake.With(web("a"), web("b")))),
				scheduling.Node(fake.Managed("n-2", pool, fake.OfType(small, "zone-a", "on-demand"), morning, fake.With(web("c")))),
			},
			NodePools:     []*v1.NodePool{pool},
			InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {small}},
			Pods:          []*corev1.Pod{}, DaemonPods: []*corev1.Pod{},
		},
		PodDisruptionBudgets: []*policyv1.PodDisruptionBudget{
			fake.PodDisruptionBudget("web", map[string]string{"app": "web"}, fake.MaxUnavailable("1"), fake.Allowing(1, 3)),
		},
	}
	decision, err := disruption.Decide(t.Context(), in, disruption.Options{})
	require.NoError(t, err)
	require.Len(t, decision.Commands, 1, decision)
	require.Equal(t, []string{"n-2"}, decision.Commands[0].Remove)
	require.Equal(t, "n-1", decision.Kept[0].Node)
}
