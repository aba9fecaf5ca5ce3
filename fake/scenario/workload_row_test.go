package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
)

// loadRows makes a scenario of the rows, which stand beneath the header of a workload file.
func loadRows(t *testing.T, options WorkloadOptions, rows ...string) (*Scenario, error) {
	t.Helper()
	const header = "group,count,cpu_m,mem_mib,gpu,gpu_milli,gpu_kind,arch,max_per_node,zone_max_skew,pvc,extra,notes"
	file := filepath.Join(csvFolder(t), "workloads/rows.csv")
	require.NoError(t, os.WriteFile(file, []byte(header+"\n"+strings.Join(rows, "\n")+"\n"), 0o600))
	w, err := LoadWorkload(file, options)
	if err != nil {
		return nil, err
	}
	return w.Scenario()
}

// mustLoad is the scenario of rows that are right.
func mustLoad(t *testing.T, options WorkloadOptions, rows ...string) *Scenario {
	t.Helper()
	s, err := loadRows(t, options, rows...)
	require.NoError(t, err)
	return s
}

func TestExtraConstraints(t *testing.T) {
	rows := []string{
		"spread,1,100,100,0,0,,,0,0,0,host_max_skew=2,",
		"capped,1,100,100,0,0,,,3,0,0,host_max_skew=5,",
		"alone,1,100,100,0,0,,,1,0,0,host_max_skew=5; kind=cron,",
		"near,1,100,100,0,0,,,0,0,0,zone_affinity=self,",
		"near,1,200,100,0,0,,,0,0,0,zone_affinity=self,",
	}
	pods := mustLoad(t, WorkloadOptions{}, rows...).Snapshot.Pods
	for i, skew := range []int32{2, 3, 5} {
		require.Len(t, pods[i].Spec.TopologySpreadConstraints, 1)
		spread := pods[i].Spec.TopologySpreadConstraints[0]
		require.Equal(t, corev1.LabelHostname, spread.TopologyKey)
		require.Equal(t, corev1.DoNotSchedule, spread.WhenUnsatisfiable)
		require.Equal(t, skew, spread.MaxSkew)
		require.Equal(t, map[string]string{"app": pods[i].Labels["app"]}, spread.LabelSelector.MatchLabels)
	}
	require.NotNil(t, pods[2].Spec.Affinity.PodAntiAffinity)
	for _, pod := range pods[3:] {
		require.Equal(t, []corev1.PodAffinityTerm{{
			TopologyKey: corev1.LabelTopologyZone, LabelSelector: pods[3].Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].LabelSelector,
		}}, pod.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		require.Equal(t, "near", pod.Labels["app"])
	}

	pods = mustLoad(t, WorkloadOptions{Without: []string{WithoutHostSpread, WithoutZoneAffinity, WithoutPerNode}}, rows...).Snapshot.Pods
	for _, pod := range pods {
		require.Empty(t, pod.Spec.TopologySpreadConstraints)
		require.Nil(t, pod.Spec.Affinity)
	}
}

func TestSharesOfGPUs(t *testing.T) {
	rows := []string{
		"half,2,100,100,1,500,T4|V100M16|P100,,0,0,0,,",
		"whole,1,100,100,1,,,,0,0,0,,",
		"many,1,100,100,2,500,,,0,0,0,,",
		"none,1,100,100,0,0,,,0,0,0,,",
	}
	s := mustLoad(t, WorkloadOptions{Catalog: "G"}, rows...)
	for i, want := range []int64{500, 500, 1000, 2000, 0} {
		pod := s.Snapshot.Pods[i]
		share := pod.Spec.Containers[0].Resources.Requests[resourceMilliGPU]
		require.Equal(t, want, share.Value(), pod.Name)
		require.Equal(t, want > 0, len(pod.Spec.Tolerations) > 0)
	}
	kinds := s.Snapshot.Pods[0].Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchExpressions[0]
	require.Equal(t, v1alpha1.LabelGPUKind, kinds.Key)
	require.Equal(t, []string{"t4", "v100"}, kinds.Values)
	require.Nil(t, s.Snapshot.Pods[2].Spec.Affinity)

	gpuTypes := s.Snapshot.InstanceTypes[gpuPool]
	require.Len(t, gpuTypes, 1, "NVIDIA's only")
	require.Len(t, s.Snapshot.InstanceTypes[generalPool], 3)
	capacity := gpuTypes[0].Capacity[resourceMilliGPU]
	require.EqualValues(t, 1000, capacity.Value())
	require.Equal(t, "t4", gpuTypes[0].Requirements.Labels()[v1alpha1.LabelGPUKind])

	result, err := s.Solve(t.Context())
	require.NoError(t, err)
	require.Len(t, result.Plan.Unplaced, 1, "no type has two GPUs")
	require.Contains(t, result.String(), "g4dn.xlarge")

	pods := mustLoad(t, WorkloadOptions{Without: []string{WithoutGPUKinds}}, rows...).Snapshot.Pods
	require.Nil(t, pods[0].Spec.Affinity)
	require.Contains(t, pods[0].Spec.Containers[0].Resources.Requests, resourceMilliGPU)
	pods = mustLoad(t, WorkloadOptions{Without: []string{WithoutGPUs}}, rows...).Snapshot.Pods
	require.NotContains(t, pods[0].Spec.Containers[0].Resources.Requests, resourceMilliGPU)
}

