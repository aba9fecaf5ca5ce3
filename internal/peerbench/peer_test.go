package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/internal/oracle"
	kerf "github.com/kerf-autoscaler/kerf/scheduling"
)

// town is a pool and a catalogue in two zones.
const town = `
apiVersion: kerf.dev/v1alpha1
kind: Catalog
spec:
  table: |
    type    cpu  memory  pods  arch   zones          capacity        price
    small   2    8Gi     30    amd64  zone-a,zone-b  spot,on-demand  0.04,0.10
    medium  4    16Gi    30    amd64  zone-a,zone-b  on-demand       0.25
    arm     2    8Gi     30    arm64  zone-b         on-demand       0.03
---
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: general}
spec:
  template:
    metadata: {labels: {team: web}}
    spec:
      nodeClassRef: {group: example.com, kind: ExampleClass, name: default}
      taints: [{key: example.com/web, effect: NoSchedule}]
      requirements:
      - {key: karpenter.sh/capacity-type, operator: In, values: [on-demand]}
---
`

const tolerant = `tolerations: [{operator: Exists}]`

func TestKarpenterBuysTheCheapestOfferingThatItsClaimAdmits(t *testing.T) {
	o := world(t, town+`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      `+tolerant+`
      nodeSelector: {kubernetes.io/arch: amd64, team: web}
      containers: [{name: app, resources: {requests: {cpu: "1", memory: 1Gi}}}]
`)
	require.Empty(t, o.skipped)
	require.Empty(t, o.peer.violations)
	plan := o.peer.plan
	require.Len(t, plan.Assignments, 3)
	require.Len(t, plan.Launches, 1, "it grows a node while some type holds it")
	require.Equal(t, "medium", plan.Launches[0].Offering().InstanceType)
	require.InDelta(t, 0.25, plan.Price(), 1e-9)
	node := plan.Launches[0].Node
	require.Equal(t, "zone-a", node.Labels[corev1.LabelTopologyZone])
	require.Equal(t, "web", node.Labels["team"])
	require.Equal(t, "on-demand", node.Labels["karpenter.sh/capacity-type"])
	require.Len(t, node.Spec.Taints, 1)
	require.Equal(t, cheaper, o.verdict(), "two small nodes are cheaper")
}

func TestKarpenterUsesNodesAndKeepsConstraints(t *testing.T) {
	o := world(t, town+`
apiVersion: v1
kind: Node
metadata: {name: old, labels: {topology.kubernetes.io/zone: zone-a, kubernetes.io/arch: amd64}}
status: {allocatable: {cpu: "1", memory: 8Gi, pods: "30"}}
---
apiVersion: v1
kind: Pod
metadata: {name: there, labels: {app: web}}
spec:
  nodeName: old
  containers: [{name: app, resources: {requests: {cpu: 100m}}}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      `+tolerant+`
      nodeSelector: {team: web}
      containers: [{name: app, resources: {requests: {cpu: 600m}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: filler}
spec:
  nodeSelector: {kubernetes.io/arch: amd64}
  containers: [{name: app, resources: {requests: {cpu: 800m}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      `+tolerant+`
      nodeSelector: {kubernetes.io/arch: amd64}
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}
      containers: [{name: app, resources: {requests: {cpu: 1200m}}}]
`)
	require.Empty(t, o.peer.violations)
	require.Equal(t, 4, o.peer.placed())
	zones := map[string]int{}
	for _, l := range o.peer.plan.Launches {
		zones[l.Node.Labels[corev1.LabelTopologyZone]] += len(l.Pods)
	}
	require.Equal(t, map[string]int{"zone-a": 1, "zone-b": 2}, zones, "one is in zone-a already")
	filler := types.NamespacedName{Namespace: "default", Name: "filler"}
	require.Contains(t, o.peer.plan.Assignments, kerf.Assignment{Pod: filler, Node: "old"})
}

func TestKarpenterLeavesOutWhatFitsNowhere(t *testing.T) {
	o := world(t, town+`
apiVersion: v1
kind: Pod
metadata: {name: huge}
spec:
  `+tolerant+`
  containers: [{name: app, resources: {requests: {cpu: "64"}}}]
`)
	require.Empty(t, o.peer.plan.Launches)
	require.Len(t, o.peer.plan.Unplaced, 1)
	require.Equal(t, equal, o.verdict())
}

func TestADeadlineThatPassesIsSaid(t *testing.T) {
	s := testSettings()
	s.peerTimeout = 0
	o, err := s.scenario(t.Context(), corpus+"/demand/hundred-replicas.yaml")
	require.NoError(t, err)
	require.True(t, o.early)
	require.Equal(t, undecided, o.verdict())
	cells := o.cells("hundred")
	require.Len(t, cells, len(columns()))
	require.Equal(t, "-", cells[len(cells)-1])
	require.Contains(t, o.notes("hundred")[0], "deadline passed with 0 of 100 pods placed")
}

func TestWrongPlansOfKarpenterDoNotCount(t *testing.T) {
	o, err := testSettings().scenario(t.Context(), corpus+"/hostports/port-of-a-sidecar.yaml")
	require.NoError(t, err)
	require.Equal(t, peerWrong, o.verdict())
	require.Equal(t, oracle.HostPorts, o.peer.violations[0].Rule)
}

func TestScenariosBeyondKarpenterAreSkippedWithTheReason(t *testing.T) {
	for reason, scenario := range map[string]string{
		"groups":                              "apiVersion: kerf.dev/v1alpha1\nkind: PodGroup\nmetadata: {name: g}\nspec: {selector: {matchLabels: {app: g}}}\n",
		"bounds on the plan":                  "apiVersion: kerf.dev/v1alpha1\nkind: Scenario\nspec: {options: {maxLaunches: 1}}\n",
		"the cluster's default spread":        "apiVersion: kerf.dev/v1alpha1\nkind: Scenario\nspec: {schedulerProfile: {defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]}}\n",
		"no pods to plan for":                 "apiVersion: kerf.dev/v1alpha1\nkind: Scenario\nspec: {}\n",
		"is to be refused, or cannot be read": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
	} {
		require.Equal(t, reason, world(t, town+scenario).skipped)
	}
}
