package disruption

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// grace gives the claim a grace period for its termination.
func grace(n *scheduling.Node) {
	n.Claim.Spec.TerminationGracePeriod = &metav1.Duration{Duration: time.Hour}
}

func TestEligible(t *testing.T) {
	every := []class{graceful, eventual, forceful}
	voluntary := []class{graceful, eventual}
	blocking := budgetFor("guard", "web", 0)
	for _, tt := range []struct {
		name  string
		pods  []*corev1.Pod
		pdbs  []*policyv1.PodDisruptionBudget
		edit  func(in *Input, n *scheduling.Node)
		kept  []class // in which the node stays
		code  Code
		says  string
		until time.Time
	}{
		{name: "a plain node", pods: []*corev1.Pod{running("web")}},
		{name: "a command removes it already", edit: func(in *Input, _ *scheduling.Node) {
			in.InProgress = []Command{{ID: "drifted-1", Remove: []string{"n"}}}
		}, kept: every, code: CodeInProgress, says: "drifted-1 removes it"},
		{name: "a Node without a claim", edit: func(_ *Input, n *scheduling.Node) { n.Claim = nil }, kept: every, code: CodeUnmanaged,
			says: "no NodeClaim stands behind it"},
		{name: "a claim without a Node", edit: func(_ *Input, n *scheduling.Node) { n.Node = nil }, kept: voluntary, code: CodeNotReady,
			says: "the machine has not joined"},
		{name: "not initialised", edit: func(_ *Input, n *scheduling.Node) {
			delete(n.Node.Labels, v1.InitializedLabelKey)
			condition(n, v1.ConditionTypeInitialized, metav1.ConditionUnknown, "", noon)
		}, kept: voluntary, code: CodeNotReady},
		{name: "the claim is being deleted", edit: func(_ *Input, n *scheduling.Node) {
			n.Claim.DeletionTimestamp = &metav1.Time{Time: noon}
		}, kept: every, code: CodeDeleting},
		{name: "the Node is being deleted", edit: func(_ *Input, n *scheduling.Node) {
			n.Node.DeletionTimestamp = &metav1.Time{Time: noon}
		}, kept: every, code: CodeDeleting},
		{name: "the machine is being taken down", edit: func(_ *Input, n *scheduling.Node) {
			condition(n, v1.ConditionTypeInstanceTerminating, metav1.ConditionTrue, "Terminating", noon)
		}, kept: every, code: CodeDeleting},
		{name: "pods are expected", edit: func(in *Input, _ *scheduling.Node) {
			in.Expected = map[string]time.Time{"n": noon.Add(time.Minute)}
		}, kept: voluntary, code: CodeNominated, says: "pods are expected until 2026-01-05T12:01:00Z", until: noon.Add(time.Minute)},
		{name: "pods are no longer expected", edit: func(in *Input, _ *scheduling.Node) {
			in.Expected = map[string]time.Time{"n": noon}
		}},
		{name: "the Node is not to be disrupted", edit: func(_ *Input, n *scheduling.Node) {
			metav1.SetMetaDataAnnotation(&n.Node.ObjectMeta, v1.DoNotDisruptAnnotationKey, "true")
			grace(n)
		}, kept: voluntary, code: CodeDoNotDisrupt, says: "the node itself"},
		{name: "the annotation of a Node is true or nothing", edit: func(_ *Input, n *scheduling.Node) {
			metav1.SetMetaDataAnnotation(&n.Node.ObjectMeta, v1.DoNotDisruptAnnotationKey, "1h")
		}},
		{name: "what the claim says counts until the Node has registered", edit: func(_ *Input, n *scheduling.Node) {
			metav1.SetMetaDataAnnotation(&n.Claim.ObjectMeta, v1.DoNotDisruptAnnotationKey, "true")
		}},
		{name: "no label of a NodePool", edit: func(_ *Input, n *scheduling.Node) {
			delete(n.Node.Labels, v1.NodePoolLabelKey)
			delete(n.Claim.Labels, v1.NodePoolLabelKey)
		}, kept: voluntary, code: CodeUnmanaged, says: "it has no label karpenter.sh/nodepool"},
		{name: "the NodePool does not exist", edit: func(in *Input, _ *scheduling.Node) {
			in.NodePools = []*v1.NodePool{}
		}, kept: voluntary, code: CodeNodePoolMissing, says: "NodePool general does not exist"},
		{name: "nobody knows the NodePools", edit: func(in *Input, _ *scheduling.Node) {
			in.NodePools = nil
		}, kept: voluntary, code: CodeUnknown, says: "the NodePools are not known"},
		{name: "labels that tell the price are missing", edit: func(_ *Input, n *scheduling.Node) {
			for _, key := range []string{corev1.LabelInstanceTypeStable, corev1.LabelTopologyZone, v1.CapacityTypeLabelKey} {
				delete(n.Node.Labels, key)
				delete(n.Claim.Labels, key)
			}
		}},

		{name: "a pod does not want to", pods: []*corev1.Pod{running("web", untouched("true"))}, kept: voluntary, code: CodeDoNotDisrupt,
			says: "pod default/web"},
		{name: "nor a static one", pods: []*corev1.Pod{podOf("Node", "proxy", untouched("true"))}, kept: voluntary, code: CodeDoNotDisrupt,
			says: "pod default/proxy"},
		{name: "nor one of a DaemonSet", pods: []*corev1.Pod{podOf("DaemonSet", "agent", untouched("true"))}, kept: voluntary, code: CodeDoNotDisrupt,
			says: "pod default/agent"},
		{name: "the node does not wait for ever", pods: []*corev1.Pod{running("web", untouched("true"))},
			edit: func(_ *Input, n *scheduling.Node) { grace(n) }, kept: []class{graceful}, code: CodeDoNotDisrupt, says: "pod default/web"},
		{name: "the pod has finished", pods: []*corev1.Pod{with(running("web", untouched("true")), finished)}},
		{name: "the pod is being deleted", pods: []*corev1.Pod{with(running("web", untouched("true")), beingDeleted)}},
		{name: "the pod wants two hours", pods: []*corev1.Pod{running("web", untouched("2h"))}, kept: voluntary, code: CodeDoNotDisrupt,
			says: "pod default/web until 2026-01-05T13:00:00Z", until: noon.Add(time.Hour)},
		{name: "of two pods the one that wants to stay longer counts", pods: []*corev1.Pod{running("a", untouched("3h")), running("b", untouched("2h"))},
			kept: voluntary, code: CodeDoNotDisrupt, says: "pod default/a until 2026-01-05T14:00:00Z", until: noon.Add(2 * time.Hour)},
		{name: "one without an end counts more", pods: []*corev1.Pod{running("a", untouched("3h")), running("b", untouched("true"))},
			kept: voluntary, code: CodeDoNotDisrupt, says: "pod default/b"},
		{name: "the pod has had its hour", pods: []*corev1.Pod{running("web", untouched("1h"))}},
		{name: "the pod has not started", pods: []*corev1.Pod{with(running("web", untouched("1h")), func(p *corev1.Pod) { p.Status.StartTime = nil })},
			kept: voluntary, code: CodeDoNotDisrupt, says: "pod default/web"},
		{name: "the annotation means nothing", pods: []*corev1.Pod{running("a", untouched("yes")), running("b", untouched("-1h")), running("c", untouched("0s"))}},

		{name: "a budget lets no pod go", pods: []*corev1.Pod{running("web")}, pdbs: []*policyv1.PodDisruptionBudget{blocking}, kept: voluntary, code: CodePDB,
			says: "default/web: guard allows 0 evictions"},
		{name: "nor one of a DaemonSet, by a budget", pods: []*corev1.Pod{podOf("DaemonSet", "web")}, pdbs: []*policyv1.PodDisruptionBudget{blocking},
			kept: voluntary, code: CodePDB, says: "default/web: guard allows 0 evictions"},
		{name: "static pods are not evicted", pods: []*corev1.Pod{podOf("Node", "web")}, pdbs: []*policyv1.PodDisruptionBudget{blocking}},
		{name: "finished pods are not evicted", pods: []*corev1.Pod{with(running("web"), finished)}, pdbs: []*policyv1.PodDisruptionBudget{blocking}},
		{name: "pods being deleted are not evicted", pods: []*corev1.Pod{with(running("web"), beingDeleted)}, pdbs: []*policyv1.PodDisruptionBudget{blocking}},
		{name: "pods that tolerate the drain are not evicted", pods: []*corev1.Pod{running("web", fake.Toleration(v1.DisruptedTaint().Key, "", ""))},
			pdbs: []*policyv1.PodDisruptionBudget{blocking}},
		{name: "budgets do not hold a node for ever", pods: []*corev1.Pod{running("web")}, pdbs: []*policyv1.PodDisruptionBudget{blocking},
			edit: func(_ *Input, n *scheduling.Node) { grace(n) }, kept: []class{graceful}, code: CodePDB,
			says: "default/web: guard allows 0 evictions"},
		{name: "two budgets select the pod", pods: []*corev1.Pod{running("web")}, kept: voluntary, code: CodePDB,
			pdbs: []*policyv1.PodDisruptionBudget{budgetFor("two", "web", 5), budgetFor("one", "web", 5)},
			says: "default/web: one and two select it both, and so it cannot be evicted"},
		{name: "nobody knows the budgets", pods: []*corev1.Pod{running("web")}, edit: func(in *Input, _ *scheduling.Node) { in.PodDisruptionBudgets = nil },
			kept: voluntary, code: CodeUnknown, says: "the PodDisruptionBudgets are not known, and pod default/web would be evicted"},
		{name: "nobody knows the budgets, and nothing is evicted", pods: []*corev1.Pod{podOf("Node", "web")},
			edit: func(in *Input, _ *scheduling.Node) { in.PodDisruptionBudgets = nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := facts(member("n", "general", tt.pods...))
			in.PodDisruptionBudgets = append(in.PodDisruptionBudgets, tt.pdbs...)
			if tt.edit != nil {
				tt.edit(&in, &in.Nodes[0])
			}
			p := ask(t, in, Options{})
			for _, k := range every {
				kept, ok := p.eligible(p.by["n"], k)
				if !slices.Contains(tt.kept, k) {
					require.True(t, ok, "class %d: %+v", k, kept)
					continue
				}
				require.False(t, ok, "class %d", k)
				require.Equal(t, Kept{Node: "n", Code: tt.code, Detail: tt.says, Until: tt.until}, kept, "class %d", k)
			}
		})
	}
}

