package scheduling

import (
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/component-helpers/storage/ephemeral"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// How many volumes a node can attach. For each CSI driver that some node or instance type limits there is one more
// resource, of which a pod asks as much as it has volumes. A volume that a node attaches for two of its pods counts once
// there when both are bound, and twice when one of them waits; see volumeNeeds.shared.

// volumeDim is a resource that stands for volumes.
type volumeDim struct {
	position int
	driver   string // whose attachments it counts; empty for local volumes
	endless  int64  // no node needs more
}

// attachPrefix and localPrefix make names of resources that no pod can ask for by itself.
const (
	attachPrefix = "attached volumes of "
	localPrefix  = "local volumes of "
)

// findLimits collects the drivers of which the number of volumes matters.
func (s *storage) findLimits(p *Problem) {
	s.limited = map[string]bool{}
	for _, n := range s.csiNodes {
		for _, d := range n.Spec.Drivers {
			if d.Allocatable != nil && d.Allocatable.Count != nil {
				s.limited[d.Name] = true
			}
		}
	}
	for _, list := range p.snapshot.InstanceTypes {
		for _, t := range list {
			for driver := range t.VolumeLimits {
				s.limited[driver] = true
			}
		}
	}
}

// attached is the driver that attaches a pod's volume, and a name that is the same for the same volume; empty if the
// volume is not attached, or not known.
func (s *storage) attached(pod *corev1.Pod, v *corev1.Volume) (driver, volume string) {
	driver, volume, _ = s.attachedBy(pod, v)
	return driver, volume
}

// attachedBy says also whether the volume is of an in-tree plugin: such volumes are attached only where there are drivers.
func (s *storage) attachedBy(pod *corev1.Pod, v *corev1.Volume) (driver, volume string, moved bool) {
	key, ok := claimName(pod, v)
	if !ok {
		driver, handle := inlineDriver(v)
		return driver, driver + "/" + handle, true
	}
	claim := s.claims[key]
	if claim == nil {
		return "", "", false
	}
	if pv := s.volumes[claim.Spec.VolumeName]; claim.Spec.VolumeName != "" && pv != nil {
		driver, handle, moved := volumeDriver(pv)
		if handle == "" {
			return "", "", false
		}
		return driver, driver + "/" + handle, moved
	}
	class := s.classes[claimClass(claim)]
	if class == nil {
		return "", "", false
	}
	driver, moved = provisionerDriver(class.Provisioner)
	return driver, driver + "/claim " + key.String(), moved
}

// countVolumes adds how many volumes of each limited driver the pod needs attached, and that the driver must be there.
func (s *storage) countVolumes(n *volumeNeeds, pod *corev1.Pod) {
	var seen []string
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		driver, volume, moved := s.attachedBy(pod, v)
		if driver == "" || slices.Contains(seen, volume) {
			continue
		}
		seen = append(seen, volume)
		key, _ := claimName(pod, v)
		if d := s.drivers[driver]; d != nil && d.Spec.PreventPodSchedulingIfMissing != nil && *d.Spec.PreventPodSchedulingIfMissing {
			n.obey(key, s.driverRule(driver, moved))
		}
		if s.limited[driver] {
			n.ask(attachPrefix+driver, 1)
			n.shared = n.shared || s.users[key] > 1
		}
	}
}

func hasName(driver string) func(storagev1.CSINodeDriver) bool {
	return func(d storagev1.CSINodeDriver) bool { return d.Name == driver }
}

func (n *volumeNeeds) ask(name string, count int64) {
	if n.demand == nil {
		n.demand = map[corev1.ResourceName]int64{}
	}
	n.demand[corev1.ResourceName(name)] += count
}

// daemonNeeds are the volumes that a pod of the DaemonSet attaches. Its generic ephemeral volumes count by their class,
// since their claims come and go with its pods.
func (s *storage) daemonNeeds(pod *corev1.Pod) *volumeNeeds {
	n := &volumeNeeds{}
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		driver, _ := s.attached(pod, v)
		if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil {
			claim := &corev1.PersistentVolumeClaim{ObjectMeta: v.Ephemeral.VolumeClaimTemplate.ObjectMeta, Spec: v.Ephemeral.VolumeClaimTemplate.Spec}
			if class := s.classes[claimClass(claim)]; class != nil {
				driver, _ = provisionerDriver(class.Provisioner)
			}
		}
		if s.limited[driver] {
			n.ask(attachPrefix+driver, 1)
		}
	}
	return n
}

