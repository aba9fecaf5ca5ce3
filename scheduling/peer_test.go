package scheduling_test

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

// testdata/PEER.md says of each of the peer's cases where it is proven. A case without a proof is found here, as is a
// proof that is not there.
func TestEveryCaseOfThePeerIsProven(t *testing.T) {
	proofs := casesOf(t, "PEER.md")
	reasons := casesOf(t, "NOT-PEER.md")
	want := 0
	for section, n := range map[string]int{"A": 116, "B": 214, "C": 103, "D": 36, "I": 33, "J": 11} {
		want += n
		for i := 1; i <= n; i++ {
			id := section + strconv.Itoa(i)
			proof, listed := proofs[id]
			require.True(t, listed, "%s is not in PEER.md", id)
			require.Equal(t, proof == "NOT-PEER", reasons[id] != "", "%s: NOT-PEER.md has the reason of every case that is NOT-PEER, and of no other", id)
			if proof != "NOT-PEER" {
				requireProof(t, id, proof)
			}
		}
	}
	require.Len(t, proofs, want, "PEER.md has cases that do not exist")
}

// casesOf reads the tables of a file in testdata: the last column by the ids of the first, where A2-A4 are three ids.
func casesOf(t *testing.T, name string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	row := regexp.MustCompile(`(?m)^\| ([A-Z])(\d+)(?:-([A-Z])(\d+))? \|(?: [^|]+ \|)?? ([^|]+) \|$`)
	out := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(string(data), -1) {
		first, err := strconv.Atoi(m[2])
		require.NoError(t, err)
		last := first
		if m[4] != "" {
			require.Equal(t, m[1], m[3], "%s: %s", name, m[0])
			last, err = strconv.Atoi(m[4])
			require.NoError(t, err)
			require.Greater(t, last, first, "%s: %s", name, m[0])
		}
		for i := first; i <= last; i++ {
			id := m[1] + strconv.Itoa(i)
			require.NotContains(t, out, id, name)
			out[id] = m[5]
		}
	}
	rows := strings.Count(string(data), "\n| ") - strings.Count(string(data), "\n| case |")
	require.Len(t, row.FindAllString(string(data), -1), rows, "%s: rows that cannot be read", name)
	return out
}

// requireProof checks that each scenario and each test of a list exists. A test is named by its package's folder, its
// function and, behind a slash, its subtest.
func requireProof(t *testing.T, id, proof string) {
	t.Helper()
	quoted := regexp.MustCompile("^`[^`]+`(, `[^`]+`)*$")
	require.Regexp(t, quoted, proof, id)
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

// hasTest reports whether a test file of the folder has the function and, if asked for, names the subtest behind it.
func hasTest(t *testing.T, folder, function, subtest string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(folder), "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		if _, body, found := strings.Cut(string(data), function); found {
			return subtest == "" || strings.Contains(body, fmt.Sprintf("%q", subtest))
		}
	}
	return false
}
