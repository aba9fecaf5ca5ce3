package disruption

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// town is pool general with replicas, and these nodes.
func town(replicas int64, nodes ...scheduling.Node) Input {
	in := facts(nodes...)
	in.NodePools[0].Spec.Replicas = &replicas
	return in
}

func members(n int) []scheduling.Node {
	var out []scheduling.Node
	for i := range n {
		out = append(out, member(fmt.Sprintf("n%d", i), "general"))
	}
	return out
}

func TestSurplus(t *testing.T) {
	// Two nodes each: with one pod, with two, with a pod that is not to be disrupted, with pods of a DaemonSet.
	eight := func() []scheduling.Node {
		var out []scheduling.Node
		for _, n := range []string{"a", "b"} {
			out = append(out,
				member("low-"+n, "general", running("x")),
				member("high-"+n, "general", running("x"), running("y")),
				member("kept-"+n, "general", running("x", untouched("true"))),
				member("daemon-"+n, "general", podOf("DaemonSet", "agent")),
			)
		}
		return out
	}
	for _, tt := range []struct {
		name string
		in   Input
		want []string
	}{
		{"as many as wanted", town(3, members(3)...), nil},
		{"fewer than wanted", town(4, members(3)...), nil},
		{"two too many", town(1, members(3)...), []string{"n0", "n1"}},
		{"none wanted", town(0, members(2)...), []string{"n0", "n1"}},
		{"no nodes", town(0), nil},
		{"no replicas", facts(members(3)...), nil},
		{"the pool is being deleted", func() Input {
			in := town(1, members(3)...)
			in.NodePools[0].DeletionTimestamp = &metav1.Time{Time: noon}
			return in
		}(), nil},
		{"those on their way out do not count", func() Input {
			in := town(1, members(3)...)
			in.Nodes[0].Claim.DeletionTimestamp = &metav1.Time{Time: noon}
			in.InProgress = []Command{{ID: "x", Remove: []string{"n1"}}}
			return in
		}(), nil},
		{"machines that have not been launched go first", func() Input {
			in := town(2, members(3)...)
			in.Nodes[2] = scheduling.Node{Claim: fake.NodeClaim("z", fake.InPool("general"))}
			return in
		}(), []string{"z"}},
		{"eight to six", town(6, eight()...), []string{"daemon-a", "daemon-b"}},
		{"eight to four", town(4, eight()...), []string{"daemon-a", "daemon-b", "low-a", "low-b"}},
		{"eight to two", town(2, eight()...), []string{"daemon-a", "daemon-b", "low-a", "low-b", "high-a", "high-b"}},
		{"eight to none", town(0, eight()...), []string{"daemon-a", "daemon-b", "low-a", "low-b", "high-a", "high-b", "kept-a", "kept-b"}},
		{"a node near its expiry before a young one", func() Input {
			in := town(1, member("n0", "general", running("x")), member("n1", "general", running("x"), running("y")))
			in.Nodes[1].Claim.Spec.ExpireAfter = v1.After(25 * time.Hour)
			return in
		}(), []string{"n1"}},
		{"the annotation of the node counts as that of a pod", func() Input {
			in := town(1, members(2)...)
			metav1.SetMetaDataAnnotation(&in.Nodes[0].Node.ObjectMeta, v1.DoNotDisruptAnnotationKey, "true")
			return in
		}(), []string{"n1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := ask(t, tt.in, Options{}).surplus()
			require.Equal(t, append([]string{}, tt.want...), names(list))
			for _, c := range list {
				require.Equal(t, ReasonSurplus, c.cause.reason)
			}
		})
	}
	p := ask(t, town(1, members(3)...), Options{})
	require.Equal(t, "general has 3 nodes for 1 replica", p.surplus()[0].cause.detail)
	p.taken["n0"] = true
	require.Equal(t, []string{"n1"}, names(p.surplus()), "what another command removes is not counted")
}

