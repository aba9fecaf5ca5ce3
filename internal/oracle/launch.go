package oracle

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

func oneNode() resource.Quantity { return *resource.NewQuantity(1, resource.DecimalSI) }

// instanceType is what the launch buys; nil when there is no such type.
func (w *world) instanceType(l *scheduling.Launch) *cloudprovider.InstanceType {
	if len(l.Choices) == 0 {
		return nil
	}
	for _, t := range w.s.InstanceTypes[l.NodePool] {
		if t.Name == l.Choices[0].InstanceType {
			return t
		}
	}
	return nil
}

func classLabel(p *pool) string {
	ref := p.source.Spec.Template.Spec.NodeClassRef
	return ref.Group + "/" + strings.ToLower(ref.Kind)
}

// checkLaunches looks at every launch by itself.
func (c *checker) checkLaunches() {
	names := map[string]bool{}
	for _, h := range c.existing {
		names[h.node.Name] = true
	}
	for i := range c.plan.Launches {
		l := &c.plan.Launches[i]
		object := "launch " + l.Name
		if l.Name == "" || names[l.Name] {
			c.add(LaunchName, object, "the name is empty or taken")
		}
		names[l.Name] = true
		p := c.pool(l.NodePool)
		if p == nil || !p.launch {
			c.add(LaunchPool, object, "pool %q is not there or may not launch", l.NodePool)
			continue
		}
		if len(l.Choices) == 0 || l.Node == nil {
			c.add(ChoiceExists, object, "has no choice or no node")
			continue
		}
		c.checkNode(object, p, l)
		c.checkChoices(object, p, l)
		c.checkTypes(object, p, l)
	}
}

// hostOf is the launch's node with what the plan puts on it.
func (c *checker) hostOf(l *scheduling.Launch) *host {
	return c.launched[slices.IndexFunc(c.launched, func(h *host) bool { return h.launch == l })]
}

// offered lists the pool's offerings with that key.
func (w *world) offered(p *pool, key cloudprovider.OfferingKey) []cloudprovider.Offering {
	var out []cloudprovider.Offering
	for _, t := range w.s.InstanceTypes[p.source.Name] {
		for _, o := range t.Offerings {
			if keyOf(t, &o) == key {
				out = append(out, o)
			}
		}
	}
	return out
}

func keyOf(t *cloudprovider.InstanceType, o *cloudprovider.Offering) cloudprovider.OfferingKey {
	key := cloudprovider.OfferingKey{InstanceType: t.Name, Zone: o.Zone, CapacityType: o.CapacityType}
	if o.Stock != nil {
		key.StockKey = o.Stock.Key
	}
	return key
}

// checkChoices looks at the offerings that the launch may use.
func (c *checker) checkChoices(object string, p *pool, l *scheduling.Launch) {
	seen := map[cloudprovider.Choice]int{}
	for i, choice := range l.Choices {
		offered := c.offered(p, choice.OfferingKey)
		if len(offered) == 0 {
			c.add(ChoiceExists, object, "pool %s has no offering %v", l.NodePool, choice.OfferingKey)
			continue
		}
		priced := slices.DeleteFunc(slices.Clone(offered), func(o cloudprovider.Offering) bool { return o.Price != choice.Price })
		if len(priced) == 0 {
			c.add(ChoicePrice, object, "%v costs %v, not %v", choice.OfferingKey, offered[0].Price, choice.Price)
		}
		if seen[choice]++; seen[choice] > len(priced) && len(priced) > 0 {
			c.add(ChoiceExists, object, "%v is listed twice", choice.OfferingKey)
		}
		if i > 1 && l.Choices[i-1].Price > choice.Price {
			c.add(ChoicePrice, object, "alternative %v comes after a dearer one", choice.OfferingKey)
		}
		prints := c.printsOf(p, choice)
		if len(prints) == 0 {
			c.add(ChoiceAdmitted, object, "the pool does not admit %v", choice.OfferingKey)
			continue
		}
		prints = slices.DeleteFunc(prints, func(b *blueprint) bool { return !c.sold(b) })
		if len(prints) == 0 {
			c.add(ChoiceAvailable, object, "%v is not available", choice.OfferingKey)
			continue
		}
		h := c.hostOf(l)
		if !slices.ContainsFunc(prints, func(b *blueprint) bool { return c.holds(h, b, h.placed) }) {
			c.add(ChoiceHosts, object, "%v cannot host the content", choice.OfferingKey)
		}
	}
}

