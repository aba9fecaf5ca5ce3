package scheduling

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// Canonical is the key that a key of a NodePool requirement stands for: itself, unless it is an alias.
func (v Vocabulary) Canonical(key string) string {
	if to, ok := v.Aliases[key]; ok {
		return to
	}
	switch key {
	case corev1.LabelFailureDomainBetaZone:
		return corev1.LabelTopologyZone
	case corev1.LabelFailureDomainBetaRegion:
		return corev1.LabelTopologyRegion
	case betaArch:
		return corev1.LabelArchStable
	case betaOS:
		return corev1.LabelOSStable
	case corev1.LabelInstanceType:
		return corev1.LabelInstanceTypeStable
	}
	return key
}

// IsWellKnown reports whether a key belongs to the provider even when no instance type carries it: a NodePool
// requirement on such a key restricts what the pool may launch, while one on any other key becomes a label.
func (v Vocabulary) IsWellKnown(key string) bool {
	switch key {
	case v1.NodePoolLabelKey, v1.CapacityTypeLabelKey, corev1.LabelTopologyZone, corev1.LabelTopologyRegion,
		corev1.LabelInstanceTypeStable, corev1.LabelWindowsBuild, corev1.LabelArchStable, corev1.LabelOSStable,
		corev1.LabelHostname:
		return true
	}
	return slices.Contains(v.WellKnown, key)
}

const (
	betaArch = "beta.kubernetes.io/arch"
	betaOS   = "beta.kubernetes.io/os"
)

// olderNames are the old label keys that a kubelet still puts on a node beside the key that they stand for.
func olderNames() [][2]string {
	return [][2]string{
		{betaArch, corev1.LabelArchStable},
		{betaOS, corev1.LabelOSStable},
		{corev1.LabelInstanceType, corev1.LabelInstanceTypeStable},
	}
}

// stableName is the key whose value the node carries under the old key as well.
func stableName(key string) (string, bool) {
	for _, pair := range olderNames() {
		if pair[0] == key {
			return pair[1], true
		}
	}
	return "", false
}
