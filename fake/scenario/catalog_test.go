package scenario

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// typesOf are the types that documents offer to the pool general, by name.
func typesOf(t *testing.T, documents ...string) map[string]*cloudprovider.InstanceType {
	t.Helper()
	out := map[string]*cloudprovider.InstanceType{}
	for _, it := range read(t, append(documents, somePool)...).Snapshot.InstanceTypes["general"] {
		out[it.Name] = it
	}
	return out
}

func TestInstanceTypeDocuments(t *testing.T) {
	it := typesOf(t, `
apiVersion: kerf.dev/v1alpha1
kind: InstanceType
metadata: {name: m5.large, labels: {kubernetes.io/arch: amd64, example.com/family: m5}}
spec:
  capacity: {cpu: "2", memory: 8Gi, pods: "29"}
  overhead: {cpu: 70m, memory: 500Mi}
  volumeLimits: {ebs.csi.aws.com: 25}
  offerings:
  - {zone: zone-a, capacityType: on-demand, price: 0.096, labels: {example.com/rack: r1}}
  - {zone: zone-b, capacityType: spot, price: 0, available: false}
`)["m5.large"]
	require.Equal(t, map[string]string{"kubernetes.io/arch": "amd64", "example.com/family": "m5"}, it.Requirements.Labels())
	allocatable := it.Allocatable()
	require.Equal(t, "1930m", allocatable.Cpu().String())
	require.Equal(t, map[string]int{"ebs.csi.aws.com": 25}, it.VolumeLimits)
	require.Equal(t, map[string]string{"example.com/rack": "r1"}, it.Offerings[0].Requirements.Labels())
	require.True(t, it.Offerings[0].Available)
	require.Nil(t, it.Offerings[0].Stock)
	require.False(t, it.Offerings[1].Available)
}

func TestStocksAreSharedByNameAndAsLargeAsTheSmallestCount(t *testing.T) {
	offering := func(name, offerings string) string {
		return "apiVersion: kerf.dev/v1alpha1\nkind: InstanceType\nmetadata: {name: " + name + "}\nspec: {capacity: {cpu: 1}, offerings: [" + offerings + "]}\n"
	}
	types := typesOf(t,
		offering("a", "{zone: z, capacityType: reserved, price: 1, stock: res, count: 5}, {zone: z, capacityType: spot, price: 1, count: 2}, {zone: y, capacityType: spot, price: 1, count: 2}"),
		offering("b", "{zone: z, capacityType: reserved, price: 1, stock: res, count: 3}, {zone: z, capacityType: spot, price: 1, stock: endless}"),
		offering("c", "{zone: z, capacityType: reserved, price: 1, stock: res}"),
	)
	require.Equal(t, cloudprovider.Stock{Key: "res", Count: 3}, *types["a"].Offerings[0].Stock)
	require.Equal(t, cloudprovider.Stock{Key: "res", Count: 3}, *types["b"].Offerings[0].Stock)
	require.Equal(t, cloudprovider.Stock{Key: "res", Count: 3}, *types["c"].Offerings[0].Stock)
	require.Nil(t, types["b"].Offerings[1].Stock)
	require.Equal(t, 2, types["a"].Offerings[1].Stock.Count)
	require.NotEqual(t, types["a"].Offerings[1].Stock.Key, types["a"].Offerings[2].Stock.Key)
	require.Contains(t, refuse(t, offering("a", "{zone: z, capacityType: spot, price: 1, count: -1}")), "spec.offerings[0].count: must not be negative, is -1")
}

func TestTypesMayBeForSomePoolsOnly(t *testing.T) {
	other := strings.Replace(somePool, "general", "gpu", 1)
	special := strings.Replace(strings.Replace(someType, "small", "big", 1), "spec:\n", "spec:\n  nodePools: [gpu]\n", 1)
	byPool := read(t, somePool, other, strings.Replace(somePool, "general", "third", 1), someType, special).Snapshot.InstanceTypes
	require.Len(t, byPool["general"], 1)
	require.Len(t, byPool["gpu"], 2)
	require.Same(t, &byPool["general"][0], &byPool["third"][0], "pools with equal catalogues share one list")
}

