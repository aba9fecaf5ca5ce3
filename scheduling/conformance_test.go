package scheduling_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/internal/golden"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// TestConformance writes down what becomes of every field by which Kubernetes decides where a pod may run. The fields are
// those of the Go types, so that a new one fails the test until somebody has said what it means. That a field is supported
// must be shown by a scenario that uses it; that it is not, by the planner's own answer.
func TestConformance(t *testing.T) {
	scenarios, worlds := usedInScenarios(t), usedInWorlds(t)
	verdicts := map[string]string{} // of the fields of pods
	var page strings.Builder
	page.WriteString(preamble)
	for _, o := range objects() {
		listed := walk(t, o)
		for _, path := range listed {
			f := o.fields[path]
			verdict := "supported"
			switch {
			case f.ignored != "":
				continue
			case f.soft:
				verdict = "preference"
			case f.sample != nil:
				verdict = askPlanner(t, o.kind, path, f.sample)
			case f.through != "":
				verdict = verdicts[f.through]
				require.NotEmpty(t, verdict, "%s %s is reached through %s, which is no field of pods", o.kind, path, f.through)
			}
			verdicts[path] = verdict
			if verdict != "not supported" && len(scenarios[o.kind+" "+path]) == 0 {
				t.Errorf("%s: %s counts as %s, and no scenario uses it", o.kind, path, verdict)
			}
		}
		writeObject(&page, o, listed, verdicts, scenarios, worlds)
	}
	golden.Compare(t, golden.File("testdata/CONFORMANCE.md"), page.String())
}

const preamble = `# Conformance

What becomes of every field by which Kubernetes decides where a pod may run. TestConformance writes this page from the Go types
of the API, the scenarios beside it, the random worlds, and the planner's answers; ` + "`go test ./scheduling -run Conformance -update`" + `
writes it anew.

- **supported**: the planner heeds the field as the kube-scheduler does. Scenarios in the named folders use it. With a mark under
  *worlds*, the random worlds use it too, whose plans are held against the oracle and the kube-scheduler's own filters.
- **preference**: the field never rules a node out. It decides what is bought, and the plan says where it is not kept. So do
  ` + "`whenUnsatisfiable: ScheduleAnyway`" + ` and taints with ` + "`effect: PreferNoSchedule`" + `.
- **not supported**: a pod that is restricted by the field is left out with code NotSupported. It is never placed by guess.
- fields that have no effect on where a pod may run come last, with the reason.
`

// everywhere is how many folders are too many to name.
const everywhere = 4

func writeObject(page *strings.Builder, o object, paths []string, verdicts map[string]string, scenarios map[string]map[string]bool, worlds map[string]bool) {
	fmt.Fprintf(page, "\n## %s\n\n| field | verdict | scenarios | worlds |\n|---|---|---|---|\n", o.kind)
	reasons := map[string][]string{}
	for _, path := range paths {
		if why := o.fields[path].ignored; why != "" {
			reasons[why] = append(reasons[why], "`"+path+"`")
			continue
		}
		folders := strings.Join(slices.Sorted(maps.Keys(scenarios[o.kind+" "+path])), ", ")
		if strings.Count(folders, ",") >= everywhere-1 {
			folders = "many folders"
		}
		mark := ""
		if worlds[o.kind+" "+path] {
			mark = "x"
		}
		if verdicts[path] == "not supported" {
			folders = ""
		}
		fmt.Fprintf(page, "| `%s` | %s | %s | %s |\n", path, verdicts[path], folders, mark)
	}
	page.WriteString("\n| without effect | because it |\n|---|---|\n")
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(page, "| %s | %s |\n", strings.Join(reasons[why], ", "), why)
	}
}

// walk lists the classified fields of the object in the order of its type. It fails for fields that are not classified, and
// for those that the type does not have.
func walk(t *testing.T, o object) []string {
	var out []string
	var down func(typ reflect.Type, path string)
	down = func(typ reflect.Type, path string) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if _, known := o.fields[path]; known {
			out = append(out, path)
			return
		}
		below := slices.ContainsFunc(slices.Collect(maps.Keys(o.fields)), func(p string) bool { return path == "" || strings.HasPrefix(p, path+".") })
		if typ.Kind() != reflect.Struct || !below {
			t.Errorf("%s: nobody has said what %s means for where a pod may run", o.kind, path)
			return
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Type == reflect.TypeFor[metav1.TypeMeta]():
			case name == "":
				down(f.Type, path)
			default:
				down(f.Type, strings.TrimPrefix(path+"."+name, "."))
			}
		}
	}
	down(o.typ, "")
	for _, path := range slices.Sorted(maps.Keys(o.fields)) {
		if !slices.Contains(out, path) {
			t.Errorf("%s has no field %s", o.kind, path)
		}
	}
	return out
}

