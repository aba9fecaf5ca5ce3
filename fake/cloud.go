package fake

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// Cloud is a cloudprovider.Provider in memory. The zero value is a cloud that sells nothing; set the fields before the
// first call and leave them alone afterwards. It is safe for concurrent use and must not be copied.
//
// Machines stay Pending until [Cloud.Boot] and Terminating until [Cloud.Settle], unless BootAtOnce and DeleteAtOnce say
// otherwise. Besides the six methods it has the capabilities CatalogNotifier, InterruptionSource, DriftDetector and
// VocabularySource.
type Cloud struct {
	// Types are sold to every NodePool that TypesByPool does not list. [Cloud.SetTypes] changes them later.
	Types []*cloudprovider.InstanceType
	// TypesByPool are sold to one NodePool, by its name.
	TypesByPool map[string][]*cloudprovider.InstanceType
	// CloudName is what Name returns. Empty: fake.
	CloudName string
	// BootAtOnce makes machines Running as soon as they are created.
	BootAtOnce bool
	// DeleteAtOnce makes machines disappear as soon as Delete accepts.
	DeleteAtOnce bool
	// Quota is how many machines there may be, those that are terminating included. Zero: no quota.
	Quota int
	// ImageID is the image of new machines.
	ImageID string

	mu            sync.Mutex
	market        market
	serial        int
	machines      map[string]*cloudprovider.Machine // by provider id; each value is private
	byClaim       map[types.UID]string              // provider id by claim UID
	foreign       map[string]*cloudprovider.Machine
	drifted       map[string]string // reason by provider id
	interruptions interruptions
}

var _ cloudprovider.Provider = (*Cloud)(nil)

// Name is CloudName, or fake.
func (c *Cloud) Name() string {
	if c.CloudName == "" {
		return "fake"
	}
	return c.CloudName
}

// InstanceTypes returns what the cloud sells to the pool. Each stock counts what is left of it. nil stands for any pool
// that TypesByPool does not list.
func (c *Cloud) InstanceTypes(ctx context.Context, pool *v1.NodePool) ([]*cloudprovider.InstanceType, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.lock()
	defer c.mu.Unlock()
	name := ""
	if pool != nil {
		name = pool.Name
	}
	return c.market.published(name), nil
}

// Create buys a machine at the first choice that is to be had, or returns the one that the claim has already. The
// machine's labels follow the claim's requirements where the offering leaves a choice.
//
// Errors: ErrInvalid without a UID or choices or with an unreadable requirement, ErrQuotaExceeded, and
// ErrInsufficientCapacity with all choices.
func (c *Cloud) Create(ctx context.Context, claim *v1.NodeClaim, choices []cloudprovider.Choice) (*cloudprovider.Machine, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if claim == nil || claim.UID == "" {
		return nil, &cloudprovider.Error{Kind: cloudprovider.ErrInvalid, Message: "the claim has no uid"}
	}
	c.lock()
	defer c.mu.Unlock()
	if id, ok := c.byClaim[claim.UID]; ok {
		return c.machines[id].Clone(), nil
	}
	if len(choices) == 0 {
		return nil, &cloudprovider.Error{Kind: cloudprovider.ErrInvalid, Message: "no choices to create " + claim.Name + " from"}
	}
	wanted, err := v1.Requirements(claim.Spec.Requirements)
	if err != nil {
		return nil, &cloudprovider.Error{Kind: cloudprovider.ErrInvalid, Message: "requirements of " + claim.Name, Err: err}
	}
	if c.Quota > 0 && len(c.machines) >= c.Quota {
		return nil, &cloudprovider.Error{
			Kind: cloudprovider.ErrQuotaExceeded, Message: fmt.Sprintf("%d of %d machines are in use", len(c.machines), c.Quota),
		}
	}
	var refused []cloudprovider.OfferingKey
	for _, choice := range choices {
		if t, offering, ok := c.market.buy(claim.Labels[v1.NodePoolLabelKey], choice.OfferingKey); ok {
			return c.launch(claim, wanted, t, offering).Clone(), nil
		}
		refused = append(refused, choice.OfferingKey)
	}
	return nil, &cloudprovider.Error{Kind: cloudprovider.ErrInsufficientCapacity, Offerings: refused}
}

func (c *Cloud) launch(claim *v1.NodeClaim, wanted requirement.Set, t *cloudprovider.InstanceType, offering *cloudprovider.Offering) *cloudprovider.Machine {
	c.serial++
	machine := &cloudprovider.Machine{
		ProviderID:  fmt.Sprintf("%s:///%s/i-%06d", c.Name(), offering.Zone, c.serial),
		ClaimName:   claim.Name,
		ClaimUID:    claim.UID,
		OfferingKey: t.Key(offering),
		Phase:       cloudprovider.MachinePending,
		Labels:      t.Labels(offering, wanted),
		Capacity:    t.Capacity.DeepCopy(),
		Allocatable: t.Allocatable(),
		ImageID:     c.ImageID,
		CreatedAt:   time.Now(),
	}
	if c.BootAtOnce {
		machine.Phase = cloudprovider.MachineRunning
	}
	c.machines[machine.ProviderID] = machine
	c.byClaim[machine.ClaimUID] = machine.ProviderID
	return machine
}

// Get returns a copy of the machine, or an ErrNotFound. Foreign machines are not found.
func (c *Cloud) Get(ctx context.Context, providerID string) (*cloudprovider.Machine, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.lock()
	defer c.mu.Unlock()
	machine, ok := c.machines[providerID]
	if !ok {
		return nil, notFound(providerID)
	}
	return machine.Clone(), nil
}

// List returns copies of all machines but the foreign ones, in the order of their provider ids.
func (c *Cloud) List(ctx context.Context) ([]*cloudprovider.Machine, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.lock()
	defer c.mu.Unlock()
	return clones(c.machines), nil
}

// Delete makes the machine Terminating. Once it has gone, and for foreign machines, it returns an ErrNotFound.
func (c *Cloud) Delete(ctx context.Context, providerID string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.lock()
	defer c.mu.Unlock()
	machine, ok := c.machines[providerID]
	if !ok {
		return notFound(providerID)
	}
	machine.Phase = cloudprovider.MachineTerminating
	machine.Failure = nil
	if c.DeleteAtOnce {
		c.remove(machine)
	}
	return nil
}

// remove forgets the machine and puts it back into its stock.
func (c *Cloud) remove(machine *cloudprovider.Machine) {
	delete(c.machines, machine.ProviderID)
	delete(c.byClaim, machine.ClaimUID)
	delete(c.drifted, machine.ProviderID)
	c.market.giveBack(machine.StockKey)
}

// lock locks the cloud and makes it ready for use.
func (c *Cloud) lock() {
	c.mu.Lock()
	if c.machines != nil {
		return
	}
	c.machines = map[string]*cloudprovider.Machine{}
	c.byClaim = map[types.UID]string{}
	c.foreign = map[string]*cloudprovider.Machine{}
	c.drifted = map[string]string{}
	c.market.open(c.Types, c.TypesByPool)
	c.interruptions.open()
}

func notFound(providerID string) error {
	return &cloudprovider.Error{Kind: cloudprovider.ErrNotFound, Message: "machine " + providerID}
}

func clones(machines map[string]*cloudprovider.Machine) []*cloudprovider.Machine {
	out := make([]*cloudprovider.Machine, 0, len(machines))
	for _, machine := range machines {
		out = append(out, machine.Clone())
	}
	slices.SortFunc(out, func(a, b *cloudprovider.Machine) int { return compareIDs(a.ProviderID, b.ProviderID) })
	return out
}
