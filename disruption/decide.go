package disruption

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Decide says which nodes to remove, what to launch for them, and why the others stay. Errors are those of
// [scheduling.Compile], an [InvalidInputError], and the end of ctx.
func Decide(ctx context.Context, in Input, opts Options) (*Decision, error) {
	p, err := newPlanner(&in, opts)
	if err != nil {
		return nil, err
	}
	s, err := p.settle(ctx) // what waits has its room
	if err != nil {
		return nil, err
	}
	p.first = s
	p.domains = newDomains(s.facts.Nodes)
	p.judge() // who may go at all
	p.newWorth()
	for _, step := range []func(context.Context, *scene) (*scene, error){
		p.forced,      // what cannot wait: interrupted, broken, expired, surplus
		p.empty,       // nodes without pods that would have to move
		p.replace,     // nodes that are not what their pools ask for
		p.consolidate, // nodes that cost too much
	} {
		if s, err = step(ctx, s); err != nil {
			return nil, err
		}
	}
	if err := p.alone(ctx); err != nil { // no command relies on another
		return nil, err
	}
	return p.decision(), nil
}

// planner is what one call of [Decide] or [Verify] works with.
type planner struct {
	in      *Input
	o       Options // with its defaults filled in
	all     []*candidate
	by      map[string]*candidate
	pools   map[string]*v1.NodePool
	budgets *ledger // what the NodePools allow
	pdbs    *guard  // what the PodDisruptionBudgets allow
	history *history
	catalog *scheduling.Catalog
	first   *scene // before any command
	worth   worth
	totals  map[string]total // what the nodes of each NodePool cost; nil until asked for

	expected    map[string]types.NamespacedName   // nodes that waiting pods are expected on, and the first of these
	guests      map[string][]types.NamespacedName // by node, pods that wait and are expected on it
	kept        map[string]Kept                   // by node, the reason why it stays
	taken       map[string]bool                   // nodes that a command removes
	destination map[string]bool                   // nodes that pods of a command go to
	chosen      []choice                          // what has been decided
	launches    int                               // how many have had a name
	domains     domains
	recheck     time.Time
	because     string
	stats       Stats
}

// choice is a part that has become a command, and why.
type choice struct {
	part
	reason   v1.DisruptionReason
	detail   string
	deadline time.Time
}

// InvalidInputError says what is wrong with an [Input] and where.
type InvalidInputError struct {
	// Path leads to the fact, in the manner of "PodDisruptionBudget default/db: spec.selector".
	Path string
	// Problem is what is wrong with it.
	Problem string
}

// Error is Path and Problem.
func (e *InvalidInputError) Error() string { return e.Path + ": " + e.Problem }

func newPlanner(in *Input, opts Options) (*planner, error) {
	if in.Now.IsZero() {
		return nil, &InvalidInputError{Path: "Now", Problem: "is required: what may be disrupted depends on the time"}
	}
	p := &planner{
		in: in, o: opts.withDefaults(), by: map[string]*candidate{}, pools: map[string]*v1.NodePool{},
		expected: map[string]types.NamespacedName{}, guests: map[string][]types.NamespacedName{}, kept: map[string]Kept{}, taken: map[string]bool{}, destination: map[string]bool{},
		catalog: in.Catalog,
	}
	for _, pool := range in.NodePools {
		if pool != nil {
			p.pools[pool.Name] = pool
		}
	}
	p.all = newCandidates(in, p.o)
	for _, c := range p.all {
		p.by[c.name] = c
	}
	var err error
	if p.pdbs, err = newGuard(in, p.o, p.all); err != nil {
		return nil, err
	}
	p.priced()
	p.budgets = newLedger(in, p.o, p.all)
	p.history = newHistory(in, p.o)
	p.stats.Nodes = len(p.all)
	return p, nil
}

