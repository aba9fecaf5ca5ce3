package disruption_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/fake"
)

// A command is right for as long as its reason holds, budgets have room, and its pods have places at no more cost. What has
// changed is said otherwise.
func TestVerifyNamesWhatHasChanged(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(in *disruption.Input)
		node   string
		says   string // empty: nothing that matters
	}{
		{"nothing", func(*disruption.Input) {}, "", ""},
		{"the command is in progress itself", func(in *disruption.Input) {
			d, _ := disruption.Decide(t.Context(), shop(), disruption.Options{})
			in.InProgress = d.Commands
		}, "", ""},
		{"the node is gone", func(in *disruption.Input) { in.Nodes = in.Nodes[1:] }, "n-1", "it is gone"},
		{"the node is on its way out", func(in *disruption.Input) {
			now := metav1.NewTime(in.Now)
			in.Nodes[0].Claim.DeletionTimestamp = &now
		}, "n-1", "deleting"},
		{"a pod does not want to go", func(in *disruption.Input) {
			in.Nodes[0].Pods[0].Annotations = map[string]string{v1.DoNotDisruptAnnotationKey: "true"}
		}, "n-1", "do-not-disrupt: pod default/web-n-1"},
		{"a budget lets no pod go", func(in *disruption.Input) {
			none := intstr.FromInt32(0)
			in.PodDisruptionBudgets = []*policyv1.PodDisruptionBudget{{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"},
				Spec: policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &none, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}}}}
		}, "n-1", "pdb: default/web-n-1: web never allows an eviction: maxUnavailable is 0"},
		{"the NodePool's budget is used up", func(in *disruption.Input) {
			in.NodePools[0].Spec.Disruption.Budgets = []v1.Budget{{Nodes: "0"}}
		}, "n-1", "budget: general allows 0 for underutilized"},
		{"the pool does not consolidate any more", func(in *disruption.Input) {
			in.NodePools[0].Spec.Disruption.ConsolidationPolicy = v1.ConsolidationPolicyWhenEmpty
		}, "n-1", "disabled: NodePool general: consolidationPolicy is WhenEmpty"},
		{"its room is taken", func(in *disruption.Input) {
			in.Nodes[1].Pods = append(in.Nodes[1].Pods, fake.Pod("big", fake.Owner("ReplicaSet", "big"), fake.Requests("3", "1Gi"), fake.OnNode("n-2")))
		}, "", "it would take a further medium/zone-a/on-demand in general"},
		{"its room is taken, and nothing can be bought", func(in *disruption.Input) {
			in.Nodes[1].Pods = append(in.Nodes[1].Pods, fake.Pod("big", fake.Owner("ReplicaSet", "big"), fake.Requests("3", "1Gi"), fake.OnNode("n-2")))
			in.InstanceTypes = map[string][]*cloudprovider.InstanceType{"general": {
				fake.InstanceType("medium", "4", "16Gi", fake.OnDemand("zone-a", 0.20, fake.Unavailable)),
			}}
		}, "", "default/web-n-1: no available offering in zone-a"},
		{"a pod is expected", func(in *disruption.Input) {
			in.Nodes[1].Pods = append(in.Nodes[1].Pods, fake.Pod("big", fake.Owner("ReplicaSet", "big"), fake.Requests("2", "1Gi"), fake.OnNode("n-2")))
			in.Pods = []*corev1.Pod{fake.Pod("waits", fake.Requests("2", "1Gi"))}
		}, "n-1", "nominated: pod default/waits is expected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := disruption.Decide(t.Context(), shop(), disruption.Options{})
			require.NoError(t, err)
			require.Len(t, d.Commands, 1)
			in := shop()
			test.change(&in)
			err = disruption.Verify(t.Context(), d.Commands[0], in, disruption.Options{})
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			stale, ok := errors.AsType[*disruption.StaleError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, d.Commands[0].ID, stale.Command)
			require.Equal(t, test.node, stale.Node)
			require.Equal(t, test.says, stale.Change)
		})
	}
}

// A command that removes nothing, or names what nobody knows, is stale and no more.
func TestVerifyStandsAnyCommand(t *testing.T) {
	for _, c := range []disruption.Command{{}, {Remove: []string{"nobody"}}, {Reason: "Whim", Remove: []string{"n-1", "n-1"}}} {
		_ = disruption.Verify(t.Context(), c, shop(), disruption.Options{})
	}
	_, ok := errors.AsType[*disruption.StaleError](disruption.Verify(t.Context(), disruption.Command{}, shop(), disruption.Options{}))
	require.True(t, ok)
}

// Facts without a time decide nothing.
func TestDecideWantsToKnowTheTime(t *testing.T) {
	var zero disruption.Input
	_, err := disruption.Decide(t.Context(), zero, disruption.Options{})
	invalid, ok := errors.AsType[*disruption.InvalidInputError](err)
	require.True(t, ok)
	require.Equal(t, "Now", invalid.Path)
	_, ok = errors.AsType[*disruption.InvalidInputError](disruption.Verify(t.Context(), disruption.Command{Remove: []string{"n-1"}}, zero, disruption.Options{}))
	require.True(t, ok)
}
