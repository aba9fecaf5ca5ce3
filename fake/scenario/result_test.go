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
	for _, name := range []string{"newNodes", "existingNodes", "unscheduled"} {
		require.Equal(t, []any{}, d[name], name)
	}
}

func TestDisruptionCannotBeAskedForYet(t *testing.T) {
	_, err := read(t, "apiVersion: kerf.dev/v1alpha1\nkind: Scenario\nspec: {decide: disrupt}\n").Solve(t.Context())
	require.EqualError(t, err, "decide: disrupt is not supported yet")
}
