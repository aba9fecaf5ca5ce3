package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	storagev1 "k8s.io/api/storage/v1"
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
	// WithoutHostSpread ignores host_max_skew in the column extra.
	WithoutHostSpread = "host-spread"
	// WithoutZoneAffinity ignores zone_affinity in the column extra.
	WithoutZoneAffinity = "zone-affinity"
	// WithoutGPUs ignores gpu, gpu_milli and gpu_kind.
	WithoutGPUs = "gpus"
	// WithoutGPUKinds ignores gpu_kind: any GPU will do.
	WithoutGPUKinds = "gpu-kinds"
)

// workloadParts are the names of all that can be left out.
func workloadParts() []string {
	return []string{
		WithoutZoneSpread, WithoutPerNode, WithoutVolumes, WithoutHostSpread, WithoutZoneAffinity, WithoutGPUs, WithoutGPUKinds,
	}
}

// WorkloadOptions say how to make a scenario of a workload in a CSV file.
type WorkloadOptions struct {
	// Catalog is F, S or G, which need the file aws-allocatable.csv in the folder ../catalogs beside the workload, or the
	// path of a catalogue file. Empty: F.
	//
	//   - F: the general, compute and memory families from generation 4 on, no bare metal.
	//   - S: one generation of each of them, up to 8xlarge.
	//   - G: F and the families with NVIDIA's GPUs, no bare metal.
	Catalog string
	// Types is how many instance types of the catalogue to keep, spread evenly over their names. Zero: all.
	Types int
	// Pods is how many pods to keep, spread evenly over the rows. Zero: all.
	Pods int
	// Without names what to ignore: WithoutZoneSpread and its like.
	Without []string
}

func (o WorkloadOptions) validate() error {
	for _, name := range o.Without {
		if known := workloadParts(); !slices.Contains(known, name) {
			return fmt.Errorf("cannot do without %q: known are %s", name, strings.Join(known, ", "))
		}
	}
	switch {
	case o.Types < 0:
		return fmt.Errorf("types must not be negative, is %d", o.Types)
	case o.Pods < 0:
		return fmt.Errorf("pods must not be negative, is %d", o.Pods)
	}
	return nil
}

func (o WorkloadOptions) without(name string) bool { return slices.Contains(o.Without, name) }

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

// LoadWorkload reads a CSV file with the columns group, count, cpu_m, mem_mib, gpu, gpu_milli, gpu_kind, arch,
// max_per_node, zone_max_skew, pvc and extra, one row for each kind of pods, and makes a scenario of it: a NodePool that
// launches anything on demand, the instance types of the catalogue in three zones at one price, six DaemonSets that ask
// for 350m CPU and 600Mi together, and a Deployment for each row (a StatefulSet where there are volumes). Rows without an
// architecture are for amd64.
//
// Rows of one group carry one label, which all their constraints select:
//
//   - max_per_node 1 is a required anti-affinity over hostnames, more is a topology spread over hostnames
//   - zone_max_skew is a topology spread over zones
//   - extra holds terms with semicolons between them: host_max_skew=N is a topology spread over hostnames,
//     zone_affinity=self is a required affinity over zones, and kind=TEXT only tells people what the row is
//
// GPUs are shares of one resource, kerf.dev/milli-gpu: a pod asks for gpu_milli thousandths of one GPU, or for all of
// several, and a machine has 1000 for each of its GPUs. Which device gives which share is not modelled. Where the
// catalogue has types with GPUs, a second NodePool launches those and taints them, and only pods with GPUs tolerate the
// taint. The kinds of GPU that the column gpu_kind names, with | between alternatives, are those of a cluster elsewhere;
// each stands for the kind of AWS that comes near it in age and size and has a type that is large enough for its pods:
//
//	P100 T4           t4
//	V100M16 V100M32   v100
//	A10               a10g
//	G2                l40s
//	G3                h100
func LoadWorkload(file string, options WorkloadOptions) (*Workload, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	rows, err := readWorkload(file, options)
	if err != nil {
		return nil, err
	}
	types, err := workloadCatalog(file, options)
	if err != nil {
		return nil, err
	}
	w := &Workload{file: file}
	w.documents = append(w.documents, workloadPools(types)...)
	for _, t := range types {
		w.documents = append(w.documents, t)
	}
	w.documents = append(w.documents, workloadDaemons()...)
	if !options.without(WithoutVolumes) {
		w.documents = append(w.documents, workloadClass())
	}
	names := map[string]int{}
	for _, row := range rows {
		name := row.group
		for {
			if names[name]++; names[name] == 1 {
				break
			}
			name = row.group + "-" + strconv.Itoa(names[row.group])
		}
		if row.count > 0 {
			w.documents = append(w.documents, row.document(name))
		}
	}
	return w, nil
}

// readWorkload reads the rows, thinned out to as many pods as the options ask for.
func readWorkload(file string, options WorkloadOptions) ([]workloadRow, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var rows []workloadRow
	total := 0
	err = readCSV(in, []string{"group", "count", "cpu_m", "mem_mib"}, func(r csvRow) error {
		row, err := readWorkloadRow(r, options)
		rows = append(rows, row)
		total += row.count
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if options.Pods == 0 || options.Pods >= total {
		return rows, nil
	}
	before := 0
	for i := range rows {
		after := before + rows[i].count
		rows[i].count = after*options.Pods/total - before*options.Pods/total
		before = after
	}
	return rows, nil
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
