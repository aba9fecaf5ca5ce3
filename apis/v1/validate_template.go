package v1

import (
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	maxLabels       = 100 // of a template
	maxRequirements = 100
	maxKeyLength    = 316 // of the key of a label or taint
	maxMinValues    = 50
)

func validateTemplateLabels(labels map[string]string, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(labels) > maxLabels {
		errs = append(errs, field.TooMany(path, len(labels), maxLabels))
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		at := path.Key(key)
		errs = append(errs, validateKey(key, at)...)
		if key == NodePoolLabelKey || IsRestrictedLabel(key) {
			errs = append(errs, field.Forbidden(at, "the label is restricted"))
		}
		errs = append(errs, validateLabelValue(labels[key], at)...)
	}
	return errs
}

// validateKey: a key of a label or taint, with or without a domain.
func validateKey(key string, path *field.Path) field.ErrorList {
	if key == "" {
		return field.ErrorList{field.Required(path, "a key is needed")}
	}
	if len(key) > maxKeyLength {
		return field.ErrorList{field.TooLong(path, key, maxKeyLength)}
	}
	var errs field.ErrorList
	for _, problem := range validation.IsQualifiedName(key) {
		errs = append(errs, field.Invalid(path, key, problem))
	}
	return errs
}

func validateLabelValue(value string, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, problem := range validation.IsValidLabelValue(value) {
		errs = append(errs, field.Invalid(path, value, problem))
	}
	return errs
}

// validateTaints checks both lists of a spec. A key with an effect may occur once in both together.
func validateTaints(taints, startup []corev1.Taint, path *field.Path) field.ErrorList {
	type identity struct {
		key    string
		effect corev1.TaintEffect
	}
	var errs field.ErrorList
	seen := map[identity]bool{}
	check := func(list []corev1.Taint, path *field.Path) {
		for i, t := range list {
			at := path.Index(i)
			errs = append(errs, validateKey(t.Key, at.Child("key"))...)
			errs = append(errs, validateLabelValue(t.Value, at.Child("value"))...)
			switch t.Effect {
			case corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute:
			case "":
				errs = append(errs, field.Required(at.Child("effect"), "an effect is needed"))
			default:
				errs = append(errs, field.NotSupported(at.Child("effect"), t.Effect, []corev1.TaintEffect{
					corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute,
				}))
			}
			id := identity{t.Key, t.Effect}
			if seen[id] {
				errs = append(errs, field.Duplicate(at, t.Key+":"+string(t.Effect)))
			}
			seen[id] = true
		}
	}
	check(taints, path.Child("taints"))
	check(startup, path.Child("startupTaints"))
	return errs
}

func validateClassRef(ref *NodeClassReference, path *field.Path) field.ErrorList {
	if ref == nil {
		return field.ErrorList{field.Required(path, "a NodeClass is needed")}
	}
	var errs field.ErrorList
	if ref.Kind == "" {
		errs = append(errs, field.Required(path.Child("kind"), "kind may not be empty"))
	}
	if ref.Name == "" {
		errs = append(errs, field.Required(path.Child("name"), "name may not be empty"))
	}
	if ref.Group == "" {
		errs = append(errs, field.Required(path.Child("group"), "group may not be empty"))
	}
	if strings.Contains(ref.Group, "/") {
		errs = append(errs, field.Invalid(path.Child("group"), ref.Group, "must be a group without version"))
	}
	return errs
}

func validateGracePeriod(d *metav1.Duration, path *field.Path) field.ErrorList {
	if d == nil || wholeSeconds(d.Duration) {
		return nil
	}
	return field.ErrorList{field.Invalid(path, d.Duration.String(), "must be a number of whole seconds that is not negative")}
}

// validateNillable checks the text too, where there is one: the API knows no fractions.
func validateNillable(d NillableDuration, path *field.Path) field.ErrorList {
	if d.Duration == nil || wholeSeconds(*d.Duration) && unitsOf(d.String(), "hms") {
		return nil
	}
	return field.ErrorList{field.Invalid(path, d.String(), "must be Never, or whole hours, minutes and seconds such as 1h30m")}
}

func wholeSeconds(d time.Duration) bool { return d >= 0 && d%time.Second == 0 }

// unitsOf reports whether the text is one or more times digits and one of the units.
func unitsOf(text, units string) bool {
	for text != "" {
		rest := strings.TrimLeft(text, "0123456789")
		if rest == text || rest == "" || !strings.Contains(units, rest[:1]) {
			return false
		}
		if text = rest[1:]; text == "" {
			return true
		}
	}
	return false
}
