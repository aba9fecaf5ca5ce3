package scenario

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// again is the scenario read back from what it writes of itself.
func again(t *testing.T, s *Scenario) *Scenario {
	t.Helper()
	text, err := s.YAML()
	require.NoError(t, err)
	out, err := Read(bytes.NewReader(text), "again.yaml", Options{})
	require.NoError(t, err, "%s", text)
	return out
}

func TestDecisionsAreReproducedFromWhatTheirScenarioWrites(t *testing.T) {
	exact, not, busy := 0, 0, 0
	for seed := range uint64(24) {
		f := gen.Full()
		f.OpenLabels, f.Closed, f.Size = false, false, gen.Small
		s := &Scenario{Decide: disrupt, Snapshot: gen.World(seed, f)}
		s.DisruptionOptions.MinSavings = -1
		running(&s.Snapshot)
		for _, pool := range s.Snapshot.NodePools {
			pool.Spec.Disruption.ConsolidateAfter = v1.After(0)
		}
		text, err := s.YAML()
		if err != nil {
			not++
			continue
		}
		read, err := Read(bytes.NewReader(text), "world.yaml", Options{})
		require.NoError(t, err, "seed %d\n%s", seed, text)
		s.DisruptionBudgets = read.DisruptionBudgets // there are none, which is not to say that they are unknown
		want, err := s.Solve(t.Context())
		require.NoError(t, err)
		have, err := read.Solve(t.Context())
		require.NoError(t, err)
		require.Equal(t, want.String(), have.String(), "seed %d\n%s", seed, text)
		exact++
		if len(want.Decision.Commands) > 0 {
			busy++
		}
	}
	t.Logf("%d worlds have the same decision, %d with commands; %d cannot be written", exact, busy, not)
	require.Greater(t, exact, 8)
	require.NotZero(t, busy)
}

func TestAllThatAScenarioSaysIsWritten(t *testing.T) {
	s := decided(t, `
options: {minSavings: 0.5, horizon: 1h, evictions: InTurn, barePods: Stay, expirationBudget: true, startUp: 9m}
drifted: {c-1: ImageDrifted}
repairPolicies: [{condition: Ready, status: "False", reason: Broken, tolerate: 10m, action: Reboot}]
interruptions: [{node: n-1, kind: Reclaim, deadline: "2026-01-05T12:02:00Z", message: two minutes}]
expected: {n-1: "2026-01-05T12:01:00Z"}
startUp: {general: 90s}
inProgress:
- reason: Drifted
  remove: [n-7]
  replace: [{name: general-7, nodePool: general, offering: {instanceType: small, zone: zone-a, capacityType: spot, stockKey: x, price: 0.03}, pods: [web-0]}]
  moves: [{pod: web-0, node: general-7, launch: true}]
  stranded: [web-2]
history: [{at: "2026-01-05T11:00:00Z", failed: true, moved: [web-9], removed: [{node: n-8, nodePool: general, instanceType: big, zone: zone-a, capacityType: spot, stockKey: r-1}]}]
print: [budgets]
`).scenario
	s.Explain = append(s.Explain, PodName("web-0"))
	text := "something"
	s.Expect = &text
	s.DisruptionBudgets = read(t, someNode, asked(""), podBudgetDocument("maxUnavailable: 1", "")).DisruptionBudgets
	have := again(t, s)
	// Instants are the same whatever zone they are written in.
	written, err := s.YAML()
	require.NoError(t, err)
	rewritten, err := have.YAML()
	require.NoError(t, err)
	require.Equal(t, string(written), string(rewritten))
	require.Equal(t, s.DisruptionOptions, have.DisruptionOptions)
	require.Equal(t, s.Disruption.RepairPolicies, have.Disruption.RepairPolicies)
	require.Equal(t, s.Disruption.Drifted, have.Disruption.Drifted)
	require.Equal(t, s.Disruption.StartUp, have.Disruption.StartUp)
	require.Equal(t, s.Disruption.InProgress, have.Disruption.InProgress)
	require.Equal(t, s.DisruptionBudgets, have.DisruptionBudgets)
	require.Equal(t, s.Disruption.Interruptions[0].ProviderID, have.Disruption.Interruptions[0].ProviderID)
	require.True(t, s.Disruption.Expected["n-1"].Equal(have.Disruption.Expected["n-1"]))
	require.Equal(t, s.Explain, have.Explain)
	require.Equal(t, s.Print, have.Print)
	require.Equal(t, s.Expect, have.Expect)
	require.Equal(t, v1alpha1.DecideDisrupt, have.Decide)
}

// No budgets at all is something else than no word about budgets.
func TestPoolsWithoutRestraintStayWithoutRestraint(t *testing.T) {
	s := read(t, somePool, someType)
	s.Snapshot.NodePools[0].Spec.Disruption.Budgets = []v1.Budget{}
	require.Empty(t, again(t, s).Snapshot.NodePools[0].Spec.Disruption.Budgets)
}

func TestWhatAReaderWouldTakeToBeWellIsReported(t *testing.T) {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n-1"}}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"}, Status: corev1.PodStatus{Phase: corev1.PodRunning}}
	s := &Scenario{Decide: disrupt, Snapshot: scheduling.Snapshot{Now: noon, Nodes: []scheduling.Node{{Node: node, Pods: []*corev1.Pod{pod}}}}}
	_, err := s.YAML()
	require.EqualError(t, err, "node n-1 has no conditions\npod default/web runs and has no conditions")
	s.Decide, s.Disruption = v1alpha1.DecideProvision, disruption.Input{}
	_, err = s.YAML()
	require.NoError(t, err)
}
