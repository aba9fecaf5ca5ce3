package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/utils/daemonset"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// cluster is what is there, as Karpenter has it.
type cluster struct {
	client  client.Client
	state   *state.Cluster
	daemons []*corev1.Pod
}

// newCluster fills a fake client and Karpenter's cluster state. Waiting pods are in neither: nothing counts them there.
func newCluster(ctx context.Context, s *scheduling.Snapshot) (*cluster, error) {
	nodes, err := stateNodes(s)
	if err != nil {
		return nil, err
	}
	var objects []client.Object
	for _, n := range nodes {
		objects = append(objects, n.objects()...)
	}
	objects = append(objects, namespaces(s)...)
	objects = append(objects, storage(&s.Storage)...)
	b := fake.NewClientBuilder().WithScheme(scheme.Scheme).WithIndex(&corev1.Pod{}, "spec.nodeName", func(o client.Object) []string {
		return []string{o.(*corev1.Pod).Spec.NodeName}
	}).WithInterceptorFuncs(interceptor.Funcs{Get: getAsServersDo})
	seen := map[string]bool{}
	for _, o := range objects {
		o.SetResourceVersion("")
		key := fmt.Sprintf("%T %s/%s", o, o.GetNamespace(), o.GetName())
		if !seen[key] {
			b = b.WithObjects(o)
		}
		seen[key] = true
	}
	c := &cluster{client: b.Build(), daemons: daemonPods(s)}
	c.state = state.NewCluster(clock.RealClock{}, c.client, nil)
	for _, n := range nodes {
		if n.claim != nil {
			c.state.UpdateNodeClaim(n.claim)
		}
		if n.node != nil {
			if err := c.state.UpdateNode(ctx, n.node); err != nil {
				return nil, fmt.Errorf("node %s: %w", n.node.Name, err)
			}
		}
		for _, pod := range n.pods {
			err := c.state.UpdatePod(ctx, pod)
			if apierrors.IsNotFound(err) {
				return nil, beyondError("nodes that Karpenter waits for")
			}
			if err != nil {
				return nil, fmt.Errorf("pod %s/%s: %w", pod.Namespace, pod.Name, err)
			}
		}
	}
	return c, nil
}

// getAsServersDo looks for volumes without regard to the namespace that the caller names. Karpenter does name one, and a
// server does not mind.
func getAsServersDo(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if _, ok := o.(*corev1.PersistentVolume); ok {
		key.Namespace = ""
	}
	return c.Get(ctx, key, o, opts...)
}

// active are copies of the nodes that are there to stay: a solve writes to them.
func (c *cluster) active() state.StateNodes { return c.state.DeepCopyNodes().Active() }

// stateNode is a node of the snapshot with its claim, tied together by a provider id.
type stateNode struct {
	node  *corev1.Node
	claim *karpv1.NodeClaim
	pods  []*corev1.Pod
}

func (n stateNode) objects() []client.Object {
	var out []client.Object
	if n.node != nil {
		out = append(out, n.node.DeepCopy())
	}
	if n.claim != nil {
		out = append(out, n.claim.DeepCopy())
	}
	for _, pod := range n.pods {
		out = append(out, pod.DeepCopy())
	}
	for _, o := range out {
		releasable(o)
	}
	return out
}

// releasable gives an object that is being deleted a finalizer: the fake client refuses it without.
func releasable(o client.Object) {
	if o.GetDeletionTimestamp() != nil && len(o.GetFinalizers()) == 0 {
		o.SetFinalizers([]string{"example.com/waits"})
	}
}

// machine begins a provider id, which ends with the name of the node in the snapshot. Karpenter's own name of a node that
// is starting is that of its claim.
const machine = "machine://"

func nameOfMachine(id string) string { return strings.TrimPrefix(id, machine) }

