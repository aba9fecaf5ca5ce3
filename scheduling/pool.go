package scheduling

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// pool is one NodePool that may launch nodes.
type pool struct {
	source  *v1.NodePool
	weight  int32
	require requirement.Set   // requirements with canonical keys, template labels not included
	labels  map[string]string // what every node of the pool carries: template labels, pool and node class
	taints  []corev1.Taint
	custom  []requirement.Requirement // keys whose value the planner chooses
	// variants are the choices of values for custom and open keys that make a difference to some pod.
	variants []variant
	// looks says which variants agree in all custom keys: nodes of one look can stand in for each other.
	looks    []int32
	limit    resource.Vector // in Problem.limitDims; MaxInt64 where there is no limit
	maxNodes int64           // the limit "nodes"; MaxInt64 without one
	used     resource.Vector // capacity of the pool's existing nodes
	nodes    int64           // their number
	minimums []minimum       // minValues by key
	types    []int32         // in Problem.types, by name
	rows     [2]int32        // the pool's part of Problem.rows
	rooms    [2]int32        // the pool's part of Problem.rooms
	typeRows [][2]int32      // the part of the rows of each of its types
}

// variant is a value, or absence, for each key that is left open.
type variant map[string]choiceOfValue

type choiceOfValue struct {
	value  string
	absent bool
}

// limited reports whether the pool's growth is bounded.
func (p *pool) limited() bool {
	return p.maxNodes != math.MaxInt64 || slices.ContainsFunc(p.limit, func(v int64) bool { return v != math.MaxInt64 })
}

// launchable reports whether the pool may launch nodes at all.
func launchable(p *v1.NodePool) bool {
	notReady := slices.ContainsFunc(p.Status.Conditions, func(c metav1.Condition) bool {
		return c.Type == v1.ConditionTypeReady && c.Status == metav1.ConditionFalse
	})
	return p.Spec.Replicas == nil && p.DeletionTimestamp == nil && !notReady
}

// compilePools reads the NodePools, heaviest first, then by name.
func (p *Problem) compilePools(f *findings) {
	sources := slices.Clone(p.snapshot.NodePools)
	slices.SortFunc(sources, func(a, b *v1.NodePool) int {
		return cmp.Or(cmp.Compare(weight(b), weight(a)), strings.Compare(a.Name, b.Name))
	})
	for _, source := range sources {
		path := fmt.Sprintf("NodePools[%s]", source.Name)
		compiled, ok := p.compilePool(f, path, source)
		if !launchable(source) || !ok {
			continue
		}
		types, known := p.snapshot.InstanceTypes[source.Name]
		if !known || types == nil {
			f.add(path, "nobody knows what the pool can launch: InstanceTypes has no entry for it (an empty list means nothing)")
			continue
		}
		for _, t := range types {
			compiled.types = append(compiled.types, p.typeIDs[t])
		}
		slices.SortFunc(compiled.types, func(a, b int32) int {
			return strings.Compare(p.types[a].source.Name, p.types[b].source.Name)
		})
		p.pools = append(p.pools, compiled)
	}
}

func weight(p *v1.NodePool) int32 {
	if p.Spec.Weight == nil {
		return 0
	}
	return *p.Spec.Weight
}

