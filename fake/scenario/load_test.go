package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const somePool = `
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: general}
spec: {template: {spec: {requirements: [], nodeClassRef: {group: example.com, kind: Class, name: default}}}}
`

const someType = `
apiVersion: kerf.dev/v1alpha1
kind: InstanceType
metadata: {name: small, labels: {kubernetes.io/arch: amd64}}
spec:
  capacity: {cpu: "2", memory: 8Gi, pods: "29"}
  offerings:
  - {zone: zone-a, capacityType: on-demand, price: 0.08}
`

const somePod = `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: app, resources: {requests: {cpu: "1", memory: 1Gi}}}]}
`

// read reads documents that are right.
func read(t *testing.T, documents ...string) *Scenario {
	t.Helper()
	s, err := Read(strings.NewReader(strings.Join(documents, "\n---\n")), "test.yaml", Options{})
	require.NoError(t, err)
	return s
}

// refuse reads documents that are wrong and returns the error.
func refuse(t *testing.T, documents ...string) string {
	t.Helper()
	s, err := Read(strings.NewReader(strings.Join(documents, "\n---\n")), "test.yaml", Options{})
	require.Error(t, err)
	require.NotNil(t, s)
	require.Empty(t, s.Snapshot.Pods)
	return err.Error()
}

func TestBadInputIsRefusedWithPlaceAndReason(t *testing.T) {
	zones := `requirements: [{key: topology.kubernetes.io/zone, operator: In, values: [a]}, {key: topology.kubernetes.io/zone, operator: In, values: [b]}]`
	for name, c := range map[string]struct{ in, want string }{
		"truncated flow":         {"a: 1\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: web\n", "test.yaml:4: document 2 (Pod web): not valid YAML"},
		"truncated block":        {"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  templ", `document 1 (Deployment web): spec: must be an object, is "templ"`},
		"no kind":                {"hello: world", "document 1: must have apiVersion and kind"},
		"no object":              {"hello", `document 1: must be an object with apiVersion and kind, is "hello"`},
		"nothing":                {"# nothing\n---\n", "there is no document to read"},
		"unknown kind":           {strings.Replace(somePod, "Pod", "Podd", 1), "document 1 (Podd web): unknown kind Podd of v1"},
		"other version":          {strings.Replace(somePool, "sh/v1", "sh/v1beta1", 1), "unknown kind NodePool of karpenter.sh/v1beta1 (known is karpenter.sh/v1)"},
		"unknown field":          {strings.Replace(somePod, "containers", "contaniers", 1), "test.yaml:5: document 1 (Pod web): spec.contaniers: unknown field (did you mean containers?)"},
		"field of another case":  {strings.Replace(somePod, "containers", "Containers", 1), "spec.Containers: unknown field (did you mean containers?)"},
		"unknown field in a map": {strings.Replace(somePod, "{cpu", "{cpu: {x: 1}, mem", 1), "spec.containers[0].resources.requests[cpu]: must be a quantity"},
		"key twice":              {strings.Replace(somePod, "{name: app", "{name: app, name: b", 1), `key "name" occurs twice`},
		"number for a string":    {strings.Replace(somePod, "{name: web}", "{name: web, labels: {a: 1}}", 1), "metadata.labels[a]: must be a string, is a number (1): put it in quotes"},
		"no name":                {strings.Replace(somePod, "name: web", "", 1), "metadata.name: must not be empty"},
		"no containers":          {"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n", "document 1 (Pod default/web): spec.containers: must not be empty"},
		"negative request":       {strings.Replace(somePod, `"1"`, `"-1"`, 1), "document 1 (Pod default/web): spec.containers[0].resources.requests[cpu]: must not be negative, is -1"},
		"no quantity":            {strings.Replace(somePod, "1Gi", "1Gb", 1), `resources.requests[memory]: must be a quantity such as 500m or 8Gi, is "1Gb"`},
		"huge exponent":          {strings.Replace(somePod, "1Gi", "1e99999999", 1), "must be a quantity"},
		"negative replicas":      {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: -1, template: {}}", "spec.replicas: must not be negative, is -1"},
		"too many pods":          {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 2000000000, template: {}}", "more than 2,000,000 pods"},
		"impossible requirement": {strings.Replace(somePool, "requirements: []", zones, 1), "document 1 (NodePool general): spec.template.spec.requirements[1]: Invalid value"},
		"declared twice":         {somePod + "---" + somePod, "test.yaml:7: document 2 (Pod default/web): is declared twice, first in test.yaml:2: document 1 (Pod default/web)"},
		"price is not a number":  {strings.Replace(someType, "0.08", ".nan", 1), "test.yaml:8: document 1 (InstanceType small): spec.offerings[0].price: must be a finite number, is .nan"},
		"price in words":         {strings.Replace(someType, "0.08", "NaN", 1), `spec.offerings[0].price: must be a number, is "NaN"`},
		"price below zero":       {strings.Replace(someType, "0.08", "-1", 1), "spec.offerings[0].price: must be a number of dollars >= 0, is -1"},
		"no price":               {strings.Replace(someType, ", price: 0.08", "", 1), "spec.offerings[0].price: must be given"},
		"no zone":                {strings.Replace(someType, "zone: zone-a, ", "", 1), "spec.offerings[0].zone: must not be empty"},
		"no catalogue":           {somePool, "document 1 (NodePool general): cannot launch anything: no document is an InstanceType or a Catalog"},
		"empty catalogue":        {somePool + "---\napiVersion: kerf.dev/v1alpha1\nkind: Catalog\nspec: {table: type cpu memory pods arch zones capacity price}", "the catalogues have no instance type"},
		"bound to nobody":        {strings.Replace(somePod, "spec: {", "spec: {nodeName: n-1, ", 1), `document 1 (Pod default/web): spec.nodeName: pod default/web is bound to Node "n-1", which no document declares`},
		"alias of itself":        {"a: &a [*a]", "alias *a contains itself"},
		"two scenarios":          {"apiVersion: kerf.dev/v1alpha1\nkind: Scenario\n---\napiVersion: kerf.dev/v1alpha1\nkind: Scenario\n", "there may be one Scenario only"},
		"unknown option":         {"apiVersion: kerf.dev/v1alpha1\nkind: Scenario\nspec: {options: {minValues: Lax}}\n", `spec.options.minValues: must be Strict or BestEffort, is "Lax"`},
		"pod name taken":         {somePod + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: a}]}}}\n---" + strings.Replace(somePod, "name: web", "name: web-0", 1), "document 3 (Pod default/web-0): pod default/web-0 is declared twice, first by test.yaml:7: document 2 (Deployment default/web)"},
	} {
		t.Run(name, func(t *testing.T) { require.Contains(t, refuse(t, c.in), c.want) })
	}
}

