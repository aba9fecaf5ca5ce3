package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const scenarioHead = "# about\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}   # untouched\n---\napiVersion: kerf.dev/v1alpha1\nkind: Scenario\n"

func TestOnlyTheExpectBlockIsRewritten(t *testing.T) {
	for name, c := range map[string]struct{ in, text, want string }{
		"block":                   {"spec:\n  expect: |\n    old\n    older\n", "new\n", "spec:\n  expect: |\n    new\n"},
		"block with more behind":  {"spec:\n  expect: |\n    old\n\n  # note\n  now: x\n", "a\n\nb\n", "spec:\n  expect: |\n    a\n\n    b\n\n  # note\n  now: x\n"},
		"comment is kept":         {"spec:\n  expect: |  # by -update\n    old\n", "new\n", "spec:\n  expect: | # by -update\n    new\n"},
		"empty string":            {"spec:\n  expect: \"\"\n  now: x\n", "new\n", "spec:\n  expect: |\n    new\n  now: x\n"},
		"nothing":                 {"spec:\n  expect:\n", "new\n", "spec:\n  expect: |\n    new\n"},
		"plain text":              {"spec:\n  expect: old\n", "new\n", "spec:\n  expect: |\n    new\n"},
		"missing":                 {"spec:\n  now: x\n\n---\nkind: X\n", "new\n", "spec:\n  now: x\n  expect: |\n    new\n\n---\nkind: X\n"},
		"missing, other indent":   {"spec: # s\n   now: x", "new\n", "spec: # s\n   now: x\n   expect: |\n     new\n"},
		"to nothing":              {"spec:\n  expect: |\n    old\n", "", "spec:\n  expect: \"\"\n"},
		"text that begins with a": {"spec:\n  expect: |\n    old\n", "  new\n", "spec:\n  expect: |2\n      new\n"},
		"no newline at the end":   {"spec:\n  expect: |\n    old\n", "new", "spec:\n  expect: |-\n    new\n"},
		"newlines at the end":     {"spec:\n  expect: |\n    old\n", "new\n\n", "spec:\n  expect: |+\n    new\n\n"},
		"CRLF":                    {"spec:\r\n  expect: |\r\n    old\r\n  now: x\r\n", "a\nb\n", "spec:\r\n  expect: |\r\n    a\r\n    b\r\n  now: x\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := rewriteExpect([]byte(scenarioHead+c.in), c.text)
			require.NoError(t, err)
			require.Equal(t, scenarioHead+c.want, string(out))
			again, err := rewriteExpect(out, c.text)
			require.NoError(t, err)
			require.Equal(t, string(out), string(again))
		})
	}
}

func TestWhatIsRewrittenIsRead(t *testing.T) {
	for _, text := range []string{"", "a\n", "a", " a\n\n  b\n", "a\n\n\n", "\na\n", "# a: b\n- c\n", "tab\t|\n"} {
		out, err := rewriteExpect([]byte("apiVersion: kerf.dev/v1alpha1\nkind: Scenario\nspec:\n  expect: x\n  decide: provision\n"), text)
		require.NoError(t, err)
		require.Equal(t, text, *read(t, string(out)).Expect, "%q in\n%s", text, out)
	}
}

func TestFormsThatCannotBeRewrittenAreRefused(t *testing.T) {
	for in, want := range map[string]string{
		"spec: {expect: x}\n": "write the field on a line of its own",
		"spec: {}\n":          "into the spec on a line of its own",
		"":                    "has no Scenario document with a spec",
	} {
		_, err := rewriteExpect([]byte(scenarioHead+in), "new\n")
		require.ErrorContains(t, err, want)
	}
}

func TestBrokenDocumentsDoNotHinderRewriting(t *testing.T) {
	out, err := rewriteExpect([]byte("a: [\n---\n"+scenarioHead+"spec:\n  expect: x\n"), "new\n")
	require.NoError(t, err)
	require.Contains(t, string(out), "a: [\n---\n# about")
}

func TestExpectationIsSavedToItsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.yaml")
	in := smallShop + "---\napiVersion: kerf.dev/v1alpha1\nkind: Scenario\nspec:\n  expect: old\n"
	require.NoError(t, os.WriteFile(file, []byte(in), 0o600))
	s, err := Load([]string{file}, Options{})
	require.NoError(t, err)
	require.ErrorContains(t, s.Check(t.Context()), "-old")

	r, err := s.Solve(t.Context())
	require.NoError(t, err)
	require.NoError(t, (&expectation{file, s}).Save(r.String()))
	s, err = Load([]string{file}, Options{})
	require.NoError(t, err)
	require.NoError(t, s.Check(t.Context()))
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(data), strings.TrimSuffix(in, "old\n")))
}

// The scenarios of this package are about what the format itself can say.
func TestScenarios(t *testing.T) { Test(t, "testdata/scenarios") }
