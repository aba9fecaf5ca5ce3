package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiffShowsWhatDiffers(t *testing.T) {
	for name, c := range map[string]struct{ a, b, want string }{
		"equal":               {"x\n", "x\n", ""},
		"one line changed":    {"a\nb\nc\n", "a\nB\nc\n", " a\n-b\n+B\n c\n"},
		"from nothing":        {"", "a\n", "+a\n"},
		"to nothing":          {"a\n", "", "-a\n"},
		"no newline at end":   {"a\n", "a", "-a\n+a\n\\ no newline at end\n"},
		"far lines left out":  {"1\n2\n3\n4\n5\n6\nx\n", "1\n2\n3\n4\n5\n6\ny\n", "@@ -4 +4 @@\n 4\n 5\n 6\n-x\n+y\n"},
		"inserted in between": {"a\nc\n", "a\nb\nc\n", " a\n+b\n c\n"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, Diff(c.a, c.b)) })
	}
}

func TestDiffOfLongTextsStaysBounded(t *testing.T) {
	a, b := strings.Repeat("a\nb\n", 5000), strings.Repeat("c\nb\n", 5000)
	require.Contains(t, Diff(a, b), "-a\n")
}

func TestFileIsWrittenOnlyWhenAskedTo(t *testing.T) {
	file := File(filepath.Join(t.TempDir(), "want.txt"))
	require.ErrorContains(t, check(file, "new\n", false), "+new")
	require.NoFileExists(t, string(file))
	require.NoError(t, check(file, "new\n", true))
	require.NoError(t, check(file, "new\n", false))
	data, err := os.ReadFile(string(file))
	require.NoError(t, err)
	require.Equal(t, "new\n", string(data))
}

func TestNothingIsWrittenWhenTextsAgree(t *testing.T) {
	store := &memory{text: "same\n"}
	require.NoError(t, check(store, "same\n", true))
	require.Zero(t, store.saves)
	Compare(t, store, "same\n")
}

type memory struct {
	text  string
	saves int
}

func (m *memory) Load() (string, error)  { return m.text, nil }
func (m *memory) Save(text string) error { m.text, m.saves = text, m.saves+1; return nil }
func (m *memory) String() string         { return "memory" }
