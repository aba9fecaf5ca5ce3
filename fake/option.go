package fake

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// PodOption changes a pod that is being built.
type PodOption interface{ applyPod(*corev1.Pod) }

// NodeOption changes a node that is being built.
type NodeOption interface{ applyNode(*corev1.Node) }

// NodePoolOption changes a NodePool that is being built.
type NodePoolOption interface{ applyNodePool(*v1.NodePool) }

// NodeClaimOption changes a NodeClaim that is being built.
type NodeClaimOption interface{ applyNodeClaim(*v1.NodeClaim) }

// TypeOption changes an instance type that is being built.
type TypeOption interface {
	applyType(*cloudprovider.InstanceType)
}

// PodFunc is a function as a [PodOption]: the way to set what no option covers.
type PodFunc func(*corev1.Pod)

// NodeFunc is a function as a [NodeOption].
type NodeFunc func(*corev1.Node)

// NodePoolFunc is a function as a [NodePoolOption].
type NodePoolFunc func(*v1.NodePool)

// NodeClaimFunc is a function as a [NodeClaimOption].
type NodeClaimFunc func(*v1.NodeClaim)

// TypeFunc is a function as a [TypeOption].
type TypeFunc func(*cloudprovider.InstanceType)

func (f PodFunc) applyPod(p *corev1.Pod)                   { f(p) }
func (f NodeFunc) applyNode(n *corev1.Node)                { f(n) }
func (f NodePoolFunc) applyNodePool(p *v1.NodePool)        { f(p) }
func (f NodeClaimFunc) applyNodeClaim(c *v1.NodeClaim)     { f(c) }
func (f TypeFunc) applyType(t *cloudprovider.InstanceType) { f(t) }

// set returns a list with the quantity in it, made if need be. An empty quantity changes nothing.
func set(list corev1.ResourceList, name corev1.ResourceName, quantity string) corev1.ResourceList {
	if quantity == "" {
		return list
	}
	if list == nil {
		list = corev1.ResourceList{}
	}
	list[name] = resource.MustParse(quantity)
	return list
}

// put returns a map with the pair in it, made if need be.
func put(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}
