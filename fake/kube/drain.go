package kube

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/utils/ptr"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// retry is how long a drain waits until it asks again for an eviction that was refused.
const retry = 2 * time.Second

// drain evicts what may be evicted, and asks again for the rest until nothing is left.
func (c *Cluster) drain(m *machine) {
	if m.gone || m.ending || !m.leaving {
		return
	}
	refused := false
	for _, p := range slices.Clone(m.pods) {
		if p.terminating {
			continue
		}
		if !m.by.IsZero() {
			grace := time.Duration(ptr.Deref(p.object.Spec.TerminationGracePeriodSeconds, 30)) * time.Second
			if !c.Now().Before(m.by.Add(-grace)) {
				c.evict(p, max(time.Second, m.by.Sub(c.Now())))
				continue
			}
		}
		if _, kept := v1.DoNotDisrupt(p.object, c.Now()); kept || c.mayEvict(p) != nil {
			refused = true
			continue
		}
		c.evict(p, time.Duration(1<<62))
	}
	if refused {
		c.After(retry, func() { c.drain(m) })
	}
	c.drained(m)
}

// drained shuts the machine down if no pod is left that it would wait for.
func (c *Cluster) drained(m *machine) {
	if m.gone || m.ending || len(m.pods) > 0 {
		return
	}
	m.ending = true
	c.After(c.chance.within(c.config.Timing.ShutDown, "shutdown", m.name()), func() { c.lose(m) })
}

// mayEvict is what the eviction API says: nil, or which budget is in the way.
func (c *Cluster) mayEvict(p *pod) error {
	switch budgets := p.of.budgets; len(budgets) {
	case 0:
		return nil
	case 1:
		if !budgets[0].admits(p) {
			return fmt.Errorf("pod %s/%s: PodDisruptionBudget %s allows no eviction now", p.object.Namespace, p.object.Name, budgets[0].object.Name)
		}
		return nil
	default:
		return fmt.Errorf("pod %s/%s: %d PodDisruptionBudgets match, and the eviction API supports one", p.object.Namespace, p.object.Name, len(budgets))
	}
}

// Evict asks the eviction API to evict a pod that has a node. It is gone after a while, and its controller makes another.
// The error names the PodDisruptionBudget that does not allow it, or says that there is no such pod.
func (c *Cluster) Evict(namespace, name string) error {
	for _, m := range c.machines {
		for _, p := range m.pods {
			if p.object.Namespace == namespace && p.object.Name == name && !p.terminating {
				if err := c.mayEvict(p); err != nil {
					return err
				}
				c.evict(p, time.Duration(1<<62))
				return nil
			}
		}
	}
	return fmt.Errorf("pod %s/%s: no node has such a pod", namespace, name)
}

func (c *Cluster) evict(p *pod, within time.Duration) {
	c.tell(Event{Kind: PodEvicted, Pod: p.object, Node: p.machine.name()})
	c.removeWithin(p, within)
	c.reconcile(p.of)
}
