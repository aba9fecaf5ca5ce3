package disruption

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/phrase"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Buying something cheaper. Neighbours in the order of waste are merged two by two, and the merged sets again, for as long as
// a set saves at least what its halves save. The best sets that do not touch each other are chosen, and the rest is looked at
// anew.

// maxRounds is how many times the candidates that are left are merged anew.
const maxRounds = 2

// exchanges chooses sets of nodes that cost more than what would be bought in their place.
func (p *planner) exchanges(ctx context.Context, s *scene, cands []*candidate) (*scene, error) {
	for range maxRounds {
		open, err := p.merged(ctx, s, p.exchangeable(cands))
		if err != nil {
			return nil, err
		}
		before := len(p.chosen)
		for !p.spent() {
			var parts []part
			if parts, open, err = p.disjoint(ctx, s, open); err != nil {
				return nil, err
			}
			if len(parts) == 0 {
				break
			}
			if s, err = p.commit(ctx, s, v1.ReasonUnderutilized, parts); err != nil {
				return nil, err
			}
			if open, err = p.again(ctx, s, open); err != nil {
				return nil, err
			}
		}
		if len(p.chosen) == before || p.spent() {
			break
		}
	}
	return s, nil
}

// again asks about the sets once more on another scene, as far as none of their nodes is taken or takes pods now.
func (p *planner) again(ctx context.Context, s *scene, open []outcome) ([]outcome, error) {
	var sets [][]*candidate
	for _, o := range open {
		if free := p.free(o.remove); len(free) > 0 {
			sets = append(sets, free)
		}
	}
	return p.ask(ctx, s, sets)
}

// exchangeable are the free candidates that cost more than their pods are worth by what a command must save at the least: for
// the others nothing cheaper can be bought, alone or together.
func (p *planner) exchangeable(cands []*candidate) []*candidate {
	var out []*candidate
	for _, c := range p.free(cands) {
		least := max(p.o.MinSavings, c.price*p.o.MinSavingsPercent/100)
		switch {
		case !c.known:
			p.keep(c, Kept{Code: CodeUnknown, Detail: "its price is unknown: " + c.offering.String()})
		case c.waste < least:
			p.keep(c, Kept{Code: CodeNotCheaper, Detail: fmt.Sprintf("nothing that costs less than %s/h could save %s/h", phrase.Money(c.price), phrase.Money(least))})
		default:
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b *candidate) int {
		return cmp.Or(strings.Compare(a.owner(), b.owner()), strings.Compare(a.offering.Zone, b.offering.Zone),
			-cmp.Compare(a.waste/max(a.price, 1e-9), b.waste/max(b.price, 1e-9)), strings.Compare(a.name, b.name))
	})
	return out
}

// fewCandidates is how many candidates are few enough to ask about each in earnest: a draft is a few percent dearer than what can
// be had, and so overlooks small savings.
const fewCandidates = 12

// merged are sets of candidates, each with what would become of its pods: none of them would save more in halves.
func (p *planner) merged(ctx context.Context, s *scene, cands []*candidate) ([]outcome, error) {
	ask := p.draft
	if len(cands) <= fewCandidates {
		ask = p.without
	}
	level, err := p.askAll(ctx, s, singles(cands), ask)
	if err != nil {
		return nil, err
	}
	for i, o := range level {
		p.note(cands[i], o)
	}
	var done []outcome
	for len(level) > 1 {
		var pairs [][]*candidate
		var halves [][2]outcome
		var next []outcome
		for i := 0; i < len(level); i += 2 {
			if i+1 == len(level) {
				next = append(next, level[i])
				break
			}
			set := slices.Concat(level[i].remove, level[i+1].remove)
			if len(set) > p.o.MaxNodes || !p.affords(set) {
				done = append(done, level[i], level[i+1])
				continue
			}
			pairs, halves = append(pairs, set), append(halves, [2]outcome{level[i], level[i+1]})
		}
		outcomes, err := p.askAll(ctx, s, pairs, ask)
		if err != nil {
			return nil, err
		}
		for i, o := range outcomes {
			a, b := halves[i][0], halves[i][1]
			if o.gain() >= a.gain()+b.gain()-1e-9 {
				next = append(next, o)
			} else {
				done = append(done, a, b)
			}
		}
		for i := len(outcomes); i < len(halves); i++ { // the effort ran out
			done = append(done, halves[i][0], halves[i][1])
		}
		if len(pairs) == 0 {
			return append(done, next...), nil
		}
		level = next
	}
	return append(done, level...), nil
}

