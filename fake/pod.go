package fake

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// Pod builds a pending pod in namespace default with one container that asks for nothing. Its UID is namespace/name.
// Requests that are missing are made of limits, as the API server does.
func Pod(name string, options ...PodOption) *corev1.Pod {
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceDefault},
		Spec: corev1.PodSpec{
			Containers:    []corev1.Container{{Name: "main", Image: "main"}},
			RestartPolicy: corev1.RestartPolicyAlways,
			SchedulerName: corev1.DefaultSchedulerName,
		},
		Status: corev1.PodStatus{Phase: corev1.PodPending},
	}
	for _, option := range options {
		option.applyPod(pod)
	}
	if pod.UID == "" {
		pod.UID = types.UID(pod.Namespace + "/" + pod.Name)
	}
	defaultRequests(pod.Spec.InitContainers)
	defaultRequests(pod.Spec.Containers)
	return pod.DeepCopy() // what options were made from stays the caller's
}

// Pods builds n pods called name-0 to name-(n-1) that share nothing.
func Pods(n int, name string, options ...PodOption) []*corev1.Pod {
	pods := make([]*corev1.Pod, n)
	for i := range pods {
		pods[i] = Pod(name+"-"+itoa(i), options...)
	}
	return pods
}

// DaemonPod builds the template pod of a DaemonSet, as Snapshot.DaemonPods wants it: it has the DaemonSet's name and is
// in namespace kube-system.
func DaemonPod(name string, options ...PodOption) *corev1.Pod {
	return Pod(name, append([]PodOption{Namespace(metav1.NamespaceSystem)}, options...)...)
}

// Labels sets several labels of the pod.
func Labels(labels map[string]string) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		for key, value := range labels {
			p.Labels = put(p.Labels, key, value)
		}
	})
}

// Requests is what the pod's container asks for. An empty quantity is left out.
func Requests(cpu, memory string) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		main := &p.Spec.Containers[0].Resources
		main.Requests = sized(main.Requests, cpu, memory)
	})
}

// Request is one more resource that the pod's container asks for. Devices need a [Limit] as well in a real cluster.
func Request(resource corev1.ResourceName, quantity string) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		main := &p.Spec.Containers[0].Resources
		main.Requests = set(main.Requests, resource, quantity)
	})
}

// Limits is what the pod's container may use. An empty quantity is left out.
func Limits(cpu, memory string) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		main := &p.Spec.Containers[0].Resources
		main.Limits = sized(main.Limits, cpu, memory)
	})
}

// Container adds a container that asks for so much.
func Container(cpu, memory string) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		p.Spec.Containers = append(p.Spec.Containers, container("container", len(p.Spec.Containers), cpu, memory))
	})
}

// InitContainer adds a container that runs to its end before the others start.
func InitContainer(cpu, memory string) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		p.Spec.InitContainers = append(p.Spec.InitContainers, container("init", len(p.Spec.InitContainers), cpu, memory))
	})
}

// Sidecar adds an init container that keeps running.
func Sidecar(cpu, memory string) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		sidecar := container("sidecar", len(p.Spec.InitContainers), cpu, memory)
		sidecar.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
		p.Spec.InitContainers = append(p.Spec.InitContainers, sidecar)
	})
}

// HostPort takes a TCP port of the node.
func HostPort(port int32) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		main := &p.Spec.Containers[0]
		main.Ports = append(main.Ports, corev1.ContainerPort{ContainerPort: port, HostPort: port, Protocol: corev1.ProtocolTCP})
	})
}

// Volume mounts the PersistentVolumeClaim with that name.
func Volume(claim string) PodOption {
	return PodFunc(func(p *corev1.Pod) {
		p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: claim, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
		}})
	})
}

// NodeSelector asks for a label of the node.
func NodeSelector(key, value string) PodOption {
	return PodFunc(func(p *corev1.Pod) { p.Spec.NodeSelector = put(p.Spec.NodeSelector, key, value) })
}

// Toleration lets the pod onto nodes with the taint. An empty value tolerates any value of the key, an empty effect any
// effect.
func Toleration(key, value string, effect corev1.TaintEffect) PodOption {
	toleration := corev1.Toleration{Key: key, Operator: corev1.TolerationOpEqual, Value: value, Effect: effect}
	if value == "" {
		toleration.Operator = corev1.TolerationOpExists
	}
	return PodFunc(func(p *corev1.Pod) { p.Spec.Tolerations = append(p.Spec.Tolerations, toleration) })
}

// Owner is the pod's controller, such as ReplicaSet web.
func Owner(kind, name string) PodOption {
	group, known := map[string]string{
		"ReplicaSet": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1", "Node": "v1",
	}[kind]
	if !known {
		group = "example.com/v1"
	}
	return PodFunc(func(p *corev1.Pod) {
		p.OwnerReferences = append(p.OwnerReferences, metav1.OwnerReference{
			APIVersion: group, Kind: kind, Name: name, UID: types.UID(kind + "/" + name), Controller: ptr.To(true),
		})
	})
}

// OnNode binds the pod to a node, where it runs.
func OnNode(node string) PodOption {
	return PodFunc(func(p *corev1.Pod) { p.Spec.NodeName, p.Status.Phase = node, corev1.PodRunning })
}

// Priority is the pod's priority.
func Priority(priority int32) PodOption {
	return PodFunc(func(p *corev1.Pod) { p.Spec.Priority = ptr.To(priority) })
}

// defaultRequests makes requests of limits where there are none, as the API server does.
func defaultRequests(containers []corev1.Container) {
	for i := range containers {
		resources := &containers[i].Resources
		for name, quantity := range resources.Limits {
			if _, stated := resources.Requests[name]; !stated {
				resources.Requests = set(resources.Requests, name, quantity.String())
			}
		}
	}
}

func container(name string, number int, cpu, memory string) corev1.Container {
	name += "-" + itoa(number)
	return corev1.Container{
		Name: name, Image: name, Resources: corev1.ResourceRequirements{Requests: sized(nil, cpu, memory)},
	}
}

// sized sets cpu and memory, those that are not empty.
func sized(list corev1.ResourceList, cpu, memory string) corev1.ResourceList {
	return set(set(list, corev1.ResourceCPU, cpu), corev1.ResourceMemory, memory)
}

func itoa(n int) string { return strconv.Itoa(n) }
