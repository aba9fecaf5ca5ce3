package oracle

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// pool is a NodePool with everything that could be launched for it.
type pool struct {
	source *v1.NodePool
	launch bool // may launch nodes
	// labels are those that every node of the pool carries.
	labels map[string]string
	rules  []rule
	// prints are all nodes that could be launched, available or not, limits aside.
	prints []*blueprint
	// refused counts the pool's offerings that its own rules do not admit.
	refused int
}

// rule is one requirement of a pool, with its key in today's spelling.
type rule struct {
	key       string
	operator  string
	values    []string
	minValues int
}

// blueprint is one node that could be launched: an offering, with a value for each label that is left open.
type blueprint struct {
	pool     *pool
	typ      *cloudprovider.InstanceType
	offering *cloudprovider.Offering
	labels   map[string]string // all but the hostname's
	built    *host             // the node, once somebody has asked for it
}

// admits reports whether a label, or its absence, satisfies the rule.
func (r rule) admits(value string, present bool) bool {
	switch r.operator {
	case "NotIn":
		return !present || !slices.Contains(r.values, value)
	case "DoesNotExist":
		return !present
	case "In":
		return present && slices.Contains(r.values, value)
	case "Exists":
		return present
	}
	if !present || len(r.values) != 1 {
		return false
	}
	have, err := strconv.ParseInt(value, 10, 64)
	bound, err2 := strconv.ParseInt(r.values[0], 10, 64)
	if err != nil || err2 != nil {
		return false
	}
	switch r.operator {
	case "Gt":
		return have > bound
	case "Lt":
		return have < bound
	case "Gte":
		return have >= bound
	case "Lte":
		return have <= bound
	}
	return false
}

// todaysKey is the key that an old spelling in a requirement stands for.
func todaysKey(s *scheduling.Snapshot, key string) string {
	if to, ok := s.Vocabulary.Aliases[key]; ok {
		return to
	}
	switch key {
	case "failure-domain.beta.kubernetes.io/zone":
		return corev1.LabelTopologyZone
	case "failure-domain.beta.kubernetes.io/region":
		return corev1.LabelTopologyRegion
	case "beta.kubernetes.io/arch":
		return corev1.LabelArchStable
	case "beta.kubernetes.io/os":
		return corev1.LabelOSStable
	case "beta.kubernetes.io/instance-type":
		return corev1.LabelInstanceTypeStable
	}
	return key
}

func (w *world) readPools() []*pool {
	var out []*pool
	for _, source := range w.s.NodePools {
		p := &pool{source: source, launch: source.Spec.Replicas == nil && source.DeletionTimestamp == nil, labels: map[string]string{}}
		for _, c := range source.Status.Conditions {
			if c.Type == "Ready" && c.Status == metav1.ConditionFalse {
				p.launch = false
			}
		}
		for key, value := range source.Spec.Template.Labels {
			p.labels[key] = value
		}
		p.labels["karpenter.sh/nodepool"] = source.Name
		for _, r := range source.Spec.Template.Spec.Requirements {
			x := rule{key: todaysKey(w.s, r.Key), operator: string(r.Operator), values: r.Values}
			if r.MinValues != nil {
				x.minValues = *r.MinValues
			}
			p.rules = append(p.rules, x)
		}
		if p.launch {
			w.draw(p)
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *pool) int { return strings.Compare(a.source.Name, b.source.Name) })
	return out
}

func (w *world) pool(name string) *pool {
	for _, p := range w.pools {
		if p.source.Name == name {
			return p
		}
	}
	return nil
}

// isProviderKey reports whether the provider, not the planner, decides the label.
func (w *world) isProviderKey(key string) bool {
	switch key {
	case "karpenter.sh/nodepool", "karpenter.sh/capacity-type", "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
		"node.kubernetes.io/instance-type", "node.kubernetes.io/windows-build", "kubernetes.io/arch", "kubernetes.io/os",
		"kubernetes.io/hostname":
		return true
	}
	if slices.Contains(w.s.Vocabulary.WellKnown, key) {
		return true
	}
	states := func(keys []string) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return k == key || todaysKey(w.s, k) == key })
	}
	for _, list := range w.s.InstanceTypes {
		for _, t := range list {
			if states(t.Requirements.Keys()) {
				return true
			}
			for i := range t.Offerings {
				if states(t.Offerings[i].Requirements.Keys()) {
					return true
				}
			}
		}
	}
	return false
}

