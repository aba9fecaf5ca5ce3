package scenario

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Result is the answer to a scenario.
type Result struct {
	// Plan is what the planner decided.
	Plan *scheduling.Plan
	// SolveTime is what compiling and solving took. It differs from run to run.
	SolveTime time.Duration

	scenario *Scenario
}

// Solve asks the planner. Errors are those of the planner, most of them about facts that cannot be true, and a question
// that cannot be asked yet.
func (s *Scenario) Solve(ctx context.Context) (*Result, error) {
	if s.Decide == v1alpha1.DecideDisrupt {
		return nil, fmt.Errorf("decide: %s is not supported yet", s.Decide)
	}
	start := time.Now()
	plan, err := scheduling.Solve(ctx, s.Snapshot, s.Options)
	if err != nil {
		return nil, err
	}
	return &Result{Plan: plan, SolveTime: time.Since(start), scenario: s}, nil
}

// String is what a scenario's expect is compared with: the plan, and after it the explanations that the scenario asks
// for, each behind an empty line.
func (r *Result) String() string {
	var b strings.Builder
	b.WriteString(r.Plan.String())
	for _, pod := range r.scenario.Explain {
		b.WriteString("\n")
		b.WriteString(r.Plan.Explain(pod).String())
	}
	return b.String()
}
