package gen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Dump writes all facts of a world as text: lines for the catalogue, YAML for the rest. Neighbouring pods that differ in
// nothing but their name are written once. Equal worlds give equal text.
func Dump(s scheduling.Snapshot) string {
	var b strings.Builder
	for _, pool := range slices.Sorted(maps.Keys(s.InstanceTypes)) {
		fmt.Fprintf(&b, "# pool %s can launch\n", pool)
		for _, t := range s.InstanceTypes[pool] {
			dumpType(&b, t)
		}
	}
	for _, p := range s.NodePools {
		object(&b, "NodePool", p)
	}
	for _, n := range s.Nodes {
		fmt.Fprintf(&b, "# node %s\n", n.Name())
		if n.Node != nil {
			object(&b, "Node", n.Node)
		}
		if n.Claim != nil {
			object(&b, "NodeClaim", n.Claim)
		}
		dumpPods(&b, "bound pod", n.Pods)
	}
	dumpPods(&b, "DaemonSet", s.DaemonPods)
	dumpPods(&b, "pod", s.Pods)
	for _, ns := range s.Namespaces {
		fmt.Fprintf(&b, "# namespace %s %v\n", ns.Name, ns.Labels)
	}
	dumpStorage(&b, &s.Storage)
	for _, g := range s.Groups {
		fmt.Fprintf(&b, "# group %s of %d with topology %q: %v\n", g.Name, g.MinCount, g.TopologyKey, g.Pods)
	}
	if len(s.Profile.SchedulerNames) > 0 {
		fmt.Fprintf(&b, "# schedulers %v\n", s.Profile.SchedulerNames)
	}
	for i := range s.Profile.DefaultConstraints {
		object(&b, "default constraint", &s.Profile.DefaultConstraints[i])
	}
	for _, p := range s.Profile.Selectors {
		fmt.Fprintf(&b, "# %s %s/%s selects %s\n", p.Kind, p.Namespace, p.Name, metav1.FormatLabelSelector(p.Selector))
	}
	return b.String()
}

func dumpStorage(b *strings.Builder, s *scheduling.Storage) {
	for _, o := range s.Classes {
		object(b, "StorageClass", o)
	}
	for _, o := range s.CSIDrivers {
		object(b, "CSIDriver", o)
	}
	for _, o := range s.CSINodes {
		object(b, "CSINode", o)
	}
	for _, o := range s.Volumes {
		object(b, "PersistentVolume", o)
	}
	for _, o := range s.Claims {
		object(b, "PersistentVolumeClaim", o)
	}
	for _, o := range s.Attachments {
		object(b, "VolumeAttachment", o)
	}
}

func dumpType(b *strings.Builder, t *cloudprovider.InstanceType) {
	fmt.Fprintf(b, "#   %s  capacity %s  overhead %s  labels %s\n", t.Name, list(t.Capacity), list(t.Overhead), t.Requirements)
	for _, driver := range slices.Sorted(maps.Keys(t.VolumeLimits)) {
		fmt.Fprintf(b, "#     at most %d volumes of %s\n", t.VolumeLimits[driver], driver)
	}
	for i := range t.Offerings {
		o := &t.Offerings[i]
		fmt.Fprintf(b, "#     %s/%s  $%v", o.Zone, o.CapacityType, o.Price)
		if o.Stock != nil {
			fmt.Fprintf(b, "  stock %s=%d", o.Stock.Key, o.Stock.Count)
		}
		if !o.Available {
			b.WriteString("  unavailable")
		}
		if o.Requirements.Len() > 0 {
			fmt.Fprintf(b, "  labels %s", o.Requirements)
		}
		b.WriteString("\n")
	}
}

func list(l corev1.ResourceList) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(l)) {
		q := l[name]
		parts = append(parts, fmt.Sprintf("%s=%s", name, q.String()))
	}
	return "{" + strings.Join(parts, " ") + "}"
}

func object(b *strings.Builder, kind string, o any) {
	text, err := yaml.Marshal(o)
	if err != nil {
		panic(err) // API objects are plain data
	}
	if kind == "Node" {
		text = withoutNoise(text)
	}
	fmt.Fprintf(b, "--- # %s\n", kind)
	for line := range strings.Lines(string(text)) {
		if trimmed := strings.TrimSpace(line); trimmed != "status: {}" && trimmed != "creationTimestamp: null" && trimmed != "resources: {}" {
			b.WriteString(line)
		}
	}
}

// withoutNoise drops what no planner looks at and every Node prints.
func withoutNoise(text []byte) []byte {
	var fields map[string]any
	if err := yaml.Unmarshal(text, &fields); err != nil {
		panic(err)
	}
	if status, ok := fields["status"].(map[string]any); ok {
		delete(status, "nodeInfo")
		delete(status, "daemonEndpoints")
	}
	text, err := yaml.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return text
}

func dumpPods(b *strings.Builder, kind string, pods []*corev1.Pod) {
	for i := 0; i < len(pods); {
		first := pods[i].DeepCopy()
		names := []string{first.Name}
		first.Name = ""
		text := podText(kind, first)
		for i++; i < len(pods); i++ {
			next := pods[i].DeepCopy()
			next.Name = ""
			if podText(kind, next) != text {
				break
			}
			names = append(names, pods[i].Name)
		}
		b.WriteString(text)
		fmt.Fprintf(b, "# named %s\n", strings.Join(names, " "))
	}
}

func podText(kind string, pod *corev1.Pod) string {
	var b strings.Builder
	object(&b, kind, pod)
	return b.String()
}