// driverRule is the rule of a driver that wants pods only where it is installed. Nodes that are not there yet, or not
// initialised, are taken to get it.
func (s *storage) driverRule(driver string, moved bool) int32 {
	meaning := "driver " + driver
	if moved {
		meaning = "moved " + meaning
	}
	return s.rule(meaning, func() volumeRule {
		return volumeRule{
			keys: []string{nodeNameKey}, want: "needs CSI driver " + driver + " on the node",
			admits: func(n *corev1.Node) bool {
				csi := s.csiNodes[n.Name]
				return n.Name == newNodeName || s.starting[n.Name] || csi == nil && moved ||
					csi != nil && slices.ContainsFunc(csi.Spec.Drivers, hasName(driver))
			},
		}
	})
}

// mayShare reports whether a pod of the class might find room where it seems that there is none, since volumes that pods
// share have been counted more than once.
func (s *solver) mayShare(cl *class) bool {
	p := s.p
	least := cl.demand.Clone()
	attaches := false
	for _, dim := range p.storage.dims {
		if dim.driver != "" {
			attaches = attaches || least[dim.position] > 0
			least[dim.position] = 0
		}
	}
	if !attaches || !slices.ContainsFunc(p.classes, func(c class) bool { return c.shares }) {
		return false
	}
	for i := range p.sigs[cl.sig].nodes.All() {
		if s.nodeRoom[i].Fits(least) && !s.nodeRoom[i].Fits(cl.demand) {
			return true
		}
	}
	for i := range s.patterns {
		pt := &s.patterns[i]
		if !p.sigs[cl.sig].rows.Has(int(pt.row)) {
			continue
		}
		need := p.needs(pt)
		room := p.room(pt.row).Clone()
		room.Sub(need.demand, 1)
		if room.Fits(least) && !room.Fits(cl.demand) {
			return true
		}
	}
	return false
}

// requests is what a waiting or daemon pod asks of a node, volumes included.
func (p *Problem) requests(pod *corev1.Pod) corev1.ResourceList {
	list := requests(pod)
	if n := p.storage.needs[pod]; n != nil {
		for name, count := range n.demand {
			list[name] = *apiresource.NewQuantity(count, apiresource.DecimalSI)
		}
	}
	return list
}

// indexVolumes finds the resources that stand for volumes, once all demands are known.
func (p *Problem) indexVolumes() {
	for d := range p.dims.Len() {
		name := string(p.dims.Name(d))
		driver, attach := strings.CutPrefix(name, attachPrefix)
		switch {
		case attach:
		case strings.HasPrefix(name, localPrefix):
			driver = ""
		default:
			continue
		}
		dim := volumeDim{position: d, driver: driver, endless: 1}
		for c := range p.classes {
			dim.endless += p.classes[c].demand[d] * int64(p.classes[c].planned())
		}
		for k := range p.daemons {
			dim.endless += p.daemons[k].demand[d]
		}
		p.storage.dims = append(p.storage.dims, dim)
	}
	for c := range p.classes {
		n := p.storage.needs[p.exemplar(&p.classes[c])]
		p.classes[c].shares = n != nil && n.shared
	}
}

// limitVolumes puts into a node's room how many volumes of each driver it attaches.
func (p *Problem) limitVolumes(room resource.Vector, limits map[string]int) {
	for _, dim := range p.storage.dims {
		if dim.driver == "" {
			continue
		}
		room[dim.position] = dim.endless
		if limit, ok := limits[dim.driver]; ok {
			room[dim.position] = min(int64(limit), dim.endless)
		}
	}
}

// volumeRoom puts into the free room of an existing node how many more volumes it can attach, and the local volumes that
// are free there.
func (p *Problem) volumeRoom(n *node) {
	if len(p.storage.dims) == 0 {
		return
	}
	n.limits = p.attachLimits(n)
	p.limitVolumes(n.free, nil)
	attached, broken := p.storage.attachedTo(n)
	count := map[string]int64{}
	for _, driver := range attached {
		count[driver]++
	}
	for _, dim := range p.storage.dims {
		limit, limited := n.limits[dim.driver]
		switch {
		case dim.driver == "":
			n.free[dim.position] = p.storage.localRoom(string(p.dims.Name(dim.position)), n)
		case broken && len(n.limits) > 0:
			n.free[dim.position] = 0
		case limited:
			n.free[dim.position] = min(int64(limit)-count[dim.driver], dim.endless)
		}
	}
}

