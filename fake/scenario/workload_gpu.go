package scenario

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
)

const (
	// resourceMilliGPU is shares of GPUs, in thousandths, and the key of the taint of nodes that have them.
	resourceMilliGPU corev1.ResourceName = v1alpha1.DocumentGroup + "/milli-gpu"

	generalPool = "general"
	gpuPool     = "gpu"
)

// gpuKindOf is the kind of GPU in AWS's catalogue that stands for a kind of the column gpu_kind, as the table of
// [LoadWorkload] says.
func gpuKindOf(kind string) (string, bool) {
	switch kind {
	case "P100", "T4":
		return "t4", true
	case "V100M16", "V100M32":
		return "v100", true
	case "A10":
		return "a10g", true
	case "G2":
		return "l40s", true
	case "G3":
		return "h100", true
	}
	return "", false
}

// readGPUs reads the columns gpu, gpu_milli and gpu_kind.
func (row *workloadRow) readGPUs(r csvRow) error {
	n, err := r.numbers("gpu", "gpu_milli")
	if err != nil {
		return err
	}
	gpus, share := n[0], n[1]
	switch {
	case gpus > 1000 || share > 1000:
		return fmt.Errorf("line %d: gpu and gpu_milli must be at most 1000, are %v and %v", r.line, gpus, share)
	case gpus == 0:
		return nil
	case gpus > 1 || share == 0:
		share = 1000
	}
	row.milliGPU = int64(gpus * share)
	text := r.text("gpu_kind")
	if text == "" {
		return nil
	}
	for kind := range strings.SplitSeq(text, "|") {
		ours, ok := gpuKindOf(kind)
		if !ok {
			return fmt.Errorf("line %d: gpu_kind: unknown kind %q", r.line, kind)
		}
		row.gpuKinds = append(row.gpuKinds, ours)
	}
	slices.Sort(row.gpuKinds)
	row.gpuKinds = slices.Compact(row.gpuKinds)
	return nil
}

// askForGPUs makes a pod ask for its share and tolerate the taint of nodes with GPUs.
func (row workloadRow) askForGPUs(spec *corev1.PodSpec) {
	share := *resource.NewQuantity(row.milliGPU, resource.DecimalSI)
	asked := &spec.Containers[0].Resources
	asked.Requests[resourceMilliGPU] = share
	asked.Limits = corev1.ResourceList{resourceMilliGPU: share}
	spec.Tolerations = []corev1.Toleration{{Key: string(resourceMilliGPU), Operator: corev1.TolerationOpExists}}
	if len(row.gpuKinds) > 0 {
		spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{
					{Key: v1alpha1.LabelGPUKind, Operator: corev1.NodeSelectorOpIn, Values: row.gpuKinds},
				},
			}}},
		}}
	}
}

// haveGPUs says how many GPUs of which kind a type has, and which pool launches it.
func haveGPUs(t *v1alpha1.InstanceType, gpus float64, kind string) {
	delete(t.Spec.Capacity, resourceGPU)
	if gpus == 0 {
		t.Spec.NodePools = []string{generalPool}
		return
	}
	t.Spec.NodePools = []string{gpuPool}
	t.Spec.Capacity[resourceMilliGPU] = *resource.NewQuantity(int64(gpus)*1000, resource.DecimalSI)
	if kind != "" {
		t.Labels[v1alpha1.LabelGPUKind] = strings.TrimPrefix(kind, "nvidia-")
	}
}

// workloadPools are a pool that may launch anything on demand, and one more for types with GPUs if there are any.
func workloadPools(types []*v1alpha1.InstanceType) []document {
	out := []document{workloadPool(generalPool)}
	if slices.ContainsFunc(types, func(t *v1alpha1.InstanceType) bool { return slices.Contains(t.Spec.NodePools, gpuPool) }) {
		pool := workloadPool(gpuPool)
		pool.Spec.Template.Spec.Taints = []corev1.Taint{{Key: string(resourceMilliGPU), Effect: corev1.TaintEffectNoSchedule}}
		out = append(out, pool)
	}
	return out
}

// workloadPool is a pool that launches on demand.
func workloadPool(name string) *v1.NodePool {
	pool := &v1.NodePool{}
	pool.APIVersion, pool.Kind, pool.Name = karpenterV1, "NodePool", name
	pool.Spec.Template.Spec.NodeClassRef = anyNodeClass()
	pool.Spec.Template.Spec.Requirements = []v1.NodeRequirement{
		{Key: v1.CapacityTypeLabelKey, Operator: corev1.NodeSelectorOpIn, Values: []string{v1.CapacityTypeOnDemand}},
	}
	return pool
}
