package disruption

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
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// noon is when the facts of these tests hold. Nodes are a day old, and have been initialised ever since.
var noon = time.Date(2026, time.January, 5, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// large is what nodes are made of.
func large() *cloudprovider.InstanceType {
	return fake.InstanceType("large", "4", "16Gi", fake.OnDemand("a", 1), fake.Spot("a", 0.4), fake.Reserved("a", 0.1, "ours", 2))
}

// member is a node of the pool with its claim and pods.
func member(name, pool string, pods ...*corev1.Pod) scheduling.Node {
	born := metav1.NewTime(noon.Add(-day))
	made := fake.OfType(large(), "a", v1.CapacityTypeOnDemand)
	n := scheduling.Node{
		Node:  fake.Node(name, made, fake.InPool(pool)),
		Claim: fake.NodeClaim(name, made, fake.InPool(pool), fake.ForNode(name)),
		Pods:  pods,
	}
	n.Node.CreationTimestamp, n.Claim.CreationTimestamp = born, born
	n.Claim.Spec.ExpireAfter = v1.Never()
	for i := range n.Claim.Status.Conditions {
		n.Claim.Status.Conditions[i].LastTransitionTime = born
	}
	condition(&n, v1.ConditionTypeInitialized, metav1.ConditionTrue, "Initialized", born.Time)
	return n
}

// condition sets a condition of the claim.
func condition(n *scheduling.Node, kind string, status metav1.ConditionStatus, reason string, since time.Time) {
	for i := range n.Claim.Status.Conditions {
		if c := &n.Claim.Status.Conditions[i]; c.Type == kind {
			c.Status, c.Reason, c.LastTransitionTime = status, reason, metav1.NewTime(since)
			return
		}
	}
	n.Claim.Status.Conditions = append(n.Claim.Status.Conditions,
		v1.ClaimCondition{Type: kind, Status: status, Reason: reason, LastTransitionTime: metav1.NewTime(since)})
}

// running is a pod of a ReplicaSet that runs for an hour.
func running(name string, options ...fake.PodOption) *corev1.Pod {
	return podOf("ReplicaSet", name, options...)
}

func podOf(kind, name string, options ...fake.PodOption) *corev1.Pod {
	pod := fake.Pod(name, append([]fake.PodOption{fake.Owner(kind, "owner"), fake.Label("app", name)}, options...)...)
	started := metav1.NewTime(noon.Add(-time.Hour))
	pod.Status.Phase, pod.Status.StartTime = corev1.PodRunning, &started
	return pod
}

// with is the pod after the edit.
func with(pod *corev1.Pod, edit func(*corev1.Pod)) *corev1.Pod {
	edit(pod)
	return pod
}

func beingDeleted(pod *corev1.Pod) {
	at := metav1.NewTime(noon)
	pod.DeletionTimestamp = &at
}

func finished(pod *corev1.Pod) { pod.Status.Phase = corev1.PodSucceeded }

// untouched asks not to be disrupted.
func untouched(value string) fake.PodOption {
	return fake.PodFunc(func(p *corev1.Pod) {
		metav1.SetMetaDataAnnotation(&p.ObjectMeta, v1.DoNotDisruptAnnotationKey, value)
	})
}

// budgetFor lets so many pods with the label app go.
func budgetFor(name, app string, allowed int32) *policyv1.PodDisruptionBudget {
	limit := intstr.FromInt32(1)
	return &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable: &limit, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}},
		},
		Status: policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: allowed},
	}
}

// facts are pool general with a 100 % budget, and these nodes.
func facts(nodes ...scheduling.Node) Input {
	pool := fake.NodePool("general")
	pool.Spec.Disruption.Budgets = []v1.Budget{{Nodes: "100%"}}
	return Input{
		Snapshot: scheduling.Snapshot{
			Now: noon, Nodes: nodes, Pods: []*corev1.Pod{}, NodePools: []*v1.NodePool{pool},
			InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {large()}},
		},
		PodDisruptionBudgets: []*policyv1.PodDisruptionBudget{},
		Drifted:              map[string]string{},
	}
}

// ask is a planner for the facts, before it has decided anything.
func ask(t *testing.T, in Input, o Options) *planner {
	t.Helper()
	p, err := newPlanner(&in, o)
	require.NoError(t, err)
	return p
}

// names are those of candidates, in their order.
func names(list []*candidate) []string {
	out := []string{}
	for _, c := range list {
		out = append(out, c.name)
	}
	return out
}

// choiceAt is an offering at that price.
func choiceAt(price float64) cloudprovider.Choice {
	return cloudprovider.Choice{OfferingKey: cloudprovider.OfferingKey{InstanceType: "small", Zone: "a", CapacityType: v1.CapacityTypeOnDemand}, Price: price}
}