func (w *world) printsOf(p *pool, choice cloudprovider.Choice) []*blueprint {
	var out []*blueprint
	for _, b := range p.prints {
		if keyOf(b.typ, b.offering) == choice.OfferingKey {
			out = append(out, b)
		}
	}
	return out
}

// checkNode compares the node of the launch with what the first choice makes of it.
func (c *checker) checkNode(object string, p *pool, l *scheduling.Launch) {
	t := c.instanceType(l)
	if t == nil {
		return // reported with the choices
	}
	n := l.Node
	if n.Name != l.Name || n.Spec.Unschedulable || n.DeletionTimestamp != nil {
		c.add(NodeObject, object, "node is named %q, unschedulable %t", n.Name, n.Spec.Unschedulable)
	}
	if !slices.Equal(taintTexts(n.Spec.Taints), taintTexts(p.source.Spec.Template.Spec.Taints)) {
		c.add(NodeTaints, object, "taints are %v, the template's %v", taintTexts(n.Spec.Taints), taintTexts(p.source.Spec.Template.Spec.Taints))
	}
	want := allocatable(&blueprint{typ: t})
	if d := difference(n.Status.Allocatable, want); d != "" {
		c.add(NodeAllocatable, object, "allocatable: %s", d)
	}
	if d := difference(n.Status.Capacity, t.Capacity); d != "" && len(n.Status.Capacity) > 0 {
		c.add(NodeObject, object, "capacity: %s", d)
	}
	problem := "there is no such offering"
	for _, o := range c.offered(p, l.Choices[0].OfferingKey) {
		if problem = c.labelProblem(p, t, &o, l); problem == "" {
			break
		}
	}
	if problem != "" {
		c.add(NodeLabels, object, "%s", problem)
	}
	daemons := namesOf(c.daemonsOn(n))
	if have := slices.SortedFunc(slices.Values(l.DaemonPods), compareNames); !slices.Equal(have, daemons) {
		c.add(DaemonPods, object, "lists %v, there will be %v", have, daemons)
	} else if !slices.Equal(have, l.DaemonPods) {
		c.add(Sorted, object, "daemon pods are not sorted")
	}
	c.checkRequests(object, l)
}

func namesOf(pods []*corev1.Pod) []types.NamespacedName {
	var out []types.NamespacedName
	for _, pod := range pods {
		out = append(out, name(pod))
	}
	slices.SortFunc(out, compareNames)
	return out
}

func taintTexts(taints []corev1.Taint) []string {
	var out []string
	for _, t := range taints {
		out = append(out, t.ToString())
	}
	slices.Sort(out)
	return out
}

// difference describes in what two lists differ; zero and absent are the same.
func difference(have, want corev1.ResourceList) string {
	keys := maps.Clone(have)
	if keys == nil {
		keys = corev1.ResourceList{}
	}
	maps.Copy(keys, want)
	for _, key := range slices.Sorted(mapKeys(keys)) {
		h, w := have[key], want[key]
		if h.Cmp(w) != 0 {
			return fmt.Sprintf("%s is %s, should be %s", key, h.String(), w.String())
		}
	}
	return ""
}

func (c *checker) checkRequests(object string, l *scheduling.Launch) {
	total := map[corev1.ResourceName]int64{}
	pods := int64(0)
	for _, pod := range c.hostOf(l).pods() {
		pods++
		for resource, n := range c.requests(pod) {
			total[resource] += n
		}
	}
	if _, stated := l.Requests[corev1.ResourcePods]; stated {
		total[corev1.ResourcePods] = pods
	}
	for _, key := range slices.Sorted(mapKeys(total)) {
		if have := amount(l.Requests, key); have != total[key] {
			c.add(Requests, object, "%s is %d, its pods ask for %d", key, have, total[key])
		}
	}
	for _, key := range slices.Sorted(mapKeys(l.Requests)) {
		if q := l.Requests[key]; !q.IsZero() && total[key] == 0 {
			c.add(Requests, object, "%s is %s, nobody asks for it", key, q.String())
		}
	}
}

