package v1

import (
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	maxBudgets = 50
	maxReasons = 50 // of a budget
)

func validateDisruption(d *Disruption, path *field.Path) field.ErrorList {
	errs := validateNillable(d.ConsolidateAfter, path.Child("consolidateAfter"))
	switch d.ConsolidationPolicy {
	case "", ConsolidationPolicyWhenEmpty, ConsolidationPolicyWhenEmptyOrUnderutilized, ConsolidationPolicyBalanced:
	default:
		errs = append(errs, field.NotSupported(path.Child("consolidationPolicy"), d.ConsolidationPolicy, []ConsolidationPolicy{
			ConsolidationPolicyWhenEmpty, ConsolidationPolicyWhenEmptyOrUnderutilized, ConsolidationPolicyBalanced,
		}))
	}
	path = path.Child("budgets")
	if len(d.Budgets) > maxBudgets {
		errs = append(errs, field.TooMany(path, len(d.Budgets), maxBudgets))
	}
	for i := range d.Budgets {
		errs = append(errs, validateBudget(&d.Budgets[i], path.Index(i))...)
	}
	return errs
}

func validateBudget(b *Budget, path *field.Path) field.ErrorList {
	errs := validateReasons(b.Reasons, path.Child("reasons"))
	if _, err := parseShare(b.Nodes); err != nil {
		errs = append(errs, field.Invalid(path.Child("nodes"), b.Nodes, err.Error()))
	}
	if (b.Schedule == nil) != (b.Duration == nil) {
		errs = append(errs, field.Invalid(path, b.Nodes, "schedule and duration must be set together"))
	}
	if b.Schedule != nil {
		at := path.Child("schedule")
		schedule, err := parseSchedule(*b.Schedule)
		switch {
		case err != nil:
			errs = append(errs, field.Invalid(at, *b.Schedule, err.Error()))
		case schedule.Next(time.Unix(0, 0)).IsZero():
			errs = append(errs, field.Invalid(at, *b.Schedule, "the schedule has no instant at all"))
		}
	}
	if b.Duration != nil && (b.Duration.Duration < 0 || b.Duration.Duration%time.Minute != 0) {
		errs = append(errs, field.Invalid(path.Child("duration"), b.Duration.Duration.String(),
			"must be a number of whole minutes that is not negative"))
	}
	return errs
}

func validateReasons(reasons []DisruptionReason, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(reasons) > maxReasons {
		errs = append(errs, field.TooMany(path, len(reasons), maxReasons))
	}
	for i, reason := range reasons {
		switch reason {
		case ReasonUnderutilized, ReasonEmpty, ReasonDrifted:
		default:
			errs = append(errs, field.NotSupported(path.Index(i), reason,
				[]DisruptionReason{ReasonUnderutilized, ReasonEmpty, ReasonDrifted}))
		}
		if slices.Contains(reasons[:i], reason) {
			errs = append(errs, field.Duplicate(path.Index(i), reason))
		}
	}
	return errs
}

func validateLimits(limits Limits, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range sortedNames(limits) {
		quantity := limits[corev1.ResourceName(name)]
		if strings.TrimSpace(name) == "" {
			errs = append(errs, field.Required(path.Key(name), "a resource is needed"))
		}
		if quantity.Sign() < 0 {
			errs = append(errs, field.Invalid(path.Key(name), quantity.String(), "must not be negative"))
		}
	}
	return errs
}

func sortedNames(limits Limits) []string {
	out := make([]string, 0, len(limits))
	for name := range maps.Keys(limits) {
		out = append(out, string(name))
	}
	slices.Sort(out)
	return out
}
