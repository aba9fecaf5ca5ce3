package scenario

import (
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kerf-autoscaler/kerf/apis/autoscaling"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
)

// reader makes documents part of a world.
type reader struct {
	world   *world
	decoder *decoder
	kinds   map[string]kindReader // by apiVersion, blank, kind
	options Options
	open    opener // of the file that is being read
	read    int    // documents so far
}

// kindReader makes one document of one kind part of the world.
type kindReader func(r *reader, o origin, d content)

// content is what a document says: a value that has yet to be decoded, with the number of values in it, or an object.
type content struct {
	value  *value
	values int
	object any
}

// fill copies the content to a pointer to the kind's type. It reports whether that went well, and what did not.
func (r *reader) fill(o origin, d content, into any) bool {
	if d.value == nil {
		reflect.ValueOf(into).Elem().Set(reflect.ValueOf(d.object).Elem())
		return true
	}
	bad := r.decoder.decode(d.value, d.values, into)
	for _, p := range bad {
		r.world.problems.add(o.at(p.line, p.path, "%s", p.problem))
	}
	return len(bad) == 0
}

func newReader(options Options) *reader {
	return &reader{world: newWorld(), decoder: newDecoder(), kinds: kinds(), options: options}
}

// document reads one document, or the items of a list. values is how many values the document has.
func (r *reader) document(o origin, v *value, values int) {
	if v.shape != object {
		if v.shape != null {
			r.world.problems.add(o.errorf("", "must be an object with apiVersion and kind, is %s", v.describe()))
		}
		return
	}
	version, kind := v.str("apiVersion"), v.str("kind")
	o.kind = kind
	if metadata := v.field("metadata"); metadata != nil {
		o.name, o.namespace = metadata.str("name"), metadata.str("namespace")
	}
	if r.options.Decide == v1alpha1.DecideDisrupt {
		r.world.newest.look(o, v)
	}
	if read, known := r.kinds[version+" "+kind]; known {
		read(r, o, content{value: v, values: values})
		return
	}
	if items := v.field("items"); strings.HasSuffix(kind, "List") && items != nil && o.item == 0 {
		r.listItems(o, version, strings.TrimSuffix(kind, "List"), items, values)
		return
	}
	switch {
	case kind == "" || version == "":
		r.world.problems.add(o.errorf("", "must have apiVersion and kind"))
	case !r.options.IgnoreUnknown:
		r.world.problems.add(o.errorf("", "unknown kind %s of %s%s", kind, version, r.hint(kind)))
	}
}

// hint names the version that a kind is known in.
func (r *reader) hint(kind string) string {
	var known []string
	for name := range r.kinds {
		if version, k, _ := strings.Cut(name, " "); k == kind {
			known = append(known, version)
		}
	}
	if len(known) == 0 {
		return ""
	}
	slices.Sort(known)
	return " (known is " + strings.Join(known, ", ") + ")"
}

// listItems reads the items of a List. Those of a typed list need not state apiVersion and kind.
func (r *reader) listItems(o origin, version, kind string, items *value, values int) {
	if items.shape != list {
		if items.shape != null {
			r.world.problems.add(o.at(items.line, "items", "must be a list, is %s", items.describe()))
		}
		return
	}
	for i := range items.items {
		item := &items.items[i]
		at := origin{file: o.file, line: item.line, document: o.document, item: int32(i) + 1}
		if kind != "" && item.shape == object && item.field("kind") == nil && item.field("apiVersion") == nil {
			item = &value{
				shape: object, line: item.line,
				keys:  append([]key{{"apiVersion", item.line}, {"kind", item.line}}, item.keys...),
				items: append([]value{{shape: text, scalar: version}, {shape: text, scalar: kind}}, item.items...),
			}
		}
		r.document(at, item, values)
	}
}

// object is a pointer to an API object.
type apiObject[T any] interface {
	*T
	metav1.Object
}

