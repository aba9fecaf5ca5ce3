package scheduling

import (
	"maps"
	"math"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
)

// A NodePool may leave the value of a label open: a custom key with several admitted values, or a key for which a type
// lists several values. The node gets one of them, and only the values that some pod or daemon tells apart make a
// difference. Variants are the combinations worth considering.

// maxVariants bounds the combinations of a pool. Beyond it only combinations that differ from the first in one key are
// kept, so that each value stays reachable, if not together with each other.
const maxVariants = 256

// mentions are the distinct node requirements that pods and daemons state, by key.
type mentions map[string][]requirement.Requirement

func (m mentions) add(spec *corev1.PodSpec) {
	for key, value := range spec.NodeSelector {
		m.note(requirement.In(key, value))
	}
	for _, term := range requiredTerms(spec) {
		for _, e := range term.MatchExpressions {
			if r, err := requirement.New(e.Key, requirement.Operator(e.Operator), e.Values); err == nil {
				m.note(r)
			}
		}
	}
}

func (m mentions) note(r requirement.Requirement) {
	if !slices.ContainsFunc(m[r.Key()], r.Equal) {
		m[r.Key()] = append(m[r.Key()], r)
	}
}

// compileVariants finds the pool's variants. mentioned must be complete.
func (p *Problem) compileVariants(pl *pool, mentioned mentions) {
	open := map[string][]requirement.Requirement{}
	for _, t := range pl.types {
		p.noteOpen(open, t)
	}
	for _, r := range pl.custom {
		open[r.Key()] = append(open[r.Key()], r)
	}
	pl.variants = []variant{{}}
	for _, key := range sortedKeys(open) {
		choices := p.choices(pl, key, open[key], mentioned[key])
		if len(choices) > 0 {
			pl.variants = multiply(pl.variants, key, choices)
		}
	}
	pl.looks = make([]int32, len(pl.variants))
	for i, v := range pl.variants {
		pl.looks[i] = int32(slices.IndexFunc(pl.variants, func(w variant) bool {
			return !slices.ContainsFunc(pl.custom, func(r requirement.Requirement) bool { return v[r.Key()] != w[r.Key()] })
		}))
	}
}

// noteOpen collects what the type and its offers say of the keys that they leave open.
func (p *Problem) noteOpen(open map[string][]requirement.Requirement, t int32) {
	info := &p.types[t]
	note := func(r requirement.Requirement) {
		if !slices.ContainsFunc(open[r.Key()], r.Equal) {
			open[r.Key()] = append(open[r.Key()], r)
		}
	}
	for _, r := range info.open {
		note(r)
	}
	for _, o := range info.offers {
		for _, r := range p.offers[o].open {
			note(r)
		}
	}
}

// choices are the values of the key, absence included, that the pool admits and that somebody can tell apart: of those
// that all mentions and all sources treat alike, the first.
func (p *Problem) choices(pl *pool, key string, sources, mentioned []requirement.Requirement) []choiceOfValue {
	if value, fixed := pl.labels[key]; fixed {
		return []choiceOfValue{{value: value}}
	}
	admitted := pl.require.Get(key)
	var candidates []string
	for _, r := range slices.Concat(sources, mentioned, []requirement.Requirement{admitted}) {
		candidates = append(candidates, representatives(r)...)
	}
	if other, ok := admitted.Intersect(requirement.NotIn(key, candidates...)).Pick(); ok {
		candidates = append(candidates, other) // a value that nobody has named
	}
	slices.Sort(candidates)
	candidates = slices.Compact(candidates)

	judges := slices.Concat(sources, mentioned)
	seen := map[string]bool{}
	var out []choiceOfValue
	consider := func(c choiceOfValue) {
		has := func(r requirement.Requirement) bool {
			if c.absent {
				return r.HasAbsent()
			}
			return r.Has(c.value)
		}
		if !has(admitted) || !slices.ContainsFunc(sources, has) {
			return
		}
		verdicts := make([]byte, len(judges))
		for i, r := range judges {
			if has(r) {
				verdicts[i] = 1
			}
		}
		if !seen[string(verdicts)] {
			seen[string(verdicts)] = true
			out = append(out, c)
		}
	}
	consider(choiceOfValue{absent: true})
	for _, value := range candidates {
		consider(choiceOfValue{value: value})
	}
	return out
}

// representatives are values that stand for all that the requirement can tell apart.
func representatives(r requirement.Requirement) []string {
	values := r.Values()
	if value, ok := r.Pick(); ok {
		values = append(values, value)
	}
	for _, e := range r.Entries() {
		switch e.Operator {
		case requirement.OpGt, requirement.OpLt, requirement.OpGte, requirement.OpLte:
			n, err := strconv.ParseInt(e.Values[0], 10, 64)
			if err != nil {
				continue
			}
			for _, near := range []int64{n - 1, n, n + 1} {
				if near >= 0 && near < math.MaxInt64 {
					values = append(values, strconv.FormatInt(near, 10))
				}
			}
		case requirement.OpIn, requirement.OpNotIn, requirement.OpExists, requirement.OpDoesNotExist:
		}
	}
	return values
}

func multiply(variants []variant, key string, choices []choiceOfValue) []variant {
	var out []variant
	all := len(variants)*len(choices) <= maxVariants
	for i, v := range variants {
		for j, c := range choices {
			if all || i == 0 || j == 0 {
				w := maps.Clone(v)
				w[key] = c
				out = append(out, w)
			}
		}
	}
	return out
}
