package disruption

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	taints "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// guard is what the PodDisruptionBudgets allow: how many pods each lets go now, and how many of these have been taken.
type guard struct {
	now     time.Time
	inTurn  bool // any number of pods, as long as the budget allows one
	unknown bool // nobody knows the budgets
	spaces  map[string]*scope
	asked   map[*candidate]*demand
}

// demand is what the eviction of a node's pods asks of the budgets.
type demand struct {
	needs   []need // by name of the budget
	blocked string // why a pod can never be evicted; empty if all can
}

// need is how many pods a budget would have to let go, and the first of them.
type need struct {
	of    *pdb
	pods  int
	first *corev1.Pod
}

// verdict says whether the eviction of a pod would be granted.
type verdict int

const (
	verdictYes    verdict = iota
	verdictNotNow         // but once the budget allows it
	verdictNever          // not until somebody changes a budget
)

// newGuard reads the budgets and takes from them what the pods on nodes need that are on their way out already. The error
// names the budget and the field that cannot be read.
func newGuard(in *Input, o Options, all []*candidate) (*guard, error) {
	g := &guard{
		now:     in.Now,
		inTurn:  o.Evictions == EvictionsInTurn,
		unknown: in.PodDisruptionBudgets == nil,
		spaces:  map[string]*scope{},
		asked:   map[*candidate]*demand{},
	}
	byNamespace := map[string][]*pdb{}
	for _, source := range in.PodDisruptionBudgets {
		if source == nil {
			continue
		}
		b, err := newPDB(source)
		if err != nil {
			return nil, err
		}
		byNamespace[source.Namespace] = append(byNamespace[source.Namespace], b)
	}
	for namespace, budgets := range byNamespace {
		slices.SortFunc(budgets, func(a, b *pdb) int { return strings.Compare(a.name, b.name) })
		g.spaces[namespace] = newScope(budgets)
	}
	for _, c := range all {
		if c.command != "" || c.leaving() {
			g.take(c)
		}
	}
	return g, nil
}

// evictable reports whether a drain evicts the pod through the API that heeds the budgets: not if it has ended or is being
// deleted, stays on drained nodes by its tolerations, is static, or is not to be disrupted.
func (g *guard) evictable(pod *corev1.Pod) bool {
	if !active(pod) || static(pod) || toleratesDrain(pod) {
		return false
	}
	_, kept := v1.DoNotDisrupt(pod, g.now)
	return !kept
}

// toleratesDrain reports whether the pod tolerates the taint of nodes that are about to go.
func toleratesDrain(pod *corev1.Pod) bool {
	if len(pod.Spec.Tolerations) == 0 {
		return false
	}
	taint := v1.DisruptedTaint()
	return taints.TolerationsTolerateTaint(klog.Logger{}, pod.Spec.Tolerations, &taint, false)
}

// verdict says whether the pod could be evicted now, and if not, because of which budget. A pod that is not evicted at all
// gets a yes. Two budgets on one pod are more than the API server can heed: it evicts no such pod.
func (g *guard) verdict(pod *corev1.Pod) (verdict, string) {
	if !g.evictable(pod) {
		return verdictYes, ""
	}
	budget, why := g.governs(pod)
	switch {
	case why != "":
		return verdictNever, why
	case budget == nil:
		return verdictYes, ""
	case budget.left(g.inTurn) < 1:
		return verdictNotNow, budget.text()
	}
	return verdictYes, ""
}