// into is a reader that decodes a document into a T, completes its metadata, and passes it on. Objects that are wrong or
// declared twice are reported and not passed on. namespace is that of objects that state none; empty for kinds that have
// none.
func into[T any, P apiObject[T]](namespace string, use func(w *world, o origin, object P)) kindReader {
	return func(r *reader, o origin, d content) {
		object := P(new(T))
		if !r.fill(o, d, object) {
			return
		}
		o.name, o.namespace = object.GetName(), namespace
		if namespace != "" && object.GetNamespace() != "" {
			o.namespace = object.GetNamespace()
		}
		object.SetNamespace(o.namespace)
		if o.name == "" {
			r.world.problems.add(o.errorf("metadata.name", "must not be empty"))
			return
		}
		if !r.world.take(o) {
			return
		}
		if object.GetUID() == "" {
			uid := makeUID(o.kind, o.namespace, o.name)
			object.SetUID(uid)
			r.world.madeUp[uid] = true
		}
		use(r.world, o, object)
	}
}

// kinds are the documents that a scenario may have.
func kinds() map[string]kindReader {
	const ns = metav1.NamespaceDefault
	all := map[string]kindReader{
		"v1 Namespace": into("", func(w *world, _ origin, n *corev1.Namespace) { w.namespaces = append(w.namespaces, n) }),
		"v1 Node":      into("", func(w *world, o origin, n *corev1.Node) { w.nodes = append(w.nodes, found[*corev1.Node]{o, n}) }),
		"v1 Pod": into(ns, func(w *world, o origin, p *corev1.Pod) {
			w.workloads = append(w.workloads, workload{origin: o, pod: p})
		}),
		"v1 Service": into(ns, func(w *world, o origin, s *corev1.Service) {
			w.services = append(w.services, found[*corev1.Service]{o, s})
		}),
		"v1 PodTemplate": into(ns, func(w *world, o origin, t *corev1.PodTemplate) {
			w.templates[o.namespaced()] = t
		}),
		"scheduling.k8s.io/v1 PriorityClass": into("", func(w *world, _ origin, c *schedulingv1.PriorityClass) {
			w.priorities = append(w.priorities, c)
		}),
		"policy/v1 PodDisruptionBudget": readPodBudget,
		"karpenter.sh/v1 NodePool":      into("", func(w *world, o origin, p *v1.NodePool) { w.pools = append(w.pools, found[*v1.NodePool]{o, p}) }),
		"karpenter.sh/v1 NodeClaim":     into("", func(w *world, o origin, c *v1.NodeClaim) { w.claims = append(w.claims, found[*v1.NodeClaim]{o, c}) }),
		"karpenter.sh/v1alpha1 NodeOverlay": into("", func(w *world, o origin, l *v1alpha1.NodeOverlay) {
			w.overlays = append(w.overlays, found[*v1alpha1.NodeOverlay]{o, l})
		}),
		"autoscaling.x-k8s.io/v1beta1 CapacityBuffer": into(ns, func(w *world, o origin, b *autoscaling.CapacityBuffer) {
			w.buffers = append(w.buffers, found[*autoscaling.CapacityBuffer]{o, b})
		}),
		"kerf.dev/v1alpha1 InstanceType": into("", func(w *world, o origin, t *v1alpha1.InstanceType) {
			w.types = append(w.types, found[*v1alpha1.InstanceType]{o, t})
		}),
		"kerf.dev/v1alpha1 PodGroup": into(ns, func(w *world, o origin, g *v1alpha1.PodGroup) {
			w.groups = append(w.groups, found[*v1alpha1.PodGroup]{o, g})
		}),
		"kerf.dev/v1alpha1 Catalog":  readCatalog,
		"kerf.dev/v1alpha1 Scenario": readScenario,
	}
	addWorkloadKinds(all, ns)
	addStorageKinds(all, ns)
	return all
}

