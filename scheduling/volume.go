package scheduling

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-helpers/storage/ephemeral"
)

// Volumes decide where a pod can run in four ways: a volume that exists is somewhere (volumerule.go), one that is made
// when its first pod has a node can be made in certain places only, or is chosen among volumes made beforehand
// (staticvolume.go), a node can attach so many (attach.go), and some may be used by one pod only (here, and disk.go for
// disks that a pod names without a claim). The rules are those of the scheduler's plugins VolumeBinding, VolumeZone,
// VolumeRestrictions and NodeVolumeLimits.

// storage is the snapshot's Storage, indexed, and what each waiting pod needs of it.
type storage struct {
	source   *Storage
	claims   map[types.NamespacedName]*corev1.PersistentVolumeClaim
	volumes  map[string]*corev1.PersistentVolume
	ofClass  map[string][]*corev1.PersistentVolume // by StorageClass; by name
	classes  map[string]*storagev1.StorageClass
	drivers  map[string]*storagev1.CSIDriver
	csiNodes map[string]*storagev1.CSINode

	attachments map[string][]*storagev1.VolumeAttachment // by node
	migratedAt  map[string]map[string]bool               // nodes by in-tree plugin that they have moved to its driver

	limited  map[string]bool // drivers of which some node or instance type limits the volumes
	starting map[string]bool // nodes that are not initialised yet
	twins    map[string]bool // hostnames that several nodes have

	holders map[types.NamespacedName]string // a bound pod that uses the claim
	users   map[types.NamespacedName]int    // pods, waiting or bound, that use it
	needs   map[*corev1.Pod]*volumeNeeds    // of pods whose volumes matter
	rules   []volumeRule
	ruleIDs map[string]int32
	locals  []localVolumes
	dims    []volumeDim
	missed  map[string]bool // lists already reported as unknown
}

// volumeNeeds is what a pod's volumes ask of a node.
type volumeNeeds struct {
	claims []types.NamespacedName // those that rules are about, in the order of rules
	rules  []int32                // in storage.rules; all must hold
	demand map[corev1.ResourceName]int64
	// shared says that a volume which counts against a limit is used by other pods too. Such a volume counts for each
	// of them, although a node attaches it once: nothing is overfilled, but a pod may be left out for want of room that
	// there is.
	shared bool
	// chosen says that the pod is tied to one of several volumes that would do.
	chosen bool
	// stuck is why no node will do; unclear is what the planner cannot tell; turn is set when other pods go first.
	stuck, unclear *Rejection
	turn           *turn

	// delayed are unbound claims that get a volume once the pod has a node. One that the pod names twice is there twice: the
	// scheduler looks for a volume each time.
	delayed   []*corev1.PersistentVolumeClaim
	exclusive []types.NamespacedName // those that one pod may use at a time
}

// turn is why a pod has to wait for others.
type turn struct {
	after  []*corev1.Pod
	reason Rejection
	// lasting says that the pod cannot run as long as the others do; otherwise nobody knows where it could.
	lasting bool
}

// excluded reports whether the pod is not to be placed in this plan, whatever room there is.
func (n *volumeNeeds) excluded() bool {
	return n != nil && (n.stuck != nil || n.unclear != nil || n.turn != nil)
}

// volumesField stands for a pod that is not placed because of its volumes where classes name an unsupported field.
const volumesField = "spec.volumes"

// compileStorage works out what the volumes of the waiting pods and of DaemonSets need.
func (p *Problem) compileStorage(f *findings, all []waiting) {
	s := &storage{
		source: &p.snapshot.Storage, needs: map[*corev1.Pod]*volumeNeeds{}, ruleIDs: map[string]int32{},
		missed: map[string]bool{}, users: map[types.NamespacedName]int{}, holders: map[types.NamespacedName]string{},
	}
	p.storage = s
	var pods []*corev1.Pod
	for i := range all {
		if all[i].volumes && usesVolumes(&all[i].pod.Spec) {
			pods = append(pods, all[i].pod)
		}
	}
	if len(pods) == 0 {
		return
	}
	s.index(f)
	s.findLimits(p)
	s.starting, s.twins = map[string]bool{}, map[string]bool{}
	for i := range p.nodes {
		s.starting[p.nodes[i].object.Name] = !p.nodes[i].initialized
		if p.nodes[i].twin {
			s.twins[p.nodes[i].object.Labels[corev1.LabelHostname]] = true
		}
		for _, pod := range p.nodes[i].pods {
			if p.index != nil && comesBack(pod) {
				continue // it is among those that wait
			}
			for _, key := range claimNames(pod) {
				s.users[key]++
				s.holders[key] = podName(pod).String()
			}
		}
	}
	for _, pod := range pods {
		for _, key := range claimNames(pod) {
			s.users[key]++
		}
	}
	for _, pod := range pods {
		s.needs[pod] = s.needsOf(f, pod, len(p.nodes) > 0)
	}
	for d := range p.daemons {
		if pod := p.daemons[d].pod; usesVolumes(&pod.Spec) {
			s.needs[pod] = s.daemonNeeds(pod)
		}
	}
	slices.SortStableFunc(pods, func(a, b *corev1.Pod) int { return cmp.Compare(priority(b), priority(a)) })
	s.takeTurns(pods)
	s.matchVolumes(pods)
}