func TestAliasesCannotFillTheMemory(t *testing.T) {
	bomb := "apiVersion: v1\nkind: Pod\na: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 12 {
		c := string(rune('b' + i))
		bomb += c + ": &" + c + " [" + strings.Repeat("*"+string(rune('a'+i))+", ", 9) + "x]\n"
	}
	bomb += "metadata: {name: web, managedFields: [{fieldsV1: *m}]}\n"
	require.Contains(t, refuse(t, bomb), "aliases stand for too much")
}

func TestUnknownKindsAreSkippedOnRequest(t *testing.T) {
	in := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---" + somePod
	s, err := Read(strings.NewReader(in), "test.yaml", Options{IgnoreUnknown: true})
	require.NoError(t, err)
	require.Len(t, s.Snapshot.Pods, 1)
	_, err = Read(strings.NewReader(strings.Replace(in, "containers", "contaniers", 1)), "test.yaml", Options{IgnoreUnknown: true})
	require.ErrorContains(t, err, "unknown field")
}

func TestEmptyListsAreKnownToBeEmpty(t *testing.T) {
	s := read(t, somePod).Snapshot
	for _, list := range []any{s.Nodes, s.NodePools, s.InstanceTypes, s.DaemonPods, s.Namespaces, s.Storage.Claims, s.Storage.Classes, s.Groups, s.Profile.Selectors} {
		require.NotNil(t, list)
		require.Empty(t, list)
	}
}

// What kubectl prints has fields that the server fills, is a List, and may be JSON.
func TestKubectlOutputPastesInUnchanged(t *testing.T) {
	for _, file := range []string{"testdata/kubectl/pods.yaml", "testdata/kubectl/nodes.json"} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			s := read(t, string(data))
			require.NotZero(t, len(s.Snapshot.Pods)+len(s.Snapshot.Nodes))
		})
	}
}

func TestListItemsAreNamedInErrors(t *testing.T) {
	item := "- apiVersion: v1\n  kind: Pod\n  metadata: {name: web}\n  spec: {contaners: []}\n"
	require.Contains(t, refuse(t, "apiVersion: v1\nkind: List\nitems:\n"+item), "test.yaml:7: document 1, item 1 (Pod web): spec.contaners: unknown field")
	typed := "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: web}\n  spec: {containers: [{name: a}]}\n"
	require.Len(t, read(t, typed).Snapshot.Pods, 1)
}

