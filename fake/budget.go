package fake

import (
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// BudgetOption changes a PodDisruptionBudget that is being built.
type BudgetOption interface {
	applyBudget(*policyv1.PodDisruptionBudget)
}

// BudgetFunc is a function as a [BudgetOption].
type BudgetFunc func(*policyv1.PodDisruptionBudget)

func (f BudgetFunc) applyBudget(b *policyv1.PodDisruptionBudget) { f(b) }

// PodDisruptionBudget builds a budget in namespace default for the pods with these labels; nil labels select all pods of the
// namespace. Its status is current. Without [Allowing] it lets no pod go.
func PodDisruptionBudget(name string, labels map[string]string, options ...BudgetOption) *policyv1.PodDisruptionBudget {
	budget := &policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceDefault, Generation: 1},
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: labels}},
		Status:     policyv1.PodDisruptionBudgetStatus{ObservedGeneration: 1},
	}
	for _, option := range options {
		option.applyBudget(budget)
	}
	if budget.UID == "" {
		budget.UID = types.UID("pdb/" + budget.Namespace + "/" + budget.Name)
	}
	return budget.DeepCopy()
}

// MinAvailable is how many pods must be there, as a number or a percentage.
func MinAvailable(n string) BudgetOption {
	return BudgetFunc(func(b *policyv1.PodDisruptionBudget) { b.Spec.MinAvailable = ptr.To(intstr.Parse(n)) })
}

// MaxUnavailable is how many pods may be missing, as a number or a percentage.
func MaxUnavailable(n string) BudgetOption {
	return BudgetFunc(func(b *policyv1.PodDisruptionBudget) { b.Spec.MaxUnavailable = ptr.To(intstr.Parse(n)) })
}

// Allowing is the budget's status: so many of the expected pods may go now, and all of them are healthy.
func Allowing(n, expected int32) BudgetOption {
	return BudgetFunc(func(b *policyv1.PodDisruptionBudget) {
		b.Status.DisruptionsAllowed, b.Status.ExpectedPods = n, expected
		b.Status.CurrentHealthy, b.Status.DesiredHealthy = expected, expected-n
	})
}

// AlwaysAllow lets pods that are not ready go, whatever else the budget says.
func AlwaysAllow() BudgetOption {
	return BudgetFunc(func(b *policyv1.PodDisruptionBudget) {
		b.Spec.UnhealthyPodEvictionPolicy = ptr.To(policyv1.AlwaysAllow)
	})
}
