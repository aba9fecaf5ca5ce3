package scheduling

import (
	"hash/maphash"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// print128 tells pods apart. Two pods with one print are taken to be alike; with 128 bits and a fresh seed per Problem
// that is wrong less often than memory is.
type print128 struct{ a, b uint64 }

// printer computes prints. Its seeds are drawn anew for each Problem, and no print ever reaches a plan.
type printer struct{ a, b maphash.Seed }

func newPrinter() printer { return printer{maphash.MakeSeed(), maphash.MakeSeed()} }

const (
	oddA = 0x9e3779b97f4a7c15
	oddB = 0xc2b2ae3d27d4eb4f
)

// number mixes a number into the print; the order of calls counts.
func (h print128) number(n uint64) print128 {
	a := (h.a ^ n) * oddA
	b := (h.b ^ (n + 0x165667b19e3779f9)) * oddB
	return print128{a ^ a>>29, b ^ b>>31}
}

// plus adds two prints so that the order of additions does not count: for maps.
func (h print128) plus(o print128) print128 { return print128{h.a + o.a, h.b + o.b} }

func (h print128) join(o print128) print128 {
	a := (h.a ^ o.a) * oddA
	b := (h.b ^ o.b) * oddB
	return print128{a ^ a>>29, b ^ b>>31}
}

func (x printer) text(s string) print128 {
	if s == "" {
		return print128{}
	}
	return print128{maphash.String(x.a, s), maphash.String(x.b, s)}
}

func (x printer) labels(m map[string]string) print128 {
	var h print128
	for k, v := range m {
		h = h.plus(x.text(k).join(x.text(v)).number(1))
	}
	return h.number(uint64(len(m)))
}

func (x printer) resources(list corev1.ResourceList) print128 {
	var h print128
	for name, q := range list {
		h = h.plus(x.text(string(name)).number(uint64(q.Value())).number(uint64(q.MilliValue())))
	}
	return h.number(uint64(len(list)))
}

func (x printer) texts(list []string) print128 {
	h := print128{}.number(uint64(len(list)))
	for _, s := range list {
		h = h.join(x.text(s))
	}
	return h
}

func (x printer) tolerations(list []corev1.Toleration) print128 {
	h := print128{}.number(uint64(len(list)))
	for i := range list {
		t := &list[i]
		h = h.join(x.text(t.Key)).join(x.text(string(t.Operator))).join(x.text(t.Value)).join(x.text(string(t.Effect)))
	}
	return h
}

func (x printer) nodeTerms(h print128, list []corev1.NodeSelectorRequirement) print128 {
	h = h.number(uint64(len(list)))
	for i := range list {
		r := &list[i]
		h = h.join(x.text(r.Key)).join(x.text(string(r.Operator))).join(x.texts(r.Values))
	}
	return h
}

// nodeAffinity prints node selector and required node affinity: all that restricts nodes by label or name.
func (x printer) nodeAffinity(spec *corev1.PodSpec) print128 {
	h := x.labels(spec.NodeSelector)
	if spec.Affinity == nil || spec.Affinity.NodeAffinity == nil {
		return h
	}
	required := spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if required == nil {
		return h
	}
	h = h.number(uint64(len(required.NodeSelectorTerms)) + 1)
	for i := range required.NodeSelectorTerms {
		term := &required.NodeSelectorTerms[i]
		h = x.nodeTerms(h, term.MatchExpressions)
		h = x.nodeTerms(h, term.MatchFields)
	}
	return h
}

func (x printer) selector(s *metav1.LabelSelector) print128 {
	if s == nil {
		return print128{}
	}
	h := x.labels(s.MatchLabels).number(uint64(len(s.MatchExpressions)) + 1)
	for i := range s.MatchExpressions {
		r := &s.MatchExpressions[i]
		h = h.join(x.text(r.Key)).join(x.text(string(r.Operator))).join(x.texts(r.Values))
	}
	return h
}

// values prints the pod's own values of the keys.
func (x printer) values(h print128, pod *corev1.Pod, keys []string) print128 {
	for _, key := range keys {
		value, has := pod.Labels[key]
		h = h.join(x.text(key)).join(x.text(value))
		if has {
			h = h.number(1)
		}
	}
	return h
}

func (x printer) weighted(h print128, pod *corev1.Pod, terms []corev1.WeightedPodAffinityTerm) print128 {
	for i := range terms {
		h = x.podTerms(h.number(uint64(terms[i].Weight)), pod, []corev1.PodAffinityTerm{terms[i].PodAffinityTerm})
	}
	return h
}

func (x printer) podTerms(h print128, pod *corev1.Pod, terms []corev1.PodAffinityTerm) print128 {
	h = h.number(uint64(len(terms)))
	for i := range terms {
		t := &terms[i]
		h = h.join(x.selector(t.LabelSelector)).join(x.selector(t.NamespaceSelector)).join(x.text(t.TopologyKey))
		h = h.join(x.texts(t.Namespaces)).join(x.texts(t.MatchLabelKeys)).join(x.texts(t.MismatchLabelKeys))
		h = x.values(x.values(h, pod, t.MatchLabelKeys), pod, t.MismatchLabelKeys)
	}
	return h
}

// spreads prints topology spread constraints.
func (x printer) spreads(h print128, pod *corev1.Pod, list []corev1.TopologySpreadConstraint) print128 {
	for i := range list {
		c := &list[i]
		h = h.join(x.selector(c.LabelSelector)).join(x.text(c.TopologyKey)).number(uint64(c.MaxSkew)).join(x.text(string(c.WhenUnsatisfiable)))
		h = x.values(h.join(x.texts(c.MatchLabelKeys)), pod, c.MatchLabelKeys)
		if c.MinDomains != nil {
			h = h.number(uint64(*c.MinDomains) + 1)
		}
		for _, policy := range []*corev1.NodeInclusionPolicy{c.NodeAffinityPolicy, c.NodeTaintsPolicy} {
			if policy != nil {
				h = h.join(x.text(string(*policy)))
			}
			h = h.number(3)
		}
	}
	return h
}

func (x printer) containers(h print128, list []corev1.Container) print128 {
	h = h.number(uint64(len(list)))
	for i := range list {
		c := &list[i]
		h = h.join(x.resources(c.Resources.Requests))
		if c.RestartPolicy != nil {
			h = h.join(x.text(string(*c.RestartPolicy)))
		}
		for j := range c.Ports {
			if p := &c.Ports[j]; p.HostPort != 0 {
				h = h.join(x.text(p.HostIP)).join(x.text(string(p.Protocol))).number(uint64(p.HostPort))
			}
		}
	}
	return h
}

// asks prints all that decides what a running pod takes of its node: what requests looks at.
func (x printer) asks(pod *corev1.Pod) print128 {
	h := x.containers(print128{}, pod.Spec.Containers)
	h = x.containers(h, pod.Spec.InitContainers)
	h = h.join(x.resources(pod.Spec.Overhead))
	if r := pod.Spec.Resources; r != nil {
		h = h.number(1).join(x.resources(r.Requests))
	}
	h = x.actual(h, pod.Spec.Containers, pod.Status.ContainerStatuses)
	h = x.actual(h, pod.Spec.InitContainers, pod.Status.InitContainerStatuses)
	if r := pod.Status.Resources; r != nil {
		h = h.number(2).join(x.resources(r.Requests))
	}
	h = h.join(x.resources(pod.Status.AllocatedResources))
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == corev1.PodResizePending {
			h = h.number(3).join(x.text(c.Reason))
		}
	}
	return h
}

