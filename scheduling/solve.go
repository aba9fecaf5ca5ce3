package scheduling

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/invariants"
)

// Solve plans for a snapshot: [Compile], then [Problem.Solve].
func Solve(ctx context.Context, s Snapshot, opts Options) (*Plan, error) {
	problem, err := Compile(s)
	if err != nil {
		return nil, fmt.Errorf("compile snapshot: %w", err)
	}
	return problem.Solve(ctx, opts)
}

// Solve finds the cheapest plan that it can. Equal input gives an equal plan. A cancelled context gives an error and no
// plan; bad options give an error that names the option. Safe for concurrent use.
//
// The algorithm, one attempt after the other, each in these steps:
//
//  1. Appraise: work out what each resource is worth from what machines cost, and so what a pod of each class is worth.
//  2. Use what is there: fill existing nodes and nodes on their way.
//  3. Buy, the NodePools of the greatest weight first: fill every kind of machine as well as possible, buy the kind
//     that gives most worth for its money, as often as its pods last; appraise anew from time to time. Where nodes are
//     many beside the kinds of pods, most of them are bought first as a linear program over the contents of nodes has it.
//  4. Right-size: give each node the cheapest machine that holds what it holds.
//  5. Use what right-sizing has freed for pods that limits or stock had kept out.
//
// Where pods constrain each other over zones and the like, a step 0 gives them to cells, and step 1 to 5 pack each cell.
// Where pods have preferences, steps 3 to 5 go by rungs; if pods are left out that a plan without preferences
// places, that is the plan.
//
// The best attempt (fewest pods left out, then least money, then fewest nodes) is improved by taking its worst nodes
// apart and buying their pods anew, settled (held against the scheduler's rules, exactly), and written out pod by pod.
// Groups that come out incomplete are left out, and the rest is planned again.
func (p *Problem) Solve(ctx context.Context, opts Options) (*Plan, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	best, cost, err := p.flexible(ctx, opts)
	if err != nil {
		return nil, err
	}
	if invariants.On {
		if err := best.broken(); err != nil {
			panic("scheduling: a plan contradicts itself: " + err.Error())
		}
	}
	plan := best.write()
	plan.noteFlexibility(&opts, cost)
	return plan, nil
}

// solved is the fullest attempt with the bins that the options ask for.
func (p *Problem) solved(ctx context.Context, opts Options) (*solver, error) {
	p = p.under(&opts)
	if opts.Reserved == ReservedStrict {
		p = p.reservedOnly(opts)
	}
	return p.fullest(ctx, opts)
}

// fullest is the attempt that preferences decide on or, if it leaves out pods that could have a place without them, the one
// without.
func (p *Problem) fullest(ctx context.Context, opts Options) (*solver, error) {
	steps := &meter{}
	best, err := p.grouped(ctx, opts, steps)
	if err != nil || !p.wishing || opts.Preferences == PreferencesIgnore || best.stopped || !best.hopeful() && !best.crowdedOut() && len(best.out) == 0 {
		return best, err
	}
	ignoring := opts
	ignoring.Preferences = PreferencesIgnore
	other, err := p.grouped(ctx, ignoring, steps)
	if err != nil || other.stopped || other.hurried || slices.Compare(other.homeless(), best.homeless()) >= 0 {
		return best, err
	}
	other.opts = opts // what is given up is told
	return other, nil
}

// grouped is the best attempt in which every group is complete or left out. Where some groups come out incomplete, those are
// tried that leave more and more of them out, as long as the effort suffices to make them without haste.
func (p *Problem) grouped(ctx context.Context, opts Options, steps *meter) (*solver, error) {
	out := leftOut{}
	last, err := p.best(ctx, opts, steps, out)
	if err != nil {
		return nil, err
	}
	tried := []*solver{last}
	for last.dropGroups(out) {
		if last, err = p.best(ctx, opts, steps, out); err != nil {
			return nil, err
		}
		if last.hurried {
			break
		}
		tried = append(tried, last)
	}
	var best *solver
	for _, s := range slices.Backward(tried) {
		if err := s.readmit(ctx); err != nil {
			return nil, err
		}
		if best == nil || cmp.Or(slices.Compare(s.homeless(), best.homeless()), compareMoney(s.weighed(), best.weighed())) < 0 {
			best = s
		}
	}
	return best, nil
}

