package cloudprovider

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// Vocabulary is what label keys mean. It is data, so that two vendors can work in one process. The zero value is the
// standard vocabulary of Kubernetes and karpenter.sh.
type Vocabulary struct {
	// WellKnown are further keys that belong to the provider even when no instance type carries them. The standard
	// ones (see [v1.WellKnownLabels]) need not be listed.
	WellKnown []string
	// Aliases maps further old or foreign keys to the key that they stand for, in NodePool requirements. The standard
	// ones (see [v1.CanonicalLabel]) need not be listed.
	Aliases map[string]string
}

// Canonical is the key that a key of a NodePool requirement stands for: itself, unless it is an alias.
func (v Vocabulary) Canonical(key string) string {
	if to, ok := v.Aliases[key]; ok {
		return to
	}
	return v1.CanonicalLabel(key)
}

// IsWellKnown reports whether a key belongs to the provider even when no instance type carries it: a NodePool
// requirement on such a key restricts what the pool may launch, while one on any other key becomes a label.
func (v Vocabulary) IsWellKnown(key string) bool {
	return key == corev1.LabelHostname || slices.Contains(v1.WellKnownLabels(), key) || slices.Contains(v.WellKnown, key)
}
