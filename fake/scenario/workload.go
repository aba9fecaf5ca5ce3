package scenario

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
)

// What [LoadWorkload] can leave out.
const (
	// WithoutZoneSpread ignores zone_max_skew.
	WithoutZoneSpread = "zone-spread"
	// WithoutPerNode ignores max_per_node.
	WithoutPerNode = "per-node"
	// WithoutVolumes ignores pvc.
	WithoutVolumes = "volumes"
)

// WorkloadOptions say how to make a scenario of a workload in a CSV file.
type WorkloadOptions struct {
	// Catalog is F or S, which need the file aws-allocatable.csv in the folder ../catalogs beside the workload, or the
	// path of a catalogue file. Empty: F.
	Catalog string
	// Without names columns to ignore: WithoutZoneSpread, WithoutPerNode, WithoutVolumes.
	Without []string
}

// Workload is a scenario that was made of CSV files, as documents.
type Workload struct {
	file      string
	documents []document
}

// document is an API object that knows its kind.
type document interface {
	metav1.Object
	GetObjectKind() schema.ObjectKind
}

// LoadWorkload reads a CSV file with the columns group, count, cpu_m, mem_mib, gpu, arch, max_per_node, zone_max_skew and
// pvc, one row for each kind of pods, and makes a scenario of it: a NodePool that launches anything on demand, the
// instance types of the catalogue in three zones at one price, six DaemonSets that ask for 350m CPU and 600Mi together,
// and a Deployment for each row (a StatefulSet where there are volumes). Rows without an architecture are for amd64.
// max_per_node 1 is a required anti-affinity, more is a topology spread over hostnames. Rows of one group carry one
// label, which all these constraints select.
func LoadWorkload(file string, options WorkloadOptions) (*Workload, error) {
	for _, name := range options.Without {
		if known := []string{WithoutZoneSpread, WithoutPerNode, WithoutVolumes}; !slices.Contains(known, name) {
			return nil, fmt.Errorf("cannot do without %q: known are %s", name, strings.Join(known, ", "))
		}
	}
	w := &Workload{file: file}
	w.documents = append(w.documents, workloadPool())
	types, err := workloadCatalog(file, options.Catalog)
	if err != nil {
		return nil, err
	}
	for _, t := range types {
		w.documents = append(w.documents, t)
	}
	w.documents = append(w.documents, workloadDaemons()...)
	if !slices.Contains(options.Without, WithoutVolumes) {
		w.documents = append(w.documents, workloadClass())
	}
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	names := map[string]int{}
	err = readCSV(in, []string{"group", "count", "cpu_m", "mem_mib"}, func(r csvRow) error {
		row, err := readWorkloadRow(r, options.Without)
		if err != nil {
			return err
		}
		name := row.group
		for {
			if names[name]++; names[name] == 1 {
				break
			}
			name = row.group + "-" + strconv.Itoa(names[row.group])
		}
		w.documents = append(w.documents, row.document(name))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return w, nil
}

// Scenario is the workload as facts for the planner.
func (w *Workload) Scenario() (*Scenario, error) {
	r := newReader(Options{})
	r.read = len(w.documents)
	for i, d := range w.documents {
		version, kind := d.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
		r.kinds[version+" "+kind](r, origin{file: w.file, document: int32(i) + 1, kind: kind}, content{object: d})
	}
	return r.finish()
}

// workloadRow is one row of the file.
type workloadRow struct {
	group, arch                  string
	count, perNode, skew, claims int
	milliCPU, mebibytes, gpus    int64
	selector                     *metav1.LabelSelector
	labels                       map[string]string
}

func readWorkloadRow(r csvRow, without []string) (workloadRow, error) {
	n, err := r.numbers("count", "cpu_m", "mem_mib", "gpu", "max_per_node", "zone_max_skew", "pvc")
	if err != nil {
		return workloadRow{}, err
	}
	row := workloadRow{
		group: dnsName(r.text("group")), arch: r.text("arch"),
		count: int(n[0]), milliCPU: int64(n[1]), mebibytes: int64(n[2]), gpus: int64(n[3]),
		perNode: int(n[4]), skew: int(n[5]), claims: int(n[6]),
	}
	if row.group == "" {
		return row, fmt.Errorf("line %d: group must not be empty", r.line)
	}
	if n[0] > maxPods || n[6] > 100 || n[4] > maxPods || n[5] > maxPods {
		return row, errors.New("line " + strconv.Itoa(r.line) + ": a number is out of range")
	}
	if row.arch == "" {
		row.arch = "amd64"
	}
	if slices.Contains(without, WithoutPerNode) {
		row.perNode = 0
	}
	if slices.Contains(without, WithoutZoneSpread) {
		row.skew = 0
	}
	if slices.Contains(without, WithoutVolumes) {
		row.claims = 0
	}
	row.labels = map[string]string{"app": row.group}
	row.selector = &metav1.LabelSelector{MatchLabels: row.labels}
	return row, nil
}

// dnsName makes a name of an object of any text: at most 50 letters, so that a number still fits behind it.
func dnsName(s string) string {
	s = regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(s), "-")
	return strings.Trim(s[:min(len(s), 50)], "-")
}

// document is the row as a Deployment, or as a StatefulSet when its pods have volumes.
func (r workloadRow) document(name string) document {
	meta := metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceDefault, Labels: r.labels}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: r.labels}, Spec: r.podSpec()}
	replicas := ptr.To(int32(r.count))
	if r.claims == 0 {
		return &appsv1.Deployment{
			TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
			ObjectMeta: meta,
			Spec:       appsv1.DeploymentSpec{Replicas: replicas, Selector: r.selector, Template: template},
		}
	}
	set := &appsv1.StatefulSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"},
		ObjectMeta: meta,
		Spec:       appsv1.StatefulSetSpec{Replicas: replicas, Selector: r.selector, Template: template, ServiceName: name},
	}
	for i := range r.claims {
		set.Spec.VolumeClaimTemplates = append(set.Spec.VolumeClaimTemplates, corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Name: "data-" + strconv.Itoa(i)},
			Spec: corev1.PersistentVolumeClaimSpec{
				AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				StorageClassName: ptr.To(zonalClass),
				Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("10Gi")}},
			},
		})
	}
	return set
}