func TestNominatedNodesStay(t *testing.T) {
	p := ask(t, facts(member("n", "general")), Options{})
	p.by["n"].nominated = "default/big"
	kept, ok := p.eligible(p.by["n"], eventual)
	require.False(t, ok)
	require.Equal(t, Kept{Node: "n", Code: CodeNominated, Detail: "pod default/big is expected"}, kept)
	require.False(t, p.isEmpty(p.by["n"]))
}

func TestBarePodsKeepTheirNodeIfToldTo(t *testing.T) {
	bare := fake.Pod("lone", fake.OnNode("n"))
	in := facts(member("n", "general", bare))
	move, stay := ask(t, in, Options{}), ask(t, in, Options{BarePods: BarePodsStay})
	_, ok := move.eligible(move.by["n"], graceful)
	require.True(t, ok)
	require.True(t, move.demands(bare))
	kept, ok := stay.eligible(stay.by["n"], graceful)
	require.False(t, ok)
	require.Equal(t, Kept{Node: "n", Code: CodeDoNotDisrupt, Detail: "pod default/lone has no controller that would make it anew"}, kept)
	require.False(t, stay.demands(bare))
}

func TestDemands(t *testing.T) {
	for _, tt := range []struct {
		name string
		pod  *corev1.Pod
		want bool
	}{
		{"a pod of a ReplicaSet", running("web"), true},
		{"a pod of a DaemonSet", podOf("DaemonSet", "agent"), false},
		{"a static pod", podOf("Node", "proxy"), false},
		{"a finished pod", with(running("web"), finished), false},
		{"a pod that has its successor", with(running("web"), beingDeleted), false},
		{"a pod of a StatefulSet that is being deleted", with(podOf("StatefulSet", "db"), beingDeleted), true},
		{"a pod that is not to be disrupted", running("web", untouched("true")), false},
		{"a pod that has had its hour", running("web", untouched("1h")), true},
		{"a pod that is never let go", running("frozen"), false},
		{"a pod that is not let go just now", running("busy"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := facts(member("n", "general", tt.pod))
			frozen := budgetFor("frozen", "frozen", 0)
			frozen.Spec.MaxUnavailable.IntVal = 0
			in.PodDisruptionBudgets = []*policyv1.PodDisruptionBudget{frozen, budgetFor("busy", "busy", 0)}
			require.Equal(t, tt.want, ask(t, in, Options{}).demands(tt.pod))
		})
	}
}

