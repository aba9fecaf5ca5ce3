package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
)

const (
	karpenterV1 = "karpenter.sh/v1"
	kerfV1      = v1alpha1.DocumentGroup + "/" + v1alpha1.DocumentVersion
)

// workloadDaemons are six DaemonSets that ask for 350m CPU and 600Mi together and run on every node.
func workloadDaemons() []document {
	var out []document
	for i, milliCPU := range []int64{60, 58, 58, 58, 58, 58} {
		name := "node-agent-" + strconv.Itoa(i)
		labels := map[string]string{"app": name}
		out = append(out, &appsv1.DaemonSet{
			TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "DaemonSet"},
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceSystem},
			Spec: appsv1.DaemonSetSpec{
				Selector: &metav1.LabelSelector{MatchLabels: labels},
				Template: corev1.PodTemplateSpec{
					ObjectMeta: metav1.ObjectMeta{Labels: labels},
					Spec: corev1.PodSpec{
						Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
						Containers: []corev1.Container{{
							Name: "agent", Image: "agent",
							Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
								corev1.ResourceCPU:    *resource.NewMilliQuantity(milliCPU, resource.DecimalSI),
								corev1.ResourceMemory: resource.MustParse("100Mi"),
							}},
						}},
					},
				},
			},
		})
	}
	return out
}

// workloadCatalog reads catalogue F, S, G, or that of a file.
func workloadCatalog(workload string, options WorkloadOptions) ([]*v1alpha1.InstanceType, error) {
	var keep func(r csvRow, generation int) bool
	file := options.Catalog
	switch options.Catalog {
	case "", "F":
		keep = isCatalogF
	case "S":
		keep = isCatalogS
	case "G":
		keep = isCatalogG
	}
	if keep != nil {
		file = filepath.Join(catalogues(workload), "aws-allocatable.csv")
	}
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	types, err := readWorkloadCatalog(in, keep)
	if err == nil && len(types) == 0 {
		err = errors.New("has no instance type")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return thinOut(types, options.Types), nil
}

// thinOut keeps so many types, spread evenly over the list of their names. Zero: all.
func thinOut(types []*v1alpha1.InstanceType, keep int) []*v1alpha1.InstanceType {
	if keep == 0 || keep >= len(types) {
		return types
	}
	sorted := slices.SortedFunc(slices.Values(types), func(a, b *v1alpha1.InstanceType) int { return strings.Compare(a.Name, b.Name) })
	out := make([]*v1alpha1.InstanceType, keep)
	for i := range out {
		out[i] = sorted[i*len(sorted)/keep]
	}
	return out
}

// isCatalogF keeps the general, compute and memory families from generation 4 on, no bare metal.
func isCatalogF(r csvRow, generation int) bool {
	return slices.Contains([]string{"c", "m", "r"}, r.text("category")) && generation >= 4 && !isMetal(r)
}

// isCatalogS keeps one generation of each of them, up to 8xlarge.
func isCatalogS(r csvRow, _ int) bool {
	return slices.Contains([]string{"c7i", "c7g", "m7i", "m7g", "r7i", "r7g"}, r.text("family")) &&
		slices.Contains([]string{"medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge"}, r.text("size"))
}

// isCatalogG keeps the types of catalogue F and all with NVIDIA's GPUs (AMD's are Radeons), no bare metal.
func isCatalogG(r csvRow, generation int) bool {
	gpus, err := r.number("gpu")
	nvidia := (gpus > 0 || err != nil) && !strings.HasPrefix(r.text("gpu_kind"), "radeon")
	return isCatalogF(r, generation) || nvidia && !isMetal(r)
}

func isMetal(r csvRow) bool { return strings.HasPrefix(r.text("size"), "metal") }

// readWorkloadCatalog reads a catalogue with allocatable amounts, or an ordinary one, whose types keep nothing for the
// system. Every type is sold on demand in three zones.
func readWorkloadCatalog(in io.Reader, keep func(csvRow, int) bool) ([]*v1alpha1.InstanceType, error) {
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	if first, _, _ := bytes.Cut(data, []byte("\n")); !bytes.Contains(first, []byte("alloc_cpu_m")) {
		return ordinaryCatalog(data)
	}
	var out []*v1alpha1.InstanceType
	required := []string{"name", "arch", "vcpu", "memory_mib", "alloc_cpu_m", "alloc_mem_mib", "pods", "price_od"}
	err = readCSV(bytes.NewReader(data), required, func(r csvRow) error {
		generation, _ := strconv.Atoi(r.text("generation")) // 0 where there is none
		if keep != nil && !keep(r, generation) {
			return nil
		}
		n, err := r.numbers("vcpu", "memory_mib", "alloc_cpu_m", "alloc_mem_mib", "pods", "gpu", "price_od")
		if err != nil {
			return err
		}
		if n[6] == 0 {
			return nil
		}
		t := catalogType(r.text("name"), r.text("arch"), n[6])
		t.Spec.Capacity = machine(n[0]*1000, n[1], n[4], 0)
		haveGPUs(t, n[5], r.text("gpu_kind"))
		t.Spec.Overhead = machine(max(n[0]*1000-n[2], 0), max(n[1]-n[3], 0), 0, 0)
		delete(t.Spec.Overhead, corev1.ResourcePods)
		out = append(out, t)
		return nil
	})
	return out, err
}

func ordinaryCatalog(data []byte) ([]*v1alpha1.InstanceType, error) {
	types, err := readCatalogCSV(bytes.NewReader(data), nil, 0)
	if err != nil {
		return nil, err
	}
	var out []*v1alpha1.InstanceType
	for _, t := range types {
		for _, o := range t.Offerings {
			if o.CapacityType == v1.CapacityTypeOnDemand {
				made := catalogType(t.Name, t.Requirements.Labels()[corev1.LabelArchStable], o.Price)
				made.Spec.Capacity = t.Capacity
				gpus := t.Capacity[resourceGPU]
				haveGPUs(made, gpus.AsApproximateFloat64(), t.Requirements.Labels()[v1alpha1.LabelGPUKind])
				out = append(out, made)
				break
			}
		}
	}
	return out, nil
}

// catalogType is a type without its capacity.
func catalogType(name, arch string, price float64) *v1alpha1.InstanceType {
	t := &v1alpha1.InstanceType{
		TypeMeta:   metav1.TypeMeta{APIVersion: kerfV1, Kind: v1alpha1.KindInstanceType},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: linuxLabels(arch)},
	}
	nameLabels(t.Labels, name)
	for _, zone := range defaultZones() {
		t.Spec.Offerings = append(t.Spec.Offerings, v1alpha1.InstanceTypeOffering{
			Zone: zone, CapacityType: v1.CapacityTypeOnDemand, Price: ptr.To(price),
		})
	}
	return t
}

// WriteYAML writes the documents, so that others can load what was made of the CSV files.
func (w *Workload) WriteYAML(out io.Writer) error {
	for _, d := range w.documents {
		data, err := yaml.Marshal(d)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "---\n%s", data); err != nil {
			return err
		}
	}
	return nil
}
