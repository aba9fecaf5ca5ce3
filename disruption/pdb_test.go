package disruption

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The index finds the budgets that a look at each of them finds.
func TestBudgetsAreFoundByTheirLabels(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(n int, prefix string) string { return fmt.Sprint(prefix, r.IntN(n)) }
	for range 200 {
		in := facts()
		for i := range 1 + r.IntN(8) {
			b := budgetFor(fmt.Sprint("b", i), "web", 1)
			b.Namespace = pick(2, "ns")
			b.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{}}
			for range r.IntN(3) {
				b.Spec.Selector.MatchLabels[pick(3, "key")] = pick(2, "value")
			}
			if r.IntN(3) == 0 {
				b.Spec.Selector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: pick(3, "key"), Operator: "NotIn", Values: []string{pick(2, "value")}}}
			}
			in.PodDisruptionBudgets = append(in.PodDisruptionBudgets, b)
		}
		g := ask(t, in, Options{}).pdbs
		for range 20 {
			pod := running("web")
			pod.Namespace, pod.Labels = pick(2, "ns"), map[string]string{}
			for range r.IntN(4) {
				pod.Labels[pick(3, "key")] = pick(2, "value")
			}
			want, got := []string{}, []string{}
			for _, b := range in.PodDisruptionBudgets {
				selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
				require.NoError(t, err)
				if b.Namespace == pod.Namespace && selector.Matches(labels.Set(pod.Labels)) {
					want = append(want, b.Namespace+"/"+b.Name)
				}
			}
			for _, b := range g.spaces[pod.Namespace].of(pod) {
				got = append(got, b.name)
			}
			require.Equal(t, want, got)
		}
	}
}

// What the API server would say of an eviction follows from the spec and the status together.
func TestSpecAndStatusTogether(t *testing.T) {
	ninety, three := intstr.FromString("90%"), intstr.FromInt32(3)
	for _, tt := range []struct {
		name   string
		least  *intstr.IntOrString // minAvailable
		status policyv1.PodDisruptionBudgetStatus
		ready  corev1.ConditionStatus
		want   verdict
	}{
		{"a share that is all when rounded up", &ninety, policyv1.PodDisruptionBudgetStatus{ExpectedPods: 3}, corev1.ConditionTrue, verdictNever},
		{"the same share of more", &ninety, policyv1.PodDisruptionBudgetStatus{ExpectedPods: 30}, corev1.ConditionTrue, verdictNotNow},
		{"all, of which there are more for now", &three, policyv1.PodDisruptionBudgetStatus{ExpectedPods: 3, DisruptionsAllowed: 1}, corev1.ConditionTrue, verdictYes},
		{"nobody knows how many there are", &three, policyv1.PodDisruptionBudgetStatus{}, corev1.ConditionTrue, verdictNotNow},
		{"not ready, and enough others are healthy", nil, policyv1.PodDisruptionBudgetStatus{CurrentHealthy: 2, DesiredHealthy: 2}, corev1.ConditionFalse, verdictYes},
		{"not ready, and too few others are", nil, policyv1.PodDisruptionBudgetStatus{CurrentHealthy: 1, DesiredHealthy: 2}, corev1.ConditionFalse, verdictNotNow},
		{"ready, so that it is one of the healthy", nil, policyv1.PodDisruptionBudgetStatus{CurrentHealthy: 2, DesiredHealthy: 2}, corev1.ConditionTrue, verdictNotNow},
		{"nobody knows whether it is ready", nil, policyv1.PodDisruptionBudgetStatus{CurrentHealthy: 2, DesiredHealthy: 2}, "", verdictNotNow},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pod, b := running("web"), budgetFor("b", "web", 0)
			if tt.ready != "" {
				pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: tt.ready}}
			}
			if tt.least != nil {
				b.Spec.MaxUnavailable, b.Spec.MinAvailable = nil, tt.least
			}
			b.Status = tt.status
			in := facts(member("n", "general", pod))
			in.PodDisruptionBudgets = append(in.PodDisruptionBudgets, b)
			can, why := ask(t, in, Options{}).pdbs.verdict(pod)
			require.Equal(t, tt.want, can, why)
		})
	}
}
