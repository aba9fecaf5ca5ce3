package disruption

import (
	"fmt"
	"maps"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	resourcehelper "k8s.io/component-helpers/resource"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/lp"
)

// worth is what resources cost at the least, in dollars per hour and unit, when machines are bought for them: the prices y with
// y*allocatable <= price for every offering that can be bought, at which the pods of the cluster are worth most. They are the
// duals of buying fractions of machines for all pods together, so no machines that hold a set of pods cost less than the
// pods are worth (weak duality). What else pods ask for is not looked at, and only makes it dearer.
type worth struct {
	names  []corev1.ResourceName
	prices []float64
	kinds  []amounts // what pods ask for, each once
}

// amounts are quantities of the resources of a worth, in its order.
type amounts []float64

func (a amounts) add(b amounts) {
	for i, v := range b {
		a[i] += v
	}
}

// newWorth works out what each candidate holds, and what resources are worth to the pods of all.
func (p *planner) newWorth() {
	lists := make([][]corev1.ResourceList, len(p.all))
	named := map[corev1.ResourceName]bool{corev1.ResourcePods: true}
	for i, c := range p.all {
		lists[i] = make([]corev1.ResourceList, len(c.movable))
		for j, pod := range c.movable {
			if !p.demands(pod) {
				continue // nothing is bought for it
			}
			lists[i][j] = asks(pod)
			for name := range lists[i][j] {
				named[name] = true
			}
		}
	}
	w := &p.worth
	w.names = slices.Sorted(maps.Keys(named))
	total := make(amounts, len(w.names))
	known := map[string]int32{}
	for i, c := range p.all {
		c.content, c.kinds = make(amounts, len(w.names)), make([]int32, len(c.movable))
		for j, list := range lists[i] {
			if list == nil {
				c.kinds[j] = -1
				continue
			}
			a := w.amounts(list, 1)
			key := fmt.Sprint(a)
			k, seen := known[key]
			if !seen {
				k = int32(len(w.kinds))
				known[key], w.kinds = k, append(w.kinds, a)
			}
			c.kinds[j] = k
			c.content.add(a)
		}
		total.add(c.content)
	}
	for _, c := range p.all {
		if c.left = nil; c.node != nil && !p.closed(c) && !p.restless(c).After(p.in.Now) {
			c.left = p.left(c)
		}
	}
	var rows [][]float64
	var prices []float64
	for _, pool := range slices.Sorted(maps.Keys(p.pools)) {
		for _, t := range p.in.InstanceTypes[pool] {
			price, ok := cheapest(t)
			if !ok {
				continue
			}
			row := w.amounts(t.Allocatable(), 0)
			for i := range row {
				row[i] /= max(total[i], 1e-300)
			}
			rows, prices = append(rows, row), append(prices, price)
		}
	}
	value := make([]float64, len(w.names))
	for i := range value {
		if total[i] > 0 {
			value[i] = 1 // of all that is asked for of the resource
		}
	}
	w.prices = make([]float64, len(w.names))
	for i, x := range lp.Maximize(value, rows, prices).X {
		if total[i] > 0 {
			w.prices[i] = x / total[i]
		}
	}
}

// cheapest is the least price at which the type can be bought.
func cheapest(t *cloudprovider.InstanceType) (price float64, ok bool) {
	price = math.Inf(1)
	if t == nil {
		return price, false
	}
	for i := range t.Offerings {
		if o := &t.Offerings[i]; o.Launchable() && o.Price >= 0 {
			price = min(price, o.Price)
		}
	}
	return price, !math.IsInf(price, 1)
}

// amounts are the quantities of a list, and so many pods more.
func (w *worth) amounts(list corev1.ResourceList, pods float64) amounts {
	out := make(amounts, len(w.names))
	for i, name := range w.names {
		if q, ok := list[name]; ok {
			out[i] = q.AsApproximateFloat64()
		}
		if name == corev1.ResourcePods {
			out[i] += pods
		}
	}
	return out
}

// of is what the amounts are worth, in dollars per hour.
func (w *worth) of(a amounts) float64 {
	total := 0.0
	for i, v := range a {
		total += w.prices[i] * v
	}
	return total
}

// asks is what the pod asks for, as the scheduler counts it.
func asks(pod *corev1.Pod) corev1.ResourceList {
	return resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{UseStatusResources: true, InPlacePodLevelResourcesVerticalScalingEnabled: true})
}

