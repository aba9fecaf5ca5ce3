package scenario

import (
	"maps"
	"math"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podresources "k8s.io/component-helpers/resource"
	"k8s.io/utils/ptr"

	"github.com/kerf-autoscaler/kerf/apis/autoscaling"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// buffers makes the virtual pods of the CapacityBuffers: room that is asked for ahead of the pods that will use it.
func (e *expansion) buffers(place func(origin, *corev1.Pod)) {
	for _, b := range e.world.buffers {
		autoscaling.SetDefaultsCapacityBuffer(b.object)
		if errs := autoscaling.ValidateCapacityBuffer(b.object); len(errs) > 0 {
			e.world.problems.addFields(b.origin, errs)
			continue
		}
		if *b.object.Spec.ProvisioningStrategy != autoscaling.StrategyActiveCapacity {
			continue
		}
		template, replicas, ok := e.bufferTemplate(b)
		if !ok {
			continue
		}
		base := virtualPod(b, template)
		e.complete(b.origin, "template.", &base)
		n := chunks(b.object, replicas, &base)
		if e.made+n > maxPods {
			e.world.problems.add(errTooManyPods)
			return
		}
		for i := 1; i <= n; i++ {
			pod := base
			pod.Name = "capacity-buffer-" + b.name + "-" + strconv.Itoa(i)
			pod.UID = makeUID("Pod", pod.Namespace, pod.Name)
			if !e.register(b.origin, &pod) {
				break
			}
			place(b.origin, &pod)
		}
	}
}

// bufferTemplate is the template of the buffer's chunks, and how many replicas the workload behind it has.
func (e *expansion) bufferTemplate(b found[*autoscaling.CapacityBuffer]) (*corev1.PodTemplateSpec, int, bool) {
	spec := &b.object.Spec
	if ref := spec.PodTemplateRef; ref != nil {
		key := b.namespaced()
		key.Name = ref.Name
		t, known := e.world.templates[key]
		if !known {
			e.world.problems.add(b.errorf("spec.podTemplateRef.name", "names PodTemplate %s, which no document declares", key))
			return nil, 0, false
		}
		return &t.Template, 0, true
	}
	ref := spec.ScalableRef
	if ref == nil {
		return nil, 0, false
	}
	for i := range e.world.workloads {
		load := &e.world.workloads[i]
		if load.template != nil && load.kind != "Job" && load.kind == ref.Kind && load.name == ref.Name && load.namespace == b.namespace {
			return load.template, load.count, true
		}
	}
	e.world.problems.add(b.errorf("spec.scalableRef", "names %s %s/%s, which no document declares", ref.Kind, b.namespace, ref.Name))
	return nil, 0, false
}

// virtualPod is a chunk without its name. It holds room and no volumes.
func virtualPod(b found[*autoscaling.CapacityBuffer], template *corev1.PodTemplateSpec) corev1.Pod {
	pod := corev1.Pod{Spec: template.Spec}
	pod.Namespace, pod.Labels, pod.Annotations = b.namespace, template.Labels, maps.Clone(template.Annotations)
	metav1.SetMetaDataAnnotation(&pod.ObjectMeta, v1.CapacityBufferFakePodAnnotationKey, "true")
	pod.Spec.NodeName = ""
	pod.Spec.Priority = ptr.To[int32](math.MinInt32)
	pod.Spec.Volumes = nil
	for _, v := range template.Spec.Volumes {
		if v.PersistentVolumeClaim == nil && v.Ephemeral == nil {
			pod.Spec.Volumes = append(pod.Spec.Volumes, v)
		}
	}
	return pod
}

// chunks is how many virtual pods the buffer asks for: the larger of its replicas and its share of the workload's, and
// no more than its limits hold. Limits alone ask for as many as they hold.
func chunks(b *autoscaling.CapacityBuffer, replicas int, pod *corev1.Pod) int {
	spec := &b.Spec
	wanted, stated := int64(0), false
	if spec.Replicas != nil {
		wanted, stated = int64(*spec.Replicas), true
	}
	if spec.Percentage != nil && spec.ScalableRef != nil {
		stated = true
		wanted = max(wanted, (int64(replicas)*int64(*spec.Percentage)+99)/100)
	}
	fit, limited := int64(math.MaxInt64), false
	requests := podresources.PodRequests(pod, podresources.PodResourcesOptions{})
	for name, limit := range spec.Limits {
		if request, ok := requests[name]; ok && request.Sign() > 0 {
			limited = true
			fit = min(fit, max(int64(limit.AsApproximateFloat64()/request.AsApproximateFloat64()+1e-9), 0))
		}
	}
	switch {
	case stated && limited:
		return int(min(wanted, fit))
	case stated:
		return int(wanted)
	case limited:
		return int(min(fit, maxPods+1))
	}
	return 0
}