// actual prints what the kubelet says that containers have, which counts while they are resized.
func (x printer) actual(h print128, containers []corev1.Container, list []corev1.ContainerStatus) print128 {
	for i := range list {
		s := &list[i]
		if s.Resources == nil && s.AllocatedResources == nil {
			continue
		}
		h = h.join(x.text(s.Name)).join(x.resources(s.AllocatedResources))
		if s.Resources != nil {
			h = h.number(4).join(x.resources(s.Resources.Requests))
		}
		for j := range containers {
			if containers[j].Name == s.Name {
				h = h.number(uint64(j))
			}
		}
	}
	return h
}

// spec prints all of a waiting pod's spec that can decide where it may run, its labels apart. spreads are the topology
// spread constraints that hold for it.
func (x printer) spec(pod *corev1.Pod, spreads []corev1.TopologySpreadConstraint) print128 {
	spec := &pod.Spec
	h := x.nodeAffinity(spec).join(x.tolerations(spec.Tolerations)).number(uint64(priority(pod)))
	h = x.containers(h, spec.Containers)
	h = x.containers(h, spec.InitContainers)
	if spec.Resources != nil {
		h = h.join(x.resources(spec.Resources.Requests))
	}
	h = h.join(x.resources(spec.Overhead))
	if a := spec.Affinity; a != nil {
		if a.NodeAffinity != nil {
			for i := range a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
				p := &a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution[i]
				h = x.nodeTerms(x.nodeTerms(h.number(uint64(p.Weight)), p.Preference.MatchExpressions), p.Preference.MatchFields)
			}
		}
		if a.PodAffinity != nil {
			h = x.podTerms(h, pod, a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution).number(1)
			h = x.weighted(h, pod, a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution).number(1)
		}
		if a.PodAntiAffinity != nil {
			h = x.podTerms(h, pod, a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution).number(2)
			h = x.weighted(h, pod, a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution).number(2)
		}
		if a.PodAffinity != nil || a.PodAntiAffinity != nil {
			h = h.join(x.text(pod.Namespace))
		}
	}
	if len(spreads) > 0 {
		h = x.spreads(h.join(x.text(pod.Namespace)), pod, spreads)
	}
	return h.join(x.text(unsupportedFeature(spec)))
}