// index finds objects by name.
func (s *storage) index(f *findings) {
	byName := func(o metav1.Object) types.NamespacedName {
		return types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}
	}
	s.claims = indexed(f, "Claims", s.source.Claims, byName)
	s.volumes = indexed(f, "Volumes", s.source.Volumes, metav1.Object.GetName)
	s.classes = indexed(f, "Classes", s.source.Classes, metav1.Object.GetName)
	s.drivers = indexed(f, "CSIDrivers", s.source.CSIDrivers, metav1.Object.GetName)
	s.csiNodes = indexed(f, "CSINodes", s.source.CSINodes, metav1.Object.GetName)
	s.ofClass = map[string][]*corev1.PersistentVolume{}
	for _, name := range sortedKeys(s.volumes) {
		class := volumeClass(s.volumes[name])
		s.ofClass[class] = append(s.ofClass[class], s.volumes[name])
	}
	s.attachments = map[string][]*storagev1.VolumeAttachment{}
	for i, a := range s.source.Attachments {
		if a == nil {
			f.add(fmt.Sprintf("Storage.Attachments[%d]", i), "is nil")
			continue
		}
		s.attachments[a.Spec.NodeName] = append(s.attachments[a.Spec.NodeName], a)
	}
	s.migratedAt = map[string]map[string]bool{}
	for name, n := range s.csiNodes {
		for plugin := range strings.SplitSeq(n.Annotations[corev1.MigratedPluginsAnnotationKey], ",") {
			if s.migratedAt[plugin] == nil {
				s.migratedAt[plugin] = map[string]bool{}
			}
			s.migratedAt[plugin][name] = true
		}
	}
}

// indexed finds the objects of a list by a key. Objects that are nil or occur twice are errors.
func indexed[K comparable, T any, P interface {
	*T
	metav1.Object
}](f *findings, list string, objects []P, keyOf func(metav1.Object) K) map[K]P {
	out := make(map[K]P, len(objects))
	for i, o := range objects {
		if o == nil {
			f.add(fmt.Sprintf("Storage.%s[%d]", list, i), "is nil")
			continue
		}
		key := keyOf(o)
		if _, twice := out[key]; twice {
			f.add(fmt.Sprintf("Storage.%s[%v]", list, key), "occurs twice")
		}
		out[key] = o
	}
	return out
}

// usesVolumes reports whether the pod has a volume that is not made of nothing on whatever node it runs.
func usesVolumes(spec *corev1.PodSpec) bool {
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.PersistentVolumeClaim != nil || v.Ephemeral != nil {
			return true
		}
		if driver, _ := inlineDriver(v); driver != "" {
			return true
		}
	}
	return false
}

