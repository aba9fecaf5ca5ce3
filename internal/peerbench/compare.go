package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/fake/scenario"
	"github.com/kerf-autoscaler/kerf/internal/oracle"
	kerf "github.com/kerf-autoscaler/kerf/scheduling"
)

// side is what one of the two planners came to.
type side struct {
	took       time.Duration
	plan       *kerf.Plan
	violations []oracle.Violation // nil too where the plan was not judged
}

func (s *side) placed() int { return len(s.plan.Assignments) }

// comparison is both answers to one scenario.
type comparison struct {
	pods, types int
	kerf, peer  side
	early       bool // Karpenter's deadline passed
	judged      bool
}

// compare asks both planners. The pods are those that Kerf takes for waiting; whatever else is in the snapshot, neither
// plans for.
func (s settings) compare(ctx context.Context, world *scenario.Scenario) (*comparison, error) {
	c := &comparison{types: typesOf(&world.Snapshot)}
	for range s.runs {
		runtime.GC()
		start := time.Now()
		plan, err := kerf.Solve(ctx, world.Snapshot, world.Options)
		if err != nil {
			return nil, err
		}
		c.kerf.best(time.Since(start), plan)
	}
	pods := waiting(&world.Snapshot, c.kerf.plan)
	c.pods = len(pods)
	p, err := newPeer(ctx, &world.Snapshot, pods, world.Options, s.peerWorkers)
	if err != nil {
		return nil, err
	}
	for range s.runs {
		runtime.GC()
		a, err := p.run(ctx, s.peerTimeout)
		if err != nil {
			return nil, err
		}
		c.peer.best(a.took, a.plan)
		if c.early = c.early || a.early; c.early {
			break
		}
	}
	if c.judged = c.pods <= s.check; c.judged {
		c.kerf.violations = judge(&world.Snapshot, c.kerf.plan, true)
		c.peer.violations = judge(&world.Snapshot, c.peer.plan, false)
	}
	return c, nil
}

// best keeps the shortest time. The plan is the last one: Kerf's is always the same.
func (s *side) best(took time.Duration, plan *kerf.Plan) {
	if s.plan == nil || took < s.took {
		s.took = took
	}
	s.plan = plan
}

// waiting are the pods that the plan speaks of.
func waiting(s *kerf.Snapshot, plan *kerf.Plan) []*corev1.Pod {
	known := map[types.NamespacedName]bool{}
	for _, a := range plan.Assignments {
		known[a.Pod] = true
	}
	for _, u := range plan.Unplaced {
		known[u.Pod] = true
	}
	var out []*corev1.Pod
	for _, pod := range s.Pods {
		if known[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}] {
			out = append(out, pod)
		}
	}
	return out
}

func typesOf(s *kerf.Snapshot) int {
	names := map[string]bool{}
	for _, list := range s.InstanceTypes {
		for _, t := range list {
			names[t.Name] = true
		}
	}
	return len(names)
}

// verdict says how the plans compare.
func (c *comparison) verdict() verdict {
	const slack = 1e-6 // of the price, for rounding
	switch {
	case c.early:
		return undecided
	case len(c.peer.violations) > 0:
		return peerWrong
	case c.kerf.placed() != c.peer.placed():
		switch {
		case c.kerf.placed() > c.peer.placed():
			return more
		case c.declines():
			return declined
		}
		return fewer
	case c.kerf.plan.Price() > c.peer.plan.Price()*(1+slack):
		return dearer
	case c.kerf.plan.Price() < c.peer.plan.Price()*(1-slack):
		return cheaper
	}
	return equal
}

// declines reports whether Kerf leaves out a pod because it does not know the rules of something that the pod uses.
func (c *comparison) declines() bool {
	return slices.ContainsFunc(c.kerf.plan.Unplaced, func(u kerf.Unplaced) bool {
		return slices.ContainsFunc(u.Rejections, func(r kerf.Rejection) bool { return r.Code == kerf.NotSupported })
	})
}

// verdict is how Kerf's plan compares with Karpenter's.
type verdict string

const (
	cheaper   verdict = "Kerf is cheaper"
	equal     verdict = "the same price"
	dearer    verdict = "Kerf is dearer"
	more      verdict = "Kerf places more pods"
	fewer     verdict = "Kerf places fewer pods"
	declined  verdict = "Kerf declines pods that ask for what it does not support"
	peerWrong verdict = "Karpenter's plan cannot be carried out"
	undecided verdict = "Karpenter ran out of time"
)

func (c *comparison) String() string {
	return fmt.Sprintf("%s: Kerf %d of %d pods, %d nodes, $%.4f/h; Karpenter %d pods, %d nodes, $%.4f/h",
		c.verdict(), c.kerf.placed(), c.pods, len(c.kerf.plan.Launches), c.kerf.plan.Price(),
		c.peer.placed(), len(c.peer.plan.Launches), c.peer.plan.Price())
}
