package fake

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// NodePool builds a pool without any wish: no requirements, taints, limits or weight. It refers to the NodeClass
// [NodeClassRef] and has the defaults that the API server fills in.
func NodePool(name string, options ...NodePoolOption) *v1.NodePool {
	pool := &v1.NodePool{
		TypeMeta:   metav1.TypeMeta{APIVersion: "karpenter.sh/v1", Kind: "NodePool"},
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("nodepool/" + name), Generation: 1},
	}
	pool.Spec.Template.Spec.NodeClassRef = ptr.To(NodeClassRef())
	pool.Spec.Template.Spec.Requirements = []v1.NodeRequirement{}
	for _, option := range options {
		option.applyNodePool(pool)
	}
	v1.SetDefaultsNodePool(pool)
	return pool.DeepCopy()
}

// NodeClassRef is the NodeClass that pools refer to.
func NodeClassRef() v1.NodeClassReference {
	return v1.NodeClassReference{Group: labelDomain, Kind: "FakeNodeClass", Name: "default"}
}

// Weight is the pool's weight, 1 to 100: pools with a larger one are tried first.
func Weight(weight int32) NodePoolOption {
	return NodePoolFunc(func(p *v1.NodePool) { p.Spec.Weight = ptr.To(weight) })
}

// Replicas makes the pool static: it keeps that many nodes and takes no part in planning.
func Replicas(n int64) NodePoolOption {
	return NodePoolFunc(func(p *v1.NodePool) { p.Spec.Replicas = ptr.To(n) })
}
