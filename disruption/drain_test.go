package disruption

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/kerf-autoscaler/kerf/fake"
)

func TestVerdict(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(b *policyv1.PodDisruptionBudget, pod *corev1.Pod)
		want verdict
		says string
	}{
		{"one may go", nil, verdictYes, ""},
		{"none may go now", func(b *policyv1.PodDisruptionBudget, _ *corev1.Pod) { b.Status.DisruptionsAllowed = 0 },
			verdictNotNow, "b allows 0 evictions"},
		{"the status is old", func(b *policyv1.PodDisruptionBudget, _ *corev1.Pod) { b.Generation = 2 },
			verdictNotNow, "b has a status that is older than its spec"},
		{"maxUnavailable 0", func(b *policyv1.PodDisruptionBudget, _ *corev1.Pod) {
			b.Spec.MaxUnavailable = ptr.To(intstr.FromInt32(0))
		},
			verdictNever, "b never allows an eviction: maxUnavailable is 0"},
		{"maxUnavailable 0%", func(b *policyv1.PodDisruptionBudget, _ *corev1.Pod) {
			b.Spec.MaxUnavailable = ptr.To(intstr.FromString("0%"))
		},
			verdictNever, "b never allows an eviction: maxUnavailable is 0%"},
		{"minAvailable 100%", func(b *policyv1.PodDisruptionBudget, _ *corev1.Pod) {
			b.Spec.MaxUnavailable, b.Spec.MinAvailable = nil, ptr.To(intstr.FromString("100%"))
			b.Status.DisruptionsAllowed = 0
		}, verdictNever, "b never allows an eviction: minAvailable is 100%"},
		{"minAvailable is as many as there are", func(b *policyv1.PodDisruptionBudget, _ *corev1.Pod) {
			b.Spec.MaxUnavailable, b.Spec.MinAvailable = nil, ptr.To(intstr.FromInt32(3))
			b.Status.DisruptionsAllowed, b.Status.ExpectedPods = 0, 3
		}, verdictNever, "b never allows an eviction: minAvailable is 3 of 3 pods"},
		{"minAvailable is less than there are", func(b *policyv1.PodDisruptionBudget, _ *corev1.Pod) {
			b.Spec.MaxUnavailable, b.Spec.MinAvailable = nil, ptr.To(intstr.FromInt32(2))
			b.Status.DisruptionsAllowed, b.Status.ExpectedPods = 0, 3
		}, verdictNotNow, "b allows 0 evictions"},
		{"another namespace", func(b *policyv1.PodDisruptionBudget, _ *corev1.Pod) {
			b.Namespace, b.Status.DisruptionsAllowed = "other", 0
		}, verdictYes, ""},
		{"other pods", func(b *policyv1.PodDisruptionBudget, pod *corev1.Pod) {
			pod.Labels["app"], b.Status.DisruptionsAllowed = "other", 0
		}, verdictYes, ""},
		{"no selector selects none", func(b *policyv1.PodDisruptionBudget, _ *corev1.Pod) {
			b.Spec.Selector, b.Status.DisruptionsAllowed = nil, 0
		}, verdictYes, ""},
		{"an empty selector selects all", func(b *policyv1.PodDisruptionBudget, _ *corev1.Pod) {
			b.Spec.Selector, b.Status.DisruptionsAllowed = &metav1.LabelSelector{}, 0
		}, verdictNotNow, "b allows 0 evictions"},
		{"a pod that is not ready, and may go always", func(b *policyv1.PodDisruptionBudget, pod *corev1.Pod) {
			b.Spec.UnhealthyPodEvictionPolicy, b.Status.DisruptionsAllowed = ptr.To(policyv1.AlwaysAllow), 0
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}}
		}, verdictYes, ""},
		{"a pod that is ready may not for that", func(b *policyv1.PodDisruptionBudget, pod *corev1.Pod) {
			b.Spec.UnhealthyPodEvictionPolicy, b.Status.DisruptionsAllowed = ptr.To(policyv1.AlwaysAllow), 0
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		}, verdictNotNow, "b allows 0 evictions"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, pod := budgetFor("b", "web", 1), running("web")
			if tt.edit != nil {
				tt.edit(b, pod)
			}
			in := facts(member("n", "general", pod))
			in.PodDisruptionBudgets = append(in.PodDisruptionBudgets, b)
			can, why := ask(t, in, Options{}).pdbs.verdict(pod)
			require.Equal(t, tt.want, can)
			require.Equal(t, tt.says, why)
		})
	}
}

