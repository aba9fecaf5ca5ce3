package fake

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

const (
	defaultArch = "amd64"
	defaultOS   = "linux"
	defaultPods = 110
)

// InstanceType builds a type with room for 110 pods, amd64 and linux, without overhead. It is sold nowhere until an
// option such as [OnDemand] says so; offerings stand in the order of the options.
func InstanceType(name, cpu, memory string, options ...TypeOption) *cloudprovider.InstanceType {
	t := &cloudprovider.InstanceType{
		Name:         name,
		Requirements: requirement.NewSet(requirement.In(corev1.LabelOSStable, defaultOS)),
		Capacity:     sized(nil, cpu, memory),
	}
	PodLimit(defaultPods).applyType(t)
	for _, option := range options {
		option.applyType(t)
	}
	if !t.Requirements.Has(corev1.LabelArchStable) {
		Arch(defaultArch).applyType(t)
	}
	return t
}

// Arch is the processor architecture; amd64 without this option.
func Arch(arch string) TypeOption { return TypeRequire(requirement.In(corev1.LabelArchStable, arch)) }

// TypeLabel is a label of the type's nodes. Several values mean that the planner chooses one.
func TypeLabel(key string, values ...string) TypeOption {
	return TypeRequire(requirement.In(key, values...))
}

// TypeRequire adds requirements to the type, such as one that its nodes do not carry a label.
func TypeRequire(requirements ...requirement.Requirement) TypeOption {
	return TypeFunc(func(t *cloudprovider.InstanceType) { t.Requirements = t.Requirements.With(requirements...) })
}

// VolumeLimit is how many volumes of a CSI driver a node of the type can attach.
func VolumeLimit(driver string, n int) TypeOption {
	return TypeFunc(func(t *cloudprovider.InstanceType) {
		if t.VolumeLimits == nil {
			t.VolumeLimits = map[string]int{}
		}
		t.VolumeLimits[driver] = n
	})
}

// OnDemand sells the type at a fixed price in dollars per hour.
func OnDemand(zone string, price float64, options ...OfferingOption) TypeOption {
	return Sold(zone, v1.CapacityTypeOnDemand, price, options...)
}

// Spot sells the type from capacity that the cloud may take back.
func Spot(zone string, price float64, options ...OfferingOption) TypeOption {
	return Sold(zone, v1.CapacityTypeSpot, price, options...)
}

// Reserved sells the type from a stock that is paid for: count machines, shared by all offerings with the key.
func Reserved(zone string, price float64, key string, count int, options ...OfferingOption) TypeOption {
	return Sold(zone, v1.CapacityTypeReserved, price, append([]OfferingOption{InStock(key, count)}, options...)...)
}

// Sold sells the type in that zone at any capacity type, empty ones included: builders do not validate.
func Sold(zone, capacityType string, price float64, options ...OfferingOption) TypeOption {
	return TypeFunc(func(t *cloudprovider.InstanceType) {
		offering := cloudprovider.Offering{Zone: zone, CapacityType: capacityType, Price: price, Available: true}
		for _, option := range options {
			option(&offering)
		}
		t.Offerings = append(t.Offerings, offering)
	})
}

// OfferingOption changes an offering that is being built.
type OfferingOption func(*cloudprovider.Offering)

// Unavailable is an [OfferingOption]: the cloud is known to have none.
func Unavailable(o *cloudprovider.Offering) { o.Available = false }

// InStock limits the supply to count machines, shared by all offerings with the key.
func InStock(key string, count int) OfferingOption {
	return func(o *cloudprovider.Offering) { o.Stock = &cloudprovider.Stock{Key: key, Count: count} }
}

// OfferingLabel is a label of nodes bought at the offering.
func OfferingLabel(key string, values ...string) OfferingOption {
	return func(o *cloudprovider.Offering) {
		o.Requirements = o.Requirements.With(requirement.In(key, values...))
	}
}