func stateNodes(s *scheduling.Snapshot) ([]stateNode, error) {
	var out []stateNode
	for i := range s.Nodes {
		from := &s.Nodes[i]
		id := machine + from.Name()
		n := stateNode{}
		if from.Node != nil {
			n.node = from.Node.DeepCopy()
			n.node.Spec.ProviderID = id
			cordon(n.node)
			if from.Claim == nil && n.node.Labels[karpv1.NodePoolLabelKey] != "" {
				n.node.Labels[karpv1.NodeInitializedLabelKey] = "true" // else Karpenter waits for its claim
			}
		}
		if from.Claim != nil {
			claim, err := convert[karpv1.NodeClaim](from.Claim)
			if err != nil {
				return nil, fmt.Errorf("NodeClaim %s: %w", from.Claim.Name, err)
			}
			claim.Status.ProviderID = id
			completeClaim(claim, s)
			n.claim = claim
		}
		for _, pod := range from.Pods {
			bound := pod.DeepCopy()
			bound.Spec.NodeName = from.Name()
			n.pods = append(n.pods, bound)
		}
		out = append(out, n)
	}
	return out, nil
}

// cordon gives a node that takes no more pods the taint that the node controller gives it.
func cordon(node *corev1.Node) {
	taint := corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}
	if node.Spec.Unschedulable && !slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.MatchTaint(&taint) }) {
		node.Spec.Taints = append(node.Spec.Taints, taint)
	}
}

// completeClaim adds what a claim that has just been made does not say of its machine yet.
func completeClaim(claim *karpv1.NodeClaim, s *scheduling.Snapshot) {
	if len(claim.Status.Allocatable) > 0 {
		return
	}
	for _, t := range s.InstanceTypes[claim.Labels[karpv1.NodePoolLabelKey]] {
		if t.Name == claim.Labels[corev1.LabelInstanceTypeStable] {
			claim.Status.Capacity, claim.Status.Allocatable = t.Capacity.DeepCopy(), t.Allocatable()
		}
	}
}

// namespaces are those declared and those that pods are in.
func namespaces(s *scheduling.Snapshot) []client.Object {
	var out []client.Object
	names := map[string]bool{}
	for _, ns := range s.Namespaces {
		names[ns.Name] = true
		out = append(out, ns.DeepCopy())
	}
	add := func(name string) {
		if name != "" && !names[name] {
			names[name] = true
			out = append(out, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelMetadataName: name}}})
		}
	}
	for _, pod := range s.Pods {
		add(pod.Namespace)
	}
	for i := range s.Nodes {
		for _, pod := range s.Nodes[i].Pods {
			add(pod.Namespace)
		}
	}
	for _, o := range out {
		if o.GetLabels()[corev1.LabelMetadataName] == "" {
			labels := map[string]string{corev1.LabelMetadataName: o.GetName()}
			for key, value := range o.GetLabels() {
				labels[key] = value
			}
			o.SetLabels(labels)
		}
	}
	return out
}

func storage(s *scheduling.Storage) []client.Object {
	var out []client.Object
	for _, o := range s.Claims {
		out = append(out, o.DeepCopy())
	}
	for _, o := range s.Volumes {
		out = append(out, o.DeepCopy())
	}
	for _, o := range s.Classes {
		out = append(out, o.DeepCopy())
	}
	for _, o := range s.CSINodes {
		out = append(out, o.DeepCopy())
	}
	for _, o := range s.CSIDrivers {
		out = append(out, o.DeepCopy())
	}
	for _, o := range s.Attachments {
		out = append(out, o.DeepCopy())
	}
	for _, o := range out {
		releasable(o)
	}
	return out
}

// daemonPods are the pods that Karpenter makes of DaemonSets.
func daemonPods(s *scheduling.Snapshot) []*corev1.Pod {
	var out []*corev1.Pod
	for _, template := range s.DaemonPods {
		set := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: template.Name, Namespace: template.Namespace}}
		set.Spec.Template.Labels = template.Labels
		set.Spec.Template.Spec = *template.Spec.DeepCopy()
		out = append(out, daemonset.PodForDaemonSet(set))
	}
	return slices.Clip(out)
}
