package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is karpenter.sh/v1.
func GroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: Group, Version: Version}
}

// Resource is the group and plural of one of this package's kinds, as in [schema.GroupVersion.WithResource].
func Resource(plural string) schema.GroupResource {
	return schema.GroupResource{Group: Group, Resource: plural}
}

// AddToScheme makes the kinds of this package known to a scheme. The error is always nil; the form is the usual one.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion(), &NodePool{}, &NodePoolList{}, &NodeClaim{}, &NodeClaimList{})
	metav1.AddToGroupVersion(scheme, GroupVersion())
	return nil
}