func addWorkloadKinds(all map[string]kindReader, ns string) {
	add := func(w *world, o origin, replicas *int32, load workload) {
		count := ptr.Deref(replicas, 1)
		if count < 0 {
			w.problems.add(o.errorf("spec.replicas", "must not be negative, is %d", count))
			return
		}
		load.origin, load.count = o, int(count)
		w.workloads = append(w.workloads, load)
	}
	all["apps/v1 Deployment"] = into(ns, func(w *world, o origin, d *appsv1.Deployment) {
		add(w, o, d.Spec.Replicas, workload{uid: d.UID, owners: d.OwnerReferences, selector: d.Spec.Selector, template: &d.Spec.Template})
	})
	all["apps/v1 ReplicaSet"] = into(ns, func(w *world, o origin, s *appsv1.ReplicaSet) {
		add(w, o, s.Spec.Replicas, workload{uid: s.UID, owners: s.OwnerReferences, selector: s.Spec.Selector, template: &s.Spec.Template})
	})
	all["v1 ReplicationController"] = into(ns, func(w *world, o origin, c *corev1.ReplicationController) {
		load := workload{uid: c.UID, owners: c.OwnerReferences, template: c.Spec.Template}
		if load.template == nil {
			load.template = &corev1.PodTemplateSpec{}
		}
		if len(c.Spec.Selector) > 0 {
			load.selector = &metav1.LabelSelector{MatchLabels: c.Spec.Selector}
		}
		add(w, o, c.Spec.Replicas, load)
	})
	all["apps/v1 StatefulSet"] = into(ns, func(w *world, o origin, s *appsv1.StatefulSet) {
		add(w, o, s.Spec.Replicas, workload{
			uid: s.UID, owners: s.OwnerReferences, selector: s.Spec.Selector, template: &s.Spec.Template, claims: s.Spec.VolumeClaimTemplates,
		})
	})
	all["batch/v1 Job"] = into(ns, func(w *world, o origin, j *batchv1.Job) {
		parallelism, completions := ptr.Deref(j.Spec.Parallelism, 1), j.Spec.Completions
		switch {
		case parallelism < 0:
			w.problems.add(o.errorf("spec.parallelism", "must not be negative, is %d", parallelism))
			return
		case completions != nil && *completions < 0:
			w.problems.add(o.errorf("spec.completions", "must not be negative, is %d", *completions))
			return
		case completions != nil:
			parallelism = min(parallelism, *completions)
		}
		add(w, o, &parallelism, workload{uid: j.UID, owners: j.OwnerReferences, template: &j.Spec.Template})
	})
	all["apps/v1 DaemonSet"] = into(ns, func(w *world, o origin, d *appsv1.DaemonSet) {
		w.daemonSets = append(w.daemonSets, workload{origin: o, uid: d.UID, template: &d.Spec.Template})
	})
}

func addStorageKinds(all map[string]kindReader, ns string) {
	all["v1 PersistentVolumeClaim"] = into(ns, func(w *world, _ origin, c *corev1.PersistentVolumeClaim) {
		w.storage.Claims = append(w.storage.Claims, c)
	})
	all["v1 PersistentVolume"] = into("", func(w *world, _ origin, v *corev1.PersistentVolume) {
		w.storage.Volumes = append(w.storage.Volumes, v)
	})
	all["storage.k8s.io/v1 StorageClass"] = into("", func(w *world, _ origin, c *storagev1.StorageClass) {
		if c.VolumeBindingMode == nil {
			c.VolumeBindingMode = ptr.To(storagev1.VolumeBindingImmediate)
		}
		w.storage.Classes = append(w.storage.Classes, c)
	})
	all["storage.k8s.io/v1 CSINode"] = into("", func(w *world, _ origin, n *storagev1.CSINode) {
		w.storage.CSINodes = append(w.storage.CSINodes, n)
	})
	all["storage.k8s.io/v1 CSIDriver"] = into("", func(w *world, _ origin, d *storagev1.CSIDriver) {
		w.storage.CSIDrivers = append(w.storage.CSIDrivers, d)
	})
	all["storage.k8s.io/v1 VolumeAttachment"] = into("", func(w *world, _ origin, a *storagev1.VolumeAttachment) {
		w.storage.Attachments = append(w.storage.Attachments, a)
	})
}

// readCatalog reads a Catalog, whose name is optional.
func readCatalog(r *reader, o origin, d content) {
	c := &v1alpha1.Catalog{}
	if !r.fill(o, d, c) || c.Name != "" && !r.world.take(o) {
		return
	}
	document := catalogDocument{found: found[*v1alpha1.Catalog]{o, c}, open: r.open}
	if d.value != nil {
		if table := d.value.field("spec").field("table"); table != nil {
			document.tableLine = table.line
		}
	}
	r.world.catalogs = append(r.world.catalogs, document)
}

// readScenario reads the Scenario, of which there may be one, and whose name is optional.
func readScenario(r *reader, o origin, d content) {
	s := &v1alpha1.Scenario{}
	ok := r.fill(o, d, s)
	if first := r.world.scenario; first != nil {
		r.world.problems.add(o.errorf("", "there may be one Scenario only, the first is %s", first.origin))
		return
	}
	if ok {
		r.world.scenario = &found[*v1alpha1.Scenario]{o, s}
	}
}
