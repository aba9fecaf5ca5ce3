package scheduling_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Pods of a node that is being deleted are waiting pods once it is drained, if their controllers make them anew.
func TestDrainedNodesGiveTheirPodsToTheDemand(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	gone := &metav1.Time{Time: now}
	pod := func(name, owner string, change func(*corev1.Pod)) *corev1.Pod {
		p := fake.Pod(name, fake.Requests("1500m", "1Gi"))
		p.Spec.NodeName, p.Status.Phase, p.Status.StartTime = "old", corev1.PodRunning, &metav1.Time{Time: now.Add(-time.Hour)}
		if owner != "" {
			p.OwnerReferences = []metav1.OwnerReference{{Kind: owner, Name: "x", Controller: ptr.To(true)}}
		}
		if change != nil {
			change(p)
		}
		return p
	}
	annotated := func(value string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Annotations = map[string]string{v1.DoNotDisruptAnnotationKey: value} }
	}
	deleted := func(p *corev1.Pod) { p.DeletionTimestamp = gone }
	pods := []*corev1.Pod{
		pod("web", "ReplicaSet", nil),
		pod("db", "StatefulSet", deleted),
		pod("shielded-before", "ReplicaSet", annotated("30m")),
		pod("odd-annotation", "ReplicaSet", annotated("soon")),
		pod("shielded", "ReplicaSet", annotated("true")),
		pod("shielded-still", "ReplicaSet", annotated("2h")),
		pod("never-started", "ReplicaSet", func(p *corev1.Pod) { annotated("1m")(p); p.Status.StartTime = nil }),
		pod("bare", "", nil),
		pod("agent", "DaemonSet", nil),
		pod("static", "Node", nil),
		pod("replaced", "ReplicaSet", deleted),
		pod("done", "Job", func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }),
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "old", DeletionTimestamp: gone}}
	stays := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "stays"}}
	resident := pod("resident", "ReplicaSet", func(p *corev1.Pod) { p.Spec.NodeName = "stays" })
	small := fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.08))
	s := scheduling.Snapshot{
		Now: now, Pods: []*corev1.Pod{fake.Pod("new", fake.Requests("1500m", "1Gi"))},
		Nodes:     []scheduling.Node{{Node: node, Pods: pods}, {Node: stays, Pods: []*corev1.Pod{resident}}},
		NodePools: []*v1.NodePool{fake.NodePool("general")}, InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {small}},
		DaemonPods: []*corev1.Pod{},
	}
	before := pods[1].DeepCopy()
	drained := s.Drained()
	var waiting, left []string
	for _, p := range drained.Pods {
		require.Empty(t, p.Spec.NodeName)
		require.Nil(t, p.DeletionTimestamp)
		waiting = append(waiting, p.Name)
	}
	for _, p := range drained.Nodes[0].Pods {
		left = append(left, p.Name)
	}
	require.Equal(t, []string{"new", "web", "db", "shielded-before", "odd-annotation"}, waiting)
	require.Equal(t, []string{"shielded", "shielded-still", "never-started", "bare", "agent", "static", "replaced", "done"}, left)
	require.Len(t, drained.Nodes[1].Pods, 1)
	require.Len(t, s.Pods, 1)
	require.Len(t, s.Nodes[0].Pods, len(pods))
	require.Equal(t, before, pods[1])

	today, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	require.Len(t, today.Launches, 1, "a node that is being deleted takes nothing and asks for nothing")
	ahead, err := scheduling.Solve(t.Context(), drained, scheduling.Options{})
	require.NoError(t, err)
	require.Len(t, ahead.Launches, 5)
}

// A claim that is being deleted takes its node along.
func TestNodesLeaveWithTheirClaims(t *testing.T) {
	pod := fake.Pod("web", fake.Requests("1", "1Gi"))
	pod.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "x", Controller: ptr.To(true)}}
	claim := &v1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: "c", DeletionTimestamp: &metav1.Time{}}}
	s := scheduling.Snapshot{Nodes: []scheduling.Node{{
		Node: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}}, Claim: claim, Pods: []*corev1.Pod{pod},
	}}}
	require.Len(t, s.Drained().Pods, 1)
	claim.DeletionTimestamp = nil
	require.Empty(t, s.Drained().Pods)
}
