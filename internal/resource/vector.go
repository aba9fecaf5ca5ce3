package resource

import (
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Vector is one amount per position of an [Index].
type Vector []int64

// Index gives resource names their positions. The zero value is empty.
type Index struct {
	names     []corev1.ResourceName
	positions map[corev1.ResourceName]int
}

// NewIndex returns an index of the names in the order: cpu, memory, pods, ephemeral-storage, then the others by name.
// Names may repeat.
func NewIndex(names ...corev1.ResourceName) Index {
	sorted := slices.Clone(names)
	slices.SortFunc(sorted, func(a, b corev1.ResourceName) int {
		if ra, rb := rank(a), rank(b); ra != rb {
			return ra - rb
		}
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	})
	sorted = slices.Compact(sorted)
	positions := make(map[corev1.ResourceName]int, len(sorted))
	for i, name := range sorted {
		positions[name] = i
	}
	return Index{names: sorted, positions: positions}
}

func rank(name corev1.ResourceName) int {
	switch name {
	case corev1.ResourceCPU:
		return 0
	case corev1.ResourceMemory:
		return 1
	case corev1.ResourcePods:
		return 2
	case corev1.ResourceEphemeralStorage:
		return 3
	}
	return 4
}

// Len is the number of positions.
func (x Index) Len() int { return len(x.names) }

// Name is the resource at a position.
func (x Index) Name(i int) corev1.ResourceName { return x.names[i] }

// Position is where a resource stands, and whether it has a position at all.
func (x Index) Position(name corev1.ResourceName) (int, bool) {
	i, ok := x.positions[name]
	return i, ok
}

// Equal reports whether both indexes have the same resources at the same positions.
func (x Index) Equal(o Index) bool { return slices.Equal(x.names, o.names) }

// Demand is the list as a vector, each amount rounded up. Resources without a position are left out.
func (x Index) Demand(list corev1.ResourceList) Vector {
	v := make(Vector, len(x.names))
	for name, quantity := range list {
		if i, ok := x.positions[name]; ok {
			v[i] = Up(name, quantity)
		}
	}
	return v
}

// Capacity is the list as a vector, each amount rounded down. Resources without a position are left out.
func (x Index) Capacity(list corev1.ResourceList) Vector {
	v := make(Vector, len(x.names))
	for name, quantity := range list {
		if i, ok := x.positions[name]; ok {
			v[i] = Down(name, quantity)
		}
	}
	return v
}

// Format is an amount of the resource at a position, as Kubernetes writes it ("250m", "1536Mi", "3").
func (x Index) Format(i int, amount int64) string { return Quantity(x.names[i], amount).String() }

// Quantity is an amount of a resource as Kubernetes writes it: CPU from thousandths, memory and storage in binary units.
func Quantity(name corev1.ResourceName, amount int64) *resource.Quantity {
	switch name {
	case corev1.ResourceCPU:
		return resource.NewMilliQuantity(amount, resource.DecimalSI)
	case corev1.ResourceMemory, corev1.ResourceEphemeralStorage:
		return resource.NewQuantity(amount, resource.BinarySI)
	}
	return resource.NewQuantity(amount, resource.DecimalSI)
}

// Up is the quantity as an integer amount of the resource, rounded up.
func Up(name corev1.ResourceName, q resource.Quantity) int64 {
	if name == corev1.ResourceCPU {
		return q.MilliValue()
	}
	return q.Value()
}

// Down is the quantity as an integer amount of the resource, rounded down.
func Down(name corev1.ResourceName, q resource.Quantity) int64 {
	up := Up(name, q)
	if up == math.MaxInt64 {
		return up
	}
	exact := resource.NewQuantity(up, resource.DecimalSI)
	if name == corev1.ResourceCPU {
		exact = resource.NewMilliQuantity(up, resource.DecimalSI)
	}
	if exact.Cmp(q) > 0 {
		up--
	}
	return up
}

// Add adds o to v in place; sums stop at the largest int64.
func (v Vector) Add(o Vector) {
	for i, amount := range o {
		v[i] = saturated(v[i], amount)
	}
}

func saturated(a, b int64) int64 {
	sum := a + b
	switch {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	}
	return sum
}

// Sub takes n times o from v in place. The caller knows that the products do not overflow, for example because
// v.Times(o) was at least n.
func (v Vector) Sub(o Vector, n int64) {
	for i, amount := range o {
		v[i] -= n * amount
	}
}

// Fits reports whether one demand finds room in the free amounts v. What is not demanded is not looked at.
func (v Vector) Fits(demand Vector) bool {
	for i, amount := range demand {
		if amount > 0 && amount > v[i] {
			return false
		}
	}
	return true
}

// Times is how often demand finds room in the free amounts v, at most limit.
func (v Vector) Times(demand Vector, limit int64) int64 {
	for i, amount := range demand {
		if amount <= 0 {
			continue
		}
		if v[i] < amount {
			return 0
		}
		limit = min(limit, v[i]/amount)
	}
	return limit
}

// Covers reports whether v is at least o at every position.
func (v Vector) Covers(o Vector) bool {
	for i, amount := range o {
		if v[i] < amount {
			return false
		}
	}
	return true
}

// Clamp raises negative amounts to zero in place.
func (v Vector) Clamp() {
	for i := range v {
		v[i] = max(v[i], 0)
	}
}

// Clone is a copy of v.
func (v Vector) Clone() Vector { return slices.Clone(v) }
