package scenario

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// csvFolder is a folder of a workload and its catalogue in the form that LoadWorkload expects.
func csvFolder(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"workloads/w.csv": `group,count,cpu_m,mem_mib,gpu,gpu_milli,gpu_kind,arch,max_per_node,zone_max_skew,pvc,extra,notes
web,3,500,512,0,0,,,1,0,0,,
web,2,250,256,0,0,,arm64,1,0,0,,
team/Api v2,2,100,128,0,0,,,3,1,0,,
db,2,1000,2048,1,0,T4,,0,0,2,,
`,
		"catalogs/aws-allocatable.csv": `name,arch,category,family,generation,size,flex,vcpu,memory_mib,alloc_cpu_m,alloc_mem_mib,pods,gpu,gpu_kind,ephemeral_mib,local_nvme_gb,hypervisor,price_od
m7i.large,amd64,m,m7i,7,large,false,2,8192,1930,7000,29,0,,0,,nitro,0.1
m7g.large,arm64,m,m7g,7,large,false,2,8192,1930,7000,29,0,,0,,nitro,0.08
m7i.48xlarge,amd64,m,m7i,7,48xlarge,false,192,786432,191450,740000,737,0,,0,,nitro,9.6
m7i.metal-24xl,amd64,m,m7i,7,metal-24xl,false,96,393216,95690,370000,737,0,,0,,,4.8
m3.large,amd64,m,m3,3,large,false,2,7680,1930,6000,29,0,,0,,xen,0.13
g4dn.xlarge,amd64,g,g4dn,4,xlarge,false,4,16384,3920,14000,29,1,t4,0,,nitro,0.5
g4ad.xlarge,amd64,g,g4ad,4,xlarge,false,4,16384,3920,14000,29,1,radeon-pro-v520,0,,nitro,0.3
`,
		"catalogs/plain.csv": "name,vcpu,memory_mib,gpu_count,gpu_kind,arch,max_pods,zones,ondemand_price,spot_price\nx.large,2,8192,0,,amd64,29,,0.1,0.05\n",
	} {
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	return root
}

func TestWorkloadsBecomeScenarios(t *testing.T) {
	root := csvFolder(t)
	w, err := LoadWorkload(filepath.Join(root, "workloads/w.csv"), WorkloadOptions{})
	require.NoError(t, err)
	s, err := w.Scenario()
	require.NoError(t, err)
	snapshot := &s.Snapshot
	require.Equal(t, []string{
		"default/web-0", "default/web-1", "default/web-2", "default/web-2-0", "default/web-2-1",
		"default/team-api-v2-0", "default/team-api-v2-1", "default/db-0", "default/db-1",
	}, podNamesOf(snapshot.Pods))

	first, second, api, db := snapshot.Pods[0], snapshot.Pods[3], snapshot.Pods[5], snapshot.Pods[7]
	require.Equal(t, "amd64", first.Spec.NodeSelector[corev1.LabelArchStable])
	require.Equal(t, "arm64", second.Spec.NodeSelector[corev1.LabelArchStable])
	require.Equal(t, "web", second.Labels["app"], "rows of one group share their constraints")
	require.Equal(t, corev1.LabelHostname, first.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].TopologyKey)
	require.Len(t, api.Spec.TopologySpreadConstraints, 2)
	require.EqualValues(t, 3, api.Spec.TopologySpreadConstraints[1].MaxSkew)
	require.Len(t, db.Spec.Volumes, 2)
	require.Len(t, snapshot.Storage.Claims, 4)
	gpus := db.Spec.Containers[0].Resources.Requests[resourceMilliGPU]
	require.Equal(t, "1k", gpus.String())

	require.Len(t, snapshot.DaemonPods, 6)
	milliCPU, bytes := int64(0), int64(0)
	for _, d := range snapshot.DaemonPods {
		milliCPU += d.Spec.Containers[0].Resources.Requests.Cpu().MilliValue()
		bytes += d.Spec.Containers[0].Resources.Requests.Memory().Value()
	}
	require.EqualValues(t, 350, milliCPU)
	require.EqualValues(t, 600<<20, bytes)

	var names []string
	for _, it := range snapshot.InstanceTypes["general"] {
		names = append(names, it.Name)
		require.Len(t, it.Offerings, 3)
	}
	require.Equal(t, []string{"m7i.large", "m7g.large", "m7i.48xlarge"}, names, "catalogue F")
	allocatable := snapshot.InstanceTypes["general"][0].Allocatable()
	require.Equal(t, "1930m", allocatable.Cpu().String())
}

func TestWorkloadOptions(t *testing.T) {
	root := csvFolder(t)
	file := filepath.Join(root, "workloads/w.csv")
	types := func(catalog string, want int) {
		w, err := LoadWorkload(file, WorkloadOptions{Catalog: catalog, Without: []string{WithoutVolumes, WithoutZoneSpread, WithoutPerNode, WithoutGPUs}})
		require.NoError(t, err)
		s, err := w.Scenario()
		require.NoError(t, err)
		require.Len(t, s.Snapshot.InstanceTypes["general"], want)
		require.Empty(t, s.Snapshot.Storage.Claims)
		for _, pod := range s.Snapshot.Pods {
			require.Nil(t, pod.Spec.Affinity)
			require.Empty(t, pod.Spec.TopologySpreadConstraints)
		}
	}
	types("S", 2)
	types("G", 3)
	types(filepath.Join(root, "catalogs/plain.csv"), 1)
	types(filepath.Join(root, "catalogs/aws-allocatable.csv"), 5)

	_, err := LoadWorkload(file, WorkloadOptions{Without: []string{"gravity"}})
	require.ErrorContains(t, err, `cannot do without "gravity"`)
	_, err = LoadWorkload(file, WorkloadOptions{Types: -1})
	require.ErrorContains(t, err, "types must not be negative")
	_, err = LoadWorkload(file, WorkloadOptions{Pods: -1})
	require.ErrorContains(t, err, "pods must not be negative")
	_, err = LoadWorkload(filepath.Join(root, "none.csv"), WorkloadOptions{})
	require.Error(t, err)
	_, err = LoadWorkload(filepath.Join(root, "catalogs/plain.csv"), WorkloadOptions{})
	require.ErrorContains(t, err, "column group is missing")
}

func TestWorkloadsPrintAsScenarioFiles(t *testing.T) {
	w, err := LoadWorkload(filepath.Join(csvFolder(t), "workloads/w.csv"), WorkloadOptions{})
	require.NoError(t, err)
	direct, err := w.Scenario()
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, w.WriteYAML(&b))
	replayed := read(t, b.String())
	require.Equal(t, podNamesOf(direct.Snapshot.Pods), podNamesOf(replayed.Snapshot.Pods))
	for i, pod := range direct.Snapshot.Pods {
		require.Equal(t, pod.UID, replayed.Snapshot.Pods[i].UID)
	}
	require.Equal(t, len(direct.Snapshot.InstanceTypes["general"]), len(replayed.Snapshot.InstanceTypes["general"]))
}
