package cloudprovider

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// Vocabulary is what label keys mean. It is data, so that two vendors can work in one process. The zero value is the
// standard vocabulary of Kubernetes and karpenter.sh.
//
// It says how NodePools are read, not what nodes carry: the scheduler compares the labels that are there, and so does the
// planner. Where nodes carry an old key beside the new one (a cloud controller manager may set
// failure-domain.beta.kubernetes.io/zone, a CSI driver its own zone), instance types or offerings state both. Pods that
// ask for a key that nothing states find no new node.
type Vocabulary struct {
	// WellKnown are further keys that belong to the provider even when no instance type carries them. The standard
	// ones (see [v1.WellKnownLabels]) need not be listed.
	WellKnown []string
	// Aliases maps further old or foreign keys to the key that they stand for, in NodePool requirements. The standard
	// ones (see [v1.CanonicalLabel]) need not be listed; one that is listed means what it says here.
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

// ValidateVocabulary finds aliases that lead nowhere: every alias must name a key that stands for itself, and the standard
// well-known keys cannot be aliases, since offerings are described by them. It does not modify its input.
func ValidateVocabulary(v Vocabulary) FieldErrors {
	var out FieldErrors
	add := func(path, problem string, args ...any) {
		out = append(out, &FieldError{Path: path, Problem: fmt.Sprintf(problem, args...)})
	}
	for i, key := range v.WellKnown {
		if key == "" {
			add(fmt.Sprintf("WellKnown[%d]", i), "must not be empty")
		}
	}
	for _, alias := range slices.Sorted(maps.Keys(v.Aliases)) {
		path, to := fmt.Sprintf("Aliases[%s]", alias), v.Aliases[alias]
		switch next := v.Canonical(to); {
		case alias == "" || to == "":
			add(path, "must map a label key to another one, is %q", to)
		case slices.Contains(v1.WellKnownLabels(), alias) || alias == corev1.LabelHostname:
			add(path, "is a well-known key, which stands for itself")
		case next != to || to == alias:
			add(path, "must name a key that is no alias, is %s, which stands for %s", to, next)
		}
	}
	return out
}