func TestStaticDrift(t *testing.T) {
	// All nodes have drifted, the last first.
	drifted := func(replicas int64, nodes int, edit func(in *Input)) Input {
		in := town(replicas, members(nodes)...)
		for i := range in.Nodes {
			in.Drifted[in.Nodes[i].Name()] = "ImageDrifted"
			condition(&in.Nodes[i], v1.ConditionTypeDrifted, metav1.ConditionTrue, "ImageDrifted", noon.Add(-time.Duration(i)*time.Minute))
		}
		if edit != nil {
			edit(&in)
		}
		return in
	}
	limit := func(n string) func(*Input) {
		return func(in *Input) { in.NodePools[0].Spec.Limits = v1.Limits{v1.ResourceNodes: resource.MustParse(n)} }
	}
	for _, tt := range []struct {
		name string
		in   Input
		want []string
		kept map[string]Kept
	}{
		{"no limit", drifted(3, 3, nil), []string{"n2", "n1", "n0"}, nil},
		{"nothing has drifted", town(3, members(3)...), nil, nil},
		{"no replicas", func() Input {
			in := drifted(3, 3, nil)
			in.NodePools[0].Spec.Replicas = nil
			return in
		}(), nil, nil},
		{"replicas 0", drifted(0, 0, nil), nil, nil},
		{"no room under the limit", drifted(2, 2, limit("2")), nil, map[string]Kept{
			"n0": {Node: "n0", Code: CodeNoPlace, Detail: "limits.nodes of general is 2: there is no room for a replacement"},
			"n1": {Node: "n1", Code: CodeNoPlace, Detail: "limits.nodes of general is 2: there is no room for a replacement"},
		}},
		{"room enough", drifted(2, 2, limit("4")), []string{"n1", "n0"}, nil},
		{"room for some", drifted(5, 5, limit("7")), []string{"n4", "n3"}, nil},
		{"nodes on their way out use the limit, and are made up for", drifted(5, 5, func(in *Input) {
			limit("7")(in)
			in.Nodes[4].Claim.DeletionTimestamp = &metav1.Time{Time: noon}
		}), []string{"n3"}, nil},
		{"replacements to come use the limit", drifted(5, 5, func(in *Input) {
			limit("7")(in)
			in.InProgress = []Command{{ID: "x", Remove: []string{"n4"}, Replace: []scheduling.Launch{{Name: "new", NodePool: "general"}}}}
		}), []string{"n3"}, nil},
		{"the surplus goes first", drifted(1, 2, nil), nil, map[string]Kept{
			"n0": {Node: "n0", Code: CodeStatic, Detail: "general has 2 nodes for 1 replica, and the surplus goes first"},
			"n1": {Node: "n1", Code: CodeStatic, Detail: "general has 2 nodes for 1 replica, and the surplus goes first"},
		}},
		{"the budget allows none", drifted(2, 2, func(in *Input) {
			in.NodePools[0].Spec.Disruption.Budgets = []v1.Budget{{Nodes: "0", Reasons: []v1.DisruptionReason{v1.ReasonDrifted}}}
		}), nil, map[string]Kept{
			"n0": {Node: "n0", Code: CodeBudget, Detail: "general allows 0 for drifted"},
			"n1": {Node: "n1", Code: CodeBudget, Detail: "general allows 0 for drifted"},
		}},
		{"a node that is not to be disrupted", drifted(2, 2, func(in *Input) {
			metav1.SetMetaDataAnnotation(&in.Nodes[0].Node.ObjectMeta, v1.DoNotDisruptAnnotationKey, "true")
		}), []string{"n1"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := ask(t, tt.in, Options{})
			list := p.staticDrift()
			require.Equal(t, append([]string{}, tt.want...), names(list))
			for _, c := range list {
				require.Equal(t, v1.ReasonDrifted, c.cause.reason)
				require.Equal(t, "ImageDrifted", c.cause.detail)
			}
			for name, k := range tt.kept {
				require.Equal(t, k, p.kept[name])
			}
		})
	}
}

func TestIsEmpty(t *testing.T) {
	for _, tt := range []struct {
		name string
		pods []*corev1.Pod
		want bool
	}{
		{"no pods", nil, true},
		{"a pod", []*corev1.Pod{running("web")}, false},
		{"a pod that is glad to go", []*corev1.Pod{with(running("web", fake.Priority(-1<<30)), func(p *corev1.Pod) {
			metav1.SetMetaDataAnnotation(&p.ObjectMeta, corev1.PodDeletionCost, "-2147483648")
		})}, false},
		{"a pod without a controller", []*corev1.Pod{fake.Pod("lone")}, false},
		{"pods of DaemonSets and static ones", []*corev1.Pod{podOf("DaemonSet", "agent"), podOf("Node", "proxy")}, true},
		{"pods that have finished", []*corev1.Pod{with(podOf("Job", "work"), finished)}, true},
		{"pods of a ReplicaSet that are being deleted", []*corev1.Pod{with(running("web"), beingDeleted)}, true},
		{"a pod of a StatefulSet that is being deleted", []*corev1.Pod{with(podOf("StatefulSet", "db"), beingDeleted)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := ask(t, facts(member("n", "general", tt.pods...)), Options{})
			require.Equal(t, tt.want, p.isEmpty(p.by["n"]))
		})
	}
}