// draw lists the pool's blueprints.
func (w *world) draw(p *pool) {
	custom := map[string]bool{}
	for _, r := range p.rules {
		if _, fixed := p.labels[r.key]; !fixed && !w.isProviderKey(r.key) {
			custom[r.key] = true
		}
	}
	for _, t := range w.s.InstanceTypes[p.source.Name] {
		for i := range t.Offerings {
			prints := w.drawOffering(p, t, &t.Offerings[i], custom)
			if len(prints) == 0 {
				p.refused++
			}
			p.prints = append(p.prints, prints...)
		}
	}
}

func (w *world) drawOffering(p *pool, t *cloudprovider.InstanceType, o *cloudprovider.Offering, custom map[string]bool) []*blueprint {
	derived := map[string]string{
		corev1.LabelTopologyZone: o.Zone, "karpenter.sh/capacity-type": o.CapacityType, corev1.LabelInstanceTypeStable: t.Name,
	}
	keys := map[string]bool{}
	for _, set := range [][]string{slices.Collect(mapKeys(derived)), slices.Collect(mapKeys(p.labels)), slices.Collect(mapKeys(custom)), t.Requirements.Keys(), o.Requirements.Keys()} {
		for _, key := range set {
			keys[key] = true
		}
	}
	for _, r := range p.rules {
		keys[r.key] = true
	}
	delete(keys, corev1.LabelHostname)
	prints := []*blueprint{{pool: p, typ: t, offering: o, labels: map[string]string{}}}
	for _, key := range slices.Sorted(mapKeys(keys)) {
		values, absent := w.possible(p, t, o, derived, custom[key], key)
		var next []*blueprint
		for _, b := range prints {
			if absent {
				next = append(next, b)
			}
			for _, value := range values {
				c := *b
				c.labels = map[string]string{key: value}
				for k, v := range b.labels {
					c.labels[k] = v
				}
				next = append(next, &c)
			}
		}
		prints = next
	}
	return prints
}

// possible lists the values that the label may have on a node launched for the pool from the offering, as far as
// somebody can tell them apart, and whether the node may go without.
func (w *world) possible(p *pool, t *cloudprovider.InstanceType, o *cloudprovider.Offering, derived map[string]string, custom bool, key string) ([]string, bool) {
	typ, offer := t.Requirements.Get(key), o.Requirements.Get(key)
	stated := t.Requirements.Has(key) || o.Requirements.Has(key)
	ok := func(value string, present bool) bool {
		if !present && !(typ.HasAbsent() && offer.HasAbsent()) || present && !(typ.Has(value) && offer.Has(value)) {
			return false
		}
		if fixed, is := p.labels[key]; is && (!present || fixed != value) {
			return false
		}
		if fixed, is := derived[key]; is && (!present || fixed != value) {
			return false
		}
		for _, r := range p.rules {
			if r.key == key && !r.admits(value, present) {
				return false
			}
		}
		return true
	}
	fixed, isFixed := p.labels[key]
	if value, is := derived[key]; is {
		fixed, isFixed = value, true
	}
	if isFixed {
		if ok(fixed, true) {
			return []string{fixed}, false
		}
		return nil, false
	}
	if !stated && !custom { // nobody gives the node such a label
		return nil, ok("", false)
	}
	candidates, asked := w.mentioned(key)
	if stated {
		candidates = append(candidates, typ.Values()...)
		candidates = append(candidates, offer.Values()...)
		for _, pick := range []func() (string, bool){typ.Pick, offer.Pick, typ.Intersect(offer).Pick} {
			if value, some := pick(); some {
				candidates = append(candidates, value)
			}
		}
	}
	slices.Sort(candidates)
	candidates = slices.DeleteFunc(slices.Compact(candidates), func(v string) bool { return !ok(v, true) })
	absent := ok("", false)
	if !asked { // nobody looks at the label: one way is as good as another
		switch {
		case absent:
			candidates = nil
		case len(candidates) > 1:
			candidates = candidates[:1]
		}
	}
	return candidates, absent
}
