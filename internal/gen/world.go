package gen

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// maker makes one world.
type maker struct {
	*rand.Rand
	f       Features
	s       scheduling.Snapshot
	zones   []string
	catalog []*cloudprovider.InstanceType
	targets []target
	pods    int    // how many to make
	at      target // what the group of pods at hand is tailored to
	dense   bool   // the world is about constraints between pods
	few     bool   // the pods of the group at hand stand in each other's way
}

// target is something that could be launched: what a pod group is tailored to.
type target struct {
	pool      *v1.NodePool
	typ       *cloudprovider.InstanceType
	offering  *cloudprovider.Offering
	labels    map[string]string
	available bool
}

// World makes the world of a seed.
func World(seed uint64, f Features) scheduling.Snapshot {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 0x6b657266)), f: f}
	m.s.Now = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	m.s.InstanceTypes = map[string][]*cloudprovider.InstanceType{}
	m.s.Pods, m.s.Nodes, m.s.DaemonPods = []*corev1.Pod{}, []scheduling.Node{}, []*corev1.Pod{}
	for _, ns := range []string{"default", "team-a"} {
		m.s.Namespaces = append(m.s.Namespaces, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns, Labels: map[string]string{"tenant": ns}}})
	}
	m.zones = []string{"zone-a", "zone-b", "zone-c", "zone-d"}[:m.between(1, 4)]
	types, pools, daemons, nodes := 0, 0, 0, 0
	switch size := f.Size; {
	case size == Minute:
		m.pods, types, pools, daemons, nodes = m.between(1, 6), m.between(1, 2), m.between(1, 2), m.IntN(2), m.IntN(2)
		m.zones = m.zones[:min(len(m.zones), 2)]
	case size == Large || size == Mixed && m.chance(0.03):
		m.pods, types, pools, daemons, nodes = m.between(200, 500), m.between(4, 20), m.between(1, 4), m.between(0, 4), m.between(0, 10)
	default:
		m.pods, types, pools, daemons, nodes = m.between(1, 60), m.between(1, 12), m.between(1, 4), m.IntN(4), m.IntN(6)
		if m.chance(0.4) {
			m.pods = m.between(1, 12)
		}
	}
	m.dense = f.topology() && m.chance(0.35)
	m.makeCatalog(types)
	if f.SharedStock && m.chance(0.15) {
		m.shareStock()
	}
	if f.Volumes {
		m.limitVolumes()
		m.makeClasses()
	}
	m.makePools(pools)
	m.findTargets()
	if f.Daemons {
		m.makeDaemons(daemons)
	}
	if f.Nodes {
		m.makeNodes(nodes)
	}
	if f.Volumes {
		m.makeLocalVolumes()
		m.makeAttachments()
	}
	if f.DefaultSpread && m.chance(0.12) {
		m.spreadByDefault()
	}
	kinds := m.makePods()
	if f.Groups {
		m.makeGroups(kinds)
	}
	return m.s
}

// Tiny makes a world that is small enough to try every possibility: up to six pods and four offerings. Of the features
// those are left out that a search through all possibilities cannot judge.
func Tiny(seed uint64, f Features) scheduling.Snapshot {
	f.Size, f.Unsupported, f.Closed, f.OpenLabels = Minute, false, false, false
	return World(seed, f)
}

// findTargets lists what the pools could launch.
func (m *maker) findTargets() {
	for _, pool := range m.s.NodePools {
		for _, t := range m.s.InstanceTypes[pool.Name] {
			for i := range t.Offerings {
				if labels, ok := m.labelsOf(pool, t, &t.Offerings[i]); ok {
					m.targets = append(m.targets, target{pool, t, &t.Offerings[i], labels, t.Offerings[i].Launchable() && pool.Spec.Replicas == nil})
				}
			}
		}
	}
}

// labelsOf are labels that a node of the pool bought at the offering could carry; false if the pool does not admit it.
func (m *maker) labelsOf(pool *v1.NodePool, t *cloudprovider.InstanceType, o *cloudprovider.Offering) (map[string]string, bool) {
	labels := map[string]string{
		corev1.LabelInstanceTypeStable: t.Name, corev1.LabelTopologyZone: o.Zone, v1.CapacityTypeLabelKey: o.CapacityType,
		v1.NodePoolLabelKey: pool.Name,
	}
	for r := range t.Requirements.All() {
		if value, ok := r.Pick(); ok {
			labels[r.Key()] = value
		}
	}
	for r := range o.Requirements.All() {
		if value, ok := r.Pick(); ok {
			labels[r.Key()] = value
		}
	}
	for key, value := range pool.Spec.Template.Labels {
		if have, ok := labels[key]; ok && have != value {
			return nil, false
		}
		labels[key] = value
	}
	set, err := v1.Requirements(pool.Spec.Template.Spec.Requirements)
	if err != nil {
		panic(err) // the generator makes valid pools
	}
	for r := range set.All() {
		value, ok := labels[r.Key()]
		switch {
		case ok && r.Has(value), !ok && r.HasAbsent():
		case !ok && !slices.Contains(providerKeys(), r.Key()):
			if labels[r.Key()], ok = r.Pick(); !ok {
				return nil, false
			}
		default:
			return nil, false
		}
	}
	return labels, true
}

func (m *maker) chance(p float64) bool { return m.Float64() < p }

func (m *maker) between(low, high int) int { return low + m.IntN(high-low+1) }

func pick[T any](m *maker, list ...T) T { return list[m.IntN(len(list))] }

// some picks n different members, in their order.
func some[T cmp.Ordered](m *maker, n int, list ...T) []T {
	var out []T
	for _, i := range m.Perm(len(list))[:min(n, len(list))] {
		out = append(out, list[i])
	}
	slices.Sort(out)
	return out
}
