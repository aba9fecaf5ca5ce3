package scheduling

import (
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// settledLabels are what every node carries once it has registered and initialised, each with the value "true". Some
// DaemonSets wait for them.
func settledLabels() []string { return []string{v1.RegisteredLabelKey, v1.InitializedLabelKey} }

// olderNames are the old label keys that every node still gets beside the key that they stand for. The old keys of zone and
// region are not among them: they come from a cloud controller manager where there is one, and a provider whose nodes get
// them states them in its offerings.
func olderNames() [][2]string {
	return [][2]string{
		{"beta.kubernetes.io/arch", corev1.LabelArchStable},
		{"beta.kubernetes.io/os", corev1.LabelOSStable},
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
