package rules

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// direct are the modules that the root module may name as direct dependencies. dependenciesRecord says why each is
// there; a new one needs a row in both.
var direct = []string{
	"github.com/prometheus/client_golang",
	"github.com/robfig/cron/v3",
	"github.com/stretchr/testify",
	"golang.org/x/sync",
	"k8s.io/api",
	"k8s.io/apimachinery",
	"k8s.io/client-go",
	"k8s.io/component-helpers",
	"k8s.io/klog/v2",
	"k8s.io/utils",
	"sigs.k8s.io/yaml",
}

const dependenciesRecord = ".adr/0010-direct-dependencies.md"

// gomod is what `go mod edit -json` says of a go.mod file.
type gomod struct {
	Module  struct{ Path string }
	Require []struct {
		Path     string
		Indirect bool
	}
	Replace []struct {
		Old, New struct{ Path string }
	}
	Exclude []struct{ Path string }
}

func mods(t *testing.T) map[string]gomod {
	t.Helper()
	out := map[string]gomod{}
	for _, f := range files(t, "go.mod") {
		if path.Base(f.path) != "go.mod" || strings.Contains(f.path, "/testdata/") {
			continue
		}
		var m gomod
		require.NoError(t, json.Unmarshal([]byte(run(t, nil, "go", "mod", "edit", "-json", f.path)), &m), f.path)
		out[f.path] = m
	}
	require.Contains(t, out, "go.mod")
	return out
}

// A replace or exclude counts only in the main module: with one, our tests would run with other code than our users'.
func TestModulesReplaceNothing(t *testing.T) {
	for file, m := range mods(t) {
		for _, r := range m.Replace {
			// A nested module is never imported by anybody, and tests the tree that it is in.
			if file != "go.mod" && strings.HasPrefix(r.Old.Path+"/", module+"/") && strings.HasPrefix(r.New.Path, "..") {
				continue
			}
			t.Errorf("%s replaces %s: users of the module would build something else", file, r.Old.Path)
		}
		for _, e := range m.Exclude {
			t.Errorf("%s excludes %s: users of the module would build something else", file, e.Path)
		}
	}
}

func TestNestedModulesAreNamedAfterTheirFolder(t *testing.T) {
	for file, m := range mods(t) {
		if want := path.Join(module, path.Dir(file)); m.Module.Path != want {
			t.Errorf("%s is module %s: %s is its place in the tree, and what an internal import needs", file, m.Module.Path, want)
		}
	}
}

// Every direct dependency is code that each user has to build, update and trust.
func TestDirectDependenciesAreExplained(t *testing.T) {
	var record string
	for _, f := range files(t, ".md") {
		if f.path == dependenciesRecord {
			record = string(f.data)
		}
	}
	require.NotEmptyf(t, record, "%s is missing", dependenciesRecord)
	for _, r := range mods(t)["go.mod"].Require {
		if r.Indirect {
			continue
		}
		if !slices.Contains(direct, r.Path) {
			t.Errorf("go.mod requires %s directly: put it into a nested module, or explain it in %s", r.Path, dependenciesRecord)
		}
	}
	for _, d := range direct {
		if !strings.Contains(record, "`"+d+"`") {
			t.Errorf("%s does not say why `%s` is a direct dependency", dependenciesRecord, d)
		}
	}
}
