package gen

import (
	"fmt"
	"math"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// The labels of generated types, and the resources that few of them have.
const (
	family      = "example.com/family"
	generation  = "example.com/generation"
	cores       = "example.com/cores"
	gpuModel    = "example.com/gpu"
	image       = "example.com/image"
	reservation = "example.com/reservation"

	gpu  corev1.ResourceName = "nvidia.com/gpu"
	fpga corev1.ResourceName = "example.com/fpga"
)

// providerKeys are the keys that generated types decide, or that are the provider's by their meaning.
func providerKeys() []string {
	return []string{
		family, generation, cores, gpuModel, image, reservation, corev1.LabelArchStable, corev1.LabelOSStable,
		corev1.LabelTopologyZone, corev1.LabelInstanceTypeStable, v1.CapacityTypeLabelKey, v1.NodePoolLabelKey,
		corev1.LabelHostname,
	}
}

func quantity(format string, args ...any) resource.Quantity {
	return resource.MustParse(fmt.Sprintf(format, args...))
}

func (m *maker) makeCatalog(n int) {
	names := map[string]bool{}
	for range n {
		t := m.instanceType()
		for i := 2; names[t.Name]; i++ {
			t = m.instanceType()
			t.Name = fmt.Sprintf("%s-v%d", t.Name, i)
		}
		names[t.Name] = true
		m.catalog = append(m.catalog, t)
	}
}

func (m *maker) instanceType() *cloudprovider.InstanceType {
	name := pick(m, "m", "c", "r", "a")
	cpu := pick(m, 1, 2, 2, 4, 4, 8, 8, 16)
	ratio := map[string]int{"m": 4, "c": 2, "r": 8, "a": 4}[name]
	t := &cloudprovider.InstanceType{Name: fmt.Sprintf("%s-%d", name, cpu)}
	t.Capacity = corev1.ResourceList{
		corev1.ResourceCPU:    quantity("%d", cpu),
		corev1.ResourceMemory: quantity("%dGi", cpu*ratio),
		corev1.ResourcePods:   quantity("%d", min(110, 8+cpu*7)),
	}
	if m.f.OddSizes && m.chance(0.3) {
		t.Capacity[corev1.ResourceMemory] = quantity("%d", cpu*ratio<<30-m.IntN(400<<20))
	}
	if m.chance(0.1) {
		t.Capacity[corev1.ResourcePods] = quantity("%d", m.between(1, 5))
	}
	if m.chance(0.8) {
		t.Capacity[corev1.ResourceEphemeralStorage] = quantity("%dGi", pick(m, 20, 50, 100))
	}
	if m.chance(0.8) {
		t.Overhead = corev1.ResourceList{corev1.ResourceCPU: quantity("%dm", m.between(40, 120)), corev1.ResourceMemory: quantity("%dMi", m.between(100, 600))}
		if _, ok := t.Capacity[corev1.ResourceEphemeralStorage]; ok && m.chance(0.5) {
			t.Overhead[corev1.ResourceEphemeralStorage] = quantity("1Gi")
		}
	}
	arch := "amd64"
	if name == "a" {
		arch = "arm64"
	}
	labels := []requirement.Requirement{
		requirement.In(corev1.LabelArchStable, arch), requirement.In(corev1.LabelOSStable, "linux"),
		requirement.In(family, name), requirement.In(cores, fmt.Sprint(cpu)),
	}
	if m.chance(0.8) {
		labels = append(labels, requirement.In(generation, fmt.Sprint(m.between(1, 5))))
	}
	if m.f.OpenLabels && m.chance(0.2) {
		labels = append(labels, requirement.In(image, some(m, m.between(2, 3), "base", "fast", "safe")...))
	}
	price := float64(cpu)*0.04 + float64(cpu*ratio)*0.005
	if m.f.Extended && cpu >= 4 && m.chance(0.25) {
		gpus := pick(m, 1, 2, 4)
		price += 0.4 * float64(gpus)
		t.Capacity[gpu] = quantity("%d", gpus)
		t.Name = fmt.Sprintf("g%d-%d", gpus, cpu)
		labels = append(labels, requirement.In(gpuModel, pick(m, "small", "big")))
	} else if m.chance(0.4) {
		labels = append(labels, requirement.DoesNotExist(gpuModel))
	}
	if m.f.Extended && m.chance(0.08) {
		t.Capacity[fpga] = quantity("%d", m.between(1, 3))
	}
	t.Requirements = requirement.NewSet(labels...)
	m.makeOfferings(t, price)
	return t
}

// shareStock makes all machines of a zone draw from one supply, such as addresses of a subnet. Not all offerings need say
// the same of what is left: the least is true.
func (m *maker) shareStock() {
	for _, zone := range m.zones {
		count := m.between(2, 8) * max(1, m.pods/12)
		for _, t := range m.catalog {
			for i := range t.Offerings {
				if o := &t.Offerings[i]; o.Zone == zone && o.Stock == nil {
					o.Stock = &cloudprovider.Stock{Key: "addresses-" + zone, Count: count + pick(m, 0, 0, 0, 1)}
				}
			}
		}
	}
}

func (m *maker) makeOfferings(t *cloudprovider.InstanceType, price float64) {
	zones := some(m, m.between(1, len(m.zones)), m.zones...)
	for _, zone := range zones {
		noise := 0.85 + 0.3*m.Float64()
		if m.chance(0.5) {
			noise = 1
		}
		for _, capacity := range []string{v1.CapacityTypeOnDemand, v1.CapacityTypeSpot, v1.CapacityTypeReserved} {
			o := cloudprovider.Offering{Zone: zone, CapacityType: capacity, Price: price * noise, Available: true}
			switch capacity {
			case v1.CapacityTypeSpot:
				if m.chance(0.5) {
					continue
				}
				o.Price *= pick(m, 0.3, 0.4, 0.55)
			case v1.CapacityTypeReserved:
				if !m.f.Scarcity || m.chance(0.88) {
					continue
				}
				o.Price *= pick(m, 0, 0.01, 0.1)
				o.Stock = &cloudprovider.Stock{Key: "res-" + t.Name + "-" + zone, Count: m.between(0, 4)}
				if m.chance(0.4) {
					o.Requirements = requirement.NewSet(requirement.In(reservation, pick(m, "r-1", "r-2")))
				}
			}
			o.Price = math.Round(o.Price*1e4) / 1e4
			if m.f.Scarcity {
				o.Available = m.chance(0.9)
				if o.Stock == nil && m.chance(0.12) {
					o.Stock = &cloudprovider.Stock{Key: pick(m, "hosts-1", "hosts-2", "own-"+t.Name), Count: m.between(1, 6)}
				}
			}
			if m.f.Size == Minute && len(t.Offerings) >= 2 {
				continue
			}
			t.Offerings = append(t.Offerings, o)
		}
	}
}
