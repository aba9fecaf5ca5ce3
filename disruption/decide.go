package disruption

import (
	"context"
	"errors"
)

// planner is what one call of [Decide] or [Verify] works with.
type planner struct {
	in  *Input
	o   Options // with its defaults filled in
	all []*candidate
	by  map[string]*candidate

	budgets *ledger // what the NodePools allow
	pdbs    *guard  // what the PodDisruptionBudgets allow
	kept    map[string]Kept
}

// Decide says which nodes to remove and what to launch for them.
func Decide(ctx context.Context, in Input, opts Options) (*Decision, error) {
	return nil, errors.New("not yet")
}
