package scheduling

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// A claim whose class waits for the first consumer is bound, when its pod has a node, to the smallest volume made
// beforehand that suits it and can be reached from the node; only if there is none a volume is made. So the node decides
// over the volume, and pods compete for volumes. Where volumes can be made anyhow, those made beforehand only add choice
// that is not needed. Otherwise pods that compete are placed if it can be said for certain that none takes what another
// one counts on.

// localVolumes are interchangeable volumes each of which is on one node: a resource of these nodes.
type localVolumes struct {
	resource string
	volumes  []*corev1.PersistentVolume
}

// contest is a set of pods and the volumes that they compete for.
type contest struct {
	pods    []*corev1.Pod // those of high priority first
	claims  map[*corev1.Pod][]*corev1.PersistentVolumeClaim
	volumes map[*corev1.PersistentVolumeClaim][]*corev1.PersistentVolume
}

// matchVolumes says for claims that get their volume later where that can be. Pods come by priority.
func (s *storage) matchVolumes(pods []*corev1.Pod) {
	all := contest{claims: map[*corev1.Pod][]*corev1.PersistentVolumeClaim{}, volumes: map[*corev1.PersistentVolumeClaim][]*corev1.PersistentVolume{}}
	for _, pod := range pods {
		n := s.needs[pod]
		if n.excluded() {
			continue
		}
		for _, claim := range n.delayed {
			suitable := s.matchClaim(n, claim)
			if len(suitable) > 0 {
				all.claims[pod] = append(all.claims[pod], claim)
				all.volumes[claim] = suitable
			}
		}
		if n.unclear == nil && len(all.claims[pod]) > 0 {
			all.pods = append(all.pods, pod)
		}
	}
	for _, c := range all.split() {
		s.settle(c)
	}
}

// matchClaim settles a claim that competes for no volume. Otherwise it returns the volumes that suit the claim.
func (s *storage) matchClaim(n *volumeNeeds, claim *corev1.PersistentVolumeClaim) []*corev1.PersistentVolume {
	key := types.NamespacedName{Namespace: claim.Namespace, Name: claim.Name}
	class := s.classes[claimClass(claim)]
	if driver := s.drivers[class.Provisioner]; driver != nil && driver.Spec.StorageCapacity != nil && *driver.Spec.StorageCapacity && provisions(class) {
		if _, sized := claim.Spec.Resources.Requests[corev1.ResourceStorage]; sized {
			n.unclear = &Rejection{Code: NotSupported, Key: fmt.Sprintf("storage capacity of driver %s (%s)", class.Provisioner, claimKey(key)), Count: 1}
			return nil
		}
	}
	if node, ok := claim.Annotations[selectedNode]; ok {
		n.obey(key, s.selectedRule(node))
		if !madeAnywhere(class) {
			n.obey(key, s.madeRule(class))
		}
		return nil
	}
	if madeAnywhere(class) {
		return nil
	}
	suitable, own := s.suitable(claim)
	twice := len(slices.DeleteFunc(slices.Clone(n.delayed), func(c *corev1.PersistentVolumeClaim) bool { return c != claim })) > 1
	switch {
	case own != nil && twice:
		n.unclear = &Rejection{Code: NotSupported, Key: claimKey(key) + ", which the pod names twice and a volume is kept for", Count: 1}
	case own != nil:
		n.obey(key, s.ownRule(own, class))
	case len(suitable) == 0:
		n.obey(key, s.madeRule(class))
	default:
		return suitable
	}
	return nil
}

// suitable are the volumes that the claim may be bound to, wherever they are, and the one that is kept for it, if any.
func (s *storage) suitable(claim *corev1.PersistentVolumeClaim) (list []*corev1.PersistentVolume, own *corev1.PersistentVolume) {
	selector := labels.Everything()
	if claim.Spec.Selector != nil {
		var err error
		if selector, err = metav1.LabelSelectorAsSelector(claim.Spec.Selector); err != nil {
			selector = labels.Nothing()
		}
	}
	size := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	for _, v := range s.ofClass[claimClass(claim)] {
		ref := v.Spec.ClaimRef
		kept := ref != nil && ref.Name == claim.Name && ref.Namespace == claim.Namespace && (ref.UID == "" || ref.UID == claim.UID)
		capacity := v.Spec.Capacity[corev1.ResourceStorage]
		switch {
		case ref != nil && !kept, capacity.Cmp(size) < 0, volumeMode(v.Spec.VolumeMode) != volumeMode(claim.Spec.VolumeMode),
			text(v.Spec.VolumeAttributesClassName) != text(claim.Spec.VolumeAttributesClassName), v.DeletionTimestamp != nil:
		case kept:
			return nil, v
		case v.Status.Phase == corev1.VolumeAvailable && selector.Matches(labels.Set(v.Labels)) && grants(v, claim):
			list = append(list, v)
		}
	}
	return list, nil
}

