package kube

import (
	"fmt"
	"slices"
	"time"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Trace is what workloads do in the course of time.
type Trace struct {
	// Workloads are those that take part, without pods at the beginning.
	Workloads []TracedWorkload
	// Steps are the changes, those of one workload in the order of their time.
	Steps []Step
}

// TracedWorkload is a workload, and the PodDisruptionBudget of its own that it may have.
type TracedWorkload struct {
	Workload
	// MaxUnavailable and MinAvailable are of the budget, as in its spec; both empty means no budget. One of them at most.
	MaxUnavailable, MinAvailable string
}

// Step changes how many pods a workload has.
type Step struct {
	// At is when, from the beginning.
	At time.Duration
	// Workload is where in Trace.Workloads the workload is.
	Workload int
	// Replicas is how many pods it has from then on, or with Relative by how many more (or fewer, at the least none).
	Replicas int
	Relative bool
}

// Length is when the last step happens.
func (t *Trace) Length() time.Duration {
	last := time.Duration(0)
	for _, step := range t.Steps {
		last = max(last, step.At)
	}
	return last
}

// Budgets are the PodDisruptionBudgets of the workloads: named as they are, for the labels of their pods.
func (t *Trace) Budgets() []*policyv1.PodDisruptionBudget {
	var out []*policyv1.PodDisruptionBudget
	for i := range t.Workloads {
		w := &t.Workloads[i]
		if w.MaxUnavailable == "" && w.MinAvailable == "" || w.Pod == nil {
			continue
		}
		bound := func(text string) *intstr.IntOrString {
			if text == "" {
				return nil
			}
			parsed := intstr.Parse(text)
			return &parsed
		}
		out = append(out, &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.Pod.Namespace, Name: w.Pod.Name, Generation: 1},
			Spec: policyv1.PodDisruptionBudgetSpec{
				Selector:       &metav1.LabelSelector{MatchLabels: w.Pod.Labels},
				MaxUnavailable: bound(w.MaxUnavailable), MinAvailable: bound(w.MinAvailable),
			},
		})
	}
	return out
}

// Play adds the workloads to the cluster and lets the steps happen in time, counted from now.
func (t *Trace) Play(c *Cluster) error {
	for i := range t.Workloads {
		if err := c.AddWorkload(t.Workloads[i].Workload); err != nil {
			return err
		}
	}
	steps := slices.Clone(t.Steps)
	slices.SortStableFunc(steps, func(a, b Step) int { return int(min(max(a.At-b.At, -1), 1)) })
	for i, step := range steps {
		if step.Workload < 0 || step.Workload >= len(t.Workloads) || step.At < 0 || !step.Relative && step.Replicas < 0 {
			return fmt.Errorf("Trace.Steps[%d]: workload %d, at %s, %d replicas makes no sense", i, step.Workload, step.At, step.Replicas)
		}
		pod := t.Workloads[step.Workload].Pod
		c.After(step.At, func() {
			replicas := step.Replicas
			if step.Relative {
				now, _ := c.Replicas(pod.Namespace, pod.Name)
				replicas = max(0, now+step.Replicas)
			}
			_ = c.Scale(pod.Namespace, pod.Name, replicas) // the workload exists, and the number is not negative
		})
	}
	return nil
}
