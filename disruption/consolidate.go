package disruption

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// Saving money. Each node that may go is looked at alone first, so that one that cannot move hides no other. Nodes whose
// pods all find room on other nodes go, those first that free the most dollars for the room that they take. For nodes that
// cost more than their pods are worth something cheaper is bought: one node may become several, and several one (see
// exchange.go).

// consolidate chooses commands that save money. What is left after a few turns is for the next decision, when these commands
// have been carried out.
func (p *planner) consolidate(ctx context.Context, s *scene) (*scene, error) {
	cands := p.wasteful()
	if len(cands) == 0 {
		return s, nil
	}
	s, err := p.tuned(ctx, s, true)
	if err != nil {
		return nil, err
	}
	for range maxTurns {
		before := len(p.chosen)
		if s, err = p.atOnce(ctx, s, cands); err != nil {
			return nil, err
		}
		if s, err = p.giveBack(ctx, s, cands); err != nil {
			return nil, err
		}
		if s, err = p.exchanges(ctx, s, cands); err != nil {
			return nil, err
		}
		if len(p.chosen) == before || p.spent() {
			break
		}
	}
	return s, nil
}

// atOnce exchanges the most wasteful of few candidates at once, if that is worth more than to give back those that others have room
// for: to fill a node up that is then to be exchanged as well would move pods twice.
func (p *planner) atOnce(ctx context.Context, s *scene, cands []*candidate) (*scene, error) {
	free := p.free(cands)
	if len(free) < 2 || len(free) > fewCandidates {
		return s, nil
	}
	kept := maps.Clone(p.kept)
	slots := p.slots()
	open := slices.DeleteFunc(slices.Clone(free), func(c *candidate) bool { return !p.hasRoom(c, slots) })
	p.byRelief(open)
	parts, err := p.together(ctx, s, open)
	if err != nil {
		return nil, err
	}
	least := 0.0
	for i := range parts {
		least += p.profit(parts[i].saving(), &parts[i])
		p.release(parts[i].remove)
	}
	p.kept = kept
	var sets [][]*candidate
	for n := 2; n <= len(free); n = n*3/2 + n%2 {
		if set := free[:n:n]; p.affords(set) && n <= p.o.MaxNodes {
			sets = append(sets, set)
		}
	}
	outcomes, err := p.ask(ctx, s, sets)
	if err != nil {
		return nil, err
	}
	best := outcome{}
	for _, o := range outcomes {
		t := part{remove: o.remove, launches: o.plan.Launches}
		if worth := p.profit(o.gain(), &t); len(o.plan.Launches) > 0 && o.gain() > 0 && worth > least+p.o.MinSavings {
			best, least = o, worth
		}
	}
	if best.plan == nil {
		return s, nil
	}
	if parts, _, err = p.disjoint(ctx, s, []outcome{best}); err != nil || len(parts) == 0 {
		return s, err
	}
	return p.commit(ctx, s, v1.ReasonUnderutilized, parts)
}

// profit is what a saving comes to, in dollars, while it lasts, minus what it costs to get there.
func (p *planner) profit(saving float64, t *part) float64 {
	return saving*p.life(t).Hours() - p.effort(t)
}

// maxTurns is how often nodes are given back and exchanged in turn.
const maxTurns = 3

// wasteful are the candidates that may go to save money, in the order in which they are looked at: what they cost beyond what
// their pods are worth, for each pod that is disturbed. Under Effort, Round says where the order begins.
func (p *planner) wasteful() []*candidate {
	var out []*candidate
	for _, c := range p.all {
		if p.taken[c.name] || c.held || !p.mayConsolidate(c) {
			continue
		}
		c.waste = c.price - p.worth.of(c.content)
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *candidate) int {
		return cmp.Or(-cmp.Compare(a.waste/a.cost, b.waste/b.cost), strings.Compare(a.name, b.name))
	})
	if n := len(out); p.o.Effort > 0 && p.o.Effort < n {
		at := p.o.Round % n * p.o.Effort % n
		out = slices.Concat(out[at:], out[:at])
	}
	return out
}

// free are the candidates that no command takes, and that nothing has been moved to.
func (p *planner) free(cands []*candidate) []*candidate {
	return slices.DeleteFunc(slices.Clone(cands), func(c *candidate) bool { return p.taken[c.name] || p.destination[c.name] })
}

// ask asks for each set of candidates what would become of their pods if these alone were gone. Several questions are put at
// once, which changes nothing in the answers. When the effort does not suffice for all, the last get no answer.
func (p *planner) ask(ctx context.Context, s *scene, sets [][]*candidate) ([]outcome, error) {
	return p.askAll(ctx, s, sets, p.draft)
}

// question is one way to ask about a set of candidates.
type question func(ctx context.Context, s *scene, set ...*candidate) (outcome, error)

