package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// noon is spec.now of the scenarios below.
var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// asked is a Scenario that asks about disruption, with what spec.disruption says.
func asked(facts string) string {
	text := "apiVersion: kerf.dev/v1alpha1\nkind: Scenario\nspec:\n  decide: disrupt\n  now: \"2026-01-05T12:00:00Z\"\n"
	if facts == "" {
		return text
	}
	return text + "  disruption:\n    " + strings.ReplaceAll(strings.TrimSpace(facts), "\n", "\n    ") + "\n"
}

// someClaim is the claim of someNode.
var someClaim = claimDocument("c-1", "status: {nodeName: n-1, providerID: p-1}\n")

func TestTheDefaultsOfADecisionLeaveNothingUnknown(t *testing.T) {
	s := read(t, asked(""))
	require.Equal(t, disruption.Input{
		Snapshot: s.Snapshot, PodDisruptionBudgets: s.DisruptionBudgets,
		Drifted: map[string]string{}, Expected: map[string]time.Time{}, StartUp: map[string]time.Duration{},
		RepairPolicies: []cloudprovider.RepairPolicy{}, Interruptions: []cloudprovider.Interruption{},
		InProgress: []disruption.Command{}, History: []disruption.Past{},
	}, s.Input())
	require.NotNil(t, s.DisruptionBudgets)
	require.Equal(t, noon, s.Snapshot.Now.UTC())
	require.Zero(t, s.DisruptionOptions)
}

func TestFactsWithoutAKubernetesObject(t *testing.T) {
	s := read(t, somePool, someType, someNode, someClaim, claimDocument("c-2", ""), asked(`
drifted: {c-1: ImageDrifted}
repairPolicies: [{condition: Ready, status: "False", reason: Broken, tolerate: 10m, action: Reboot}, {condition: DiskGone, status: "True"}]
interruptions: [{node: n-1, kind: Reclaim, deadline: "2026-01-05T12:02:00Z", message: two minutes}, {id: x, providerID: p-9, kind: Risk}]
expected: {n-1: "2026-01-05T12:01:00Z", c-2: "2026-01-05T12:03:00Z"}
startUp: {general: 90s}
print: [frontier, budgets]
`))
	in := s.Input()
	require.Equal(t, map[string]string{"c-1": "ImageDrifted"}, in.Drifted)
	require.Equal(t, []cloudprovider.RepairPolicy{
		{Condition: "Ready", Status: "False", Reason: "Broken", Tolerate: 10 * time.Minute, Action: cloudprovider.RepairReboot},
		{Condition: "DiskGone", Status: "True"},
	}, in.RepairPolicies)
	require.Len(t, in.Interruptions, 2)
	require.Equal(t, noon.Add(2*time.Minute), in.Interruptions[0].Deadline.UTC())
	in.Interruptions[0].Deadline = time.Time{}
	require.Equal(t, []cloudprovider.Interruption{
		{ID: "interruption-1", ProviderID: "p-1", Kind: cloudprovider.InterruptionReclaim, Message: "two minutes"},
		{ID: "x", ProviderID: "p-9", Kind: cloudprovider.InterruptionRisk},
	}, in.Interruptions)
	require.Equal(t, noon.Add(time.Minute), in.Expected["n-1"].UTC())
	require.Equal(t, noon.Add(3*time.Minute), in.Expected["c-2"].UTC())
	require.Equal(t, map[string]time.Duration{"general": 90 * time.Second}, in.StartUp)
	require.Equal(t, []string{"frontier", "budgets"}, s.Print)
}

func TestOptionsOfDecisions(t *testing.T) {
	s := read(t, strings.Replace(asked(`
options:
  {minSavings: 0.5, minSavingsPercent: -1, spotMargin: 20, spotAlternatives: 15, evictionPrice: 0.01, horizon: 1h, coolDown: -1s, memory: 2h,
   backOff: 3m, maxNodes: 4, maxCommands: 5, evictions: InTurn, barePods: Stay, balancedThreshold: 0.25, expirationBudget: true,
   repairBudget: true, repairRate: 6, effort: 7, round: 8, startUp: 9m}
`), "  decide:", "  options: {preferences: Ignore}\n  decide:", 1))
	require.Equal(t, disruption.Options{
		Scheduling: scheduling.Options{Preferences: scheduling.PreferencesIgnore},
		MinSavings: 0.5, MinSavingsPercent: -1, SpotMargin: 20, SpotAlternatives: 15, EvictionPrice: 0.01, Horizon: time.Hour, CoolDown: -time.Second,
		Memory: 2 * time.Hour, BackOff: 3 * time.Minute, MaxNodes: 4, MaxCommands: 5, Evictions: disruption.EvictionsInTurn, BarePods: disruption.BarePodsStay,
		BalancedThreshold: 0.25, ExpirationBudget: true, RepairBudget: true, RepairRate: 6, Effort: 7, Round: 8, StartUp: 9 * time.Minute,
	}, s.DisruptionOptions)
}

