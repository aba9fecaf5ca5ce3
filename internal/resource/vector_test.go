package resource_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"

	"github.com/kerf-autoscaler/kerf/internal/resource"
)

func TestPositionsAreStableWhateverTheOrderOfNames(t *testing.T) {
	a := resource.NewIndex("nvidia.com/gpu", "memory", "cpu", "example.com/fpga", "pods", "cpu")
	b := resource.NewIndex("pods", "example.com/fpga", "cpu", "nvidia.com/gpu", "memory")
	require.Equal(t, a, b)
	require.Equal(t, corev1.ResourceCPU, a.Name(0))
	require.Equal(t, corev1.ResourceName("example.com/fpga"), a.Name(3))
	_, known := a.Position("hugepages-2Mi")
	require.False(t, known)
}

func TestDemandRoundsUpAndCapacityRoundsDown(t *testing.T) {
	for _, test := range []struct {
		name     corev1.ResourceName
		quantity string
		up, down int64
	}{
		{"cpu", "1", 1000, 1000},
		{"cpu", "0.0005", 1, 0},
		{"cpu", "100.5m", 101, 100},
		{"memory", "1.5", 2, 1},
		{"memory", "1Gi", 1 << 30, 1 << 30},
		{"memory", "100m", 1, 0},
		{"nvidia.com/gpu", "2", 2, 2},
		{"memory", "9223372036854775807", math.MaxInt64, math.MaxInt64},
		{"cpu", "0", 0, 0},
	} {
		q := quantity.MustParse(test.quantity)
		require.Equal(t, test.up, resource.Up(test.name, q), "%s %s up", test.name, test.quantity)
		require.Equal(t, test.down, resource.Down(test.name, q), "%s %s down", test.name, test.quantity)
	}
}

func TestWhatIsNotDemandedIsNotLookedAt(t *testing.T) {
	overcommitted := resource.Vector{-500, 100}
	require.True(t, overcommitted.Fits(resource.Vector{0, 100}))
	require.False(t, overcommitted.Fits(resource.Vector{1, 100}))
	require.Equal(t, int64(2), overcommitted.Times(resource.Vector{0, 50}, 10))
	require.Equal(t, int64(0), overcommitted.Times(resource.Vector{1, 50}, 10))
	require.Equal(t, int64(10), overcommitted.Times(resource.Vector{0, 0}, 10))
}

func TestSumsStopAtTheLargestNumber(t *testing.T) {
	v := resource.Vector{math.MaxInt64 - 1, math.MinInt64 + 1, 5}
	v.Add(resource.Vector{5, -5, 5})
	require.Equal(t, resource.Vector{math.MaxInt64, math.MinInt64, 10}, v)
}

func FuzzTimes(f *testing.F) {
	f.Add(int64(10), int64(3), int64(7), int64(2), int64(100))
	f.Fuzz(func(t *testing.T, room0, room1, need0, need1, limit int64) {
		limit = limit & 0xff
		need0, need1 = need0&0xffff, need1&0xffff
		room := resource.Vector{room0 & 0xfffff, room1 & 0xfffff}
		need := resource.Vector{need0, need1}
		want := int64(0)
		for left := room.Clone(); want < limit && left.Fits(need); want++ {
			left.Sub(need, 1)
		}
		require.Equal(t, want, room.Times(need, limit))
	})
}

func ExampleIndex_Demand() {
	index := resource.NewIndex("cpu", "memory")
	v := index.Demand(corev1.ResourceList{"cpu": quantity.MustParse("250m"), "memory": quantity.MustParse("1536Mi")})
	fmt.Println(v, index.Format(0, v[0]), index.Format(1, v[1]))
	// Output: [250 1610612736] 250m 1536Mi
}