func (p *planner) askAll(ctx context.Context, s *scene, sets [][]*candidate, q question) ([]outcome, error) {
	if p.o.Effort > 0 {
		sets = sets[:min(len(sets), max(0, p.o.Effort-p.stats.WhatIfs))]
	}
	p.stats.WhatIfs += len(sets)
	out, errs := make([]outcome, len(sets)), make([]error, len(sets))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(p.workers(), len(sets)) {
		wg.Go(func() {
			for i := range next {
				out[i], errs[i] = q(ctx, s, sets[i]...)
			}
		})
	}
	for i := range sets {
		next <- i
	}
	close(next)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func singles(cands []*candidate) [][]*candidate {
	out := make([][]*candidate, len(cands))
	for i := range cands {
		out[i] = cands[i : i+1 : i+1]
	}
	return out
}

// giveBack chooses nodes whose pods all find room on others, those first that free the most dollars for the room that they
// take, until no candidate could go by itself.
func (p *planner) giveBack(ctx context.Context, s *scene, cands []*candidate) (*scene, error) {
	for {
		slots := p.slots()
		open := slices.DeleteFunc(p.free(cands), func(c *candidate) bool { return !p.hasRoom(c, slots) })
		p.byRelief(open)
		parts, err := p.together(ctx, s, open)
		if err != nil || len(parts) == 0 {
			return s, err
		}
		if s, err = p.commit(ctx, s, v1.ReasonUnderutilized, parts); err != nil {
			return nil, err
		}
	}
}

// clean reports whether all pods find room on other nodes.
func (o outcome) clean() bool {
	return o.plan != nil && len(o.plan.Unplaced) == 0 && len(o.plan.Launches) == 0
}

// byRelief orders candidates by the dollars that they free for the room that their pods take on other nodes, each resource
// by how scarce room is: a greedy order for a knapsack in several dimensions (Toyoda, 1975). Among equals those come first
// that are cheaper to disturb.
func (p *planner) byRelief(cands []*candidate) {
	room := p.room()
	relief := make(map[*candidate]float64, len(cands))
	for _, c := range cands {
		takes := 0.0
		for i, v := range c.content {
			if v > 0 && room[i] > 0 {
				takes += v / room[i]
			}
		}
		relief[c] = c.price / max(takes, 1e-12)
	}
	slices.SortStableFunc(cands, func(a, b *candidate) int {
		return cmp.Or(-cmp.Compare(relief[a], relief[b]), cmp.Compare(a.cost, b.cost), strings.Compare(a.name, b.name))
	})
}

// Candidates are asked about alone in batches of batch. When that many in a row could go alone, but not with those chosen
// before, the room is used up.
const (
	batch       = 64
	maxFailures = 16
)

// together are the parts of candidates that can all go at once without a launch.
func (p *planner) together(ctx context.Context, s *scene, cands []*candidate) ([]part, error) {
	g := gathering{p: p, s: s, chunk: 1}
	for some := range slices.Chunk(cands, batch) {
		if p.spent() || g.failures >= maxFailures {
			break
		}
		outcomes, err := p.ask(ctx, s, singles(some))
		if err != nil {
			return nil, err
		}
		var loose []*candidate
		for i, o := range outcomes {
			p.note(some[i], o)
			if o.clean() {
				loose = append(loose, some[i])
			}
		}
		if err := g.add(ctx, loose); err != nil {
			return nil, err
		}
	}
	return g.parts, nil
}

// gathering is a set of nodes that can all go at once, and grows.
type gathering struct {
	p               *planner
	s               *scene
	set             []*candidate
	parts           []part
	chunk, failures int
}

// add takes in as many of the candidates as can go, too: chunks of them are tried that grow for as long as they go, and
// shrink when they do not.
func (g *gathering) add(ctx context.Context, cands []*candidate) error {
	p := g.p
	for i := 0; i < len(cands) && g.failures < maxFailures && !p.spent(); {
		more, seen := p.admit(v1.ReasonUnderutilized, cands[i:], g.chunk)
		if len(more) == 0 {
			i += seen
			continue
		}
		p.stats.WhatIfs++
		o, err := p.draft(ctx, g.s, slices.Concat(g.set, more)...)
		if err != nil {
			return err
		}
		parts := p.parts(o)
		if o.clean() && p.worthwhile(parts, more) {
			g.set, g.parts = o.remove, parts
			i += seen
			g.chunk, g.failures = min(2*g.chunk, batch), 0
			continue
		}
		p.release(more)
		if len(more) > 1 {
			g.chunk = max(1, len(more)/4)
			continue
		}
		g.failures++
		i += seen
	}
	return nil
}

// worthwhile reports whether each of the parts of the candidates is worth it, and keeps those that are not, for that reason.
func (p *planner) worthwhile(parts []part, of []*candidate) bool {
	all := true
	for i := range parts {
		t := &parts[i]
		if !slices.ContainsFunc(t.remove, func(c *candidate) bool { return slices.Contains(of, c) }) {
			continue
		}
		if k, ok := p.worthIt(t); !ok {
			all = false
			for _, c := range t.remove {
				p.keep(c, k)
			}
		}
	}
	return all
}
