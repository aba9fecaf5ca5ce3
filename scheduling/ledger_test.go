package scheduling

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// spreadingProblem has pods that are spread over zones and hosts, that seek and avoid each other, and nodes of which two
// share a hostname and one is in no zone.
func spreadingProblem(t *testing.T) *Problem {
	t.Helper()
	room := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("64"), corev1.ResourceMemory: resource.MustParse("256Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	pool := &v1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: "general"}}
	large := &cloudprovider.InstanceType{Name: "large", Capacity: room, Offerings: []cloudprovider.Offering{
		{Zone: "zone-a", CapacityType: v1.CapacityTypeOnDemand, Price: 1, Available: true},
		{Zone: "zone-c", CapacityType: v1.CapacityTypeOnDemand, Price: 1, Available: true},
	}}
	s := Snapshot{
		Namespaces: []*corev1.Namespace{}, DaemonPods: []*corev1.Pod{}, NodePools: []*v1.NodePool{pool},
		InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {large}},
	}
	for i, labels := range []map[string]string{
		{corev1.LabelTopologyZone: "zone-a"}, {corev1.LabelTopologyZone: "zone-a", corev1.LabelHostname: "twin"},
		{corev1.LabelTopologyZone: "zone-b", corev1.LabelHostname: "twin"}, {},
	} {
		name := fmt.Sprint("n-", i)
		if labels[corev1.LabelHostname] == "" {
			labels[corev1.LabelHostname] = name
		}
		bound := ownedPod("bound-"+name, "", "", "", map[string]string{"app": "web"})
		bound.Spec.NodeName = name
		s.Nodes = append(s.Nodes, Node{
			Node: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Status: corev1.NodeStatus{Allocatable: room, Capacity: room}},
			Pods: []*corev1.Pod{bound}[:i%2],
		})
	}
	spread := func(key string) corev1.TopologySpreadConstraint {
		return corev1.TopologySpreadConstraint{
			MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: byLabels(map[string]string{"app": "web"}),
		}
	}
	term := func(app string) []corev1.PodAffinityTerm {
		return []corev1.PodAffinityTerm{{TopologyKey: corev1.LabelTopologyZone, LabelSelector: byLabels(map[string]string{"app": app})}}
	}
	for i := range 3 {
		web := ownedPod(fmt.Sprint("web-", i), "", "", "", map[string]string{"app": "web"})
		web.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{spread(corev1.LabelTopologyZone), spread(corev1.LabelHostname)}
		plain := ownedPod(fmt.Sprint("plain-", i), "", "", "", map[string]string{"app": "web"})
		near := ownedPod(fmt.Sprint("near-", i), "", "", "", map[string]string{"app": "near"})
		near.Spec.Affinity = &corev1.Affinity{
			PodAffinity:     &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: term("web")},
			PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: term("near")},
		}
		s.Pods = append(s.Pods, web, plain, near)
	}
	p, err := Compile(s)
	require.NoError(t, err)
	require.NotEmpty(t, p.topology.tracks)
	return p
}

// TestLedgerCountsWhatIsThere puts pods on hosts, takes them off, and opens and shuts hosts at random, and holds the counts
// of the ledger against a recount of all hosts.
func TestLedgerCountsWhatIsThere(t *testing.T) {
	p := spreadingProblem(t)
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 2))
		l := p.newLedger()
		for range 60 {
			at := r.IntN(len(l.hosts))
			switch h := &l.hosts[at]; r.IntN(6) {
			case 0:
				row := int32(r.IntN(len(p.rows)))
				l.open(host{kind: p.kind(row), node: -1, row: row, copies: int64(1 + r.IntN(3))})
			case 1:
				if last := len(l.hosts) - 1; l.hosts[last].node < 0 && len(l.hosts[last].content) == 0 {
					l.shut(last)
				}
			case 2:
				if len(h.content) > 0 {
					part := pick(r, h.content...)
					l.put(at, part.class, -(1 + r.Int64N(part.count)))
				}
			case 3:
				if h.copies > 1 {
					rest := l.split(at)
					if r.IntN(2) == 0 {
						l.join(at, rest)
					}
				}
			default:
				l.put(at, int32(r.IntN(p.roots())), 1+r.Int64N(2))
			}
			requireCounts(t, l)
		}
		before := l.clone()
		before.put(0, 0, 1)
		requireCounts(t, before)
		requireCounts(t, l)
	}
}

// requireCounts recounts every track from the hosts alone.
func requireCounts(t *testing.T, l *ledger) {
	t.Helper()
	topo := &l.p.topology
	for n, tr := range topo.tracks {
		track := int32(n)
		total, counts, present, names := int64(0), map[int32]int64{}, map[int32]int64{}, map[string]int64{}
		copies := map[string]int64{}
		for i := range l.hosts {
			h := &l.hosts[i]
			if !l.includes(i, track) {
				continue
			}
			here := topo.before(h.kind, h.node, track)
			for _, part := range h.content {
				for _, counted := range l.p.classes[part.class].topo.counted {
					if counted == track {
						here += part.count
					}
				}
			}
			name := fmt.Sprint("new ", i)
			if h.node >= 0 {
				name = l.p.nodes[h.node].object.Labels[corev1.LabelHostname]
			}
			names[name] += here
			copies[name] = h.copies
			if tr.key == hostname {
				total += here * h.copies
			} else if d := topo.cells[h.kind.cell][tr.key]; d >= 0 {
				total += here * h.copies
				counts[d] += here * h.copies
				present[d] += h.copies
			}
		}
		require.Equal(t, total, l.total[n], "track %d %+v", n, tr)
		if tr.key != hostname {
			for d, count := range l.counts[n] {
				require.Equal(t, counts[int32(d)], count, "track %d, domain %d", n, d)
				if tr.spread {
					require.Equal(t, present[int32(d)], l.present[n][d], "track %d, domain %d", n, d)
				}
			}
			continue
		}
		if !tr.spread {
			continue
		}
		least, domains, byHeight := int64(math.MaxInt64), int64(0), map[int64]int64{}
		for name, count := range names {
			least, domains = min(least, count), domains+copies[name]
			byHeight[count] += copies[name]
		}
		gotLeast, gotDomains := l.heights[n].least()
		require.Equal(t, []int64{least, domains}, []int64{gotLeast, gotDomains}, "track %d: the least and the number of hosts", n)
		for height, hosts := range l.heights[n] {
			require.Equal(t, byHeight[int64(height)], hosts, "track %d, hosts with %d pods", n, height)
		}
	}
}

func TestPortionsAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var content []portion
	counts := map[int32]int64{}
	for range 500 {
		class, n := int32(r.IntN(6)), r.Int64N(4)+1
		if counts[class] > 0 && r.IntN(2) == 0 {
			n = -(r.Int64N(counts[class]) + 1)
		}
		before := fmt.Sprint(content)
		next := portions(content, class, n)
		require.Equal(t, before, fmt.Sprint(content), "what was there is not modified")
		content = next
		if counts[class] += n; counts[class] == 0 {
			delete(counts, class)
		}
		require.Len(t, content, len(counts))
		for i, part := range content {
			require.Equal(t, counts[part.class], part.count)
			require.True(t, i == 0 || content[i-1].class < part.class, "sorted by class")
		}
	}
}