// claimNames are the claims that the pod's volumes name, those of generic ephemeral volumes included.
func claimNames(pod *corev1.Pod) []types.NamespacedName {
	var out []types.NamespacedName
	for i := range pod.Spec.Volumes {
		if key, ok := claimName(pod, &pod.Spec.Volumes[i]); ok && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

func claimName(pod *corev1.Pod, v *corev1.Volume) (types.NamespacedName, bool) {
	switch {
	case v.PersistentVolumeClaim != nil:
		return types.NamespacedName{Namespace: pod.Namespace, Name: v.PersistentVolumeClaim.ClaimName}, true
	case v.Ephemeral != nil:
		return types.NamespacedName{Namespace: pod.Namespace, Name: ephemeral.VolumeClaimName(pod, v)}, true
	}
	return types.NamespacedName{}, false
}

// Annotations by which the scheduler and the volume controller speak of a claim.
const (
	bindCompleted = "pv.kubernetes.io/bind-completed"
	selectedNode  = "volume.kubernetes.io/selected-node"
)

// claimClass is the StorageClass that a claim names, in the old annotation or the field; empty if it names none.
func claimClass(c *corev1.PersistentVolumeClaim) string {
	if class, ok := c.Annotations[corev1.BetaStorageClassAnnotation]; ok {
		return class
	}
	if c.Spec.StorageClassName != nil {
		return *c.Spec.StorageClassName
	}
	return ""
}

func volumeClass(v *corev1.PersistentVolume) string {
	if class, ok := v.Annotations[corev1.BetaStorageClassAnnotation]; ok {
		return class
	}
	return v.Spec.StorageClassName
}

// needsOf looks at each volume of a waiting pod. What other pods have to do with it comes later.
func (s *storage) needsOf(f *findings, pod *corev1.Pod, nodes bool) *volumeNeeds {
	n := &volumeNeeds{}
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		path := fmt.Sprintf("%s.spec.volumes[%s]", podPath(pod), v.Name)
		if key, ok := claimName(pod, v); ok {
			if !s.known(f, path, "Claims", s.source.Claims == nil) {
				return n
			}
			if reason := s.claimNeeds(f, path, n, pod, key, v.Ephemeral != nil); reason != "" {
				n.stuck = claimConflict(key, reason)
				return n
			}
		}
		if unmanaged(v) {
			n.unclear = &Rejection{Code: NotSupported, Key: fmt.Sprintf("spec.volumes[%s].azureDisk of a kind other than Managed", v.Name), Count: 1}
		}
		if driver, _ := s.attached(pod, v); driver != "" {
			s.known(f, path, "CSIDrivers", s.source.CSIDrivers == nil)
			if nodes {
				s.known(f, path, "CSINodes", s.source.CSINodes == nil)
				s.known(f, path, "Attachments", s.source.Attachments == nil)
			}
		}
	}
	s.countVolumes(n, pod)
	return n
}

// claimNeeds adds what a claim asks for. It returns why no node can have it, if so.
func (s *storage) claimNeeds(f *findings, path string, n *volumeNeeds, pod *corev1.Pod, key types.NamespacedName, fromPod bool) string {
	claim := s.claims[key]
	switch {
	case claim == nil && fromPod:
		return "is not created yet"
	case claim == nil:
		return "does not exist"
	case claim.Status.Phase == corev1.ClaimLost:
		return "has lost its volume " + claim.Spec.VolumeName
	case claim.DeletionTimestamp != nil:
		return "is being deleted"
	case fromPod && ephemeral.VolumeIsForPod(pod, claim) != nil:
		return "does not belong to the pod"
	}
	if !fromPod && slices.Contains(claim.Spec.AccessModes, corev1.ReadWriteOncePod) {
		if holder, used := s.holders[key]; used {
			return "is in use by " + holder
		}
		n.exclusive = append(n.exclusive, key)
	}
	if _, done := claim.Annotations[bindCompleted]; claim.Spec.VolumeName != "" && done {
		if !s.known(f, path, "Volumes", s.source.Volumes == nil) {
			return ""
		}
		volume := s.volumes[claim.Spec.VolumeName]
		if volume == nil {
			return "is bound to volume " + claim.Spec.VolumeName + ", which does not exist"
		}
		s.bindTo(n, key, volume, !fromPod)
		return ""
	}
	name := claimClass(claim)
	switch {
	case claim.Spec.VolumeName != "":
		return "is not bound to volume " + claim.Spec.VolumeName + " yet"
	case name == "":
		return "is not bound, and names no StorageClass"
	case !s.known(f, path, "Classes", s.source.Classes == nil):
		return ""
	}
	class := s.classes[name]
	switch {
	case class == nil:
		return "is not bound, and StorageClass " + name + " does not exist"
	case class.VolumeBindingMode == nil || *class.VolumeBindingMode != storagev1.VolumeBindingWaitForFirstConsumer:
		return "is not bound yet"
	}
	s.known(f, path, "Volumes", s.source.Volumes == nil)
	s.known(f, path, "CSIDrivers", s.source.CSIDrivers == nil)
	n.delayed = append(n.delayed, claim)
	return ""
}

// known notes a pod that needs a list which the snapshot does not have. Each list is reported once.
func (s *storage) known(f *findings, path, list string, missing bool) bool {
	if missing && !s.missed[list] {
		s.missed[list] = true
		f.add(path, "needs Storage.%s, which is nil (unknown)", list)
	}
	return !missing
}

// claimConflict is a reason that lies in a claim.
func claimConflict(key types.NamespacedName, why string) *Rejection {
	return &Rejection{Code: VolumeConflict, Key: claimKey(key), Want: why, Count: 1}
}

const claimPrefix = "pvc "

func claimKey(key types.NamespacedName) string { return claimPrefix + key.String() }

// takeTurns lets one pod go first where several wait for a claim that only one may use at a time, or that gets its volume
// where its first pod goes: those of high priority, then by name.
func (s *storage) takeTurns(pods []*corev1.Pod) {
	first := map[types.NamespacedName]*corev1.Pod{}
	for _, pod := range pods {
		n := s.needs[pod]
		if n.excluded() {
			continue
		}
		var asked []types.NamespacedName
		for _, key := range n.exclusive {
			if other := first[key]; other != nil && (n.turn == nil || !n.turn.lasting) {
				n.turn = &turn{after: []*corev1.Pod{other}, lasting: true, reason: *claimConflict(key, "may be used by one pod only, and is for "+podName(other).String())}
			}
			asked = append(asked, key)
		}
		for _, claim := range n.delayed {
			key := types.NamespacedName{Namespace: claim.Namespace, Name: claim.Name}
			if _, selected := claim.Annotations[selectedNode]; selected {
				continue
			}
			if other := first[key]; other != nil && n.turn == nil {
				n.turn = &turn{after: []*corev1.Pod{other}, reason: *claimConflict(key, "gets its volume where "+podName(other).String()+" goes")}
			}
			asked = append(asked, key)
		}
		if n.turn != nil {
			continue
		}
		for _, key := range asked {
			first[key] = pod
		}
	}
}

// volumeVerdict is the answer for a pod that was left out, given that of its class. placed says which pods have a place.
func (s *solver) volumeVerdict(pod *corev1.Pod, class *class, placed func(*corev1.Pod) bool, verdict Verdict, reasons []Rejection) (Verdict, []Rejection) {
	n := s.p.storage.needs[pod]
	switch {
	case n == nil || class.unsupported != "" && class.unsupported != volumesField:
		return verdict, reasons
	case n.stuck != nil:
		return Infeasible, []Rejection{*n.stuck}
	case n.unclear != nil:
		return NotEvaluated, []Rejection{*n.unclear}
	case n.turn != nil:
		if n.turn.lasting && !slices.ContainsFunc(n.turn.after, func(o *corev1.Pod) bool { return !placed(o) }) {
			return Infeasible, []Rejection{n.turn.reason}
		}
		return NotEvaluated, []Rejection{{Code: NotSupported, Key: n.turn.reason.Key + ", which " + n.turn.reason.Want, Count: 1}}
	case n.chosen:
		return NotEvaluated, []Rejection{{Code: NotSupported, Key: "a choice of volumes", Count: 1}}
	case verdict == Infeasible && s.mayShare(class):
		return NotEvaluated, []Rejection{{Code: NotSupported, Key: "a volume that pods share where the number of volumes is limited", Count: 1}}
	}
	return verdict, s.p.ownClaims(class, pod, reasons)
}

// ownClaims writes the reasons of a class, which name the claims of its first pod, for another of its pods.
func (p *Problem) ownClaims(class *class, pod *corev1.Pod, reasons []Rejection) []Rejection {
	model, own := p.storage.needs[p.exemplar(class)], p.storage.needs[pod]
	if model == nil || model == own {
		return reasons
	}
	out := slices.Clone(reasons)
	for i := range out {
		for k, key := range model.claims {
			if out[i].Key == claimKey(key) && k < len(own.claims) {
				out[i].Key = claimKey(own.claims[k])
				break
			}
		}
	}
	return out
}

// rename writes a diagnosis of the class for one of its pods.
func (p *Problem) rename(d *diagnosis, c int32, pod types.NamespacedName) {
	i, found := slices.BinarySearchFunc(p.pods, pod, func(o *corev1.Pod, name types.NamespacedName) int { return compareNames(podName(o), name) })
	if !found {
		return
	}
	class := &p.classes[c]
	d.nodes = p.ownClaims(class, p.pods[i], d.nodes)
	d.nearest.reasons = p.ownClaims(class, p.pods[i], d.nearest.reasons)
	for k := range d.pools {
		d.pools[k].Rejections = p.ownClaims(class, p.pods[i], d.pools[k].Rejections)
	}
}

// volumePrint tells apart pods whose volumes differ in what they ask for. Names of claims do not count.
func (p *Problem) volumePrint(x printer, pod *corev1.Pod) print128 {
	var h print128
	for _, d := range disks(pod) {
		h = h.join(x.text(d.text()))
	}
	n := p.storage.needs[pod]
	if n == nil {
		return h
	}
	h = h.join(p.placePrint(pod)).number(uint64(len(n.demand)))
	for _, name := range sortedKeys(n.demand) {
		h = h.join(x.text(string(name))).number(uint64(n.demand[name]))
	}
	for _, flag := range []bool{n.shared, n.chosen, n.stuck != nil, n.unclear != nil, n.turn != nil} {
		h = h.number(map[bool]uint64{true: 1}[flag])
	}
	return h
}

// placePrint tells apart pods whose volumes can be reached from different nodes.
func (p *Problem) placePrint(pod *corev1.Pod) print128 {
	var h print128
	if n := p.storage.needs[pod]; n != nil {
		for _, id := range n.rules {
			h = h.number(uint64(id) + 1)
		}
	}
	return h
}

// listed joins words for people: "a", "a or b", "a, b or c".
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
