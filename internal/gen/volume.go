package gen

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// attach decides which volumes the pods of a group have: the function is called for each of its pods.
func (m *maker) attach(t target) func(*corev1.Pod) {
	first := m.oneVolume(t)
	if !m.chance(0.2) {
		return first
	}
	second := m.oneVolume(t)
	return func(pod *corev1.Pod) { first(pod); second(pod) }
}

// oneVolume is one volume of each pod of a group.
func (m *maker) oneVolume(t target) func(*corev1.Pod) {
	zone := t.labels[corev1.LabelTopologyZone]
	own := func(class string, change func(*corev1.PersistentVolumeClaim)) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			claim := m.volumeClaim(pod.Namespace, volumeName(pod)+"-"+pod.Name, class)
			if change != nil {
				change(claim)
			}
			mount(pod, claim.Name)
		}
	}
	shared := func(class string, change func(*corev1.PersistentVolumeClaim)) func(*corev1.Pod) {
		var claim *corev1.PersistentVolumeClaim
		return func(pod *corev1.Pod) {
			if claim == nil {
				claim = m.volumeClaim(pod.Namespace, "shared-"+volumeName(pod)+"-"+pod.Name, class)
				claim.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
				change(claim)
			}
			mount(pod, claim.Name)
		}
	}
	here := func(c *corev1.PersistentVolumeClaim) { m.fulfil(c, zone) }
	anywhere := func(c *corev1.PersistentVolumeClaim) { m.fulfil(c, pick(m, m.zones...)) }
	same := func(*corev1.PersistentVolumeClaim) {}
	switch n := m.IntN(100); {
	case n < 16:
		return own(waiting, here)
	case n < 24:
		return own(waiting, anywhere)
	case n < 30:
		return shared(waiting, here)
	case n < 44:
		return own(waiting, nil)
	case n < 54:
		return own(zonal, nil)
	case n < 58:
		return shared(pick(m, waiting, zonal), same)
	case n < 66:
		return own(local, nil)
	case n < 70:
		return own(eager, nil)
	case n < 72:
		return func(pod *corev1.Pod) { mount(pod, "missing") }
	case n < 76:
		return m.borrow
	case n < 80:
		return own(waiting, m.spoilClaim)
	case n < 88:
		return shared(waiting, func(c *corev1.PersistentVolumeClaim) {
			c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}
			if m.chance(0.5) {
				m.fulfil(c, zone).Spec.AccessModes = c.Spec.AccessModes
			}
		})
	case n < 97:
		return m.ephemeral
	}
	return func(pod *corev1.Pod) { // matters to nobody
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: volumeName(pod), VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	}
}

// borrow gives the pod a claim that other pods have too, if there is one in its namespace.
func (m *maker) borrow(pod *corev1.Pod) {
	name := "missing"
	for _, i := range m.Perm(len(m.s.Storage.Claims)) {
		if c := m.s.Storage.Claims[i]; c.Namespace == pod.Namespace {
			name = c.Name
			break
		}
	}
	mount(pod, name)
}

// spoilClaim makes the claim one that no pod can use for now, mostly.
func (m *maker) spoilClaim(c *corev1.PersistentVolumeClaim) {
	class := func(name string) { c.Spec.StorageClassName = &name }
	switch m.IntN(7) {
	case 0: // the volume is lost
		m.fulfil(c, pick(m, m.zones...))
		c.Status.Phase = corev1.ClaimLost
	case 1: // the volume is gone, and nobody has noticed yet
		m.fulfil(c, pick(m, m.zones...))
		c.Spec.VolumeName = "gone"
	case 2:
		c.DeletionTimestamp, c.Finalizers = &metav1.Time{Time: m.s.Now}, []string{"kubernetes.io/pvc-protection"}
	case 3:
		class(unstated)
	case 4:
		c.Spec.StorageClassName = nil
	case 5:
		class(abroad)
	case 6: // chosen already, not yet bound
		m.fulfil(c, pick(m, m.zones...))
		c.Annotations, c.Status.Phase = nil, corev1.ClaimPending
	}
}

// ephemeral gives the pod a volume that lives as long as it does. Its claim belongs to the pod; sometimes it is not there
// yet, or another one is in its place.
func (m *maker) ephemeral(pod *corev1.Pod) {
	pod.UID = types.UID(pod.Namespace + "/" + pod.Name)
	name, class := volumeName(pod), pick(m, waiting, zonal)
	spec := corev1.PersistentVolumeClaimSpec{
		StorageClassName: &class, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: quantity("1Gi")}},
	}
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
		Ephemeral: &corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{Spec: spec}},
	}})
	if m.chance(0.1) {
		return
	}
	claim := m.volumeClaim(pod.Namespace, pod.Name+"-"+name, class)
	if m.chance(0.05) {
		return
	}
	controller := true
	claim.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID, Controller: &controller}}
}

// mount gives the pod a volume by the name of its claim.
func mount(pod *corev1.Pod, claim string) {
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: volumeName(pod), VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
	}})
}

// volumeName is the name of the pod's next volume.
func volumeName(pod *corev1.Pod) string {
	return "data" + string(rune('a'+len(pod.Spec.Volumes)))
}

// attachBound gives a bound pod a volume that it uses.
func (m *maker) attachBound(pod *corev1.Pod, t target) {
	claim := m.volumeClaim(pod.Namespace, "data-"+pod.Name, waiting)
	m.fulfil(claim, t.labels[corev1.LabelTopologyZone])
	mount(pod, claim.Name)
	if m.chance(0.1) { // it must not be used by any other pod
		claim.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}
	}
}
