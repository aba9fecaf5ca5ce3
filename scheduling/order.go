package scheduling

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
)

// The total orders of the package. Nothing reaches a plan in the order of a map or of the input.

func sortedKeys[M ~map[K]V, K cmp.Ordered, V any](m M) []K { return slices.Sorted(maps.Keys(m)) }

// comparePods orders pods by namespace, then name.
func comparePods(a, b *corev1.Pod) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
}

// compareNames orders as comparePods does.
func compareNames(a, b types.NamespacedName) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
}

func podName(pod *corev1.Pod) types.NamespacedName {
	return types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}
}

// compareRows orders what can be launched: price, then type name, zone, capacity type, stock, then pool and variant.
func (p *Problem) compareRows(a, b int32) int { return cmp.Compare(p.rowRank[a], p.rowRank[b]) }

// rankRows works out the order of compareRows, once.
func (p *Problem) rankRows() {
	order := make([]int32, len(p.rows))
	for r := range order {
		order[r] = int32(r)
	}
	slices.SortFunc(order, p.rowOrderOf)
	p.rowRank = make([]int32, len(p.rows))
	next := make([]int32, len(p.pools))
	for i := range p.pools {
		next[i] = p.pools[i].rows[0]
	}
	p.priced = make([]int32, len(p.rows))
	for rank, r := range order {
		p.rowRank[r] = int32(rank)
		pool := p.rows[r].pool
		p.priced[next[pool]] = r
		next[pool]++
	}
}

func (p *Problem) rowOrderOf(a, b int32) int {
	x, y := &p.rows[a], &p.rows[b]
	ox, oy := p.offers[x.offer].source, p.offers[y.offer].source
	if x.offer != y.offer { // most rows differ in price or type, and what comes behind takes longer to compare
		if order := cmp.Or(
			cmp.Compare(ox.Price, oy.Price),
			strings.Compare(p.types[x.typ].source.Name, p.types[y.typ].source.Name),
			strings.Compare(ox.Zone, oy.Zone),
			strings.Compare(ox.CapacityType, oy.CapacityType),
		); order != 0 {
			return order
		}
		if order := strings.Compare(p.offeringKey(&p.offers[x.offer]).StockKey, p.offeringKey(&p.offers[y.offer]).StockKey); order != 0 {
			return order
		}
	}
	if order := strings.Compare(p.pools[x.pool].source.Name, p.pools[y.pool].source.Name); order != 0 {
		return order
	}
	if order := strings.Compare(ox.Requirements.String(), oy.Requirements.String()); order != 0 {
		return order
	}
	return cmp.Compare(x.variant, y.variant)
}

func onePod() *resource.Quantity { return resource.NewQuantity(1, resource.DecimalSI) }
