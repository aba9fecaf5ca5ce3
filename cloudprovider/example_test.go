package cloudprovider_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// A vendor names what went wrong, the caller decides by the kind.
func ExampleError() {
	spot := cloudprovider.OfferingKey{InstanceType: "small", Zone: "zone-a", CapacityType: "spot"}
	err := fmt.Errorf("create general-1: %w", &cloudprovider.Error{
		Kind:       cloudprovider.ErrInsufficientCapacity,
		Offerings:  []cloudprovider.OfferingKey{spot},
		RetryAfter: 3 * time.Minute,
		Message:    "no hosts left",
	})
	fmt.Println(err)
	if failed, ok := errors.AsType[*cloudprovider.Error](err); ok {
		fmt.Println("avoid", failed.Offerings, "for", failed.RetryAfter)
	}
	fmt.Println(errors.Is(err, cloudprovider.ErrInsufficientCapacity), errors.Is(err, cloudprovider.ErrNotFound))
	// Output:
	// create general-1: insufficient capacity of small/zone-a/spot: no hosts left
	// avoid [small/zone-a/spot] for 3m0s
	// true false
}

func ExampleKindOf() {
	for _, err := range []error{
		fmt.Errorf("vm 12: %w", cloudprovider.ErrNotFound),
		&cloudprovider.Error{Kind: cloudprovider.ErrNotReady, Err: cloudprovider.ErrNotFound},
		errors.New("connection reset"),
	} {
		switch kind := cloudprovider.KindOf(err); kind {
		case cloudprovider.ErrNotFound:
			fmt.Println("gone")
		case "":
			fmt.Println("again, later:", err)
		default:
			fmt.Println(kind)
		}
	}
	// Output:
	// gone
	// not ready
	// again, later: connection reset
}

// A capability is found however many decorators are around the provider.
func ExampleAs() {
	provider := logged{worded{key: "example.com/rack"}}
	if source, ok := cloudprovider.As[cloudprovider.VocabularySource](provider); ok {
		fmt.Println(source.Vocabulary().WellKnown)
	}
	_, ok := cloudprovider.As[cloudprovider.Rebooter](provider)
	fmt.Println("can reboot:", ok)
	// Output:
	// [example.com/rack]
	// can reboot: false
}

func ExampleValidateInstanceTypes() {
	types := []*cloudprovider.InstanceType{{
		Name:      "small",
		Offerings: []cloudprovider.Offering{{CapacityType: "spot", Price: math.NaN()}},
	}}
	fmt.Println(cloudprovider.ValidateInstanceTypes(types).Prefix(`InstanceTypes["general"]`).Err())
	// Output:
	// InstanceTypes["general"][0] (small): offerings[0].zone: must not be empty
	// InstanceTypes["general"][0] (small): offerings[0].price: must be a number of dollars >= 0, is NaN
}

func ExampleCompareOfferings() {
	offerings := []cloudprovider.Offering{
		{Zone: "zone-b", CapacityType: "on-demand", Price: 0.08},
		{Zone: "zone-a", CapacityType: "on-demand", Price: 0.08},
		{Zone: "zone-c", CapacityType: "spot", Price: 0.03},
	}
	slices.SortFunc(offerings, cloudprovider.CompareOfferings)
	for _, o := range offerings {
		fmt.Println(o.Zone, o.CapacityType, o.Price)
	}
	// Output:
	// zone-c spot 0.03
	// zone-a on-demand 0.08
	// zone-b on-demand 0.08
}
