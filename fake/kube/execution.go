package kube

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// execution is a command that is being carried out.
type execution struct {
	command disruption.Command // with the replacements by the names of their nodes
	past    disruption.Past
	late    time.Time       // by when the replacements must be there
	missing map[string]bool // replacements that are not initialised yet
	left    map[string]bool // nodes that are not gone yet
}

// start begins to carry out a command: the nodes take no new pods, and the replacements are ordered. A command whose nodes
// are not all there, or are in another command, is dropped.
func (a *Autoscaler) start(command disruption.Command) {
	now := a.cluster.Now()
	e := &execution{
		command: command, past: disruption.Past{Command: command.ID}, late: command.Ready,
		missing: map[string]bool{}, left: map[string]bool{},
	}
	if e.late.IsZero() {
		e.late = now.Add(a.options.Late)
	}
	for _, name := range command.Remove {
		m := a.cluster.byNode[name]
		if m == nil || m.leaving || a.removes(name) || e.left[name] {
			a.tally.dropped++
			return
		}
		e.left[name] = true
		e.past.Removed = append(e.past.Removed, disruption.Bought{Node: name, NodePool: m.claim.Labels[v1.NodePoolLabelKey], OfferingKey: m.key})
		for _, p := range m.pods {
			if !p.terminating {
				e.past.Moved = append(e.past.Moved, nameOf(p.object))
			}
		}
	}
	a.running = append(a.running, e)
	for _, name := range command.Remove {
		a.cluster.Disrupt(name, true)
	}
	e.command.Replace, e.command.Moves = slices.Clone(command.Replace), slices.Clone(command.Moves)
	names := map[string]string{}
	for i := range e.command.Replace {
		l := &e.command.Replace[i]
		name, err := a.cluster.Launch(*l)
		if err != nil {
			a.undo(e)
			return
		}
		names[l.Name], l.Name = name, name
		e.missing[name] = true
		e.past.Launched = append(e.past.Launched, disruption.Bought{Node: name, NodePool: l.NodePool, OfferingKey: a.cluster.byNode[name].key})
	}
	for i := range e.command.Moves {
		if move := &e.command.Moves[i]; move.Launch {
			move.Node = names[move.Node]
		}
	}
	if len(e.missing) == 0 {
		a.proceed(e)
		return
	}
	a.cluster.At(e.late, func() {
		if len(e.missing) > 0 && slices.Contains(a.running, e) {
			a.undo(e)
		}
	})
}

// removes reports whether a command in progress removes the node.
func (a *Autoscaler) removes(node string) bool {
	return slices.ContainsFunc(a.running, func(e *execution) bool { return e.left[node] })
}

// initialized goes on with the command that the node is a replacement of.
func (a *Autoscaler) initialized(node string) {
	for _, e := range slices.Clone(a.running) {
		if e.missing[node] {
			delete(e.missing, node)
			if len(e.missing) == 0 {
				a.proceed(e)
			}
			return
		}
	}
}

// gone takes note that a machine is gone. A replacement that is gone before its time undoes the command.
func (a *Autoscaler) gone(node string) {
	for _, e := range slices.Clone(a.running) {
		if e.missing[node] {
			a.undo(e)
			continue
		}
		if e.left[node] {
			delete(e.left, node)
			if len(e.left) == 0 {
				a.complete(e)
			}
		}
	}
}

// proceed deletes the nodes of a command whose replacements are there.
func (a *Autoscaler) proceed(e *execution) {
	if verifier, ok := a.policy.(Verifier); ok && len(e.command.Replace) > 0 {
		in := a.input()
		in.InProgress = slices.DeleteFunc(in.InProgress, func(c disruption.Command) bool { return c.ID == e.command.ID })
		if err := verifier.Verify(a.ctx, e.command, in); err != nil {
			a.undo(e)
			return
		}
	}
	for _, name := range e.command.Remove {
		if e.left[name] {
			a.cluster.Delete(name)
		}
	}
	if len(e.left) == 0 { // all were gone before
		a.complete(e)
	}
}

// undo gives a command up. Its nodes take pods again; replacements that are there stay.
func (a *Autoscaler) undo(e *execution) {
	for _, name := range e.command.Remove {
		a.cluster.Disrupt(name, false)
	}
	e.past.Failed, e.past.Moved = true, nil
	a.tally.undone++
	a.end(e)
}

func (a *Autoscaler) complete(e *execution) {
	a.tally.commands[e.command.Reason]++
	a.tally.replaced(replacement{at: a.cluster.Now(), past: e.past, load: a.cluster.load()})
	a.end(e)
}

func (a *Autoscaler) end(e *execution) {
	if !slices.Contains(a.running, e) {
		return
	}
	e.past.At = a.cluster.Now()
	a.history = append(a.history, e.past)
	a.running = slices.DeleteFunc(a.running, func(other *execution) bool { return other == e })
	a.dirty = true
	a.ask(a.cluster.Now().Add(time.Second))
}

// leaving is the node as if it were being deleted.
func leaving(n scheduling.Node) scheduling.Node {
	claim := *n.Claim
	claim.DeletionTimestamp = ptr.To(metav1.NewTime(claim.CreationTimestamp.Time))
	n.Claim = &claim
	return n
}
