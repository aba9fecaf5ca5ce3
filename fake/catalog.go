package fake

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

const labelDomain = "fake.kerf.dev"

// The labels that types of a [Catalog] carry.
const (
	// LabelFamily is compute, general, memory or gpu.
	LabelFamily = labelDomain + "/family"
	// LabelGeneration is 1, 2 or 3, the newest.
	LabelGeneration = labelDomain + "/generation"
	// LabelSize is the second half of the name: large, 2xlarge.
	LabelSize = labelDomain + "/size"
	// LabelCPU is the number of CPUs.
	LabelCPU = labelDomain + "/cpu"
	// LabelMemoryGiB is the memory in GiB.
	LabelMemoryGiB = labelDomain + "/memory-gib"
	// LabelGPUCount is the number of GPUs. Types without any do not carry it.
	LabelGPUCount = labelDomain + "/gpu-count"
	// ResourceGPU is the extended resource of the gpu family.
	ResourceGPU corev1.ResourceName = "nvidia.com/gpu"
	// VolumeDriver is the CSI driver that types have a limit for.
	VolumeDriver = "csi." + labelDomain
)

// CatalogOptions choose how large a catalogue is. The zero value is the whole base catalogue.
type CatalogOptions struct {
	// Types is how many types to make; a smaller catalogue is a part of a larger one. The first 24 are the newest
	// generation of amd64, then come arm64, GPUs, and the older generations. Zero: 168, the whole base. Above that
	// come variants with local disks (d), faster network (n) and both (dn), up to 600.
	Types int
	// Zones are those that types are sold in. Empty: zone-a, zone-b and zone-c.
	Zones []string
}

// Catalog generates instance types as a cloud would sell them, ordered by name: compute, general, memory and gpu families,
// three generations, amd64 and arm64, eight sizes, on-demand and spot. The same options give equal values at every call.
//
// Prices follow CPUs, memory, generation and architecture; spot costs 0.25 to 0.6 of that, different in every zone. About
// one in ten (type, zone) pairs is not sold. A name like g3a.2xlarge is: general, generation 3, arm64, 8 CPUs.
func Catalog(options CatalogOptions) []*cloudprovider.InstanceType {
	zones := options.Zones
	if len(zones) == 0 {
		zones = []string{"zone-a", "zone-b", "zone-c"}
	}
	models := allModels()
	wanted := options.Types
	if wanted <= 0 {
		wanted = baseModels
	}
	models = models[:min(wanted, len(models))]
	types := make([]*cloudprovider.InstanceType, len(models))
	for i, m := range models {
		types[i] = m.instanceType(zones)
	}
	slices.SortFunc(types, func(a, b *cloudprovider.InstanceType) int { return cmp.Compare(a.Name, b.Name) })
	return types
}

// model is what the name of a type says.
type model struct {
	letter, family string
	generation     int
	arm            bool
	variant        string // "", d, n, dn
	size           string
	cpus, gpus     int
	gibPerCPU      int
}

// baseModels is the number of models without a variant: 3 generations of 3 families in 2 architectures and 8 sizes, and of
// 8 sizes with GPUs.
const baseModels = 3 * (3*2*8 + 8)

// allModels lists every model in the order in which catalogues grow.
func allModels() []model {
	var out []model
	for _, variant := range []string{"", "d", "n", "dn"} {
		for generation := 3; generation >= 1; generation-- {
			for _, arm := range []bool{false, true} {
				out = appendSizes(out, model{generation: generation, arm: arm, variant: variant})
			}
			if variant == "" {
				out = appendGPUs(out, generation)
			}
		}
	}
	return out
}

func appendSizes(out []model, m model) []model {
	families := []struct {
		letter, family string
		gibPerCPU      int
	}{{"g", "general", 4}, {"c", "compute", 2}, {"m", "memory", 8}}
	for _, cpus := range []int{2, 4, 8, 16, 32, 48, 64, 96} {
		m.cpus, m.size = cpus, sizeName(cpus)
		for _, f := range families {
			m.letter, m.family, m.gibPerCPU = f.letter, f.family, f.gibPerCPU
			out = append(out, m)
		}
	}
	return out
}

func appendGPUs(out []model, generation int) []model {
	gpus := []struct{ cpus, gpus int }{{4, 1}, {8, 1}, {16, 1}, {32, 1}, {48, 4}, {64, 4}, {96, 4}, {192, 8}}
	for _, g := range gpus {
		out = append(out, model{letter: "p", family: "gpu", generation: generation, gibPerCPU: 4,
			cpus: g.cpus, gpus: g.gpus, size: sizeName(g.cpus)})
	}
	return out
}

func sizeName(cpus int) string {
	switch cpus {
	case 2:
		return "large"
	case 4:
		return "xlarge"
	}
	return fmt.Sprintf("%dxlarge", cpus/4)
}

