package gen

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// occurrences are things that worlds with all features must contain, each with a count for one world.
func occurrences() map[string]func(s scheduling.Snapshot) int {
	return map[string]func(s scheduling.Snapshot) int{
		"spread":            spreads(func(c corev1.TopologySpreadConstraint) bool { return true }),
		"spread over zones": spreads(func(c corev1.TopologySpreadConstraint) bool { return c.TopologyKey == corev1.LabelTopologyZone }),
		"spread over hosts": spreads(func(c corev1.TopologySpreadConstraint) bool { return c.TopologyKey == corev1.LabelHostname }),
		"spread over labels of pools": spreads(func(c corev1.TopologySpreadConstraint) bool {
			return slices.Contains([]string{team, tier, shard, slot, mark}, c.TopologyKey)
		}),
		"spread over nothing":          spreads(func(c corev1.TopologySpreadConstraint) bool { return c.TopologyKey == nowhere }),
		"spread with a greater skew":   spreads(func(c corev1.TopologySpreadConstraint) bool { return c.MaxSkew > 1 }),
		"spread with minDomains":       spreads(func(c corev1.TopologySpreadConstraint) bool { return c.MinDomains != nil }),
		"spread with affinity policy":  spreads(func(c corev1.TopologySpreadConstraint) bool { return c.NodeAffinityPolicy != nil }),
		"spread with taints policy":    spreads(func(c corev1.TopologySpreadConstraint) bool { return c.NodeTaintsPolicy != nil }),
		"spread with matchLabelKeys":   spreads(func(c corev1.TopologySpreadConstraint) bool { return c.MatchLabelKeys != nil }),
		"spread with the nil selector": spreads(func(c corev1.TopologySpreadConstraint) bool { return c.LabelSelector == nil }),
		"two spread constraints":       pods(func(p *corev1.Pod) bool { return len(hard(p)) > 1 }),
		"affinity":                     near(func(t corev1.PodAffinityTerm) bool { return true }),
		"affinity over zones":          near(func(t corev1.PodAffinityTerm) bool { return t.TopologyKey == corev1.LabelTopologyZone }),
		"affinity over hosts":          near(func(t corev1.PodAffinityTerm) bool { return t.TopologyKey == corev1.LabelHostname }),
		"affinity in namespaces":       near(func(t corev1.PodAffinityTerm) bool { return t.Namespaces != nil }),
		"affinity by namespaces":       near(func(t corev1.PodAffinityTerm) bool { return t.NamespaceSelector != nil }),
		"affinity with matchLabelKeys": near(func(t corev1.PodAffinityTerm) bool { return t.MatchLabelKeys != nil }),
		"affinity with mismatch keys":  near(func(t corev1.PodAffinityTerm) bool { return t.MismatchLabelKeys != nil }),
		"affinity to DaemonSets": near(func(t corev1.PodAffinityTerm) bool {
			return t.LabelSelector != nil && t.LabelSelector.MatchLabels["app"] == "agent"
		}),
		"affinity to nobody": near(func(t corev1.PodAffinityTerm) bool {
			return t.LabelSelector != nil && t.LabelSelector.MatchLabels["app"] == "nobody"
		}),
		"two terms of affinity":         pods(func(p *corev1.Pod) bool { return len(required(p)) > 1 }),
		"wide anti-affinity":            pods(wideApart),
		"wide anti-affinity, bound":     bound(wideApart),
		"wide anti-affinity, DaemonSet": func(s scheduling.Snapshot) int { return count(s.DaemonPods, wideApart) },
		"bound pods that go":            bound(func(p *corev1.Pod) bool { return p.DeletionTimestamp != nil }),
		"wishes about nodes": pods(func(p *corev1.Pod) bool {
			return p.Spec.Affinity != nil && p.Spec.Affinity.NodeAffinity != nil && len(p.Spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0
		}),
		"wishes for company": pods(func(p *corev1.Pod) bool {
			return p.Spec.Affinity != nil && p.Spec.Affinity.PodAffinity != nil && len(p.Spec.Affinity.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0
		}),
		"wishes for distance": pods(func(p *corev1.Pod) bool {
			return p.Spec.Affinity != nil && p.Spec.Affinity.PodAntiAffinity != nil && len(p.Spec.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0
		}),
		"spread as a wish": pods(func(p *corev1.Pod) bool { return len(hard(p)) < len(p.Spec.TopologySpreadConstraints) }),
		"volumes":          pods(func(p *corev1.Pod) bool { return len(p.Spec.Volumes) > 0 }),
		"two volumes":      pods(func(p *corev1.Pod) bool { return len(p.Spec.Volumes) > 1 }),
		"ephemeral volumes": pods(func(p *corev1.Pod) bool {
			return slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.Ephemeral != nil })
		}),
		"bound pods with volumes":     bound(func(p *corev1.Pod) bool { return len(p.Spec.Volumes) > 0 }),
		"claims that are bound":       claims(func(c *corev1.PersistentVolumeClaim) bool { return c.Status.Phase == corev1.ClaimBound }),
		"claims that wait for a pod":  claims(class(waiting)),
		"claims with topologies":      claims(class(zonal)),
		"claims for local volumes":    claims(class(local)),
		"claims that wait for nobody": claims(class(eager)),
		"claims of no class":          claims(func(c *corev1.PersistentVolumeClaim) bool { return c.Spec.StorageClassName == nil }),
		"claims of an unknown class":  claims(class(unstated)),
		"claims for nowhere":          claims(class(abroad)),
		"claims that are lost":        claims(func(c *corev1.PersistentVolumeClaim) bool { return c.Status.Phase == corev1.ClaimLost }),
		"claims that go":              claims(func(c *corev1.PersistentVolumeClaim) bool { return c.DeletionTimestamp != nil }),
		"claims of one pod":           claims(func(c *corev1.PersistentVolumeClaim) bool { return c.Spec.AccessModes[0] == corev1.ReadWriteOncePod }),
		"volumes to be had":           volumes(func(v *corev1.PersistentVolume) bool { return v.Status.Phase == corev1.VolumeAvailable }),
		"volumes with labels":         volumes(func(v *corev1.PersistentVolume) bool { return len(v.Labels) > 0 }),
		"volumes of a host": volumes(func(v *corev1.PersistentVolume) bool {
			return v.Spec.NodeAffinity != nil && v.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Key == corev1.LabelHostname
		}),
		"limits of nodes":     func(s scheduling.Snapshot) int { return len(s.Storage.CSINodes) },
		"attachments":         func(s scheduling.Snapshot) int { return len(s.Storage.Attachments) },
		"groups":              groups(func(g scheduling.Group) bool { return true }),
		"groups of all":       groups(func(g scheduling.Group) bool { return g.MinCount == 0 }),
		"groups of some":      groups(func(g scheduling.Group) bool { return g.MinCount > 0 && g.MinCount < len(g.Pods) }),
		"groups in one zone":  groups(func(g scheduling.Group) bool { return g.TopologyKey == corev1.LabelTopologyZone }),
		"groups on one node":  groups(func(g scheduling.Group) bool { return g.TopologyKey == corev1.LabelHostname }),
		"default constraints": func(s scheduling.Snapshot) int { return len(s.Profile.DefaultConstraints) },
		"selectors":           func(s scheduling.Snapshot) int { return len(s.Profile.Selectors) },
		"stock shared in a zone": offerings(func(o cloudprovider.Offering) bool {
			return o.Stock != nil && strings.HasPrefix(o.Stock.Key, "addresses-")
		}),
		"types with volume limits": func(s scheduling.Snapshot) int {
			n := 0
			for _, list := range s.InstanceTypes {
				n += count(list, func(t *cloudprovider.InstanceType) bool { return len(t.VolumeLimits) > 0 })
			}
			return n
		},
		"nodes in no zone": func(s scheduling.Snapshot) int {
			return count(s.Nodes, func(n scheduling.Node) bool { return n.Node != nil && n.Node.Labels[corev1.LabelTopologyZone] == "" })
		},
		"nodes of one hostname": func(s scheduling.Snapshot) int {
			return count(s.Nodes, func(n scheduling.Node) bool {
				return n.Node != nil && n.Name() != "node-0" && n.Node.Labels[corev1.LabelHostname] == "node-0"
			})
		},
	}
}

func count[T any](list []T, is func(T) bool) int {
	n := 0
	for _, one := range list {
		if is(one) {
			n++
		}
	}
	return n
}

func pods(is func(*corev1.Pod) bool) func(scheduling.Snapshot) int {
	return func(s scheduling.Snapshot) int { return count(s.Pods, is) }
}

func bound(is func(*corev1.Pod) bool) func(scheduling.Snapshot) int {
	return func(s scheduling.Snapshot) int {
		n := 0
		for i := range s.Nodes {
			n += count(s.Nodes[i].Pods, is)
		}
		return n
	}
}

func claims(is func(*corev1.PersistentVolumeClaim) bool) func(scheduling.Snapshot) int {
	return func(s scheduling.Snapshot) int { return count(s.Storage.Claims, is) }
}

func class(name string) func(*corev1.PersistentVolumeClaim) bool {
	return func(c *corev1.PersistentVolumeClaim) bool {
		return c.Spec.StorageClassName != nil && *c.Spec.StorageClassName == name && c.Spec.VolumeName == ""
	}
}

func volumes(is func(*corev1.PersistentVolume) bool) func(scheduling.Snapshot) int {
	return func(s scheduling.Snapshot) int { return count(s.Storage.Volumes, is) }
}

func groups(is func(scheduling.Group) bool) func(scheduling.Snapshot) int {
	return func(s scheduling.Snapshot) int { return count(s.Groups, is) }
}

func offerings(is func(cloudprovider.Offering) bool) func(scheduling.Snapshot) int {
	return func(s scheduling.Snapshot) int {
		n := 0
		for _, list := range s.InstanceTypes {
			for _, t := range list {
				n += count(t.Offerings, is)
			}
		}
		return n
	}
}

func hard(p *corev1.Pod) []corev1.TopologySpreadConstraint {
	return slices.DeleteFunc(slices.Clone(p.Spec.TopologySpreadConstraints), func(c corev1.TopologySpreadConstraint) bool { return c.WhenUnsatisfiable != corev1.DoNotSchedule })
}

func required(p *corev1.Pod) []corev1.PodAffinityTerm {
	if p.Spec.Affinity == nil || p.Spec.Affinity.PodAffinity == nil {
		return nil
	}
	return p.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

func spreads(is func(corev1.TopologySpreadConstraint) bool) func(scheduling.Snapshot) int {
	return pods(func(p *corev1.Pod) bool { return slices.ContainsFunc(hard(p), is) })
}

func near(is func(corev1.PodAffinityTerm) bool) func(scheduling.Snapshot) int {
	return pods(func(p *corev1.Pod) bool { return slices.ContainsFunc(required(p), is) })
}

func wideApart(p *corev1.Pod) bool {
	if p.Spec.Affinity == nil || p.Spec.Affinity.PodAntiAffinity == nil {
		return false
	}
	return slices.ContainsFunc(p.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, func(t corev1.PodAffinityTerm) bool {
		return t.TopologyKey != corev1.LabelHostname
	})
}

// TestEverythingOccurs counts in 300 worlds.
func TestEverythingOccurs(t *testing.T) {
	total, worlds := map[string]int{}, map[string]int{}
	waiting := 0
	for seed := range uint64(300) {
		s := World(seed, Full())
		waiting += len(s.Pods)
		for name, of := range occurrences() {
			if n := of(s); n > 0 {
				total[name] += n
				worlds[name]++
			}
		}
	}
	t.Logf("%d pods wait in 300 worlds", waiting)
	for _, name := range slices.Sorted(maps.Keys(occurrences())) {
		t.Logf("%s %s %5d in %3d worlds", name, strings.Repeat(" ", max(0, 32-len(name))), total[name], worlds[name])
		require.GreaterOrEqual(t, worlds[name], 2, name)
	}
}

func TestParseFeatures(t *testing.T) {
	for text, want := range map[string]Features{
		"base":                          Base(),
		"full":                          Full(),
		"none":                          {},
		"none,+Spread,+Volumes":         {Spread: true, Volumes: true},
		"none,+Spread,-Spread,+Daemons": {Daemons: true},
	} {
		have, err := ParseFeatures(text)
		require.NoError(t, err, text)
		require.Equal(t, want, have, text)
	}
	for _, text := range []string{"", "most", "full,Groups", "full,+Nothing", "full,+Size", "full,-"} {
		_, err := ParseFeatures(text)
		require.Error(t, err, text)
	}
}
