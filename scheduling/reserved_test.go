package scheduling_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/internal/oracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// reservedAlone is the snapshot with that pod, and with nothing to launch but reserved capacity that is to be had now.
func reservedAlone(s scheduling.Snapshot, pod *corev1.Pod) scheduling.Snapshot {
	s.Pods = []*corev1.Pod{pod}
	types := map[string][]*cloudprovider.InstanceType{}
	for pool, list := range s.InstanceTypes {
		types[pool] = []*cloudprovider.InstanceType{}
		for _, t := range list {
			only := t.Clone()
			only.Offerings = slices.DeleteFunc(only.Offerings, func(o cloudprovider.Offering) bool { return o.CapacityType != v1.CapacityTypeReserved })
			types[pool] = append(types[pool], only)
		}
	}
	s.InstanceTypes = types
	return s
}

// Under Strict a pod is on a launch of another capacity type only if reserved capacity alone could not have hosted it, even
// if all of it were there for this one pod; and a pod is left for the next round only if it could.
func TestReservedStrictHoldsExactlyThePodsThatReservedCapacityCouldHost(t *testing.T) {
	strict := scheduling.Options{Reserved: scheduling.ReservedStrict}
	held, free := 0, 0
	for seed := range uint64(500) {
		f := gen.Base()
		f.Size = gen.Minute
		s := gen.World(seed, f)
		plan, err := scheduling.Solve(t.Context(), s, strict)
		require.NoError(t, err)
		require.Empty(t, oracle.Check(s, plan), "seed %d", seed)
		require.Empty(t, oracle.UnplacedWith(s, plan, strict), "seed %d", seed)
		byName := map[types.NamespacedName]*corev1.Pod{}
		for _, pod := range s.Pods {
			byName[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}] = pod
		}
		launched := func(pod types.NamespacedName) bool {
			alone, err := scheduling.Solve(t.Context(), reservedAlone(s, byName[pod]), scheduling.Options{})
			require.NoError(t, err)
			return len(alone.Launches) > 0
		}
		for i := range plan.Launches {
			l := &plan.Launches[i]
			if l.Offering().CapacityType == v1.CapacityTypeReserved {
				continue
			}
			for _, pod := range l.Pods {
				require.False(t, launched(pod), "seed %d: pod %s is on %s", seed, pod, l.Offering().OfferingKey)
				free++
			}
		}
		for _, u := range plan.Unplaced {
			if u.Verdict == scheduling.NotEvaluated && u.Rejections[0].Code == scheduling.NoAvailableOffering {
				require.True(t, launched(u.Pod) || len(s.Nodes) > 0, "seed %d: pod %s waits", seed, u.Pod)
				held++
			}
		}
	}
	require.Positive(t, held)
	require.Positive(t, free)
	t.Logf("%d pods wait, %d are on other capacity", held, free)
}

func TestUnknownReservedPolicyIsRefused(t *testing.T) {
	_, err := scheduling.Solve(t.Context(), scheduling.Snapshot{}, scheduling.Options{Reserved: "Sometimes"})
	require.ErrorContains(t, err, `options: Reserved must be Fallback or Strict, is "Sometimes"`)
}
