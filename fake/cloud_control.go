package fake

import (
	"cmp"
	"slices"
	"time"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// This file is the far side of a [Cloud]: what a test makes happen in it. Patterns are offering keys in which an empty
// field stands for any value; the zero pattern means everything.

// Boot makes Pending machines Running: those with the ids, or all of them. It returns the provider ids of those that
// changed, in order.
func (c *Cloud) Boot(providerIDs ...string) []string {
	return c.move(providerIDs, func(machine *cloudprovider.Machine) bool {
		if machine.Phase != cloudprovider.MachinePending {
			return false
		}
		machine.Phase = cloudprovider.MachineRunning
		return true
	})
}

// Settle ends what is under way: Terminating machines, those with the ids or all of them, are gone, and their stock is
// free again. It returns their provider ids, in order.
func (c *Cloud) Settle(providerIDs ...string) []string {
	return c.move(providerIDs, func(machine *cloudprovider.Machine) bool {
		if machine.Phase != cloudprovider.MachineTerminating {
			return false
		}
		c.remove(machine)
		return true
	})
}

// Lose removes the machines with the ids, in any phase, as when somebody deletes them by hand. Without ids it does
// nothing. It returns the provider ids of those that there were, in order.
func (c *Cloud) Lose(providerIDs ...string) []string {
	if len(providerIDs) == 0 {
		return nil
	}
	return c.move(providerIDs, func(machine *cloudprovider.Machine) bool {
		c.remove(machine)
		return true
	})
}

// Fail puts machines, those with the ids or all of them, into phase Failed for that reason: the cloud had accepted and
// then gave up. Terminating machines are left alone. It returns the provider ids of those that changed, in order.
func (c *Cloud) Fail(reason *cloudprovider.Error, providerIDs ...string) []string {
	return c.move(providerIDs, func(machine *cloudprovider.Machine) bool {
		if machine.Phase == cloudprovider.MachineTerminating {
			return false
		}
		machine.Phase, machine.Failure = cloudprovider.MachineFailed, reason
		return true
	})
}

func (c *Cloud) move(providerIDs []string, step func(*cloudprovider.Machine) bool) []string {
	c.lock()
	defer c.mu.Unlock()
	var moved []string
	for id, machine := range c.machines {
		if (len(providerIDs) == 0 || slices.Contains(providerIDs, id)) && step(machine) {
			moved = append(moved, id)
		}
	}
	slices.SortFunc(moved, compareIDs)
	return moved
}

// SetTypes replaces what is sold to the pool, or with an empty name to all pools without a list of their own.
func (c *Cloud) SetTypes(pool string, types ...*cloudprovider.InstanceType) {
	c.lock()
	defer c.mu.Unlock()
	if pool == "" {
		c.market.everyone = slices.Clone(types)
	} else {
		c.market.byPool[pool] = slices.Clone(types)
	}
	c.market.touch()
}

// SetPrice changes the price of the offerings.
func (c *Cloud) SetPrice(pattern cloudprovider.OfferingKey, price float64) {
	c.edit(pattern, func(o *cloudprovider.Offering) { o.Price = price })
}

// SetStock changes the size of a stock. Machines that were bought from it count.
func (c *Cloud) SetStock(key string, count int) {
	c.edit(cloudprovider.OfferingKey{StockKey: key}, func(o *cloudprovider.Offering) {
		if o.Stock != nil {
			o.Stock.Count = count
		}
	})
}

// SellOut makes the offerings unavailable: the catalogue says so and Create refuses them.
func (c *Cloud) SellOut(pattern cloudprovider.OfferingKey) {
	c.edit(pattern, func(o *cloudprovider.Offering) { o.Available = false })
}

// Exhaust makes Create refuse the offerings while the catalogue goes on calling them available, as clouds do.
func (c *Cloud) Exhaust(pattern cloudprovider.OfferingKey) {
	c.lock()
	defer c.mu.Unlock()
	c.market.hidden = append(c.market.hidden, pattern)
}

// Restock makes the offerings available. It ends every [Cloud.Exhaust] that the pattern covers.
func (c *Cloud) Restock(pattern cloudprovider.OfferingKey) {
	c.lock()
	defer c.mu.Unlock()
	c.market.hidden = slices.DeleteFunc(c.market.hidden, func(hidden cloudprovider.OfferingKey) bool {
		return matches(pattern, hidden)
	})
	c.market.edit(pattern, func(o *cloudprovider.Offering) { o.Available = true })
}

func (c *Cloud) edit(pattern cloudprovider.OfferingKey, change func(*cloudprovider.Offering)) {
	c.lock()
	defer c.mu.Unlock()
	c.market.edit(pattern, change)
}

// AddForeign adds a machine that belongs to somebody else: no method of the provider may show or touch it.
func (c *Cloud) AddForeign(providerID string) {
	c.lock()
	defer c.mu.Unlock()
	c.foreign[providerID] = &cloudprovider.Machine{
		ProviderID: providerID, Phase: cloudprovider.MachineRunning, CreatedAt: time.Now(),
	}
}

// Foreign lists the machines of others, in the order of their provider ids.
func (c *Cloud) Foreign() []*cloudprovider.Machine {
	c.lock()
	defer c.mu.Unlock()
	return clones(c.foreign)
}

func compareIDs(a, b string) int { return cmp.Compare(a, b) }