func table(rows string) string {
	return "apiVersion: kerf.dev/v1alpha1\nkind: Catalog\nspec:\n  table: |\n    " + strings.ReplaceAll(rows, "\n", "\n    ") + "\n"
}

func TestTablesMultiplyZonesAndCapacityTypes(t *testing.T) {
	types := typesOf(t, table(`type   cpu  memory  pods  arch   zones          capacity        price        gpu  labels
# a comment
small  2    8Gi     29    amd64  zone-a,zone-b  on-demand,spot  0.08,0.03    -    -
small  2    8Gi     29    amd64  zone-c         reserved        0.01         -    -
gpu    8    32Gi    58    arm64  zone-a         on-demand       $1.2         1    a=b,example.com/c=d`))
	require.Len(t, types, 2)
	var sales []string
	for _, o := range types["small"].Offerings {
		sales = append(sales, o.Zone+"/"+o.CapacityType)
	}
	require.Equal(t, []string{"zone-a/on-demand", "zone-a/spot", "zone-b/on-demand", "zone-b/spot", "zone-c/reserved"}, sales)
	require.Equal(t, 0.03, types["small"].Offerings[3].Price)
	require.Equal(t, map[string]string{"kubernetes.io/arch": "arm64", "kubernetes.io/os": "linux", "a": "b", "example.com/c": "d"}, types["gpu"].Requirements.Labels())
	gpus := types["gpu"].Capacity["nvidia.com/gpu"]
	require.Equal(t, "1", gpus.String())
}

func TestTablesThatCannotBeReadAreRefused(t *testing.T) {
	head := "type cpu memory pods arch zones capacity price\n"
	for rows, want := range map[string]string{
		"type cpu\nx 1": "test.yaml:5: document 1 (Catalog): spec.table: line 1: column memory is missing",
		"type cpu memory pods arch zones capacity price color\n":                `line 1: unknown column "color"`,
		"type type cpu memory pods arch zones capacity price\n":                 "line 1: column type occurs twice",
		head + "x 1 1Gi 10 amd64 a on-demand":                                   "test.yaml:6: document 1 (Catalog): spec.table: line 2: has 7 cells, the header has 8",
		head + "x 1 1Gi 10 amd64 a on-demand NaN":                               `line 2: price must be a number of dollars that is not negative, is "NaN"`,
		head + "x 1 1Gi 10 amd64 a on-demand -1":                                `line 2: price must be a number of dollars that is not negative, is "-1"`,
		head + "x 1 1Gi 10 amd64 a on-demand 1,2":                               "line 2: price must be one number or one for each",
		head + "x -1 1Gi 10 amd64 a on-demand 1":                                `line 2: cpu must be a quantity that is not negative, is "-1"`,
		head + "x 1 lots 10 amd64 a on-demand 1":                                `line 2: memory must be a quantity`,
		head + "x 1 1Gi 10 amd64 - on-demand 1":                                 "line 2: zones and capacity must not be empty",
		head + "x 1 1Gi 10 amd64 a on-demand 1\nx 2 1Gi 10 amd64 b on-demand 1": "line 3: type x has other cpu",
	} {
		t.Run(want, func(t *testing.T) { require.Contains(t, refuse(t, table(rows)), want) })
	}
	require.Contains(t, refuse(t, someType, table(head+"small 2 8Gi 29 amd64 zone-a on-demand 1")),
		"test.yaml:16: document 2 (InstanceType small): is declared twice, first in test.yaml:2: document 1 (InstanceType small)")
}

