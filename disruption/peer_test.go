package disruption_test

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

// testdata/PEER.md says of each of the peer's cases where it is proven, and whether Kerf does the same. A case without a proof is
// found here, as is a proof that is not there.
func TestEveryCaseOfThePeerIsProven(t *testing.T) {
	proofs, reasons := casesOf(t, "PEER.md", 4), casesOf(t, "NOT-PEER.md", 2)
	want := 0
	for section, n := range map[string]int{"E": 26, "D": 24, "SD": 14, "Q": 14, "C": 102, "L": 23, "S": 5, "B": 44, "U": 56, "A": 27} {
		want += n
		for i := 1; i <= n; i++ {
			id := section + strconv.Itoa(i)
			row, listed := proofs[id]
			require.True(t, listed, "%s is not in PEER.md", id)
			_, excused := reasons[id]
			require.Equal(t, row[2] == "NOT-PEER", excused, "%s: NOT-PEER.md has the reason of every case that is NOT-PEER, and of no other", id)
			if !excused {
				require.Regexp(t, `^(same|[A-Z].* .*[.])$|^As [A-Z]+[0-9]+[.]$`, row[3], id)
				requireProof(t, id, row[2])
			}
		}
	}
	require.Len(t, proofs, want, "PEER.md has cases that do not exist")
}

// casesOf reads the tables of a file in testdata: the columns by the ids of the first, where A2-A4 are three ids.
func casesOf(t *testing.T, name string, columns int) map[string][]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
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
		require.Len(t, row, columns, "%s: %s", name, line)
		m := ids.FindStringSubmatch(row[0])
		require.NotNil(t, m, "%s: %s", name, line)
		first, err := strconv.Atoi(m[2])
		require.NoError(t, err)
		last := first
		if m[4] != "" {
			require.Equal(t, m[1], m[3], "%s: %s", name, line)
			last, err = strconv.Atoi(m[4])
			require.NoError(t, err)
			require.Greater(t, last, first, "%s: %s", name, line)
		}
		for i := first; i <= last; i++ {
			id := m[1] + strconv.Itoa(i)
			require.NotContains(t, out, id, name)
			out[id] = row
		}
	}
	return out
}

// requireProof checks that each scenario and each test of a list exists. A test is named by its package's folder, its
// function and, behind a slash, its subtest.
func requireProof(t *testing.T, id, proof string) {
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
