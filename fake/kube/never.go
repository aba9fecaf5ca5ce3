package kube

import (
	"context"
	"time"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Never is the [Policy] that gives no node back to save money. Nodes that are interrupted or have expired are drained.
type Never struct{}

// Name is never.
func (Never) Name() string { return "never" }

// Decide removes what cannot stay.
func (Never) Decide(_ context.Context, in disruption.Input) (*disruption.Decision, error) {
	d := &disruption.Decision{}
	d.Commands, d.Recheck = forced(&in)
	return d, nil
}

// Kerf is [disruption.Decide] as a [Policy].
type Kerf struct{ Options disruption.Options }

// Name is kerf.
func (Kerf) Name() string { return "kerf" }

// Decide asks disruption.Decide.
func (k Kerf) Decide(ctx context.Context, in disruption.Input) (*disruption.Decision, error) {
	return disruption.Decide(ctx, in, k.Options)
}

// forced removes the nodes that have expired or that the cloud takes back, without replacements: the pods of a node that is
// drained are provided for like any other. The time is when the next node expires; zero if none does.
func forced(in *disruption.Input) (commands []disruption.Command, next time.Time) {
	interrupted := map[string]bool{}
	for _, notice := range in.Interruptions {
		interrupted[notice.ProviderID] = true
	}
	busy := inProgress(in)
	for _, n := range in.Nodes {
		if n.Claim == nil || n.Claim.DeletionTimestamp != nil || busy[n.Name()] {
			continue
		}
		if interrupted[n.Claim.Status.ProviderID] {
			commands = append(commands, remove(disruption.ReasonInterrupted, n))
			continue
		}
		if after := n.Claim.Spec.ExpireAfter.Duration; after != nil {
			expires := n.Claim.CreationTimestamp.Add(*after)
			if !in.Now.Before(expires) {
				commands = append(commands, remove(disruption.ReasonExpired, n))
			} else {
				next = earlier(next, expires)
			}
		}
	}
	return commands, next
}

// inProgress are the nodes that commands in progress remove.
func inProgress(in *disruption.Input) map[string]bool {
	busy := map[string]bool{}
	for _, c := range in.InProgress {
		for _, name := range c.Remove {
			busy[name] = true
		}
	}
	return busy
}

func remove(reason v1.DisruptionReason, nodes ...scheduling.Node) disruption.Command {
	c := disruption.Command{Reason: reason}
	for _, n := range nodes {
		c.Remove = append(c.Remove, n.Name())
	}
	c.ID = string(reason) + "/" + c.Remove[0] + "+" + itoa(len(nodes)-1)
	return c
}

// earlier is the earlier of two times, of which a zero one does not count.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
