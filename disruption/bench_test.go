package disruption_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// settlement is a cluster of about that many nodes of 8 CPUs with some twenty pods each, of 200 kinds, a tenth of which have
// gone since they were packed.
func settlement(t testing.TB, nodes int) disruption.Input {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(nodes), 3))
	var types []*cloudprovider.InstanceType
	for _, size := range []string{"8"} {
		for j, ratio := range []int{4, 8} {
			cpu, _ := strconv.Atoi(size)
			price := float64(cpu) * (0.03 + 0.004*float64(ratio))
			types = append(types, fake.InstanceType(fmt.Sprintf("%c%s", "mr"[j], size), size, fmt.Sprintf("%dGi", cpu*ratio), fake.PodLimit(58),
				fake.OnDemand("zone-a", price), fake.OnDemand("zone-b", price), fake.OnDemand("zone-c", price)))
		}
	}
	s := scheduling.Snapshot{
		Now: now, Pods: []*corev1.Pod{}, Nodes: []scheduling.Node{}, DaemonPods: []*corev1.Pod{}, Namespaces: []*corev1.Namespace{},
		NodePools: []*v1.NodePool{fake.NodePool("general")}, InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": types},
	}
	for kind := range 200 {
		cpu, memory := 100+50*random.IntN(11), 512*(1+random.IntN(5))
		for n := range nodes * 20 / 200 {
			s.Pods = append(s.Pods, fake.Pod(fmt.Sprintf("app-%d-%d", kind, n), fake.Label("app", fmt.Sprint(kind)), fake.Owner("ReplicaSet", fmt.Sprintf("app-%d", kind)),
				fake.Requests(fmt.Sprintf("%dm", cpu), fmt.Sprintf("%dMi", memory))))
		}
	}
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{Draft: true})
	require.NoError(t, err)
	return lose(inhabited(s, plan), 0.1, 1)
}

// What a whole decision takes. A tenth of the pods has gone from clusters that were packed well:
//
//	go test ./disruption -run xxx -bench Decide -benchtime 1x
func BenchmarkDecide(b *testing.B) {
	for _, nodes := range []int{300, 2000, 10000} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			in := settlement(b, nodes)
			b.ReportAllocs()
			var d *disruption.Decision
			for b.Loop() {
				var err error
				d, err = disruption.Decide(b.Context(), in, disruption.Options{})
				require.NoError(b, err)
			}
			b.ReportMetric(float64(len(in.Nodes)), "nodes")
			b.ReportMetric(float64(len(d.Commands)), "commands")
			b.ReportMetric(100*(d.Price-d.After)/d.Price, "%saved")
			b.ReportMetric(100*(d.After-d.Bound)/d.Bound, "%left")
			b.ReportMetric(float64(d.Stats.WhatIfs), "whatifs")
		})
	}
}
