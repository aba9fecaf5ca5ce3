package kubeoracle_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/fake/scenario"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/internal/kubeoracle"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// TestExportedWorldsHaveTheSamePlan reads random worlds back from what was written of them.
func TestExportedWorldsHaveTheSamePlan(t *testing.T) {
	exact, not := 0, 0
	for seed := range uint64(150) {
		f := gen.Full()
		f.OpenLabels, f.Closed, f.Size = false, false, gen.Minute
		s := gen.World(seed, f)
		text, err := kubeoracle.Export(s, scheduling.Options{}, "a random world")
		if err != nil {
			not++
			continue
		}
		read, err := scenario.Read(strings.NewReader(text), "world.yaml", scenario.Options{})
		require.NoError(t, err, "seed %d\n%s", seed, text)
		want, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
		require.NoError(t, err)
		have, err := read.Solve(t.Context())
		require.NoError(t, err)
		require.Equal(t, want.String(), have.String(), "seed %d\n%s", seed, text)
		exact++
	}
	t.Logf("%d worlds have the same plan, %d cannot be written", exact, not)
	require.Greater(t, exact, not)
}

// TestExportedFactsAboutTheSchedulerAreReadBack is about what no random world has in all its forms.
func TestExportedFactsAboutTheSchedulerAreReadBack(t *testing.T) {
	s := gen.World(1, gen.Base())
	s.Pods = []*corev1.Pod{pod("a"), pod("b"), fake.Pod("c")}
	s.Groups = []scheduling.Group{{Name: "default/web", Pods: []types.NamespacedName{key("a"), key("b")}, MinCount: 1, TopologyKey: "zone"}}
	s.Vocabulary = cloudprovider.Vocabulary{WellKnown: []string{"example.com/rack"}, Aliases: map[string]string{"old": "example.com/rack"}}
	s.Profile = scheduling.SchedulerProfile{
		SchedulerNames:     []string{"default-scheduler", "batch"},
		DefaultConstraints: []corev1.TopologySpreadConstraint{{MaxSkew: 2, TopologyKey: "zone", WhenUnsatisfiable: corev1.DoNotSchedule}},
		Selectors: []scheduling.PodSelector{
			{Kind: "Service", Namespace: "default", Name: "none"},
			{Kind: "Service", Namespace: "default", Name: "web", Selector: web()},
			{Kind: "ReplicationController", Namespace: "default", Name: "web", Selector: web()},
			{Kind: "ReplicaSet", Namespace: "default", Name: "web", Selector: web()},
			{Kind: "StatefulSet", Namespace: "default", Name: "all", Selector: &metav1.LabelSelector{}},
		},
	}
	text, err := kubeoracle.Export(s, scheduling.Options{Effort: 7}, "facts")
	require.NoError(t, err)
	read, err := scenario.Read(strings.NewReader(text), "world.yaml", scenario.Options{})
	require.NoError(t, err, text)
	require.Equal(t, s.Groups, read.Snapshot.Groups)
	require.Equal(t, s.Vocabulary, read.Snapshot.Vocabulary)
	require.Equal(t, s.Profile.SchedulerNames, read.Snapshot.Profile.SchedulerNames)
	require.Equal(t, s.Profile.DefaultConstraints, read.Snapshot.Profile.DefaultConstraints)
	require.ElementsMatch(t, s.Profile.Selectors, read.Snapshot.Profile.Selectors)
	require.Equal(t, 7, read.Options.Effort)
	require.True(t, s.Now.Equal(read.Snapshot.Now))

	s.Groups[0].Pods = s.Groups[0].Pods[:1]
	_, err = kubeoracle.Export(s, scheduling.Options{}, "facts")
	require.ErrorContains(t, err, "no selector selects the members of group default/web alone")
}
