package requirement_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// golden compares with a file in testdata, or rewrites it under -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run with -update if the change is meant, and review the diff")
}

// TestIntersectMatrix is every ordered pair of operands, with neither, one and both sides carrying MinValues.
func TestIntersectMatrix(t *testing.T) {
	var b strings.Builder
	for _, r := range operands() {
		for _, o := range operands() {
			got := r.Intersect(o)
			fmt.Fprintf(&b, "%-16s & %-16s = %s\n", short(r), short(o), short(got))

			require.Equal(t, key, got.Key())
			require.Equal(t, !got.Empty(), r.Intersects(o), "%s & %s", r, o)
			// The left side's MinValues is kept, also when nothing is left.
			require.True(t, got.WithMinValues(2).Equal(r.WithMinValues(2).Intersect(o)))
			// The larger of two is kept, also when nothing is left.
			require.True(t, got.WithMinValues(3).Equal(r.WithMinValues(2).Intersect(o.WithMinValues(3))))
			require.True(t, got.WithMinValues(3).Equal(r.WithMinValues(3).Intersect(o.WithMinValues(2))))
		}
		b.WriteByte('\n')
	}
	golden(t, "matrix.txt", b.String())
}

// TestCompatibleMatrix is every ordered pair of operands and of "not mentioned", strict and with the key allowed to be
// undefined on the node side.
func TestCompatibleMatrix(t *testing.T) {
	sides := []requirement.Set{{}}
	for _, r := range operands() {
		sides = append(sides, requirement.NewSet(r))
	}
	name := func(s requirement.Set) string {
		if s.Len() == 0 {
			return "not mentioned"
		}
		return short(s.Get(key))
	}
	allowed := func(k string) bool { return k == key }
	var b strings.Builder
	for _, node := range sides {
		for _, pod := range sides {
			strict, lenient := node.Compatible(pod, nil), node.Compatible(pod, allowed)
			verdict := "no"
			switch {
			case strict == nil && lenient == nil:
				verdict = "yes"
			case lenient == nil:
				verdict = "if undefined is allowed"
			case strict == nil:
				t.Fatalf("%s: leniency forbids %s", node, pod)
			}
			fmt.Fprintf(&b, "node %-16s pod %-16s %s\n", name(node), name(pod), verdict)
		}
		b.WriteByte('\n')
	}
	golden(t, "compatible.txt", b.String())
}
