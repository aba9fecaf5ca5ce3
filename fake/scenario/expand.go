package scenario

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// maxPods bounds how many pods a scenario may ask for, so that a slip of the pen does not fill the memory.
const maxPods = 2_000_000

var errTooManyPods = errors.New("the documents ask for more than 2,000,000 pods")

// expansion makes pods of documents, one after the other: the order in which they are made is that of their creation.
type expansion struct {
	world        *world
	classes      map[string]*schedulingv1.PriorityClass
	defaultClass *schedulingv1.PriorityClass
	start        time.Time
	made         int                             // pods so far
	makers       map[types.NamespacedName]origin // what each pod comes from
	claimNames   map[types.NamespacedName]bool   // declared and made
}

func newExpansion(w *world) *expansion {
	e := &expansion{
		world:      w,
		start:      time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		makers:     map[types.NamespacedName]origin{},
		claimNames: map[types.NamespacedName]bool{},
	}
	e.classes, e.defaultClass = priorityClasses(w.priorities)
	for _, c := range w.storage.Claims {
		e.claimNames[types.NamespacedName{Namespace: c.Namespace, Name: c.Name}] = true
	}
	return e
}

// register gives the pod its place in time and reports a name that another pod has.
func (e *expansion) register(o origin, pod *corev1.Pod) bool {
	e.made++
	if pod.CreationTimestamp.IsZero() {
		pod.CreationTimestamp = metav1.NewTime(e.start.Add(time.Duration(e.made) * time.Second))
	}
	name := types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}
	if first, taken := e.makers[name]; taken {
		e.world.problems.add(o.errorf("", "pod %s is declared twice, first by %s", name, first))
		return false
	}
	e.makers[name] = o
	return true
}

// single is a Pod document.
func (e *expansion) single(load *workload, place func(origin, *corev1.Pod)) {
	pod := load.pod
	e.complete(load.origin, "", pod)
	if e.register(load.origin, pod) {
		e.ephemeralClaims(pod)
		place(load.origin, pod)
	}
}

// expand makes the pods of a template. They share all that their specs point to.
func (e *expansion) expand(load *workload, place func(origin, *corev1.Pod)) {
	if load.count == 0 {
		return
	}
	base := corev1.Pod{Spec: load.template.Spec}
	base.Namespace = load.namespace
	base.Annotations = load.template.Annotations
	base.Labels = maps.Clone(load.template.Labels)
	if base.Labels == nil {
		base.Labels = map[string]string{}
	}
	stateful := load.kind == "StatefulSet"
	switch load.kind {
	case "StatefulSet":
		base.OwnerReferences = ownedBy("apps/v1", load.kind, load.name, load.uid)
	case "Job":
		base.Labels[batchv1.JobNameLabel] = load.name
		base.OwnerReferences = ownedBy("batch/v1", load.kind, load.name, load.uid)
	case "ReplicationController":
		base.OwnerReferences = ownedBy("v1", load.kind, load.name, load.uid)
	case "ReplicaSet":
		base.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = load.hash()
		base.OwnerReferences = ownedBy("apps/v1", load.kind, load.name, load.uid)
	default: // a Deployment, which has its pods by way of a ReplicaSet
		set, hash := load.replicaSet()
		base.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = hash
		base.OwnerReferences = ownedBy("apps/v1", "ReplicaSet", set, makeUID("ReplicaSet", load.namespace, set))
	}
	e.complete(load.origin, "spec.template.", &base)
	selectsItself := stateful && mentionsIdentity(&load.template.Spec)

	pods := make([]corev1.Pod, load.count)
	e.makers = grow(e.makers, load.count)
	for i := range pods {
		pod := &pods[i]
		*pod = base
		pod.Name = load.name + "-" + strconv.Itoa(i)
		pod.UID = makeUID("Pod", pod.Namespace, pod.Name)
		if stateful {
			pod.Labels = maps.Clone(base.Labels)
			pod.Labels[appsv1.StatefulSetPodNameLabel] = pod.Name
			pod.Labels[appsv1.PodIndexLabel] = strconv.Itoa(i)
			if selectsItself {
				pod.Spec.Affinity, pod.Spec.TopologySpreadConstraints = load.template.Spec.Affinity, load.template.Spec.TopologySpreadConstraints
				mergeLabelKeys(pod)
			}
			e.statefulClaims(load, pod)
		}
		if !e.register(load.origin, pod) {
			return
		}
		e.ephemeralClaims(pod)
		place(load.origin, pod)
	}
}