func TestCommandsInProgressAndInThePast(t *testing.T) {
	s := read(t, somePool, someType, someNode, asked(`
inProgress:
- reason: Drifted
  remove: [n-2, n-1]
  replace: [{name: general-7, nodePool: general, offering: {instanceType: small, zone: zone-a, capacityType: spot, price: 0.03}, pods: [web-1, web-0]}]
  moves: [{pod: web-1, node: general-7, launch: true}, {pod: shop/db-0, node: n-3}, {pod: web-0, node: general-7, launch: true}]
  stranded: [web-2]
  ready: "2026-01-05T12:10:00Z"
history:
- at: "2026-01-05T11:00:00Z"
  removed: [{node: n-8, nodePool: general, instanceType: big, zone: zone-a, capacityType: spot, stockKey: r-1}]
  launched: [{node: n-9, nodePool: general, instanceType: small, zone: zone-a, capacityType: spot}]
  moved: [web-9]
  failed: true
`))
	pod := func(namespace, name string) types.NamespacedName {
		return types.NamespacedName{Namespace: namespace, Name: name}
	}
	c := s.Input().InProgress[0]
	require.Equal(t, "in-progress-1", c.ID)
	require.Equal(t, []string{"n-1", "n-2"}, c.Remove)
	require.Equal(t, []types.NamespacedName{pod("default", "web-0"), pod("default", "web-1")}, c.Replace[0].Pods)
	require.Equal(t, []scheduling.Assignment{
		{Pod: pod("default", "web-0"), Node: "general-7", Launch: true}, {Pod: pod("default", "web-1"), Node: "general-7", Launch: true},
		{Pod: pod("shop", "db-0"), Node: "n-3"},
	}, c.Moves)
	require.Equal(t, []string{"small"}, c.Replace[0].InstanceTypes)
	require.Equal(t, 0.03, c.Replace[0].Price())
	require.Equal(t, "general", c.Replace[0].Node.Labels["karpenter.sh/nodepool"])
	require.Equal(t, noon.Add(10*time.Minute), c.Ready.UTC())

	p := s.Input().History[0]
	require.Equal(t, noon.Add(-time.Hour), p.At.UTC())
	require.True(t, p.Failed)
	require.Equal(t, "past-1", p.Command)
	require.Equal(t, []disruption.Bought{{Node: "n-8", NodePool: "general", OfferingKey: cloudprovider.OfferingKey{
		InstanceType: "big", Zone: "zone-a", CapacityType: "spot", StockKey: "r-1",
	}}}, p.Removed)
	require.Equal(t, "n-9", p.Launched[0].Node)
	require.Equal(t, []types.NamespacedName{pod("default", "web-9")}, p.Moved)
}