// best is the best of several attempts, improved and settled. The groups in out are left out.
func (p *Problem) best(ctx context.Context, opts Options, steps *meter, out leftOut) (*solver, error) {
	steps.limit, steps.reassigned = opts.Effort-opts.reserve(), 0
	var best *solver
	var others []*solver
	for _, st := range p.strategies(opts) {
		if best != nil && !p.worthAnother(best, st) {
			continue
		}
		s, err := p.attempt(ctx, opts, st, steps, out)
		if err != nil {
			return nil, err
		}
		if t := opts.Trace; t != nil && t.Attempt != nil {
			st.columns = s.columnar
			t.Attempt(st.String(), s.spent, int(s.unplacedPods()))
		}
		switch {
		case best == nil:
			best = s
		case s.stopped:
		case s.better(best):
			best, others = s, append(others, best)
		default:
			others = append(others, s)
		}
	}
	if !best.stopped && !opts.Draft {
		others = append(others, best.fork())
		if err := best.improve(ctx); err != nil {
			return nil, err
		}
	}
	steps.limit = opts.Effort
	return best.settledOr(ctx, others)
}

// settledOr settles the best attempt and, if that changed it, the others too: one of them may settle for less. So may an
// attempt that packs nothing, so that all pods are placed one by one, by the exact rules.
func (s *solver) settledOr(ctx context.Context, others []*solver) (*solver, error) {
	left, price := s.leftOver(), s.weighed()
	if err := s.settle(ctx); err != nil || s.hurried || slices.Equal(left, s.leftOver()) && compareMoney(price, s.weighed()) == 0 {
		return s, err
	}
	if len(s.p.pods) <= maxOneByOne && !(s.p.wishing && s.respects()) {
		others = append(others, s.p.newSolver(s.opts, s.strategy, s.meter, s.out))
	}
	best := s
	for _, other := range others {
		if err := other.settle(ctx); err != nil {
			return nil, err
		}
		if other.better(best) {
			best = other
		}
	}
	return best, nil
}

// maxOneByOne is how many pods may be placed one by one for a try.
const maxOneByOne = 500

// fork is a copy of the attempt that can be gone on with by itself.
func (s *solver) fork() *solver {
	out := *s
	out.restore(s.save())
	out.waiting, out.wishes = slices.Clone(s.waiting), maps.Clone(s.wishes)
	if s.settled { // save has not copied what is on existing nodes
		out.onNodes, out.nodeRoom = slices.Clone(s.onNodes), slices.Clone(s.nodeRoom)
	}
	return &out
}

func (o *Options) validate() error {
	switch {
	case o.MinValues != "" && o.MinValues != MinValuesStrict && o.MinValues != MinValuesBestEffort:
		return fmt.Errorf("options: MinValues must be %s or %s, is %q", MinValuesStrict, MinValuesBestEffort, o.MinValues)
	case o.Preferences != "" && o.Preferences != PreferencesRespect && o.Preferences != PreferencesIgnore:
		return fmt.Errorf("options: Preferences must be %s or %s, is %q", PreferencesRespect, PreferencesIgnore, o.Preferences)
	case o.Reserved != "" && o.Reserved != ReservedFallback && o.Reserved != ReservedStrict:
		return fmt.Errorf("options: Reserved must be %s or %s, is %q", ReservedFallback, ReservedStrict, o.Reserved)
	case o.Effort < 0, o.Round < 0, o.Workers < 0, o.MaxLaunches < 0, o.MinAlternatives < 0:
		return fmt.Errorf("options: Effort, Round, Workers, MaxLaunches and MinAlternatives must not be negative")
	case o.MaxPrice < 0 || math.IsNaN(o.MaxPrice):
		return fmt.Errorf("options: MaxPrice must be at least 0, is %v", o.MaxPrice)
	case !(o.WithinPercent >= 0) || math.IsInf(o.WithinPercent, 1):
		return fmt.Errorf("options: WithinPercent must be a percentage of at least 0, is %v", o.WithinPercent)
	case o.WithinPercent > 0 && o.MinAlternatives == 0:
		return fmt.Errorf("options: WithinPercent means nothing without MinAlternatives")
	case !(o.MaxPodsShare >= 0 && o.MaxPodsShare <= 1):
		return fmt.Errorf("options: MaxPodsShare must be from 0 to 1, is %v", o.MaxPodsShare)
	}
	return nil
}

