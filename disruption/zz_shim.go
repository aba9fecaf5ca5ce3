package disruption

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

type shape struct{ pool *v1.NodePool }

func newShapes(in *Input) map[string]*shape {
	out := map[string]*shape{}
	for _, p := range in.NodePools {
		out[p.Name] = &shape{p}
	}
	return out
}
func noticesByMachine(l []cloudprovider.Interruption) map[string]cloudprovider.Interruption {
	return nil
}

type class int

const (
	graceful class = iota
	eventual
)

func (p *planner) eligible(c *candidate, k class) (Kept, bool) {
	if c.claim == nil {
		return Kept{Code: CodeUnmanaged}, false
	}
	return Kept{}, true
}
func (p *planner) mayConsolidate(c *candidate) bool       { return !c.barred }
func (p *planner) mayGoEmpty(c *candidate) bool           { return true }
func (p *planner) isEmpty(c *candidate) bool              { return len(c.movable) == 0 && c.nominated == "" }
func (p *planner) balanced(t *part) (Kept, bool)          { return Kept{}, true }
func (p *planner) drifted(c *candidate) (cause, bool)     { return cause{}, false }
func (p *planner) expired(c *candidate) (cause, bool)     { return cause{}, false }
func (p *planner) interrupted(c *candidate) (cause, bool) { return cause{}, false }
func (p *planner) broken() map[*candidate]cause           { return nil }
func (p *planner) surplus() []*candidate                  { return nil }
func (p *planner) staticDrift() []*candidate              { return nil }
func (c *candidate) settledAt() time.Time                 { return c.created() }
func (p *planner) demands(pod *corev1.Pod) bool           { return movable(pod, p.o.BarePods) }
func isForced(r v1.DisruptionReason) bool {
	return r == ReasonExpired || r == ReasonInterrupted || r == ReasonUnhealthy || r == ReasonSurplus
}
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
