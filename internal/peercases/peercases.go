package peercases

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Read reads the tables of a Markdown file: the columns by the ids of the first, where A2-A4 are three ids. Every row has that
// many columns, at the least and at the most.
func Read(t *testing.T, file string, least, most int) map[string][]string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	ids := regexp.MustCompile(`^([A-Z]+)(\d+)(?:-([A-Z]+)(\d+))?$`)
	out := map[string][]string{}
	for line := range strings.Lines(string(data)) {
		row := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if !strings.HasPrefix(line, "|") || row[0] == "case" || row[0] == "---" {
			continue
		}
		require.True(t, least <= len(row) && len(row) <= most, "%s: %s", file, line)
		m := ids.FindStringSubmatch(row[0])
		require.NotNil(t, m, "%s: %s", file, line)
		first, err := strconv.Atoi(m[2])
		require.NoError(t, err)
		last := first
		if m[4] != "" {
			require.Equal(t, m[1], m[3], "%s: %s", file, line)
			last, err = strconv.Atoi(m[4])
			require.NoError(t, err)
			require.Greater(t, last, first, "%s: %s", file, line)
		}
		for i := first; i <= last; i++ {
			id := m[1] + strconv.Itoa(i)
			require.NotContains(t, out, id, file)
			out[id] = row
		}
	}
	return out
}

// RequireProof checks that each scenario under testdata and each test of a list exists. A test is named by its package's folder
// in the repository, its function and, behind a slash, its subtest. The list is what the case of that id is proven by. The
// caller's package is one folder below the repository's.
func RequireProof(t *testing.T, id, proof string) {
	t.Helper()
	require.Regexp(t, "^`[^`]+`(, `[^`]+`)*$", proof, id)
	for name := range strings.SplitSeq(strings.Trim(proof, "`"), "`, `") {
		folder, test, isTest := strings.Cut(name, ".Test")
		if !isTest {
			require.FileExists(t, filepath.Join("testdata", filepath.FromSlash(name)+".yaml"), id)
			continue
		}
		function, subtest, _ := strings.Cut(test, "/")
		require.True(t, hasTest(t, folder, "func Test"+function+"(", subtest), "%s: no test %s", id, name)
	}
}

// hasTest reports whether a test file of the folder has the function and, if asked for, names the subtest in it.
func hasTest(t *testing.T, folder, function, subtest string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(folder), "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		if _, body, found := strings.Cut(string(data), function); found {
			body, _, _ = strings.Cut(body, "\nfunc ")
			return subtest == "" || strings.Contains(body, fmt.Sprintf("%q", subtest))
		}
	}
	return false
}
