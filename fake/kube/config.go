package kube

import (
	"fmt"
	"hash/fnv"
	"math"
	"time"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// Config is what a [Cluster] starts with. It is read and never written to.
type Config struct {
	// Start is the virtual time at the beginning. Zero means Monday 2026-01-05, 00:00 UTC.
	Start time.Time
	// Seed decides everything that is left to chance. Chance does not depend on what the autoscaler does: prices take the same
	// course in all clusters with one seed.
	Seed uint64
	// NodePools are those that machines are launched for. Required.
	NodePools []*v1.NodePool
	// InstanceTypes are sold to every NodePool. Required.
	InstanceTypes []*cloudprovider.InstanceType
	// DaemonPods has one template pod per DaemonSet, as in scheduling.Snapshot.
	DaemonPods []*corev1.Pod
	// Namespaces carry the labels that namespace selectors look at.
	Namespaces []*corev1.Namespace
	// Timing is how long things take.
	Timing Timing
	// Weather is what the cloud does of its own accord.
	Weather Weather
}

// Span is a range of durations of which chance picks one, all alike.
type Span struct{ Min, Max time.Duration }

// Timing is how long things take. A zero span means the default.
type Timing struct {
	// Boot is from the order of a machine until its node has registered. Default: 60 to 120 seconds.
	Boot Span
	// BootByPool overrides Boot for machines of a NodePool, by its name.
	BootByPool map[string]Span
	// Initialize is from then until it is initialised. Default: 5 to 10 seconds.
	Initialize Span
	// ShutDown is from the end of the drain until the machine is gone and no longer paid for. Default: 20 to 40 seconds.
	ShutDown Span
	// Start is from the binding of a pod until it is ready. Default: 3 to 20 seconds.
	Start Span
	// Stop is from the eviction or deletion of a pod until it is gone, at most its terminationGracePeriodSeconds. Default: 1 to
	// 15 seconds.
	Stop Span
}

// Weather is what the cloud does of its own accord. The zero value is a cloud without trouble, whose prices stand still.
type Weather struct {
	// OutOfStock is the probability with which the cloud turns out to have none of an offering when one is ordered, 0 to 1.
	// The offering is not available then for OutOfStockFor. Zero means 30 minutes.
	OutOfStock    float64
	OutOfStockFor time.Duration
	// Interruptions is how many times per hour a spot machine is taken back, on average: 0.005 is once in 200 hours. Notice is
	// given so long before. Zero means 2 minutes.
	Interruptions float64
	Notice        time.Duration
	// PriceNoise is by how much the price of a spot offering changes from one hour to the next: the standard deviation of the
	// logarithm, 0.02 for 2 percent. Prices tend back to those of the catalogue, and never exceed those on demand.
	PriceNoise float64
}

// withDefaults fills in what is zero.
func (c Config) withDefaults() Config {
	if c.Start.IsZero() {
		c.Start = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)
	}
	fill := func(s *Span, low, high int) {
		if *s == (Span{}) {
			*s = Span{time.Duration(low) * time.Second, time.Duration(high) * time.Second}
		}
	}
	fill(&c.Timing.Boot, 60, 120)
	fill(&c.Timing.Initialize, 5, 10)
	fill(&c.Timing.ShutDown, 20, 40)
	fill(&c.Timing.Start, 3, 20)
	fill(&c.Timing.Stop, 1, 15)
	if c.Weather.OutOfStockFor == 0 {
		c.Weather.OutOfStockFor = 30 * time.Minute
	}
	if c.Weather.Notice == 0 {
		c.Weather.Notice = 2 * time.Minute
	}
	return c
}

// validate names the first thing that makes no sense.
func (c Config) validate() error {
	seen := map[string]bool{}
	for i, pool := range c.NodePools {
		if pool == nil || pool.Name == "" {
			return fmt.Errorf("NodePools[%d]: no name", i)
		}
		if seen[pool.Name] {
			return fmt.Errorf("NodePools[%d]: there are two NodePools %q", i, pool.Name)
		}
		seen[pool.Name] = true
	}
	if len(c.NodePools) == 0 {
		return fmt.Errorf("NodePools: there are none")
	}
	if len(c.InstanceTypes) == 0 {
		return fmt.Errorf("InstanceTypes: there are none")
	}
	if wrong := cloudprovider.ValidateInstanceTypes(c.InstanceTypes); len(wrong) > 0 {
		return fmt.Errorf("InstanceTypes: %w", wrong[0])
	}
	spans := map[string]Span{
		"Boot": c.Timing.Boot, "Initialize": c.Timing.Initialize, "ShutDown": c.Timing.ShutDown, "Start": c.Timing.Start, "Stop": c.Timing.Stop,
	}
	for pool, span := range c.Timing.BootByPool {
		spans["BootByPool["+pool+"]"] = span
	}
	for name, span := range spans {
		if span.Min < 0 || span.Max < span.Min {
			return fmt.Errorf("config: Timing.%s: from %s to %s is no span", name, span.Min, span.Max)
		}
	}
	w := c.Weather
	if w.OutOfStock < 0 || w.OutOfStock > 1 || math.IsNaN(w.OutOfStock) {
		return fmt.Errorf("Weather.OutOfStock: %v is no probability", w.OutOfStock)
	}
	if w.Interruptions < 0 || w.PriceNoise < 0 || w.OutOfStockFor < 0 || w.Notice < 0 {
		return fmt.Errorf("Weather: a negative number makes no sense")
	}
	return nil
}

// chance draws numbers that depend on the seed and on words that say what is drawn, and on nothing else.
type chance uint64

// unit is a number in [0, 1).
func (c chance) unit(words ...string) float64 {
	hash := fnv.New64a()
	var seed [8]byte
	for i := range seed {
		seed[i] = byte(c >> (8 * i))
	}
	hash.Write(seed[:])
	for _, word := range words {
		hash.Write([]byte(word))
		hash.Write([]byte{0})
	}
	x := hash.Sum64() // like words have like sums: mix the bits, as splitmix64 does
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return float64(x>>11) / (1 << 53)
}

// within is a duration of the span, in whole milliseconds.
func (c chance) within(s Span, words ...string) time.Duration {
	return (s.Min + time.Duration(c.unit(words...)*float64(s.Max-s.Min))).Round(time.Millisecond)
}

// normal is a number with mean 0 and standard deviation 1 (Box and Muller).
func (c chance) normal(words ...string) float64 {
	u, v := c.unit(append(words, "u")...), c.unit(append(words, "v")...)
	return math.Sqrt(-2*math.Log(1-u)) * math.Cos(2*math.Pi*v)
}

// wait is how long it takes, on average 1/rate hours, until something happens that may happen at any time.
func (c chance) wait(rate float64, words ...string) time.Duration {
	hours := -math.Log(1-c.unit(words...)) / rate
	return time.Duration(min(hours, 1e6) * float64(time.Hour)).Round(time.Second)
}
