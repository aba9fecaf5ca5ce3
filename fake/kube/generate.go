package kube

import (
	"fmt"
	"math"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
)

// Wave is a load that comes and goes every day: the number of replicas follows a sine.
type Wave struct {
	// Low and High are the replicas at night and at Peak, before noise.
	Low, High int
	// Peak is the time of day of the maximum, counted from the beginning of the trace.
	Peak time.Duration
	// Noise is the standard deviation of a factor, 0.05 for 5 percent. Noise of one step has nothing to do with the next.
	Noise float64
	// Weekend is a factor for days 6 and 7, counted from the beginning; 0 means 1.
	Weekend float64
	// Every is how often the number is set. Zero means 10 minutes.
	Every time.Duration
}

// Batch are jobs that come in groups.
type Batch struct {
	// Pods is how many come at once.
	Pods int
	// Every is how long it takes, on average, from one group to the next. Required.
	Every time.Duration
}

// AddWave adds a workload that follows the wave for so long. The seed and the workload's name decide the noise.
func (t *Trace) AddWave(w TracedWorkload, wave Wave, span time.Duration, seed uint64) {
	every := wave.Every
	if every <= 0 {
		every = 10 * time.Minute
	}
	at, last := len(t.Workloads), -1
	t.Workloads = append(t.Workloads, w)
	middle, swing := float64(wave.High+wave.Low)/2, float64(wave.High-wave.Low)/2
	for now := time.Duration(0); now < span; now += every {
		replicas := middle + swing*math.Cos(2*math.Pi*(now-wave.Peak).Hours()/24)
		replicas *= 1 + wave.Noise*chance(seed).normal("wave", w.key(), now.String())
		if day := int(now/(24*time.Hour)) % 7; day >= 5 && wave.Weekend > 0 {
			replicas *= wave.Weekend
		}
		if n := max(0, int(math.Round(replicas))); n != last {
			t.Steps = append(t.Steps, Step{At: now, Workload: at, Replicas: n})
			last = n
		}
	}
}

// AddBatch adds a workload of kind Job to which groups of pods are added for so long, at times that the seed and the
// workload's name decide.
func (t *Trace) AddBatch(w TracedWorkload, batch Batch, span time.Duration, seed uint64) {
	w.Kind = Job
	at := len(t.Workloads)
	t.Workloads = append(t.Workloads, w)
	if batch.Every <= 0 || batch.Pods <= 0 {
		return
	}
	now := time.Duration(0)
	for i := 0; ; i++ {
		now += chance(seed).wait(1/batch.Every.Hours(), "batch", w.key(), strconv.Itoa(i))
		if now >= span {
			return
		}
		t.Steps = append(t.Steps, Step{At: now, Workload: at, Replicas: batch.Pods, Relative: true})
	}
}

// DailyWave is a cluster of about that many nodes at the peak of the first day: services whose load comes and goes, some spread over
// zones, two that stay as they are, and batch jobs. All but the jobs have a PodDisruptionBudget. The machines are bought by
// one NodePool, with up to 16 CPUs, on demand and spot. Spot machines are taken back once in 300 hours, one order in 50 finds
// nothing in stock, and spot prices change by 2 percent from one hour to the next.
func DailyWave(nodes int, span time.Duration, seed uint64) Simulation {
	trace := &Trace{}
	sizes := []struct{ cpu, memory string }{{"500m", "1Gi"}, {"1", "2Gi"}, {"250m", "1Gi"}, {"2", "4Gi"}, {"750m", "3Gi"}, {"1500m", "2Gi"}}
	const services = 12
	for i := range services {
		size := sizes[i%len(sizes)]
		name := fmt.Sprintf("service-%02d", i)
		options := []fake.PodOption{fake.Requests(size.cpu, size.memory), fake.Label("app", name)}
		if i%4 == 1 {
			options = append(options, fake.Spread(corev1.LabelTopologyZone, 1, map[string]string{"app": name}))
		}
		if i%3 == 0 { // these do not want to be taken back
			options = append(options, fake.NodeSelector(v1.CapacityTypeLabelKey, v1.CapacityTypeOnDemand))
		}
		w := TracedWorkload{Workload: Workload{Pod: fake.Pod(name, options...)}, MaxUnavailable: "10%"}
		high := nodes * 3 * (1 + i%3) / 16
		trace.AddWave(w, Wave{
			Low: high / 4, High: high, Peak: 14*time.Hour + time.Duration(i%5)*30*time.Minute, Noise: 0.01, Weekend: 0.7, Every: 30 * time.Minute,
		}, span, seed)
	}
	for _, name := range []string{"database", "queue"} {
		w := TracedWorkload{Workload: Workload{Kind: StatefulSet, Pod: fake.Pod(name, fake.Requests("3", "12Gi"), fake.Label("app", name),
			fake.NodeSelector(v1.CapacityTypeLabelKey, v1.CapacityTypeOnDemand),
			fake.PodAntiAffinity(corev1.LabelHostname, map[string]string{"app": name}))}, MaxUnavailable: "1"}
		trace.Workloads = append(trace.Workloads, w)
		trace.Steps = append(trace.Steps, Step{Workload: len(trace.Workloads) - 1, Replicas: max(3, nodes/40)})
	}
	batch := TracedWorkload{Workload: Workload{Run: 20 * time.Minute, RunJitter: 20 * time.Minute, Pod: fake.Pod("batch",
		fake.Requests("2", "4Gi"), fake.Label("app", "batch"), fake.Annotation(v1.DoNotDisruptAnnotationKey, "true"))}}
	trace.AddBatch(batch, Batch{Pods: max(1, nodes/12), Every: 2 * time.Hour}, span, seed)
	return Simulation{
		Config: Config{
			Seed:          seed,
			NodePools:     []*v1.NodePool{fake.NodePool("general", fake.Require(corev1.LabelArchStable, corev1.NodeSelectorOpIn, v1.ArchitectureAmd64))},
			InstanceTypes: smallTypes(16),
			DaemonPods:    []*corev1.Pod{fake.DaemonPod("logs", fake.Requests("100m", "128Mi")), fake.DaemonPod("network", fake.Requests("150m", "256Mi"))},
			Weather:       Weather{OutOfStock: 0.02, Interruptions: 1.0 / 300, PriceNoise: 0.02},
		},
		Trace: trace, Span: span,
		// Between waves there is little to find: looking every 10 seconds would take long and change little.
		Autoscaler: AutoscalerOptions{Every: 5 * time.Minute},
	}
}

// smallTypes are the types of the generated catalogue with at most so many CPUs and no GPU.
func smallTypes(cpus int64) []*cloudprovider.InstanceType {
	var out []*cloudprovider.InstanceType
	for _, t := range fake.Catalog(fake.CatalogOptions{}) {
		cpu := t.Capacity[corev1.ResourceCPU]
		if _, gpu := t.Capacity[fake.ResourceGPU]; !gpu && cpu.Value() <= cpus {
			out = append(out, t)
		}
	}
	return out
}