func (p *Problem) compilePool(f *findings, path string, source *v1.NodePool) (pool, bool) {
	template := &source.Spec.Template
	compiled := pool{source: source, weight: weight(source), maxNodes: math.MaxInt64, labels: map[string]string{}}
	for key, value := range template.Labels {
		compiled.labels[key] = value
	}
	compiled.labels[v1.NodePoolLabelKey] = source.Name
	if ref := template.Spec.NodeClassRef; ref != nil && ref.Group != "" {
		compiled.labels[ref.Group+"/"+strings.ToLower(ref.Kind)] = ref.Name
	}
	compiled.taints = template.Spec.Taints
	ok := true
	for i, entry := range template.Spec.Requirements {
		entry.Key = p.snapshot.Vocabulary.Canonical(entry.Key)
		where := fmt.Sprintf("%s.spec.template.spec.requirements[%d]", path, i)
		r, err := entry.Requirement()
		if err != nil {
			f.add(where, "%v", err)
			ok = false
			continue
		}
		before := compiled.require.Get(entry.Key)
		compiled.require = compiled.require.With(r)
		if compiled.require.Get(entry.Key).Empty() {
			f.add(where, "%v and %v admit no value in common", before, r)
			ok = false
		}
	}
	p.compileLimits(&compiled)
	for r := range compiled.require.All() {
		if r.MinValues() > 0 {
			compiled.minimums = append(compiled.minimums, minimum{key: r.Key(), want: r.MinValues()})
		}
		if _, fixed := compiled.labels[r.Key()]; !fixed && !p.isProviderKey(r.Key()) {
			compiled.custom = append(compiled.custom, r)
		}
	}
	return compiled, ok
}

// isProviderKey reports whether the provider decides the label: a well-known key, or one that some type or offering
// carries.
func (p *Problem) isProviderKey(key string) bool {
	return p.snapshot.Vocabulary.IsWellKnown(key) || p.providerKeys[key]
}

// compileProviderKeys collects the label keys of all types and offerings, and those that they stand for: a type that
// states an alias alone has no value for the key, and the planner must not make one up.
func (p *Problem) compileProviderKeys() {
	p.providerKeys = map[string]bool{}
	var last []string // most have the keys of the one before
	note := func(keys []string) {
		if slices.Equal(keys, last) {
			return
		}
		last = keys
		for _, key := range keys {
			p.providerKeys[key] = true
			p.providerKeys[p.snapshot.Vocabulary.Canonical(key)] = true
		}
	}
	for i := range p.types {
		note(p.types[i].keys)
	}
}

// row is something that can be launched: a pool, a variant of it, and an offer.
type row struct {
	pool, variant, offer, typ int32
}

// admits reports whether the pool's own rules admit the offer, some variant of open keys aside.
func (p *Problem) admits(pl *pool, o *offer) bool {
	for key, value := range pl.labels {
		if have, ok := p.offerLabel(o, key); ok && have != value {
			return false
		}
		if !p.types[o.typ].source.Requirements.Get(key).Has(value) || !o.source.Requirements.Get(key).Has(value) {
			return false
		}
	}
	for r := range pl.require.All() {
		if !p.admitsKey(pl, o, r) {
			return false
		}
	}
	return true
}

func (p *Problem) admitsKey(pl *pool, o *offer, r requirement.Requirement) bool {
	if value, ok := pl.labels[r.Key()]; ok {
		return r.Has(value)
	}
	if open, ok := p.offerOpen(o, r.Key()); ok {
		return r.Intersects(open)
	}
	if value, ok := p.offerLabel(o, r.Key()); ok {
		return r.Has(value)
	}
	return r.HasAbsent() || !p.isProviderKey(r.Key()) || r.Key() == corev1.LabelHostname
}

// unmet is a requirement of the pool's template, with the key that is written there, that no offer of the pool meets: the
// first in the order of their texts. It is empty when each is met by some offer, and only all together are not.
func (p *Problem) unmet(pl *pool) string {
	first := ""
	for _, entry := range pl.source.Spec.Template.Spec.Requirements {
		entry.Values = slices.Sorted(slices.Values(entry.Values))
		written := entry.String()
		if first != "" && first < written {
			continue
		}
		entry.Key = p.snapshot.Vocabulary.Canonical(entry.Key)
		r, err := entry.Requirement()
		met := err != nil || slices.ContainsFunc(pl.types, func(t int32) bool {
			return slices.ContainsFunc(p.types[t].offers, func(o int32) bool { return p.admitsKey(pl, &p.offers[o], r) })
		})
		if !met {
			first = written
		}
	}
	return first
}