// attachLimits are the limits of the node's drivers. A node that is not initialised yet gets those of its instance type
// for drivers that have not said anything.
func (p *Problem) attachLimits(n *node) map[string]int {
	out := map[string]int{}
	csi := p.storage.csiNodes[n.object.Name]
	if !n.initialized {
		for _, t := range p.snapshot.InstanceTypes[n.object.Labels[v1.NodePoolLabelKey]] {
			if t.Name != n.object.Labels[corev1.LabelInstanceTypeStable] {
				continue
			}
			for driver, limit := range t.VolumeLimits {
				if csi == nil || !slices.ContainsFunc(csi.Spec.Drivers, hasName(driver)) {
					out[driver] = limit
				}
			}
		}
	}
	if csi == nil {
		return out
	}
	for _, d := range csi.Spec.Drivers {
		if d.Allocatable != nil && d.Allocatable.Count != nil {
			out[d.Name] = int(*d.Allocatable.Count)
		}
	}
	return out
}

// attachedTo are the volumes attached to a node: those of its pods, and those that are said to be attached. broken says
// that a pod uses a claim that is another pod's, or a disk that its driver does not serve, at which the scheduler gives up.
func (s *storage) attachedTo(n *node) (drivers map[string]string, broken bool) {
	drivers = map[string]string{}
	for _, pod := range n.pods {
		for i := range pod.Spec.Volumes {
			v := &pod.Spec.Volumes[i]
			if key, _ := claimName(pod, v); v.Ephemeral != nil && s.claims[key] != nil && ephemeral.VolumeIsForPod(pod, s.claims[key]) != nil {
				broken = true
			}
			broken = broken || unmanaged(v)
			if driver, volume := s.attached(pod, v); driver != "" {
				drivers[volume] = driver
			}
		}
	}
	for _, a := range s.attachments[n.object.Name] {
		if a.Spec.Attacher == "" || a.Spec.Source.PersistentVolumeName == nil {
			continue
		}
		if v := s.volumes[*a.Spec.Source.PersistentVolumeName]; v != nil && v.Spec.CSI != nil {
			drivers[a.Spec.Attacher+"/"+v.Spec.CSI.VolumeHandle] = a.Spec.Attacher
		}
	}
	return drivers, broken
}

// standsForVolumes reports whether the resource at the position is one that no machine lists.
func (p *Problem) standsForVolumes(d int) bool {
	return slices.ContainsFunc(p.storage.dims, func(dim volumeDim) bool { return dim.position == d })
}

// volumeShortage is the reason when a resource that stands for volumes runs out; false for other resources.
func (p *Problem) volumeShortage(d int, want, have int64) (Rejection, bool) {
	for _, dim := range p.storage.dims {
		switch {
		case dim.position != d:
		case dim.driver == "":
			name, _ := strings.CutPrefix(string(p.dims.Name(d)), localPrefix)
			return Rejection{Code: VolumeConflict, Key: "StorageClass " + name, Want: "has no free volume there"}, true
		default:
			return Rejection{Code: InsufficientResource, Key: dim.driver,
				Want: strconv.FormatInt(want, 10), Have: strconv.FormatInt(max(have, 0), 10), Used: "0"}, true
		}
	}
	return Rejection{}, false
}

// withLimits completes reasons that are about attached volumes by the limit of the node or instance type: then Want is
// what would be attached with the pod, Have the limit, and Used what is attached without.
func (p *Problem) withLimits(reasons []Rejection, limits map[string]int) []Rejection {
	for i := range reasons {
		r := &reasons[i]
		if limit, ok := limits[r.Key]; ok && p.attaches(*r) {
			used := int64(math.Max(0, float64(limit)-amount(r.Have)))
			r.Want = strconv.FormatInt(used+int64(amount(r.Want)), 10)
			r.Have, r.Used = strconv.Itoa(limit), strconv.FormatInt(used, 10)
		}
	}
	return reasons
}

// attaches reports whether the reason is about attached volumes.
func (p *Problem) attaches(r Rejection) bool { return r.Code == InsufficientResource && r.Used != "" }

// volumeText is a reason about attached volumes in words.
func (r Rejection) volumeText() string {
	more := int64(amount(r.Want) - amount(r.Used))
	if more == 1 {
		return "no room for another " + r.Key + " volume (limit " + r.Have + ")"
	}
	return "no room for " + strconv.FormatInt(more, 10) + " " + r.Key + " volumes (limit " + r.Have + ", " + r.Used + " attached)"
}
