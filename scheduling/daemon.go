package scheduling

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// daemon is one DaemonSet: its pod runs on every node that its selectors and tolerations admit.
type daemon struct {
	pod         *corev1.Pod
	name        types.NamespacedName
	tolerations []corev1.Toleration
	demand      resource.Vector
	ties        podTies
	matches     bitset.Set // matchers that its pods match
	anti        []int32    // anti-affinity terms that they own
	counted     []int32    // tracks that they add to
}

// overhead is a set of DaemonSets that run together on some rows, with what they ask for together.
type overhead struct {
	daemons bitset.Set
	demand  resource.Vector
}

func (p *Problem) compileDaemons(f *findings) {
	for _, pod := range p.snapshot.DaemonPods {
		path := fmt.Sprintf("DaemonPods[%s/%s]", pod.Namespace, pod.Name)
		checkPod(f, path, pod)
		p.daemons = append(p.daemons, daemon{pod: pod, name: podName(pod), tolerations: daemonTolerations(pod)})
	}
	slices.SortFunc(p.daemons, func(a, b daemon) int { return compareNames(a.name, b.name) })
}

// compileOverheads finds which DaemonSets run on each row.
func (p *Problem) compileOverheads() {
	p.overheadOf = make([]int32, len(p.rows))
	groups := newPartition(len(p.rows))
	admitted := make([]bitset.Set, len(p.daemons))
	for d := range p.daemons {
		admitted[d] = p.rowPlaces.admittedBy(&p.daemons[d].pod.Spec)
		p.rejectByPoolTaints(admitted[d], p.daemons[d].tolerations)
		groups.refine(admitted[d])
	}
	p.overheads = make([]overhead, groups.count)
	for i := range p.rows {
		g := groups.of[i]
		p.overheadOf[i] = g
		o := &p.overheads[g]
		if o.daemons != nil {
			continue
		}
		o.daemons = bitset.New(max(len(p.daemons), 1))
		o.demand = make(resource.Vector, p.dims.Len())
		for d := range p.daemons {
			if admitted[d].Has(i) {
				o.daemons.Add(d)
				o.demand.Add(p.daemons[d].demand)
			}
		}
	}
}

// rejectByPoolTaints removes the rows of pools with a taint that the tolerations do not cover. Startup taints are gone
// by the time a pod runs and do not count.
func (p *Problem) rejectByPoolTaints(rows bitset.Set, tolerations []corev1.Toleration) {
	for i := range p.pools {
		if _, bad := untolerated(p.pools[i].taints, tolerations); bad {
			for r := p.pools[i].rows[0]; r < p.pools[i].rows[1]; r++ {
				rows.Remove(int(r))
			}
		}
	}
}

// oweDaemons leaves room on existing nodes for DaemonSets that apply and have no pod there yet. One that does not fit
// beside the bound pods and those owed before it, for want of room or because they exclude it, is ignored: its pod could
// not start either.
func (p *Problem) oweDaemons() {
	byName := make([]int, len(p.nodes))
	for i := range byName {
		byName[i] = i
	}
	slices.SortFunc(byName, func(a, b int) int { return strings.Compare(p.nodes[a].object.Name, p.nodes[b].object.Name) })
	for d := range p.daemons {
		daemon := &p.daemons[d]
		admitted, wide := p.nodePlaces.admittedBy(&daemon.pod.Spec), p.tiedWidely(daemon)
		for _, i := range byName {
			n := &p.nodes[i]
			if !admitted.Has(i) || daemon.runsOn(n) || !n.free.Fits(daemon.demand) || daemon.ties.conflict(n.ties) ||
				(wide || n.twin) && p.excludesDaemon(n, daemon) {
				continue
			}
			if _, bad := untolerated(n.taints, daemon.tolerations); bad {
				continue
			}
			n.free.Sub(daemon.demand, 1)
			n.owed = append(n.owed, int32(d))
			n.ties = n.ties.with(daemon.ties)
		}
	}
}

// tiedWidely reports whether some anti-affinity over a domain wider than a host concerns the DaemonSet's pods.
func (p *Problem) tiedWidely(d *daemon) bool {
	wide := func(id int32) bool { return !p.terms.anti[id].host() }
	if slices.ContainsFunc(d.anti, wide) {
		return true
	}
	for m := range d.matches.All() {
		if slices.ContainsFunc(p.terms.antiOf[m], wide) {
			return true
		}
	}
	return false
}

// excludesDaemon reports whether anti-affinity over a domain wider than the node keeps the DaemonSet's pod off it, its own or
// that of a pod which is there. Nodes that share a hostname are one domain of it.
func (p *Problem) excludesDaemon(n *node, d *daemon) bool {
	conflict := func(other *node, anti []int32, matches bitset.Set) bool {
		for _, id := range anti {
			term := &p.terms.anti[id]
			if term.host() && (!n.twin || p.terms.local.Has(int(id))) || !matches.Has(int(term.matcher)) {
				continue
			}
			here, ok := n.object.Labels[term.topologyKey]
			if there, too := other.object.Labels[term.topologyKey]; ok && too && here == there {
				return true
			}
		}
		return false
	}
	for i := range p.nodes {
		other := &p.nodes[i]
		for _, pod := range other.pods {
			if anti := p.boundAnti[pod]; len(d.anti) > 0 && conflict(other, d.anti, p.terms.matchesOf(pod)) ||
				len(anti) > 0 && conflict(other, anti, d.matches) {
				return true
			}
		}
		for _, o := range other.owed {
			if owed := &p.daemons[o]; conflict(other, d.anti, owed.matches) || conflict(other, owed.anti, d.matches) {
				return true
			}
		}
	}
	return false
}

// runsOn reports whether the DaemonSet has a pod on the node.
func (d *daemon) runsOn(n *node) bool {
	for _, pod := range n.pods {
		if pod.Namespace != d.name.Namespace {
			continue
		}
		for _, owner := range pod.OwnerReferences {
			if owner.Kind == "DaemonSet" && owner.Name == d.name.Name {
				return true
			}
		}
	}
	return false
}

// partition divides 0..n-1 into groups that no set given to refine has told apart.
type partition struct {
	of    []int32
	count int
}

func newPartition(n int) *partition { return &partition{of: make([]int32, n), count: min(n, 1)} }

// refine splits each group into its members inside and outside the set. Groups are numbered by their first member.
func (g *partition) refine(set bitset.Set) {
	inside, outside := make([]int32, g.count), make([]int32, g.count)
	for i := range inside {
		inside[i], outside[i] = -1, -1
	}
	count := int32(0)
	for i, group := range g.of {
		id := &outside[group]
		if set.Has(i) {
			id = &inside[group]
		}
		if *id < 0 {
			*id = count
			count++
		}
		g.of[i] = *id
	}
	g.count = int(count)
}
