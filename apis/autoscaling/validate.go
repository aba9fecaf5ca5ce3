package autoscaling

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// SetDefaultsCapacityBuffer fills the fields that are not set as an API server does: the strategy. It changes its
// argument and nothing else.
func SetDefaultsCapacityBuffer(b *CapacityBuffer) {
	if b.Spec.ProvisioningStrategy == nil {
		strategy := StrategyActiveCapacity
		b.Spec.ProvisioningStrategy = &strategy
	}
}

// ValidateCapacityBuffer returns all that is wrong with a buffer: every rule of the manifest, and limits below zero.
// Whether what it refers to exists is not looked at. As for the API server, empty limits are no limits.
func ValidateCapacityBuffer(b *CapacityBuffer) field.ErrorList {
	var errs field.ErrorList
	path := field.NewPath("spec")
	spec := &b.Spec
	if ref := spec.PodTemplateRef; ref != nil {
		at := path.Child("podTemplateRef")
		if ref.Name == "" {
			errs = append(errs, field.Required(at.Child("name"), "name may not be empty"))
		}
		if spec.Replicas == nil && spec.Limits == nil {
			errs = append(errs, field.Required(path.Child("replicas"), "with podTemplateRef, replicas or limits must be set"))
		}
		if spec.ScalableRef != nil {
			errs = append(errs, field.Forbidden(path.Child("scalableRef"), "podTemplateRef and scalableRef may not both be set"))
		}
	}
	if ref := spec.ScalableRef; ref != nil {
		at := path.Child("scalableRef")
		if ref.Kind == "" {
			errs = append(errs, field.Required(at.Child("kind"), "kind may not be empty"))
		}
		if ref.Name == "" {
			errs = append(errs, field.Required(at.Child("name"), "name may not be empty"))
		}
	}
	if n := spec.Replicas; n != nil && *n < 0 {
		errs = append(errs, field.Invalid(path.Child("replicas"), *n, "must not be negative"))
	}
	if n := spec.Percentage; n != nil && *n < 0 {
		errs = append(errs, field.Invalid(path.Child("percentage"), *n, "must not be negative"))
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Limits)) {
		if quantity := spec.Limits[name]; quantity.Sign() < 0 {
			errs = append(errs, field.Invalid(path.Child("limits").Key(string(name)), quantity.String(), "must not be negative"))
		}
	}
	return errs
}
