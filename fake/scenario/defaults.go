package scenario

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// complete fills in what the API server would have, as far as scheduling depends on it, and reports requests below
// zero. prefix is where the pod's spec is in its document, with a dot behind it.
func (e *expansion) complete(o origin, prefix string, pod *corev1.Pod) {
	spec := &pod.Spec
	if spec.SchedulerName == "" {
		spec.SchedulerName = corev1.DefaultSchedulerName
	}
	if len(spec.Containers) == 0 {
		e.world.problems.add(o.errorf(prefix+"spec.containers", "must not be empty"))
	}
	for i := range spec.InitContainers {
		completeContainer(&spec.InitContainers[i], spec.HostNetwork)
		e.checkContainer(o, fmt.Sprintf("%sspec.initContainers[%d]", prefix, i), &spec.InitContainers[i])
	}
	for i := range spec.Containers {
		completeContainer(&spec.Containers[i], spec.HostNetwork)
		e.checkContainer(o, fmt.Sprintf("%sspec.containers[%d]", prefix, i), &spec.Containers[i])
	}
	if spec.Resources != nil {
		e.checkAmounts(o, prefix+"spec.resources.requests", spec.Resources.Requests)
		e.checkAmounts(o, prefix+"spec.resources.limits", spec.Resources.Limits)
	}
	e.checkAmounts(o, prefix+"spec.overhead", spec.Overhead)
	e.completePriority(spec)
	mergeLabelKeys(pod)
}

func completeContainer(c *corev1.Container, hostNetwork bool) {
	for name, limit := range c.Resources.Limits {
		if _, stated := c.Resources.Requests[name]; stated {
			continue
		}
		if c.Resources.Requests == nil {
			c.Resources.Requests = make(corev1.ResourceList, len(c.Resources.Limits))
		}
		c.Resources.Requests[name] = limit
	}
	for i := range c.Ports {
		port := &c.Ports[i]
		if port.Protocol == "" {
			port.Protocol = corev1.ProtocolTCP
		}
		if hostNetwork && port.HostPort == 0 {
			port.HostPort = port.ContainerPort
		}
	}
}

func (e *expansion) checkContainer(o origin, path string, c *corev1.Container) {
	e.checkAmounts(o, path+".resources.limits", c.Resources.Limits)
	e.checkAmounts(o, path+".resources.requests", c.Resources.Requests)
}

func (e *expansion) checkAmounts(o origin, path string, list corev1.ResourceList) {
	e.world.checkAmounts(o, path, list)
}

// checkAmounts reports amounts below zero.
func (w *world) checkAmounts(o origin, path string, list corev1.ResourceList) {
	for _, name := range slices.Sorted(maps.Keys(list)) {
		if q := list[name]; q.Sign() < 0 {
			w.problems.add(o.errorf(fmt.Sprintf("%s[%s]", path, name), "must not be negative, is %s", q.String()))
		}
	}
}

// completePriority gives the pod the priority of its class, or of the default class when it names none. A class that no
// document declares leaves the priority as it is: nothing here depends on it.
func (e *expansion) completePriority(spec *corev1.PodSpec) {
	if spec.Priority != nil {
		return
	}
	class := e.defaultClass
	if spec.PriorityClassName != "" {
		class = e.classes[spec.PriorityClassName]
	}
	if class == nil {
		return
	}
	value := class.Value
	spec.Priority = &value
	spec.PriorityClassName = class.Name
	if spec.PreemptionPolicy == nil {
		spec.PreemptionPolicy = class.PreemptionPolicy
	}
}

// priorityClasses are those of the documents and the two that every cluster has, by name, and the default one.
func priorityClasses(declared []*schedulingv1.PriorityClass) (map[string]*schedulingv1.PriorityClass, *schedulingv1.PriorityClass) {
	const highest = 2_000_000_000
	builtIn := func(name string, value int32) *schedulingv1.PriorityClass {
		return &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Value: value}
	}
	classes := map[string]*schedulingv1.PriorityClass{
		"system-cluster-critical": builtIn("system-cluster-critical", highest),
		"system-node-critical":    builtIn("system-node-critical", highest+1000),
	}
	var byDefault *schedulingv1.PriorityClass
	for _, c := range declared {
		classes[c.Name] = c
		if c.GlobalDefault && (byDefault == nil || c.Value < byDefault.Value) {
			byDefault = c
		}
	}
	return classes, byDefault
}