// governs is the budget that the eviction of the pod takes from, nil for none, or why the pod can never be evicted. As in the
// API server, a pod that is known not to be ready takes nothing if the budget says so, or as long as enough others are
// healthy.
func (g *guard) governs(pod *corev1.Pod) (*pdb, string) {
	budgets := g.spaces[pod.Namespace].of(pod)
	switch len(budgets) {
	case 0:
		return nil, ""
	case 1:
	default:
		names := make([]string, len(budgets))
		for i, b := range budgets {
			names[i] = b.source.Name
		}
		return nil, fmt.Sprintf("%s select it both, and so it cannot be evicted", strings.Join(names, " and "))
	}
	b := budgets[0]
	if notReady(pod) {
		policy, status := b.source.Spec.UnhealthyPodEvictionPolicy, &b.source.Status
		if policy != nil && *policy == policyv1.AlwaysAllow || status.DesiredHealthy > 0 && status.CurrentHealthy >= status.DesiredHealthy {
			return nil, ""
		}
	}
	if b.never != "" {
		return nil, fmt.Sprintf("%s never allows an eviction: %s", b.source.Name, b.never)
	}
	return b, ""
}

// notReady reports whether the pod is known not to be ready.
func notReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status != corev1.ConditionTrue
	})
}

// demandOf is what the eviction of the node's pods asks of the budgets. It is found once per node.
func (g *guard) demandOf(c *candidate) *demand {
	if d := g.asked[c]; d != nil {
		return d
	}
	d := &demand{}
	for _, pod := range c.pods {
		if !g.evictable(pod) {
			continue
		}
		b, why := g.governs(pod)
		switch {
		case why != "":
			if d.blocked == "" {
				d.blocked = fmt.Sprintf("%s/%s: %s", pod.Namespace, pod.Name, why)
			}
		case b != nil:
			at := slices.IndexFunc(d.needs, func(n need) bool { return n.of == b })
			if at < 0 {
				at, d.needs = len(d.needs), append(d.needs, need{of: b, first: pod})
			}
			d.needs[at].pods++
		}
	}
	slices.SortFunc(d.needs, func(a, b need) int { return strings.Compare(a.of.name, b.of.name) })
	g.asked[c] = d
	return d
}

// admits reports whether all pods of the node may be evicted, beside all that have been taken, and if not, why.
func (g *guard) admits(c *candidate) (Kept, bool) {
	if g.unknown {
		at := slices.IndexFunc(c.pods, g.evictable)
		if at < 0 {
			return Kept{}, true
		}
		return Kept{Node: c.name, Code: CodeUnknown, Detail: fmt.Sprintf("the PodDisruptionBudgets are not known, and pod %s/%s would be evicted",
			c.pods[at].Namespace, c.pods[at].Name)}, false
	}
	d := g.demandOf(c)
	if d.blocked != "" {
		return Kept{Node: c.name, Code: CodePDB, Detail: d.blocked}, false
	}
	for _, n := range d.needs {
		wanted := n.pods
		if g.inTurn {
			wanted = 1
		}
		if n.of.left(g.inTurn) >= wanted {
			continue
		}
		detail := fmt.Sprintf("%s/%s: %s", n.first.Namespace, n.first.Name, n.of.text())
		if wanted > 1 {
			detail += fmt.Sprintf(", the node has %d", n.pods)
		}
		return Kept{Node: c.name, Code: CodePDB, Detail: detail}, false
	}
	return Kept{}, true
}

// take counts the node's pods as evicted, whether or not the budgets admit it.
func (g *guard) take(c *candidate) {
	for _, n := range g.demandOf(c).needs {
		n.of.taken += n.pods
	}
}

// giveBack undoes take.
func (g *guard) giveBack(c *candidate) {
	for _, n := range g.demandOf(c).needs {
		n.of.taken -= n.pods
	}
}

// demands reports whether the pod needs another place when its node is drained: it is made anew, and an eviction can move it.
// For pods that are not to be disrupted, or that a budget never lets go, nothing is to be bought: they stay until the node's
// grace period ends, and are pods that wait from then on.
func (p *planner) demands(pod *corev1.Pod) bool {
	if !movable(pod, p.o.BarePods) {
		return false
	}
	if pod.DeletionTimestamp != nil {
		return true
	}
	if _, kept := v1.DoNotDisrupt(pod, p.in.Now); kept {
		return false
	}
	can, _ := p.pdbs.verdict(pod)
	return can != verdictNever
}
