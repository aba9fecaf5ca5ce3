package oracle

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// priceSlack is how far a bound may be above a price for reasons of rounding, in dollars per hour and dollar.
const priceSlack = 1e-6

// Check lists what is wrong with a plan for the snapshot; nil when it is right.
func Check(s scheduling.Snapshot, p *scheduling.Plan) []Violation {
	c := &checker{world: newWorld(&s, p)}
	c.checkPods()
	c.checkAssignments()
	c.checkAnswers()
	c.checkLaunches()
	c.checkStock()
	c.checkLimits()
	c.checkGroups()
	left := c.sequence()
	c.checkSequence(left)
	for _, h := range c.hosts {
		c.checkHost(h, len(left) == 0)
	}
	price := 0.0
	for i := range p.Launches {
		if l := &p.Launches[i]; len(l.Choices) > 0 {
			price += l.Choices[0].Price
		}
	}
	if p.Bound > price+priceSlack*(1+price) {
		c.add(Bound, "plan", "bound %v is above the price %v", p.Bound, price)
	}
	if p.Bound < 0 {
		c.add(Bound, "plan", "bound %v is negative", p.Bound)
	}
	return c.list
}

type checker struct {
	*world
	report
}

// checkPods holds assignments and unplaced pods against the pods that are planned.
func (c *checker) checkPods() {
	seen := map[types.NamespacedName]int{}
	note := func(pod types.NamespacedName) {
		if c.pending[pod] == nil {
			c.add(PodForeign, podObject(pod), "is none of the pods to be planned")
		}
		seen[pod]++
	}
	for _, a := range c.plan.Assignments {
		note(a.Pod)
	}
	for _, u := range c.plan.Unplaced {
		note(u.Pod)
	}
	for _, pod := range slices.SortedFunc(mapKeys(c.pending), compareNames) {
		if n := seen[pod]; n != 1 {
			c.add(PodOnce, podObject(pod), "occurs %d times in assignments and unplaced, must once", n)
		}
	}
	if !slices.IsSortedFunc(c.plan.Assignments, func(a, b scheduling.Assignment) int { return compareNames(a.Pod, b.Pod) }) {
		c.add(Sorted, "plan", "assignments are not sorted by pod")
	}
	if !slices.IsSortedFunc(c.plan.Unplaced, func(a, b scheduling.Unplaced) int { return compareNames(a.Pod, b.Pod) }) {
		c.add(Sorted, "plan", "unplaced pods are not sorted")
	}
}

func compareNames(a, b types.NamespacedName) int {
	if a.Namespace != b.Namespace {
		return strings.Compare(a.Namespace, b.Namespace)
	}
	return strings.Compare(a.Name, b.Name)
}

// checkAssignments holds assignments against nodes and against what the launches list.
func (c *checker) checkAssignments() {
	onLaunch := map[string][]types.NamespacedName{}
	for _, a := range c.plan.Assignments {
		if c.host(a) == nil {
			c.add(AssignmentTarget, podObject(a.Pod), "there is no node %q (launch: %t)", a.Node, a.Launch)
		}
		if a.Launch {
			onLaunch[a.Node] = append(onLaunch[a.Node], a.Pod)
		}
	}
	for i := range c.plan.Launches {
		l := &c.plan.Launches[i]
		want := onLaunch[l.Name]
		slices.SortFunc(want, compareNames)
		have := slices.Clone(l.Pods)
		slices.SortFunc(have, compareNames)
		if !slices.Equal(have, want) {
			c.add(LaunchPods, "launch "+l.Name, "lists pods %v, assigned are %v", have, want)
		}
		if len(l.Pods) == 0 {
			c.add(LaunchPods, "launch "+l.Name, "has no pods")
		}
		if !slices.Equal(have, l.Pods) {
			c.add(Sorted, "launch "+l.Name, "pods are not sorted")
		}
	}
}

// checkAnswers looks at the form of what is said about pods left out.
func (c *checker) checkAnswers() {
	for _, u := range c.plan.Unplaced {
		if len(u.Rejections) == 0 {
			c.add(Answer, podObject(u.Pod), "is left out without a reason")
		}
		unanswered := false
		for _, r := range u.Rejections {
			if r.Code == scheduling.NotSupported || r.Code == scheduling.EffortExhausted {
				unanswered = true
			}
			if r.Code == scheduling.EffortExhausted && r.Key == "Effort" && !c.plan.Truncated {
				c.add(Answer, podObject(u.Pod), "EffortExhausted in a plan that is not truncated")
			}
			if pod := c.pending[u.Pod]; r.Code == scheduling.NotSupported && pod != nil && len(c.mayDecline(pod)) == 0 {
				c.add(Answer, podObject(u.Pod), "NotSupported (%s), but the pod uses nothing that is not supported", r.Key)
			}
		}
		if isGroupIncomplete(u) {
			c.checkIncomplete(u)
		}
		switch u.Verdict {
		case scheduling.Infeasible:
			if unanswered {
				c.add(Answer, podObject(u.Pod), "is called infeasible with a code that says that nobody knows")
			}
		case scheduling.NotEvaluated:
			if node, ok := nominated(u); ok {
				c.checkNomination(u, node)
			} else if !unanswered && !c.mayWait(u) {
				c.add(Answer, podObject(u.Pod), "is not evaluated, without code NotSupported or EffortExhausted")
			}
		default:
			c.add(Answer, podObject(u.Pod), "has verdict %q", u.Verdict)
		}
	}
}

