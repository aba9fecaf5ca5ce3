package disruption_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/internal/peercases"
)

// testdata/PEER.md says of each of the peer's cases where it is proven, and whether Kerf does the same. A case without a proof is
// found here, as is a proof that is not there.
func TestEveryCaseOfThePeerIsProven(t *testing.T) {
	proofs, reasons := peercases.Read(t, "testdata/PEER.md", 4, 4), peercases.Read(t, "testdata/NOT-PEER.md", 2, 2)
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
				peercases.RequireProof(t, id, row[2])
			}
		}
	}
	require.Len(t, proofs, want, "PEER.md has cases that do not exist")
}
