package rules

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// words are what no file of the repository may say. Each expression has a class of one letter in it, so that this
// table does not match itself.
var words = []struct {
	ending  string // of the files looked at; empty = every file
	pattern string
	reason  string
}{
	{".go", `\bTOD[O]\b|\bFIXM[E]\b|\bXX[X]\b`, "a note to self is an issue, a test or a sentence on what is not supported"},
	{"", `(^|[^\w./*-])/wor[k]/`, "a path of one developer's machine means nothing to the others"},
	{"", `(^|[^\w./*-])/(roo[t]|hom[e]/\w+|User[s]/\w+)/`, "a path of one developer's machine means nothing to the others"},
	{"", `/tmp/(bas[h]|ker[f])`, "a path of one developer's machine means nothing to the others"},
	{"", `\bshared/(desig[n]|referenc[e]|hook[s])\b|karpenter-(schedulin[g]|disruptio[n])\.md|\banchor[s]\.md`, "a reader has only what is in the repository: say the fact, not where it was found"},
	{".go", `(?i)\bissue #?[0-9]+\b`, "a comment states the reason itself; the discussion is found through the commit"},
	{".md", `(?i)\bissue #?[0-9]+\b`, "a text states the reason itself; the discussion is found through the commit"},
}

func TestTheTreeSaysNothingOfHowItWasMade(t *testing.T) {
	all := files(t, "")
	for _, w := range words {
		re := regexp.MustCompile(w.pattern)
		for _, f := range all {
			if !strings.HasSuffix(f.path, w.ending) || !utf8.Valid(f.data) || bytes.IndexByte(f.data, 0) >= 0 {
				continue
			}
			for i, line := range bytes.Split(f.data, []byte("\n")) {
				if found := re.Find(line); found != nil {
					t.Errorf("%s:%d: %q: %s", f.path, i+1, bytes.TrimSpace(found), w.reason)
				}
			}
		}
	}
}

// A release collects the fragments by kind; one without a kind would be lost.
func TestChangeFragmentsHaveAKind(t *testing.T) {
	kind := regexp.MustCompile(`^kind: (breaking|feature|fix|plan-change)\n\n\S`)
	for _, f := range files(t, ".md") {
		if strings.HasPrefix(f.path, ".github/changes/") && f.path != ".github/changes/README.md" && !kind.Match(f.data) {
			t.Errorf("%s: the first line is the kind of the change, then an empty line and the text", f.path)
		}
	}
}
