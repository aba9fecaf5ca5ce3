package rules

import (
	"go/ast"
	"testing"
)

const (
	// mostLines is the longest file: beyond that, two subjects share one file.
	mostLines = 600
	// mostFuncLines is the longest function: beyond that, nobody sees its beginning and its end at once.
	mostFuncLines = 120
)

func TestFilesAndFunctionsAreShort(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || s.generated {
			continue
		}
		if n := s.lines(); n > mostLines {
			t.Errorf("%s has %d lines, of at most %d: split it by subject", s.path, n, mostLines)
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			f, ok := n.(*ast.FuncDecl)
			if !ok {
				return true
			}
			if lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1; lines > mostFuncLines {
				t.Errorf("%s: %s has %d lines, of at most %d: name its steps", s.position(f), f.Name.Name, lines, mostFuncLines)
			}
			return false
		})
	}
}
