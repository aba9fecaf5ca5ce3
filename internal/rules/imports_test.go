package rules

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// kernels are small internal packages that any layer may build on.
var kernels = []string{"internal/resource", "internal/bitset", "internal/intern", "internal/lp", "internal/invariants"}

// pure are the packages whose answers depend on their arguments alone.
var pure = append([]string{
	"apis/...", "cloudprovider", "cloudprovider/catalog", "scheduling", "disruption",
}, kernels...)

// directions says what each part of the module may import of the module. The row with the longest matching path
// counts; a package that no row matches needs a row of its own.
var directions = []struct {
	pkg    string
	may    []string
	reason string
}{
	{"apis/requirement", nil, "the requirement algebra is a leaf: it can be read, fuzzed and reused alone"},
	{"apis/crds", nil, "manifests are data"},
	{"apis/...", []string{"apis/..."}, "API types are below everything, so that a client can import them without the engine"},
	{"cloudprovider", []string{"apis/...", "internal/..."}, "the contract knows the API and nothing of who plans or launches, so that a vendor links little"},
	{"cloudprovider/catalog", []string{"cloudprovider", "apis/...", "internal/..."}, "ready-made parts for vendors build on the contract alone"},
	{"cloudprovider/conformance", []string{"cloudprovider/...", "apis/...", "internal/..."}, "a vendor runs the suite without the planner and without the fakes"},
	{"scheduling", []string{"cloudprovider", "apis/...", "internal/..."}, "the engine knows the contract's types and no way to act"},
	{"disruption", []string{"scheduling", "cloudprovider", "apis/...", "internal/..."}, "the planner of removals asks the engine, never the other way round"},
	{"provisioning/cluster", []string{"scheduling", "cloudprovider", "apis/...", "internal/..."}, "the cluster's facts are gathered without knowing who uses them"},
	{"provisioning", []string{"provisioning/cluster", "scheduling", "cloudprovider", "apis/...", "internal/..."}, "launching must work in a binary that never disrupts"},
	{"disruption/executor", []string{"disruption", "provisioning/...", "scheduling", "cloudprovider", "apis/...", "internal/..."}, "the executor is at the top: it replaces nodes through provisioning"},
	{"fake", []string{"scheduling", "cloudprovider/...", "apis/...", "internal/..."}, "builders and the in-memory cloud must not bring client-go into a user's unit test"},
	{"fake/scenario", []string{"fake", "disruption", "scheduling", "cloudprovider/...", "apis/...", "internal/..."}, "a scenario is solved by the pure planners, without a cluster"},
	{"fake/kube", []string{"fake/...", "provisioning/cluster", "disruption", "scheduling", "cloudprovider/...", "apis/...", "internal/..."}, "the in-memory cluster stands in for the API server, so it is below what is tested with it; decisions about nodes are what its time machine tries out"},
	{"examples/...", []string{"..."}, "an example may show anything"},
	{"internal/resource", []string{"internal/bitset"}, "a kernel is a leaf"},
	{"internal/bitset", nil, "a kernel is a leaf"},
	{"internal/intern", []string{"internal/bitset"}, "a kernel is a leaf"},
	{"internal/lp", nil, "a kernel is a leaf"},
	{"internal/invariants", nil, "one constant"},
	{"internal/golden", nil, "reading and rewriting expected output has nothing to do with nodes"},
	{"internal/phrase", nil, "how things read has nothing to do with what they are"},
	{"internal/peercases", nil, "a table of cases knows nothing of what is tested"},
	{"internal/gen", []string{"fake", "disruption", "scheduling", "cloudprovider/...", "apis/...", "internal/..."}, "random worlds are made of the same values that users pass in"},
	{"internal/oracle", []string{"disruption", "scheduling", "cloudprovider", "apis/...", "internal/resource"}, "a second opinion that shares the engine's helpers would share its mistakes; the types and the unit of resources are all it takes"},
	{"internal/rules", nil, "rules look at the code from outside"},
}

