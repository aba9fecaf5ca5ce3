package phrase_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/internal/phrase"
)

func TestMoneyShowsCentsAndMoreWhereThereIsMore(t *testing.T) {
	for v, want := range map[float64]string{0: "$0.00", 0.5: "$0.50", 0.123: "$0.123", 0.00004: "$0.00", 1234.5678: "$1234.5678", -2: "$-2.00"} {
		require.Equal(t, want, phrase.Money(v))
	}
}

func TestListsAreFolded(t *testing.T) {
	require.Equal(t, "-", phrase.Fold([]time.Duration{}))
	require.Equal(t, "1s", phrase.Fold([]time.Duration{time.Second}))
	require.Equal(t, "1s +2", phrase.Fold([]time.Duration{time.Second, 2, 3}))
	require.Equal(t, "1 node", "1 "+phrase.Plural(1, "node", "nodes"))
	require.Equal(t, "0 nodes", "0 "+phrase.Plural(0, "node", "nodes"))
}
