package scheduling_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// A derived problem gives the plan of the changed snapshot, compiled and solved from scratch, byte for byte.
func TestDerivedProblemsPlanAsCompiledOnes(t *testing.T) {
	content, failed := featuresOf(t), 0
	for i := range uint64(max(1, *worldCount/20)) {
		seed, f := *firstSeed+i, content
		if seed%8 != 0 {
			f.Size = gen.Minute
		}
		s := controlled(gen.World(seed, f), seed)
		if problem := derives(t, s, seed); problem != "" {
			small := gen.Shrink(s, func(s scheduling.Snapshot) bool { return derives(t, s, seed) != "" })
			t.Errorf("seed %d: %s\n\nin a smaller world: %s\n%s", seed, problem, derives(t, small, seed), gen.Dump(small))
			if failed++; failed == maxReports {
				return
			}
		}
	}
}

// controlled gives most bound pods of the world a controller, so that they come back when their node is gone.
func controlled(s scheduling.Snapshot, seed uint64) scheduling.Snapshot {
	random := rand.New(rand.NewPCG(seed, 1))
	for i := range s.Nodes {
		for _, pod := range s.Nodes[i].Pods {
			if len(pod.OwnerReferences) == 0 && random.IntN(8) > 0 {
				kind := []string{"ReplicaSet", "StatefulSet"}[random.IntN(2)]
				pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: "owner", Controller: ptr.To(true)}}
			}
		}
	}
	return s
}

// derives asks a few what-ifs of the world, one after the other and one upon the other, and returns the first difference
// between a derived plan and one made from scratch.
func derives(t *testing.T, s scheduling.Snapshot, seed uint64) string {
	random := rand.New(rand.NewPCG(seed, 2))
	opts, before := optionsOf(seed/8), gen.Clone(s)
	problem, err := scheduling.Compile(s)
	if err != nil {
		return ""
	}
	check := func(what string, derived *scheduling.Problem, err error, changed scheduling.Snapshot) string {
		fresh, want := scheduling.Compile(changed)
		if (err == nil) != (want == nil) || err != nil && err.Error() != want.Error() {
			return fmt.Sprintf("%s: error %v, from scratch %v", what, err, want)
		}
		if err != nil {
			return ""
		}
		return same(t, what, derived, fresh, opts)
	}
	for range 3 {
		names := someNodes(random, s)
		changed, err := s.Without(names...)
		if err != nil {
			return err.Error()
		}
		derived, err := problem.Without(names...)
		if p := check(fmt.Sprintf("without %v", names), derived, err, changed); p != "" {
			return p
		}
		if more := somePods(random, s); len(more) > 0 {
			with := changed
			with.Pods = slices.Concat(with.Pods, more)
			if err == nil {
				derived, err = derived.With(more...)
			} else {
				derived, err = scheduling.Compile(with)
			}
			if p := check(fmt.Sprintf("without %v, with %s", names, podNames(more)), derived, err, with); p != "" {
				return p
			}
			with = s
			with.Pods = slices.Concat(with.Pods, more)
			derived, err = problem.With(more...)
			if p := check(fmt.Sprintf("with %s", podNames(more)), derived, err, with); p != "" {
				return p
			}
		}
	}
	if !reflect.DeepEqual(s, before) {
		return "the input was modified"
	}
	return ""
}

// same compares the plans of two problems.
func same(t *testing.T, what string, derived, fresh *scheduling.Problem, opts scheduling.Options) string {
	got, err := derived.Solve(t.Context(), opts)
	require.NoError(t, err)
	want, err := fresh.Solve(t.Context(), opts)
	require.NoError(t, err)
	if a, b := bytesOf(t, got), bytesOf(t, want); a != b {
		return fmt.Sprintf("%s: another plan: %s\nderived:\n%s\nfrom scratch:\n%s", what, difference(a, b), got, want)
	}
	for i := range want.Unplaced {
		if pod := want.Unplaced[i].Pod; got.Explain(pod).String() != want.Explain(pod).String() {
			return fmt.Sprintf("%s: another explanation:\n%s\nfrom scratch:\n%s", what, got.Explain(pod), want.Explain(pod))
		}
	}
	x, err := derived.LowerBound(t.Context())
	require.NoError(t, err)
	y, err := fresh.LowerBound(t.Context())
	require.NoError(t, err)
	if x != y {
		return fmt.Sprintf("%s: bound %v, from scratch %v", what, x, y)
	}
	return ""
}

// someNodes are the names of one node or a few; of none in a world without nodes.
func someNodes(random *rand.Rand, s scheduling.Snapshot) []string {
	var names []string
	for range min(len(s.Nodes), 1+random.IntN(2)*random.IntN(3)) {
		names = append(names, s.Nodes[random.IntN(len(s.Nodes))].Name())
	}
	return names
}

// somePods are new pods like some that there are, waiting or bound, most of them with a difference.
func somePods(random *rand.Rand, s scheduling.Snapshot) []*corev1.Pod {
	all := slices.Clone(s.Pods)
	for i := range s.Nodes {
		all = append(all, s.Nodes[i].Pods...)
	}
	if len(all) == 0 {
		return nil
	}
	var pods []*corev1.Pod
	for i := range 1 + random.IntN(2) {
		pod := all[random.IntN(len(all))].DeepCopy()
		pod.Name, pod.Spec.NodeName = fmt.Sprintf("%c-new-%d", 'a'+random.IntN(26), i), ""
		switch other := all[random.IntN(len(all))]; random.IntN(6) {
		case 0:
			pod.Labels = other.Labels
		case 1:
			pod.Labels = map[string]string{"app": "new"}
		case 2:
			pod.Spec.NodeSelector = other.Spec.NodeSelector
		case 3:
			pod.Spec.Tolerations = other.Spec.Tolerations
		case 4:
			pod.Spec.Containers = []corev1.Container{{Name: "app"}}
			pod.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(fmt.Sprintf("%dm", 10+random.IntN(1000)))}
		}
		pods = append(pods, pod)
	}
	return pods
}

func podNames(pods []*corev1.Pod) []string {
	var names []string
	for _, pod := range pods {
		names = append(names, pod.Namespace+"/"+pod.Name)
	}
	return names
}

func TestWithoutANodeThatIsNotThere(t *testing.T) {
	problem, err := scheduling.Compile(shop())
	require.NoError(t, err)
	_, err = problem.Without("n-3")
	require.EqualError(t, err, `without node "n-3": the snapshot has no such node`)
}

// What-ifs may be asked at the same time, and share what they find out.
func TestWhatIfsAtTheSameTime(t *testing.T) {
	problem, err := scheduling.Compile(cluster(30, 6))
	require.NoError(t, err)
	ask := func(i int) string {
		derived, err := problem.Without(fmt.Sprintf("node-%05d", i))
		require.NoError(t, err)
		derived, err = derived.With(fake.Pod("more", fake.Requests(fmt.Sprintf("%dm", 100+i), "1Gi"), fake.Labels(map[string]string{"app": "app-003"})))
		require.NoError(t, err)
		plan, err := derived.Solve(t.Context(), scheduling.Options{})
		require.NoError(t, err)
		return bytesOf(t, plan)
	}
	var workers sync.WaitGroup
	plans := make([][]string, 4)
	for w := range plans {
		plans[w] = make([]string, 30)
		workers.Go(func() {
			for i := range plans[w] {
				plans[w][(i+7*w)%30] = ask((i + 7*w) % 30)
			}
		})
	}
	workers.Wait()
	for w := range plans {
		require.Equal(t, plans[0], plans[w])
	}
}
