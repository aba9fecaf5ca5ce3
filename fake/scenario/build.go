package scenario

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// build makes the snapshot. What is wrong goes to w.problems.
func (w *world) build(s *Scenario) {
	snapshot := &s.Snapshot
	for _, n := range w.namespaces {
		if n.Labels == nil {
			n.Labels = map[string]string{}
		}
		n.Labels[corev1.LabelMetadataName] = n.Name
		snapshot.Namespaces = append(snapshot.Namespaces, n)
	}
	nodes := w.joinNodes()
	w.placePods(snapshot, nodes)
	w.podGroups(snapshot)
	w.selectors(snapshot)
	snapshot.Nodes = append(snapshot.Nodes, nodes.list...)
	w.daemonPods(snapshot)
	w.buildStorage(snapshot)
	w.nodePools(snapshot)
	w.instanceTypes(snapshot)
	if s.Decide == disrupt {
		running(snapshot)
	}
	w.podBudgets(s)
	w.disruption(s)
}

// placePods gives bound pods to their nodes and lists the others.
func (w *world) placePods(snapshot *scheduling.Snapshot, nodes *nodeIndex) {
	e := newExpansion(w)
	place := func(o origin, pod *corev1.Pod) {
		name := pod.Spec.NodeName
		if name == "" {
			snapshot.Pods = append(snapshot.Pods, pod)
			return
		}
		i, known := nodes.byName[name]
		switch {
		case known:
			nodes.list[i].Pods = append(nodes.list[i].Pods, pod)
		case pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed:
			w.problems.add(o.errorf("spec.nodeName", "pod %s/%s is bound to Node %q, which no document declares", pod.Namespace, pod.Name, name))
		}
	}
	total := 0
	for _, load := range w.workloads {
		total += max(load.count, 1)
	}
	if total > maxPods {
		w.problems.add(errTooManyPods)
		return
	}
	snapshot.Pods = slices.Grow(snapshot.Pods, total)
	dumped := w.dumpedOwners()
	for i := range w.workloads {
		load := &w.workloads[i]
		switch {
		case load.pod != nil:
			e.single(load, place)
		case !dumped[load.uid]:
			e.expand(load, place)
		}
	}
	e.buffers(place)
}

// dumpedOwners are the UIDs of the controllers whose pods, or whose own controllers, are documents too: a dump of a
// cluster lists a Deployment, its ReplicaSet and its pods, and each pod counts once. A controller that states no UID was
// written by hand and stands for its pods.
func (w *world) dumpedOwners() map[types.UID]bool {
	out := map[types.UID]bool{}
	for i := range w.workloads {
		owners := w.workloads[i].owners
		if pod := w.workloads[i].pod; pod != nil {
			owners = pod.OwnerReferences
		}
		for _, owner := range owners {
			if owner.UID != "" && !w.madeUp[owner.UID] {
				out[owner.UID] = true
			}
		}
	}
	return out
}

// daemonPods makes the template pod of each DaemonSet.
func (w *world) daemonPods(snapshot *scheduling.Snapshot) {
	e := newExpansion(w)
	for i := range w.daemonSets {
		set := &w.daemonSets[i]
		pod := &corev1.Pod{Spec: set.template.Spec}
		pod.Name, pod.Namespace = set.name, set.namespace
		pod.Labels, pod.Annotations = set.template.Labels, set.template.Annotations
		pod.UID = makeUID("Pod", set.namespace, set.name)
		pod.OwnerReferences = ownedBy("apps/v1", "DaemonSet", set.name, set.uid)
		e.complete(set.origin, "spec.template.", pod)
		snapshot.DaemonPods = append(snapshot.DaemonPods, pod)
	}
}

// nodePools defaults and validates the NodePools. What they refer to has no meaning here, so a NodePool without
// nodeClassRef is accepted, and every pool counts as ready.
func (w *world) nodePools(snapshot *scheduling.Snapshot) {
	for _, p := range w.pools {
		pool := p.object
		v1.SetDefaultsNodePool(pool)
		spec := &pool.Spec.Template.Spec
		if spec.Requirements == nil {
			spec.Requirements = []v1.NodeRequirement{}
		}
		checked := *pool
		if spec.NodeClassRef == nil {
			checked.Spec.Template.Spec.NodeClassRef = anyNodeClass()
		}
		w.problems.addFields(p.origin, v1.ValidateNodePool(&checked))
		pool.Status.Conditions = nil
		snapshot.NodePools = append(snapshot.NodePools, pool)
	}
}

func anyNodeClass() *v1.NodeClassReference {
	return &v1.NodeClassReference{Group: "kerf.dev", Kind: "Any", Name: "any"}
}

// buildStorage completes claims and volumes.
func (w *world) buildStorage(snapshot *scheduling.Snapshot) {
	volumes := make(map[string]*corev1.PersistentVolume, len(w.storage.Volumes))
	for _, v := range w.storage.Volumes {
		volumes[v.Name] = v
	}
	for _, c := range w.storage.Claims {
		w.bindClaim(c, volumes[c.Spec.VolumeName])
	}
	in, out := &w.storage, &snapshot.Storage
	out.Claims = append(out.Claims, in.Claims...)
	out.Volumes = append(out.Volumes, in.Volumes...)
	out.Classes = append(out.Classes, in.Classes...)
	out.CSINodes = append(out.CSINodes, in.CSINodes...)
	out.CSIDrivers = append(out.CSIDrivers, in.CSIDrivers...)
	out.Attachments = append(out.Attachments, in.Attachments...)
}

// bindClaim completes a claim that names a volume, and the volume if it names the claim.
func (w *world) bindClaim(c *corev1.PersistentVolumeClaim, v *corev1.PersistentVolume) {
	if c.Spec.VolumeName == "" {
		return
	}
	if c.Annotations == nil {
		c.Annotations = map[string]string{}
	}
	if c.Annotations[bindCompleted] == "" {
		c.Annotations[bindCompleted] = "yes"
	}
	if c.Status.Phase == "" || c.Status.Phase == corev1.ClaimPending {
		c.Status.Phase = corev1.ClaimBound
	}
	if v == nil || v.Spec.ClaimRef == nil || v.Spec.ClaimRef.Name != c.Name || claimNamespace(v) != c.Namespace {
		return
	}
	ref := v.Spec.ClaimRef
	ref.Namespace = c.Namespace
	if ref.UID == "" || w.madeUp[c.UID] {
		ref.UID = c.UID
	}
	v.Status.Phase = corev1.VolumeBound
}

const bindCompleted = "pv.kubernetes.io/bind-completed"

func claimNamespace(v *corev1.PersistentVolume) string {
	if v.Spec.ClaimRef.Namespace == "" {
		return corev1.NamespaceDefault
	}
	return v.Spec.ClaimRef.Namespace
}

func emptyStorage() scheduling.Storage {
	return scheduling.Storage{
		Claims:      []*corev1.PersistentVolumeClaim{},
		Volumes:     []*corev1.PersistentVolume{},
		Classes:     []*storagev1.StorageClass{},
		CSINodes:    []*storagev1.CSINode{},
		CSIDrivers:  []*storagev1.CSIDriver{},
		Attachments: []*storagev1.VolumeAttachment{},
	}
}