// chosen reports whether the planner chooses the label's value on nodes of the pool bought at the offer: a custom key of
// the pool, or a key that the offer leaves open.
func (p *Problem) chosen(pl *pool, o *offer, key string) bool {
	if slices.ContainsFunc(pl.custom, func(r requirement.Requirement) bool { return r.Key() == key }) {
		return true
	}
	_, open := p.offerOpen(o, key)
	return open
}

// fitsVariant reports whether the offer can be launched with the variant's values. Where the planner has no choice,
// variants do not differ, and only the first choice stands for all.
func (p *Problem) fitsVariant(pl *pool, o *offer, v variant) bool {
	for key, choice := range v {
		if open, ok := p.offerOpen(o, key); ok {
			if choice.absent && !open.HasAbsent() || !choice.absent && !open.Has(choice.value) {
				return false
			}
		} else if !p.chosen(pl, o, key) && choice != pl.variants[0][key] {
			return false
		}
	}
	return true
}

// look identifies the values that the row's node has for the pool's custom keys.
func (p *Problem) look(r int32) int32 { return p.pools[p.rows[r].pool].looks[p.rows[r].variant] }

// compileRows lists what can be launched, available or not.
func (p *Problem) compileRows() {
	if c := p.snapshot.Catalog; c != nil {
		p.rows = make([]row, 0, len(c.rows))
	}
	for i := range p.pools {
		pl := &p.pools[i]
		before := p.snapshot.Catalog.precedent(pl)
		pl.rows[0] = int32(len(p.rows))
		pl.typeRows = make([][2]int32, len(pl.types))
		for k, t := range pl.types {
			first := int32(len(p.rows))
			if rows, then, known := before.rows(p.types[t].source); known {
				for _, r := range rows {
					p.rows = append(p.rows, row{pool: int32(i), variant: r.variant, offer: r.offer - then.offers[0] + p.types[t].offers[0], typ: t})
				}
			} else {
				p.compileRowsOf(int32(i), t)
			}
			pl.typeRows[k] = [2]int32{first, int32(len(p.rows))}
		}
		pl.rows[1] = int32(len(p.rows))
	}
}

// compileRowsOf lists what the pool can launch of one type.
func (p *Problem) compileRowsOf(pool, t int32) {
	pl := &p.pools[pool]
	for _, o := range p.types[t].offers {
		if !p.admits(pl, &p.offers[o]) {
			continue
		}
		for v := range pl.variants {
			if p.fitsVariant(pl, &p.offers[o], pl.variants[v]) {
				p.rows = append(p.rows, row{pool: pool, variant: int32(v), offer: o, typ: t})
			}
		}
	}
}

// rowsOfType is the part of the pool's rows that are of the type; empty if it has none.
func (p *Problem) rowsOfType(pl *pool, typ int32) [2]int32 {
	at, found := slices.BinarySearchFunc(pl.types, p.types[typ].source.Name, func(t int32, name string) int {
		return strings.Compare(p.types[t].source.Name, name)
	})
	if !found {
		return [2]int32{}
	}
	return pl.typeRows[at]
}

// rowLabel is the value of a label on a node launched from the row.
func (p *Problem) rowLabel(i int, key string) (string, bool) {
	r := &p.rows[i]
	pl := &p.pools[r.pool]
	if key == nodeNameKey || key == corev1.LabelHostname {
		return newNodeName, true
	}
	if choice, ok := pl.variants[r.variant][key]; ok && p.chosen(pl, &p.offers[r.offer], key) {
		return choice.value, !choice.absent
	}
	if value, ok := pl.labels[key]; ok {
		return value, true
	}
	if value, ok := p.offerLabel(&p.offers[r.offer], key); ok {
		return value, true
	}
	if stable, ok := stableName(key); ok {
		return p.rowLabel(i, stable)
	}
	if slices.Contains(settledLabels(), key) {
		return "true", true
	}
	return "", false
}
