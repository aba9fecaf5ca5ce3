package oracle

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Cheapest tries every way to place all planned pods of a tiny world (up to about seven pods and four offerings) and
// returns the least that launches can cost together, in dollars per hour. All constraints are kept: each pod passes in the
// final state, there is an order in which the pods can be bound, and groups are complete and together. Limits, stock and
// minValues (Strict) are kept too, weights are not looked at. ok is false when there is no way, or when a pod uses a
// constraint that nobody judges.
func Cheapest(s scheduling.Snapshot) (price float64, ok bool) {
	t := &tiny{world: newWorld(&s, &scheduling.Plan{}), best: math.Inf(1), fits: map[fitKey]bool{}, flexible: map[fitKey]bool{}}
	for _, pod := range t.pending {
		t.pods = append(t.pods, pod)
		if len(t.unjudged(pod)) > 0 {
			return 0, false
		}
	}
	slices.SortFunc(t.pods, func(a, b *corev1.Pod) int { return strings.Compare(name(a).String(), name(b).String()) })
	for _, p := range t.pools {
		for _, b := range p.prints {
			if t.sold(b) {
				t.prints = append(t.prints, b)
			}
		}
	}
	t.onNodes = make([]uint, len(t.existing))
	t.place(0, 0)
	return t.best, !math.IsInf(t.best, 1)
}

// tiny is a search over all assignments, pod by pod. Sets of pods are bits.
type tiny struct {
	*world
	pods     []*corev1.Pod
	prints   []*blueprint
	onNodes  []uint
	opened   []purchase
	best     float64
	fits     map[fitKey]bool
	flexible map[fitKey]bool
}

type purchase struct {
	print int
	pods  uint
}

// fitKey is a host (an existing one below zero) or a pool, and a set of pods.
type fitKey struct {
	place int
	pods  uint
}

func (t *tiny) place(next int, spent float64) {
	if spent >= t.best {
		return
	}
	if next == len(t.pods) {
		if t.isRight() {
			t.best = spent
		}
		return
	}
	bit := uint(1) << next
	for i := range t.onNodes {
		if t.fitsNode(i, t.onNodes[i]|bit) {
			t.onNodes[i] |= bit
			t.place(next+1, spent)
			t.onNodes[i] &^= bit
		}
	}
	for i := range t.opened {
		if o := t.opened[i]; t.fitsPrint(o.print, o.pods|bit) {
			t.opened[i].pods |= bit
			t.place(next+1, spent)
			t.opened[i].pods &^= bit
		}
	}
	for b := range t.prints {
		if t.fitsPrint(b, bit) && t.mayBuy(b) {
			t.opened = append(t.opened, purchase{b, bit})
			t.place(next+1, spent+t.prints[b].offering.Price)
			t.opened = t.opened[:len(t.opened)-1]
		}
	}
}

func (t *tiny) set(pods uint) []*corev1.Pod {
	var out []*corev1.Pod
	for i := range t.pods {
		if pods&(1<<i) != 0 {
			out = append(out, t.pods[i])
		}
	}
	return out
}

func (t *tiny) fitsNode(i int, pods uint) bool {
	key := fitKey{-1 - i, pods}
	ok, known := t.fits[key]
	if !known {
		h := *t.existing[i]
		h.placed = t.set(pods)
		ok = true
		for _, pod := range h.placed {
			ok = ok && !t.refusesAlone(pod, &h)
		}
		t.fits[key] = ok
	}
	return ok
}

func (t *tiny) fitsPrint(b int, pods uint) bool {
	key := fitKey{b, pods}
	ok, known := t.fits[key]
	if !known {
		ok = t.holdsAlone(t.prints[b], t.set(pods)) && t.isFlexible(t.prints[b].pool, pods)
		t.fits[key] = ok
	}
	return ok
}

func (t *tiny) isFlexible(p *pool, pods uint) bool {
	key := fitKey{slices.Index(t.pools, p), pods}
	ok, known := t.flexible[key]
	if !known {
		able := map[string]bool{}
		for _, b := range p.prints {
			if len(minimums(p)) > 0 && !able[b.typ.Name] && t.sold(b) && t.holdsAlone(b, t.set(pods)) {
				able[b.typ.Name] = true
			}
		}
		ok = len(t.short(p, able)) == 0
		t.flexible[key] = ok
	}
	return ok
}

// refusesAlone reports whether the host turns the pod away whatever else there is: spread and companions are another
// question, which depends on other hosts.
func (t *tiny) refusesAlone(pod *corev1.Pod, h *host) bool {
	alone := *t.world
	alone.hosts = []*host{h}
	for _, r := range alone.turnedAway(pod, h) {
		if r.code != scheduling.TopologySpread && r.code != scheduling.PodAffinity {
			return true
		}
	}
	return false
}

// holdsAlone reports whether a node launched from the blueprint can host those pods together, whatever else there is.
func (t *tiny) holdsAlone(b *blueprint, pods []*corev1.Pod) bool {
	h := t.build(b)
	h.placed = pods
	for _, pod := range pods {
		if t.refusesAlone(pod, h) {
			return false
		}
	}
	return true
}

// isRight reports whether the assignment at hand keeps what depends on several hosts. The types that minValues ask for need
// not serve in the domain of the launch, so these have been looked at already.
func (t *tiny) isRight() bool {
	c := &checker{world: new(*t.world)}
	c.hosts = nil
	for i, h := range t.existing {
		with := *h
		with.placed = t.set(t.onNodes[i])
		c.hosts = append(c.hosts, &with)
	}
	for i, o := range t.opened {
		h := t.build(t.prints[o.print])
		node := *h.node
		node.Name, node.Labels = fmt.Sprintf("%s-%d", freshName, i), maps.Clone(node.Labels)
		node.Labels[corev1.LabelHostname] = node.Name
		h.node, h.placed = &node, t.set(o.pods)
		c.hosts = append(c.hosts, h)
	}
	for _, h := range c.hosts { // most fail here, and soon
		for _, pod := range h.placed {
			if len(c.excluded(pod, h))+len(c.lonely(pod, h))+len(c.skewed(pod, h)) > 0 {
				return false
			}
		}
	}
	c.checkGroups()
	left := c.sequence()
	for _, h := range c.hosts {
		c.checkHost(h, len(left) == 0)
	}
	return len(left)+len(c.list) == 0
}

// mayBuy reports whether limits and stock admit one more node from the blueprint.
func (t *tiny) mayBuy(b int) bool {
	print := t.prints[b]
	if stock := print.stockKey(); print.offering.Stock != nil {
		n := 0
		for _, o := range t.opened {
			if t.prints[o.print].stockKey() == stock {
				n++
			}
		}
		if n >= t.stockSize(stock) {
			return false
		}
	}
	for limited, limit := range print.pool.source.Spec.Limits {
		total := resource.Quantity{}
		add := func(capacity corev1.ResourceList) {
			q := capacity[limited]
			if limited == "nodes" {
				q = oneNode()
			}
			total.Add(q)
		}
		for _, h := range t.existing {
			if h.node.Labels["karpenter.sh/nodepool"] == print.pool.source.Name {
				add(h.node.Status.Capacity)
			}
		}
		for _, o := range t.opened {
			if t.prints[o.print].pool == print.pool {
				add(t.prints[o.print].typ.Capacity)
			}
		}
		add(print.typ.Capacity)
		if total.Cmp(limit) > 0 {
			return false
		}
	}
	return true
}