func (p *planner) workers() int {
	if p.o.Scheduling.Workers > 0 {
		return p.o.Scheduling.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// spent reports whether the effort is used up.
func (p *planner) spent() bool { return p.o.Effort > 0 && p.stats.WhatIfs >= p.o.Effort || p.full() }

// full reports whether the decision has as many commands as it may.
func (p *planner) full() bool { return p.o.MaxCommands > 0 && len(p.chosen) >= p.o.MaxCommands }

// keep notes why the node stays. Of several reasons the last counts, which is what was found out last.
func (p *planner) keep(c *candidate, k Kept) {
	if c.held {
		return // that it is to go, and why it must wait, says more than that it would not save money
	}
	k.Node = c.name
	p.kept[c.name] = k
	if k.Code == CodeBudget {
		p.wake(k.Until, "a budget of", c.owner(), "opens")
		return
	}
	p.wake(k.Until, c.name+":", k.Code, "ends")
}

// hold keeps a node that is to go for another reason than money, and must wait: this reason stays.
func (p *planner) hold(c *candidate, k Kept) {
	p.keep(c, k)
	c.held = true
}

// wake notes that at that instant the facts could decide otherwise.
func (p *planner) wake(at time.Time, why ...any) {
	if at.After(p.in.Now) && (p.recheck.IsZero() || at.Before(p.recheck)) {
		p.recheck, p.because = at, strings.TrimSpace(fmt.Sprintln(why...))
	}
}

// commit makes the parts commands for the reason, as many as the decision may have, and gives the scene in which they have been
// carried out. What budgets allow has been taken already.
func (p *planner) commit(ctx context.Context, s *scene, reason v1.DisruptionReason, parts []part) (*scene, error) {
	parts = p.within(reason, parts)
	for i := range parts {
		t := &parts[i]
		p.rename(t, p.passing)
		c := choice{part: *t, reason: reason}
		for _, n := range t.remove {
			p.taken[n.name] = true
			delete(p.kept, n.name)
			c.detail, c.deadline = cmp.Or(c.detail, n.cause.detail), earlier(c.deadline, n.cause.deadline)
		}
		for _, a := range t.moves {
			if !a.Launch {
				p.destination[a.Node] = true
			}
		}
		p.chosen = append(p.chosen, c)
		p.settleIn(t)
		p.domains.join(t)
	}
	return p.apply(ctx, s, parts)
}

// within are as many of the parts as the decision may have further commands: of those that save money the best, in their order.
// What the others have reserved is given back, and their nodes are kept.
func (p *planner) within(reason v1.DisruptionReason, parts []part) []part {
	if p.o.MaxCommands <= 0 || len(p.chosen)+len(parts) <= p.o.MaxCommands {
		return parts
	}
	parts = slices.Clone(parts)
	if reason == v1.ReasonUnderutilized {
		slices.SortStableFunc(parts, func(a, b part) int { return -cmp.Compare(a.saving()/a.cost(), b.saving()/b.cost()) })
	}
	n := max(0, p.o.MaxCommands-len(p.chosen))
	for i := range parts[n:] {
		t := &parts[n:][i]
		p.release(t.remove)
		for _, c := range t.remove {
			delete(p.taken, c.name)
			p.hold(c, Kept{Code: CodeNotEvaluated, Detail: fullText})
		}
	}
	return parts[:n]
}

// fullText says why a node stays that would go if the decision might have more commands.
const fullText = "the decision has as many commands as it may have"

// alone gives up commands that only go together with others: each must find its pods a place when it is carried out by
// itself. Room is there all the same; what can be missing is the company of other pods, or room within the limits of NodePools
// that another command's nodes take up.
func (p *planner) alone(ctx context.Context) error {
	if len(p.chosen) < 2 {
		return nil
	}
	used := p.usage()
	first := map[bool]*scene{} // by whether it is quiet
	var kept []choice
	for _, c := range p.chosen {
		looks := slices.ContainsFunc(c.remove, func(n *candidate) bool { return slices.ContainsFunc(n.movable, looksAround) })
		switch {
		case isForced(c.reason):
			kept = append(kept, c)
			continue
		case !p.withinLimits(used, &c.part):
			p.giveUp(c)
			continue
		case !looks:
			kept = append(kept, c)
			continue
		}
		quiet := c.reason == v1.ReasonUnderutilized
		if first[quiet] == nil {
			s, err := p.tuned(ctx, p.first, quiet)
			if err != nil {
				return err
			}
			first[quiet] = s
		}
		p.stats.WhatIfs++
		o, err := p.without(ctx, first[quiet], c.remove...)
		if err != nil {
			return err
		}
		if c.sameAs(o) {
			kept = append(kept, c)
			continue
		}
		p.giveUp(c)
	}
	p.chosen = kept
	return nil
}

// giveUp takes a choice back.
func (p *planner) giveUp(c choice) {
	p.release(c.remove)
	for _, n := range c.remove {
		delete(p.taken, n.name)
		p.keep(n, Kept{Code: CodeNoPlace, Detail: "its pods find places only once other commands have been carried out"})
	}
}

// usage is what the nodes of each NodePool with limits have of what these bound, by pool.
func (p *planner) usage() map[string]map[corev1.ResourceName]float64 {
	out := map[string]map[corev1.ResourceName]float64{}
	for _, c := range p.all {
		if name := c.label(v1.NodePoolLabelKey); p.pools[name] != nil && len(p.pools[name].Spec.Limits) > 0 {
			if out[name] == nil {
				out[name] = map[corev1.ResourceName]float64{}
			}
			for resource := range p.pools[name].Spec.Limits {
				out[name][resource] += counted(resource, c.capacity())
			}
		}
	}
	return out
}

// counted is what a node of that capacity counts against a limit.
func counted(resource corev1.ResourceName, capacity corev1.ResourceList) float64 {
	if resource == v1.ResourceNodes {
		return 1
	}
	q := capacity[resource]
	return q.AsApproximateFloat64()
}

// withinLimits reports whether the limits of NodePools admit the part's launches while all other nodes are there, of which so
// much is used.
func (p *planner) withinLimits(used map[string]map[corev1.ResourceName]float64, t *part) bool {
	for i := range t.launches {
		pool := p.pools[t.launches[i].NodePool]
		if pool == nil {
			continue
		}
		for resource, limit := range pool.Spec.Limits {
			total := used[pool.Name][resource]
			for _, c := range t.remove {
				if c.label(v1.NodePoolLabelKey) == pool.Name {
					total -= counted(resource, c.capacity())
				}
			}
			for j := range t.launches {
				if t.launches[j].NodePool == pool.Name {
					total += counted(resource, t.launches[j].Node.Status.Capacity)
				}
			}
			if total > limit.AsApproximateFloat64()*(1+1e-9) {
				return false
			}
		}
	}
	return true
}

// sameAs reports whether the outcome sends the same pods to the same nodes, and buys the same for the others.
func (t *part) sameAs(o outcome) bool {
	bought := func(launches []scheduling.Launch) map[types.NamespacedName]string {
		out := map[types.NamespacedName]string{}
		for i := range launches {
			l := &launches[i]
			for _, pod := range l.Pods {
				out[pod] = fmt.Sprint(l.NodePool, l.Offering().OfferingKey, len(l.Pods), l.Pods[0])
			}
		}
		return out
	}
	was, is := bought(t.launches), bought(o.plan.Launches)
	return len(o.plan.Unplaced) == 0 && maps.Equal(was, is) && slices.EqualFunc(t.moves, o.plan.Assignments, func(a, b scheduling.Assignment) bool {
		return a.Pod == b.Pod && a.Launch == b.Launch && (a.Launch || a.Node == b.Node)
	})
}

// decision is what has been decided.
func (p *planner) decision() *Decision {
	d := &Decision{Budgets: p.budgets.allowances(), Stats: p.stats}
	urgent := []v1.DisruptionReason{ReasonInterrupted, ReasonUnhealthy, ReasonExpired, ReasonSurplus, v1.ReasonDrifted}
	rank := func(c choice) int { // those that save money come last, in the order of their worth
		if at := slices.Index(urgent, c.reason); at >= 0 {
			return at
		}
		return len(urgent)
	}
	slices.SortStableFunc(p.chosen, func(a, b choice) int {
		if order := cmp.Compare(rank(a), rank(b)); order != 0 || rank(a) < len(urgent) {
			return cmp.Or(order, compareFirst(a, b))
		}
		return cmp.Or(-cmp.Compare(a.saving()/a.cost(), b.saving()/b.cost()), compareFirst(a, b))
	})
	names := p.launchNames()
	for i := range p.chosen {
		d.Commands = append(d.Commands, p.command(&p.chosen[i], names))
	}
	for _, c := range p.all {
		if p.taken[c.name] {
			continue
		}
		k, known := p.kept[c.name]
		switch {
		case p.destination[c.name] && (!known || k.Code.afterAll()):
			k = Kept{Code: CodeDestination}
		case p.full() && (!known || k.Code.afterAll() && k.Code != CodeBudget):
			k = Kept{Code: CodeNotEvaluated, Detail: fullText}
		case !known:
			k = Kept{Code: CodeNotEvaluated, Detail: "the effort ran out"}
		}
		k.Node = c.name
		d.Kept = append(d.Kept, k)
	}
	d.Recheck, d.RecheckBecause = p.recheck, p.because
	for _, a := range d.Budgets {
		if a.Changes.After(p.in.Now) && (d.Recheck.IsZero() || a.Changes.Before(d.Recheck)) {
			d.Recheck, d.RecheckBecause = a.Changes, fmt.Sprintf("a budget of %s opens or closes", a.NodePool)
		}
	}
	for _, c := range p.all {
		d.Price += c.price
	}
	d.After = d.Price
	point := Point{}
	for i := range d.Commands {
		d.After -= d.Commands[i].Savings
		if r := d.Commands[i].Reason; r == v1.ReasonEmpty || r == v1.ReasonUnderutilized {
			point.Commands, point.Pods, point.Nodes = point.Commands+1, point.Pods+len(d.Commands[i].Moves), point.Nodes+len(d.Commands[i].Remove)
			point.Saving += d.Commands[i].Savings
			d.Frontier = append(d.Frontier, point)
		}
	}
	if math.Abs(d.After) < 1e-9 {
		d.After = 0 // of all nodes that have gone, but for rounding
	}
	if !slices.ContainsFunc(d.Commands, func(c Command) bool { return len(c.Stranded) > 0 }) {
		d.Bound = p.bound()
	}
	return d
}

// afterAll reports whether the code is of a candidate that was looked at with a view to saving money: that it takes pods of a
// command says more.
func (k Code) afterAll() bool {
	return slices.Contains([]Code{CodeNotCheaper, CodeNoPlace, CodeNotEvaluated, CodeBudget, CodeNotWorth}, k)
}

func compareFirst(a, b choice) int { return strings.Compare(a.remove[0].name, b.remove[0].name) }

// rename gives the part's launches new names.
func (p *planner) rename(t *part, name func(pool string) string) {
	if len(t.launches) == 0 {
		return
	}
	renamed := map[string]string{}
	t.launches, t.moves = slices.Clone(t.launches), slices.Clone(t.moves)
	for i := range t.launches {
		l := &t.launches[i]
		old := l.Name
		l.Name = name(l.NodePool)
		node := *l.Node
		node.Name = l.Name
		node.Labels = maps.Clone(node.Labels)
		node.Labels[corev1.LabelHostname] = l.Name
		l.Node = &node
		renamed[old] = l.Name
	}
	t.guests = slices.Clone(t.guests)
	for _, list := range [][]scheduling.Assignment{t.moves, t.guests} {
		for i := range list {
			if list[i].Launch {
				list[i].Node = renamed[list[i].Node]
			}
		}
	}
}

// passing gives launches the names that they have while the planner deliberates. Those of the decision are given in the end.
func (p *planner) passing(pool string) string {
	for {
		p.launches++
		if name := fmt.Sprintf("%s.%d", pool, p.launches); p.by[name] == nil {
			return name
		}
	}
}

// launchNames gives launches names that no node and no other launch has: the NodePool's and a number.
func (p *planner) launchNames() func(pool string) string {
	next := map[string]int{}
	used := map[string]bool{}
	for i := range p.in.InProgress {
		for j := range p.in.InProgress[i].Replace {
			used[p.in.InProgress[i].Replace[j].Name] = true
		}
	}
	return func(pool string) string {
		for {
			next[pool]++
			if name := fmt.Sprintf("%s-%d", pool, next[pool]); p.by[name] == nil && !used[name] {
				return name
			}
		}
	}
}

// command is the choice as a command, with names for its launches.
func (p *planner) command(c *choice, name func(pool string) string) Command {
	out := Command{
		Reason: c.reason, Detail: c.detail, Stranded: c.homeless, Savings: c.saving(), Disruption: c.cost() - float64(len(c.remove)),
		Deadline: c.deadline,
	}
	out.WorstSavings = out.Savings + launchPrice(c.launches) - worstPrice(c.launches)
	for _, n := range c.remove {
		out.Remove = append(out.Remove, n.name)
	}
	p.rename(&c.part, name)
	out.Replace, out.Moves = c.launches, c.moves
	for i := range out.Replace {
		start := p.o.StartUp
		if learned, known := p.in.StartUp[out.Replace[i].NodePool]; known {
			start = learned
		}
		if ready := p.in.Now.Add(start); ready.After(out.Ready) {
			out.Ready = ready
		}
	}
	out.ID = out.identity()
	return out
}

// identity is a name for what the command does.
func (c *Command) identity() string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\n%q\n", c.Reason, c.Remove)
	for i := range c.Replace {
		fmt.Fprintf(h, "%s %s\n", c.Replace[i].NodePool, c.Replace[i].Offering().OfferingKey)
	}
	for _, m := range c.Moves {
		fmt.Fprintf(h, "%s %s\n", m.Pod, m.Node)
	}
	return fmt.Sprintf("%s-%012x", strings.ToLower(string(c.Reason)), h.Sum64()&0xffffffffffff)
}
