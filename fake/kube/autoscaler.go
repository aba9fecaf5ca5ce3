package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Policy decides which nodes to give back. It may remember things from one decision to the next: one value serves one
// cluster.
type Policy interface {
	// Name is short, for tables.
	Name() string
	// Decide is asked whenever something may have changed. Commands that make no sense any more are dropped.
	Decide(ctx context.Context, in disruption.Input) (*disruption.Decision, error)
}

// Verifier is a Policy that wants to look at a command once more before its nodes are drained, with fresher facts, in which
// the command is no longer in progress and its replacements are nodes. An error undoes the command.
type Verifier interface {
	Verify(ctx context.Context, command disruption.Command, in disruption.Input) error
}

// AutoscalerOptions steer an [Autoscaler]. The zero value is how Karpenter does it.
type AutoscalerOptions struct {
	// Idle is how long no further pod must have come before machines are launched for those that wait, Longest how long the
	// first of them waits for that. Zero means 1 second and 10 seconds.
	Idle, Longest time.Duration
	// Every is how often the policy is asked while things change. Zero means 10 seconds.
	Every time.Duration
	// Late is how long a command waits for its replacements if it does not say so itself. Zero means 10 minutes.
	Late time.Duration
	// Scheduling are the options of the plans for waiting pods.
	Scheduling scheduling.Options
}

func (o AutoscalerOptions) withDefaults() AutoscalerOptions {
	for at, value := range map[*time.Duration]time.Duration{
		&o.Idle: time.Second, &o.Longest: 10 * time.Second, &o.Every: 10 * time.Second, &o.Late: 10 * time.Minute,
	} {
		if *at == 0 {
			*at = value
		}
	}
	return o
}

// Autoscaler is the loop that launches nodes for waiting pods of a [Cluster] and carries out what a [Policy] decides. It
// acts when the cluster's clock moves; there is nothing to call.
type Autoscaler struct {
	cluster *Cluster
	policy  Policy
	options AutoscalerOptions
	ctx     context.Context // of the run, for the policy and the engine
	failure error
	catalog *scheduling.Catalog

	// of the pods that wait:
	plans    map[types.NamespacedName]expectation
	window   time.Time // when the first of them came that no plan has looked at; zero if none has
	windowAt time.Time // when the plan is made
	nominal  map[string]time.Time

	// of the policy:
	dirty   bool // something has changed since it was asked
	asked   time.Time
	next    time.Time // when it is asked next; zero if not at all
	running []*execution
	history []disruption.Past
	tally   tally
}

// expectation is where the last plan wants a pod.
type expectation struct {
	node  string    // empty for nowhere
	until time.Time // when to ask again
}

// NewAutoscaler puts an autoscaler into charge of the cluster. When ctx ends, or something fails that never should, it does
// nothing more; see [Autoscaler.Err].
func NewAutoscaler(ctx context.Context, cluster *Cluster, policy Policy, options AutoscalerOptions) *Autoscaler {
	a := &Autoscaler{
		cluster: cluster, policy: policy, options: options.withDefaults(), ctx: ctx,
		plans: map[types.NamespacedName]expectation{}, nominal: map[string]time.Time{}, tally: newTally(),
	}
	cluster.Listen(a.hear)
	return a
}

// Err is why the autoscaler has stopped; nil while it works.
func (a *Autoscaler) Err() error {
	if a.failure != nil {
		return a.failure
	}
	return a.ctx.Err()
}

// History are the commands that have been carried out or undone, in the order in which they ended.
func (a *Autoscaler) History() []disruption.Past { return a.history }

// InProgress are the commands that are being carried out. Their replacements go by the names of the nodes.
func (a *Autoscaler) InProgress() []disruption.Command {
	out := make([]disruption.Command, 0, len(a.running))
	for _, e := range a.running {
		out = append(out, e.command)
	}
	return out
}

func (a *Autoscaler) fail(doing string, err error) {
	if a.failure == nil && err != nil {
		a.failure = fmt.Errorf("%s, %s: %w", a.cluster.Now().UTC().Format(time.RFC3339), doing, err)
	}
}

// hear takes note of what happens in the cluster.
func (a *Autoscaler) hear(e Event) {
	if a.Err() != nil {
		return
	}
	switch e.Kind {
	case PodUnschedulable:
		if a.unforeseen(e.Pod) {
			a.arm()
		}
		return // nothing has changed
	case PodGone, PodBound:
		delete(a.plans, nameOf(e.Pod))
	case Leaving, Interrupted:
		a.arm()
	case Initialized:
		a.initialized(e.Node)
	case Gone:
		a.gone(e.Node)
	}
	a.dirty = true
	a.ask(a.asked.Add(a.options.Every))
	if e.Kind == Interrupted {
		a.ask(a.cluster.Now())
	}
}

func nameOf(p *corev1.Pod) types.NamespacedName {
	return types.NamespacedName{Namespace: p.Namespace, Name: p.Name}
}

// unforeseen reports whether a waiting pod needs a plan: there is none for it, or it has not come true.
func (a *Autoscaler) unforeseen(p *corev1.Pod) bool {
	plan, known := a.plans[nameOf(p)]
	if !known {
		return true
	}
	if plan.node == "" {
		return !a.cluster.Now().Before(plan.until)
	}
	m := a.cluster.byNode[plan.node]
	return m == nil || m.leaving || a.cluster.Initialized(plan.node) && !a.cluster.Now().Before(plan.until)
}

