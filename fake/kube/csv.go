package kube

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/fake"
)

// columns are those of a trace file. The first two and one of replicas and change are required.
var columns = []string{
	"time", "workload", "replicas", "change", "cpu", "memory", "namespace", "kind", "run", "zone", "arch", "capacity_type",
	"zone_max_skew", "per_node", "priority", "max_unavailable", "min_available", "do_not_disrupt",
}

// ReadTrace reads a trace: a CSV file (comma, double quotes, # before a comment) whose first line names the columns, in any
// order. Each further line is a change of one workload:
//
//	time             when, from the beginning: seconds, or a Go duration such as 1h30m. No earlier than the line before.
//	workload         its name
//	replicas         how many pods it has from then on
//	change           by how many pods that changes instead: 5, -5. One of the two in each line. A Job takes change alone.
//
// What a workload is stands in its first line; further lines leave it empty or repeat it. Columns may be missing:
//
//	cpu, memory      what a pod asks for, as in manifests. At least one of the two.
//	namespace        default if empty
//	kind             ReplicaSet (if empty), StatefulSet or Job
//	run              how long a pod of a Job runs, as time. For jobs alone, and required there.
//	zone, arch, capacity_type   node labels that a pod selects
//	zone_max_skew    spread over zones with this maximal skew
//	per_node         at most one pod on a node: true or false
//	priority         a number
//	max_unavailable, min_available   of a PodDisruptionBudget of the workload's own: 1 or 10%. One of them at most.
//	do_not_disrupt   true, or a Go duration from the start of the pod
//
// Errors name the line and the column.
func ReadTrace(r io.Reader) (*Trace, error) {
	reader := csv.NewReader(r)
	reader.Comment = '#'
	reader.TrimLeadingSpace = true
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("trace: the file is empty; its first line names the columns")
	}
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	t := tracer{trace: &Trace{}, at: map[string]int{}, known: map[string]int{}}
	if err := t.heading(header); err != nil {
		return nil, fmt.Errorf("trace: line 1: %w", err)
	}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return t.trace, nil
		}
		if err != nil {
			return nil, fmt.Errorf("trace: %w", err) // names the line itself
		}
		if err := t.line(record); err != nil {
			line, _ := reader.FieldPos(0)
			return nil, fmt.Errorf("trace: line %d: %w", line, err)
		}
	}
}

// tracer reads a trace line by line.
type tracer struct {
	trace *Trace
	at    map[string]int // where columns are
	known map[string]int // workloads by namespace/name
	first []map[string]string
	now   time.Duration
}

func (t *tracer) heading(header []string) error {
	for i, name := range header {
		name = strings.TrimSpace(name)
		if !slices.Contains(columns, name) {
			return fmt.Errorf("unknown column %q; there are %s", name, strings.Join(columns, ", "))
		}
		if _, twice := t.at[name]; twice {
			return fmt.Errorf("column %q is there twice", name)
		}
		t.at[name] = i
	}
	_, absolute := t.at["replicas"]
	_, relative := t.at["change"]
	for _, name := range columns[:2] {
		if _, there := t.at[name]; !there {
			return fmt.Errorf("column %q is missing", name)
		}
	}
	if !absolute && !relative {
		return errors.New("one of the columns replicas and change is needed")
	}
	return nil
}

func (t *tracer) line(record []string) error {
	cells := map[string]string{}
	for name, i := range t.at {
		if value := strings.TrimSpace(record[i]); value != "" {
			cells[name] = value
		}
	}
	at, err := span(cells["time"])
	if err != nil {
		return fmt.Errorf("time: %w", err)
	}
	if at < t.now {
		return fmt.Errorf("time: %s comes after %s", at, t.now)
	}
	t.now = at
	if cells["workload"] == "" {
		return errors.New("workload: no name")
	}
	i, err := t.workload(cells)
	if err != nil {
		return err
	}
	step := Step{At: at, Workload: i}
	absolute, isAbsolute := cells["replicas"]
	relative, isRelative := cells["change"]
	job := t.trace.Workloads[i].Kind == Job
	switch {
	case isAbsolute == isRelative:
		return errors.New("replicas, change: one of the two is needed")
	case job && isAbsolute:
		return errors.New("replicas: pods of a Job come by change alone")
	case isAbsolute:
		if step.Replicas, err = strconv.Atoi(absolute); err != nil || step.Replicas < 0 {
			return fmt.Errorf("replicas: %q is no number of pods", absolute)
		}
	default:
		step.Relative = true
		if step.Replicas, err = strconv.Atoi(relative); err != nil || job && step.Replicas < 0 {
			return fmt.Errorf("change: %q is no number of pods", relative)
		}
	}
	t.trace.Steps = append(t.trace.Steps, step)
	return nil
}