// strategies are the ways to go about a solve: the one first that has a plan after least work, but on large problems, with
// effort enough, the one that is best in most cases.
func (p *Problem) strategies(opts Options) []strategy {
	list := []strategy{{}, {columns: true}, {frugal: true}, {ranked: true}, {frugal: true, ranked: true}, {loose: true}}
	if !p.small() && !opts.Draft && (opts.Effort == 0 || opts.Effort > lavish*len(p.bins)) {
		list = list[1:]
	}
	if p.flexibility.wanted() && !p.wishing {
		mending := list[0]
		mending.mend = true
		list = slices.Insert(list, 0, mending)
	}
	return list
}

// lavish is from how many steps for each bin on effort is enough for column generation on a large problem.
const lavish = 100

// maxPortfolio is the size of a problem, in classes times bins, up to which more than one strategy is tried. Large
// problems leave the strategies little to disagree on.
const maxPortfolio = 20_000

// small reports whether there is time for more than one strategy.
func (p *Problem) small() bool { return len(p.classes)*len(p.bins) <= maxPortfolio }

// worthAnother reports whether a further strategy may do better than the best attempt so far.
func (p *Problem) worthAnother(best *solver, st strategy) bool {
	if best.stopped || best.opts.Draft && best.unplacedPods() == 0 {
		return false
	}
	if st.loose {
		return p.small() && len(p.topology.keys) > 0
	}
	if st.ranked && (len(best.levels) < 2 || best.unplacedPods() == 0) {
		return false
	}
	if st.frugal {
		return best.unplacedPods() > 0 && p.constrained()
	}
	if st.ranked || best.strategy.mend {
		return true
	}
	return st.columns && best.suited && p.small() // if it did not suit, it would be the same attempt once more
}

// constrained reports whether limits or stock bound what can be bought.
func (p *Problem) constrained() bool {
	if len(p.stocks) > 0 {
		return true
	}
	for i := range p.pools {
		if p.pools[i].limited() {
			return true
		}
	}
	return false
}

func (st strategy) String() string {
	name := "relaxed"
	if st.columns {
		name += " columns"
	}
	if st.frugal {
		name += " frugal"
	}
	if st.ranked {
		name += " ranked"
	}
	if st.loose {
		name += " loose"
	}
	return name
}

// maxReassigns bounds how often pods are given to cells anew because a cell could not hold what it got.
const maxReassigns = 3

// attempt makes one plan by one strategy.
func (p *Problem) attempt(ctx context.Context, opts Options, st strategy, steps *meter, out leftOut) (*solver, error) {
	best := p.newSolver(opts, st, steps, out)
	if err := best.run(ctx); err != nil {
		return nil, err
	}
	for last := best; !last.stopped && len(p.topology.keys) > 0; {
		next := p.newSolver(opts, st, steps, out)
		if !next.learn(last) || steps.reassigned >= maxReassigns {
			break
		}
		steps.reassigned++
		if err := next.run(ctx); err != nil {
			return nil, err
		}
		if last = next; next.better(best) {
			best = next
		}
	}
	return best, nil
}

