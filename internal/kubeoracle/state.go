package kubeoracle

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// state is the cluster of the snapshot and the plan: all nodes, new ones included, with the pods that are bound and those
// of DaemonSets. Placed pods are put on it and taken from it by the checks.
type state struct {
	*scheduler
	s       *scheduling.Snapshot
	plan    *scheduling.Plan
	options scheduling.Options

	pods     map[types.NamespacedName]*corev1.Pod // those to be planned, as admitted
	daemons  []*appsv1.DaemonSet                  // by namespace and name
	leaving  map[string]bool                      // nodes that are being deleted
	existing []*corev1.Node                       // by name
	launches map[string]*scheduling.Launch        // by the name of the node
	placed   []*corev1.Pod                        // with spec.nodeName, in the order of the plan
	keys     []string                             // by which somebody tells nodes apart, hostnames aside
	groups   map[types.NamespacedName]*group
	pools    []*pool
	findings []Finding
	reached  func(node *framework.NodeInfo, pod *corev1.Pod) bool // whether the volumes can be had there, promises aside
}

func newState(ctx context.Context, s *scheduling.Snapshot, plan *scheduling.Plan, options scheduling.Options) (*state, error) {
	st := &state{
		s: s, plan: plan, options: options, pods: map[types.NamespacedName]*corev1.Pod{},
		leaving: map[string]bool{}, launches: map[string]*scheduling.Launch{},
		groups: map[types.NamespacedName]*group{},
	}
	for _, pod := range s.Pods {
		if pending(s, pod) {
			st.pods[nameOf(pod)] = admitted(pod)
		}
	}
	for _, template := range s.DaemonPods {
		st.daemons = append(st.daemons, daemonSet(template))
	}
	slices.SortFunc(st.daemons, func(a, b *appsv1.DaemonSet) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	var err error
	st.keys = st.topologyKeys()
	if st.pools, err = st.readPools(); err != nil {
		return nil, err
	}
	objects, err := selecting(&s.Profile)
	if err != nil {
		return nil, err
	}
	objects = slices.Concat(objects, st.objects())
	if st.scheduler, err = newScheduler(ctx, newBoard(), &s.Profile, objects); err != nil {
		return nil, err
	}
	st.reached = reach(ctx, func() (*scheduler, error) { return newScheduler(ctx, newBoard(), &s.Profile, objects) })
	var infos []*framework.NodeInfo
	for i := range s.Nodes {
		infos = append(infos, st.addExisting(&s.Nodes[i]))
	}
	st.keepPromises()
	st.owe(ctx, infos)
	for i := range plan.Launches {
		st.addLaunch(&plan.Launches[i])
	}
	slices.SortFunc(st.existing, func(a, b *corev1.Node) int { return strings.Compare(a.Name, b.Name) })
	st.readAssignments()
	st.readGroups()
	return st, nil
}

// addExisting puts a node, or one on its way, on the board, with the pods bound to it.
func (st *state) addExisting(n *scheduling.Node) *framework.NodeInfo {
	node := settled(n)
	st.existing = append(st.existing, node)
	st.leaving[node.Name] = n.Node != nil && n.Node.DeletionTimestamp != nil || n.Claim != nil && n.Claim.DeletionTimestamp != nil
	info := framework.NewNodeInfo()
	info.SetNode(node)
	for _, pod := range n.Pods {
		if !finished(pod) {
			info.AddPod(on(admitted(pod), node.Name))
		}
	}
	st.board.addNode(info)
	return info
}

// keepPromises puts pods that the plan leaves to their nomination where the scheduler keeps room for them.
func (st *state) keepPromises() {
	for _, u := range st.plan.Unplaced {
		for _, r := range u.Rejections {
			if r.Code != scheduling.Nominated {
				continue
			}
			pod, node := st.pods[u.Pod], st.board.byName[r.Key]
			if pod == nil || node == nil || pod.Status.NominatedNodeName != r.Key {
				st.add(Finding{Check: Malformed, Pod: u.Pod, Node: r.Key, Message: "the pod is not nominated to that node"})
				continue
			}
			node.AddPod(on(pod, r.Key))
		}
	}
}

// addLaunch puts a new node on the board, with its DaemonSets, and holds these against what the plan says.
func (st *state) addLaunch(l *scheduling.Launch) {
	if _, taken := st.board.byName[l.Name]; taken || l.Node == nil || l.Node.Name != l.Name {
		st.add(Finding{Check: Malformed, Node: l.Name, Message: "the launch has no node, or its name is taken"})
		return
	}
	info := framework.NewNodeInfo()
	info.SetNode(l.Node.DeepCopy())
	for _, ds := range st.daemons {
		name := types.NamespacedName{Namespace: ds.Namespace, Name: ds.Name}
		should, listed := runsOn(ds, l.Node), slices.Contains(l.DaemonPods, name)
		if should != listed {
			st.add(Finding{Check: Daemons, Pod: name, Node: l.Name, Plugin: "DaemonSet", Message: fmt.Sprintf("the controller runs it: %t, the plan lists it: %t", should, listed)})
		}
	}
	st.allDaemons(info)
	st.board.addNode(info)
	st.launches[l.Name] = l
}

func (st *state) readAssignments() {
	for _, a := range st.plan.Assignments {
		pod, known := st.pods[a.Pod]
		_, there := st.board.byName[a.Node]
		switch {
		case !known || !there:
			st.add(Finding{Check: Malformed, Pod: a.Pod, Node: a.Node, Message: "there is no such node, or no such pod waits"})
		case st.leaving[a.Node]:
			st.add(Finding{Check: Malformed, Pod: a.Pod, Node: a.Node, Message: "the node is being deleted"})
		default:
			st.placed = append(st.placed, on(pod, a.Node))
		}
	}
}

func (st *state) add(f Finding) { st.findings = append(st.findings, f) }

// objects are what the scheduler's informers see.
func (st *state) objects() []runtime.Object {
	var out []runtime.Object
	for _, ns := range st.namespaces() {
		out = append(out, ns)
	}
	storage := &st.s.Storage
	for _, o := range storage.Claims {
		out = append(out, o)
	}
	for _, o := range storage.Volumes {
		out = append(out, o)
	}
	for _, o := range storage.Classes {
		out = append(out, o)
	}
	for _, o := range storage.CSIDrivers {
		out = append(out, o)
	}
	for _, o := range storage.Attachments {
		out = append(out, o)
	}
	return append(out, st.csiNodes()...)
}

// namespaces are those of the snapshot and those in which there are pods, each with the label that it always has.
func (st *state) namespaces() []*corev1.Namespace {
	labels := map[string]map[string]string{}
	for _, ns := range st.s.Namespaces {
		labels[ns.Name] = ns.Labels
	}
	note := func(pod *corev1.Pod) {
		if _, ok := labels[pod.Namespace]; !ok {
			labels[pod.Namespace] = nil
		}
	}
	for _, pod := range slices.Concat(st.s.Pods, st.s.DaemonPods) {
		note(pod)
	}
	for i := range st.s.Nodes {
		for _, pod := range st.s.Nodes[i].Pods {
			note(pod)
		}
	}
	var out []*corev1.Namespace
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		all := map[string]string{}
		maps.Copy(all, labels[name])
		all[corev1.LabelMetadataName] = name
		out = append(out, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: all}})
	}
	return out
}