// gain is what the outcome saves; 0 if that is less than nothing, or a pod would have no place.
func (o outcome) gain() float64 {
	if o.plan == nil || len(o.plan.Unplaced) > 0 {
		return 0
	}
	return max(0, o.saving())
}

// disjoint are parts of the outcomes that are worth it, the best first, as far as no two get in each other's way: each has been
// asked about alone. rest are the outcomes that a part got in the way of.
func (p *planner) disjoint(ctx context.Context, s *scene, sets []outcome) (out []part, rest []outcome, err error) {
	sets = slices.DeleteFunc(slices.Clone(sets), func(o outcome) bool { return o.gain() <= 0 || o.gain() < p.o.MinSavings })
	slices.SortStableFunc(sets, func(a, b outcome) int {
		return cmp.Or(-cmp.Compare(a.gain()/a.cost(), b.gain()/b.cost()), strings.Compare(a.remove[0].name, b.remove[0].name))
	})
	draft := crowd{p: p, touched: map[string]bool{}}
	var best [][]*candidate
	for _, o := range sets {
		t := part{remove: o.remove, launches: o.plan.Launches, moves: o.plan.Assignments}
		if !draft.admits(&t) {
			rest = append(rest, o)
			continue
		}
		draft.join(&t)
		best = append(best, o.remove)
	}
	outcomes, err := p.askAll(ctx, s, best, p.without)
	if err != nil {
		return nil, nil, err
	}
	final := crowd{p: p, touched: map[string]bool{}}
	for _, o := range outcomes {
		if o, err = p.spare(ctx, s, o); err != nil {
			return nil, nil, err
		}
		for _, t := range p.parts(o) {
			if k, ok := p.worthIt(&t); !ok {
				for _, c := range t.remove {
					p.keep(c, k)
				}
				continue
			}
			if key := p.domains.opens(&t); key != "" {
				for _, c := range t.remove {
					p.keep(c, p.waits(key))
				}
				continue
			}
			if !final.admits(&t) {
				rest = append(rest, outcome{remove: t.remove})
				continue
			}
			if set, _ := p.admit(v1.ReasonUnderutilized, t.remove, len(t.remove)); len(set) < len(t.remove) {
				p.release(set)
				continue
			}
			final.join(&t)
			out = append(out, t)
		}
	}
	return out, rest, nil
}

// waits is the reason to keep a node whose replacement would open a domain to pods that other commands move.
func (p *planner) waits(key string) Kept {
	return Kept{Code: CodeNotEvaluated, Detail: "waits for other commands: its replacement would be the first node of its " + key}
}

// cost is what disturbing the pods of the outcome comes to.
func (o outcome) cost() float64 {
	t := part{remove: o.remove}
	return t.cost()
}

// crowd is parts that do not get in each other's way.
type crowd struct {
	p         *planner
	touched   map[string]bool // nodes that go, or that take pods
	some      bool
	entangled bool
}

// admits reports whether the part gets in nobody's way.
func (c *crowd) admits(t *part) bool {
	if c.some && (c.entangled || c.p.entangled(t)) {
		return false
	}
	return !slices.ContainsFunc(t.remove, func(n *candidate) bool { return c.touched[n.name] }) &&
		!slices.ContainsFunc(t.moves, func(a scheduling.Assignment) bool { return !a.Launch && c.touched[a.Node] })
}

func (c *crowd) join(t *part) {
	c.some, c.entangled = true, c.p.entangled(t)
	for _, n := range t.remove {
		c.touched[n.name] = true
	}
	for _, a := range t.moves {
		if !a.Launch {
			c.touched[a.Node] = true
		}
	}
}

// entangled reports whether the part may depend on others: pods that look at other pods, or launches that draw on what is
// finite.
func (p *planner) entangled(t *part) bool {
	for i := range t.launches {
		if pool := p.pools[t.launches[i].NodePool]; pool == nil || len(pool.Spec.Limits) > 0 {
			return true
		}
		if t.launches[i].Offering().StockKey != "" {
			return true
		}
	}
	return slices.ContainsFunc(t.remove, func(c *candidate) bool { return slices.ContainsFunc(c.movable, looksAround) })
}

