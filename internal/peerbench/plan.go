package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/oracle"
	kerf "github.com/kerf-autoscaler/kerf/scheduling"
)

// plan is Karpenter's answer in the form of a plan, each claim bought at its cheapest offering. Its bound is zero, and of
// pods left out it says nothing but that they are.
func (p *peer) plan(results scheduling.Results) (*kerf.Plan, error) {
	out := &kerf.Plan{}
	placed := map[types.NamespacedName]bool{}
	place := func(pods []*corev1.Pod, node string, isLaunch bool) []types.NamespacedName {
		var names []types.NamespacedName
		for _, pod := range pods {
			name := types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}
			placed[name] = true
			names = append(names, name)
			out.Assignments = append(out.Assignments, kerf.Assignment{Pod: name, Node: node, Launch: isLaunch})
		}
		slices.SortFunc(names, compareNames)
		return names
	}
	for _, node := range results.ExistingNodes {
		place(node.Pods, nameOfMachine(node.ProviderID()), false)
	}
	for i, claim := range results.NewNodeClaims {
		bought, ok := p.cheapest(claim)
		if !ok {
			return nil, fmt.Errorf("karpenter: a claim of pool %s has no offering that it admits", claim.NodePoolName)
		}
		l := kerf.Launch{
			Name: claim.NodePoolName + "-karpenter-" + strconv.Itoa(i+1), NodePool: claim.NodePoolName,
			Choices: []cloudprovider.Choice{bought.choice()}, InstanceTypes: []string{bought.source.Name},
		}
		node, err := nodeOf(claim, bought, l.Name)
		if err != nil {
			return nil, err
		}
		l.Node = node
		l.Pods = place(claim.Pods, l.Name, true)
		out.Launches = append(out.Launches, l)
	}
	for _, pod := range p.pods {
		name := types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}
		if !placed[name] {
			out.Unplaced = append(out.Unplaced, kerf.Unplaced{
				Pod: name, Verdict: kerf.NotEvaluated, Rejections: []kerf.Rejection{{Code: leftOut, Key: "Karpenter", Count: 1}},
			})
		}
	}
	slices.SortFunc(out.Assignments, func(a, b kerf.Assignment) int { return compareNames(a.Pod, b.Pod) })
	slices.SortFunc(out.Unplaced, func(a, b kerf.Unplaced) int { return compareNames(a.Pod, b.Pod) })
	return out, nil
}

// leftOut is the one reason that is given for pods that Karpenter leaves out.
const leftOut kerf.Code = "LeftOut"

func compareNames(a, b types.NamespacedName) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// nodeOf is the node that the claim becomes.
func nodeOf(claim *scheduling.NodeClaim, bought launch, name string) (*corev1.Node, error) {
	wanted, err := kerfSet(claim.Requirements)
	if err != nil {
		return nil, fmt.Errorf("karpenter: a claim of pool %s: %w", claim.NodePoolName, err)
	}
	labels := labelsOf(claim, wanted)
	maps.Copy(labels, bought.source.Labels(bought.offering, wanted))
	labels[corev1.LabelHostname] = name
	for old, today := range map[string]string{ // a kubelet sets both
		"beta.kubernetes.io/arch": corev1.LabelArchStable, "beta.kubernetes.io/os": corev1.LabelOSStable,
		corev1.LabelInstanceType: corev1.LabelInstanceTypeStable,
	} {
		if value, ok := labels[today]; ok {
			labels[old] = value
		}
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	node.Spec.Taints = claim.Spec.Taints
	node.Status.Capacity, node.Status.Allocatable = bought.source.Capacity, bought.source.Allocatable()
	return node, nil
}

// judge lists what is wrong with a plan. Of Karpenter's plans only what concerns pods, nodes and money is asked: the rest is
// what Kerf's plans say of themselves.
func judge(s *kerf.Snapshot, plan *kerf.Plan, own bool) []oracle.Violation {
	short := *plan
	short.Launches = slices.Clone(plan.Launches)
	for i := range short.Launches { // each further choice would be asked for each pod
		l := &short.Launches[i]
		if own && len(plan.Launches) <= 20 {
			continue
		}
		l.Choices, l.InstanceTypes = l.Choices[:1], []string{l.Offering().InstanceType}
	}
	return slices.DeleteFunc(oracle.Check(*s, &short), func(v oracle.Violation) bool {
		switch v.Rule {
		case oracle.Unsupported, oracle.InstanceTypes, oracle.MinValues:
			return true
		case oracle.DaemonPods, oracle.Requests, oracle.Answer, oracle.ChoiceHosts:
			return !own
		}
		return false
	})
}
