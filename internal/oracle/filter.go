package oracle

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	podresources "k8s.io/component-helpers/resource"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// The filters of the scheduler's default profile, as far as the oracle judges them.

// reason is one way in which a host turns a pod away.
type reason struct {
	code scheduling.Code
	key  string
}

func name(pod *corev1.Pod) types.NamespacedName {
	return types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}
}

// amount is a quantity as the scheduler counts it: millicores of cpu, whole units of anything else, rounded up.
func amount(list corev1.ResourceList, resource corev1.ResourceName) int64 {
	q := list[resource]
	if resource == corev1.ResourceCPU {
		return q.MilliValue()
	}
	return q.Value()
}

// requests is what the pod asks for, without its pod slot. A resource of which it asks for none is not in the list.
func (w *world) requests(pod *corev1.Pod) map[corev1.ResourceName]int64 {
	if known, ok := w.asked[pod]; ok {
		return known
	}
	list := podresources.PodRequests(pod, podresources.PodResourcesOptions{
		UseStatusResources: true, InPlacePodLevelResourcesVerticalScalingEnabled: true,
	})
	out := map[corev1.ResourceName]int64{}
	for resource := range list {
		if n := amount(list, resource); n > 0 && resource != corev1.ResourcePods {
			out[resource] = n
		}
	}
	w.asked[pod] = out
	return out
}

// lacking lists the resources of which a node with that allocatable and those other pods has too little for the pod.
func (w *world) lacking(allocatable corev1.ResourceList, others []*corev1.Pod, pod *corev1.Pod) []corev1.ResourceName {
	var out []corev1.ResourceName
	if int64(len(others))+1 > amount(allocatable, corev1.ResourcePods) {
		out = append(out, corev1.ResourcePods)
	}
	for resource, want := range w.requests(pod) {
		used := int64(0)
		for _, other := range others {
			used += w.requests(other)[resource]
		}
		if want > amount(allocatable, resource)-used {
			out = append(out, resource)
		}
	}
	slices.Sort(out)
	return out
}

// untolerated is the first taint of the node that keeps pods with those tolerations away. Taints that only ask pods to
// stay away do not count. Tolerations that compare numbers are a feature that is off by default and match nothing.
func untolerated(node *corev1.Node, tolerations []corev1.Toleration) (corev1.Taint, bool) {
	taints := slices.Clone(node.Spec.Taints)
	if node.Spec.Unschedulable {
		taints = append(taints, corev1.Taint{Key: "node.kubernetes.io/unschedulable", Effect: corev1.TaintEffectNoSchedule})
	}
	for _, taint := range taints {
		if taint.Effect != corev1.TaintEffectNoSchedule && taint.Effect != corev1.TaintEffectNoExecute {
			continue
		}
		if !tolerates(tolerations, taint) {
			return taint, true
		}
	}
	return corev1.Taint{}, false
}

// tolerates reports whether one of the tolerations covers the taint.
func tolerates(tolerations []corev1.Toleration, taint corev1.Taint) bool {
	for _, t := range tolerations {
		if t.ToleratesTaint(klog.Logger{}, &taint, false) {
			return true
		}
	}
	return false
}

// matches reports whether the pod's node selector and required node affinity admit the node.
func matches(pod *corev1.Pod, node *corev1.Node) bool {
	ok, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node)
	return ok && err == nil
}

// conflictKey is a key for the conflict between a pod and a node: the first label of the node selector that differs, or
// "nodeAffinity".
func conflictKey(pod *corev1.Pod, node *corev1.Node) string {
	for _, key := range slices.Sorted(mapKeys(pod.Spec.NodeSelector)) {
		if have, ok := node.Labels[key]; !ok || have != pod.Spec.NodeSelector[key] {
			return key
		}
	}
	return "nodeAffinity"
}

// turnedAway lists every reason for which a host turns the pod away, everything else of the world staying where it is.
// Empty when the pod may run there. The pod itself, if it is on a host, does not count.
func (w *world) turnedAway(pod *corev1.Pod, h *host) []reason {
	var out []reason
	if h.leaving {
		out = append(out, reason{"Leaving", h.node.Name})
	}
	if taint, bad := untolerated(h.node, pod.Spec.Tolerations); bad {
		out = append(out, reason{scheduling.UntoleratedTaint, taint.ToString()})
	}
	if !matches(pod, h.node) {
		out = append(out, reason{scheduling.RequirementConflict, conflictKey(pod, h.node)})
	}
	return append(out, w.crowdedOut(pod, h)...)
}

// crowdedOut lists the reasons that have to do with what else is there: on the host or elsewhere.
func (w *world) crowdedOut(pod *corev1.Pod, h *host) []reason {
	var out []reason
	others := without(h.pods(), pod)
	for _, resource := range w.lacking(h.node.Status.Allocatable, others, pod) {
		out = append(out, reason{scheduling.InsufficientResource, string(resource)})
	}
	for _, other := range others {
		if port := clash(pod, other); port != "" {
			out = append(out, reason{scheduling.HostPortInUse, port})
		}
	}
	out = append(out, w.excluded(pod, h)...)
	out = append(out, w.lonely(pod, h)...)
	out = append(out, w.skewed(pod, h)...)
	return append(out, w.volumeReasons(pod, h)...)
}

// clash names a port of the host that both pods want, empty when there is none. A port without an address is wanted on
// all addresses; one without a protocol is TCP. Init containers count if they keep running.
func clash(a, b *corev1.Pod) string {
	for _, p := range heldPorts(a) {
		for _, q := range heldPorts(b) {
			sameAddress := p.HostIP == q.HostIP || p.HostIP == "0.0.0.0" || q.HostIP == "0.0.0.0"
			if p.HostPort == q.HostPort && p.Protocol == q.Protocol && sameAddress {
				return fmt.Sprintf("%s:%d/%s", p.HostIP, p.HostPort, p.Protocol)
			}
		}
	}
	return ""
}

func heldPorts(pod *corev1.Pod) []corev1.ContainerPort {
	containers := slices.Clone(pod.Spec.Containers)
	for _, c := range pod.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			containers = append(containers, c)
		}
	}
	var out []corev1.ContainerPort
	for _, c := range containers {
		for _, p := range c.Ports {
			if p.HostPort == 0 {
				continue
			}
			if p.HostIP == "" {
				p.HostIP = "0.0.0.0"
			}
			if p.Protocol == "" {
				p.Protocol = corev1.ProtocolTCP
			}
			out = append(out, p)
		}
	}
	return out
}
