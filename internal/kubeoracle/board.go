package kubeoracle

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// board is the scheduler's view of nodes and the pods on them. Unlike the scheduler's own snapshot it can be changed
// between two questions: a pod or a node comes or goes at the cost of that pod or node.
//
// The embedded snapshot is empty and answers for pod groups, of which there are none.
type board struct {
	*cache.Snapshot
	nodes  []fwk.NodeInfo
	byName map[string]*framework.NodeInfo
}

func newBoard() *board {
	return &board{Snapshot: cache.NewEmptySnapshot(), byName: map[string]*framework.NodeInfo{}}
}

// addNode puts a node with its pods on the board.
func (b *board) addNode(n *framework.NodeInfo) {
	b.nodes = append(b.nodes, n)
	b.byName[n.Node().Name] = n
}

// removeNode takes away a node with its pods.
func (b *board) removeNode(name string) {
	delete(b.byName, name)
	b.nodes = slices.DeleteFunc(b.nodes, func(n fwk.NodeInfo) bool { return n.Node().Name == name })
}

// place puts a pod on the node that its spec names.
func (b *board) place(pod *corev1.Pod) { b.byName[pod.Spec.NodeName].AddPod(pod) }

// take removes a pod from the node that its spec names. Where ports of the host are taken, the node is counted anew: the
// scheduler keeps a set of them, from which a pod would also take what another one holds as well.
func (b *board) take(pod *corev1.Pod) {
	name := pod.Spec.NodeName
	info := b.byName[name]
	if err := info.RemovePod(klog.Background(), pod); err != nil {
		panic(err) // it was placed
	}
	if !holdsPorts(info) {
		return
	}
	again := framework.NewNodeInfo()
	again.SetNode(info.Node())
	for _, p := range info.Pods {
		again.AddPodInfo(p)
	}
	b.byName[name] = again
	b.nodes[slices.IndexFunc(b.nodes, func(n fwk.NodeInfo) bool { return n.Node().Name == name })] = again
}

func holdsPorts(info *framework.NodeInfo) bool {
	return slices.ContainsFunc(info.Pods, func(p fwk.PodInfo) bool {
		for _, list := range [][]corev1.Container{p.GetPod().Spec.InitContainers, p.GetPod().Spec.Containers} {
			for i := range list {
				if slices.ContainsFunc(list[i].Ports, func(port corev1.ContainerPort) bool { return port.HostPort > 0 }) {
					return true
				}
			}
		}
		return false
	})
}

// NodeInfos lists the nodes of the board.
func (b *board) NodeInfos() fwk.NodeInfoLister { return b }

// StorageInfos says which claims the pods of the board use.
func (b *board) StorageInfos() fwk.StorageInfoLister { return b }

// List is all nodes.
func (b *board) List() ([]fwk.NodeInfo, error) { return b.nodes, nil }

// HavePodsWithAffinityList is the nodes with a pod that states affinity or anti-affinity between pods.
func (b *board) HavePodsWithAffinityList() ([]fwk.NodeInfo, error) {
	return b.with(func(n fwk.NodeInfo) int { return len(n.GetPodsWithAffinity()) }), nil
}

// HavePodsWithRequiredAntiAffinityList is the nodes with a pod that states required anti-affinity.
func (b *board) HavePodsWithRequiredAntiAffinityList() ([]fwk.NodeInfo, error) {
	return b.with(func(n fwk.NodeInfo) int { return len(n.GetPodsWithRequiredAntiAffinity()) }), nil
}

// HavePodsWithRequiredNonHostScopedAntiAffinityList is the nodes with a pod that states it over more than hosts.
func (b *board) HavePodsWithRequiredNonHostScopedAntiAffinityList() ([]fwk.NodeInfo, error) {
	return b.with(func(n fwk.NodeInfo) int { return len(n.GetPodsWithRequiredNonHostScopedAntiAffinity()) }), nil
}

func (b *board) with(count func(fwk.NodeInfo) int) []fwk.NodeInfo {
	var out []fwk.NodeInfo
	for _, n := range b.nodes {
		if count(n) > 0 {
			out = append(out, n)
		}
	}
	return out
}

// Get is one node.
func (b *board) Get(name string) (fwk.NodeInfo, error) {
	n, ok := b.byName[name]
	if !ok {
		return nil, fmt.Errorf("there is no node %q", name)
	}
	return n, nil
}

// IsPVCUsedByPods reports whether a pod of the board uses the claim, namespace/name.
func (b *board) IsPVCUsedByPods(key string) bool {
	for _, n := range b.nodes {
		if n.GetPVCRefCounts()[key] > 0 {
			return true
		}
	}
	return false
}
