package cloudprovider

import (
	"errors"
	"fmt"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// FieldError says which field of a catalogue is wrong.
type FieldError struct {
	// Path is the field, relative to the list of types: "[3] (m5.large): offerings[2].price". A caller that knows
	// where the list came from puts that in front.
	Path string
	// Problem says what must be and what is: "must be a number of dollars >= 0, is NaN".
	Problem string
}

// Error is path and problem.
func (e *FieldError) Error() string { return e.Path + ": " + e.Problem }

// FieldErrors are the problems of a catalogue, in the order of the types and their fields. nil means that it is sound.
type FieldErrors []*FieldError

// Prefix returns the same problems with where in front of their paths: Prefix(`InstanceTypes["general"]`).
func (l FieldErrors) Prefix(where string) FieldErrors {
	out := make(FieldErrors, len(l))
	for i, e := range l {
		out[i] = &FieldError{Path: where + e.Path, Problem: e.Problem}
	}
	return out
}

// Err joins the problems into one error, one line each; nil when there are none.
func (l FieldErrors) Err() error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errors.Join(errs...)
}

// ValidateInstanceTypes finds everything in a catalogue that a planner cannot work with. It is pure, cheap enough to be
// called on every catalogue, and does not modify the types.
func ValidateInstanceTypes(types []*InstanceType) FieldErrors {
	var c catalogCheck
	first := make(map[string]int, len(types))
	for i, t := range types {
		if t == nil {
			c.at = fmt.Sprintf("[%d]", i)
			c.problems = append(c.problems, &FieldError{Path: c.at, Problem: "must not be nil"})
			continue
		}
		c.index, c.name, c.at = i, t.Name, ""
		c.instanceType(t)
		if j, dup := first[t.Name]; !dup {
			first[t.Name] = i
		} else if t.Name != "" {
			c.add("name", fmt.Sprintf("must be unique, is also the name of [%d]", j))
		}
	}
	return c.problems
}

// catalogCheck collects problems. The path of the type is formatted only when there is one to report.
type catalogCheck struct {
	index    int
	name, at string
	problems FieldErrors
}

func (c *catalogCheck) add(field, problem string) {
	if c.at == "" {
		c.at = fmt.Sprintf("[%d]", c.index)
		if c.name != "" {
			c.at += " (" + c.name + ")"
		}
	}
	c.problems = append(c.problems, &FieldError{Path: c.at + ": " + field, Problem: problem})
}

func (c *catalogCheck) instanceType(t *InstanceType) {
	if t.Name == "" {
		c.add("name", "must not be empty")
	}
	contradictory := false
	if bad, empty := t.Requirements.Empty(); empty {
		contradictory = true
		c.add("requirements", fmt.Sprintf("must have a possible value for %s, has none", bad.Key()))
	}
	c.labelAdmitted(t.Requirements, corev1.LabelInstanceTypeStable, t.Name, "name")
	c.quantities("capacity", t.Capacity)
	c.quantities("overhead", t.Overhead)
	c.volumeLimits(t.VolumeLimits)
	for i := range t.Offerings {
		c.offering(t, &t.Offerings[i], fmt.Sprintf("offerings[%d]", i), contradictory)
	}
}

func (c *catalogCheck) offering(t *InstanceType, o *Offering, path string, typeContradictory bool) {
	if o.Zone == "" {
		c.add(path+".zone", "must not be empty")
	}
	if o.CapacityType == "" {
		c.add(path+".capacityType", "must not be empty")
	}
	if math.IsNaN(o.Price) || math.IsInf(o.Price, 0) || o.Price < 0 {
		c.add(path+".price", fmt.Sprintf("must be a number of dollars >= 0, is %v", o.Price))
	}
	if o.Stock != nil {
		if o.Stock.Key == "" {
			c.add(path+".stock.key", "must not be empty")
		}
		if o.Stock.Count < 0 {
			c.add(path+".stock.count", fmt.Sprintf("must be >= 0, is %d", o.Stock.Count))
		}
	}
	if bad, empty := o.Requirements.Empty(); empty {
		c.add(path+".requirements", fmt.Sprintf("must have a possible value for %s, has none", bad.Key()))
		return
	}
	if !typeContradictory {
		if a, b, conflict := t.Requirements.Conflict(o.Requirements); conflict {
			c.add(path+".requirements", fmt.Sprintf("must agree with the type: %s against %s", b, a))
		}
	}
	for _, set := range []requirement.Set{t.Requirements, o.Requirements} {
		c.labelAdmitted(set, corev1.LabelTopologyZone, o.Zone, path+".zone")
		c.labelAdmitted(set, v1.CapacityTypeLabelKey, o.CapacityType, path+".capacityType")
	}
	c.labelAdmitted(o.Requirements, corev1.LabelInstanceTypeStable, t.Name, path+".requirements")
}

// labelAdmitted checks that a label which is derived from a field does not contradict the requirements.
func (c *catalogCheck) labelAdmitted(set requirement.Set, key, value, path string) {
	if value == "" || !set.Has(key) {
		return
	}
	if r := set.Get(key); !r.Empty() && !r.Has(value) {
		c.add(path, fmt.Sprintf("must agree with the requirements: %s against %s", value, r))
	}
}

func (c *catalogCheck) quantities(field string, list corev1.ResourceList) {
	var bad []corev1.ResourceName
	for name, quantity := range list {
		if quantity.Sign() < 0 {
			bad = append(bad, name)
		}
	}
	slices.Sort(bad)
	for _, name := range bad {
		quantity := list[name]
		c.add(fmt.Sprintf("%s[%s]", field, name), "must be >= 0, is "+quantity.String())
	}
}

func (c *catalogCheck) volumeLimits(limits map[string]int) {
	var bad []string
	for driver, limit := range limits {
		if limit < 0 {
			bad = append(bad, driver)
		}
	}
	slices.Sort(bad)
	for _, driver := range bad {
		c.add(fmt.Sprintf("volumeLimits[%s]", driver), fmt.Sprintf("must be >= 0, is %d", limits[driver]))
	}
}