// fleet is nodes a, b and c with two pods each that one budget governs.
func fleet(allowed int32) Input {
	two := func(node string) []*corev1.Pod {
		return []*corev1.Pod{running("web-0"+node, fake.Label("app", "web")), running("web-1"+node, fake.Label("app", "web"))}
	}
	in := facts(member("a", "general", two("a")...), member("b", "general", two("b")...), member("c", "general", two("c")...))
	in.PodDisruptionBudgets = append(in.PodDisruptionBudgets, budgetFor("web", "web", allowed))
	return in
}

func TestEvictionsAddUp(t *testing.T) {
	p := ask(t, fleet(3), Options{})
	a, b := p.by["a"], p.by["b"]
	_, ok := p.pdbs.admits(a)
	require.True(t, ok)
	p.pdbs.take(a)
	kept, ok := p.pdbs.admits(b)
	require.False(t, ok)
	require.Equal(t, Kept{Node: "b", Code: CodePDB,
		Detail: "default/web-0b: web allows 3 evictions, 2 taken, the node has 2"}, kept)
	p.pdbs.giveBack(a)
	_, ok = p.pdbs.admits(b)
	require.True(t, ok)
}

func TestANodeWithMorePodsThanTheBudgetLetsGo(t *testing.T) {
	p := ask(t, fleet(1), Options{})
	kept, ok := p.pdbs.admits(p.by["a"])
	require.False(t, ok)
	require.Equal(t, "default/web-0a: web allows 1 eviction, the node has 2", kept.Detail)
}

func TestEvictionsInTurnNeedOne(t *testing.T) {
	p := ask(t, fleet(1), Options{Evictions: EvictionsInTurn})
	for _, name := range []string{"a", "b", "c"} {
		_, ok := p.pdbs.admits(p.by[name])
		require.True(t, ok, name)
		p.pdbs.take(p.by[name])
	}
	p = ask(t, fleet(0), Options{Evictions: EvictionsInTurn})
	_, ok := p.pdbs.admits(p.by["a"])
	require.False(t, ok)
}

func TestEvictionsUnderWayAreTaken(t *testing.T) {
	in := fleet(3)
	in.InProgress = []Command{{ID: "x", Remove: []string{"a"}}}
	p := ask(t, in, Options{})
	_, ok := p.pdbs.admits(p.by["b"])
	require.False(t, ok)

	in = fleet(3)
	in.Nodes[0].Claim.DeletionTimestamp = &metav1.Time{Time: noon}
	p = ask(t, in, Options{})
	_, ok = p.pdbs.admits(p.by["b"])
	require.False(t, ok)
}

func TestBudgetsThatCannotBeReadAreNamed(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(b *policyv1.PodDisruptionBudget)
		says string
	}{
		{"selector", func(b *policyv1.PodDisruptionBudget) {
			b.Spec.Selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Like"}}}
		}, "PodDisruptionBudget default/b: spec.selector: "},
		{"maxUnavailable", func(b *policyv1.PodDisruptionBudget) { b.Spec.MaxUnavailable = ptr.To(intstr.FromString("some")) },
			"PodDisruptionBudget default/b: spec.maxUnavailable: "},
		{"minAvailable", func(b *policyv1.PodDisruptionBudget) { b.Spec.MinAvailable = ptr.To(intstr.FromString("some")) },
			"PodDisruptionBudget default/b: spec.minAvailable: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := budgetFor("b", "web", 1)
			tt.edit(b)
			in := facts()
			in.PodDisruptionBudgets = append(in.PodDisruptionBudgets, b)
			_, err := newPlanner(&in, Options{})
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func TestEvictionCost(t *testing.T) {
	cost := func(deletion string, priority int32) float64 {
		pod := running("web", fake.Priority(priority))
		if deletion != "" {
			metav1.SetMetaDataAnnotation(&pod.ObjectMeta, corev1.PodDeletionCost, deletion)
		}
		return EvictionCost(pod)
	}
	plain := EvictionCost(running("web"))
	require.Equal(t, 1.0, plain)
	require.Greater(t, cost("100", 0), plain)
	require.Less(t, cost("-100", 0), plain)
	require.Greater(t, cost("101", 0), cost("100", 0))
	require.Greater(t, cost("", 1), plain)
	require.Less(t, cost("", -1), plain)
	require.Equal(t, plain, cost("much", 0))
	require.Equal(t, plain, cost("NaN", 0))
	require.Equal(t, 10.0, cost("2147483647", 2000000000))
	require.Equal(t, -10.0, cost("-2147483648", -2000000000))
	require.Equal(t, 1.0, disturbance([]*corev1.Pod{with(running("web", fake.Priority(-1<<30)), func(*corev1.Pod) {})}), "nobody is paid for being disturbed")
}
