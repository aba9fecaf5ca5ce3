package scheduling_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// batches are waiting pods of many kinds, made up for benchmarks and for the tables of what plans cost and how much work
// they are. Each comes in any size.
var batches = []struct {
	name string
	make func(pods, types int) scheduling.Snapshot
}{
	{"general", mix},
	{"plain", func(pods, types int) scheduling.Snapshot { return fleet(pods, types, 50) }},
	{"constrained", func(pods, types int) scheduling.Snapshot {
		return fleet(pods, types, 50, zoneSpread, hostApart, zonal, hostSpread)
	}},
	{"zone-spread", func(pods, types int) scheduling.Snapshot { return fleet(pods, types, 50, zoneSpread) }},
	{"host-apart", func(pods, types int) scheduling.Snapshot { return fleet(pods, types, 20, hostApart) }},
	{"many-classes", classes},
}

// batchOf is the batch of that name.
func batchOf(t testing.TB, name string, pods, types int) scheduling.Snapshot {
	t.Helper()
	for _, batch := range batches {
		if batch.name == name {
			return batch.make(pods, types)
		}
	}
	t.Fatalf("there is no batch %s", name)
	return scheduling.Snapshot{}
}

// general is a cluster with nothing but a NodePool, a catalogue and a DaemonSet.
func general(types int) scheduling.Snapshot {
	return scheduling.Snapshot{
		NodePools:     []*v1.NodePool{fake.NodePool("general")},
		InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": fake.Catalog(fake.CatalogOptions{Types: types})},
		DaemonPods:    []*corev1.Pod{fake.DaemonPod("agent", fake.Requests("200m", "256Mi"))},
	}
}

// mix is a batch of waiting pods of about forty kinds: small and large, balanced and lopsided, some tied to a zone, an
// architecture or a capacity type, some that keep apart.
func mix(pods, types int) scheduling.Snapshot {
	cpu := []string{"100m", "250m", "500m", "1", "1500m", "3"}
	memory := []string{"128Mi", "512Mi", "1Gi", "3Gi", "6Gi", "14Gi"}
	s := general(types)
	for i := range pods {
		kind := i % 41
		options := []fake.PodOption{fake.Requests(cpu[kind%6], memory[kind*7%6])}
		switch kind {
		case 3, 17:
			options = append(options, fake.InZone("zone-a"))
		case 5, 23:
			options = append(options, fake.NodeSelector(corev1.LabelArchStable, "arm64"))
		case 11:
			options = append(options, fake.NodeSelector(v1.CapacityTypeLabelKey, v1.CapacityTypeOnDemand))
		case 29:
			labels := map[string]string{"app": fmt.Sprintf("apart-%d", i/410)}
			options = append(options, fake.Labels(labels), fake.PodAntiAffinity(corev1.LabelHostname, labels))
		}
		s.Pods = append(s.Pods, fake.Pod(fmt.Sprintf("pod-%06d", i), options...))
	}
	return s
}

// constraint is what the pods of one workload state about each other.
type constraint func(labels map[string]string) fake.PodOption

func zoneSpread(labels map[string]string) fake.PodOption {
	return fake.Spread(corev1.LabelTopologyZone, 1, labels)
}
func hostSpread(labels map[string]string) fake.PodOption {
	return fake.Spread(corev1.LabelHostname, 2, labels)
}
func hostApart(labels map[string]string) fake.PodOption {
	return fake.PodAntiAffinity(corev1.LabelHostname, labels)
}
func zonal(map[string]string) fake.PodOption { return fake.InZone("zone-b") }

// fleet is workloads of so many replicas each, of thirty sizes, each with one of the constraints in turn. Whatever the
// constraints, the pods ask for the same.
func fleet(pods, types, replicas int, constraints ...constraint) scheduling.Snapshot {
	cpu := []string{"100m", "250m", "500m", "1", "750m"}
	memory := []string{"128Mi", "512Mi", "1Gi", "3Gi", "2Gi", "6Gi"}
	s := general(types)
	for i := range pods {
		app := i / replicas
		labels := map[string]string{"app": fmt.Sprintf("app-%05d", app)}
		options := []fake.PodOption{fake.Requests(cpu[app%5], memory[app%6]), fake.Labels(labels)}
		if len(constraints) > 0 {
			options = append(options, constraints[app%len(constraints)](labels))
		}
		s.Pods = append(s.Pods, fake.Pod(fmt.Sprintf("pod-%06d", i), options...))
	}
	return s
}

// classes is workloads of fourteen replicas each, no two of which ask for the same.
func classes(pods, types int) scheduling.Snapshot {
	s := general(types)
	for i := range pods {
		app := i / 14
		s.Pods = append(s.Pods, fake.Pod(fmt.Sprintf("pod-%06d", i),
			fake.Requests(fmt.Sprintf("%dm", 50+app*37%1999), fmt.Sprintf("%dMi", 64+app*101%7919)),
			fake.Labels(map[string]string{"app": fmt.Sprintf("app-%05d", app)})))
	}
	return s
}
