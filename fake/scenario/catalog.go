package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// soldType is an instance type with the document that it comes from and the pools that may launch it; none means all.
type soldType struct {
	origin
	pools []string
	t     *cloudprovider.InstanceType
}

// instanceTypes makes the catalogue of each NodePool. Pools with equal catalogues share one list.
func (w *world) instanceTypes(snapshot *scheduling.Snapshot) {
	sold := w.soldTypes()
	if len(sold) == 0 && len(w.pools) > 0 && len(w.problems.list) == 0 {
		pool := w.pools[0]
		if len(w.types)+len(w.catalogs) == 0 {
			w.problems.add(pool.errorf("", "cannot launch anything: no document is an InstanceType or a Catalog"))
		} else {
			w.problems.add(pool.errorf("", "cannot launch anything: the catalogues have no instance type"))
		}
	}
	common := []*cloudprovider.InstanceType{}
	special := map[string][]*cloudprovider.InstanceType{}
	for _, s := range sold {
		if len(s.pools) == 0 {
			common = append(common, s.t)
		}
		for _, pool := range slices.Compact(slices.Sorted(slices.Values(s.pools))) {
			special[pool] = append(special[pool], s.t)
		}
	}
	for _, p := range snapshot.NodePools {
		snapshot.InstanceTypes[p.Name] = common
		if own := special[p.Name]; len(own) > 0 {
			snapshot.InstanceTypes[p.Name] = append(slices.Clone(common), own...)
		}
	}
	w.overlay(snapshot)
}

// soldTypes are the instance types of all documents. Those that cannot be true are reported.
func (w *world) soldTypes() []soldType {
	counts := w.stockCounts()
	var out []soldType
	for _, d := range w.types {
		if t, ok := w.fromDocument(d, counts); ok {
			out = append(out, soldType{d.origin, d.object.Spec.NodePools, t})
		}
	}
	for _, c := range w.catalogs {
		out = append(out, w.fromTable(c)...)
		out = append(out, w.fromCSV(c)...)
	}
	for _, s := range out {
		for _, e := range cloudprovider.ValidateInstanceTypes([]*cloudprovider.InstanceType{s.t}) {
			_, path, _ := strings.Cut(e.Path, ": ")
			if s.kind == v1alpha1.KindInstanceType && path != "name" {
				path = "spec." + path
			}
			w.problems.add(s.errorf(path, "%s", e.Problem))
		}
	}
	return out
}

// stockCounts is how much there is of each stock with a name: the smallest count that is stated for it. Stocks without
// any count are endless and not listed.
func (w *world) stockCounts() map[string]int {
	counts := map[string]int{}
	for _, d := range w.types {
		for i := range d.object.Spec.Offerings {
			o := &d.object.Spec.Offerings[i]
			if o.Stock == "" || o.Count == nil {
				continue
			}
			if n, known := counts[o.Stock]; !known || *o.Count < n {
				counts[o.Stock] = *o.Count
			}
		}
	}
	return counts
}

func (w *world) fromDocument(d found[*v1alpha1.InstanceType], counts map[string]int) (*cloudprovider.InstanceType, bool) {
	spec := &d.object.Spec
	t := &cloudprovider.InstanceType{
		Name:         d.name,
		Requirements: labelSet(d.object.Labels),
		Capacity:     spec.Capacity,
		Overhead:     spec.Overhead,
		VolumeLimits: spec.VolumeLimits,
		Offerings:    make([]cloudprovider.Offering, 0, len(spec.Offerings)),
	}
	ok := len(spec.Capacity) > 0
	if !ok {
		w.problems.add(d.errorf("spec.capacity", "must not be empty"))
	}
	for i := range spec.Offerings {
		in := &spec.Offerings[i]
		path := fmt.Sprintf("spec.offerings[%d]", i)
		if in.Price == nil {
			w.problems.add(d.errorf(path+".price", "must be given, in dollars per hour"))
			ok = false
			continue
		}
		out := cloudprovider.Offering{
			Zone: in.Zone, CapacityType: in.CapacityType, Requirements: labelSet(in.Labels),
			Price: *in.Price, Available: in.Available == nil || *in.Available,
		}
		if in.Count != nil && *in.Count < 0 {
			w.problems.add(d.errorf(path+".count", "must not be negative, is %d", *in.Count))
			ok = false
			continue
		}
		switch n, finite := counts[in.Stock]; {
		case in.Stock != "" && finite:
			out.Stock = &cloudprovider.Stock{Key: in.Stock, Count: n}
		case in.Stock == "" && in.Count != nil:
			key := fmt.Sprintf("%s/%s/%s#%d", d.name, in.Zone, in.CapacityType, i)
			out.Stock = &cloudprovider.Stock{Key: key, Count: *in.Count}
		}
		t.Offerings = append(t.Offerings, out)
	}
	return t, ok
}

// labelSet requires the labels as they are.
func labelSet(labels map[string]string) requirement.Set {
	list := make([]requirement.Requirement, 0, len(labels))
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, requirement.In(key, labels[key]))
	}
	return requirement.NewSet(list...)
}

// linuxLabels are the labels of a type of a table or a CSV file.
func linuxLabels(arch string) map[string]string {
	labels := map[string]string{corev1.LabelOSStable: string(corev1.Linux)}
	if arch != "" {
		labels[corev1.LabelArchStable] = arch
	}
	return labels
}
