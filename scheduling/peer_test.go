package scheduling_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/internal/peercases"
)

// testdata/PEER.md says of each of the peer's cases where it is proven. A case without a proof is found here, as is a
// proof that is not there.
func TestEveryCaseOfThePeerIsProven(t *testing.T) {
	proofs := peercases.Read(t, "testdata/PEER.md", 2, 3)
	reasons := peercases.Read(t, "testdata/NOT-PEER.md", 2, 3)
	want := 0
	for section, n := range map[string]int{"A": 116, "B": 214, "C": 103, "D": 36, "I": 33, "J": 11} {
		want += n
		for i := 1; i <= n; i++ {
			id := section + strconv.Itoa(i)
			row, listed := proofs[id]
			require.True(t, listed, "%s is not in PEER.md", id)
			proof := row[len(row)-1]
			_, excused := reasons[id]
			require.Equal(t, proof == "NOT-PEER", excused, "%s: NOT-PEER.md has the reason of every case that is NOT-PEER, and of no other", id)
			if proof != "NOT-PEER" {
				peercases.RequireProof(t, id, proof)
			}
		}
	}
	require.Len(t, proofs, want, "PEER.md has cases that do not exist")
}
