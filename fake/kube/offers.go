package kube

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	podresources "k8s.io/component-helpers/resource"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// offers are the machines that can be bought, for a quick answer to whether it is worth to ask the engine.
type offers struct {
	pools []*v1.NodePool
	types map[string][]*cloudprovider.InstanceType
	index resource.Index
	list  []offer // the cheapest first; nil until it is needed
}

// offer is a machine that can be bought.
type offer struct {
	node  corev1.Node // with the labels that it would have
	room  resource.Vector
	price float64
}

// sold reports whether a machine for less than the price could hold all of the pods, as far as what they ask for and their
// own node affinity go.
func (o *offers) sold(pods []*corev1.Pod, price float64) bool {
	o.open()
	total := resource.Vector(nil)
	kinds := map[types.UID]*corev1.Pod{}
	for _, p := range pods {
		list := podresources.PodRequests(p, podresources.PodResourcesOptions{})
		list[corev1.ResourcePods] = *resource.Quantity(corev1.ResourcePods, 1)
		if demand := o.index.Demand(list); total == nil {
			total = demand
		} else {
			total.Add(demand)
		}
		if owner := metav1.GetControllerOfNoCopy(p); owner != nil {
			kinds[owner.UID] = p // pods of one controller are alike
		}
	}
	wants := make([]nodeaffinity.RequiredNodeAffinity, 0, len(kinds))
	for _, p := range kinds {
		wants = append(wants, nodeaffinity.GetRequiredNodeAffinity(p))
	}
	for i := range o.list {
		offer := &o.list[i]
		if offer.price >= price {
			return false
		}
		if offer.room.Fits(total) && !slices.ContainsFunc(wants, func(w nodeaffinity.RequiredNodeAffinity) bool {
			match, err := w.Match(&offer.node)
			return err != nil || !match
		}) {
			return true
		}
	}
	return false
}

func (o *offers) open() {
	if o.list != nil {
		return
	}
	o.index = resource.NewIndex(corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourcePods)
	o.list = []offer{}
	for _, pool := range o.pools {
		wanted, err := v1.Requirements(pool.Spec.Template.Spec.Requirements)
		if err != nil {
			continue // the engine says what is wrong with it
		}
		for _, t := range o.types[pool.Name] {
			room := o.index.Capacity(t.Allocatable())
			for i := range t.Offerings {
				sold := &t.Offerings[i]
				if !sold.Launchable() {
					continue
				}
				labels := t.Labels(sold, wanted)
				maps.Copy(labels, pool.Spec.Template.Labels)
				labels[v1.NodePoolLabelKey] = pool.Name
				if wanted.Match(labels) {
					o.list = append(o.list, offer{corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: labels}}, room, sold.Price})
				}
			}
		}
	}
	slices.SortStableFunc(o.list, func(a, b offer) int { return cmp.Compare(a.price, b.price) })
}
