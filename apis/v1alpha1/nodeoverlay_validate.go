package v1alpha1

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

const (
	maxRequirements = 100
	maxWeight       = 10000
)

// ValidateNodeOverlay returns all that is wrong with an overlay: every rule of the manifest, and capacity below zero,
// prices too large for a number, and the rules of [v1.ValidateRequirement] that only code can check. Whether overlays
// conflict with each other is not looked at.
func ValidateNodeOverlay(o *NodeOverlay) field.ErrorList {
	path := field.NewPath("spec")
	errs := validateRequirements(o.Spec.Requirements, path.Child("requirements"))
	if o.Spec.Price != nil && o.Spec.PriceAdjustment != nil {
		errs = append(errs, field.Forbidden(path.Child("priceAdjustment"), "price and priceAdjustment may not both be set"))
	}
	if text := o.Spec.Price; text != nil {
		if _, err := parsePrice(*text); err != nil {
			errs = append(errs, field.Invalid(path.Child("price"), *text, err.Error()))
		}
	}
	if text := o.Spec.PriceAdjustment; text != nil {
		if _, err := parseAdjustment(*text); err != nil {
			errs = append(errs, field.Invalid(path.Child("priceAdjustment"), *text, err.Error()))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Spec.Capacity)) {
		at := path.Child("capacity").Key(string(name))
		switch name {
		case corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage, corev1.ResourcePods:
			errs = append(errs, field.Forbidden(at, "cpu, memory, ephemeral-storage and pods cannot be changed"))
		}
		if quantity := o.Spec.Capacity[name]; quantity.Sign() < 0 {
			errs = append(errs, field.Invalid(at, quantity.String(), "must not be negative"))
		}
	}
	if w := o.Spec.Weight; w != nil && (*w < 1 || *w > maxWeight) {
		errs = append(errs, field.Invalid(path.Child("weight"), *w, "must be from 1 to 10000"))
	}
	return errs
}

func validateRequirements(entries []OverlayRequirement, path *field.Path) field.ErrorList {
	if entries == nil {
		return field.ErrorList{field.Required(path, "write an empty list if there are none")}
	}
	var errs field.ErrorList
	if len(entries) > maxRequirements {
		errs = append(errs, field.TooMany(path, len(entries), maxRequirements))
	}
	for i, entry := range entries {
		errs = append(errs, v1.ValidateRequirement(entry.NodeRequirement(), path.Index(i))...)
		if entry.Operator == corev1.NodeSelectorOpNotIn && len(entry.Values) == 0 {
			errs = append(errs, field.Required(path.Index(i).Child("values"), "operator NotIn needs at least one value"))
		}
	}
	return errs
}
