package disruption

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// ledger is what the NodePools' budgets allow and what has been taken of it.
//
// A budget bounds how many nodes are disrupted at one time, whatever for: every node that is counts against the budgets of
// every reason, and so does every node that a command of this decision removes. A node that is out of order or on its way
// out already counts once: to remove it takes nothing more.
type ledger struct {
	now   time.Time
	pools map[string]*account
	// counts are the nodes that the budgets know of, each with whether it is disrupted already.
	counts map[*candidate]bool
}

// account is the part of one NodePool.
type account struct {
	pool       *v1.NodePool
	nodes      int // that count
	disrupting int // of these
	used       int // by commands of this decision
	lines      map[v1.DisruptionReason]*line
}

// line is what an account allows for one reason.
type line struct {
	allowed int
	broken  string // why the budgets cannot be read
	changes time.Time
	// opens is when so many nodes as were last asked for will be allowed.
	opens  time.Time
	wanted int
}

// newLedger counts the nodes of each NodePool: those that are managed and initialised, and that the provider is not taking
// down yet. Disrupted are those that are not ready, are being deleted, or are removed by a command in progress.
//
// Nodes that are removed for other reasons than Drifted, Empty and Underutilized take their share, too, but ask for none,
// unless the options say so of Expired and Unhealthy.
func newLedger(in *Input, o Options, all []*candidate) *ledger {
	l := &ledger{now: in.Now, pools: map[string]*account{}, counts: map[*candidate]bool{}}
	for _, pool := range in.NodePools {
		if pool != nil {
			l.pools[pool.Name] = &account{pool: pool, lines: map[v1.DisruptionReason]*line{}}
		}
	}
	for _, c := range all {
		a := l.pools[c.owner()]
		if a == nil || c.claim == nil || !c.initialized() ||
			meta.IsStatusConditionTrue(c.claim.Status.Conditions, v1.ConditionTypeInstanceTerminating) {
			continue
		}
		disrupted := c.command != "" || c.leaving() || !nodeReady(c.node)
		l.counts[c] = disrupted
		a.nodes++
		if disrupted {
			a.disrupting++
		}
	}
	for _, a := range l.pools {
		for _, reason := range budgeted(a.pool, o) {
			a.lines[reason] = newLine(a.pool, l.now, a.nodes, reason)
		}
	}
	return l
}

// budgeted are the reasons that ask for a share of the pool's budgets.
func budgeted(pool *v1.NodePool, o Options) []v1.DisruptionReason {
	reasons := []v1.DisruptionReason{v1.ReasonDrifted}
	if pool.Spec.Replicas == nil {
		reasons = append(reasons, v1.ReasonEmpty, v1.ReasonUnderutilized)
	}
	if o.ExpirationBudget {
		reasons = append(reasons, ReasonExpired)
	}
	if o.RepairBudget {
		reasons = append(reasons, ReasonUnhealthy)
	}
	return reasons
}

func newLine(pool *v1.NodePool, now time.Time, nodes int, reason v1.DisruptionReason) *line {
	out := &line{wanted: -1}
	allowed, err := pool.AllowedDisruptions(now, nodes, reason)
	if err != nil {
		out.broken = strings.ReplaceAll(err.Error(), "\n", "; ")
		return out
	}
	out.allowed = allowed
	for i := range pool.Spec.Disruption.Budgets {
		if budget := &pool.Spec.Disruption.Budgets[i]; budget.AppliesTo(reason) {
			if at, err := budget.NextChange(now); err == nil {
				out.changes = earlier(out.changes, at)
			}
		}
	}
	return out
}

