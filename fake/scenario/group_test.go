package scenario

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

func labelledPod(namespace, name, labels, spec string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: " + namespace + ", labels: {" + labels + "}}\n" +
		"spec: {" + spec + "containers: [{name: app}]}\n"
}

func podGroup(name, spec string) string {
	return "apiVersion: kerf.dev/v1alpha1\nkind: PodGroup\nmetadata: {name: " + name + ", namespace: ml}\nspec: {" + spec + "}\n"
}

func TestAGroupHasTheWaitingPodsThatItSelects(t *testing.T) {
	s := read(t,
		podGroup("train", "selector: {matchLabels: {job: train}}, minCount: 2, topologyKey: topology.kubernetes.io/zone"),
		podGroup("nobody", "selector: {matchExpressions: [{key: job, operator: In, values: [none]}]}"),
		someNode,
		labelledPod("ml", "a", "job: train", ""), labelledPod("ml", "b", "job: train", ""), labelledPod("ml", "other", "job: serve", ""),
		labelledPod("elsewhere", "c", "job: train", ""), labelledPod("ml", "bound", "job: train", "nodeName: n-1, "),
	).Snapshot
	require.Equal(t, []scheduling.Group{
		{Name: "ml/train", Pods: []types.NamespacedName{{Namespace: "ml", Name: "a"}, {Namespace: "ml", Name: "b"}}, MinCount: 2, TopologyKey: "topology.kubernetes.io/zone"},
		{Name: "ml/nobody", Pods: []types.NamespacedName{}},
	}, s.Groups)
}

func TestAGroupMayTakePodsOfControllers(t *testing.T) {
	s := read(t, controller("batch/v1", "Job", "train", "parallelism: 3", ""),
		"apiVersion: kerf.dev/v1alpha1\nkind: PodGroup\nmetadata: {name: all, namespace: shop}\nspec: {selector: {}}\n").Snapshot
	require.Len(t, s.Groups, 1)
	require.Len(t, s.Groups[0].Pods, 3)
}

func TestGroupsThatCannotBeTrueAreRefused(t *testing.T) {
	const all = "selector: {}"
	pod := labelledPod("ml", "a", "job: train", "")
	for name, c := range map[string]struct {
		in   []string
		want string
	}{
		"a pod in two groups": {
			[]string{podGroup("one", all), podGroup("two", "selector: {matchLabels: {job: train}}"), pod},
			"document 2 (PodGroup ml/two): spec.selector: selects pod ml/a, and so does test.yaml:1: document 1 (PodGroup ml/one)",
		},
		"two of one name":     {[]string{podGroup("one", all), podGroup("one", all)}, "is declared twice"},
		"no selector":         {[]string{podGroup("one", "minCount: 1"), pod}, "document 1 (PodGroup ml/one): spec.selector: must be given"},
		"a negative count":    {[]string{podGroup("one", all+", minCount: -1")}, "document 1 (PodGroup ml/one): spec.minCount: must not be negative, is -1"},
		"no label key":        {[]string{podGroup("one", all+", topologyKey: a b")}, "document 1 (PodGroup ml/one): spec.topologyKey: Invalid value"},
		"an unknown operator": {[]string{podGroup("one", "selector: {matchExpressions: [{key: a, operator: Like}]}"), pod}, "document 1 (PodGroup ml/one): spec.selector.matchExpressions[0].operator"},
		"an unknown field":    {[]string{podGroup("one", all+", minMember: 1")}, "spec.minMember: unknown field"},
	} {
		t.Run(name, func(t *testing.T) { require.Contains(t, refuse(t, c.in...), c.want) })
	}
}
