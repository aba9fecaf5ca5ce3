package fake

import (
	"context"
	"fmt"
	"slices"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

var (
	_ cloudprovider.CatalogNotifier    = (*Cloud)(nil)
	_ cloudprovider.InterruptionSource = (*Cloud)(nil)
	_ cloudprovider.DriftDetector      = (*Cloud)(nil)
	_ cloudprovider.VocabularySource   = (*Cloud)(nil)
)

// WatchCatalog calls changed at once and after every change of types, prices, availability or stocks, until ctx ends.
func (c *Cloud) WatchCatalog(ctx context.Context, changed func()) error {
	seen := -1
	for {
		c.lock()
		version, wait := c.market.version, c.market.changed
		c.mu.Unlock()
		if err := ctx.Err(); err != nil {
			return err
		}
		if version != seen {
			seen = version
			changed()
			continue
		}
		select {
		case <-wait:
		case <-ctx.Done():
		}
	}
}

// interruptions are notices that nobody has acknowledged yet. The cloud's lock guards them.
type interruptions struct {
	serial  int
	waiting []cloudprovider.Interruption
	arrived chan struct{} // closed and replaced when waiting grows
}

func (q *interruptions) open() { q.arrived = make(chan struct{}) }

func (q *interruptions) push(notice cloudprovider.Interruption) {
	q.waiting = append(q.waiting, notice)
	close(q.arrived)
	q.arrived = make(chan struct{})
}

// Interrupt announces something. Without an ID the notice gets one.
func (c *Cloud) Interrupt(notice cloudprovider.Interruption) {
	c.lock()
	defer c.mu.Unlock()
	if notice.ID == "" {
		c.interruptions.serial++
		notice.ID = fmt.Sprintf("notice-%d", c.interruptions.serial)
	}
	c.interruptions.push(notice)
}

// WatchInterruptions hands every notice to handle, in the order of [Cloud.Interrupt], until ctx ends or handle returns an
// error, which it returns; that notice waits for the next watch.
func (c *Cloud) WatchInterruptions(ctx context.Context, handle func(context.Context, cloudprovider.Interruption) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.lock()
		queue := &c.interruptions
		arrived := queue.arrived
		if len(queue.waiting) == 0 {
			c.mu.Unlock()
			select {
			case <-arrived:
			case <-ctx.Done():
			}
			continue
		}
		notice := queue.waiting[0] // ours until handled: another watch must not see it
		queue.waiting = slices.Delete(queue.waiting, 0, 1)
		c.mu.Unlock()
		if err := handle(ctx, notice); err != nil {
			c.lock()
			c.interruptions.push(notice)
			c.mu.Unlock()
			return err
		}
	}
}

// SetDrift makes the machine drifted for the reason, or not drifted any more with an empty one.
func (c *Cloud) SetDrift(providerID, reason string) {
	c.lock()
	defer c.mu.Unlock()
	c.drifted[providerID] = reason
}

// Drift returns what [Cloud.SetDrift] has set for the machine, ErrNotFound when it is gone.
func (c *Cloud) Drift(ctx context.Context, _ *v1.NodeClaim, machine *cloudprovider.Machine) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	c.lock()
	defer c.mu.Unlock()
	if _, ok := c.machines[machine.ProviderID]; !ok {
		return "", notFound(machine.ProviderID)
	}
	return c.drifted[machine.ProviderID], nil
}

// Vocabulary lists the label keys of [Catalog].
func (c *Cloud) Vocabulary() cloudprovider.Vocabulary {
	return cloudprovider.Vocabulary{
		WellKnown: []string{LabelCPU, LabelFamily, LabelGeneration, LabelGPUCount, LabelMemoryGiB, LabelSize},
	}
}