// nodeReady reports whether the kubelet says that it runs pods.
func nodeReady(node *corev1.Node) bool {
	return node != nil && slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

// left is how many more nodes of the pool may be disrupted for the reason. Where none may, why says so for people, and until
// is when a budget lets the next one go with all else as it is; zero if none will. Reasons that ask for no share are
// [v1.Unlimited].
func (l *ledger) left(pool *v1.NodePool, reason v1.DisruptionReason) (n int, why string, until time.Time) {
	return l.room(pool, reason, 1)
}

// room is left, for so many nodes more.
func (l *ledger) room(pool *v1.NodePool, reason v1.DisruptionReason, more int) (n int, why string, until time.Time) {
	if pool == nil || l.pools[pool.Name] == nil {
		return 0, "the NodePool does not exist", time.Time{}
	}
	a := l.pools[pool.Name]
	entry := a.lines[reason]
	switch {
	case entry == nil:
		return v1.Unlimited, "", time.Time{}
	case entry.broken != "":
		return 0, fmt.Sprintf("%s allows none, since its budgets cannot be read: %s", pool.Name, entry.broken), time.Time{}
	case entry.allowed == v1.Unlimited:
		return v1.Unlimited, "", time.Time{}
	}
	if busy := a.disrupting + a.used; busy+more > entry.allowed {
		return 0, a.text(reason, entry), a.opensFor(entry, reason, l.now, busy+more)
	}
	return entry.allowed - a.disrupting - a.used, "", time.Time{}
}

// text is what is allowed and what of it is in use, such as `general allows 1 for underutilized, 1 in progress`.
func (a *account) text(reason v1.DisruptionReason, entry *line) string {
	text := fmt.Sprintf("%s allows %d for %s", a.pool.Name, entry.allowed, strings.ToLower(string(reason)))
	if a.disrupting > 0 {
		text += fmt.Sprintf(", %d in progress", a.disrupting)
	}
	if a.used > 0 {
		text += fmt.Sprintf(", %d taken", a.used)
	}
	return text
}

// mostSteps is how many times opensFor looks for the end of the windows that are in the way.
const mostSteps = 100

// opensFor is the first instant at which the budgets allow so many nodes for the reason, zero if none is in sight.
func (a *account) opensFor(entry *line, reason v1.DisruptionReason, now time.Time, wanted int) time.Time {
	if entry.wanted == wanted {
		return entry.opens
	}
	entry.wanted, entry.opens = wanted, time.Time{}
	at := now
	for range mostSteps {
		closed, blocked := time.Time{}, false
		for i := range a.pool.Spec.Disruption.Budgets {
			budget := &a.pool.Spec.Disruption.Budgets[i]
			if n, err := budget.Allowed(at, a.nodes); !budget.AppliesTo(reason) || err == nil && n >= wanted {
				continue
			}
			end, err := budget.NextChange(at)
			if err != nil || end.IsZero() {
				return time.Time{} // this one stays
			}
			blocked = true
			if end.After(closed) {
				closed = end
			}
		}
		if !blocked {
			entry.opens = at
			return at
		}
		at = closed
	}
	return time.Time{}
}

// admits reports whether the node may be removed for the reason beside all that has been taken, and if not, why.
func (l *ledger) admits(c *candidate, reason v1.DisruptionReason) (Kept, bool) {
	if _, why, until := l.room(c.pool, reason, l.share(c)); why != "" {
		return Kept{Node: c.name, Code: CodeBudget, Detail: why, Until: until}, false
	}
	return Kept{}, true
}

// share is what removing the node adds to the disrupted ones: 0 for one that is among them or does not count, else 1.
func (l *ledger) share(c *candidate) int {
	if disrupted, counted := l.counts[c]; counted && !disrupted {
		return 1
	}
	return 0
}

// take counts the node as removed by a command.
func (l *ledger) take(c *candidate) {
	if a := l.pools[c.owner()]; a != nil {
		a.used += l.share(c)
	}
}

// giveBack undoes take.
func (l *ledger) giveBack(c *candidate) {
	if a := l.pools[c.owner()]; a != nil {
		a.used -= l.share(c)
	}
}

// allowances are what is allowed and used, by pool and reason.
func (l *ledger) allowances() []Allowance {
	var out []Allowance
	for _, a := range l.pools {
		for reason, entry := range a.lines {
			out = append(out, Allowance{
				NodePool: a.pool.Name, Reason: reason, Nodes: a.nodes,
				Allowed: entry.allowed, Disrupting: a.disrupting, Used: a.used, Changes: entry.changes,
			})
		}
	}
	slices.SortFunc(out, func(a, b Allowance) int {
		return strings.Compare(a.NodePool+"\x00"+string(a.Reason), b.NodePool+"\x00"+string(b.Reason))
	})
	return out
}
