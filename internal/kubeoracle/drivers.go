package kubeoracle

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// csiNodes are what the drivers of nodes say: those of the snapshot, those of nodes that are bought, and those of nodes
// that have yet to be initialised, which by then have the drivers that their instance type names and those that want
// their pods where they are installed.
func (st *state) csiNodes() []runtime.Object {
	said := map[string]*storagev1.CSINode{}
	for _, o := range st.s.Storage.CSINodes {
		said[o.Name] = o.DeepCopy()
	}
	expect := func(name string, limits map[string]int) {
		node := said[name]
		if node == nil {
			node = &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name}}
		}
		missing := func(driver string) bool {
			return !slices.ContainsFunc(node.Spec.Drivers, func(d storagev1.CSINodeDriver) bool { return d.Name == driver })
		}
		for _, driver := range slices.Sorted(maps.Keys(limits)) {
			if count := int32(limits[driver]); missing(driver) {
				node.Spec.Drivers = append(node.Spec.Drivers, storagev1.CSINodeDriver{
					Name: driver, NodeID: name, Allocatable: &storagev1.VolumeNodeResources{Count: &count},
				})
			}
		}
		for _, d := range st.s.Storage.CSIDrivers {
			if d.Spec.PreventPodSchedulingIfMissing != nil && *d.Spec.PreventPodSchedulingIfMissing && missing(d.Name) {
				node.Spec.Drivers = append(node.Spec.Drivers, storagev1.CSINodeDriver{Name: d.Name, NodeID: name})
			}
		}
		if len(node.Spec.Drivers) > 0 {
			said[name] = node
		}
	}
	for i := range st.s.Nodes {
		n := &st.s.Nodes[i]
		if n.Claim != nil && (n.Node == nil || n.Node.Labels["karpenter.sh/initialized"] != "true") {
			labels := settled(n).Labels
			expect(n.Name(), st.limitsOf(labels["karpenter.sh/nodepool"], labels[corev1.LabelInstanceTypeStable]))
		}
	}
	for i := range st.plan.Launches {
		if l := &st.plan.Launches[i]; len(l.Choices) > 0 {
			expect(l.Name, st.limitsOf(l.NodePool, l.Choices[0].InstanceType))
		}
	}
	for _, p := range st.pools {
		for _, f := range p.further {
			expect(f.node.Name, f.typ.VolumeLimits)
		}
	}
	var out []runtime.Object
	for _, name := range slices.Sorted(maps.Keys(said)) {
		out = append(out, said[name])
	}
	return out
}

// limitsOf are the volume limits of an instance type.
func (st *state) limitsOf(pool, instanceType string) map[string]int {
	for _, t := range st.s.InstanceTypes[pool] {
		if t.Name == instanceType {
			return t.VolumeLimits
		}
	}
	return nil
}