// hash is the value of the label that tells the templates of a Deployment apart: that of the template, or "1".
func (load *workload) hash() string {
	if hash, ok := load.template.Labels[appsv1.DefaultDeploymentUniqueLabelKey]; ok {
		return hash
	}
	return "1"
}

// replicaSet is the name of the ReplicaSet that a Deployment has its pods by, and its hash.
func (load *workload) replicaSet() (name, hash string) {
	hash = load.hash()
	return load.name + "-" + hash, hash
}

// grow makes room in an empty map; one with entries is left as it is.
func grow[M ~map[K]V, K comparable, V any](m M, n int) M {
	if len(m) == 0 {
		return make(M, n)
	}
	return m
}

func ownedBy(version, kind, name string, uid types.UID) []metav1.OwnerReference {
	return []metav1.OwnerReference{{
		APIVersion: version, Kind: kind, Name: name, UID: uid,
		Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true),
	}}
}

// mentionsIdentity reports whether the pods of a StatefulSet merge a label that each has a value of its own for.
func mentionsIdentity(spec *corev1.PodSpec) bool {
	own := func(keys []string) bool {
		return slices.Contains(keys, appsv1.StatefulSetPodNameLabel) || slices.Contains(keys, appsv1.PodIndexLabel)
	}
	for _, c := range spec.TopologySpreadConstraints {
		if own(c.MatchLabelKeys) {
			return true
		}
	}
	return spec.Affinity != nil && slices.ContainsFunc(podTerms(spec.Affinity), func(t *corev1.PodAffinityTerm) bool {
		return own(t.MatchLabelKeys) || own(t.MismatchLabelKeys)
	})
}

// statefulClaims makes the claims of a StatefulSet's pod, unless they are declared, and lets the pod use them.
func (e *expansion) statefulClaims(load *workload, pod *corev1.Pod) {
	if len(load.claims) == 0 {
		return
	}
	volumes := slices.DeleteFunc(slices.Clone(pod.Spec.Volumes), func(v corev1.Volume) bool {
		return slices.ContainsFunc(load.claims, func(c corev1.PersistentVolumeClaim) bool { return c.Name == v.Name })
	})
	for i := range load.claims {
		template := &load.claims[i]
		name := template.Name + "-" + pod.Name
		source := &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name}
		volumes = append(volumes, corev1.Volume{Name: template.Name, VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: source}})
		e.addClaim(pod, name, &template.ObjectMeta, &template.Spec, nil)
	}
	pod.Spec.Volumes = volumes
}

// ephemeralClaims makes the claims of a pod's generic ephemeral volumes, unless they are declared.
func (e *expansion) ephemeralClaims(pod *corev1.Pod) {
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil {
			template := v.Ephemeral.VolumeClaimTemplate
			e.addClaim(pod, pod.Name+"-"+v.Name, &template.ObjectMeta, &template.Spec, ownedBy("v1", "Pod", pod.Name, pod.UID))
		}
	}
}

func (e *expansion) addClaim(pod *corev1.Pod, name string, meta *metav1.ObjectMeta, spec *corev1.PersistentVolumeClaimSpec, owner []metav1.OwnerReference) {
	key := types.NamespacedName{Namespace: pod.Namespace, Name: name}
	if e.claimNames[key] {
		return
	}
	e.claimNames[key] = true
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: pod.Namespace, UID: makeUID("PersistentVolumeClaim", pod.Namespace, name),
			Labels: meta.Labels, Annotations: maps.Clone(meta.Annotations), OwnerReferences: owner,
			CreationTimestamp: pod.CreationTimestamp,
		},
		Spec:   *spec,
		Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending},
	}
	e.world.madeUp[claim.UID] = true
	e.world.storage.Claims = append(e.world.storage.Claims, claim)
}