// mergeLabelKeys writes matchLabelKeys and mismatchLabelKeys into the selectors that they belong to. It leaves alone what
// the pod's spec points to and replaces it by copies.
func mergeLabelKeys(pod *corev1.Pod) {
	spec := &pod.Spec
	if slices.ContainsFunc(spec.TopologySpreadConstraints, func(c corev1.TopologySpreadConstraint) bool { return len(c.MatchLabelKeys) > 0 }) {
		spec.TopologySpreadConstraints = slices.Clone(spec.TopologySpreadConstraints)
		for i := range spec.TopologySpreadConstraints {
			c := &spec.TopologySpreadConstraints[i]
			c.LabelSelector = mergedSelector(pod.Labels, c.LabelSelector, c.MatchLabelKeys, nil)
		}
	}
	if spec.Affinity == nil || !slices.ContainsFunc(podTerms(spec.Affinity), func(t *corev1.PodAffinityTerm) bool {
		return len(t.MatchLabelKeys) > 0 || len(t.MismatchLabelKeys) > 0
	}) {
		return
	}
	affinity := *spec.Affinity
	if near := affinity.PodAffinity; near != nil {
		affinity.PodAffinity = &corev1.PodAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution:  slices.Clone(near.RequiredDuringSchedulingIgnoredDuringExecution),
			PreferredDuringSchedulingIgnoredDuringExecution: slices.Clone(near.PreferredDuringSchedulingIgnoredDuringExecution),
		}
	}
	if apart := affinity.PodAntiAffinity; apart != nil {
		affinity.PodAntiAffinity = &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution:  slices.Clone(apart.RequiredDuringSchedulingIgnoredDuringExecution),
			PreferredDuringSchedulingIgnoredDuringExecution: slices.Clone(apart.PreferredDuringSchedulingIgnoredDuringExecution),
		}
	}
	for _, t := range podTerms(&affinity) {
		t.LabelSelector = mergedSelector(pod.Labels, t.LabelSelector, t.MatchLabelKeys, t.MismatchLabelKeys)
	}
	spec.Affinity = &affinity
}

// podTerms are all terms of pod affinity and anti-affinity, required and preferred.
func podTerms(a *corev1.Affinity) []*corev1.PodAffinityTerm {
	var out []*corev1.PodAffinityTerm
	collect := func(required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm) {
		for i := range required {
			out = append(out, &required[i])
		}
		for i := range preferred {
			out = append(out, &preferred[i].PodAffinityTerm)
		}
	}
	if p := a.PodAffinity; p != nil {
		collect(p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if p := a.PodAntiAffinity; p != nil {
		collect(p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	return out
}

// mergedSelector is the selector with a condition for each key that the labels have. Conditions that are there already
// are not repeated. A nil selector stays nil.
func mergedSelector(labels map[string]string, s *metav1.LabelSelector, match, mismatch []string) *metav1.LabelSelector {
	if s == nil || len(match)+len(mismatch) == 0 {
		return s
	}
	out := &metav1.LabelSelector{MatchLabels: s.MatchLabels, MatchExpressions: slices.Clone(s.MatchExpressions)}
	add := func(keys []string, operator metav1.LabelSelectorOperator) {
		for _, key := range keys {
			value, ok := labels[key]
			there := slices.ContainsFunc(out.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool {
				return r.Key == key && r.Operator == operator && len(r.Values) == 1 && r.Values[0] == value
			})
			if ok && !there {
				out.MatchExpressions = append(out.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: operator, Values: []string{value}})
			}
		}
	}
	add(match, metav1.LabelSelectorOpIn)
	add(mismatch, metav1.LabelSelectorOpNotIn)
	return out
}
