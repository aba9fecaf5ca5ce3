package gen

import (
	"maps"
	"math/rand/v2"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

func mapKeys[K comparable, V any](m map[K]V) func(yield func(K) bool) { return maps.Keys(m) }

// Clone is a deep copy. Types that several pools share are shared in the copy too.
func Clone(s scheduling.Snapshot) scheduling.Snapshot {
	out := s
	out.Pods = cloneAll(s.Pods, (*corev1.Pod).DeepCopy)
	out.DaemonPods = cloneAll(s.DaemonPods, (*corev1.Pod).DeepCopy)
	out.Namespaces = cloneAll(s.Namespaces, (*corev1.Namespace).DeepCopy)
	out.NodePools = cloneAll(s.NodePools, (*v1.NodePool).DeepCopy)
	out.Nodes = cloneAll(s.Nodes, func(n scheduling.Node) scheduling.Node {
		return scheduling.Node{Node: n.Node.DeepCopy(), Claim: n.Claim.DeepCopy(), Pods: cloneAll(n.Pods, (*corev1.Pod).DeepCopy)}
	})
	out.Storage = cloneStorage(s.Storage)
	out.Groups = cloneAll(s.Groups, func(g scheduling.Group) scheduling.Group {
		g.Pods = slices.Clone(g.Pods)
		return g
	})
	out.Profile = cloneProfile(s.Profile)
	copies := map[*cloudprovider.InstanceType]*cloudprovider.InstanceType{}
	out.InstanceTypes = make(map[string][]*cloudprovider.InstanceType, len(s.InstanceTypes))
	for pool, types := range s.InstanceTypes {
		out.InstanceTypes[pool] = cloneAll(types, func(t *cloudprovider.InstanceType) *cloudprovider.InstanceType {
			if copies[t] == nil {
				copies[t] = cloneType(t)
			}
			return copies[t]
		})
	}
	return out
}

func cloneStorage(s scheduling.Storage) scheduling.Storage {
	return scheduling.Storage{
		Claims:      cloneAll(s.Claims, (*corev1.PersistentVolumeClaim).DeepCopy),
		Volumes:     cloneAll(s.Volumes, (*corev1.PersistentVolume).DeepCopy),
		Classes:     cloneAll(s.Classes, (*storagev1.StorageClass).DeepCopy),
		CSINodes:    cloneAll(s.CSINodes, (*storagev1.CSINode).DeepCopy),
		CSIDrivers:  cloneAll(s.CSIDrivers, (*storagev1.CSIDriver).DeepCopy),
		Attachments: cloneAll(s.Attachments, (*storagev1.VolumeAttachment).DeepCopy),
	}
}

func cloneProfile(p scheduling.SchedulerProfile) scheduling.SchedulerProfile {
	return scheduling.SchedulerProfile{
		SchedulerNames: slices.Clone(p.SchedulerNames),
		DefaultConstraints: cloneAll(p.DefaultConstraints, func(c corev1.TopologySpreadConstraint) corev1.TopologySpreadConstraint {
			return *c.DeepCopy()
		}),
		Selectors: cloneAll(p.Selectors, func(s scheduling.PodSelector) scheduling.PodSelector {
			s.Selector = s.Selector.DeepCopy()
			return s
		}),
	}
}

func cloneAll[T any](list []T, clone func(T) T) []T {
	if list == nil {
		return nil
	}
	out := make([]T, len(list))
	for i := range list {
		out[i] = clone(list[i])
	}
	return out
}

func cloneType(t *cloudprovider.InstanceType) *cloudprovider.InstanceType {
	c := *t
	c.Capacity, c.Overhead, c.VolumeLimits = t.Capacity.DeepCopy(), t.Overhead.DeepCopy(), maps.Clone(t.VolumeLimits)
	c.Offerings = slices.Clone(t.Offerings)
	for i := range c.Offerings {
		if stock := c.Offerings[i].Stock; stock != nil {
			s := *stock
			c.Offerings[i].Stock = &s
		}
	}
	return &c
}

// Shuffle is a deep copy with every list of facts in another order. Lists whose order has a meaning stay: taints,
// tolerations, containers, terms.
func Shuffle(s scheduling.Snapshot, seed uint64) scheduling.Snapshot {
	r := rand.New(rand.NewPCG(seed, 0x73687566))
	out := Clone(s)
	shuffle(r, out.Pods)
	shuffle(r, out.DaemonPods)
	shuffle(r, out.Namespaces)
	shuffle(r, out.NodePools)
	shuffle(r, out.Nodes)
	shuffle(r, out.Storage.Claims)
	shuffle(r, out.Storage.Volumes)
	shuffle(r, out.Storage.Classes)
	shuffle(r, out.Storage.CSINodes)
	shuffle(r, out.Storage.CSIDrivers)
	shuffle(r, out.Storage.Attachments)
	shuffle(r, out.Profile.DefaultConstraints)
	shuffle(r, out.Profile.Selectors)
	shuffle(r, out.Groups)
	for i := range out.Groups {
		shuffle(r, out.Groups[i].Pods)
	}
	for i := range out.Nodes {
		shuffle(r, out.Nodes[i].Pods)
	}
	for _, p := range out.NodePools {
		shuffle(r, p.Spec.Template.Spec.Requirements)
	}
	done := map[*cloudprovider.InstanceType]bool{}
	for _, pool := range slices.Sorted(maps.Keys(out.InstanceTypes)) {
		shuffle(r, out.InstanceTypes[pool])
		for _, t := range out.InstanceTypes[pool] {
			if !done[t] {
				done[t] = true
				shuffle(r, t.Offerings)
			}
		}
	}
	return out
}

func shuffle[T any](r *rand.Rand, list []T) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}
