package kubeoracle

import (
	"context"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/controller/daemon"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// daemonSet is the DaemonSet that a template pod of the snapshot stands for.
func daemonSet(template *corev1.Pod) *appsv1.DaemonSet {
	ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: template.Name, Namespace: template.Namespace}}
	ds.Spec.Template.Labels = template.Labels
	ds.Spec.Template.Spec = *admitted(template).Spec.DeepCopy()
	return ds
}

// runsOn reports whether the DaemonSet controller runs a pod on the node.
func runsOn(ds *appsv1.DaemonSet, node *corev1.Node) bool {
	should, _ := daemon.NodeShouldRunDaemonPod(klog.Background(), node, ds)
	return should
}

// daemonPod is the pod that the DaemonSet has on the node.
func daemonPod(ds *appsv1.DaemonSet, node string) *corev1.Pod {
	copied := ds.DeepCopy()
	pod := daemon.NewPod(copied, node)
	pod.Name = ds.Name + "." + node
	pod.UID = types.UID("daemon/" + pod.Namespace + "/" + pod.Name)
	return admitted(pod)
}

// allDaemons puts the pods of all DaemonSets that apply on a new node.
func (st *state) allDaemons(info *framework.NodeInfo) {
	for _, ds := range st.daemons {
		if runsOn(ds, info.Node()) {
			info.AddPod(daemonPod(ds, info.Node().Name))
		}
	}
}

// owe puts the pods of DaemonSets that apply and have no pod yet on the existing nodes, each if there is room for it. All
// bound pods are there; DaemonSets come by name, and for each the nodes by name.
func (st *state) owe(ctx context.Context, infos []*framework.NodeInfo) {
	slices.SortFunc(infos, func(a, b *framework.NodeInfo) int { return strings.Compare(a.Node().Name, b.Node().Name) })
	for _, ds := range st.daemons {
		for _, info := range infos {
			present := slices.ContainsFunc(info.Pods, func(p fwk.PodInfo) bool { return owns(ds, p.GetPod()) })
			if present || !runsOn(ds, info.Node()) {
				continue
			}
			pod := daemonPod(ds, info.Node().Name)
			if _, r := st.try(ctx, pod, info.Node().Name); r.none() {
				info.AddPod(pod)
			}
		}
	}
}

func owns(ds *appsv1.DaemonSet, pod *corev1.Pod) bool {
	return pod.Namespace == ds.Namespace && slices.ContainsFunc(pod.OwnerReferences, func(o metav1.OwnerReference) bool {
		return o.Kind == "DaemonSet" && o.Name == ds.Name
	})
}