func TestCSVCatalogues(t *testing.T) {
	files := fstest.MapFS{
		"dir/world.yaml": {Data: []byte(somePool + "---\napiVersion: kerf.dev/v1alpha1\nkind: Catalog\nspec: {csv: {path: data/aws.csv, zones: [a, b], spotFactor: 0.5}}\n")},
		"dir/data/aws.csv": {Data: []byte(`name,vcpu,memory_mib,gpu_count,gpu_kind,arch,max_pods,zones,ondemand_price,spot_price
m6gd.2xlarge,8,32768,0,,arm64,58,,0.4,0.1
p5.xlarge,4,1024,1,nvidia/h100,amd64,20,z;y,2,
unknown-price,4,1024,0,,amd64,20,,,
`)},
	}
	s, err := LoadFS(files, []string{"dir"}, Options{})
	require.NoError(t, err)
	types := s.Snapshot.InstanceTypes["general"]
	require.Len(t, types, 2)
	require.Equal(t, map[string]string{
		corev1.LabelArchStable: "arm64", corev1.LabelOSStable: "linux", v1alpha1.LabelCategory: "m",
		v1alpha1.LabelFamily: "m6gd", v1alpha1.LabelGeneration: "6", v1alpha1.LabelSize: "2xlarge",
	}, types[0].Requirements.Labels())
	require.Equal(t, "32Gi", types[0].Capacity.Memory().String())
	require.Len(t, types[0].Offerings, 4)
	require.Equal(t, 0.1, types[0].Offerings[1].Price)
	require.Equal(t, []string{"z", "y"}, []string{types[1].Offerings[0].Zone, types[1].Offerings[2].Zone})
	require.Equal(t, 1.0, types[1].Offerings[1].Price)
	require.Equal(t, "nvidia-h100", types[1].Requirements.Labels()[v1alpha1.LabelGPUKind])

	missing := strings.Replace(string(files["dir/world.yaml"].Data), "aws.csv", "gcp.csv", 1)
	files["dir/world.yaml"].Data = []byte(missing)
	_, err = LoadFS(files, []string{"dir"}, Options{})
	require.ErrorContains(t, err, "dir/world.yaml:7: document 2 (Catalog): spec.csv.path: open dir/data/gcp.csv")
	require.Contains(t, refuse(t, missing), "the document is not in a file")
	files["dir/data/gcp.csv"] = &fstest.MapFile{Data: []byte("name,vcpu,memory_mib,arch,max_pods,ondemand_price\nx,many,1,amd64,1,1\n")}
	_, err = LoadFS(files, []string{"dir"}, Options{})
	require.ErrorContains(t, err, `spec.csv.path: data/gcp.csv: line 2: vcpu must be a number that is not negative, is "many"`)
}

func TestOverlaysCorrectCatalogues(t *testing.T) {
	overlay := func(name, spec string) string {
		return "apiVersion: karpenter.sh/v1alpha1\nkind: NodeOverlay\nmetadata: {name: " + name + "}\nspec: " + spec + "\n"
	}
	offers := strings.Replace(someType, "price: 0.08}", "price: 0.08}\n  - {zone: zone-b, capacityType: spot, price: 0.02}", 1)
	other := strings.Replace(strings.Replace(someType, "small", "big", 1), "0.08", "1", 1)
	types := typesOf(t, offers, other,
		overlay("spot", `{requirements: [{key: karpenter.sh/capacity-type, operator: In, values: [spot]}], priceAdjustment: "+50%", weight: 5}`),
		overlay("all", `{requirements: [{key: node.kubernetes.io/instance-type, operator: In, values: [small]}], price: "7", capacity: {example.com/fpga: "2"}}`),
		overlay("pool", `{requirements: [{key: karpenter.sh/nodepool, operator: In, values: [nobody]}], price: "9"}`),
	)
	require.Equal(t, 7.0, types["small"].Offerings[0].Price)
	require.InDelta(t, 0.03, types["small"].Offerings[1].Price, 1e-12)
	require.Equal(t, 1.0, types["big"].Offerings[0].Price)
	require.Contains(t, types["small"].Capacity, corev1.ResourceName("example.com/fpga"))
	require.NotContains(t, types["big"].Capacity, corev1.ResourceName("example.com/fpga"))

	require.Contains(t, refuse(t, somePool, someType, overlay("a", `{requirements: [], price: "1"}`), overlay("b", `{requirements: [], price: "2"}`)),
		"(NodeOverlay a): spec.weight: must differ from that of test.yaml:24: document 4 (NodeOverlay b), which corrects the same")
	require.Contains(t, refuse(t, somePool, someType, overlay("a", `{requirements: [], price: "-1"}`)), "(NodeOverlay a): spec.price")
}
