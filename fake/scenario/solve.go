package scenario

import (
	"context"
	"strings"
	"time"

	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Result is the answer to a scenario: a plan or a decision.
type Result struct {
	// Plan is what the planner of launches decided; nil if the scenario asks about disruption.
	Plan *scheduling.Plan
	// Decision is what the planner of disruption decided; nil if the scenario asks what to launch.
	Decision *disruption.Decision
	// SolveTime is what compiling and solving, or deciding, took. It differs from run to run.
	SolveTime time.Duration

	scenario *Scenario
}

// Solve asks the planner that the scenario is meant for. Errors are those of the planner, most of them about facts that
// cannot be true.
func (s *Scenario) Solve(ctx context.Context) (*Result, error) {
	start := time.Now()
	result := &Result{scenario: s}
	var err error
	if s.Decide == disrupt {
		options := s.DisruptionOptions
		options.Scheduling = s.Options
		result.Decision, err = disruption.Decide(ctx, s.Input(), options)
	} else {
		result.Plan, err = scheduling.Solve(ctx, s.Snapshot, s.Options)
	}
	if err != nil {
		return nil, err
	}
	result.SolveTime = time.Since(start)
	return result, nil
}

// String is what a scenario's expect is compared with: the plan or the decision, what else the scenario wants to have
// printed of it, and the explanations that it asks for, each behind an empty line.
func (r *Result) String() string {
	if r.Decision != nil {
		return r.decisionText()
	}
	var b strings.Builder
	b.WriteString(r.Plan.String())
	for _, pod := range r.scenario.Explain {
		b.WriteString("\n")
		b.WriteString(r.Plan.Explain(pod).String())
	}
	return b.String()
}