func TestStreamsOfManyFormsAreRead(t *testing.T) {
	jsonPod := func(name string) string {
		return `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "` + name + `"},` + "\n" + `"spec": {"containers": [{"name": "a\u0062", "resources": {"requests": {"cpu": 0.5}}}]}}`
	}
	for name, c := range map[string]struct {
		in   string
		pods int
	}{
		"JSON":                     {jsonPod("a"), 1},
		"JSON values in a row":     {jsonPod("a") + "\n" + jsonPod("b") + jsonPod("c"), 3},
		"JSON between YAML":        {somePod + "---\n" + jsonPod("a") + "\n---\n" + jsonPod("b"), 3},
		"flow YAML":                {"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a}]}}", 1},
		"comments and empty ones":  {"# x\n---\n\n---\n# y\n---" + somePod + "---\n# z\n", 1},
		"comment behind a marker":  {"--- # first" + somePod + "--- # second" + strings.Replace(somePod, "web", "b", 1), 2},
		"document end":             {somePod + "...\n---" + strings.Replace(somePod, "web", "b", 1), 2},
		"CRLF":                     {strings.ReplaceAll(somePod+"---"+strings.Replace(somePod, "web", "b", 1), "\n", "\r\n"), 2},
		"byte order mark":          {"\xef\xbb\xbf" + strings.TrimSpace(somePod), 1},
		"marker in a block scalar": {strings.Replace(somePod, "{name: web}", "{name: web, annotations: {a: \"---\"}}", 1), 1},
		"anchors and merge keys": {"apiVersion: v1\nkind: List\nitems:\n- &a\n  apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n  spec: {containers: [{name: a}]}\n" +
			"- <<: *a\n  metadata: {name: b}\n", 2},
	} {
		t.Run(name, func(t *testing.T) { require.Len(t, read(t, c.in).Snapshot.Pods, c.pods) })
	}
}

func TestLinesOfLaterDocumentsAreCounted(t *testing.T) {
	in := "\n# a comment\n---\n" + strings.TrimSpace(somePod) + "\n---\n{\n\"apiVersion\": \"v1\",\n\"kind\": \"Pod\",\n\"metadata\": {\"name\": \"b\"},\n\"sepc\": {}}\n"
	require.Contains(t, refuse(t, in), "test.yaml:13: document 2 (Pod b): sepc: unknown field (did you mean spec?)")
}

func TestFoldersAndFilesAreOneScenario(t *testing.T) {
	files := fstest.MapFS{
		"world/b.yaml":        {Data: []byte(somePod)},
		"world/a.yml":         {Data: []byte(somePool)},
		"world/c.json":        {Data: []byte(`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}`)},
		"world/notes.txt":     {Data: []byte("not YAML: [")},
		"world/old/d.yaml":    {Data: []byte("not YAML: [")},
		"more.yaml":           {Data: []byte(someType)},
		"empty/nothing.txt":   {Data: nil},
		"second/another.yaml": {Data: []byte(somePod)},
	}
	s, err := LoadFS(files, []string{"world", "more.yaml"}, Options{})
	require.NoError(t, err)
	require.Len(t, s.Snapshot.InstanceTypes["general"], 1)
	require.Len(t, s.Snapshot.Namespaces, 1)

	_, err = LoadFS(files, []string{"empty"}, Options{})
	require.ErrorContains(t, err, "empty: no *.yaml, *.yml or *.json in that folder")
	_, err = LoadFS(files, []string{"missing.yaml"}, Options{})
	require.ErrorContains(t, err, "missing.yaml")
	_, err = LoadFS(files, []string{"world/b.yaml", "second"}, Options{})
	require.ErrorContains(t, err, "second/another.yaml:2: document 1 (Pod default/web): is declared twice, first in world/b.yaml:2: document 1")

	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "pod.yaml"), []byte(somePod), 0o600))
	s, err = Load([]string{folder}, Options{})
	require.NoError(t, err)
	require.Len(t, s.Snapshot.Pods, 1)
}

func TestErrorsAreBounded(t *testing.T) {
	in := strings.Repeat("apiVersion: v1\nkind: Nothing\nmetadata: {name: x}\n---\n", 1000)
	message := refuse(t, in)
	require.Equal(t, maxErrors+1, strings.Count(message, "\n")+1)
	require.Contains(t, message, "and 980 more errors")
}