func TestFactsThatCannotBeTrueAreRefused(t *testing.T) {
	launch := "{name: a, nodePool: general, offering: {instanceType: small, zone: a, capacityType: spot}}"
	for want, facts := range map[string]string{
		"drifted[c-9]: no document declares that NodeClaim":                             "drifted: {c-9: Old}",
		`drifted[c-1]: must be a reason in CamelCase, is "too old"`:                     "drifted: {c-1: too old}",
		"repairPolicies[0].condition: must not be empty":                                "repairPolicies: [{status: \"True\"}]",
		`repairPolicies[0].status: must be True or False or Unknown, is ""`:             "repairPolicies: [{condition: Ready}]",
		"repairPolicies[0].tolerate: must not be negative, is -1m0s":                    "repairPolicies: [{condition: Ready, status: \"True\", tolerate: -1m}]",
		"repairPolicies[0].action: must be Replace or Reboot":                           "repairPolicies: [{condition: Ready, status: \"True\", action: Kick}]",
		"interruptions[0].kind: must be Reclaim or Risk or Maintenance or Stopped":      "interruptions: [{node: n-1, kind: Gone}]",
		"interruptions[0].node: must be given, or else providerID":                      "interruptions: [{kind: Risk}]",
		"interruptions[0].node: must be given, or else providerID: one of the two":      "interruptions: [{node: n-1, providerID: p-1, kind: Risk}]",
		`interruptions[0].node: no document declares Node or NodeClaim "n-9"`:           "interruptions: [{node: n-9, kind: Risk}]",
		"interruptions[0].node: c-2 has no provider id":                                 "interruptions: [{node: c-2, kind: Risk}]",
		"interruptions[1].id: x is there twice":                                         "interruptions: [{id: x, node: n-1, kind: Risk}, {id: x, node: n-1, kind: Risk}]",
		"expected[n-9]: no document declares that Node or NodeClaim":                    "expected: {n-9: \"2026-01-05T12:01:00Z\"}",
		"expected[n-1]: must be the instant":                                            "expected: {n-1: null}",
		"startUp[other]: no document declares that NodePool":                            "startUp: {other: 1m}",
		"startUp[general]: must be more than 0, is 0s":                                  "startUp: {general: 0s}",
		`print[0]: must be budgets or frontier, is "all"`:                               "print: [all]",
		"options.evictions: must be AtOnce or InTurn":                                   "options: {evictions: Never}",
		"options.barePods: must be Move or Stay":                                        "options: {barePods: Kill}",
		"options.minSaving: unknown field (did you mean minSavings?)":                   "options: {minSaving: 1}",
		`options.horizon: time: invalid duration "long"`:                                "options: {horizon: long}",
		`inProgress[0].reason: must be Empty or Underutilized or Drifted or Expired or`: "inProgress: [{remove: [n-1]}]",
		"inProgress[0].remove: must not be empty":                                       "inProgress: [{reason: Empty}]",
		"inProgress[1].remove[0]: n-1 is removed already":                               "inProgress: [{reason: Empty, remove: [n-1]}, {reason: Empty, remove: [n-1]}]",
		"inProgress[1].id: a is there twice":                                            "inProgress: [{id: a, reason: Empty, remove: [n-1]}, {id: a, reason: Empty, remove: [n-2]}]",
		"inProgress[0].replace[0].name: must not be empty":                              "inProgress: [{reason: Empty, remove: [n-1], replace: [{nodePool: general}]}]",
		`inProgress[0].replace[0].nodePool: no document declares NodePool "other"`:      "inProgress: [{reason: Empty, remove: [n-1], replace: [{name: a, nodePool: other}]}]",
		"inProgress[0].replace[0].offering.zone: must not be empty":                     "inProgress: [{reason: Empty, remove: [n-1], replace: [{name: a, offering: {instanceType: small}}]}]",
		"inProgress[0].replace[0].offering.price: must not be negative":                 "inProgress: [{reason: Empty, remove: [n-1], replace: [{name: a, offering: {price: -1}}]}]",
		`inProgress[0].moves[0].node: the command does not launch "b"`:                  "inProgress: [{reason: Empty, remove: [n-1], replace: [" + launch + "], moves: [{pod: web-0, node: b, launch: true}]}]",
		"inProgress[0].stranded[0]: must not be empty":                                  "inProgress: [{reason: Empty, remove: [n-1], stranded: [\"\"]}]",
		"history[0].at: must be the instant":                                            "history: [{command: a}]",
		"history[0].at: must not be after spec.now, is 2026-01-05T13:00:00Z":            "history: [{at: \"2026-01-05T13:00:00Z\"}]",
		"history[0].removed[0].nodePool: must not be empty":                             "history: [{at: \"2026-01-05T11:00:00Z\", removed: [{node: n-1}]}]",
		"history[0].moved[0]: must not be empty":                                        "history: [{at: \"2026-01-05T11:00:00Z\", moved: [\"\"]}]",
	} {
		t.Run(want, func(t *testing.T) {
			require.Contains(t, refuse(t, somePool, someType, someNode, someClaim, claimDocument("c-2", ""), asked(facts)),
				"document 6 (Scenario): spec.disruption."+want)
		})
	}
}

