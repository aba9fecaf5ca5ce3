package scheduling

import (
	"cmp"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

func joinReasons(list []Rejection) string {
	parts := make([]string, len(list))
	for i, r := range list {
		parts[i] = fmt.Sprintf("%d %s", r.Count, r)
	}
	return strings.Join(parts, ", ")
}

// String is the reason in words, without its count and pool.
func (r Rejection) String() string {
	amounts := ""
	if r.Want != "" && r.Have != "" {
		amounts = fmt.Sprintf(" (want %s, have %s)", r.Want, r.Have)
	}
	switch r.Code {
	case InsufficientResource:
		if r.Used != "" {
			return r.volumeText()
		}
		return "insufficient " + r.Key + amounts
	case UntoleratedTaint:
		return "untolerated taint " + r.Key
	case RequirementConflict:
		return strings.TrimSpace(shortKey(r.Key) + " " + r.Want)
	case PodAntiAffinity:
		return "anti-affinity over " + shortKey(r.Key) + bracketed("to ", r.Detail)
	case PodAffinity:
		if r.Want == absentLabel {
			return "affinity over " + shortKey(r.Key) + ", which is absent"
		}
		return "no pod that affinity over " + shortKey(r.Key) + " asks for" + bracketed(nearness(r.Key), r.Detail)
	case TopologySpread:
		if r.Want == absentLabel {
			return "topology spread over " + shortKey(r.Key) + ", which is absent"
		}
		return fmt.Sprintf("topology spread over %s (%s)", shortKey(r.Key), joined(": ", "max skew "+r.Want+", would be "+r.Have, r.Detail))
	case NodePoolLimit:
		if amount(r.Used) < amount(r.Have) {
			return fmt.Sprintf("limit %s %s too low (%s used, %s with one more node)", r.Key, r.Have, r.Used, r.Want)
		}
		return fmt.Sprintf("limit %s %s reached (%s used)", r.Key, r.Have, r.Used)
	case NoAvailableOffering:
		if r.Have != "" {
			return "stock " + r.Key + " used up"
		}
		return strings.TrimSpace("no available offering in " + cmp.Or(r.Detail, r.Key))
	case MinValues:
		return "too few values of " + shortKey(r.Key) + amounts
	case NotSupported:
		return "not supported: " + r.Key
	case Nominated:
		return "nominated to node " + r.Key
	case EffortExhausted:
		return "not looked at: " + r.Key + " is used up"
	case HostPortInUse:
		return "host port " + r.Key + " in use" + bracketed("by ", r.Detail)
	case GroupIncomplete:
		return fmt.Sprintf("group %s incomplete (%s)", r.Key, joined("; ", "want "+r.Want+", have "+r.Have, r.Detail))
	case VolumeConflict:
		return strings.TrimSpace(r.Key + " " + r.Want)
	}
	return strings.TrimSpace(string(r.Code) + " " + r.Key + amounts)
}

// joined are two texts, or the first if the second is empty.
func joined(by, first, second string) string {
	if second == "" {
		return first
	}
	return first + by + second
}

// nearness is how reasons say that the wanted pods are in some domains of the key and nowhere else.
func nearness(key string) string {
	if key == corev1.LabelHostname {
		return "only on "
	}
	return "only in "
}

// bracketed is the detail behind a reason.
func bracketed(before, detail string) string {
	if detail == "" {
		return ""
	}
	return " (" + before + detail + ")"
}

// absentLabel is what a Rejection wants in vain when a constraint between pods is over a label that the node lacks.
const absentLabel = "absent"

// text says what would have to change for the near miss to be a hit.
func (m miss) text() string {
	if len(m.reasons) == 0 {
		return ""
	}
	parts := make([]string, len(m.reasons))
	for i, r := range m.reasons {
		parts[i] = r.remedy(m.what == "")
	}
	where := m.where
	if m.what != "" && m.reasons[0].Code != NodePoolLimit {
		where += ", " + m.what
	}
	return where + ": " + strings.Join(parts, ", and ")
}

// remedy says what would take the reason away, of an existing node or of a type.
func (r Rejection) remedy(onNode bool) string {
	switch r.Code {
	case InsufficientResource:
		if r.Used != "" {
			return "detach a volume of " + r.Key
		}
		switch {
		case amount(r.Have) > 0:
			return fmt.Sprintf("lower the request for %s from %s to %s", r.Key, r.Want, r.Have)
		case onNode:
			return "free " + r.Key + " " + r.Want
		}
		return "offer types with more " + r.Key
	case UntoleratedTaint:
		return "tolerate " + r.Key
	case RequirementConflict:
		return "allow " + shortKey(r.Key) + " other than asked"
	case NodePoolLimit:
		return fmt.Sprintf("raise limit %s from %s to %s", r.Key, r.Have, r.Want)
	case NoAvailableOffering:
		return "wait for " + cmp.Or(r.Detail, r.Key)
	case MinValues:
		return fmt.Sprintf("lower minValues of %s from %s to %s", shortKey(r.Key), r.Want, r.Have)
	case PodAntiAffinity:
		if r.Detail != "" && !strings.HasPrefix(r.Detail, "DaemonSet") {
			return fmt.Sprintf("drop the anti-affinity over %s, or move %s", shortKey(r.Key), r.Detail)
		}
		return "drop the anti-affinity over " + shortKey(r.Key)
	case HostPortInUse:
		return "free host port " + r.Key
	case TopologySpread:
		if r.Want == absentLabel {
			return "drop the topology spread over " + shortKey(r.Key)
		}
		return fmt.Sprintf("raise maxSkew over %s from %s to %s", shortKey(r.Key), r.Want, r.Have)
	case PodAffinity:
		if r.Want == absentLabel {
			return "drop the affinity over " + shortKey(r.Key)
		}
		return "run a pod there that affinity over " + shortKey(r.Key) + " asks for"
	case VolumeConflict:
		return "use other storage: " + r.String()
	case GroupIncomplete, NotSupported, Nominated, EffortExhausted:
	}
	return r.String()
}

// shortKey is how reasons write a well-known key.
func shortKey(key string) string {
	switch key {
	case corev1.LabelTopologyZone:
		return "zone"
	case corev1.LabelTopologyRegion:
		return "region"
	case corev1.LabelHostname:
		return "hostname"
	case corev1.LabelArchStable:
		return "arch"
	case corev1.LabelOSStable:
		return "os"
	case corev1.LabelInstanceTypeStable:
		return "instance-type"
	case v1.CapacityTypeLabelKey:
		return "capacity-type"
	case v1.NodePoolLabelKey:
		return "nodepool"
	}
	return key
}