// bans says what packages may not import, directly or through anything else.
var bans = []struct {
	pkgs   []string
	banned []string // "/..." covers what is below
	deep   bool     // also forbidden through other packages
	except []string // packages of the first list that the ban spares
	reason string
}{
	{
		pkgs:   append([]string{"cloudprovider/conformance", "fake", "fake/scenario", "internal/gen", "internal/oracle", "internal/golden"}, pure...),
		banned: []string{"k8s.io/client-go/...", "sigs.k8s.io/controller-runtime/...", "k8s.io/kubernetes/...", "sigs.k8s.io/karpenter/..."},
		deep:   true,
		reason: "who plans, fakes or judges must not link an API client: it multiplies what a user's test has to build, and invites I/O",
	},
	{
		pkgs:   []string{"..."},
		banned: []string{"sigs.k8s.io/controller-runtime/...", "sigs.k8s.io/karpenter/...", "k8s.io/kubernetes/..."},
		deep:   true,
		reason: "a library must not choose its user's controller framework, nor link the peer whose YAML it reads",
	},
	{
		pkgs:   pure,
		banned: []string{"net/...", "os/...", "syscall", "io/ioutil", "embed", "plugin"},
		except: []string{"apis/crds"},
		reason: "a pure package performs no I/O and reads no environment: readers and values are handed in",
	},
	{
		pkgs:   pure,
		banned: []string{"math/rand/...", "crypto/rand"},
		reason: "the same facts must give the same bytes",
	},
	{
		pkgs:   pure,
		banned: []string{"hash/maphash"},
		except: []string{"scheduling"}, // compares pods by a hash, and lets none reach an order or a plan
		reason: "its values differ from process to process, so they may tell things apart and nothing else",
	},
	{
		pkgs:   pure,
		banned: []string{"k8s.io/klog/..."},
		except: []string{"scheduling", "disruption"}, // the scheduler's own rules on taints take a logger; they hand in the empty one
		reason: "what a pure package has to say is in its answer; loggers are global state",
	},
	{
		pkgs:   pure,
		banned: []string{"log/...", "flag", "expvar", "runtime/debug"},
		reason: "what a pure package has to say is in its answer; loggers and flags are global state",
	},
	{
		pkgs:   pure,
		banned: []string{"testing/...", "github.com/stretchr/testify/..."},
		reason: "test code in a linked package registers flags and grows every binary",
	},
	{
		pkgs:   []string{"apis/requirement", "internal/bitset", "internal/intern", "internal/lp"},
		banned: []string{"k8s.io/...", "sigs.k8s.io/...", "github.com/...", "golang.org/x/..."},
		reason: "these kernels build on the standard library alone, so that they stay readable in one sitting",
	},
}

// listed is what the go command says about one package; paths inside the module are without the module's own path.
type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func list(t *testing.T) []listed {
	t.Helper()
	// -e, so that one package that does not build hides no broken rule in the others.
	out := run(t, nil, "go", "list", "-e", "-json=ImportPath,Imports,Deps", "./...")
	var pkgs []listed
	for dec := json.NewDecoder(strings.NewReader(out)); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		require.NoError(t, err)
		p.ImportPath = inside(p.ImportPath)
		pkgs = append(pkgs, p)
	}
}

// inside turns an import path of this module into the folder's path: "scheduling". The root is ".". Other paths stay.
func inside(importPath string) string {
	if importPath == module {
		return "."
	}
	return strings.TrimPrefix(importPath, module+"/")
}

func TestImportsOfTheModulePointDownwards(t *testing.T) {
	for _, p := range list(t) {
		row := -1
		for i, d := range directions {
			if under(p.ImportPath, d.pkg) && (row < 0 || len(d.pkg) > len(directions[row].pkg)) {
				row = i
			}
		}
		if row < 0 {
			t.Errorf("%s: no row of directions says what it may import; add one with its reason", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			dep, ours := strings.CutPrefix(imp, module+"/")
			if !ours || dep == p.ImportPath {
				continue
			}
			if d := directions[row]; !matches(dep, d.may) {
				t.Errorf("%s imports %s: %s", p.ImportPath, dep, d.reason)
			}
		}
	}
}

func TestPackagesImportNothingBanned(t *testing.T) {
	for _, p := range list(t) {
		for _, ban := range bans {
			if !matches(p.ImportPath, ban.pkgs) || matches(p.ImportPath, ban.except) {
				continue
			}
			imports, how := p.Imports, "imports"
			if ban.deep {
				imports, how = p.Deps, "links"
			}
			for _, imp := range imports {
				if !strings.HasPrefix(imp, module+"/") && under(imp, ban.banned...) {
					t.Errorf("%s %s %s: %s", p.ImportPath, how, imp, ban.reason)
				}
			}
		}
	}
}

// matches is under, with "..." for every package.
func matches(pkg string, patterns []string) bool {
	return len(patterns) == 1 && patterns[0] == "..." || under(pkg, patterns...)
}

func TestSchedulingLinksFewPackages(t *testing.T) {
	const most = 90 // who embeds the engine builds all of them; the comparable package of the peer links 739
	pkgs := strings.Fields(run(t, nil, "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./scheduling"))
	require.LessOrEqualf(t, len(pkgs), most, "scheduling links %d packages outside the standard library:\n%s", len(pkgs), strings.Join(pkgs, "\n"))
	t.Logf("scheduling links %d packages outside the standard library, of at most %d", len(pkgs), most)
}

// The engine can run in a browser, which is also the shortest proof that it needs no operating system.
func TestSchedulingBuildsForTheBrowser(t *testing.T) {
	run(t, []string{"GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0"}, "go", "build", "-o", os.DevNull, "./scheduling")
}
