package rules

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// calls are names of the standard library that a pure package may not use, by import path.
var calls = []struct {
	pkg    string
	names  []string
	reason string
}{
	{"time", []string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker"}, "time is a fact of the snapshot"},
	{"context", []string{"WithValue"}, "what a function needs is a parameter, where the reader and the compiler see it"},
	{"fmt", []string{"Print", "Printf", "Println"}, "a library that prints cannot be embedded"},
	{"k8s.io/klog/v2", []string{"Background", "FromContext", "V", "Info", "InfoS", "Infof", "Warning", "Warningf", "Error", "ErrorS", "Errorf", "Fatal", "Fatalf"}, "a log is not an answer"},
	// GOMAXPROCS is allowed: it says how many workers share the same work, and a test holds that no plan depends on it.
	{"runtime", []string{"NumCPU", "NumGoroutine"}, "the plan may not depend on the machine that makes it"},
}

// eachPure calls f for every non-test, hand-written source of a pure package.
func eachPure(t *testing.T, f func(s source)) {
	t.Helper()
	for _, s := range sources(t) {
		if !s.test() && !s.generated && under(s.dir(), pure...) {
			f(s)
		}
	}
}

// A package-level variable is shared by everything in the process: two engines with different settings could not run
// side by side, and the same call could give two answers. Errors, assertions that a type satisfies an interface, and
// embedded files are no state.
func TestPurePackagesHaveNoVariables(t *testing.T) {
	allowed := regexp.MustCompile(`^(_|[Ee]rr[A-Z]\w*)$`)
	eachPure(t, func(s source) {
		for _, decl := range s.syntax.Decls {
			switch d := decl.(type) {
			case *ast.GenDecl:
				if d.Tok != token.VAR || embedded(d.Doc) {
					continue
				}
				for _, spec := range d.Specs {
					v := spec.(*ast.ValueSpec)
					for _, name := range v.Names {
						if !allowed.MatchString(name.Name) && !embedded(v.Doc) {
							t.Errorf("%s: package-level variable %s in a pure package: make it a constant, a parameter or a function", s.position(name), name.Name)
						}
					}
				}
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					t.Errorf("%s: init in a pure package: importing must do nothing", s.position(d))
				}
			}
		}
	})
}

func embedded(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		if strings.HasPrefix(c.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

func TestPurePackagesAskNobodyElse(t *testing.T) {
	major := regexp.MustCompile(`^v[0-9]+$`)
	eachPure(t, func(s source) {
		names := map[string]string{} // local name -> import path
		for _, imp := range s.syntax.Imports {
			p, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				continue
			}
			name := path.Base(p)
			if major.MatchString(name) {
				name = path.Base(path.Dir(p))
			}
			if imp.Name != nil {
				name = imp.Name.Name
			}
			names[name] = p
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			for _, c := range calls {
				if names[x.Name] != c.pkg {
					continue
				}
				for _, name := range c.names {
					if sel.Sel.Name == name {
						t.Errorf("%s: %s.%s in a pure package: %s", s.position(sel), c.pkg, name, c.reason)
					}
				}
			}
			return true
		})
	})
}
