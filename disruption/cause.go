package disruption

import (
	"time"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// cause is why a node is to be removed. Where there is no cause, all but next is zero.
type cause struct {
	reason v1.DisruptionReason
	// detail is more about the reason, for people.
	detail string
	// since is from when on there was a cause; zero if nobody knows.
	since time.Time
	// deadline is when the node will be gone whatever happens; zero if never, or if nobody knows.
	deadline time.Time
	// next is the earliest instant at which the same facts would give another answer; zero if time alone changes nothing.
	next time.Time
}

// stamp is an instant as it reads in details.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// earlier is the earlier of two instants of which the zero time stands for never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
