package scheduling

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
)

// pricedProblem has pods of so many kinds and instance types of 600 shapes, some of them twice to make up the number.
func pricedProblem(b *testing.B, kinds, types int) *Problem {
	b.Helper()
	list := fake.Catalog(fake.CatalogOptions{Types: min(types, 600)})
	for _, further := range fake.Catalog(fake.CatalogOptions{Types: 600})[:types-len(list)] {
		further.Name += ".more"
		for i := range further.Offerings {
			further.Offerings[i].Price *= 1.01
		}
		list = append(list, further)
	}
	s := Snapshot{
		NodePools:     []*v1.NodePool{fake.NodePool("general")},
		InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": list},
		DaemonPods:    []*corev1.Pod{},
	}
	for kind := range kinds {
		options := []fake.PodOption{fake.Requests(fmt.Sprintf("%dm", 50+kind*37%1999), fmt.Sprintf("%dMi", 64+kind*101%7919))}
		switch kind % 8 { // kinds that tell machines apart, so that more of them are worth a look
		case 1:
			options = append(options, fake.InZone([]string{"zone-a", "zone-b", "zone-c"}[kind/8%3]))
		case 3:
			options = append(options, fake.NodeSelector(corev1.LabelArchStable, []string{"amd64", "arm64"}[kind/8%2]))
		case 5:
			options = append(options, fake.NodeSelector(v1.CapacityTypeLabelKey, v1.CapacityTypeOnDemand))
		case 7:
			options = append(options, fake.NodeSelector(fake.LabelGeneration, []string{"1", "2", "3"}[kind/8%3]))
		}
		s.Pods = append(s.Pods, fake.Pods(20, fmt.Sprintf("kind-%d", kind), options...)...)
	}
	p, err := Compile(s)
	require.NoError(b, err)
	return p
}

// The bound by prices of resources and by a search over whole nodes, which every plan states.
func BenchmarkBoundByResources(b *testing.B) {
	for _, size := range []struct{ kinds, types int }{{40, 100}, {40, 1_000}, {1_000, 1_000}} {
		p := pricedProblem(b, size.kinds, size.types)
		counts := make([]int64, len(p.classes))
		for c := range p.classes {
			counts[c] = int64(p.classes[c].planned())
		}
		b.Run(fmt.Sprintf("classes=%d/types=%d", size.kinds, size.types), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				require.Positive(b, p.bound(counts))
			}
			b.ReportMetric(float64(len(p.bins)), "bins")
		})
	}
}