// Objects come as they are: what is missing is no reason to fail.
func TestNothingIsRequiredOfNodes(t *testing.T) {
	bare := []scheduling.Node{
		{}, {Node: &corev1.Node{}}, {Claim: &v1.NodeClaim{}}, {Node: &corev1.Node{}, Claim: &v1.NodeClaim{}},
		{Node: &corev1.Node{}, Claim: &v1.NodeClaim{}, Pods: []*corev1.Pod{nil, {}}},
	}
	for i := range bare {
		for _, pools := range [][]*v1.NodePool{nil, {nil, {}}, {{ObjectMeta: metav1.ObjectMeta{Name: "general"}}}} {
			for _, label := range []bool{false, true} {
				n := bare[i]
				if label && n.Claim != nil {
					n.Claim = &v1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: map[string]string{v1.NodePoolLabelKey: "general"}}}
				}
				in := Input{Snapshot: scheduling.Snapshot{Now: noon, Nodes: []scheduling.Node{n}, NodePools: pools}}
				in.PodDisruptionBudgets = []*policyv1.PodDisruptionBudget{nil, {}}
				p := ask(t, in, Options{})
				p.judge()
				for _, c := range p.all {
					for _, k := range []class{graceful, eventual, forceful} {
						p.eligible(c, k)
					}
					p.mayGoEmpty(c)
					p.mayConsolidate(c)
					p.drifted(c)
					p.expired(c)
					p.interrupted(c)
					_, _ = p.balanced(&part{remove: []*candidate{c}})
				}
				require.Empty(t, p.broken())
				require.Empty(t, p.surplus())
				require.Empty(t, p.staticDrift())
			}
		}
	}
}
