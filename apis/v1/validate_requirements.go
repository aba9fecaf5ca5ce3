package v1

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
)

// owner is the kind of object that a requirement stands in.
type owner int

const (
	forPool  owner = iota // may not name a pool
	forClaim              // may
)

func validateRequirements(entries []NodeRequirement, path *field.Path, kind owner) field.ErrorList {
	if entries == nil {
		return field.ErrorList{field.Required(path, "write an empty list if there are none")}
	}
	var errs field.ErrorList
	if len(entries) > maxRequirements {
		errs = append(errs, field.TooMany(path, len(entries), maxRequirements))
	}
	for i, entry := range entries {
		errs = append(errs, ValidateRequirement(entry, path.Index(i))...)
		if kind == forPool && entry.Key == NodePoolLabelKey {
			errs = append(errs, field.Forbidden(path.Index(i).Child("key"), "the label is restricted"))
		}
	}
	return errs
}

// ValidateRequirement returns all that is wrong with one entry. The key may be [NodePoolLabelKey], which is forbidden
// in a NodePool only. Deprecated aliases of well-known labels are checked as the label that they stand for.
func ValidateRequirement(entry NodeRequirement, path *field.Path) field.ErrorList {
	errs := validateKey(entry.Key, path.Child("key"))
	if IsRestrictedLabel(CanonicalLabel(entry.Key)) {
		errs = append(errs, field.Forbidden(path.Child("key"), "the label is restricted"))
	}
	values := path.Child("values")
	for i, value := range entry.Values {
		errs = append(errs, validateLabelValue(value, values.Index(i))...)
	}
	switch entry.Operator {
	case corev1.NodeSelectorOpIn:
		errs = append(errs, validateIn(entry, path)...)
	case corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
	case corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt, NodeSelectorOpGte, NodeSelectorOpLte:
		if len(entry.Values) != 1 {
			errs = append(errs, field.Invalid(values, entry.Values, fmt.Sprintf("operator %s needs exactly one value", entry.Operator)))
		} else if n, err := strconv.ParseInt(entry.Values[0], 10, 64); err != nil || n < 0 {
			errs = append(errs, field.Invalid(values.Index(0), entry.Values[0],
				fmt.Sprintf("operator %s needs an integer that is not negative", entry.Operator)))
		}
	default:
		errs = append(errs, field.NotSupported(path.Child("operator"), entry.Operator, []corev1.NodeSelectorOperator{
			corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist,
			corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt, NodeSelectorOpGte, NodeSelectorOpLte,
		}))
	}
	if m := entry.MinValues; m != nil && (*m < 1 || *m > maxMinValues) {
		errs = append(errs, field.Invalid(path.Child("minValues"), *m, fmt.Sprintf("must be from 1 to %d", maxMinValues)))
	}
	return errs
}

func validateIn(entry NodeRequirement, path *field.Path) field.ErrorList {
	if len(entry.Values) == 0 {
		return field.ErrorList{field.Required(path.Child("values"), "operator In needs at least one value")}
	}
	want := 0
	if entry.MinValues != nil {
		want = *entry.MinValues
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(entry.Values)))
	if len(distinct) < want {
		return field.ErrorList{field.Invalid(path.Child("minValues"), want,
			fmt.Sprintf("operator In has %d different values only", len(distinct)))}
	}
	if entry.Key != CapacityTypeLabelKey {
		return nil
	}
	// Capacity types that do not exist are ignored next to ones that do.
	exist := slices.DeleteFunc(distinct, func(v string) bool {
		return v != CapacityTypeOnDemand && v != CapacityTypeSpot && v != CapacityTypeReserved
	})
	switch {
	case len(exist) == 0:
		return field.ErrorList{field.NotSupported(path.Child("values"), strings.Join(entry.Values, ", "),
			[]string{CapacityTypeOnDemand, CapacityTypeSpot, CapacityTypeReserved})}
	case len(exist) < want:
		return field.ErrorList{field.Invalid(path.Child("minValues"), want,
			fmt.Sprintf("operator In has %d capacity types that exist only", len(exist)))}
	}
	return nil
}

// stated is a requirement together with how the user wrote it.
type stated struct {
	text string
	set  requirement.Requirement
}

// validateTogether finds keys of which all entries, with the template's labels, admit nothing, or fewer values than
// minValues asks for. Entries that are wrong by themselves take no part. The error stands at the first entry that
// leaves nothing, and names what it contradicts.
func validateTogether(labels map[string]string, entries []NodeRequirement, path *field.Path) field.ErrorList {
	byKey := map[string][]stated{}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		canonical := CanonicalLabel(key)
		byKey[canonical] = append(byKey[canonical], stated{"the label " + labels[key], requirement.In(canonical, labels[key])})
	}
	var errs field.ErrorList
	for i, entry := range entries {
		canonical := CanonicalLabel(entry.Key)
		entry.Key = canonical
		r, err := entry.Requirement()
		if err != nil || len(ValidateRequirement(entry, path)) > 0 {
			continue
		}
		before := byKey[canonical]
		now := stated{entry.condition(), r}
		byKey[canonical] = append(before, now)
		if problem := contradiction(before, now); problem != "" {
			errs = append(errs, field.Invalid(path.Index(i), entry.String(), canonical+": "+problem))
		}
	}
	return errs
}

// contradiction says what is wrong with a requirement after those before it; empty if nothing is, or was before.
func contradiction(before []stated, now stated) string {
	sofar := requirement.Any(now.set.Key())
	for _, s := range before {
		sofar = sofar.Intersect(s.set)
	}
	all := sofar.Intersect(now.set)
	if sofar.Empty() || tooFew(sofar) || !all.Empty() && !tooFew(all) {
		return ""
	}
	if !all.Empty() {
		return fmt.Sprintf("%s and %s admit %d values, minValues is %d", joined(before), now.text, all.Len(), all.MinValues())
	}
	if len(before) == 0 {
		return now.text + " admits no value"
	}
	for _, s := range before {
		if !s.set.Intersects(now.set) {
			return fmt.Sprintf("%s and %s admit no value in common", s.text, now.text)
		}
	}
	return fmt.Sprintf("%s and %s admit no value in common", joined(before), now.text)
}

func tooFew(r requirement.Requirement) bool { return r.Finite() && r.Len() < r.MinValues() }

func joined(list []stated) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = s.text
	}
	return strings.Join(texts, ", ")
}
