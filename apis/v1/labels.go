package v1

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const (
	// Group is the API group of NodePool, NodeClaim and NodeOverlay, and the domain of the labels below.
	Group = "karpenter.sh"
	// Version is the version of NodePool and NodeClaim.
	Version = "v1"
	// CompatibilityGroup is the domain of annotations that a NodeClass carries for other versions.
	CompatibilityGroup = "compatibility." + Group
)

// Labels.
const (
	// NodePoolLabelKey names the pool of a NodeClaim or Node.
	NodePoolLabelKey = Group + "/nodepool"
	// CapacityTypeLabelKey says how the machine is paid for; its values are the CapacityType constants.
	CapacityTypeLabelKey = Group + "/capacity-type"
	// RegisteredLabelKey is "true" on a Node that has been matched with its NodeClaim.
	RegisteredLabelKey = Group + "/registered"
	// InitializedLabelKey is "true" on a Node that is ready for the pods it was launched for.
	InitializedLabelKey = Group + "/initialized"
	// DoNotSyncTaintsLabelKey, with value "true" on a Node, keeps the taints of the NodeClaim from being copied to it.
	DoNotSyncTaintsLabelKey = Group + "/do-not-sync-taints"
)

// Values of [CapacityTypeLabelKey]. No others exist.
const (
	CapacityTypeOnDemand = "on-demand"
	CapacityTypeSpot     = "spot"
	CapacityTypeReserved = "reserved"
)

// Values of kubernetes.io/arch that are common.
const (
	ArchitectureAmd64 = "amd64"
	ArchitectureArm64 = "arm64"
)

// Annotations.
const (
	// DoNotDisruptAnnotationKey, with "true" on a pod, Node or NodeClaim, keeps the node from being disrupted
	// voluntarily. On a pod the value may also be a positive Go duration, counted from the start of the pod.
	DoNotDisruptAnnotationKey = Group + "/do-not-disrupt"
	// ProviderCompatibilityAnnotationKey holds what a provider needs to read objects of its older versions.
	ProviderCompatibilityAnnotationKey = CompatibilityGroup + "/provider"
	// NodePoolHashAnnotationKey holds [NodePool.Hash], on the pool and on the claims made from it.
	NodePoolHashAnnotationKey = Group + "/nodepool-hash"
	// NodePoolHashVersionAnnotationKey names the algorithm of that hash; hashes of different versions are not compared.
	NodePoolHashVersionAnnotationKey = Group + "/nodepool-hash-version"
	// NodeClaimTerminationTimestampAnnotationKey is the instant (RFC 3339) by which the node must be gone.
	NodeClaimTerminationTimestampAnnotationKey = Group + "/nodeclaim-termination-timestamp"
	// NodeClaimMinValuesRelaxedAnnotationKey is "true" if the claim has fewer choices than minValues asks for.
	NodeClaimMinValuesRelaxedAnnotationKey = Group + "/nodeclaim-min-values-relaxed"
	// RequestedDRADriversAnnotationKey lists, sorted and separated by commas, the drivers that the claim waits for.
	RequestedDRADriversAnnotationKey = Group + "/requested-dra-drivers"
	// PriceOverlayAppliedAnnotationKey is "true" if a NodeOverlay changed a price that the claim was planned with.
	PriceOverlayAppliedAnnotationKey = Group + "/price-overlay-applied"
	// CapacityOverlayAppliedAnnotationKey is "true" if a NodeOverlay changed a capacity that it was planned with.
	CapacityOverlayAppliedAnnotationKey = Group + "/capacity-overlay-applied"
	// CapacityBufferFakePodAnnotationKey is "true" on the pods that stand for a CapacityBuffer in a plan.
	CapacityBufferFakePodAnnotationKey = Group + "/capacity-buffer-fake-pod"
	// CapacityBufferNameAnnotationKey and CapacityBufferNamespaceAnnotationKey say which buffer such a pod stands for.
	CapacityBufferNameAnnotationKey      = Group + "/capacity-buffer-name"
	CapacityBufferNamespaceAnnotationKey = Group + "/capacity-buffer-namespace"
)

// TerminationFinalizer is on every NodeClaim, and on its Node, until the machine is gone.
const TerminationFinalizer = Group + "/termination"

// ResourceNodes counts nodes, in the limits and the status of a pool. It is no resource of a node.
const ResourceNodes corev1.ResourceName = "nodes"

// WellKnownLabels are the keys that every provider knows: a requirement on them needs no entry in the NodePool.
// The result is a new list in a fixed order.
func WellKnownLabels() []string {
	return []string{
		NodePoolLabelKey,
		CapacityTypeLabelKey,
		corev1.LabelTopologyZone,
		corev1.LabelTopologyRegion,
		corev1.LabelInstanceTypeStable,
		corev1.LabelArchStable,
		corev1.LabelOSStable,
		corev1.LabelWindowsBuild,
	}
}

// CanonicalLabel replaces a deprecated alias of a well-known label by its stable key. Other keys are returned as they are.
func CanonicalLabel(key string) string {
	switch key {
	case corev1.LabelFailureDomainBetaZone:
		return corev1.LabelTopologyZone
	case corev1.LabelFailureDomainBetaRegion:
		return corev1.LabelTopologyRegion
	case corev1.LabelInstanceType:
		return corev1.LabelInstanceTypeStable
	case "beta.kubernetes.io/arch":
		return corev1.LabelArchStable
	case "beta.kubernetes.io/os":
		return corev1.LabelOSStable
	}
	return key
}

// IsRestrictedLabel reports whether users may not require or set the key: all of domain karpenter.sh and of its
// subdomains, [NodePoolLabelKey] and [CapacityTypeLabelKey] excepted, and kubernetes.io/hostname. A domain that merely
// ends in the same letters (notkarpenter.sh) is free; the manifests and this function agree on that.
func IsRestrictedLabel(key string) bool {
	switch key {
	case corev1.LabelHostname:
		return true
	case NodePoolLabelKey, CapacityTypeLabelKey:
		return false
	}
	domain, _, prefixed := strings.Cut(key, "/")
	return prefixed && (domain == Group || strings.HasSuffix(domain, "."+Group))
}

// NodeClassLabelKey is the label by which claims and nodes name their NodeClass: the group of the class and its kind
// in lower case.
func NodeClassLabelKey(group, kind string) string {
	return group + "/" + strings.ToLower(kind)
}