func (m model) name() string {
	arch := ""
	if m.arm {
		arch = "a"
	}
	return fmt.Sprintf("%s%d%s%s.%s", m.letter, m.generation, arch, m.variant, m.size)
}

func (m model) memoryGiB() int { return m.cpus * m.gibPerCPU }

// price is dollars per hour on demand.
func (m model) price() float64 {
	price := 0.031*float64(m.cpus) + 0.0042*float64(m.memoryGiB())
	price += float64(m.gpus) * []float64{0, 0.45, 0.9, 2.1}[m.generation]
	price *= []float64{0, 1.14, 1, 0.94}[m.generation]
	if m.arm {
		price *= 0.81
	}
	switch m.variant {
	case "d":
		price *= 1.17
	case "n":
		price *= 1.22
	case "dn":
		price *= 1.38
	}
	return roundPrice(price)
}

// pods follows the number of addresses that the network cards have.
func (m model) pods() int {
	cards, addresses := 8, 30
	switch {
	case m.cpus <= 2:
		cards, addresses = 3, 10
	case m.cpus <= 4:
		cards, addresses = 4, 14
	case m.cpus <= 8:
		cards, addresses = 4, 18
	case m.cpus <= 16:
		cards, addresses = 8, 22
	}
	return cards*(addresses-1) + 2
}

// overhead keeps 60m of the first CPU, 12m of the next three and 3m of each further one; 200Mi and 9Mi per pod, at most a
// fifth of the memory; and 128Mi below which the kubelet evicts.
func (m model) overhead() (milliCPU, mebibytes int) {
	milliCPU = 60 + 12*(min(m.cpus, 4)-1) + 3*max(m.cpus-4, 0)
	mebibytes = min(200+9*m.pods(), m.memoryGiB()*1024/5) + 128
	return milliCPU, mebibytes
}

func (m model) instanceType(zones []string) *cloudprovider.InstanceType {
	name := m.name()
	milliCPU, mebibytes := m.overhead()
	disk := 50
	if m.variant == "d" || m.variant == "dn" {
		disk += 40 * m.cpus
	}
	options := []TypeOption{
		PodLimit(m.pods()),
		Capacity(corev1.ResourceEphemeralStorage, strconv.Itoa(disk)+"Gi"),
		Overhead(strconv.Itoa(milliCPU)+"m", strconv.Itoa(mebibytes)+"Mi"),
		VolumeLimit(VolumeDriver, 24),
		TypeLabel(LabelFamily, m.family),
		TypeLabel(LabelGeneration, strconv.Itoa(m.generation)),
		TypeLabel(LabelSize, m.size),
		TypeLabel(LabelCPU, strconv.Itoa(m.cpus)),
		TypeLabel(LabelMemoryGiB, strconv.Itoa(m.memoryGiB())),
	}
	if m.arm {
		options = append(options, Arch("arm64"))
	}
	if m.gpus > 0 {
		options = append(options, TypeLabel(LabelGPUCount, strconv.Itoa(m.gpus)), Capacity(ResourceGPU, strconv.Itoa(m.gpus)))
	} else {
		options = append(options, TypeRequire(requirement.DoesNotExist(LabelGPUCount)))
	}
	t := InstanceType(name, strconv.Itoa(m.cpus), strconv.Itoa(m.memoryGiB())+"Gi", options...)
	t.Offerings = m.offerings(name, zones)
	return t
}

// offerings sells the type on demand and spot in most of the zones, and always in one.
func (m model) offerings(name string, zones []string) []cloudprovider.Offering {
	var out []cloudprovider.Offering
	always := int(draw(name, "always") * float64(len(zones)))
	for i, zone := range zones {
		if i != always && draw(name, zone, "sold") < 0.15 {
			continue
		}
		spot := roundPrice(m.price() * (0.25 + 0.35*draw(name, zone, "spot")))
		out = append(out,
			cloudprovider.Offering{Zone: zone, CapacityType: v1.CapacityTypeOnDemand, Price: m.price(), Available: true},
			cloudprovider.Offering{Zone: zone, CapacityType: v1.CapacityTypeSpot, Price: spot, Available: true})
	}
	return out
}

// draw is a number in [0, 1) that depends on the words alone.
func draw(words ...string) float64 {
	hash := fnv.New64a()
	for _, word := range words {
		hash.Write([]byte(word))
		hash.Write([]byte{0})
	}
	x := hash.Sum64() // neighbouring words have neighbouring sums: mix the bits
	x = (x ^ x>>31) * 0x9e3779b97f4a7c15
	x ^= x >> 29
	return float64(x>>11) / (1 << 53)
}

// roundPrice keeps hundredths of a cent.
func roundPrice(price float64) float64 { return math.Round(price*1e4) / 1e4 }
