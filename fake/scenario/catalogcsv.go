package scenario

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// defaultZones are those of catalogues that name none.
func defaultZones() []string { return []string{"zone-a", "zone-b", "zone-c"} }

// fromCSV makes the types of a Catalog's file.
func (w *world) fromCSV(c catalogDocument) []soldType {
	in := c.object.Spec.CSV
	if in == nil {
		return nil
	}
	fail := func(path, format string, args ...any) []soldType {
		w.problems.add(c.errorf("spec.csv"+path, format, args...))
		return nil
	}
	switch {
	case in.Path == "":
		return fail(".path", "must not be empty")
	case in.SpotFactor < 0:
		return fail(".spotFactor", "must not be negative, is %v", in.SpotFactor)
	case c.open == nil:
		return fail(".path", "cannot be read: the document is not in a file, so there is nothing beside it")
	}
	file, err := c.open(in.Path)
	if err != nil {
		return fail(".path", "%v", err)
	}
	defer file.Close()
	types, err := readCatalogCSV(file, in.Zones, in.SpotFactor)
	if err != nil {
		return fail(".path", "%s: %v", in.Path, err)
	}
	var out []soldType
	for _, t := range types {
		o := c.origin
		o.kind, o.namespace, o.name = v1alpha1.KindInstanceType, "", t.Name
		if !w.take(o) {
			continue
		}
		o.kind = v1alpha1.KindCatalog
		out = append(out, soldType{o, c.object.Spec.NodePools, t})
	}
	return out
}

// csvRow is one row of a CSV file by the names of its header.
type csvRow struct {
	header map[string]int
	cells  []string
	line   int
}

func (r csvRow) text(name string) string {
	i, ok := r.header[name]
	if !ok || i >= len(r.cells) {
		return ""
	}
	return strings.TrimSpace(r.cells[i])
}

// number is the cell's number, 0 when the cell is empty.
func (r csvRow) number(name string) (float64, error) {
	s := r.text(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n != n || n < 0 || n > 1e15 {
		return 0, fmt.Errorf("line %d: %s must be a number that is not negative, is %q", r.line, name, s)
	}
	return n, nil
}

// numbers reads several cells at once.
func (r csvRow) numbers(names ...string) ([]float64, error) {
	out := make([]float64, len(names))
	for i, name := range names {
		n, err := r.number(name)
		if err != nil {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}

// readCSV calls each for the rows of a file with a header that has at least the required columns.
func readCSV(in io.Reader, required []string, each func(csvRow) error) error {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	first, err := r.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("is empty")
	}
	if err != nil {
		return err
	}
	header := make(map[string]int, len(first))
	for i, name := range first {
		header[strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))] = i
	}
	for _, name := range required {
		if _, ok := header[name]; !ok {
			return fmt.Errorf("column %s is missing", name)
		}
	}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		if err := each(csvRow{header, cells, line}); err != nil {
			return err
		}
	}
}

// readCatalogCSV reads a catalogue file. Types without CPUs, memory or a price are left out.
func readCatalogCSV(in io.Reader, zones []string, spotFactor float64) ([]*cloudprovider.InstanceType, error) {
	if len(zones) == 0 {
		zones = defaultZones()
	}
	var out []*cloudprovider.InstanceType
	required := []string{"name", "vcpu", "memory_mib", "arch", "max_pods", "ondemand_price"}
	err := readCSV(in, required, func(r csvRow) error {
		n, err := r.numbers("vcpu", "memory_mib", "max_pods", "gpu_count", "ondemand_price", "spot_price")
		if err != nil {
			return err
		}
		cpus, memory, pods, gpus, onDemand, spot := n[0], n[1], n[2], n[3], n[4], n[5]
		if spot == 0 {
			spot = onDemand * spotFactor
		}
		if r.text("name") == "" || cpus == 0 || memory == 0 || onDemand == 0 && spot == 0 {
			return nil
		}
		t := &cloudprovider.InstanceType{Name: r.text("name"), Capacity: machine(cpus*1000, memory, pods, gpus)}
		labels := linuxLabels(r.text("arch"))
		nameLabels(labels, t.Name)
		if kind := r.text("gpu_kind"); kind != "" && gpus > 0 {
			labels[v1alpha1.LabelGPUKind] = strings.ReplaceAll(kind, "/", "-")
		}
		t.Requirements = labelSet(labels)
		places := zones
		if own := r.text("zones"); own != "" {
			places = strings.Split(own, ";")
		}
		for _, zone := range places {
			if onDemand > 0 {
				t.Offerings = append(t.Offerings, cloudprovider.Offering{Zone: zone, CapacityType: v1.CapacityTypeOnDemand, Price: onDemand, Available: true})
			}
			if spot > 0 {
				t.Offerings = append(t.Offerings, cloudprovider.Offering{Zone: zone, CapacityType: v1.CapacityTypeSpot, Price: spot, Available: true})
			}
		}
		out = append(out, t)
		return nil
	})
	return out, err
}

// machine is a capacity of thousandths of a CPU, MiB, pods and GPUs.
func machine(milliCPU, mebibytes, pods, gpus float64) corev1.ResourceList {
	out := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(int64(milliCPU), resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(int64(mebibytes*(1<<20)), resource.BinarySI),
		corev1.ResourcePods:   *resource.NewQuantity(int64(pods), resource.DecimalSI),
	}
	if gpus > 0 {
		out[resourceGPU] = *resource.NewQuantity(int64(gpus), resource.DecimalSI)
	}
	return out
}

// nameLabels adds what a name such as m6gd.2xlarge says.
func nameLabels(labels map[string]string, name string) {
	m := regexp.MustCompile(`^([a-z]+)(\d+)([a-z0-9-]*)\.([a-z0-9-]+)$`).FindStringSubmatch(name)
	if m == nil {
		return
	}
	labels[v1alpha1.LabelCategory] = m[1]
	labels[v1alpha1.LabelGeneration] = m[2]
	labels[v1alpha1.LabelFamily] = m[1] + m[2] + m[3]
	labels[v1alpha1.LabelSize] = m[4]
}