// arm has a plan made for the waiting pods once no more come.
func (a *Autoscaler) arm() {
	now := a.cluster.Now()
	if a.window.IsZero() {
		a.window = now
	}
	at := now.Add(a.options.Idle)
	if end := a.window.Add(a.options.Longest); at.After(end) {
		at = end
	}
	if at.Equal(a.windowAt) {
		return
	}
	a.windowAt = at
	a.cluster.At(at, func() {
		if a.windowAt.Equal(at) && !a.window.IsZero() {
			a.window, a.windowAt = time.Time{}, time.Time{}
			a.provision()
		}
	})
}

// impatience is how long a pod without a place waits until a plan is made for it again.
const impatience = time.Minute

// nomination is how long a node counts as one that pods are expected on.
const nomination = 20 * time.Second

// provision launches what the pods need that wait or are about to lose their nodes.
func (a *Autoscaler) provision() {
	if a.Err() != nil {
		return
	}
	s := a.cluster.Snapshot()
	s.Nodes = a.draining(s.Nodes)
	s.Catalog = a.catalog
	s = s.Drained()
	if len(s.Pods) == 0 {
		return
	}
	problem, err := scheduling.Compile(s)
	if err != nil {
		a.fail("provision", err)
		return
	}
	a.catalog = problem.Catalog()
	plan, err := problem.Solve(a.ctx, a.options.Scheduling)
	if err != nil {
		a.fail("provision", err)
		return
	}
	a.tally.plans++
	launched, refused := map[string]string{}, false
	for _, l := range plan.Launches {
		name, err := a.cluster.Launch(l)
		if err != nil {
			refused = true
			continue
		}
		launched[l.Name] = name
	}
	now := a.cluster.Now()
	for _, assignment := range plan.Assignments {
		node := assignment.Node
		if assignment.Launch {
			node = launched[node]
		} else {
			a.nominal[node] = now.Add(nomination)
		}
		a.plans[assignment.Pod] = expectation{node: node, until: now.Add(a.options.Longest)}
	}
	for _, u := range plan.Unplaced {
		a.plans[u.Pod] = expectation{until: now.Add(impatience)}
	}
	switch {
	case refused: // what is not in stock is known now
		a.cluster.After(a.options.Idle, a.arm)
	case len(plan.Unplaced) > 0:
		a.cluster.After(impatience, a.cluster.wakeScheduler)
	case len(plan.Assignments) > 0: // should one not come true
		a.cluster.After(a.options.Longest+time.Second, a.cluster.wakeScheduler)
	}
}

// draining are the nodes with those marked that are interrupted or that commands remove for good: the pods of both need a
// place.
func (a *Autoscaler) draining(nodes []scheduling.Node) []scheduling.Node {
	interrupted := map[string]bool{}
	for _, n := range a.cluster.notices {
		interrupted[n.ProviderID] = true
	}
	for i, n := range nodes {
		if n.Claim != nil && n.Claim.DeletionTimestamp == nil && (interrupted[n.Claim.Status.ProviderID] || a.removes(n.Name())) {
			nodes[i] = leaving(n)
		}
	}
	return nodes
}

// ask has the policy asked at that time, or earlier.
func (a *Autoscaler) ask(at time.Time) {
	if at.Before(a.cluster.Now()) {
		at = a.cluster.Now()
	}
	if !a.next.IsZero() && !at.Before(a.next) {
		return
	}
	a.next = at
	a.cluster.At(at, func() {
		if a.next.Equal(at) {
			a.next = time.Time{}
			a.decide()
		}
	})
}

// decide asks the policy and starts what it wants done.
func (a *Autoscaler) decide() {
	if a.Err() != nil {
		return
	}
	a.dirty, a.asked = false, a.cluster.Now()
	decision, err := a.policy.Decide(a.ctx, a.input())
	if err != nil {
		a.fail("policy "+a.policy.Name(), err)
		return
	}
	if decision == nil {
		a.fail("policy "+a.policy.Name(), errors.New("no decision and no error"))
		return
	}
	a.tally.decisions++
	for _, command := range decision.Commands {
		a.start(command)
	}
	switch {
	case len(decision.Commands) > 0:
		a.ask(a.cluster.Now().Add(time.Second))
	case a.dirty:
		a.ask(a.asked.Add(a.options.Every))
	}
	if !decision.Recheck.IsZero() {
		a.ask(maxTime(decision.Recheck, a.asked.Add(time.Second)))
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// remembered is how long policies are told of what has been done.
const remembered = 48 * time.Hour

// input is what the policy gets to know.
func (a *Autoscaler) input() disruption.Input {
	in := a.cluster.Input()
	in.Catalog = a.catalog
	in.InProgress, in.History = a.InProgress(), slices.DeleteFunc(slices.Clone(a.history), func(p disruption.Past) bool {
		return a.cluster.Now().Sub(p.At) > remembered
	})
	in.Expected = map[string]time.Time{}
	now := a.cluster.Now()
	for node, until := range a.nominal {
		if now.Before(until) {
			in.Expected[node] = until
		} else {
			delete(a.nominal, node)
		}
	}
	for _, e := range a.running {
		for _, move := range e.command.Moves {
			if a.cluster.byNode[move.Node] != nil {
				in.Expected[move.Node] = maxTime(in.Expected[move.Node], maxTime(e.late, now.Add(nomination)))
			}
		}
	}
	return in
}