// askPlanner plans for a pod that has the field, and says whether it is supported.
func askPlanner(t *testing.T, kind, path string, sample func(*corev1.Pod, *scheduling.Storage)) string {
	pod := fake.Pod("sample", fake.Requests("1", "1Gi"))
	large := fake.InstanceType("large", "16", "64Gi", fake.OnDemand("zone-a", 0.8))
	s := scheduling.Snapshot{
		Pods: []*corev1.Pod{pod}, Nodes: []scheduling.Node{}, Namespaces: []*corev1.Namespace{}, Storage: emptyStorage(),
		NodePools: []*v1.NodePool{fake.NodePool("general")}, InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {large}},
	}
	sample(pod, &s.Storage)
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err, path)
	if len(plan.Unplaced) == 0 {
		return "supported"
	}
	r := plan.Unplaced[0].Rejections[0]
	if r.Code != scheduling.NotSupported {
		return "supported"
	}
	require.Equal(t, scheduling.NotEvaluated, plan.Unplaced[0].Verdict)
	named := regexp.MustCompile(`\[[^\]]*\]`).ReplaceAllString(r.Key, "")
	named = strings.Replace(named, "spec.containers", strings.Join(strings.Split(path, ".")[:2], "."), 1)
	if kind != "Pod" {
		return "not supported"
	}
	require.Equal(t, path, named, "the planner names the field that it does not support")
	return "not supported"
}

// usedInScenarios are the folders of the scenarios that use a field, by kind and path.
func usedInScenarios(t *testing.T) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	require.NoError(t, filepath.WalkDir("testdata", func(file string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".yaml") {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		folder := filepath.Base(filepath.Dir(file))
		for text := range strings.SplitSeq(string(data), "\n---") {
			var document map[string]any
			if err := yaml.Unmarshal([]byte(text), &document); err != nil {
				continue // tests of the format have broken documents
			}
			eachObject(document, func(kind string, object map[string]any) {
				eachPath(object, "", func(path string) {
					if out[kind+" "+path] == nil {
						out[kind+" "+path] = map[string]bool{}
					}
					out[kind+" "+path][folder] = true
				})
			})
		}
		return nil
	}))
	return out
}

// eachObject finds the objects of a document: itself, the items of a list, and the pods of a workload.
func eachObject(document map[string]any, found func(kind string, object map[string]any)) {
	kind, _ := document["kind"].(string)
	spec, _ := document["spec"].(map[string]any)
	switch kind {
	case "List":
		items, _ := document["items"].([]any)
		for _, item := range items {
			if object, ok := item.(map[string]any); ok {
				eachObject(object, found)
			}
		}
	case "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job":
		if template, ok := spec["template"].(map[string]any); ok {
			found("Pod", template)
		}
		claims, _ := spec["volumeClaimTemplates"].([]any)
		for _, claim := range claims {
			if object, ok := claim.(map[string]any); ok {
				found("PersistentVolumeClaim", object)
			}
		}
	default:
		found(kind, document)
	}
}

// eachPath names every field that the value has, by path, and every field above it.
func eachPath(value any, path string, found func(path string)) {
	if value == nil {
		return
	}
	if path != "" {
		found(path)
	}
	switch v := value.(type) {
	case map[string]any:
		for name, next := range v {
			eachPath(next, strings.TrimPrefix(path+"."+name, "."), found)
		}
	case []any:
		for _, next := range v {
			eachPath(next, path, found)
		}
	}
}

// usedInWorlds are the fields that random worlds use, by kind and path.
func usedInWorlds(t *testing.T) map[string]bool {
	out := map[string]bool{}
	note := func(kind string, object any) {
		text, err := json.Marshal(object)
		require.NoError(t, err)
		var value any
		require.NoError(t, json.Unmarshal(text, &value))
		eachPath(value, "", func(path string) { out[kind+" "+path] = true })
	}
	for seed := range uint64(150) {
		s := gen.World(seed, gen.Full())
		pods := slices.Concat(s.Pods, s.DaemonPods)
		for i := range s.Nodes {
			pods = append(pods, s.Nodes[i].Pods...)
			if s.Nodes[i].Node != nil {
				note("Node", s.Nodes[i].Node)
			}
		}
		noteAll(note, "Pod", pods)
		noteAll(note, "Namespace", s.Namespaces)
		noteAll(note, "PersistentVolumeClaim", s.Storage.Claims)
		noteAll(note, "PersistentVolume", s.Storage.Volumes)
		noteAll(note, "StorageClass", s.Storage.Classes)
		noteAll(note, "CSINode", s.Storage.CSINodes)
		noteAll(note, "CSIDriver", s.Storage.CSIDrivers)
		noteAll(note, "VolumeAttachment", s.Storage.Attachments)
	}
	return out
}

func noteAll[T any](note func(string, any), kind string, list []T) {
	for _, object := range list {
		note(kind, object)
	}
}

func emptyStorage() scheduling.Storage {
	return scheduling.Storage{
		Claims: []*corev1.PersistentVolumeClaim{}, Volumes: []*corev1.PersistentVolume{}, Classes: []*storagev1.StorageClass{},
		CSINodes: []*storagev1.CSINode{}, CSIDrivers: []*storagev1.CSIDriver{}, Attachments: []*storagev1.VolumeAttachment{},
	}
}
