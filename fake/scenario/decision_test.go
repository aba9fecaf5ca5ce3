package scenario

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/internal/golden"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// decided is a decision with something of everything, as the planner could have made it.
func decided(t *testing.T, ask string) *Result {
	t.Helper()
	pod := func(name string) types.NamespacedName { return types.NamespacedName{Namespace: "default", Name: name} }
	bought := cloudprovider.OfferingKey{InstanceType: "small", Zone: "zone-a", CapacityType: "reserved", StockKey: "r-1"}
	choices := []cloudprovider.Choice{{OfferingKey: bought, Price: 0.01}, {OfferingKey: cloudprovider.OfferingKey{InstanceType: "big", Zone: "zone-b", CapacityType: "spot"}, Price: 0.05}}
	return &Result{
		scenario: read(t, somePool, someType, someNode, someClaim, webPod("web-0", ""), webPod("web-1", ""), somePod,
			strings.ReplaceAll(someNode, "-1", "-2"), strings.ReplaceAll(webPod("db-0", ""), "n-1", "n-2"), asked(ask)),
		SolveTime: time.Second,
		Decision: &disruption.Decision{
			Commands: []disruption.Command{{
				ID: "c-1", Reason: disruption.ReasonInterrupted, Detail: "two minutes", Remove: []string{"n-1"},
				Replace: []scheduling.Launch{{
					Name: "general-1", NodePool: "general", Choices: choices, InstanceTypes: []string{"small", "big"}, Pods: []types.NamespacedName{pod("web-0")},
					Node: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "general-1", Labels: map[string]string{"kubernetes.io/hostname": "general-1"}}},
				}},
				Moves:    []scheduling.Assignment{{Pod: pod("web-0"), Node: "general-1", Launch: true}},
				Stranded: []types.NamespacedName{pod("web-1")}, Savings: 0.15, WorstSavings: 0.11, Disruption: 2,
				Deadline: noon.Add(2 * time.Minute), Ready: noon.Add(90 * time.Second),
			}},
			Kept: []disruption.Kept{{Node: "n-2", Code: disruption.CodePDB, Detail: "pod default/db-0: PodDisruptionBudget default/web", Until: noon.Add(time.Hour)}},
			Budgets: []disruption.Allowance{
				{NodePool: "general", Reason: v1.ReasonEmpty, Nodes: 2, Allowed: 1, Disrupting: 1, Changes: noon.Add(time.Hour)},
				{NodePool: "general", Reason: v1.ReasonDrifted, Nodes: 2, Allowed: v1.Unlimited},
			},
			Recheck: noon.Add(time.Hour), RecheckBecause: "a budget of general opens or closes",
			Price: 0.32, After: 0.17, Bound: 0.16, Frontier: []disruption.Point{{Commands: 1, Pods: 1, Nodes: 1, Saving: 0.15}},
			Stats: disruption.Stats{Nodes: 2, Candidates: 1, Evaluated: 1, WhatIfs: 3},
		},
	}
}

func TestDecisionsForPeople(t *testing.T) {
	r := decided(t, "")
	r.scenario.Explain = []types.NamespacedName{PodName("web-0")}
	var b strings.Builder
	require.NoError(t, r.Report(&b))
	golden.Compare(t, golden.File("testdata/decision.txt"), b.String())
}

func TestDecisionsForMachines(t *testing.T) {
	r := decided(t, "")
	r.scenario.Explain = []types.NamespacedName{PodName("web-1")}
	data, err := r.JSON()
	require.NoError(t, err)
	golden.Compare(t, golden.File("testdata/decision.json"), string(data))
	var fromJSON, fromYAML DecisionDocument
	require.NoError(t, json.Unmarshal(data, &fromJSON))
	data, err = r.YAML()
	require.NoError(t, err)
	require.NoError(t, yaml.UnmarshalStrict(data, &fromYAML))
	require.Equal(t, fromJSON, fromYAML)
	require.Nil(t, r.Document())

	empty := &Result{scenario: read(t, asked("")), Decision: &disruption.Decision{}}
	data, err = empty.JSON()
	require.NoError(t, err)
	require.NotContains(t, string(data), "null")
	require.Contains(t, string(data), `"commands": [],`)
	require.Nil(t, (&Result{Plan: &scheduling.Plan{}}).DecisionDocument())
}

// What a decision prints as JSON is how a scenario states a command that is being carried out.
func TestCommandsArePastedIntoScenarios(t *testing.T) {
	r := decided(t, "")
	commands, err := json.Marshal(r.DecisionDocument().Commands)
	require.NoError(t, err)
	again := read(t, somePool, someType, asked("inProgress: "+string(commands))).Input().InProgress
	want := r.Decision.Commands
	for _, c := range [][]disruption.Command{again, want} {
		c[0].Ready, c[0].Deadline = c[0].Ready.UTC(), c[0].Deadline.UTC()
		c[0].Replace[0].Node.TypeMeta = metav1.TypeMeta{}
	}
	require.Equal(t, want, again)
}

func TestScenariosPrintOfADecisionWhatTheyAskFor(t *testing.T) {
	r := decided(t, "")
	require.Equal(t, r.Decision.String(), r.String())
	r = decided(t, "print: [budgets, frontier]")
	for _, name := range []string{"web-0", "web-1", "web", "db-0", "nobody"} {
		r.scenario.Explain = append(r.scenario.Explain, PodName(name))
	}
	require.Equal(t, r.Decision.String()+`
budget  general  Empty    1 of 2, 1 disrupting, 0 used, 0 left, changes 2026-01-05T13:00:00Z
budget  general  Drifted  all of 2, 0 disrupting, 0 used, all left

point  1 command  1 node  1 pod  $0.15/h

default/web-0 is on n-1, which is removed (Interrupted): it is expected on general-1, which is launched for it

default/web-1 is on n-1, which is removed (Interrupted): no place is left for it

default/web waits for a place, which this decision does not look for

default/db-0 is on n-2, which stays (pdb: pod default/db-0: PodDisruptionBudget default/web)

default/nobody is no pod of the scenario
`, r.String())
}

// A scenario about disruption is solved, checked and compared like any other.
func TestScenariosAboutDisruptionAreSolved(t *testing.T) {
	managed := strings.Replace(someNode, "{name: n-1}", `{name: n-1, labels: {karpenter.sh/nodepool: general, karpenter.sh/initialized: "true", node.kubernetes.io/instance-type: small, topology.kubernetes.io/zone: zone-a, karpenter.sh/capacity-type: on-demand}}`, 1)
	s := read(t, somePool, someType, managed, someClaim, asked(""))
	r, err := s.Solve(t.Context())
	require.NoError(t, err)
	require.Nil(t, r.Plan)
	require.Equal(t, []string{"n-1"}, r.Decision.Commands[0].Remove)
	require.NoError(t, s.Check(t.Context()))
	text := "nothing"
	s.Expect = &text
	require.ErrorContains(t, s.Check(t.Context()), "+remove")
}