func TestMayGoEmptyAndMayConsolidate(t *testing.T) {
	pool := func(edit func(d *v1.Disruption)) func(in *Input) {
		return func(in *Input) { edit(&in.NodePools[0].Spec.Disruption) }
	}
	for _, tt := range []struct {
		name               string
		edit               func(in *Input)
		empty, consolidate Code // why not; empty where it may
		until              time.Time
	}{
		{name: "it may"},
		{name: "the pool has replicas", edit: func(in *Input) { in.NodePools[0].Spec.Replicas = new(int64) }, empty: CodeStatic, consolidate: CodeStatic},
		{name: "never", edit: pool(func(d *v1.Disruption) { d.ConsolidateAfter = v1.Never() }), empty: CodeDisabled, consolidate: CodeDisabled},
		{name: "not set is at once", edit: pool(func(d *v1.Disruption) { d.ConsolidateAfter = v1.NillableDuration{} })},
		{name: "only when empty", edit: pool(func(d *v1.Disruption) { d.ConsolidationPolicy = v1.ConsolidationPolicyWhenEmpty }), consolidate: CodeDisabled},
		{name: "balanced", edit: pool(func(d *v1.Disruption) { d.ConsolidationPolicy = v1.ConsolidationPolicyBalanced })},
		{name: "a pod has just come", edit: func(in *Input) {
			in.NodePools[0].Spec.Disruption.ConsolidateAfter = v1.After(time.Minute)
			in.Nodes[0].Claim.Status.LastPodEventTime = metav1.NewTime(noon)
		}, empty: CodeConsolidateAfter, consolidate: CodeConsolidateAfter, until: noon.Add(time.Minute)},
		{name: "a pod has come a minute ago", edit: func(in *Input) {
			in.NodePools[0].Spec.Disruption.ConsolidateAfter = v1.After(time.Minute)
			in.Nodes[0].Claim.Status.LastPodEventTime = metav1.NewTime(noon.Add(-time.Minute))
		}},
		{name: "no pod has ever come, and it is initialised since half an hour", edit: func(in *Input) {
			in.NodePools[0].Spec.Disruption.ConsolidateAfter = v1.After(time.Hour)
			condition(&in.Nodes[0], v1.ConditionTypeInitialized, metav1.ConditionTrue, "", noon.Add(-30*time.Minute))
		}, empty: CodeConsolidateAfter, consolidate: CodeConsolidateAfter, until: noon.Add(30 * time.Minute)},
		{name: "a pod does not want to", edit: func(in *Input) {
			in.Nodes[0].Pods = append(in.Nodes[0].Pods, podOf("DaemonSet", "agent", untouched("true")))
		}, empty: CodeDoNotDisrupt, consolidate: CodeDoNotDisrupt},
		{name: "a grace period waives nothing here", edit: func(in *Input) {
			grace(&in.Nodes[0])
			in.Nodes[0].Pods = append(in.Nodes[0].Pods, podOf("DaemonSet", "agent", untouched("true")))
		}, empty: CodeDoNotDisrupt, consolidate: CodeDoNotDisrupt},
		{name: "the budget allows none", edit: pool(func(d *v1.Disruption) {
			d.Budgets = []v1.Budget{{Nodes: "0", Reasons: []v1.DisruptionReason{v1.ReasonUnderutilized}}}
		}), consolidate: CodeBudget},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := facts(member("n", "general"))
			if tt.edit != nil {
				tt.edit(&in)
			}
			p := ask(t, in, Options{})
			require.Equal(t, tt.empty == "", p.mayGoEmpty(p.by["n"]))
			require.Equal(t, tt.empty, p.kept["n"].Code)
			require.Equal(t, tt.until, p.kept["n"].Until)
			require.False(t, p.mayConsolidate(p.by["n"]), "an empty node goes as such or not at all")

			in.Nodes[0].Pods = append(in.Nodes[0].Pods, running("web"))
			p = ask(t, in, Options{})
			require.Equal(t, tt.consolidate == "", p.mayConsolidate(p.by["n"]))
			require.Equal(t, tt.consolidate, p.kept["n"].Code)
			require.Equal(t, tt.until, p.kept["n"].Until)
			require.Equal(t, tt.until, p.recheck)
		})
	}
}