// looksAround reports whether where the pod may run depends on where others do, beyond its own host.
func looksAround(pod *corev1.Pod) bool {
	for i := range pod.Spec.TopologySpreadConstraints {
		if pod.Spec.TopologySpreadConstraints[i].WhenUnsatisfiable == corev1.DoNotSchedule {
			return true
		}
	}
	a := pod.Spec.Affinity
	if a == nil {
		return false
	}
	if a.PodAffinity != nil && len(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0 {
		return true
	}
	return a.PodAntiAffinity != nil && len(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0
}

// spare keeps nodes that would be given back only for their like to be bought: without them the set saves as much and
// disturbs less.
func (p *planner) spare(ctx context.Context, s *scene, o outcome) (outcome, error) {
	for range 4 {
		bought := map[string]int{}
		for i := range o.plan.Launches {
			bought[o.plan.Launches[i].NodePool+"/"+o.plan.Launches[i].Offering().String()]++
		}
		byCost := slices.Clone(o.remove)
		slices.SortStableFunc(byCost, func(a, b *candidate) int {
			return cmp.Or(cmp.Compare(a.waste, b.waste), strings.Compare(a.name, b.name))
		})
		rest := slices.DeleteFunc(byCost, func(c *candidate) bool {
			key := c.owner() + "/" + c.offering.String()
			bought[key]--
			return bought[key] >= 0
		})
		if len(rest) == len(o.remove) || len(rest) == 0 {
			return o, nil
		}
		p.stats.WhatIfs++
		less, err := p.without(ctx, s, rest...)
		if err != nil {
			return o, err
		}
		if less.gain() < o.gain()-1e-9 {
			return o, nil
		}
		o = less
	}
	return o, nil
}

// worthIt reports whether the part may become a command that saves money, and says why not. Its launches lose the choices at
// which it would not save what it must.
func (p *planner) worthIt(t *part) (Kept, bool) {
	slack := t.saving() - p.required(t)
	unpriced := false // what the part saves is more than is known
	for _, c := range t.remove {
		if !c.known && len(t.launches) > 0 {
			return Kept{Code: CodeUnknown, Detail: fmt.Sprintf("the price of %s is unknown: %s", c.name, c.offering)}, false
		}
		unpriced = unpriced || !c.known
		if until := p.history.rests[c.name]; until.After(p.in.Now) {
			return Kept{Code: CodeCoolDown, Detail: "until " + stamp(until), Until: until}, false
		}
	}
	if slack < -1e-9 && !unpriced {
		return Kept{Code: CodeNotCheaper, Detail: savesAtMost(t.saving(), p.required(t))}, false
	}
	if len(t.remove) > p.o.MaxNodes && len(t.launches) > 0 {
		return Kept{Code: CodeNotWorth, Detail: fmt.Sprintf("%d nodes would have to go at once", len(t.remove))}, false
	}
	trim(t.launches, max(0, slack))
	for i := range t.launches {
		l := &t.launches[i]
		if key := p.lacksValues(l); key != "" {
			return Kept{Code: CodeNotCheaper, Detail: "minValues of " + key + " would not be met by what costs less"}, false
		}
	}
	if len(t.remove) == 1 && p.o.SpotAlternatives > 0 && t.remove[0].offering.CapacityType == v1.CapacityTypeSpot {
		for i := range t.launches {
			l := &t.launches[i]
			if n := len(l.InstanceTypes); l.Offering().CapacityType == v1.CapacityTypeSpot && n < p.o.SpotAlternatives {
				return Kept{Code: CodeNotCheaper, Detail: fmt.Sprintf("%d cheaper spot types, %d are asked for", n, p.o.SpotAlternatives)}, false
			}
		}
	}
	if e, undone := p.history.undone(t); undone {
		return Kept{Code: CodeCoolDown, Detail: fmt.Sprintf("%s was exchanged for %s before", e.gave, e.got)}, false
	}
	life := p.life(t)
	if saved, costs := t.saving()*life.Hours(), p.effort(t); saved < costs && !unpriced {
		return Kept{Code: CodeNotWorth, Detail: fmt.Sprintf("saves %s in %s, for what it costs to get there, %s", phrase.Money(saved), life.Round(time.Minute), phrase.Money(costs))}, false
	}
	return p.balanced(t)
}

func savesAtMost(saving, least float64) string {
	return fmt.Sprintf("saves %s/h, of at least %s/h", phrase.Money(max(0, saving)), phrase.Money(least))
}