// mayWait reports whether the pod may have been left for the next round: there is reserved capacity, and what the pod is
// told of can be used up by a plan. Whether the options ask for it is seen by [UnplacedWith].
func (w *world) mayWait(u scheduling.Unplaced) bool {
	used := slices.ContainsFunc(u.Rejections, func(r scheduling.Rejection) bool {
		return r.Code == scheduling.NoAvailableOffering || r.Code == scheduling.NodePoolLimit
	})
	for _, list := range w.s.InstanceTypes {
		for _, t := range list {
			for i := range t.Offerings {
				if o := &t.Offerings[i]; used && o.CapacityType == "reserved" && o.Available && (o.Stock == nil || o.Stock.Count > 0) {
					return true
				}
			}
		}
	}
	return false
}

// checkHost asks the scheduler's filters about every pod that the plan places on the host, everything else staying
// where it is.
func (c *checker) checkHost(h *host, hasOrder bool) {
	for _, pod := range h.placed {
		for _, r := range c.turnedAway(pod, h) {
			c.add(ruleOf(r), podObject(name(pod)), "on %s: %s", h.node.Name, r.key)
			c.list[len(c.list)-1].OrderDependent = hasOrder && r.code == scheduling.TopologySpread
		}
		for _, field := range c.unjudged(pod) {
			c.add(Unsupported, podObject(name(pod)), "on %s: %s", h.node.Name, field)
		}
	}
}

// ruleOf is the rule that a pod breaks where it is turned away for the reason.
func ruleOf(r reason) Rule {
	rules := map[scheduling.Code]Rule{
		scheduling.InsufficientResource: Fits, scheduling.UntoleratedTaint: Tolerates, scheduling.RequirementConflict: Affinity,
		scheduling.PodAntiAffinity: AntiAffinity, scheduling.PodAffinity: PodAffinity, scheduling.TopologySpread: Spread,
		scheduling.HostPortInUse: HostPorts, scheduling.VolumeConflict: Volumes, "Leaving": Leaving,
	}
	return rules[r.code]
}

// checkStock sums what the launches take from each finite supply.
func (c *checker) checkStock() {
	for _, key := range slices.Sorted(mapKeys(c.taken())) {
		if n, size := c.taken()[key], c.stockSize(key); n > size {
			c.add(Stock, "stock "+key, "%d launches take from a supply of %d", n, size)
		}
	}
}

// taken counts the launches that draw on each finite supply.
func (w *world) taken() map[string]int {
	out := map[string]int{}
	for i := range w.plan.Launches {
		if l := &w.plan.Launches[i]; len(l.Choices) > 0 && l.Choices[0].StockKey != "" {
			out[l.Choices[0].StockKey]++
		}
	}
	return out
}

// checkLimits sums what each pool that grows has.
func (c *checker) checkLimits() {
	for _, p := range c.pools {
		grows := slices.ContainsFunc(c.plan.Launches, func(l scheduling.Launch) bool { return l.NodePool == p.source.Name })
		if !grows {
			continue
		}
		for _, resource := range c.exceeded(p, nil) {
			limit := p.source.Spec.Limits[resource]
			c.add(Limits, "pool "+p.source.Name, "%s is above the limit %s", resource, limit.String())
		}
	}
}

// exceeded lists the limits that the pool breaks with its existing nodes, its launches and, unless nil, one more node.
func (w *world) exceeded(p *pool, more *blueprint) []corev1.ResourceName {
	var out []corev1.ResourceName
	for _, resource := range slices.Sorted(mapKeys(p.source.Spec.Limits)) {
		limit := p.source.Spec.Limits[resource]
		total := limit.DeepCopy()
		total.Sub(limit) // zero, in the limit's format
		add := func(capacity corev1.ResourceList) {
			if resource == "nodes" {
				capacity = corev1.ResourceList{"nodes": oneNode()}
			}
			if q, ok := capacity[resource]; ok {
				total.Add(q)
			}
		}
		for _, h := range w.existing {
			if h.node.Labels["karpenter.sh/nodepool"] == p.source.Name {
				add(h.node.Status.Capacity)
			}
		}
		for i := range w.plan.Launches {
			l := &w.plan.Launches[i]
			if t := w.instanceType(l); l.NodePool == p.source.Name && t != nil {
				add(t.Capacity)
			}
		}
		if more != nil {
			add(more.typ.Capacity)
		}
		if total.Cmp(limit) > 0 {
			out = append(out, resource)
		}
	}
	return out
}
