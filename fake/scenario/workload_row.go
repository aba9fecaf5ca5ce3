package scenario

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// workloadRow is one row of the file.
type workloadRow struct {
	group, arch                   string
	count, perNode, claims        int
	zoneSkew, hostSkew            int
	zoneAffinity                  bool
	milliCPU, mebibytes, milliGPU int64
	gpuKinds                      []string // empty: any
	selector                      *metav1.LabelSelector
	labels                        map[string]string
}

func readWorkloadRow(r csvRow, options WorkloadOptions) (workloadRow, error) {
	n, err := r.numbers("count", "cpu_m", "mem_mib", "max_per_node", "zone_max_skew", "pvc")
	if err != nil {
		return workloadRow{}, err
	}
	row := workloadRow{
		group: dnsName(r.text("group")), arch: cmp.Or(r.text("arch"), "amd64"),
		count: int(n[0]), milliCPU: int64(n[1]), mebibytes: int64(n[2]),
		perNode: int(n[3]), zoneSkew: int(n[4]), claims: int(n[5]),
	}
	if row.group == "" {
		return row, fmt.Errorf("line %d: group must not be empty", r.line)
	}
	if n[0] > maxPods || n[5] > 100 || n[3] > maxPods || n[4] > maxPods {
		return row, fmt.Errorf("line %d: a number is out of range", r.line)
	}
	if err := row.readExtra(r); err != nil {
		return row, err
	}
	if err := row.readGPUs(r); err != nil {
		return row, err
	}
	row.drop(options)
	row.labels = map[string]string{"app": row.group}
	row.selector = &metav1.LabelSelector{MatchLabels: row.labels}
	return row, nil
}

// readExtra reads the terms of the column extra.
func (row *workloadRow) readExtra(r csvRow) error {
	text := r.text("extra")
	if text == "" {
		return nil
	}
	for term := range strings.SplitSeq(text, ";") {
		term = strings.TrimSpace(term)
		name, value, _ := strings.Cut(term, "=")
		switch {
		case name == "kind":
		case term == "zone_affinity=self":
			row.zoneAffinity = true
		case name == "host_max_skew":
			skew, err := strconv.Atoi(value)
			if err != nil || skew < 1 || skew > maxPods {
				return fmt.Errorf("line %d: extra: host_max_skew must be a number of at least 1, is %q", r.line, value)
			}
			row.hostSkew = skew
		default:
			return fmt.Errorf("line %d: extra: unknown term %q: known are host_max_skew=N, zone_affinity=self and kind=TEXT", r.line, term)
		}
	}
	return nil
}

// drop forgets what the options ignore.
func (row *workloadRow) drop(options WorkloadOptions) {
	if options.without(WithoutPerNode) {
		row.perNode = 0
	}
	if options.without(WithoutZoneSpread) {
		row.zoneSkew = 0
	}
	if options.without(WithoutHostSpread) {
		row.hostSkew = 0
	}
	if options.without(WithoutZoneAffinity) {
		row.zoneAffinity = false
	}
	if options.without(WithoutVolumes) {
		row.claims = 0
	}
	if options.without(WithoutGPUs) {
		row.milliGPU, row.gpuKinds = 0, nil
	}
	if options.without(WithoutGPUKinds) {
		row.gpuKinds = nil
	}
}

// dnsName makes a name of an object of any text: at most 50 letters, so that a number still fits behind it.
func dnsName(s string) string {
	s = regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(s), "-")
	return strings.Trim(s[:min(len(s), 50)], "-")
}

// document is the row as a Deployment, or as a StatefulSet when its pods have volumes.
func (row workloadRow) document(name string) document {
	meta := metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceDefault, Labels: row.labels}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: row.labels}, Spec: row.podSpec()}
	replicas := ptr.To(int32(row.count))
	if row.claims == 0 {
		return &appsv1.Deployment{
			TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
			ObjectMeta: meta,
			Spec:       appsv1.DeploymentSpec{Replicas: replicas, Selector: row.selector, Template: template},
		}
	}
	set := &appsv1.StatefulSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"},
		ObjectMeta: meta,
		Spec:       appsv1.StatefulSetSpec{Replicas: replicas, Selector: row.selector, Template: template, ServiceName: name},
	}
	for i := range row.claims {
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

func (row workloadRow) podSpec() corev1.PodSpec {
	requests := corev1.ResourceList{}
	if row.milliCPU > 0 {
		requests[corev1.ResourceCPU] = *resource.NewMilliQuantity(row.milliCPU, resource.DecimalSI)
	}
	if row.mebibytes > 0 {
		requests[corev1.ResourceMemory] = *resource.NewQuantity(row.mebibytes<<20, resource.BinarySI)
	}
	container := corev1.Container{Name: "app", Image: "app", Resources: corev1.ResourceRequirements{Requests: requests}}
	spec := corev1.PodSpec{
		Containers:   []corev1.Container{container},
		NodeSelector: map[string]string{corev1.LabelArchStable: row.arch},
	}
	if row.milliGPU > 0 {
		row.askForGPUs(&spec)
	}
	row.constrain(&spec)
	return spec
}

// constrain adds what the pods of a group ask of each other.
func (row workloadRow) constrain(spec *corev1.PodSpec) {
	spread := func(topology string, skew int) {
		if skew > 0 {
			spec.TopologySpreadConstraints = append(spec.TopologySpreadConstraints, corev1.TopologySpreadConstraint{
				MaxSkew: int32(skew), TopologyKey: topology, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: row.selector,
			})
		}
	}
	spread(corev1.LabelTopologyZone, row.zoneSkew)
	hostSkew := row.hostSkew
	affinity := cmp.Or(spec.Affinity, &corev1.Affinity{})
	if row.perNode == 1 {
		affinity.PodAntiAffinity = &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{TopologyKey: corev1.LabelHostname, LabelSelector: row.selector}},
		}
	} else if hostSkew == 0 || row.perNode > 0 && row.perNode < hostSkew {
		hostSkew = row.perNode // a pod may have one spread over a key
	}
	spread(corev1.LabelHostname, hostSkew)
	if row.zoneAffinity {
		affinity.PodAffinity = &corev1.PodAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{TopologyKey: corev1.LabelTopologyZone, LabelSelector: row.selector}},
		}
	}
	if *affinity != (corev1.Affinity{}) {
		spec.Affinity = affinity
	}
}