func volumeMode(m *corev1.PersistentVolumeMode) corev1.PersistentVolumeMode {
	if m == nil {
		return corev1.PersistentVolumeFilesystem
	}
	return *m
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// grants reports whether the volume has every access mode that the claim asks for.
func grants(v *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) bool {
	return !slices.ContainsFunc(claim.Spec.AccessModes, func(m corev1.PersistentVolumeAccessMode) bool {
		return !slices.Contains(v.Spec.AccessModes, m)
	})
}

// ownRule is the rule of a claim for which a volume is kept: that volume, or one made where it is out of reach.
func (s *storage) ownRule(v *corev1.PersistentVolume, class *storagev1.StorageClass) int32 {
	required := volumeAffinity(v)
	return s.rule("own "+affinityText(required)+" of class "+class.Name, func() volumeRule {
		terms := topologyTerms(class)
		r := volumeRule{
			keys:   append(selectorKeys(required), selectorKeys(&corev1.NodeSelector{NodeSelectorTerms: terms})...),
			admits: func(n *corev1.Node) bool { return reaches(required, n) || madeAt(class, n) },
			want:   "is kept a volume elsewhere",
			terms:  terms,
		}
		if required != nil {
			r.want, r.terms = whereText(required), slices.Concat(required.NodeSelectorTerms, terms)
		}
		return r
	})
}

// split divides a contest into those that have no volume in common.
func (c *contest) split() []*contest {
	owner := map[*corev1.PersistentVolume]int{}
	group := make([]int, len(c.pods))
	root := func(i int) int {
		for group[i] != i {
			i = group[i]
		}
		return i
	}
	for i, pod := range c.pods {
		group[i] = i
		for _, claim := range c.claims[pod] {
			for _, v := range c.volumes[claim] {
				if first, taken := owner[v]; taken {
					a, b := root(first), root(i)
					group[max(a, b)] = min(a, b)
				} else {
					owner[v] = i
				}
			}
		}
	}
	var out []*contest
	ids := map[int]int{}
	for i, pod := range c.pods {
		r := root(i)
		id, known := ids[r]
		if !known {
			id = len(out)
			ids[r] = id
			out = append(out, &contest{claims: c.claims, volumes: c.volumes})
		}
		out[id].pods = append(out[id].pods, pod)
	}
	return out
}

// settle says for the pods of a contest where they can go.
func (s *storage) settle(c *contest) {
	if len(c.pods) == 1 {
		s.settleAlone(c)
		return
	}
	claim := c.claims[c.pods[0]][0]
	class, volumes := s.classes[claimClass(claim)], c.volumes[claim]
	equal := !slices.ContainsFunc(c.pods, func(pod *corev1.Pod) bool {
		return len(c.claims[pod]) != 1 || !slices.Equal(c.volumes[c.claims[pod][0]], volumes)
	})
	key, values := whereabouts(volumes)
	switch {
	case !equal || provisions(class) || values == nil:
		for _, pod := range c.pods {
			s.needs[pod].unclear = &Rejection{Code: NotSupported, Key: "a choice of volumes of StorageClass " + class.Name, Count: 1}
		}
	case key == corev1.LabelHostname && !slices.ContainsFunc(values, func(v string) bool { return s.twins[v] }):
		s.settleLocal(c, class, volumes)
	default:
		s.settleInOrder(c, class, volumes, slices.Compact(slices.Sorted(slices.Values(values))))
	}
}

// settleAlone restricts the only pod that competes to nodes where all its claims find a volume.
func (s *storage) settleAlone(c *contest) {
	pod := c.pods[0]
	claims := slices.Clone(c.claims[pod])
	slices.SortStableFunc(claims, func(a, b *corev1.PersistentVolumeClaim) int {
		x, y := a.Spec.Resources.Requests[corev1.ResourceStorage], b.Spec.Resources.Requests[corev1.ResourceStorage]
		return x.Cmp(y)
	})
	r := volumeRule{want: "finds no volume of StorageClass " + claimClass(claims[0]) + " there"}
	for _, claim := range claims {
		class := s.classes[claimClass(claim)]
		r.terms = append(r.terms, topologyTerms(class)...)
		for _, v := range c.volumes[claim] {
			if required := volumeAffinity(v); required != nil {
				r.terms = append(r.terms, required.NodeSelectorTerms...)
			}
		}
	}
	r.keys = selectorKeys(&corev1.NodeSelector{NodeSelectorTerms: r.terms})
	r.admits = func(n *corev1.Node) bool {
		var taken []*corev1.PersistentVolume
		for _, claim := range claims {
			var best *corev1.PersistentVolume
			for _, v := range c.volumes[claim] {
				if !slices.Contains(taken, v) && reaches(volumeAffinity(v), n) && (best == nil || capacityOf(v, best) < 0) {
					best = v
				}
			}
			if best != nil {
				taken = append(taken, best)
			} else if !madeAt(s.classes[claimClass(claim)], n) {
				return false
			}
		}
		return true
	}
	key := types.NamespacedName{Namespace: claims[0].Namespace, Name: claims[0].Name}
	s.needs[pod].obey(key, s.rule("choice of "+podName(pod).String(), func() volumeRule { return r }))
}

func capacityOf(a, b *corev1.PersistentVolume) int {
	x, y := a.Spec.Capacity[corev1.ResourceStorage], b.Spec.Capacity[corev1.ResourceStorage]
	return x.Cmp(y)
}

// settleLocal makes the volumes a resource of the nodes that they are on.
func (s *storage) settleLocal(c *contest, class *storagev1.StorageClass, volumes []*corev1.PersistentVolume) {
	local := localVolumes{resource: localPrefix + class.Name, volumes: volumes}
	for n := 2; slices.ContainsFunc(s.locals, func(l localVolumes) bool { return l.resource == local.resource }); n++ {
		local.resource = fmt.Sprintf("%s%s (%d)", localPrefix, class.Name, n)
	}
	s.locals = append(s.locals, local)
	for _, pod := range c.pods {
		n := s.needs[pod]
		n.ask(local.resource, 1)
		n.obey(nameOfClaim(c.claims[pod][0]), s.rule(local.resource, func() volumeRule {
			r := volumeRule{want: "finds no volume of StorageClass " + class.Name + " there"}
			for _, v := range volumes {
				r.terms = append(r.terms, volumeAffinity(v).NodeSelectorTerms...)
			}
			r.keys = selectorKeys(&corev1.NodeSelector{NodeSelectorTerms: r.terms})
			r.admits = func(n *corev1.Node) bool {
				return slices.ContainsFunc(volumes, func(v *corev1.PersistentVolume) bool { return reaches(volumeAffinity(v), n) })
			}
			return r
		}))
	}
}

// localRoom is how many of the local volumes are on the node.
func (s *storage) localRoom(resource string, n *node) int64 {
	count := int64(0)
	for _, l := range s.locals {
		if l.resource != resource {
			continue
		}
		for _, v := range l.volumes {
			if reaches(volumeAffinity(v), n.object) {
				count++
			}
		}
	}
	return count
}

// settleInOrder gives each pod a volume, in order; pods beyond the last volume wait for good. Where the volumes are in
// different places, a pod that does not get to its own might have got to another one, and nobody knows.
func (s *storage) settleInOrder(c *contest, class *storagev1.StorageClass, volumes []*corev1.PersistentVolume, places []string) {
	for i, pod := range c.pods {
		n := s.needs[pod]
		key := nameOfClaim(c.claims[pod][0])
		if i >= len(volumes) {
			n.turn = &turn{after: c.pods[:len(volumes)], lasting: true, reason: *claimConflict(key, "finds no volume: those of StorageClass "+class.Name+" are taken")}
			continue
		}
		n.chosen = len(places) > 1
		if volumeAffinity(volumes[i]) != nil {
			n.obey(key, s.affinityRule(volumeAffinity(volumes[i])))
		}
	}
}

func nameOfClaim(c *corev1.PersistentVolumeClaim) types.NamespacedName {
	return types.NamespacedName{Namespace: c.Namespace, Name: c.Name}
}

// whereabouts says how the places of volumes relate: the one label key whose value each of them asks for, with the values,
// or no key and one value where they all have the same node affinity. Without values, no more can be said.
func whereabouts(volumes []*corev1.PersistentVolume) (key string, values []string) {
	for i, v := range volumes {
		required := volumeAffinity(v)
		if required == nil || len(required.NodeSelectorTerms) != 1 || len(required.NodeSelectorTerms[0].MatchFields) > 0 || len(required.NodeSelectorTerms[0].MatchExpressions) != 1 {
			return sameAffinity(volumes)
		}
		e := required.NodeSelectorTerms[0].MatchExpressions[0]
		if e.Operator != corev1.NodeSelectorOpIn || len(e.Values) != 1 || i > 0 && e.Key != key {
			return sameAffinity(volumes)
		}
		key = e.Key
		values = append(values, e.Values[0])
	}
	return key, values
}

func sameAffinity(volumes []*corev1.PersistentVolume) (string, []string) {
	first := affinityText(volumeAffinity(volumes[0]))
	for _, v := range volumes {
		if affinityText(volumeAffinity(v)) != first {
			return "", nil
		}
	}
	return "", []string{first}
}
