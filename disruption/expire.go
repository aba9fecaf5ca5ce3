package disruption

import (
	"fmt"
	"time"
)

// expired reports whether the node is older than its claim's expireAfter. The claim's own value counts, which is the
// NodePool's at the time of its making; a later one makes the node drift.
func (p *planner) expired(c *candidate) (cause, bool) {
	at := c.expiry()
	if at.IsZero() || p.in.Now.Before(at) {
		return cause{next: at}, false
	}
	return cause{reason: ReasonExpired, detail: fmt.Sprintf("older than %s", c.claim.Spec.ExpireAfter), since: at}, true
}

// expiry is when the node expires: zero if never, or if nobody knows when it was made.
func (c *candidate) expiry() time.Time {
	if c.claim == nil || c.claim.Spec.ExpireAfter.Duration == nil || c.claim.CreationTimestamp.IsZero() {
		return time.Time{}
	}
	return c.claim.CreationTimestamp.Add(*c.claim.Spec.ExpireAfter.Duration)
}
