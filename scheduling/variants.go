package scheduling

import (
	"fmt"
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

// maxVariants bounds how many combinations of a pool are tried at large. Beyond it there is one combination for each way
// in which pods ask for values, so that every pod finds one of its own, if not always one to share.
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
	choices := map[string][]choiceOfValue{}
	product := 1
	for key, sources := range open {
		if found := p.choices(pl, key, sources, mentioned[key]); len(found) > 0 {
			choices[key] = found
			product = min(product, maxVariants) * len(found)
		}
	}
	if product <= maxVariants {
		pl.variants = combinations(choices)
	} else {
		pl.variants = p.askedFor(choices)
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

// combinations are all combinations of the choices, the one of all first choices first.
func combinations(choices map[string][]choiceOfValue) []variant {
	out := []variant{{}}
	for _, key := range sortedKeys(choices) {
		var longer []variant
		for _, v := range out {
			for _, c := range choices[key] {
				w := maps.Clone(v)
				w[key] = c
				longer = append(longer, w)
			}
		}
		out = longer
	}
	return out
}

// askedFor are the combination of all first choices and, for each way in which a signature may be satisfied (each term
// of its node affinity is one), the combination that departs from it only where the pod asks for something else.
func (p *Problem) askedFor(choices map[string][]choiceOfValue) []variant {
	keys := sortedKeys(choices)
	base := variant{}
	for _, key := range keys {
		base[key] = choices[key][0]
	}
	out := []variant{base}
	seen := map[string]bool{fmt.Sprint(base): true}
	for i := range p.sigs {
		for _, asked := range waysToSatisfy(&p.sigs[i].pod.Spec) {
			v := maps.Clone(base)
			for _, key := range keys {
				r := asked.Get(key)
				fits := slices.IndexFunc(choices[key], func(c choiceOfValue) bool {
					return c.absent && r.HasAbsent() || !c.absent && r.Has(c.value)
				})
				if fits >= 0 {
					v[key] = choices[key][fits]
				}
			}
			if text := fmt.Sprint(v); !seen[text] {
				seen[text] = true
				out = append(out, v)
			}
		}
	}
	return out
}

// waysToSatisfy are the requirements that the pod has of a node's labels: one set for each term of its node affinity.
func waysToSatisfy(spec *corev1.PodSpec) []requirement.Set {
	var selector requirement.Set
	for key, value := range spec.NodeSelector {
		selector = selector.With(requirement.In(key, value))
	}
	terms := requiredTerms(spec)
	if len(terms) == 0 {
		return []requirement.Set{selector}
	}
	var out []requirement.Set
	for _, term := range terms {
		set := selector
		for _, e := range term.MatchExpressions {
			if r, err := requirement.New(e.Key, requirement.Operator(e.Operator), e.Values); err == nil {
				set = set.With(r)
			}
		}
		out = append(out, set)
	}
	return out
}