func (r workloadRow) podSpec() corev1.PodSpec {
	requests := corev1.ResourceList{}
	if r.milliCPU > 0 {
		requests[corev1.ResourceCPU] = *resource.NewMilliQuantity(r.milliCPU, resource.DecimalSI)
	}
	if r.mebibytes > 0 {
		requests[corev1.ResourceMemory] = *resource.NewQuantity(r.mebibytes<<20, resource.BinarySI)
	}
	container := corev1.Container{Name: "app", Image: "app", Resources: corev1.ResourceRequirements{Requests: requests}}
	if r.gpus > 0 {
		gpus := corev1.ResourceList{resourceGPU: *resource.NewQuantity(r.gpus, resource.DecimalSI)}
		requests[resourceGPU] = gpus[resourceGPU]
		container.Resources.Limits = gpus
	}
	spec := corev1.PodSpec{
		Containers:   []corev1.Container{container},
		NodeSelector: map[string]string{corev1.LabelArchStable: r.arch},
	}
	spread := func(topology string, skew int) {
		spec.TopologySpreadConstraints = append(spec.TopologySpreadConstraints, corev1.TopologySpreadConstraint{
			MaxSkew: int32(skew), TopologyKey: topology, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: r.selector,
		})
	}
	if r.skew > 0 {
		spread(corev1.LabelTopologyZone, r.skew)
	}
	switch {
	case r.perNode == 1:
		spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{TopologyKey: corev1.LabelHostname, LabelSelector: r.selector}},
		}}
	case r.perNode > 1:
		spread(corev1.LabelHostname, r.perNode)
	}
	return spec
}

// zonalClass is the StorageClass of a workload's volumes.
const zonalClass = "zonal"

func workloadClass() document {
	return &storagev1.StorageClass{
		TypeMeta:          metav1.TypeMeta{APIVersion: "storage.k8s.io/v1", Kind: "StorageClass"},
		ObjectMeta:        metav1.ObjectMeta{Name: zonalClass},
		Provisioner:       "zonal.csi.kerf.dev",
		VolumeBindingMode: ptr.To(storagev1.VolumeBindingWaitForFirstConsumer),
	}
}

// catalogues is the folder of the catalogues that belong to a workload file.
func catalogues(workload string) string {
	return filepath.Join(filepath.Dir(workload), "..", "catalogs")
}
