package cloudprovider

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// Provider is what a vendor implements: six methods, all safe for concurrent use. Everything else is an optional
// capability, found with [As].
type Provider interface {
	// Name is short, lower case and constant: it appears in logs and metrics ("aws", "proxmox").
	Name() string

	// InstanceTypes lists what the pool's NodeClass can launch, unavailable offerings included. The returned values
	// are immutable: the caller may keep them for as long as it likes and the provider must not write to them again.
	// An empty list means that the pool can launch nothing; an error means that nobody knows.
	InstanceTypes(ctx context.Context, pool *v1.NodePool) ([]*InstanceType, error)

	// Create launches one machine for the claim. It tries the choices in their order and takes the first that the
	// cloud accepts. It is idempotent by claim UID: a second call for a claim that already has a machine returns that
	// machine. It returns as soon as the cloud has accepted and never waits for a boot.
	Create(ctx context.Context, claim *v1.NodeClaim, choices []Choice) (*Machine, error)

	// Get returns the machine with that provider id, or an [ErrNotFound].
	Get(ctx context.Context, providerID string) (*Machine, error)

	// List returns every machine of this cluster and none of anybody else, each with the UID of its claim.
	List(ctx context.Context) ([]*Machine, error)

	// Delete asks for the machine to go. nil means accepted, [ErrNotFound] means that it is gone already.
	Delete(ctx context.Context, providerID string) error
}

// InstanceType is one kind of machine with all places and ways in which it can be bought. Immutable once published.
type InstanceType struct {
	// Name is the value of the label node.kubernetes.io/instance-type. Required, unique within a NodePool.
	Name string
	// Requirements are the labels that a node of this type carries (one value), may carry (several values: the
	// planner picks one that pool and pods admit), or does not carry. The instance type, zone, capacity type and
	// NodePool labels are derived and need not be repeated.
	Requirements requirement.Set
	// Capacity is what the machine has, Overhead what the system keeps for itself. Allocatable = Capacity - Overhead.
	// Plain quantities: cores, bytes, counts. A resource that is missing is zero.
	Capacity, Overhead corev1.ResourceList
	// VolumeLimits says how many volumes of a CSI driver a node of this type can attach. A missing driver has no limit.
	VolumeLimits map[string]int
	// Offerings are the zones and capacity types in which the type is sold.
	Offerings []Offering
}

// Allocatable is Capacity minus Overhead, per resource, never below zero. The result is a new list.
func (t *InstanceType) Allocatable() corev1.ResourceList {
	out := make(corev1.ResourceList, len(t.Capacity))
	for name, quantity := range t.Capacity {
		left := quantity.DeepCopy()
		if over, ok := t.Overhead[name]; ok {
			left.Sub(over)
		}
		if left.Sign() < 0 {
			left.Set(0)
		}
		out[name] = left
	}
	return out
}

// Offering is an instance type in one zone at one capacity type, with its price.
type Offering struct {
	// Zone is the value of topology.kubernetes.io/zone, CapacityType that of karpenter.sh/capacity-type. Required.
	Zone, CapacityType string
	// Requirements are further labels that a node bought this way carries, as in [InstanceType.Requirements].
	Requirements requirement.Set
	// Price is in dollars (or any one currency) per machine and hour, at least zero. Zero means free, not unknown.
	Price float64
	// Available is false while the cloud is known to have none. Such offerings are listed so that a pod left out
	// can be told about them.
	Available bool
	// Stock is nil for an endless supply, else how many machines are left. Offerings whose Stock has the same Key
	// share it.
	Stock *Stock
}

// Stock is a finite supply: a reservation, a quota, free hosts, addresses of a subnet.
//
// It counts machines. An offering draws on one stock, one machine at a time. Where a cloud bounds a machine in several
// ways (a reservation in a subnet that is nearly full), state the scarcest; where it counts cores or addresses, state how
// many machines of the offering that makes, under a key of the type's own. A plan may then ask for more than all bounds
// together admit: the cloud refuses the rest, and the next catalogue says so.
type Stock struct {
	// Key names the supply. Offerings that name one key share it, across instance types and NodePools; where they
	// state different counts the smallest is true.
	Key string
	// Count is the number of machines that can still be launched from it, at least zero.
	Count int
}

// OfferingKey identifies an offering within a NodePool. Where several offerings of a type share one key, the cheapest is
// meant.
type OfferingKey struct {
	InstanceType, Zone, CapacityType string
	// StockKey is the Key of the offering's Stock, empty without one.
	StockKey string
}

// Choice is one offering that a launch may use. A launch carries several, best first.
type Choice struct {
	OfferingKey
	// Price is the offering's price when the plan was made, in dollars per hour.
	Price float64
}

// MachinePhase is how far a machine has come.
type MachinePhase string

const (
	// MachinePending means that the cloud has accepted the order and the machine does not run yet.
	MachinePending MachinePhase = "Pending"
	// MachineRunning means that the machine runs. Whether its kubelet has joined is told by the Node.
	MachineRunning MachinePhase = "Running"
	// MachineTerminating means that the machine is being deleted.
	MachineTerminating MachinePhase = "Terminating"
	// MachineFailed means that the cloud gave up; Machine.Failure says why. The library deletes the machine.
	MachineFailed MachinePhase = "Failed"
)

// Machine is what the cloud runs for a NodeClaim.
type Machine struct {
	// ProviderID is the value of Node.spec.providerID, known from the moment of creation.
	ProviderID string
	// ClaimName and ClaimUID identify the NodeClaim that the machine was created for.
	ClaimName string
	ClaimUID  types.UID
	// OfferingKey says what was bought in the end.
	OfferingKey
	Phase MachinePhase
	// Failure is set in phase Failed only.
	Failure *Error
	// Labels are those that the node will carry, as far as the cloud decides them.
	Labels map[string]string
	// Capacity and Allocatable are what the node is expected to report.
	Capacity, Allocatable corev1.ResourceList
	// ImageID is the machine image; empty when unknown.
	ImageID string
	// CreatedAt is the cloud's time of creation.
	CreatedAt time.Time
}
