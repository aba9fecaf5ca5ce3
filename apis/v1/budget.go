package v1

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Unlimited is the allowance of a budget that does not restrain: one that is not active.
const Unlimited = math.MaxInt32

// AllowedDisruptions is how many nodes of the pool may be under disruption at once for the reason, nodes that are under
// disruption already included. nodes is the number of nodes that the pool has. The smallest of the budgets that are
// active at that instant and apply to the reason counts; without one the result is [Unlimited].
//
// A budget that cannot be read closes the pool: the result is 0, with an error that names all such budgets, even if
// they are for other reasons.
func (p *NodePool) AllowedDisruptions(now time.Time, nodes int, reason DisruptionReason) (int, error) {
	allowed := Unlimited
	var errs []error
	for i := range p.Spec.Disruption.Budgets {
		budget := &p.Spec.Disruption.Budgets[i]
		n, err := budget.Allowed(now, nodes)
		if err != nil {
			errs = append(errs, fmt.Errorf("spec.disruption.budgets[%d]: %w", i, err))
			continue
		}
		if budget.AppliesTo(reason) {
			allowed = min(allowed, n)
		}
	}
	if len(errs) > 0 {
		return 0, errors.Join(errs...)
	}
	return allowed, nil
}

// AppliesTo reports whether the budget restrains disruption for the reason. One without reasons applies to all.
func (b *Budget) AppliesTo(reason DisruptionReason) bool {
	return len(b.Reasons) == 0 || slices.Contains(b.Reasons, reason)
}

// Allowed is how many of that many nodes the budget lets be under disruption at once: [Unlimited] while it is not active,
// whatever its reasons. On error the result is 0.
func (b *Budget) Allowed(now time.Time, nodes int) (int, error) {
	share, err := parseShare(b.Nodes)
	if err != nil {
		return 0, err
	}
	active, err := b.Active(now)
	if err != nil {
		return 0, err
	}
	if !active {
		return Unlimited, nil
	}
	return share.of(nodes), nil
}

// Active reports whether the budget is in force at that instant: always without a schedule, else from each hit of the
// schedule, inclusive, until its duration has passed, exclusive. Hits within the duration extend it. A schedule
// that never hits is never active; one without a duration, or the reverse, is an error.
func (b *Budget) Active(at time.Time) (bool, error) {
	if b.Schedule == nil && b.Duration == nil {
		return true, nil
	}
	w, err := b.window()
	if err != nil {
		return false, err
	}
	return w.active(at), nil
}

// NextChange is the first instant after at when the budget comes into force or ceases to be. It is the zero time if
// there is none within some ten years, as for a budget without a schedule.
func (b *Budget) NextChange(at time.Time) (time.Time, error) {
	if b.Schedule == nil && b.Duration == nil {
		return time.Time{}, nil
	}
	w, err := b.window()
	if err != nil {
		return time.Time{}, err
	}
	return w.nextChange(at), nil
}

func (b *Budget) window() (window, error) {
	if b.Schedule == nil || b.Duration == nil {
		return window{}, errors.New("schedule and duration must be set together")
	}
	schedule, err := parseSchedule(*b.Schedule)
	if err != nil {
		return window{}, err
	}
	return window{schedule: schedule, length: b.Duration.Duration}, nil
}

// share is a number of nodes or a percentage of them.
type share struct {
	number  int
	percent bool
}

// of is the share of that many nodes, a percentage rounded up.
func (s share) of(nodes int) int {
	if !s.percent {
		return s.number
	}
	whole := max(nodes, 0)
	return whole/100*s.number + (whole%100*s.number+99)/100
}

// parseShare reads `5`, `10%` or `100%`. Numbers beyond the range of int32 become its end.
func parseShare(text string) (share, error) {
	wrong := fmt.Errorf("nodes %q is neither a number such as 5 nor a percentage from 0%% to 100%%", text)
	digits, percent := strings.CutSuffix(text, "%")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return share{}, wrong
	}
	n, err := strconv.ParseInt(digits, 10, 32) // at its end, with an error, when it is too large
	if percent && (err != nil || len(digits) > 3 || len(digits) == 3 && n != 100) {
		return share{}, wrong
	}
	return share{number: int(n), percent: percent}, nil
}