// learn sets ceilings to what the cells could hold of what an earlier attempt gave to them. It reports whether they held
// less.
func (s *solver) learn(last *solver) bool {
	copy(s.ceiling, last.ceiling)
	less := false
	for c, left := range last.remaining {
		if left > 0 && s.p.classes[c].cell >= 0 {
			s.ceiling[c], less = last.given[c]-left, true
		}
	}
	return less
}

// run makes the attempt.
func (s *solver) run(ctx context.Context) error {
	s.assign()
	if s.strategy.ranked {
		return s.byPriority(func() error { return s.place(ctx) })
	}
	s.appraise(s.p.buyable(s.opts))
	s.fillNodes()
	if !s.p.wishing || !s.respects() {
		return s.place(ctx)
	}
	for s.fall() { // existing nodes are used whatever pods prefer
		s.assign()
		s.appraise(s.p.buyable(s.opts))
		s.topUp()
	}
	for s.rise(); ; {
		s.assign()
		s.appraise(s.p.buyable(s.opts))
		s.topUp()
		before := s.unplacedPods()
		if err := s.place(ctx); err != nil || s.stopped {
			return err
		}
		if s.unplacedPods() < before && s.expects() {
			continue // what has a place now may tell where others want to be
		}
		if !s.fall() {
			return nil
		}
	}
}

// place buys nodes for what remains, tier by tier, until nothing more can be placed.
func (s *solver) place(ctx context.Context) error {
	if s.strategy.mend {
		return s.mend(ctx)
	}
	for range maxRounds {
		before := s.unplacedPods()
		for _, tier := range s.p.tiers(s.opts) {
			if err := s.buy(ctx, tier); err != nil {
				return err
			}
		}
		s.rightSize()
		s.topUp()
		if after := s.unplacedPods(); s.stopped || after == 0 || after == before {
			return nil
		}
	}
	return nil
}

// maxRounds bounds how often buying is tried again after right-sizing has freed some of a limit.
const maxRounds = 4

// better reports whether s is a better plan than o: fewer pods left out (those of high priority count first), then less
// money, then fewer nodes.
func (s *solver) better(o *solver) bool {
	return cmp.Or(
		slices.Compare(s.leftOver(), o.leftOver()),
		compareMoney(s.weighed(), o.weighed()),
		cmp.Compare(s.launches, o.launches),
	) < 0
}

// compareMoney compares sums of prices; differences below a hundredth of a cent per hour are rounding.
func compareMoney(a, b float64) int {
	if math.Abs(a-b) <= 1e-6*math.Max(1, math.Max(a, b)) {
		return 0
	}
	return cmp.Compare(a, b)
}

// tiers are the bins to buy from, one list after the other: by weight of the pool, and those first that keep minValues,
// if they may be relaxed, and among these the ones that keep alternatives.
func (p *Problem) tiers(opts Options) [][]int32 {
	var out [][]int32
	for i := 0; i < len(p.bins); {
		weight := p.pools[p.bins[i].pool].weight
		var strict, short, relaxed, both []int32
		for ; i < len(p.bins) && p.pools[p.bins[i].pool].weight == weight; i++ {
			list := &strict
			switch b := &p.bins[i]; {
			case b.relaxed && b.short:
				list = &both
			case b.relaxed:
				list = &relaxed
			case b.short:
				list = &short
			}
			*list = append(*list, int32(i))
		}
		if opts.MinValues != MinValuesBestEffort {
			relaxed, both = nil, nil
		}
		out = append(out, strict)
		for _, list := range [][]int32{short, relaxed, both} {
			if len(list) > 0 {
				out = append(out, list)
			}
		}
	}
	return out
}

// buyable is every bin that the options admit.
func (p *Problem) buyable(opts Options) []int32 {
	var out []int32
	for _, tier := range p.tiers(opts) {
		out = append(out, tier...)
	}
	return out
}
