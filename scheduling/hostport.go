package scheduling

import (
	"cmp"
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// hostPort is a port of the host that a pod occupies while it runs. Two pods that occupy the same exclude each other from
// a host, in the same way as anti-affinity does, so each distinct port is one term beside those of anti-affinity: a pod
// owns the terms of its ports and is selected by those that clash with one of them.
type hostPort struct {
	ip, protocol string
	port         int32
}

// everyAddress is the address that clashes with all others, as the scheduler has it.
const everyAddress = "0.0.0.0"

// clashes reports whether the scheduler keeps two pods with these ports apart.
func (h hostPort) clashes(o hostPort) bool {
	return h.port == o.port && h.protocol == o.protocol && (h.ip == o.ip || h.ip == everyAddress || o.ip == everyAddress)
}

func (h hostPort) String() string { return h.ip + ":" + strconv.Itoa(int(h.port)) + "/" + h.protocol }

// hostPorts are the ports that the pod occupies as long as it runs: those of its containers and sidecars.
func hostPorts(pod *corev1.Pod) []hostPort {
	var out []hostPort
	add := func(c *corev1.Container) {
		for i := range c.Ports {
			if p := &c.Ports[i]; p.HostPort > 0 {
				out = append(out, hostPort{
					ip: cmp.Or(p.HostIP, everyAddress), protocol: cmp.Or(string(p.Protocol), string(corev1.ProtocolTCP)), port: p.HostPort,
				})
			}
		}
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			add(c)
		}
	}
	for i := range pod.Spec.Containers {
		add(&pod.Spec.Containers[i])
	}
	return out
}

// addPorts notes a term for each port of the pod.
func (t *terms) addPorts(x printer, pod *corev1.Pod) []int32 {
	var owned []int32
	for _, port := range hostPorts(pod) {
		owned = append(owned, t.antiTerm(x, t.matcher(x, matcher{port: &port}), corev1.LabelHostname))
	}
	return owned
}

// clashesWith reports whether the pod occupies a port that clashes with this one.
func (h *hostPort) clashesWith(pod *corev1.Pod) bool {
	for _, port := range hostPorts(pod) {
		if port.clashes(*h) {
			return true
		}
	}
	return false
}
