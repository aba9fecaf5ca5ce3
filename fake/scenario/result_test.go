package scenario

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/kerf-autoscaler/kerf/internal/golden"
)

// smallShop has one pod of each fate: on a node that exists, on a launch, and without a place.
const smallShop = `
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: general}
spec:
  template:
    metadata: {labels: {team: shop}}
    spec:
      taints: [{key: example.com/shop, effect: NoSchedule}]
      startupTaints: [{key: example.com/booting, effect: NoSchedule}]
      requirements: []
      nodeClassRef: {group: example.com, kind: Class, name: default}
---
apiVersion: kerf.dev/v1alpha1
kind: Catalog
spec:
  table: |
    type   cpu  memory  pods  arch   zones   capacity   price
    small  2    8Gi     29    amd64  zone-a  on-demand  0.08
    large  4    16Gi    58    amd64  zone-a  on-demand  0.15
---
apiVersion: v1
kind: Node
metadata: {name: n-1}
status: {allocatable: {cpu: "1", memory: 4Gi, pods: "10"}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: kube-system}
spec: {template: {spec: {tolerations: [{operator: Exists}], nodeSelector: {team: shop}, containers: [{name: a, resources: {requests: {cpu: 100m}}}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: here}
spec: {nodeSelector: {kubernetes.io/hostname: n-1}, containers: [{name: a, resources: {requests: {cpu: 500m}}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  template:
    spec: {tolerations: [{operator: Exists}], nodeSelector: {team: shop}, containers: [{name: a, resources: {requests: {cpu: 600m, memory: 1Gi}}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: huge}
spec:
  replicas: 2
  template:
    spec: {tolerations: [{operator: Exists}], containers: [{name: a, resources: {requests: {cpu: "64"}}}]}
`

func solved(t *testing.T, in string) *Result {
	t.Helper()
	r, err := read(t, in).Solve(t.Context())
	require.NoError(t, err)
	return r
}

func TestReportIsForPeople(t *testing.T) {
	r := solved(t, smallShop+"---\napiVersion: kerf.dev/v1alpha1\nkind: Scenario\nspec: {options: {explain: [default/here]}}\n")
	var b strings.Builder
	require.NoError(t, r.Report(&b))
	golden.Compare(t, golden.File("testdata/report.txt"), b.String())
}

func TestReportNamesNoMoreOwnersThanOneCanRead(t *testing.T) {
	in := strings.Split(smallShop, "---")[1] + "---" + somePool
	for _, name := range strings.Split("abcdefghijkl", "") {
		in += "---" + strings.Replace(strings.Replace(somePod, "web", name, 1), `cpu: "1", memory: 1Gi`, "cpu: 10m", 1)
	}
	var b strings.Builder
	require.NoError(t, solved(t, in).Report(&b))
	require.Contains(t, b.String(), "default/g, default/h, and 4 others (4 pods)\n")
}

func TestJSONIsTheContract(t *testing.T) {
	r := solved(t, smallShop)
	r.SolveTime = 0
	data, err := r.Document().JSON()
	require.NoError(t, err)
	golden.Compare(t, golden.File("testdata/plan.json"), string(data))

	asYAML, err := r.Document().YAML()
	require.NoError(t, err)
	fromYAML, err := yaml.YAMLToJSON(asYAML)
	require.NoError(t, err)
	require.JSONEq(t, string(data), string(fromYAML))
}

func TestJSONListsAreNeverNull(t *testing.T) {
	data, err := solved(t, somePool+"---"+someType).Document().JSON()
	require.NoError(t, err)
	var d map[string]any
	require.NoError(t, json.Unmarshal(data, &d))
	for _, name := range []string{"newNodes", "existingNodes", "unscheduled", "forgone"} {
		require.Equal(t, []any{}, d[name], name)
	}
}

// choosy has a pod on a node that exists, which prefers a zone that could be bought and one that nobody sells.
const choosy = somePool + `---
apiVersion: kerf.dev/v1alpha1
kind: Catalog
spec:
  table: |
    type   cpu  memory  pods  arch   zones   capacity   price
    small  2    8Gi     29    amd64  zone-b  on-demand  0.12
---
apiVersion: v1
kind: Node
metadata: {name: n-1, labels: {topology.kubernetes.io/zone: zone-a}}
status: {allocatable: {cpu: "1", memory: 4Gi, pods: "10"}}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  affinity:
    nodeAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
      - {weight: 1, preference: {matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [zone-b]}]}}
      - {weight: 9, preference: {matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [zone-z]}]}}
  containers: [{name: a, resources: {requests: {cpu: 500m}}}]
`

func TestPreferencesGivenUpAreListed(t *testing.T) {
	r := solved(t, choosy)
	d := r.Document()
	price := 0.12
	require.Equal(t, []ForgonePreference{
		{Pod: "default/web", Preference: "zone in {zone-z}", Weight: 9},
		{Pod: "default/web", Preference: "zone in {zone-b}", Weight: 1, PricePerHour: &price},
	}, d.Forgone)
	data, err := d.JSON()
	require.NoError(t, err)
	require.Contains(t, string(data), `"pricePerHour": null`)

	var b strings.Builder
	require.NoError(t, r.Report(&b))
	require.Contains(t, b.String(), "PREFERENCE GIVEN UP  WEIGHT  $/H TO KEEP    PODS\n"+
		"zone in {zone-z}     9       not to be had  default/web\n"+
		"zone in {zone-b}     1       0.12           default/web\n")
}

func TestReasonsOfAnIncompleteGroupNameIt(t *testing.T) {
	in := somePool + "---" + someType + `
---
apiVersion: kerf.dev/v1alpha1
kind: PodGroup
metadata: {name: train, namespace: ml}
spec: {selector: {matchLabels: {job: train}}, topologyKey: kubernetes.io/hostname}
---
apiVersion: v1
kind: Pod
metadata: {name: t-0, namespace: ml, labels: {job: train}}
spec: {containers: [{name: a, resources: {requests: {cpu: 500m}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: t-1, namespace: ml, labels: {job: train}}
spec: {containers: [{name: a, resources: {requests: {cpu: "640"}}}]}
`
	reasons := map[string][]PlanReason{}
	for _, u := range solved(t, in).Document().Unscheduled {
		reasons[u.Pod] = u.Reasons
	}
	first := reasons["ml/t-0"][0]
	require.Contains(t, first.Detail, "ml/t-1: ")
	first.Detail = ""
	require.Equal(t, PlanReason{Code: "GroupIncomplete", Key: "ml/train", Want: "2", Have: "1", Count: 1}, first)
	require.Contains(t, reasons, "ml/t-1")
}

func TestAlternativesAreTold(t *testing.T) {
	in := somePool + "---" + someType + "---" + strings.Replace(someType, "name: small", "name: other", 1) + "---" + somePod + `---
apiVersion: kerf.dev/v1alpha1
kind: Scenario
spec:
  options: {minAlternatives: 3, withinPercent: 12.5}
`
	r := solved(t, in)
	var b strings.Builder
	require.NoError(t, r.Report(&b))
	require.Contains(t, b.String(), "\n3 types within 12.5% for each launch: $0.00/h more, 1 short\n")
	d := r.Document()
	require.Equal(t, &PlanFlexibility{MinAlternatives: 3, WithinPercent: 12.5, Short: 1}, d.Flexibility)
	require.Equal(t, 2, d.NewNodes[0].Alternatives)
	require.True(t, d.NewNodes[0].ShortOfAlternatives)
}
