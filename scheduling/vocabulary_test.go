package scheduling_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Two vendors whose words differ work in one process, at the same time and on the same objects: to the first, "rack" is
// an old name of example.com/rack, to the second of example.com/row.
func TestVocabulariesDoNotMix(t *testing.T) {
	small := fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.08), fake.OnDemand("zone-b", 0.12))
	small.Offerings[0].Requirements = requirement.NewSet(requirement.In("example.com/rack", "1"))
	small.Offerings[1].Requirements = requirement.NewSet(requirement.In("example.com/row", "1"))
	pool := fake.NodePool("general")
	pool.Spec.Template.Spec.Requirements = []v1.NodeRequirement{{Key: "rack", Operator: corev1.NodeSelectorOpIn, Values: []string{"1"}}}
	snapshot := scheduling.Snapshot{
		Pods:      []*corev1.Pod{fake.Pod("web", fake.Requests("1", "1Gi"))},
		NodePools: []*v1.NodePool{pool}, InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {small}},
	}
	zoneOf := map[string]string{"example.com/rack": "zone-a", "example.com/row": "zone-b"}
	problems := map[string]*scheduling.Problem{}
	for key := range zoneOf {
		s := snapshot
		s.Vocabulary.Aliases = map[string]string{"rack": key}
		p, err := scheduling.Compile(s)
		require.NoError(t, err)
		problems[key] = p
	}
	var wait sync.WaitGroup
	for range 8 {
		for key, zone := range zoneOf {
			wait.Go(func() {
				plan, err := problems[key].Solve(t.Context(), scheduling.Options{})
				if err != nil || len(plan.Launches) != 1 || plan.Launches[0].Choices[0].Zone != zone {
					t.Errorf("rack means %s: %v, %v", key, err, plan)
				}
				s := snapshot
				s.Vocabulary.Aliases = map[string]string{"rack": key}
				again, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
				if err != nil || again.String() != plan.String() {
					t.Errorf("rack means %s: %v, %v", key, err, again)
				}
			})
		}
	}
	wait.Wait()
}
