package scenario

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// correction is a NodeOverlay that is ready to be applied.
type correction struct {
	found[*v1alpha1.NodeOverlay]
	wanted requirement.Set
	weight int32
}

// overlay applies the NodeOverlays to the catalogues, the heaviest first. Of two with one weight that correct the same,
// the API would drop one; here that is an error.
func (w *world) overlay(snapshot *scheduling.Snapshot) {
	corrections := w.corrections(snapshot.Vocabulary)
	if len(corrections) == 0 {
		return
	}
	conflicts := map[[2]string]bool{}
	done := map[string][]*cloudprovider.InstanceType{} // by catalogue and the labels of the pool that overlays look at
	for _, pool := range snapshot.NodePools {
		types := snapshot.InstanceTypes[pool.Name]
		labels := maps.Clone(pool.Spec.Template.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		labels[v1.NodePoolLabelKey] = pool.Name
		id := catalogueID(types, labels, corrections)
		if _, known := done[id]; !known {
			out := make([]*cloudprovider.InstanceType, len(types))
			for i, t := range types {
				out[i] = w.correct(t, labels, corrections, conflicts)
			}
			done[id] = out
		}
		snapshot.InstanceTypes[pool.Name] = done[id]
	}
}

func (w *world) corrections(vocabulary cloudprovider.Vocabulary) []correction {
	var out []correction
	for _, o := range w.overlays {
		if errs := v1alpha1.ValidateNodeOverlay(o.object); len(errs) > 0 {
			w.problems.addFields(o.origin, errs)
			continue
		}
		entries := make([]v1.NodeRequirement, len(o.object.Spec.Requirements))
		for i, r := range o.object.Spec.Requirements {
			entries[i] = r.NodeRequirement()
			entries[i].Key = vocabulary.Canonical(entries[i].Key)
		}
		wanted, err := v1.Requirements(entries)
		if err != nil {
			w.problems.add(o.errorf("spec.requirements", "%v", err))
			continue
		}
		out = append(out, correction{o, wanted, ptr.Deref(o.object.Spec.Weight, 0)})
	}
	slices.SortFunc(out, func(a, b correction) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), strings.Compare(b.name, a.name))
	})
	return out
}

// catalogueID is equal for pools whose catalogues the corrections cannot tell apart.
func catalogueID(types []*cloudprovider.InstanceType, labels map[string]string, corrections []correction) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", len(types))
	if len(types) > 0 {
		fmt.Fprintf(&b, " %p %p", types[0], types[len(types)-1])
	}
	for _, c := range corrections {
		for _, key := range c.wanted.Keys() {
			if value, ok := labels[key]; ok {
				fmt.Fprintf(&b, " %s=%s", key, value)
			}
		}
	}
	return b.String()
}

// correct returns the type as the corrections leave it: itself when none applies.
func (w *world) correct(t *cloudprovider.InstanceType, labels map[string]string, corrections []correction, conflicts map[[2]string]bool) *cloudprovider.InstanceType {
	known := labelSet(labels).Intersect(t.Requirements).With(requirement.In(corev1.LabelInstanceTypeStable, t.Name))
	var out *cloudprovider.InstanceType
	priced := make([]*correction, len(t.Offerings))
	resources := map[corev1.ResourceName]*correction{}
	for i := range corrections {
		c := &corrections[i]
		spec := &c.object.Spec
		applies := false
		for j := range t.Offerings {
			o := &t.Offerings[j]
			node := known.Intersect(o.Requirements).With(
				requirement.In(corev1.LabelTopologyZone, o.Zone), requirement.In(v1.CapacityTypeLabelKey, o.CapacityType))
			if node.Compatible(c.wanted, nil) != nil {
				continue
			}
			applies = true
			if out == nil {
				out = t.Clone()
			}
			if spec.Price == nil && spec.PriceAdjustment == nil || w.taken(c, priced[j], conflicts) {
				continue
			}
			priced[j] = c
			price, err := c.object.AdjustPrice(o.Price)
			if err != nil {
				w.problems.add(c.errorf("spec", "%v", err))
			}
			out.Offerings[j].Price = price
		}
		for _, name := range slices.Sorted(maps.Keys(spec.Capacity)) {
			if applies && !w.taken(c, resources[name], conflicts) {
				resources[name] = c
				out.Capacity[name] = spec.Capacity[name]
			}
		}
	}
	if out == nil {
		return t
	}
	return out
}

// taken reports whether another correction came first, which is an error if it weighs the same.
func (w *world) taken(c, first *correction, conflicts map[[2]string]bool) bool {
	if first == nil {
		return false
	}
	if pair := [2]string{first.name, c.name}; first.weight == c.weight && !conflicts[pair] {
		conflicts[pair] = true
		w.problems.add(c.errorf("spec.weight", "must differ from that of %s, which corrects the same", first.origin))
	}
	return true
}
