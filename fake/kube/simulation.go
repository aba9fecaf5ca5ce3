package kube

import (
	"context"
	"fmt"
	"time"

	policyv1 "k8s.io/api/policy/v1"
)

// Simulation is what goes on in a cluster for some time: the same for each policy that it is run with.
type Simulation struct {
	Config
	// Trace is what the workloads do. Required.
	Trace *Trace
	// Budgets are PodDisruptionBudgets beside those of the trace.
	Budgets []*policyv1.PodDisruptionBudget
	// Span is how long the simulation lasts, in virtual time. Required.
	Span time.Duration
	// Autoscaler are its options.
	Autoscaler AutoscalerOptions
}

// Run lets the time pass with that policy. The same simulation gives the same report. An error is one of the input, of the
// policy or of the engine, or that ctx has ended.
func (s Simulation) Run(ctx context.Context, policy Policy) (*Report, error) {
	if s.Trace == nil || s.Span <= 0 {
		return nil, fmt.Errorf("simulation: a trace and a positive span are needed")
	}
	cluster, err := NewCluster(s.Config)
	if err != nil {
		return nil, fmt.Errorf("simulation: %w", err)
	}
	start, meter := cluster.Now(), watch(cluster)
	for _, budget := range append(s.Trace.Budgets(), s.Budgets...) {
		if err := cluster.AddBudget(budget); err != nil {
			return nil, fmt.Errorf("simulation: %w", err)
		}
	}
	if err := s.Trace.Play(cluster); err != nil {
		return nil, fmt.Errorf("simulation: %w", err)
	}
	autoscaler := NewAutoscaler(ctx, cluster, policy, s.Autoscaler)
	end := start.Add(s.Span)
	for at, more := cluster.Next(); more && !at.After(end); at, more = cluster.Next() {
		cluster.Step()
		if err := autoscaler.Err(); err != nil {
			return nil, fmt.Errorf("simulation: %w", err)
		}
	}
	cluster.RunUntil(end)
	return meter.finish(start, autoscaler), nil
}

// Compare runs the simulation with each policy.
func (s Simulation) Compare(ctx context.Context, policies ...Policy) ([]*Report, error) {
	reports := make([]*Report, 0, len(policies))
	for _, policy := range policies {
		report, err := s.Run(ctx, policy)
		if err != nil {
			return nil, err
		}
		reports = append(reports, report)
	}
	return reports, nil
}
