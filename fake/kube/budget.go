package kube

import (
	"fmt"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// budget is a PodDisruptionBudget and what it covers.
type budget struct {
	object    *policyv1.PodDisruptionBudget
	selector  labels.Selector
	workloads []*workload
}

// AddBudget adds a PodDisruptionBudget. Its status is worked out anew whenever somebody asks. Errors name the object.
func (c *Cluster) AddBudget(object *policyv1.PodDisruptionBudget) error {
	name := object.Namespace + "/" + object.Name
	for _, b := range c.budgets {
		if b.object.Namespace == object.Namespace && b.object.Name == object.Name {
			return fmt.Errorf("PodDisruptionBudget %s: there is one already", name)
		}
	}
	selector, err := metav1.LabelSelectorAsSelector(object.Spec.Selector)
	if err != nil {
		return fmt.Errorf("PodDisruptionBudget %s: spec.selector: %w", name, err)
	}
	for field, bound := range map[string]*intstr.IntOrString{"minAvailable": object.Spec.MinAvailable, "maxUnavailable": object.Spec.MaxUnavailable} {
		if bound == nil {
			continue
		}
		if _, err := intstr.GetScaledValueFromIntOrPercent(bound, 100, true); err != nil {
			return fmt.Errorf("PodDisruptionBudget %s: spec.%s: %w", name, field, err)
		}
	}
	b := &budget{object: object.DeepCopy(), selector: selector}
	c.budgets = append(c.budgets, b)
	for _, w := range c.workloads {
		b.cover(w)
	}
	return nil
}

// cover takes the workload in if its pods match.
func (b *budget) cover(w *workload) {
	if w.Pod.Namespace == b.object.Namespace && b.selector.Matches(labels.Set(w.Pod.Labels)) {
		b.workloads = append(b.workloads, w)
		w.budgets = append(w.budgets, b)
	}
}

// status is what the disruption controller would write. Pods that are terminating are not healthy, so that an eviction takes
// what is allowed at once.
func (b *budget) status() policyv1.PodDisruptionBudgetStatus {
	replicas, pods, healthy := 0, 0, 0
	for _, w := range b.workloads {
		replicas += w.replicas
		pods += len(w.active())
		healthy += w.healthy
	}
	expected, desired := allowance(b.object.Spec, replicas, pods)
	allowed := max(0, healthy-desired)
	if expected <= 0 {
		allowed = 0
	}
	return policyv1.PodDisruptionBudgetStatus{
		ObservedGeneration: b.object.Generation,
		DisruptionsAllowed: int32(allowed),
		CurrentHealthy:     int32(healthy),
		DesiredHealthy:     int32(desired),
		ExpectedPods:       int32(expected),
	}
}

// allowance is how many pods a budget counts, and how many of them must be healthy: with replicas as their controllers want
// them, and so many pods. Percentages are rounded up.
func allowance(spec policyv1.PodDisruptionBudgetSpec, replicas, pods int) (expected, desired int) {
	switch {
	case spec.MaxUnavailable != nil:
		most, _ := intstr.GetScaledValueFromIntOrPercent(spec.MaxUnavailable, replicas, true)
		return replicas, max(0, replicas-most)
	case spec.MinAvailable != nil && spec.MinAvailable.Type == intstr.Int:
		return pods, int(spec.MinAvailable.IntVal)
	case spec.MinAvailable != nil:
		least, _ := intstr.GetScaledValueFromIntOrPercent(spec.MinAvailable, replicas, true)
		return replicas, least
	}
	return pods, 0
}

// admits reports whether the eviction API would evict the pod now.
func (b *budget) admits(p *pod) bool {
	status := b.status()
	if !p.ready {
		policy := policyv1.IfHealthyBudget
		if b.object.Spec.UnhealthyPodEvictionPolicy != nil {
			policy = *b.object.Spec.UnhealthyPodEvictionPolicy
		}
		if policy == policyv1.AlwaysAllow || status.CurrentHealthy >= status.DesiredHealthy && status.DesiredHealthy > 0 {
			return true
		}
	}
	return status.DisruptionsAllowed > 0
}
