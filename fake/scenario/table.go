package scenario

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// resourceGPU is the resource that GPUs of a table or a CSV file are.
const resourceGPU corev1.ResourceName = "nvidia.com/gpu"

// tableRow is one line of a Catalog's table.
type tableRow struct {
	name     string
	capacity corev1.ResourceList
	labels   map[string]string
	sales    []cloudprovider.Offering
}

// fromTable makes the types of a Catalog's table. Lines that name the same type are one type.
func (w *world) fromTable(c catalogDocument) []soldType {
	var out []soldType
	byName := map[string]int{}
	rows := map[string]tableRow{}
	var header []string
	for n, line := range strings.Split(c.object.Spec.Table, "\n") {
		cells := strings.Fields(line)
		if len(cells) == 0 || strings.HasPrefix(cells[0], "#") {
			continue
		}
		at := c.origin
		if c.tableLine > 0 {
			at.line = c.tableLine + int32(n) + 1
		}
		fail := func(err error) { w.problems.add(at.errorf("spec.table", "line %d: %v", n+1, err)) }
		if header == nil {
			header = cells
			if err := checkHeader(header); err != nil {
				fail(err)
				return nil
			}
			continue
		}
		row, err := readRow(header, cells)
		if err != nil {
			fail(err)
			continue
		}
		if i, again := byName[row.name]; again {
			if first := rows[row.name]; !sameMachine(first, row) {
				fail(fmt.Errorf("type %s has other cpu, memory, pods, gpu or labels than in its first line", row.name))
				continue
			}
			out[i].t.Offerings = append(out[i].t.Offerings, row.sales...)
			continue
		}
		at.kind, at.namespace, at.name = v1alpha1.KindInstanceType, "", row.name
		if !w.take(at) {
			continue
		}
		byName[row.name], rows[row.name] = len(out), row
		at.kind = v1alpha1.KindCatalog
		t := &cloudprovider.InstanceType{Name: row.name, Requirements: labelSet(row.labels), Capacity: row.capacity, Offerings: row.sales}
		out = append(out, soldType{at, c.object.Spec.NodePools, t})
	}
	return out
}

func sameMachine(a, b tableRow) bool {
	return maps.Equal(a.labels, b.labels) && maps.EqualFunc(a.capacity, b.capacity, func(x, y apiresource.Quantity) bool { return x.Equal(y) })
}

// columns of a table. Those that must be there come first.
func columns() (required, optional []string) {
	return []string{"type", "cpu", "memory", "pods", "arch", "zones", "capacity", "price"}, []string{"gpu", "os", "labels"}
}

func checkHeader(header []string) error {
	required, optional := columns()
	for i, name := range header {
		if slices.Contains(header[:i], name) {
			return fmt.Errorf("column %s occurs twice", name)
		}
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			return fmt.Errorf("unknown column %q (known are %s)", name, strings.Join(append(required, optional...), ", "))
		}
	}
	for _, name := range required {
		if !slices.Contains(header, name) {
			return fmt.Errorf("column %s is missing", name)
		}
	}
	return nil
}

func readRow(header, cells []string) (tableRow, error) {
	if len(cells) != len(header) {
		return tableRow{}, fmt.Errorf("has %d cells, the header has %d (write - for an empty one)", len(cells), len(header))
	}
	cell := func(name string) string {
		i := slices.Index(header, name)
		if i < 0 || cells[i] == "-" {
			return ""
		}
		return cells[i]
	}
	row := tableRow{name: cell("type"), capacity: corev1.ResourceList{}, labels: linuxLabels(cell("arch"))}
	if row.name == "" {
		return row, errors.New("type must not be empty")
	}
	amounts := []struct {
		column   string
		resource corev1.ResourceName
	}{{"cpu", corev1.ResourceCPU}, {"memory", corev1.ResourceMemory}, {"pods", corev1.ResourcePods}, {"gpu", resourceGPU}}
	for _, a := range amounts {
		text := cell(a.column)
		if text == "" {
			continue
		}
		q, err := parseQuantity(text)
		if err != nil || q.Sign() < 0 {
			return row, fmt.Errorf("%s must be a quantity that is not negative, is %q", a.column, text)
		}
		row.capacity[a.resource] = q
	}
	if system := cell("os"); system != "" {
		row.labels[corev1.LabelOSStable] = system
	}
	if text := cell("labels"); text != "" {
		for _, pair := range strings.Split(text, ",") {
			name, value, ok := strings.Cut(pair, "=")
			if !ok || name == "" {
				return row, fmt.Errorf("labels must look like a=b,c=d, is %q", text)
			}
			row.labels[name] = value
		}
	}
	var err error
	row.sales, err = readSales(cell("zones"), cell("capacity"), cell("price"))
	return row, err
}

// readSales multiplies zones and capacity types.
func readSales(zones, capacityTypes, prices string) ([]cloudprovider.Offering, error) {
	kinds, amounts := strings.Split(capacityTypes, ","), strings.Split(prices, ",")
	if zones == "" || capacityTypes == "" {
		return nil, errors.New("zones and capacity must not be empty")
	}
	if len(amounts) != 1 && len(amounts) != len(kinds) {
		return nil, fmt.Errorf("price must be one number or one for each of %s, is %q", capacityTypes, prices)
	}
	var out []cloudprovider.Offering
	for _, zone := range strings.Split(zones, ",") {
		for i, kind := range kinds {
			price, err := readPrice(amounts[min(i, len(amounts)-1)])
			if err != nil {
				return nil, err
			}
			out = append(out, cloudprovider.Offering{Zone: zone, CapacityType: kind, Price: price, Available: true})
		}
	}
	return out, nil
}

func readPrice(text string) (float64, error) {
	price, err := strconv.ParseFloat(strings.TrimPrefix(text, "$"), 64)
	if err != nil || math.IsNaN(price) || math.IsInf(price, 0) || price < 0 {
		return 0, fmt.Errorf("price must be a number of dollars that is not negative, is %q", text)
	}
	return price, nil
}
