package cloudprovider

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// Clone is a deep copy: a provider that keeps machines hands out clones.
func (m *Machine) Clone() *Machine {
	out := *m
	if m.Failure != nil {
		failure := *m.Failure
		failure.Offerings = slices.Clone(failure.Offerings)
		out.Failure = &failure
	}
	out.Labels = maps.Clone(m.Labels)
	out.Capacity = m.Capacity.DeepCopy()
	out.Allocatable = m.Allocatable.DeepCopy()
	return &out
}

// String is one line for logs: provider id, claim, offering, phase.
func (m Machine) String() string {
	return strings.Join([]string{m.ProviderID, m.ClaimName, m.OfferingKey.String(), string(m.Phase)}, " ")
}

// Clone is a deep copy, the way to change a published type: clone, change, publish the clone.
func (t *InstanceType) Clone() *InstanceType {
	out := *t
	out.Capacity = t.Capacity.DeepCopy()
	out.Overhead = t.Overhead.DeepCopy()
	out.VolumeLimits = maps.Clone(t.VolumeLimits)
	out.Offerings = slices.Clone(t.Offerings)
	for i := range out.Offerings {
		if stock := out.Offerings[i].Stock; stock != nil {
			copied := *stock
			out.Offerings[i].Stock = &copied
		}
	}
	return &out
}

// Find returns the offering with that key, the cheapest where several have it, or nil.
func (t *InstanceType) Find(key OfferingKey) *Offering {
	var found *Offering
	for i := range t.Offerings {
		o := &t.Offerings[i]
		if t.Key(o) == key && (found == nil || CompareOfferings(*o, *found) < 0) {
			found = o
		}
	}
	return found
}

// Labels are those of a node of the type bought at the offering, as far as the cloud decides them: what belongs into
// [Machine.Labels]. wanted are the claim's requirements: where type and offering leave several values to choose from,
// they narrow the choice, and the smallest value left is taken. Labels that the node may lack are left out.
func (t *InstanceType) Labels(o *Offering, wanted requirement.Set) map[string]string {
	offered := t.Requirements.Intersect(o.Requirements)
	labels := make(map[string]string, offered.Len()+3)
	for r := range offered.All() {
		if !r.Finite() || r.HasAbsent() {
			continue
		}
		if narrowed := r.Intersect(wanted.Get(r.Key())); !narrowed.Empty() {
			r = narrowed
		}
		if value, ok := r.Pick(); ok {
			labels[r.Key()] = value
		}
	}
	labels[corev1.LabelInstanceTypeStable] = t.Name
	labels[corev1.LabelTopologyZone] = o.Zone
	labels[v1.CapacityTypeLabelKey] = o.CapacityType
	return labels
}
