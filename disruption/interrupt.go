package disruption

import (
	"cmp"
	"time"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// noticesByMachine is the notice about each machine that says most: what has happened before what will, what will sooner
// before what will later. Notices of a mere risk are left out, since they are no reason to remove a node that may live on.
func noticesByMachine(notices []cloudprovider.Interruption) map[string]cloudprovider.Interruption {
	out := map[string]cloudprovider.Interruption{}
	for _, n := range notices {
		if n.ProviderID == "" || severity(n.Kind) == 0 {
			continue
		}
		if known, ok := out[n.ProviderID]; !ok || compareNotices(n, known) < 0 {
			out[n.ProviderID] = n
		}
	}
	return out
}

// severity is how much a kind of notice says; 0 if it is no reason to remove a node.
func severity(kind cloudprovider.InterruptionKind) int {
	switch kind {
	case cloudprovider.InterruptionStopped:
		return 3
	case cloudprovider.InterruptionReclaim:
		return 2
	case cloudprovider.InterruptionMaintenance:
		return 1
	}
	return 0
}

// compareNotices puts the one first that says more. A deadline that is not known is soon.
func compareNotices(a, b cloudprovider.Interruption) int {
	return cmp.Or(severity(b.Kind)-severity(a.Kind), a.Deadline.Compare(b.Deadline), cmp.Compare(a.ID, b.ID),
		cmp.Compare(a.Message, b.Message))
}

// interrupted reports whether the cloud takes the machine away, or has done so.
func (p *planner) interrupted(c *candidate) (cause, bool) {
	if c.notice == nil {
		return cause{}, false
	}
	detail := string(c.notice.Kind)
	deadline := c.notice.Deadline
	if c.notice.Kind == cloudprovider.InterruptionStopped {
		deadline = time.Time{} // it is gone
	}
	if !deadline.IsZero() {
		detail += " at " + stamp(deadline)
	}
	if c.notice.Message != "" {
		detail += ": " + c.notice.Message
	}
	return cause{reason: ReasonInterrupted, detail: detail, deadline: deadline}, true
}
