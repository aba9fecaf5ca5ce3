package v1_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/kerf-autoscaler/kerf/apis/autoscaling"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
)

// The documents in testdata/validation are each preceded by comments:
//
//	# what it shows
//	# update                      the document replaces the one before it
//	# valid                       or: # invalid: the paths of all findings, or: # invalid: unreadable
//	# manifest: invalid           where the manifest alone, as an API server applies it, judges differently
//
// unreadable stands for what cannot be decoded into the Go type; an API server refuses it by a pattern.

// document is one of them.
type document struct {
	title  string
	update bool
	paths  []string // of the findings, sorted; none for a valid document
	text   string
}

const unreadable = "unreadable"

func readDocuments(t *testing.T, file string) []document {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var out []document
	for text := range strings.SplitSeq(string(data), "\n---\n") {
		d := document{text: text}
		judged := false
		for line := range strings.Lines(text) {
			comment, ok := strings.CutPrefix(strings.TrimSpace(line), "# ")
			switch {
			case !ok || strings.HasPrefix(comment, "manifest: "):
			case comment == "update":
				d.update = true
			case comment == "valid":
				judged = true
			case strings.HasPrefix(comment, "invalid: "):
				judged = true
				d.paths = strings.Split(strings.TrimPrefix(comment, "invalid: "), ", ")
				slices.Sort(d.paths)
			default:
				require.Empty(t, d.title, "%s has two titles", comment)
				d.title = comment
			}
		}
		require.True(t, judged, "%s: document %q says neither valid nor invalid", file, d.title)
		out = append(out, d)
	}
	return out
}

// judge decodes the document, gives it its defaults and validates it, as an update of old unless that is empty.
func judge(t *testing.T, text, old string) (field.ErrorList, error) {
	t.Helper()
	var kind struct {
		Kind string `json:"kind"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &kind))
	switch kind.Kind {
	case "NodePool":
		return judgeAs(t, text, old, v1.SetDefaultsNodePool, v1.ValidateNodePool, v1.ValidateNodePoolUpdate)
	case "NodeClaim":
		return judgeAs(t, text, old, v1.SetDefaultsNodeClaim, v1.ValidateNodeClaim, v1.ValidateNodeClaimUpdate)
	case "NodeOverlay":
		return judgeAs(t, text, old, func(*v1alpha1.NodeOverlay) {}, v1alpha1.ValidateNodeOverlay, nil)
	case "CapacityBuffer":
		return judgeAs(t, text, old, autoscaling.SetDefaultsCapacityBuffer, autoscaling.ValidateCapacityBuffer, nil)
	}
	require.Fail(t, "unknown kind", kind.Kind)
	return nil, nil
}

func judgeAs[T any](t *testing.T, text, old string, defaults func(*T), create func(*T) field.ErrorList,
	update func(now, old *T) field.ErrorList,
) (field.ErrorList, error) {
	t.Helper()
	var object, before T
	if err := yaml.UnmarshalStrict([]byte(text), &object); err != nil {
		return nil, err
	}
	defaults(&object)
	if old == "" {
		return create(&object), nil
	}
	require.NoError(t, yaml.UnmarshalStrict([]byte(old), &before))
	defaults(&before)
	return update(&object, &before), nil
}

func TestValidationOfDocuments(t *testing.T) {
	files, err := filepath.Glob("testdata/validation/*.yaml")
	require.NoError(t, err)
	count := 0
	for _, file := range files {
		old := ""
		for _, d := range readDocuments(t, file) {
			count++
			before := ""
			if d.update {
				before = old
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml")+"/"+d.title, func(t *testing.T) {
				errs, err := judge(t, d.text, before)
				if slices.Equal(d.paths, []string{unreadable}) {
					require.Error(t, err)
					return
				}
				require.NoError(t, err)
				var paths []string
				for _, e := range errs {
					paths = append(paths, e.Field)
				}
				slices.Sort(paths)
				require.Equal(t, d.paths, paths, "%v", errs.ToAggregate())
			})
			old = d.text
		}
	}
	require.Greater(t, count, 80)
}

// A contradiction is told in terms of what the user wrote.
func TestContradictionsNameBothEntries(t *testing.T) {
	entry := func(op string, values ...string) string {
		return "{key: zone, operator: " + op + ", values: [" + strings.Join(values, ", ") + "]}"
	}
	for _, tt := range []struct{ name, labels, entries, want string }{
		{"two entries", "{}", entry("In", "a") + ", " + entry("In", "b"), "zone: In [a] and In [b] admit no value in common"},
		{"the culprit is not the neighbour", "{}", entry("In", "a") + ", {key: zone, operator: Exists}, " + entry("NotIn", "a"), "zone: In [a] and NotIn [a] admit no value in common"},
		{"only all together", "{}", entry("In", "a", "b") + ", " + entry("NotIn", "a") + ", " + entry("NotIn", "b"), "zone: In [a b], NotIn [a] and NotIn [b] admit no value in common"},
		{"a label", "{zone: b}", entry("In", "a"), "zone: the label b and In [a] admit no value in common"},
		{"alone", "{}", entry("Lt", `"0"`), "zone: Lt [0] admits no value"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var pool v1.NodePool
			require.NoError(t, yaml.UnmarshalStrict([]byte(`
spec:
  template:
    metadata: {labels: `+tt.labels+`}
    spec:
      nodeClassRef: {group: example.com, kind: Class, name: default}
      requirements: [`+tt.entries+`]
`), &pool))
			v1.SetDefaultsNodePool(&pool)
			errs := v1.ValidateNodePool(&pool)
			require.Len(t, errs, 1)
			require.Contains(t, errs[0].Detail, tt.want)
		})
	}
}