// labelProblem says what is wrong with the node's labels when it is bought at the offering; empty when nothing is.
func (c *checker) labelProblem(p *pool, t *cloudprovider.InstanceType, o *cloudprovider.Offering, l *scheduling.Launch) string {
	labels := l.Node.Labels
	fixed := map[string]string{}
	maps.Copy(fixed, p.labels)
	fixed[corev1.LabelInstanceTypeStable] = t.Name
	fixed[corev1.LabelTopologyZone] = o.Zone
	fixed["karpenter.sh/capacity-type"] = o.CapacityType
	fixed[corev1.LabelHostname] = l.Name
	for _, key := range slices.Sorted(mapKeys(fixed)) {
		if have, ok := labels[key]; !ok || have != fixed[key] {
			return fmt.Sprintf("label %s is %q, should be %q", key, have, fixed[key])
		}
	}
	for _, r := range p.rules {
		if value, ok := labels[r.key]; !r.admits(value, ok) {
			return fmt.Sprintf("label %s = %q (present: %t) against the pool's requirement %s %v", r.key, value, ok, r.operator, r.values)
		}
	}
	for _, set := range []map[string]bool{keySet(t.Requirements.Keys()), keySet(o.Requirements.Keys())} {
		for _, key := range slices.Sorted(mapKeys(set)) {
			typ, offer := t.Requirements.Get(key), o.Requirements.Get(key)
			value, ok := labels[key]
			if ok && !(typ.Has(value) && offer.Has(value)) || !ok && !(typ.HasAbsent() && offer.HasAbsent()) {
				return fmt.Sprintf("label %s = %q (present: %t) against the type's %v and the offering's %v", key, value, ok, typ, offer)
			}
		}
	}
	for _, key := range slices.Sorted(mapKeys(labels)) {
		if _, ok := fixed[key]; ok || t.Requirements.Has(key) || o.Requirements.Has(key) {
			continue
		}
		if problem := c.extraLabel(p, labels, key); problem != "" {
			return problem
		}
	}
	return ""
}

// extraLabel judges a label that neither type, offering nor template gives.
func (c *checker) extraLabel(p *pool, labels map[string]string, key string) string {
	if today, ok := kubeletLabels()[key]; ok {
		if labels[key] != labels[today] {
			return fmt.Sprintf("label %s differs from %s", key, today)
		}
		return ""
	}
	if key == "karpenter.sh/registered" || key == "karpenter.sh/initialized" || strings.HasPrefix(key, "beta.kubernetes.io/") {
		return ""
	}
	if ref := p.source.Spec.Template.Spec.NodeClassRef; ref != nil && key == classLabel(p) && labels[key] == ref.Name {
		return ""
	}
	custom := slices.ContainsFunc(p.rules, func(r rule) bool { return r.key == key }) && !c.isProviderKey(key)
	if !custom {
		return fmt.Sprintf("label %s = %q comes from nowhere", key, labels[key])
	}
	return ""
}

func keySet(keys []string) map[string]bool {
	out := map[string]bool{}
	for _, key := range keys {
		out[key] = true
	}
	return out
}

