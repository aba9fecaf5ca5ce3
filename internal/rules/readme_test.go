package rules

import (
	"go/format"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pages are the texts whose programs and commands a newcomer copies: README.md and what is under examples.
func pages(t *testing.T) []file {
	t.Helper()
	var out []file
	readme := false
	for _, f := range files(t, ".md") {
		readme = readme || f.path == "README.md"
		if f.path == "README.md" || strings.HasPrefix(f.path, "examples/") {
			out = append(out, f)
		}
	}
	if !readme {
		t.Log("there is no README.md yet")
	}
	return out
}

// program is the folder of the example that a page shows: README.md shows examples/hello, a page of an example that
// example.
func program(page string) string {
	if page == "README.md" {
		return "examples/hello"
	}
	return path.Dir(page)
}

// A program on a page is the example itself, so that it always compiles, and the text block after it is what the
// example prints, so that nobody is promised more than they get.
func TestProgramsOnPagesAreTheExamples(t *testing.T) {
	mains := map[string]string{}
	for _, s := range sources(t) {
		if path.Base(s.path) == "main.go" {
			mains[s.dir()] = string(s.data)
		}
	}
	nested := mods(t)
	for _, page := range pages(t) {
		shown, _ := blocks(page.data)
		for i, b := range shown {
			if b.lang != "go" || !strings.HasPrefix(b.text, "package main") {
				continue
			}
			dir := program(page.path)
			source, ok := mains[dir]
			if !ok {
				t.Errorf("%s:%d shows a program, and %s/main.go does not exist", page.path, b.line, dir)
				continue
			}
			// The example may begin with a comment that says what it is; the page says that in its own words.
			require.Equalf(t, source[strings.Index(source, "package main"):], b.text, "%s:%d shows another program than %s/main.go", page.path, b.line, dir)
			if _, other := nested[dir+"/go.mod"]; other {
				continue // its own module builds and tests it
			}
			if i+1 == len(shown) || shown[i+1].lang != "text" {
				t.Errorf("%s:%d: a text block with the output follows the program", page.path, b.line)
				continue
			}
			require.Equalf(t, run(t, nil, "go", "run", "./"+dir), shown[i+1].text, "%s:%d is not what %s prints", page.path, shown[i+1].line, dir)
		}
	}
}

// A piece of Go on a page is formatted Go, also when it is too short to be a program.
func TestGoOnPagesIsFormatted(t *testing.T) {
	for _, page := range pages(t) {
		shown, _ := blocks(page.data)
		for _, b := range shown {
			if b.lang != "go" {
				continue
			}
			formatted, err := format.Source([]byte(b.text))
			if err != nil {
				t.Errorf("%s:%d: %v", page.path, b.line, err)
				continue
			}
			require.Equalf(t, string(formatted), b.text, "%s:%d is not formatted", page.path, b.line)
		}
	}
}

// What a page says one can run, runs. Only examples are run here: they need no network and end by themselves.
func TestCommandsOnPagesRun(t *testing.T) {
	for _, page := range pages(t) {
		shown, _ := blocks(page.data)
		for _, b := range shown {
			if b.lang != "sh" {
				continue
			}
			for command := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
				if command = strings.TrimSpace(command); strings.HasPrefix(command, "go run ./examples/") {
					t.Logf("%s:%d: %s", page.path, b.line, command)
					run(t, nil, "sh", "-c", command)
				}
			}
		}
	}
}
