package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// controller is a document that makes pods. spec goes before the template, pod into the template's spec.
func controller(version, kind, name, spec, pod string) string {
	return "apiVersion: " + version + "\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: shop}\nspec:\n  " + spec +
		"\n  template:\n    metadata: {labels: {app: x}, annotations: {a: b}}\n    spec:\n      " + pod + "\n      containers: [{name: app, resources: {requests: {cpu: 100m}}}]\n"
}

func podNamesOf(pods []*corev1.Pod) []string {
	var out []string
	for _, p := range pods {
		out = append(out, p.Namespace+"/"+p.Name)
	}
	return out
}

func TestControllersBecomePods(t *testing.T) {
	for name, c := range map[string]struct {
		in     string
		pods   []string
		labels map[string]string // of the last pod
		owner  string
	}{
		"Deployment": {
			controller("apps/v1", "Deployment", "web", "replicas: 2", ""), []string{"shop/web-0", "shop/web-1"},
			map[string]string{"app": "x", "pod-template-hash": "1"}, "ReplicaSet web-1",
		},
		"Deployment without replicas": {
			controller("apps/v1", "Deployment", "web", "paused: false", ""), []string{"shop/web-0"},
			map[string]string{"app": "x", "pod-template-hash": "1"}, "ReplicaSet web-1",
		},
		"ReplicaSet with a hash of its own": {
			strings.Replace(controller("apps/v1", "ReplicaSet", "web", "replicas: 1", ""), "{app: x}", "{app: x, pod-template-hash: f00}", 1), []string{"shop/web-0"},
			map[string]string{"app": "x", "pod-template-hash": "f00"}, "ReplicaSet web",
		},
		"StatefulSet": {
			controller("apps/v1", "StatefulSet", "db", "replicas: 2", ""), []string{"shop/db-0", "shop/db-1"},
			map[string]string{"app": "x", "statefulset.kubernetes.io/pod-name": "db-1", "apps.kubernetes.io/pod-index": "1"}, "StatefulSet db",
		},
		"Job by parallelism": {
			controller("batch/v1", "Job", "train", "parallelism: 2", ""), []string{"shop/train-0", "shop/train-1"},
			map[string]string{"app": "x", "batch.kubernetes.io/job-name": "train"}, "Job train",
		},
		"Job with fewer completions": {
			controller("batch/v1", "Job", "train", "parallelism: 5\n  completions: 1", ""), []string{"shop/train-0"},
			map[string]string{"app": "x", "batch.kubernetes.io/job-name": "train"}, "Job train",
		},
		"nothing to run": {controller("apps/v1", "Deployment", "web", "replicas: 0", ""), nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			pods := read(t, c.in).Snapshot.Pods
			require.Equal(t, c.pods, podNamesOf(pods))
			if len(pods) == 0 {
				return
			}
			last := pods[len(pods)-1]
			require.Equal(t, c.labels, last.Labels)
			require.Equal(t, map[string]string{"a": "b"}, last.Annotations)
			require.Equal(t, corev1.DefaultSchedulerName, last.Spec.SchedulerName)
			owner := metav1.GetControllerOf(last)
			require.Equal(t, c.owner, owner.Kind+" "+owner.Name)
			require.NotEmpty(t, owner.UID)
			require.Len(t, string(last.UID), 36)
		})
	}
}

func TestPodsOfOneTemplateShareTheirSpec(t *testing.T) {
	pods := read(t, controller("apps/v1", "Deployment", "web", "replicas: 2", "nodeSelector: {a: b}")).Snapshot.Pods
	require.Same(t, &pods[0].Spec.Containers[0], &pods[1].Spec.Containers[0])
	require.NotEqual(t, pods[0].UID, pods[1].UID)
}

func TestUIDsAndTimesAreTheSameInEveryRun(t *testing.T) {
	in := []string{controller("apps/v1", "Deployment", "web", "replicas: 2", ""), somePod}
	require.Equal(t, read(t, in...), read(t, in...))
}

func TestCreationOrderIsThatOfTheStream(t *testing.T) {
	known := strings.Replace(somePod, "{name: web}", `{name: old, uid: u-1, creationTimestamp: "2025-12-31T23:00:00Z"}`, 1)
	pods := read(t, controller("apps/v1", "Deployment", "web", "replicas: 2", ""), known, strings.Replace(somePod, "web", "last", 1)).Snapshot.Pods
	var seconds []float64
	for _, p := range pods {
		seconds = append(seconds, p.CreationTimestamp.Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).Seconds())
	}
	require.Equal(t, []float64{1, 2, -3600, 4}, seconds)
	require.Equal(t, types.UID("u-1"), pods[2].UID)
}

func TestDaemonSetsBecomeTemplates(t *testing.T) {
	s := read(t, controller("apps/v1", "DaemonSet", "agent", "minReadySeconds: 0", "hostNetwork: true")).Snapshot
	require.Empty(t, s.Pods)
	require.Equal(t, []string{"shop/agent"}, podNamesOf(s.DaemonPods))
	require.Equal(t, map[string]string{"app": "x"}, s.DaemonPods[0].Labels)
	require.Equal(t, "DaemonSet", s.DaemonPods[0].OwnerReferences[0].Kind)
}