// checkTypes looks at the list of alternatives and at minValues.
func (c *checker) checkTypes(object string, p *pool, l *scheduling.Launch) {
	for _, choice := range l.Choices {
		if !slices.Contains(l.InstanceTypes, choice.InstanceType) {
			c.add(InstanceTypes, object, "choice %v is of no listed type", choice.OfferingKey)
		}
	}
	h := c.hostOf(l)
	holds := c.holds
	if len(minimums(p)) > 0 {
		holds = c.serves
	}
	admitted, serving, hosting := []float64{}, []float64{}, []float64{}
	for i, t := range l.InstanceTypes {
		if slices.Contains(l.InstanceTypes[:i], t) {
			c.add(InstanceTypes, object, "%s is listed twice", t)
		}
		cheapest, cheapestServing, cheapestHosting := math.Inf(1), math.Inf(1), math.Inf(1)
		for _, b := range p.prints {
			if b.typ.Name == t && c.sold(b) {
				cheapest = min(cheapest, b.offering.Price)
				if b.offering.Price < cheapestServing && c.serves(h, b, h.placed) {
					cheapestServing = b.offering.Price
				}
				if b.offering.Price < cheapestHosting && holds(h, b, h.placed) {
					cheapestHosting = b.offering.Price
				}
			}
		}
		if math.IsInf(cheapest, 1) {
			c.add(InstanceTypes, object, "%s has no available offering that the pool admits", t)
		} else if math.IsInf(cheapestHosting, 1) {
			c.add(InstanceTypes, object, "%s cannot host the content", t)
		}
		admitted, serving, hosting = append(admitted, cheapest), append(serving, cheapestServing), append(hosting, cheapestHosting)
	}
	// A type's price may be read as that of its cheapest offering, of the cheapest that suits the pods by themselves, or
	// of the cheapest that suits them where the others are.
	if !slices.IsSorted(admitted) && !slices.IsSorted(serving) && !slices.IsSorted(hosting) {
		c.add(InstanceTypes, object, "%v are not cheapest first: %v", l.InstanceTypes, hosting)
	}
	values := c.variety(p, func(b *blueprint) bool { return slices.Contains(l.InstanceTypes, b.typ.Name) })
	wanted := minimums(p)
	for _, key := range slices.Sorted(mapKeys(wanted)) {
		relaxed, stated := l.RelaxedMinValues[key]
		switch enough := values[key] >= wanted[key]; {
		case !enough && !stated:
			c.add(MinValues, object, "%d values of %s, the pool asks for %d", values[key], key, wanted[key])
		case enough && stated:
			c.add(MinValues, object, "%s has %d values and is called relaxed", key, values[key])
		case !enough && relaxed != values[key]:
			c.add(MinValues, object, "%s has %d values and is called relaxed to %d", key, values[key], relaxed)
		}
	}
	for _, key := range slices.Sorted(mapKeys(l.RelaxedMinValues)) {
		if wanted[key] == 0 {
			c.add(MinValues, object, "%s is called relaxed, the pool asks for nothing", key)
		}
	}
}

// minimums are the pool's minValues by key.
func minimums(p *pool) map[string]int {
	out := map[string]int{}
	for _, r := range p.rules {
		if r.minValues > 0 {
			out[r.key] = max(out[r.key], r.minValues)
		}
	}
	return out
}

// variety counts, for each key with minValues, the distinct values over the available offerings that the pool admits and
// that are wanted.
func (w *world) variety(p *pool, wanted func(*blueprint) bool) map[string]int {
	out := map[string]int{}
	for key := range minimums(p) {
		seen := map[string]bool{}
		for _, b := range p.prints {
			if !w.sold(b) || !wanted(b) {
				continue
			}
			if value, ok := b.labels[key]; ok {
				seen[value] = true
			}
			open := b.typ.Requirements.Get(key).Intersect(b.offering.Requirements.Get(key))
			if _, single := w.derivedLabel(b, key); single || !open.Finite() {
				continue
			}
			for _, value := range open.Values() {
				admitted := !slices.ContainsFunc(p.rules, func(r rule) bool { return r.key == key && !r.admits(value, true) })
				if fixed, is := p.labels[key]; admitted && (!is || fixed == value) {
					seen[value] = true
				}
			}
		}
		out[key] = len(seen)
	}
	return out
}

// derivedLabel is the value of a label that follows from what is bought.
func (w *world) derivedLabel(b *blueprint, key string) (string, bool) {
	switch key {
	case corev1.LabelTopologyZone:
		return b.offering.Zone, true
	case "karpenter.sh/capacity-type":
		return b.offering.CapacityType, true
	case corev1.LabelInstanceTypeStable:
		return b.typ.Name, true
	}
	return "", false
}