func TestCataloguesOfGPUsInOrdinaryFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "types.csv")
	require.NoError(t, os.WriteFile(file, []byte(
		"name,vcpu,memory_mib,gpu_count,gpu_kind,arch,max_pods,zones,ondemand_price,spot_price\ng4.xlarge,8,8192,2,nvidia/t4,amd64,29,,0.1,\n"), 0o600))
	s := mustLoad(t, WorkloadOptions{Catalog: file}, "half,2,100,100,1,500,T4,,0,0,0,,")
	result, err := s.Solve(t.Context())
	require.NoError(t, err)
	require.Empty(t, result.Plan.Unplaced)
	require.Len(t, result.Plan.Launches, 1)
}

func TestThinning(t *testing.T) {
	rows := []string{"a,6,100,100,0,0,,,0,0,0,,", "b,1,100,100,0,0,,,0,0,0,,", "c,3,100,100,0,0,,,0,0,0,,"}
	require.Equal(t, []string{"default/a-0", "default/a-1", "default/a-2", "default/c-0", "default/c-1"},
		podNamesOf(mustLoad(t, WorkloadOptions{Pods: 5}, rows...).Snapshot.Pods))
	require.Len(t, mustLoad(t, WorkloadOptions{Pods: 10}, rows...).Snapshot.Pods, 10)
	require.Len(t, mustLoad(t, WorkloadOptions{Pods: 11}, rows...).Snapshot.Pods, 10)

	var names []string
	for _, it := range mustLoad(t, WorkloadOptions{Types: 2}, rows...).Snapshot.InstanceTypes[generalPool] {
		names = append(names, it.Name)
	}
	require.Equal(t, []string{"m7g.large", "m7i.48xlarge"}, names)
	require.Len(t, mustLoad(t, WorkloadOptions{Types: 4}, rows...).Snapshot.InstanceTypes[generalPool], 3)
}

func TestBadRowsOfWorkloads(t *testing.T) {
	for want, row := range map[string]string{
		`line 2: extra: unknown term "gravity=1"`:                     "a,1,1,1,0,0,,,0,0,0,kind=x;gravity=1,",
		`line 2: extra: unknown term "zone_affinity=all"`:             "a,1,1,1,0,0,,,0,0,0,zone_affinity=all,",
		`line 2: extra: host_max_skew must be a number of at least 1`: "a,1,1,1,0,0,,,0,0,0,host_max_skew=0,",
		`line 2: gpu_kind: unknown kind "X1"`:                         "a,1,1,1,1,0,T4|X1,,0,0,0,,",
		`line 2: gpu and gpu_milli must be at most 1000`:              "a,1,1,1,1,1001,,,0,0,0,,",
		`line 2: gpu_milli must be a number`:                          "a,1,1,1,1,half,,,0,0,0,,",
		`line 2: group must not be empty`:                             ",1,1,1,1,,,,0,0,0,,",
		`line 2: a number is out of range`:                            "a,1,1,1,0,0,,,0,0,101,,",
	} {
		_, err := loadRows(t, WorkloadOptions{}, row)
		require.ErrorContains(t, err, want)
	}
}