func TestDecisionsNeedTheTime(t *testing.T) {
	timeless := strings.Replace(asked(""), "  now: \"2026-01-05T12:00:00Z\"\n", "", 1)
	require.Contains(t, refuse(t, timeless), "document 1 (Scenario): spec.now: is required to decide about disruption")

	options := Options{Decide: v1alpha1.DecideDisrupt}
	_, err := Read(strings.NewReader(someNode), "dump.yaml", options)
	require.EqualError(t, err, "no document tells the time, which decisions about disruption need: add a Scenario with spec.now")
	_, err = Read(strings.NewReader(""), "dump.yaml", options)
	require.ErrorIs(t, err, errNoDocuments)

	const dump = `
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Node
  metadata: {name: n-1, creationTimestamp: "2026-01-03T00:00:00Z"}
- apiVersion: v1
  kind: Node
  metadata: {name: n-2, creationTimestamp: "2026-01-03T00:00:00Z", deletionTimestamp: "2026-01-09T00:00:00Z"}
  status: {conditions: [{type: Ready, status: "True", lastHeartbeatTime: "2026-01-04T00:00:00Z", message: "2027-01-04T00:00:00Z"}]}
`
	s, err := Read(strings.NewReader(dump), "dump.yaml", options)
	require.NoError(t, err)
	require.Equal(t, v1alpha1.DecideDisrupt, s.Decide)
	require.Equal(t, "2026-01-04T00:00:00Z", s.Snapshot.Now.UTC().Format(time.RFC3339))
	require.Equal(t, "lastHeartbeatTime of Node n-2, dump.yaml:8", s.NowFrom)

	s, err = Read(strings.NewReader(dump+"---\n"+asked("")), "dump.yaml", options)
	require.NoError(t, err)
	require.Equal(t, noon, s.Snapshot.Now.UTC())
	require.Empty(t, s.NowFrom)

	s, err = Read(strings.NewReader(dump+"---\n"+asked("")), "dump.yaml", Options{Decide: v1alpha1.DecideProvision})
	require.NoError(t, err)
	require.Equal(t, v1alpha1.DecideProvision, s.Decide, "the caller's word counts")
}

func TestNodesAndPodsOfWhichNothingIsSaidAreWell(t *testing.T) {
	bound := strings.Replace(somePod, "spec: {", "spec: {nodeName: n-1, ", 1)
	n := read(t, someNode, someClaim, bound, asked("")).Snapshot.Nodes[0]
	require.Equal(t, noon.Add(-time.Hour), n.Claim.CreationTimestamp.UTC())
	require.Equal(t, noon.Add(-time.Hour), n.Node.CreationTimestamp.UTC())
	require.Equal(t, corev1.ConditionTrue, n.Node.Status.Conditions[0].Status)
	require.Equal(t, corev1.PodRunning, n.Pods[0].Status.Phase)
	require.True(t, podReady(n.Pods[0]))

	n = read(t, strings.Replace(someNode, "status: {", "status: {conditions: [{type: Ready, status: Unknown}], ", 1),
		strings.Replace(someClaim, "metadata: {", "metadata: {creationTimestamp: \"2026-01-02T00:00:00Z\", ", 1),
		bound+"status: {phase: Pending}\n", asked("")).Snapshot.Nodes[0]
	require.Equal(t, corev1.ConditionUnknown, n.Node.Status.Conditions[0].Status)
	require.Equal(t, 2, n.Node.CreationTimestamp.UTC().Day())
	require.Equal(t, corev1.PodPending, n.Pods[0].Status.Phase)
	require.False(t, podReady(n.Pods[0]))

	n = read(t, someNode, bound).Snapshot.Nodes[0]
	require.Empty(t, n.Node.Status.Conditions, "what to launch does not depend on it")
}

// Nodes and claims that are being deleted, and claims without a node, are facts that decisions are about.
func TestNodesOnTheirWayOutAndInAreThere(t *testing.T) {
	leaving := `deletionTimestamp: "2026-01-05T11:59:00Z", finalizers: [karpenter.sh/termination]`
	nodes := read(t, strings.Replace(someNode, "metadata: {", "metadata: {"+leaving+", ", 1), someClaim,
		strings.Replace(claimDocument("c-2", ""), "metadata: {", "metadata: {"+leaving+", ", 1), asked("")).Snapshot.Nodes
	require.Len(t, nodes, 2)
	require.NotNil(t, nodes[0].Node.DeletionTimestamp)
	require.Nil(t, nodes[1].Node)
	require.NotNil(t, nodes[1].Claim.DeletionTimestamp)
}
