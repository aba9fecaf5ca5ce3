package scheduling_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/internal/oracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// gang is a snapshot with one group of n pods that each fill a machine. There are so many machines in each zone.
func gang(n, minimum int, key string, machines ...int) scheduling.Snapshot {
	s := scheduling.Snapshot{NodePools: []*v1.NodePool{fake.NodePool("general")}, InstanceTypes: map[string][]*cloudprovider.InstanceType{}}
	group := scheduling.Group{Name: "training", MinCount: minimum, TopologyKey: key}
	for i := range n {
		pod := fake.Pod(fmt.Sprintf("worker-%03d", i), fake.Requests("4", "8Gi"))
		s.Pods = append(s.Pods, pod)
		group.Pods = append(group.Pods, types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name})
	}
	s.Groups = []scheduling.Group{group}
	large := fake.InstanceType("large", "5", "16Gi")
	for z, count := range machines {
		zone := fmt.Sprintf("zone-%c", 'a'+z)
		large.Offerings = append(large.Offerings, cloudprovider.Offering{
			Zone: zone, CapacityType: v1.CapacityTypeOnDemand, Price: 1 + 0.1*float64(z), Available: true,
			Stock: &cloudprovider.Stock{Key: "hosts-" + zone, Count: count},
		})
	}
	s.InstanceTypes["general"] = []*cloudprovider.InstanceType{large}
	return s
}

// A gang is placed whole or not at all, and where its members must be together, in a domain that holds enough of them,
// dear as it may be.
func TestGangOf256(t *testing.T) {
	for _, test := range []struct {
		name     string
		minimum  int
		key      string
		machines []int
		placed   int
	}{
		{"all fit", 0, "", []int{300}, 256},
		{"one machine too few", 0, "", []int{255}, 0},
		{"over two zones", 0, "", []int{128, 128}, 256},
		{"a minimum that is met", 200, "", []int{210}, 210},
		{"a minimum that is not met", 200, "", []int{100, 99}, 0},
		{"together in the one zone that has room", 0, corev1.LabelTopologyZone, []int{255, 256}, 256},
		{"together in no zone", 0, corev1.LabelTopologyZone, []int{255, 255, 255}, 0},
		{"enough of them together", 128, corev1.LabelTopologyZone, []int{100, 150, 120}, 150},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := gang(256, test.minimum, test.key, test.machines...)
			plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
			require.NoError(t, err)
			require.Empty(t, oracle.Check(s, plan))
			require.Len(t, plan.Assignments, test.placed)
			for _, u := range plan.Unplaced {
				require.Equal(t, scheduling.Infeasible, u.Verdict)
				if test.placed == 0 {
					require.Equal(t, scheduling.GroupIncomplete, u.Rejections[0].Code)
				}
			}
		})
	}
}

// Two gangs that want the same machines: one of them gets them whole.
func TestGangsDoNotShareWhatIsTooLittleForBoth(t *testing.T) {
	s := gang(8, 0, "", 6)
	for i := range s.Groups[0].Pods[:4] {
		s.Pods[i].Labels = map[string]string{"gang": "second"}
	}
	s.Groups = []scheduling.Group{
		{Name: "first", Pods: s.Groups[0].Pods[:4]},
		{Name: "second", Pods: s.Groups[0].Pods[4:]},
	}
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	require.Empty(t, oracle.Check(s, plan))
	require.Len(t, plan.Assignments, 4)
}

// Small gangs against every way to place them: one that is left out cannot be placed.
func TestGangsAgainstExhaustiveSearch(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	placed, left := 0, 0
	for range 300 {
		n := 2 + random.IntN(4)
		key := ""
		if random.IntN(2) == 0 {
			key = corev1.LabelTopologyZone
		}
		s := gang(n, 0, key, random.IntN(5), random.IntN(5))
		for _, pod := range s.Pods { // two sizes, of which the small ones share a machine
			if random.IntN(2) == 0 {
				pod.Spec.Containers[0].Resources.Requests = fake.Pod("small", fake.Requests("2", "1Gi")).Spec.Containers[0].Resources.Requests
			}
		}
		plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
		require.NoError(t, err)
		require.Empty(t, oracle.Check(s, plan))
		_, possible := oracle.Cheapest(s)
		require.Equal(t, possible, len(plan.Unplaced) == 0, "%v\n%s", s.InstanceTypes["general"][0].Offerings, plan)
		if possible {
			placed++
		} else {
			left++
		}
	}
	require.Greater(t, min(placed, left), 50, "both must occur")
}
