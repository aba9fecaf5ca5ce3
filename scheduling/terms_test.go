package scheduling

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// FuzzMatchers holds the index of matchers against asking each of them.
func FuzzMatchers(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		x, terms := newPrinter(), newTerms([]*corev1.Namespace{
			{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{"team": "x"}}},
			{ObjectMeta: metav1.ObjectMeta{Name: "b", Labels: map[string]string{"team": "y"}}},
		})
		terms.setGroups([]Group{{Name: "g", Pods: []types.NamespacedName{{Namespace: "a", Name: "pod-0"}, {Namespace: "b", Name: "pod-1"}}}})
		for range 1 + r.IntN(12) {
			terms.matcher(x, randomMatcher(t, r))
		}
		terms.finish()
		for i := range 20 {
			pod := randomMatched(r, i%4)
			found, again := terms.matches(pod), terms.matchesOf(pod)
			require.True(t, found.Equal(again), "pod %v", pod)
			for id := range terms.matchers {
				require.Equal(t, terms.selects(&terms.matchers[id], pod), found.Has(id), "matcher %+v, pod %v", terms.matchers[id], pod)
			}
		}
	})
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func randomMatcher(t *testing.T, r *rand.Rand) matcher {
	switch r.IntN(6) {
	case 0:
		return matcher{group: 1}
	case 1:
		return matcher{port: &hostPort{ip: pick(r, everyAddress, "10.0.0.1"), protocol: string(corev1.ProtocolTCP), port: int32(1 + r.IntN(2))}}
	}
	m := matcher{living: r.IntN(2) == 0}
	for range 1 + r.IntN(2) {
		term := corev1.PodAffinityTerm{LabelSelector: randomSelector(r)}
		switch r.IntN(4) {
		case 0:
			term.Namespaces = []string{pick(r, "a", "b", "c")}
		case 1:
			term.NamespaceSelector = &metav1.LabelSelector{}
		case 2:
			term.NamespaceSelector = byLabels(map[string]string{"team": pick(r, "x", "y")})
		}
		s, field, err := affinitySelector(randomMatched(r, 0), &term)
		require.NoError(t, err, field)
		m.selectors = append(m.selectors, s)
	}
	return m
}

// randomSelector may be nil, which selects nothing, or empty, which selects all.
func randomSelector(r *rand.Rand) *metav1.LabelSelector {
	if r.IntN(8) == 0 {
		return nil
	}
	out := &metav1.LabelSelector{}
	for range r.IntN(3) {
		e := metav1.LabelSelectorRequirement{Key: pick(r, "app", "tier"), Operator: pick(r, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn,
			metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist)}
		if e.Operator == metav1.LabelSelectorOpIn || e.Operator == metav1.LabelSelectorOpNotIn {
			e.Values = []string{pick(r, "1", "2"), pick(r, "2", "3")}
		}
		out.MatchExpressions = append(out.MatchExpressions, e)
	}
	return out
}

func randomMatched(r *rand.Rand, n int) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: pick(r, "a", "b", "c"), Name: fmt.Sprint("pod-", n), Labels: map[string]string{}}}
	for _, key := range []string{"app", "tier", "other"} {
		if r.IntN(3) > 0 {
			pod.Labels[key] = pick(r, "1", "2", "3")
		}
	}
	if r.IntN(4) == 0 {
		pod.DeletionTimestamp = &metav1.Time{}
	}
	if r.IntN(4) == 0 {
		pod.Spec.NodeName = "n"
	}
	if r.IntN(3) == 0 {
		pod.Spec.Containers = []corev1.Container{{Ports: []corev1.ContainerPort{{HostPort: int32(1 + r.IntN(2)), Protocol: corev1.ProtocolTCP}}}}
	}
	return pod
}
