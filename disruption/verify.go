package disruption

import (
	"context"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/phrase"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// StaleError says what has changed so that a command is no longer right.
type StaleError struct {
	// Command is the command's ID.
	Command string
	// Node is the node that is to blame; empty if it is none alone.
	Node string
	// Change says what has changed.
	Change string
}

// Error names all three.
func (e *StaleError) Error() string {
	if e.Node == "" {
		return fmt.Sprintf("command %s is stale: %s", e.Command, e.Change)
	}
	return fmt.Sprintf("command %s is stale: node %s: %s", e.Command, e.Node, e.Change)
}

// Verify says whether a command that was decided on earlier facts is still right on these: nil, or a [StaleError] that names
// the first change that matters. The reason must still hold, budgets and PodDisruptionBudgets must still have room beside all
// other commands in progress, and each pod that must move now must have a place, with no more launched than what the command
// launches, and at no lower saving than it must have. Where pods go within that is free. Other errors are those of [Decide].
//
// The command itself may be among in.InProgress, where it counts for nothing. Replacements of it that are there already are
// nodes that its pods may go to.
func Verify(ctx context.Context, cmd Command, in Input, opts Options) error {
	in.InProgress = slices.DeleteFunc(slices.Clone(in.InProgress), func(c Command) bool { return c.ID == cmd.ID })
	p, err := newPlanner(&in, opts)
	if err != nil {
		return err
	}
	stale := func(node, change string, args ...any) error {
		return &StaleError{Command: cmd.ID, Node: node, Change: fmt.Sprintf(change, args...)}
	}
	if len(cmd.Remove) == 0 {
		return stale("", "it removes nothing")
	}
	var set []*candidate
	for _, name := range cmd.Remove {
		c := p.by[name]
		if c == nil {
			return stale(name, "it is gone")
		}
		set = append(set, c)
	}
	s, err := p.settle(ctx)
	if err != nil {
		return err
	}
	p.judge()
	for _, c := range set {
		if change := p.lapsed(c, cmd.Reason); change != "" {
			return stale(c.name, "%s", change)
		}
	}
	if !isForced(cmd.Reason) {
		for _, c := range set {
			if got, _ := p.admit(cmd.Reason, []*candidate{c}, 1); len(got) == 0 {
				return stale(c.name, "%s", text(p.kept[c.name]))
			}
		}
	}
	switch {
	case isForced(cmd.Reason):
		return nil // it goes whatever becomes of its pods
	case len(cmd.Replace) == 0 && cmd.Reason == v1.ReasonEmpty:
		return nil
	case set[0].pool != nil && set[0].pool.Spec.Replicas != nil:
		return nil // its replacement follows from the template alone
	}
	if s, err = p.tuned(ctx, s, cmd.Reason == v1.ReasonUnderutilized); err != nil {
		return err
	}
	o, err := p.without(ctx, s, set...)
	if err != nil {
		return err
	}
	if homeless := o.homeless(); len(homeless) > 0 {
		return stale("", "%s", noPlace(o))
	}
	launched, dearer := cmd.Replace, o.plan.Price() > launchPrice(cmd.Replace)+1e-9
	for _, l := range o.plan.Launches {
		at := slices.IndexFunc(launched, func(had scheduling.Launch) bool {
			return had.NodePool == l.NodePool && slices.ContainsFunc(had.Choices, func(c cloudprovider.Choice) bool {
				return slices.ContainsFunc(l.Choices, func(d cloudprovider.Choice) bool { return c.OfferingKey == d.OfferingKey })
			})
		})
		if at < 0 && !dearer {
			continue // there is something cheaper now, which makes the command no worse
		}
		if at < 0 {
			return stale("", "it would take a further %s in %s", offeringText(&l), l.NodePool)
		}
		launched = slices.Delete(slices.Clone(launched), at, at+1)
	}
	if cmd.Reason == v1.ReasonUnderutilized {
		t := part{remove: set, launches: slices.Clone(o.plan.Launches)}
		if t.saving() < p.required(&t)-1e-9 {
			return stale("", "it %s, of at least %s/h", savingText(t.saving()), phrase.Money(p.required(&t)))
		}
	}
	return nil
}

// lapsed says why the node is no longer to be removed for the reason; empty if it is.
func (p *planner) lapsed(c *candidate, reason v1.DisruptionReason) string {
	if k, known := p.kept[c.name]; known && !isForced(reason) {
		return text(k)
	}
	holds := true
	switch reason {
	case ReasonInterrupted:
		_, holds = p.interrupted(c)
	case ReasonUnhealthy:
		_, holds = p.broken()[c]
	case ReasonExpired:
		_, holds = p.expired(c)
	case ReasonSurplus:
		holds = slices.Contains(p.surplus(), c)
	case v1.ReasonDrifted:
		_, holds = p.drifted(c)
	case v1.ReasonEmpty:
		if !p.isEmpty(c) {
			return "pods have come to it"
		}
		if !p.mayGoEmpty(c) {
			return text(p.kept[c.name])
		}
	case v1.ReasonUnderutilized:
		if !p.mayConsolidate(c) {
			return text(p.kept[c.name])
		}
	}
	if !holds {
		return "it is no longer " + strings.ToLower(string(reason))
	}
	return ""
}

// text is the code of a reason to stay, and its detail.
func text(k Kept) string {
	if k.Detail == "" {
		return string(k.Code)
	}
	return string(k.Code) + ": " + k.Detail
}
