package scheduling_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// cluster is nodes in three zones with perNode pods each, of some two hundred kinds: plain ones, pods tied to a zone or an
// architecture, pods spread over zones, apart by host or by zone, and pods with volumes of their own.
func cluster(nodes, perNode int) scheduling.Snapshot {
	cpu := []string{"100m", "250m", "500m", "1", "750m"}
	memory := []string{"128Mi", "512Mi", "1Gi", "3Gi", "2Gi"}
	types := fake.Catalog(fake.CatalogOptions{Types: 400})
	s := scheduling.Snapshot{
		Pods:          []*corev1.Pod{fake.Pod("waiting", fake.Requests("250m", "512Mi"))},
		NodePools:     []*v1.NodePool{fake.NodePool("general")},
		InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": types},
		DaemonPods:    []*corev1.Pod{fake.DaemonPod("agent", fake.Requests("200m", "256Mi"))},
		Storage:       scheduling.Storage{CSIDrivers: []*storagev1.CSIDriver{}, Classes: []*storagev1.StorageClass{}, Attachments: []*storagev1.VolumeAttachment{}},
	}
	zones := []string{"zone-a", "zone-b", "zone-c"}
	big := types[slices.IndexFunc(types, func(t *cloudprovider.InstanceType) bool { return t.Name == "g3.4xlarge" })]
	for i := range nodes {
		name, zone := fmt.Sprintf("node-%05d", i), zones[i%3]
		n := scheduling.Node{Node: fake.Node(name, fake.OfType(big, zone, v1.CapacityTypeOnDemand), fake.InPool("general"))}
		agent := fake.Pod("agent-"+name, fake.Requests("200m", "256Mi"), fake.Owner("DaemonSet", "agent"), fake.OnNode(name))
		n.Pods = append(n.Pods, agent)
		for j := range perNode {
			app := (i + 10*j) % 200
			pod := fmt.Sprintf("app-%03d-%05d", app, i)
			labels := map[string]string{"app": fmt.Sprintf("app-%03d", app)}
			options := []fake.PodOption{
				fake.Requests(cpu[app%5], memory[app/5%5]), fake.Labels(labels), fake.Owner("ReplicaSet", fmt.Sprintf("app-%03d", app)), fake.OnNode(name),
			}
			switch app % 20 {
			case 3:
				options = append(options, fake.NodeSelector(corev1.LabelTopologyZone, zone))
			case 5, 6, 7:
				options = append(options, fake.Spread(corev1.LabelTopologyZone, 1, labels))
			case 9, 10:
				options = append(options, fake.PodAntiAffinity(corev1.LabelHostname, labels))
			case 12:
				options = append(options, fake.NodeSelector(corev1.LabelArchStable, "amd64"))
			case 15:
				if i < 600 {
					claimed(&s, pod, zone)
					volumes := s.Pods[len(s.Pods)-1].Spec.Volumes
					s.Pods = s.Pods[:len(s.Pods)-1]
					options = append(options, fake.PodFunc(func(p *corev1.Pod) { p.Spec.Volumes = volumes }))
				}
			case 17:
				options = append(options, fake.Spread(corev1.LabelHostname, 2, labels))
			case 18:
				if i < 3*200 && i%200 == app {
					own := map[string]string{"apart": labels["app"]}
					options = append(options, fake.Labels(own), fake.PodAntiAffinity(corev1.LabelTopologyZone, own))
				}
			}
			n.Pods = append(n.Pods, fake.Pod(pod, options...))
		}
		s.Nodes = append(s.Nodes, n)
		s.Storage.CSINodes = append(s.Storage.CSINodes, &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	return s
}

func BenchmarkWithout(b *testing.B) {
	for _, size := range []struct{ nodes, perNode int }{{200, 20}, {2_000, 20}} {
		b.Run(fmt.Sprintf("nodes=%d/pods=%d", size.nodes, size.nodes*size.perNode), func(b *testing.B) {
			problem, err := scheduling.Compile(cluster(size.nodes, size.perNode))
			require.NoError(b, err)
			_, err = problem.Without("node-00000")
			require.NoError(b, err)
			b.ReportAllocs()
			var plan *scheduling.Plan
			var took []float64
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				without, err := problem.Without(fmt.Sprintf("node-%05d", i*7%size.nodes))
				require.NoError(b, err)
				plan, err = without.Solve(b.Context(), scheduling.Options{})
				require.NoError(b, err)
				took = append(took, float64(time.Since(began).Nanoseconds()))
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2], "median-ns")
			b.ReportMetric(plan.Price(), "$/h")
			b.ReportMetric(float64(len(plan.Unplaced)), "unplaced")
			b.ReportMetric(float64(plan.Stats.Effort), "steps")
		})
	}
}

// One more pod: beside 100,000 that are bound, and beside as many that wait.
func BenchmarkWith(b *testing.B) {
	for _, world := range []struct {
		name string
		make func() scheduling.Snapshot
	}{
		{"bound", func() scheduling.Snapshot { return cluster(5_000, 20) }},
		{"waiting", func() scheduling.Snapshot { return mix(100_000, 400) }},
	} {
		b.Run(world.name, func(b *testing.B) {
			s := world.make()
			began := time.Now()
			problem, err := scheduling.Compile(s)
			require.NoError(b, err)
			_, err = problem.Solve(b.Context(), scheduling.Options{})
			require.NoError(b, err)
			first := time.Since(began)
			_, err = problem.With() // makes what later ones share
			require.NoError(b, err)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				with, err := problem.With(fake.Pod(fmt.Sprintf("one-more-%d", i), fake.Requests("500m", "1Gi")))
				require.NoError(b, err)
				_, err = with.Solve(b.Context(), scheduling.Options{})
				require.NoError(b, err)
			}
			b.ReportMetric(100*float64(b.Elapsed())/float64(b.N)/float64(first), "%first")
		})
	}
}
