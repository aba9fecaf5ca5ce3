package oracle

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Zones that volumes carry as labels: as the scheduler's plugin VolumeZone reads them.

func zoneLabels() []string {
	return []string{
		corev1.LabelFailureDomainBetaZone, corev1.LabelFailureDomainBetaRegion, corev1.LabelTopologyZone, corev1.LabelTopologyRegion,
	}
}

// zoneProblem says which volume of the pod is in another zone or region by its labels. Nodes with none of the labels are
// taken to reach everything. Generic ephemeral volumes are not looked at.
func (w *world) zoneProblem(pod *corev1.Pod, h *host) string {
	if !slices.ContainsFunc(zoneLabels(), func(key string) bool { _, ok := h.node.Labels[key]; return ok }) {
		return ""
	}
	for i := range pod.Spec.Volumes {
		source := pod.Spec.Volumes[i].PersistentVolumeClaim
		if source == nil {
			continue
		}
		c := w.claim(pod.Namespace, source.ClaimName)
		if c == nil || c.Spec.VolumeName == "" {
			continue
		}
		v := w.volume(c.Spec.VolumeName)
		if v == nil {
			continue
		}
		for _, key := range zoneLabels() {
			list, ok := v.Labels[key]
			if ok && !inZones(h.node, key, list) {
				return "volume " + v.Name + " is in " + list
			}
		}
	}
	return ""
}

// inZones reports whether the node is in one of the zones of a volume's label. Several are joined by "__"; a list with an
// empty place says nothing. Nodes may carry the label in its new spelling alone.
func inZones(node *corev1.Node, key, list string) bool {
	var zones []string
	for zone := range strings.SplitSeq(list, "__") {
		if zone = strings.TrimSpace(zone); zone == "" {
			return true
		}
		zones = append(zones, zone)
	}
	mine, ok := node.Labels[key]
	if !ok {
		switch key {
		case corev1.LabelFailureDomainBetaZone:
			mine, ok = node.Labels[corev1.LabelTopologyZone]
		case corev1.LabelFailureDomainBetaRegion:
			mine, ok = node.Labels[corev1.LabelTopologyRegion]
		}
	}
	return ok && slices.Contains(zones, mine)
}
