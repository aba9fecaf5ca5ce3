package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// Version is the version of NodeOverlay, whose group is [v1.Group].
const Version = "v1alpha1"

// GroupVersion is karpenter.sh/v1alpha1, that of NodeOverlay.
func GroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: v1.Group, Version: Version}
}

// AddToScheme makes NodeOverlay known to a scheme. The documents of group kerf.dev are files, not objects of a cluster,
// and need no scheme. The error is always nil; the form is the usual one.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion(), &NodeOverlay{}, &NodeOverlayList{})
	metav1.AddToGroupVersion(scheme, GroupVersion())
	return nil
}
