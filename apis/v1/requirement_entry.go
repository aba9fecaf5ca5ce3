package v1

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
)

// Operators that core API constants lack. The others are corev1.NodeSelectorOpIn and its neighbours.
const (
	NodeSelectorOpGte corev1.NodeSelectorOperator = "Gte"
	NodeSelectorOpLte corev1.NodeSelectorOperator = "Lte"
)

// NodeRequirement is a condition on one label of a node. Entries on the same key are all to be met.
//
// +kubebuilder:validation:XValidation:rule="self.operator != 'In' || (has(self.values) && self.values.size() > 0)",message="operator In needs at least one value"
// +kubebuilder:validation:XValidation:rule="!(self.operator in ['Gt', 'Lt', 'Gte', 'Lte']) || (has(self.values) && self.values.size() == 1 && self.values[0].matches('^[0-9]+$') && int(self.values[0]) >= 0)",message="operators Gt, Lt, Gte and Lte need one integer that is not negative"
// +kubebuilder:validation:XValidation:rule="self.operator != 'In' || !has(self.minValues) || (has(self.values) && self.values.size() >= self.minValues)",message="operator In needs at least minValues values"
type NodeRequirement struct {
	// Key of the label.
	//
	// +required
	// +kubebuilder:validation:MaxLength=316
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$`
	// +kubebuilder:validation:XValidation:rule="self.indexOf('/') <= 253",message="the domain of the key is too long"
	// +kubebuilder:validation:XValidation:rule="self in ['karpenter.sh/capacity-type', 'karpenter.sh/nodepool'] || !(self.startsWith('karpenter.sh/') || self.find('^[^/]*/').endsWith('.karpenter.sh/'))",message="the domain karpenter.sh is restricted"
	// +kubebuilder:validation:XValidation:rule="self != 'kubernetes.io/hostname'",message="the label kubernetes.io/hostname is restricted"
	Key string `json:"key"`
	// Operator is one of In, NotIn, Exists, DoesNotExist, Gt, Lt, Gte and Lte.
	//
	// +required
	// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist;Gt;Lt;Gte;Lte
	Operator corev1.NodeSelectorOperator `json:"operator"`
	// Values of the operator: at least one for In, one integer for Gt, Lt, Gte and Lte. Exists and DoesNotExist ignore
	// them.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$`
	Values []string `json:"values,omitempty"`
	// MinValues is how many values of the key a launch must be able to choose from. Unset asks for none.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	MinValues *int `json:"minValues,omitempty"`
}

// String is the entry for people: `zone In [a b]`.
func (r NodeRequirement) String() string { return r.Key + " " + r.condition() }

func (r NodeRequirement) condition() string {
	if len(r.Values) == 0 {
		return string(r.Operator)
	}
	return fmt.Sprintf("%s [%s]", r.Operator, strings.Join(r.Values, " "))
}

// Requirement is the entry as a set of values. The key is kept as it is written, deprecated aliases too. What the
// manifest lets pass has a meaning: values of Exists and DoesNotExist are ignored, NotIn without values admits all. The
// error names the key.
func (r NodeRequirement) Requirement() (requirement.Requirement, error) {
	values := r.Values
	switch r.Operator {
	case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
		values = nil
	}
	out, err := requirement.Requirement{}, error(nil)
	if r.Operator == corev1.NodeSelectorOpNotIn && len(values) == 0 {
		out = requirement.NotIn(r.Key)
	} else if out, err = requirement.New(r.Key, requirement.Operator(r.Operator), values); err != nil {
		return requirement.Requirement{}, err
	}
	if r.MinValues != nil {
		out = out.WithMinValues(*r.MinValues)
	}
	return out, nil
}

// Requirements is the conjunction of the entries. The error is that of the first entry that has one. That nothing meets
// all entries is not an error here; [requirement.Set.Empty] tells.
func Requirements(entries []NodeRequirement) (requirement.Set, error) {
	out := make([]requirement.Requirement, 0, len(entries))
	for _, entry := range entries {
		r, err := entry.Requirement()
		if err != nil {
			return requirement.Set{}, err
		}
		out = append(out, r)
	}
	return requirement.NewSet(out...), nil
}
