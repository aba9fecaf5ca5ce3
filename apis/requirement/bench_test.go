package requirement_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
)

// manyTypes is In with the names of n instance types, beginning with number from.
func manyTypes(from, n int) requirement.Requirement {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("family-%04d.large", from+i)
	}
	return requirement.In("node.kubernetes.io/instance-type", names...)
}

func claim() requirement.Set {
	return requirement.NewSet(
		manyTypes(0, 60),
		requirement.In("karpenter.sh/capacity-type", "on-demand", "spot"),
		requirement.In("karpenter.sh/nodepool", "general"),
		requirement.In("kubernetes.io/arch", "amd64"),
		requirement.In("kubernetes.io/os", "linux"),
		requirement.In("topology.kubernetes.io/zone", "zone-a", "zone-b", "zone-c"),
		requirement.Gte("example.com/generation", 3),
	)
}

func node() map[string]string {
	return map[string]string{
		"node.kubernetes.io/instance-type": "family-0007.large",
		"karpenter.sh/capacity-type":       "spot",
		"karpenter.sh/nodepool":            "general",
		"kubernetes.io/arch":               "amd64",
		"kubernetes.io/os":                 "linux",
		"kubernetes.io/hostname":           "node-7",
		"topology.kubernetes.io/zone":      "zone-b",
		"example.com/generation":           "7",
	}
}

// The questions that planners ask in loops must not allocate, whatever the answer.
func TestQuestionsDoNotAllocate(t *testing.T) {
	bounds := all(requirement.Gte(key, 2), requirement.Lte(key, 5), requirement.NotIn(key, "2", "3"))
	rs := append(operands(), bounds, requirement.NotIn(key, "4", "5", "9"), requirement.Any(key))
	s, pod, labels := claim(), requirement.NewSet(requirement.In("topology.kubernetes.io/zone", "zone-b")), node()
	require.True(t, s.Match(labels))
	for name, ask := range map[string]func(){
		"Has":        func() { _ = bounds.Has("4") },
		"Has letter": func() { _ = bounds.Has("x") },
		"Intersects": func() {
			for _, r := range rs {
				for _, o := range rs {
					_ = r.Intersects(o)
				}
			}
		},
		"Match":          func() { _ = s.Match(labels) },
		"Set.Intersects": func() { _ = s.Intersects(pod) },
		"Compatible":     func() { _ = s.Compatible(pod, nil) },
		"Get":            func() { _ = s.Get("karpenter.sh/nodepool") },
	} {
		require.Zero(t, testing.AllocsPerRun(100, ask), name)
	}
}

func BenchmarkHas(b *testing.B) {
	types, bounds := manyTypes(0, 600), all(requirement.Gte(key, 2), requirement.NotIn(key, "4"))
	b.Run("in", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			types.Has("family-0300.large")
		}
	})
	b.Run("bounds", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			bounds.Has("128")
		}
	})
}

func BenchmarkIntersects(b *testing.B) {
	for name, pair := range map[string][2]requirement.Requirement{
		"in/in":         {manyTypes(0, 600), manyTypes(599, 600)},
		"in/disjoint":   {manyTypes(0, 600), manyTypes(600, 600)},
		"one/in":        {manyTypes(300, 1), manyTypes(0, 600)},
		"in/notin":      {manyTypes(0, 600), requirement.NotIn(key, "family-0000.large")},
		"bounds/bounds": {requirement.Gte(key, 2), requirement.Lte(key, 8)},
		"range/notin":   {all(requirement.Gte(key, 2), requirement.Lte(key, 3)), requirement.NotIn(key, "2", "3")},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				pair[0].Intersects(pair[1])
			}
		})
	}
}

func BenchmarkIntersect(b *testing.B) {
	for name, pair := range map[string][2]requirement.Requirement{
		"half":    {manyTypes(0, 600), manyTypes(300, 600)},
		"subset":  {manyTypes(0, 600), manyTypes(300, 3)},
		"exists":  {manyTypes(0, 600), requirement.Exists(key)},
		"exclude": {manyTypes(0, 600), requirement.NotIn(key, "family-0300.large")},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				pair[0].Intersect(pair[1])
			}
		})
	}
}

func BenchmarkSet(b *testing.B) {
	s, labels := claim(), node()
	pod := requirement.NewSet(requirement.In("topology.kubernetes.io/zone", "zone-b"), requirement.In("kubernetes.io/arch", "amd64"))
	b.Run("match", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Match(labels)
		}
	})
	b.Run("compatible", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = s.Compatible(pod, nil)
		}
	})
	b.Run("intersect", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Intersect(pod)
		}
	})
	b.Run("string", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = s.String()
		}
	})
}
