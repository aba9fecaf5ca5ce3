package scheduling_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// claimed is a pod with a bound claim of its own, whose volume is in the zone.
func claimed(s *scheduling.Snapshot, name, zone string) {
	pod := fake.Pod(name, fake.Requests("100m", "1Mi"))
	pod.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data-" + name},
	}}}
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
		Name: "data-" + name, Namespace: pod.Namespace, Annotations: map[string]string{"pv.kubernetes.io/bind-completed": "yes"},
	}}
	claim.Spec.VolumeName = "disk-" + name
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: claim.Spec.VolumeName}}
	volume.Spec.CSI = &corev1.CSIPersistentVolumeSource{Driver: "ebs.csi.aws.com", VolumeHandle: volume.Name}
	volume.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{zone}}},
	}}}}
	s.Pods = append(s.Pods, pod)
	s.Storage.Claims = append(s.Storage.Claims, claim)
	s.Storage.Volumes = append(s.Storage.Volumes, volume)
}

func storageWorld() scheduling.Snapshot {
	return scheduling.Snapshot{Storage: scheduling.Storage{
		Claims: []*corev1.PersistentVolumeClaim{}, Volumes: []*corev1.PersistentVolume{}, Classes: []*storagev1.StorageClass{},
		CSINodes: []*storagev1.CSINode{}, CSIDrivers: []*storagev1.CSIDriver{}, Attachments: []*storagev1.VolumeAttachment{},
	}}
}

// The replicas of a StatefulSet have a claim each. As long as the volumes mean the same they are one class.
func TestClaimsThatMeanTheSameShareAClass(t *testing.T) {
	s := storageWorld()
	for i := range 100 {
		claimed(&s, fmt.Sprintf("db-%d", i), "zone-a")
	}
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	require.Equal(t, 1, plan.Stats.Classes)
	for i := range 10 {
		claimed(&s, fmt.Sprintf("log-%d", i), "zone-b")
	}
	plan, err = scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	require.Equal(t, 2, plan.Stats.Classes)
}

// A reason names the claim of the pod that it is given for, not that of another pod of the class.
func TestReasonsNameThePodsOwnClaim(t *testing.T) {
	s := storageWorld()
	s.Nodes = []scheduling.Node{{Node: fake.Node("n-1", fake.Label(corev1.LabelTopologyZone, "zone-b"), fake.Size("4", "8Gi"))}}
	claimed(&s, "db-0", "zone-a")
	claimed(&s, "db-1", "zone-a")
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	require.Equal(t, 1, plan.Stats.Classes)
	for i, u := range plan.Unplaced {
		want := fmt.Sprintf("pvc default/data-db-%d is in zone-a", i)
		require.Equal(t, want, u.Rejections[0].String())
		require.Equal(t, scheduling.VolumeConflict, u.Rejections[0].Code)
		require.Contains(t, plan.Explain(u.Pod).String(), want)
	}
	require.Len(t, plan.Unplaced, 2)
}

// A nil list is unknown: whoever needs it is told so, by the name of the pod and of the list.
func TestUnknownStorage(t *testing.T) {
	node := scheduling.Node{Node: fake.Node("n-1", fake.Size("4", "8Gi"))}
	for list, forget := range map[string]func(*scheduling.Storage){
		"Claims":      func(s *scheduling.Storage) { s.Claims = nil },
		"Volumes":     func(s *scheduling.Storage) { s.Volumes = nil },
		"CSINodes":    func(s *scheduling.Storage) { s.CSINodes = nil },
		"CSIDrivers":  func(s *scheduling.Storage) { s.CSIDrivers = nil },
		"Attachments": func(s *scheduling.Storage) { s.Attachments = nil },
	} {
		t.Run(list, func(t *testing.T) {
			s := storageWorld()
			s.Nodes = []scheduling.Node{node}
			claimed(&s, "db", "zone-a")
			forget(&s.Storage)
			_, err := scheduling.Compile(s)
			var invalid *scheduling.InvalidSnapshotError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, "Pods[default/db].spec.volumes[data]", invalid.Path)
			require.Equal(t, "needs Storage."+list+", which is nil (unknown)", invalid.Problem)
		})
	}
	s := storageWorld()
	claimed(&s, "db", "zone-a")
	class := "fast"
	s.Storage.Claims[0].Annotations, s.Storage.Claims[0].Spec.VolumeName = nil, ""
	s.Storage.Claims[0].Spec.StorageClassName = &class
	s.Storage.Classes = nil
	_, err := scheduling.Compile(s)
	require.ErrorContains(t, err, "needs Storage.Classes")

	s = scheduling.Snapshot{Pods: []*corev1.Pod{fake.Pod("web")}}
	_, err = scheduling.Compile(s)
	require.NoError(t, err, "nobody needs storage")
}

// Two objects of one name, and objects that are nil, are errors.
func TestStorageThatContradictsItself(t *testing.T) {
	s := storageWorld()
	claimed(&s, "db", "zone-a")
	s.Storage.Claims = append(s.Storage.Claims, s.Storage.Claims[0])
	s.Storage.Volumes = append(s.Storage.Volumes, nil)
	s.Storage.Attachments = append(s.Storage.Attachments, nil)
	_, err := scheduling.Compile(s)
	require.ErrorContains(t, err, "Storage.Claims[default/data-db]: occurs twice")
	require.ErrorContains(t, err, "Storage.Volumes[1]: is nil")
	require.ErrorContains(t, err, "Storage.Attachments[0]: is nil")
}
