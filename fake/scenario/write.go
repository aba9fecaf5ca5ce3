package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/storage/ephemeral"
	"sigs.k8s.io/yaml"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// YAML writes the scenario as a file, so that others can load it: what is decided about it, and how it prints, is the same.
// The text comes with an error that says what the format has no words for: types that leave a label's value open, types of
// one name that differ between pools, labels of pools that types are only said not to have, groups whose members no selector
// tells from other pods, claims that name a volume or belong to a pod and are not bound, or not there, yet; and of scenarios
// about disruption, nodes and pods without conditions, which a reader takes to be ready.
func (s *Scenario) YAML() ([]byte, error) {
	e := &exporter{present: map[string]bool{}, absent: map[string]bool{}}
	e.snapshot(&s.Snapshot)
	for _, b := range s.DisruptionBudgets {
		e.document("policy/v1", "PodDisruptionBudget", b)
	}
	if s.Decide == disrupt {
		e.conditions(&s.Snapshot)
	}
	e.document("kerf.dev/v1alpha1", v1alpha1.KindScenario, s.document())
	return e.text.Bytes(), errors.Join(e.problems...)
}

func (e *exporter) snapshot(s *scheduling.Snapshot) {
	for _, ns := range s.Namespaces {
		e.document("v1", "Namespace", ns)
	}
	e.types(s.InstanceTypes)
	if e.count == len(s.Namespaces) && len(s.NodePools) > 0 {
		e.problems = append(e.problems, errors.New("pools without any type"))
	}
	for _, p := range s.NodePools {
		for _, r := range p.Spec.Template.Spec.Requirements {
			if e.absent[r.Key] && !e.present[r.Key] {
				e.problems = append(e.problems, fmt.Errorf("pool %s looks at label %s, which types are only said not to have", p.Name, r.Key))
			}
		}
		e.pool(p)
	}
	for _, template := range s.DaemonPods {
		e.document("apps/v1", "DaemonSet", exportedDaemonSet(template))
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if n.Claim != nil {
			claim := n.Claim.DeepCopy()
			if n.Node != nil && claim.Status.NodeName == "" {
				claim.Status.NodeName = n.Node.Name
			}
			neverExpires(&claim.Spec.ExpireAfter)
			e.document("karpenter.sh/v1", "NodeClaim", claim)
		}
		if n.Node != nil {
			e.document("v1", "Node", n.Node)
		} else if len(n.Pods) > 0 {
			e.problems = append(e.problems, fmt.Errorf("claim %s has no Node, and pods", n.Claim.Name))
		}
		for _, pod := range n.Pods {
			e.document("v1", "Pod", pod)
		}
	}
	e.storage(&s.Storage)
	for _, pod := range s.Pods {
		e.document("v1", "Pod", pod)
		for i := range pod.Spec.Volumes {
			if v := &pod.Spec.Volumes[i]; v.Ephemeral != nil && !hasClaim(&s.Storage, pod.Namespace, ephemeral.VolumeClaimName(pod, v)) {
				e.problems = append(e.problems, fmt.Errorf("pod %s/%s has a volume whose claim is not created yet", pod.Namespace, pod.Name))
			}
		}
	}
	e.groups(s)
	e.selectors(s.Profile.Selectors)
}

// conditions reports what a reader would take to be well.
func (e *exporter) conditions(s *scheduling.Snapshot) {
	for _, n := range s.Nodes {
		if n.Node != nil && len(n.Node.Status.Conditions) == 0 {
			e.problems = append(e.problems, fmt.Errorf("node %s has no conditions", n.Name()))
		}
		for _, pod := range n.Pods {
			if pod.Status.Phase == corev1.PodRunning && len(pod.Status.Conditions) == 0 {
				e.problems = append(e.problems, fmt.Errorf("pod %s/%s runs and has no conditions", pod.Namespace, pod.Name))
			}
		}
	}
}

type exporter struct {
	text     bytes.Buffer
	count    int
	problems []error
	// present are the labels that some type has, absent those of which some type says that it has them not.
	present, absent map[string]bool
}

func hasClaim(s *scheduling.Storage, namespace, name string) bool {
	return slices.ContainsFunc(s.Claims, func(c *corev1.PersistentVolumeClaim) bool { return c.Namespace == namespace && c.Name == name })
}

// document writes one object, without fields that say nothing.
func (e *exporter) document(version, kind string, object any) {
	e.fields(version, kind, fieldsOf(object))
}

// pool writes a NodePool. That it has no budgets, and that its nodes do not expire, must be said: not a word would mean the
// default.
func (e *exporter) pool(p *v1.NodePool) {
	p = p.DeepCopy()
	neverExpires(&p.Spec.Template.Spec.ExpireAfter)
	fields := fieldsOf(p)
	if len(p.Spec.Disruption.Budgets) == 0 {
		spec := fields["spec"].(map[string]any)
		disruption, ok := spec["disruption"].(map[string]any)
		if !ok {
			disruption = map[string]any{}
			spec["disruption"] = disruption
		}
		disruption["budgets"] = []any{}
	}
	e.fields("karpenter.sh/v1", "NodePool", fields)
}

