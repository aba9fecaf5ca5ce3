package scheduling

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
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

// compareRows orders what can be launched: price, then type name, zone, capacity type, stock, then pool, requirements of the
// offering, and variant.
func (p *Problem) compareRows(a, b int32) int { return cmp.Compare(p.rowRank[a], p.rowRank[b]) }

// rankRows works out the order of compareRows, once. Offers are sorted, and the rows of each are taken pool by pool: a
// pool's rows of one type come by offering and variant already.
func (p *Problem) rankRows() {
	rankOf, ranks := p.rankOffers()
	next := make([]int32, ranks+1) // by rank of offers, the place of the next row
	for r := range p.rows {
		next[rankOf[p.rows[r].offer]+1]++
	}
	for i := 1; i < len(next); i++ {
		next[i] += next[i-1]
	}
	p.rowRank = make([]int32, len(p.rows))
	order := make([]int32, len(p.rows))
	for _, i := range p.poolsByName() {
		for r := p.pools[i].rows[0]; r < p.pools[i].rows[1]; r++ {
			at := &next[rankOf[p.rows[r].offer]]
			p.rowRank[r], order[*at] = *at, r
			*at++
		}
	}
	p.priced = make([]int32, len(p.rows))
	at := make([]int32, len(p.pools))
	for i := range p.pools {
		at[i] = p.pools[i].rows[0]
	}
	for _, r := range order {
		pool := p.rows[r].pool
		p.priced[at[pool]] = r
		at[pool]++
	}
}

// rankOffers is the place of each offer in the order of price, type name, zone, capacity type and stock, and how many
// places there are: offers that agree in all of these have one.
func (p *Problem) rankOffers() (rankOf []int32, ranks int32) {
	kept, fresh := p.snapshot.Catalog.sortedOffers(p)
	slices.SortFunc(fresh, p.compareOffers)
	p.byPrice = merged(kept, fresh, p.compareOffers)
	rankOf = make([]int32, len(p.offers))
	for i, o := range p.byPrice {
		if i > 0 && p.compareOffers(p.byPrice[i-1], o) != 0 {
			ranks++
		}
		rankOf[o] = ranks
	}
	return rankOf, ranks + 1
}

func (p *Problem) compareOffers(a, b int32) int {
	x, y := &p.offers[a], &p.offers[b]
	if order := cmp.Compare(x.source.Price, y.source.Price); order != 0 { // enough for most
		return order
	}
	if order := strings.Compare(p.types[x.typ].source.Name, p.types[y.typ].source.Name); order != 0 {
		return order
	}
	return cloudprovider.CompareOfferingKeys(p.offeringKey(x), p.offeringKey(y))
}

// merged is both sorted lists in one.
func merged(a, b []int32, compare func(a, b int32) int) []int32 {
	out := make([]int32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if compare(b[0], a[0]) < 0 {
			out, b = append(out, b[0]), b[1:]
		} else {
			out, a = append(out, a[0]), a[1:]
		}
	}
	return append(append(out, a...), b...)
}

func (p *Problem) poolsByName() []int32 {
	out := make([]int32, len(p.pools))
	for i := range out {
		out[i] = int32(i)
	}
	slices.SortFunc(out, func(a, b int32) int { return strings.Compare(p.pools[a].source.Name, p.pools[b].source.Name) })
	return out
}

func onePod() *resource.Quantity { return resource.NewQuantity(1, resource.DecimalSI) }
