package rules

import (
	"path"
	"slices"
	"strings"
	"testing"
)

const (
	// A public package says in 20 to 80 lines what it is, what it is not, the one call and the invariants: shorter, and
	// the reader must guess; longer, and it belongs into the comments of the parts.
	fewestDocLines = 20
	mostDocLines   = 80
)

func TestEveryPackageHasOnePackageComment(t *testing.T) {
	type pkg struct {
		name     string
		comments []source
	}
	pkgs := map[string]*pkg{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		p := pkgs[s.dir()]
		if p == nil {
			p = &pkg{name: s.syntax.Name.Name}
			pkgs[s.dir()] = p
		}
		if s.syntax.Doc != nil {
			p.comments = append(p.comments, s)
		}
	}
	for dir, p := range pkgs {
		if len(p.comments) != 1 {
			t.Errorf("%s has %d package comments: exactly one, in doc.go, says what the package is", dir, len(p.comments))
			continue
		}
		s := p.comments[0]
		if base := path.Base(s.path); base != "doc.go" && !(p.name == "main" && base == "main.go") {
			t.Errorf("%s: the package comment belongs in doc.go, where a reader looks first", s.path)
		}
		if want := "Package " + p.name + " "; p.name != "main" && !strings.HasPrefix(s.syntax.Doc.Text(), want) {
			t.Errorf("%s: the package comment begins with %q; a licence header needs an empty line below it", s.path, want)
		}
		lines := s.fset.Position(s.syntax.Doc.End()).Line - s.fset.Position(s.syntax.Doc.Pos()).Line + 1
		if public(dir) && p.name != "main" && (lines < fewestDocLines || lines > mostDocLines) {
			t.Errorf("%s: the package comment has %d lines; a public package has %d to %d", s.path, lines, fewestDocLines, mostDocLines)
		}
	}
}

// public reports whether users import the package in this folder.
func public(dir string) bool {
	parts := strings.Split(dir, "/")
	return !slices.Contains(parts, "internal") && parts[0] != "examples"
}