// neverExpires says so of a duration that is not set.
func neverExpires(d *v1.NillableDuration) {
	if d.IsZero() {
		*d = v1.Never()
	}
}

// fieldsOf are the object's fields as a document has them.
func fieldsOf(object any) map[string]any {
	text, err := yaml.Marshal(object)
	if err != nil {
		panic(err) // API objects are plain data
	}
	var fields map[string]any
	if err := yaml.Unmarshal(text, &fields); err != nil {
		panic(err)
	}
	return fields
}

func (e *exporter) fields(version, kind string, fields map[string]any) {
	delete(fields, "apiVersion")
	delete(fields, "kind")
	prune(fields)
	text, err := yaml.Marshal(fields)
	if err != nil {
		panic(err)
	}
	if e.count++; e.count > 1 {
		e.text.WriteString("---\n")
	}
	fmt.Fprintf(&e.text, "apiVersion: %s\nkind: %s\n%s", version, kind, text)
}

// prune removes nulls, empty texts and maps. Empty lists and maps that mean something, such as the selector that selects
// everything, stay.
func prune(value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, field := range v {
			prune(field)
			m, isMap := field.(map[string]any)
			empty := isMap && len(m) == 0 && !strings.HasSuffix(strings.ToLower(key), "selector")
			if field == nil || field == "" || empty {
				delete(v, key)
			}
		}
	case []any:
		for _, item := range v {
			prune(item)
		}
	}
}

func exportedDaemonSet(template *corev1.Pod) *appsv1.DaemonSet {
	ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: template.Name, Namespace: template.Namespace}}
	ds.Spec.Selector = &metav1.LabelSelector{MatchLabels: template.Labels}
	ds.Spec.Template.Labels = template.Labels
	ds.Spec.Template.Spec = template.Spec
	return ds
}

// types writes each type once, with the pools that have it.
func (e *exporter) types(byPool map[string][]*cloudprovider.InstanceType) {
	known := map[string]*cloudprovider.InstanceType{}
	pools := map[string][]string{}
	for _, pool := range slices.Sorted(maps.Keys(byPool)) {
		for _, t := range byPool[pool] {
			if first, ok := known[t.Name]; ok && !reflect.DeepEqual(first, t) {
				e.problems = append(e.problems, fmt.Errorf("type %s of pool %s is another one than that of pool %s", t.Name, pool, pools[t.Name][0]))
				continue
			}
			known[t.Name] = t
			pools[t.Name] = append(pools[t.Name], pool)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		t := known[name]
		out := &v1alpha1.InstanceType{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: e.labels(name, t.Requirements)}}
		out.Spec = v1alpha1.InstanceTypeSpec{Capacity: t.Capacity, Overhead: t.Overhead, VolumeLimits: t.VolumeLimits}
		if len(pools[name]) < len(byPool) {
			out.Spec.NodePools = pools[name]
		}
		for i := range t.Offerings {
			o := &t.Offerings[i]
			offering := v1alpha1.InstanceTypeOffering{Zone: o.Zone, CapacityType: o.CapacityType, Price: &o.Price, Labels: e.labels(name, o.Requirements)}
			if !o.Available {
				offering.Available = &o.Available
			}
			if o.Stock != nil {
				offering.Count, offering.Stock = &o.Stock.Count, o.Stock.Key
			}
			out.Spec.Offerings = append(out.Spec.Offerings, offering)
		}
		e.document("kerf.dev/v1alpha1", "InstanceType", out)
	}
}

// labels are the labels with one value. A label that a node does not have is one that is not written.
func (e *exporter) labels(name string, set requirement.Set) map[string]string {
	out := map[string]string{}
	for r := range set.All() {
		values := r.Values()
		switch {
		case r.Finite() && len(values) == 1 && !r.HasAbsent():
			out[r.Key()], e.present[r.Key()] = values[0], true
		case r.Finite() && len(values) == 0:
			e.absent[r.Key()] = true
		default:
			e.problems = append(e.problems, fmt.Errorf("type %s: %v is no label", name, r))
		}
	}
	return out
}

func (e *exporter) storage(s *scheduling.Storage) {
	for _, o := range s.Classes {
		e.document("storage.k8s.io/v1", "StorageClass", o)
	}
	for _, o := range s.CSIDrivers {
		e.document("storage.k8s.io/v1", "CSIDriver", o)
	}
	for _, o := range s.CSINodes {
		e.document("storage.k8s.io/v1", "CSINode", o)
	}
	for _, o := range s.Volumes {
		e.document("v1", "PersistentVolume", o)
	}
	for _, o := range s.Claims {
		if _, bound := o.Annotations["pv.kubernetes.io/bind-completed"]; o.Spec.VolumeName != "" && !bound {
			e.problems = append(e.problems, fmt.Errorf("claim %s/%s names a volume that it is not bound to yet", o.Namespace, o.Name))
		}
		e.document("v1", "PersistentVolumeClaim", o)
	}
	for _, o := range s.Attachments {
		e.document("storage.k8s.io/v1", "VolumeAttachment", o)
	}
}
