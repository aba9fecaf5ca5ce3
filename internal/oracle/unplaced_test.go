package oracle

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

func ask(f fixture, pairs ...string) {
	f.pod("huge").Spec.Containers[0].Resources.Requests = amounts(pairs...)
}

func rejections(f fixture, list ...scheduling.Rejection) { f.p.Unplaced[0].Rejections = list }

func TestUnplaced(t *testing.T) {
	sold := func(f fixture) {
		for _, typ := range f.s.InstanceTypes["general"] {
			for i := range typ.Offerings {
				typ.Offerings[i].Available = false
			}
		}
	}
	nodesFull := scheduling.Rejection{Code: scheduling.InsufficientResource, Key: "cpu", Count: 2}
	for _, row := range []struct {
		name   string
		change func(f fixture)
		rules  []Rule
	}{
		{"room on an existing node", func(f fixture) {
			sold(f)
			ask(f, "cpu", "300m")
			rejections(f, nodesFull)
		}, []Rule{RoomLeft}},
		{"room on a launch", func(f fixture) {
			sold(f)
			ask(f, "cpu", "200m", "memory", "2Gi")
			f.s.Nodes = f.s.Nodes[:0]
			f.p.Assignments = f.p.Assignments[:2]
			rejections(f, scheduling.Rejection{Code: scheduling.NoAvailableOffering, Pool: "general", Count: 1})
		}, []Rule{RoomLeft}},
		{"a further launch", func(f fixture) {
			ask(f, "cpu", "3")
			rejections(f, nodesFull)
		}, []Rule{CouldLaunch}},
		{"a further launch with another value of a custom key", func(f fixture) {
			ask(f, "cpu", "3")
			f.pod("huge").Spec.NodeSelector = map[string]string{"shard": "1", "maybe": "yes"}
			rejections(f, nodesFull)
		}, []Rule{CouldLaunch}},
		{"no further launch, for the value is not admitted", func(f fixture) {
			ask(f, "cpu", "3")
			f.pod("huge").Spec.NodeSelector = map[string]string{"shard": "2"}
			rejections(f, scheduling.Rejection{Code: scheduling.RequirementConflict, Pool: "general", Key: "shard", Count: 2})
		}, nil},
		{"no further launch within the limit", func(f fixture) {
			ask(f, "cpu", "3")
			f.pool().Spec.Limits = v1.Limits(amounts("cpu", "8"))
			rejections(f, scheduling.Rejection{Code: scheduling.NodePoolLimit, Pool: "general", Key: "cpu", Count: 1})
		}, nil},
		{"no further launch from stock", func(f fixture) {
			sold(f)
			ask(f, "cpu", "3")
			f.large().Offerings[4].Available = true
			f.large().Offerings[4].Stock = &cloudprovider.Stock{Key: "res-1", Count: 0}
			rejections(f, scheduling.Rejection{Code: scheduling.NoAvailableOffering, Pool: "general", Count: 1})
		}, nil},
		{"a further launch from stock", func(f fixture) {
			sold(f)
			ask(f, "cpu", "3")
			f.large().Offerings[4].Available = true
			rejections(f, nodesFull)
		}, []Rule{CouldLaunch}},
		{"no further launch with enough types", func(f fixture) {
			ask(f, "cpu", "3")
			two := 2
			f.pool().Spec.Template.Spec.Requirements[2] = v1.NodeRequirement{Key: "node.kubernetes.io/instance-type", Operator: "Exists", MinValues: &two}
			rejections(f, scheduling.Rejection{Code: scheduling.MinValues, Pool: "general", Key: "node.kubernetes.io/instance-type", Count: 1})
		}, nil},
		{"no reason of nodes is true", func(f fixture) {
			rejections(f, scheduling.Rejection{Code: scheduling.InsufficientResource, Key: "memory", Count: 2})
		}, []Rule{Reason}},
		{"no type has such a taint", func(f fixture) {
			rejections(f, scheduling.Rejection{Code: scheduling.UntoleratedTaint, Pool: "general", Key: "x", Count: 2})
		}, []Rule{Reason}},
		{"the pool has no such limit", func(f fixture) {
			rejections(f, scheduling.Rejection{Code: scheduling.NodePoolLimit, Pool: "general", Key: "memory", Count: 2})
		}, []Rule{Reason}},
		{"more nodes than there are", func(f fixture) {
			rejections(f, scheduling.Rejection{Code: scheduling.InsufficientResource, Key: "cpu", Count: 9})
		}, []Rule{Reason}},
		{"a taint", func(f fixture) {
			f.pod("huge").Spec.Tolerations = nil
			rejections(f, scheduling.Rejection{Code: scheduling.UntoleratedTaint, Pool: "general", Key: "dedicated=x:NoSchedule", Count: 2})
		}, nil},
		{"a pod apart", func(f fixture) {
			sold(f)
			ask(f, "memory", "1Mi")
			f.pod("huge").Spec.Affinity = antiTerm("kubernetes.io/hostname", nil)
			rejections(f, scheduling.Rejection{Code: scheduling.PodAntiAffinity, Key: "kubernetes.io/hostname", Count: 2})
		}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture()
			row.change(f)
			requireRules(t, Unplaced(*f.s, f.p), row.rules...)
		})
	}
}

func TestCheapest(t *testing.T) {
	f := newFixture()
	_, ok := Cheapest(*f.s)
	require.False(t, ok, "huge fits nowhere")
	f.s.Pods = f.s.Pods[:4]
	price, ok := Cheapest(*f.s)
	require.True(t, ok)
	require.InDelta(t, 0.1, price, 1e-9, "c and d on nodes, a and b on one small machine")

	f.s.Nodes = nil
	price, ok = Cheapest(*f.s)
	require.True(t, ok)
	require.InDelta(t, 0.3, price, 1e-9, "a and b on a small one, c and d on a large one")

	f.pool().Spec.Limits = v1.Limits(amounts("nodes", "1"))
	_, ok = Cheapest(*f.s)
	require.False(t, ok, "one node is not enough")

	f.s.Pods = []*corev1.Pod{f.s.Pods[0]}
	f.small().Offerings = []cloudprovider.Offering{{Zone: "zone-a", CapacityType: "reserved", Stock: &cloudprovider.Stock{Key: "res-1", Count: 0}, Available: true}}
	price, ok = Cheapest(*f.s)
	require.True(t, ok)
	require.InDelta(t, 0.2, price, 1e-9, "the small one is out of stock")
}