// holds is what the node has for pods: its allocatable, or its claim's while it has not joined. Where one list is missing the
// other stands for it, as the engine has it.
func (p *planner) holds(c *candidate) amounts {
	var lists []corev1.ResourceList
	if c.node != nil {
		lists = append(lists, c.node.Status.Allocatable, c.node.Status.Capacity)
	}
	if c.claim != nil {
		lists = append(lists, c.claim.Status.Allocatable, c.claim.Status.Capacity)
	}
	for _, list := range lists {
		if len(list) > 0 {
			return p.worth.amounts(list, 0)
		}
	}
	return make(amounts, len(p.worth.names))
}

// left is what the node could still take before any command; less than nothing where more is on it than fits.
func (p *planner) left(c *candidate) amounts {
	left := p.holds(c)
	for i := range left {
		left[i] -= c.content[i]
	}
	next := 0 // of movable, which are some of pods in the same order
	for _, pod := range c.pods {
		if next < len(c.movable) && c.movable[next] == pod {
			next++
			if c.kinds[next-1] >= 0 {
				continue // it is part of the content
			}
		}
		if !terminal(pod) {
			for i, v := range p.worth.amounts(asks(pod), 1) {
				left[i] -= v
			}
		}
	}
	return left
}

// settleIn notes that the pods of the part have come to their nodes.
func (p *planner) settleIn(t *part) {
	to := make(map[types.NamespacedName]string, len(t.moves))
	for _, a := range t.moves {
		if !a.Launch {
			to[a.Pod] = a.Node
		}
	}
	for _, c := range t.remove {
		for j, pod := range c.movable {
			if home := p.by[to[podName(pod)]]; home != nil && home.left != nil && c.kinds[j] >= 0 {
				for i, v := range p.worth.kinds[c.kinds[j]] {
					home.left[i] -= v
				}
			}
		}
	}
}

// room is what all nodes together could still take that neither go nor are closed.
func (p *planner) room() amounts {
	total := make(amounts, len(p.worth.names))
	for _, c := range p.all {
		if !p.taken[c.name] {
			for i, v := range c.left {
				total[i] += max(0, v)
			}
		}
	}
	return total
}

// slots are how many pods of each kind the nodes could take that neither go nor are closed, if nothing but room counted.
func (p *planner) slots() []int64 {
	out := make([]int64, len(p.worth.kinds))
	for _, c := range p.all {
		if c.left == nil || p.taken[c.name] {
			continue
		}
		for k := range out {
			out[k] += c.left.times(p.worth.kinds[k])
		}
	}
	return out
}

// times is how many times the amounts hold others.
func (a amounts) times(of amounts) int64 {
	n := int64(math.MaxInt32)
	for i, v := range of {
		if v > 0 {
			n = min(n, int64((a[i]+1e-6*v)/v))
		}
	}
	return max(0, n)
}

// hasRoom reports whether the slots of the other nodes suffice for each kind of pods on the node. It is a test that rejects
// most nodes at once, when a question to the engine would only find the same.
func (p *planner) hasRoom(c *candidate, slots []int64) bool {
	count := map[int32]int64{}
	for _, k := range c.kinds {
		if k >= 0 {
			count[k]++
		}
	}
	for k, n := range count {
		own := int64(0)
		if c.left != nil {
			own = c.left.times(p.worth.kinds[k])
		}
		if slots[k]-own < n {
			return false
		}
	}
	return true
}

// bound is a lower bound of what the nodes can cost with the pods as they are: what those cost that may not go, and what the
// pods of the others are worth beyond the room on these, closed or not. A node that is cheaper than what it holds would cost if it were
// bought now lowers the bound by that, since it may stay.
func (p *planner) bound() float64 {
	fixed, value := 0.0, 0.0
	for _, c := range p.all {
		stays := (c.barred || !c.known) && !p.taken[c.name]
		if stays {
			fixed += c.price
			for i, v := range p.left(c) {
				value -= p.worth.prices[i] * max(0, v)
			}
			continue
		}
		value += p.worth.of(c.content)
		holds := p.holds(c)
		for i, v := range c.content {
			holds[i] = max(holds[i], v) // more may be on it than fits
		}
		value -= max(0, p.worth.of(holds)-c.price)
	}
	return fixed + max(0, value)
}
