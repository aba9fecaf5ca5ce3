package gen

import (
	"fmt"
	"reflect"
	"strings"
)

// Size says how big a world is.
type Size int

const (
	// Mixed is mostly Small, sometimes Large.
	Mixed Size = iota
	// Small worlds have up to 60 pods, 12 types, 5 nodes and 4 pools.
	Small
	// Large worlds have some hundred pods.
	Large
	// Minute worlds have up to 6 pods and 4 offerings.
	Minute
)

// Features switch on what a world may contain. The zero value gives plain pods, types and pools.
type Features struct {
	// Size is how big the world is.
	Size Size
	// OddSizes asks for requests that are no round numbers.
	OddSizes bool
	// Containers adds init containers, sidecars, pod overhead and pod-level resources.
	Containers bool
	// Extended adds GPUs and other resources that few types have.
	Extended bool
	// Affinity adds node selectors and required node affinity.
	Affinity bool
	// Taints adds taints, startup taints and tolerations.
	Taints bool
	// CustomKeys adds labels and requirements of the pools' own.
	CustomKeys bool
	// OpenLabels adds types that leave the value of a label to the planner.
	OpenLabels bool
	// Limits adds limits of pools.
	Limits bool
	// MinValues adds minValues to requirements.
	MinValues bool
	// Scarcity adds finite stock and offerings that are not available.
	Scarcity bool
	// Daemons adds DaemonSets.
	Daemons bool
	// Nodes adds existing nodes, nodes that start up, and claims in flight.
	Nodes bool
	// Closed adds pools that launch nothing: static, not ready, being deleted.
	Closed bool
	// Unplanned adds pods that are not to be planned.
	Unplanned bool
	// AntiAffinity adds required anti-affinity between hosts.
	AntiAffinity bool
	// HostPorts adds pods that hold ports of their host.
	HostPorts bool
	// Spread adds topology spread constraints that must hold.
	Spread bool
	// PodAffinity adds required affinity between pods.
	PodAffinity bool
	// WideAntiAffinity adds required anti-affinity over zones and whatever else is no host.
	WideAntiAffinity bool
	// Preferences adds preferred affinity, and topology spread that need not hold.
	Preferences bool
	// Volumes adds claims, volumes, storage classes and limits of volumes.
	Volumes bool
	// Groups adds sets of pods that are placed together.
	Groups bool
	// SharedStock adds supplies from which many types and pools draw.
	SharedStock bool
	// DefaultSpread adds topology spread constraints of the scheduler's own.
	DefaultSpread bool
	// Unsupported adds a few pods with constraints that the engine does not know.
	Unsupported bool
}

// Full is everything that a world may contain.
func Full() Features {
	f := Base()
	f.Spread, f.PodAffinity, f.WideAntiAffinity, f.Preferences, f.DefaultSpread = true, true, true, true, true
	f.Volumes, f.Groups, f.SharedStock = true, true, true
	return f
}

// Base is what a node can be asked about by itself, and a few pods with constraints between pods or with volumes.
func Base() Features {
	return Features{
		OddSizes: true, Containers: true, Extended: true, Affinity: true, Taints: true, CustomKeys: true, OpenLabels: true,
		Limits: true, MinValues: true, Scarcity: true, Daemons: true, Nodes: true, Closed: true, Unplanned: true,
		AntiAffinity: true, HostPorts: true, Unsupported: true,
	}
}

// ParseFeatures reads features from a text such as "full", "full,-Groups" or "base,+Spread,+Volumes": a preset, and
// switches that are turned on or off.
func ParseFeatures(text string) (Features, error) {
	preset, switches, _ := strings.Cut(text, ",")
	var f Features
	switch preset {
	case "base":
		f = Base()
	case "full":
		f = Full()
	case "none":
	default:
		return f, fmt.Errorf("features must begin with base, full or none, got %q", preset)
	}
	for change := range strings.SplitSeq(switches, ",") {
		if change == "" {
			continue
		}
		field := reflect.ValueOf(&f).Elem().FieldByName(change[1:])
		if !field.IsValid() || field.Kind() != reflect.Bool || change[0] != '+' && change[0] != '-' {
			return f, fmt.Errorf("want +Name or -Name of a feature, got %q", change)
		}
		field.SetBool(change[0] == '+')
	}
	return f, nil
}