// workload is where the line's workload is. Its first line makes it.
func (t *tracer) workload(cells map[string]string) (int, error) {
	about := maps.Clone(cells)
	for _, name := range columns[:4] {
		delete(about, name)
	}
	namespace := cells["namespace"]
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	key := namespace + "/" + cells["workload"]
	if i, known := t.known[key]; known {
		for _, name := range slices.Sorted(maps.Keys(about)) {
			if before := t.first[i][name]; before != about[name] {
				return 0, fmt.Errorf("%s: %q, and %q where workload %s came first", name, about[name], before, key)
			}
		}
		return i, nil
	}
	w, err := traced(namespace, cells["workload"], about)
	if err != nil {
		return 0, err
	}
	t.trace.Workloads = append(t.trace.Workloads, w)
	t.first = append(t.first, about)
	t.known[key] = len(t.trace.Workloads) - 1
	return t.known[key], nil
}

// traced is the workload that the cells describe.
func traced(namespace, name string, cells map[string]string) (TracedWorkload, error) {
	w := TracedWorkload{MaxUnavailable: cells["max_unavailable"], MinAvailable: cells["min_available"]}
	options := []fake.PodOption{fake.Namespace(namespace), fake.Label("app", name)}
	fail := func(column, problem string) (TracedWorkload, error) {
		return TracedWorkload{}, fmt.Errorf("%s: %s", column, problem)
	}
	for _, column := range []string{"cpu", "memory"} {
		if text, stated := cells[column]; stated {
			if q, err := resource.ParseQuantity(text); err != nil || q.Sign() < 0 {
				return fail(column, fmt.Sprintf("%q is no quantity such as 500m or 1Gi", text))
			}
		}
	}
	if cells["cpu"] == "" && cells["memory"] == "" {
		return fail("cpu, memory", fmt.Sprintf("nothing says what a pod of %s/%s asks for", namespace, name))
	}
	options = append(options, fake.Requests(cells["cpu"], cells["memory"]))
	for column, label := range map[string]string{"zone": corev1.LabelTopologyZone, "arch": corev1.LabelArchStable, "capacity_type": v1.CapacityTypeLabelKey} {
		if value := cells[column]; value != "" {
			options = append(options, fake.NodeSelector(label, value))
		}
	}
	w.Kind = cells["kind"]
	if w.Kind != "" && w.Kind != ReplicaSet && w.Kind != StatefulSet && w.Kind != Job {
		return fail("kind", fmt.Sprintf("%q is none of ReplicaSet, StatefulSet and Job", w.Kind))
	}
	if run, stated := cells["run"]; stated != (w.Kind == Job) {
		return fail("run", "a Job needs it, and nothing else may have it")
	} else if stated {
		var err error
		if w.Run, err = span(run); err != nil || w.Run == 0 {
			return fail("run", fmt.Sprintf("%q is no time to run", run))
		}
	}
	if text, stated := cells["zone_max_skew"]; stated {
		skew, err := strconv.ParseInt(text, 10, 32)
		if err != nil || skew < 1 {
			return fail("zone_max_skew", fmt.Sprintf("%q is no number from 1", text))
		}
		options = append(options, fake.Spread(corev1.LabelTopologyZone, int32(skew), map[string]string{"app": name}))
	}
	switch alone := cells["per_node"]; alone {
	case "", "false":
	case "true":
		options = append(options, fake.PodAntiAffinity(corev1.LabelHostname, map[string]string{"app": name}))
	default:
		return fail("per_node", fmt.Sprintf("%q is neither true nor false", alone))
	}
	if text, stated := cells["priority"]; stated {
		priority, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return fail("priority", fmt.Sprintf("%q is no number", text))
		}
		options = append(options, fake.PodFunc(func(p *corev1.Pod) { p.Spec.Priority = ptr.To(int32(priority)) }))
	}
	if w.MaxUnavailable != "" && w.MinAvailable != "" {
		return fail("max_unavailable, min_available", "one of them at most")
	}
	for _, column := range []string{"max_unavailable", "min_available"} {
		digits, _ := strings.CutSuffix(cells[column], "%")
		if n, err := strconv.Atoi(digits); cells[column] != "" && (err != nil || n < 0) {
			return fail(column, fmt.Sprintf("%q is neither a number nor a percentage", cells[column]))
		}
	}
	if value := cells["do_not_disrupt"]; value != "" {
		if d, err := time.ParseDuration(value); value != "true" && (err != nil || d <= 0) {
			return fail("do_not_disrupt", fmt.Sprintf("%q is neither true nor a duration", value))
		}
		options = append(options, fake.Annotation(v1.DoNotDisruptAnnotationKey, value))
	}
	w.Pod = fake.Pod(name, options...)
	return w, nil
}

// span reads seconds or a Go duration; not below zero.
func span(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return d, nil
	}
	return 0, fmt.Errorf("%q is neither seconds nor a duration such as 1h30m", text)
}
