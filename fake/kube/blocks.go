package kube

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// blocks knows which pods keep their nodes, in the manner of Karpenter: a budget that allows one eviction allows any number.
type blocks struct {
	now     time.Time
	budgets []*policyv1.PodDisruptionBudget
	selects []labels.Selector
	known   map[string]bool // whether pods of a namespace with such labels may go
}

func newBlocks(in *disruption.Input) (*blocks, error) {
	b := &blocks{now: in.Now, budgets: in.PodDisruptionBudgets, known: map[string]bool{}}
	for _, object := range in.PodDisruptionBudgets {
		selector, err := metav1.LabelSelectorAsSelector(object.Spec.Selector)
		if err != nil {
			return nil, fmt.Errorf("PodDisruptionBudget %s/%s: %w", object.Namespace, object.Name, err)
		}
		b.selects = append(b.selects, selector)
	}
	return b, nil
}

// node reports whether a pod keeps the node.
func (b *blocks) node(n scheduling.Node) bool {
	for _, p := range n.Pods {
		if terminal(p) || p.DeletionTimestamp != nil {
			continue
		}
		if _, kept := v1.DoNotDisrupt(p, b.now); kept || reschedulable(p) && !b.budgetsLet(p) {
			return true
		}
	}
	return false
}

func (b *blocks) budgetsLet(p *corev1.Pod) bool {
	if len(b.budgets) == 0 {
		return true
	}
	key := p.Namespace + "/" + labels.Set(p.Labels).String()
	if let, known := b.known[key]; known {
		return let
	}
	matching, let := 0, true
	for i, object := range b.budgets {
		if object.Namespace == p.Namespace && b.selects[i].Matches(labels.Set(p.Labels)) {
			matching++
			let = let && object.Status.DisruptionsAllowed > 0
		}
	}
	let = let && matching < 2
	b.known[key] = let
	return let
}

func terminal(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}

// reschedulable reports whether a controller makes the pod anew once it is evicted.
func reschedulable(p *corev1.Pod) bool {
	owner := metav1.GetControllerOfNoCopy(p)
	return !terminal(p) && owner != nil && owner.Kind != "DaemonSet" && owner.Kind != "Node" &&
		(p.DeletionTimestamp == nil || owner.Kind == "StatefulSet")
}