func TestVolumeClaimTemplatesBecomeClaims(t *testing.T) {
	claims := `replicas: 2
  volumeClaimTemplates:
  - metadata: {name: data, labels: {l: m}}
    spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}`
	declared := "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data-db-1, namespace: shop}\nspec: {volumeName: pv-7}\n"
	s := read(t, controller("apps/v1", "StatefulSet", "db", claims, "volumes: [{name: data, emptyDir: {}}, {name: tmp, emptyDir: {}}]"), declared).Snapshot
	require.Len(t, s.Storage.Claims, 2)
	byName := map[string]*corev1.PersistentVolumeClaim{}
	for _, c := range s.Storage.Claims {
		byName[c.Name] = c
	}
	require.Equal(t, "fast", *byName["data-db-0"].Spec.StorageClassName)
	require.Equal(t, "pv-7", byName["data-db-1"].Spec.VolumeName)
	require.Equal(t, "yes", byName["data-db-1"].Annotations["pv.kubernetes.io/bind-completed"])
	require.Empty(t, byName["data-db-0"].Annotations)
	for i, pod := range s.Pods {
		require.Len(t, pod.Spec.Volumes, 2)
		require.Equal(t, []string{"data-db-0", "data-db-1"}[i], pod.Spec.Volumes[1].PersistentVolumeClaim.ClaimName)
	}
}

func TestEphemeralVolumesHaveClaimsOfTheirPods(t *testing.T) {
	volume := "volumes: [{name: scratch, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}]"
	declared := "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: web-1-scratch, namespace: shop}\nspec: {}\n"
	s := read(t, controller("apps/v1", "Deployment", "web", "replicas: 2", volume), declared).Snapshot
	require.Len(t, s.Storage.Claims, 2)
	require.Empty(t, s.Storage.Claims[0].OwnerReferences)
	made := s.Storage.Claims[1]
	require.Equal(t, "web-0-scratch", made.Name)
	require.True(t, metav1.IsControlledBy(made, s.Pods[0]))
}

func TestClaimsAndVolumesThatNameEachOtherAreBound(t *testing.T) {
	s := read(t, `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {volumeName: pv-1}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv-1}
spec: {claimRef: {name: data, namespace: default}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: x
`).Snapshot.Storage
	require.Equal(t, s.Claims[0].UID, s.Volumes[0].Spec.ClaimRef.UID)
	require.NotEmpty(t, s.Claims[0].UID)
	require.Equal(t, corev1.ClaimBound, s.Claims[0].Status.Phase)
	require.Equal(t, corev1.VolumeBound, s.Volumes[0].Status.Phase)
	require.Equal(t, "Immediate", string(*s.Classes[0].VolumeBindingMode))
}

func TestCapacityBuffersBecomeVirtualPods(t *testing.T) {
	buffer := func(spec string) string {
		return "apiVersion: autoscaling.x-k8s.io/v1beta1\nkind: CapacityBuffer\nmetadata: {name: spare, namespace: shop}\nspec: " + spec + "\n"
	}
	template := "apiVersion: v1\nkind: PodTemplate\nmetadata: {name: chunk, namespace: shop}\ntemplate: {spec: {containers: [{name: a, resources: {requests: {cpu: 500m}}}]}}\n"
	web := controller("apps/v1", "Deployment", "web", "replicas: 5", "volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]")
	for name, c := range map[string]struct {
		in   string
		made int
	}{
		"template":             {template + "---\n" + buffer("{podTemplateRef: {name: chunk}, replicas: 2}"), 2},
		"template and limits":  {template + "---\n" + buffer("{podTemplateRef: {name: chunk}, replicas: 20, limits: {cpu: 1600m}}"), 3},
		"limits alone":         {template + "---\n" + buffer("{podTemplateRef: {name: chunk}, limits: {cpu: \"1\"}}"), 2},
		"share of a workload":  {web + "---\n" + buffer("{scalableRef: {kind: Deployment, name: web}, percentage: 50}"), 3},
		"the larger of both":   {web + "---\n" + buffer("{scalableRef: {kind: Deployment, name: web}, percentage: 50, replicas: 4}"), 4},
		"strategy of somebody": {template + "---\n" + buffer("{provisioningStrategy: other, podTemplateRef: {name: chunk}, replicas: 2}"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			var made []*corev1.Pod
			for _, p := range read(t, c.in).Snapshot.Pods {
				if strings.HasPrefix(p.Name, "capacity-buffer-") {
					made = append(made, p)
					require.Empty(t, p.Spec.Volumes)
					require.Negative(t, *p.Spec.Priority)
				}
			}
			require.Len(t, made, c.made)
			if c.made > 0 {
				require.Equal(t, "shop/capacity-buffer-spare-1", podNamesOf(made)[0])
			}
		})
	}
	require.Contains(t, refuse(t, buffer("{podTemplateRef: {name: chunk}, replicas: 2}")), "names PodTemplate shop/chunk, which no document declares")
}
