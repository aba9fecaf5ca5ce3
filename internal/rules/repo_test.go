package rules

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/kerf-autoscaler/kerf"

// root is the folder of the repository as seen from this package, where go test runs the tests.
var root = filepath.Join("..", "..")

// file is one file of the repository; path is relative to root and uses slashes.
type file struct {
	path string
	data []byte
}

// files lists the regular files of the repository whose path has the given ending, in path order. Folders that begin
// with a dot are left out unless they belong to the repository.
func files(t *testing.T, ending string) []file {
	t.Helper()
	var out []file
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if hidden := strings.HasPrefix(d.Name(), ".") && name != root; hidden && !slices.Contains([]string{".adr", ".ci", ".github"}, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || !strings.HasSuffix(name, ending) {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		out = append(out, file{filepath.ToSlash(rel), data})
		return nil
	})
	require.NoError(t, err)
	return out
}

// source is one parsed Go file.
type source struct {
	file
	fset      *token.FileSet
	syntax    *ast.File
	generated bool
}

func (s source) dir() string  { return path.Dir(s.path) }
func (s source) test() bool   { return strings.HasSuffix(s.path, "_test.go") }
func (s source) lines() int   { return bytes.Count(s.data, []byte("\n")) }
func (s source) inTree() bool { return !strings.Contains(s.path, "/testdata/") }

// position is "path:line" of a node, for failure messages.
func (s source) position(n ast.Node) string {
	p := s.fset.Position(n.Pos())
	return p.String()
}

// sources parses every Go file of the repository, those of nested modules included, testdata excepted.
func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	for _, f := range files(t, ".go") {
		s := source{file: f, fset: token.NewFileSet()}
		if !s.inTree() {
			continue
		}
		var err error
		s.syntax, err = parser.ParseFile(s.fset, f.path, f.data, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%s does not parse: %v", f.path, err)
			continue
		}
		s.generated = ast.IsGenerated(s.syntax)
		out = append(out, s)
	}
	return out
}

// run executes a command at the root of the repository and returns its standard output. It fails the test, with what
// the command said, when the command fails.
func run(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String()
}

// under reports whether a package, given by its path inside the module, is one of the folders or below one that ends
// in "/...".
func under(pkg string, patterns ...string) bool {
	for _, p := range patterns {
		if base, deep := strings.CutSuffix(p, "/..."); pkg == base || deep && strings.HasPrefix(pkg, base+"/") {
			return true
		}
	}
	return false
}
