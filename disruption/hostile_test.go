package disruption

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Facts that lack what they ought to have, or have what makes no sense, are judged and do no harm.
func TestNoFactsDoHarm(t *testing.T) {
	empty := scheduling.Node{Node: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "empty"}}, Claim: &v1.NodeClaim{}, Pods: []*corev1.Pod{nil, {}}}
	for _, tt := range []struct {
		name string
		edit func(in *Input)
	}{
		{"nothing is known", func(in *Input) { *in = Input{Snapshot: scheduling.Snapshot{Now: noon}} }},
		{"nothing but empty objects", func(in *Input) {
			in.Nodes = []scheduling.Node{{}, {Node: &corev1.Node{}}, {Claim: &v1.NodeClaim{}}, empty}
			in.NodePools = []*v1.NodePool{nil, {}}
			in.PodDisruptionBudgets = []*policyv1.PodDisruptionBudget{nil, {}}
			in.InstanceTypes = map[string][]*cloudprovider.InstanceType{"": {nil, {}}, "general": {nil}}
			in.Interruptions = []cloudprovider.Interruption{{}}
			in.RepairPolicies = []cloudprovider.RepairPolicy{{}}
			in.InProgress = []Command{{}, {Remove: []string{"", "nobody"}, Replace: []scheduling.Launch{{}}}}
			in.History = []Past{{}}
		}},
		{"lists within objects are missing", func(in *Input) {
			for i := range in.Nodes {
				n := &in.Nodes[i]
				n.Node.Labels, n.Node.Annotations, n.Node.Status = nil, nil, corev1.NodeStatus{}
				n.Claim.Labels, n.Claim.Annotations, n.Claim.Status = nil, nil, v1.NodeClaimStatus{}
			}
		}},
		{"nobody has a name for the pool", func(in *Input) { in.NodePools = []*v1.NodePool{} }},
		{"the pool is static, and wants fewer than none", func(in *Input) {
			in.NodePools[0].Spec.Replicas = ptr.To(int64(-5))
			in.NodePools[0].Spec.Limits = v1.Limits{v1.ResourceNodes: {}}
		}},
		{"the pool is static, and wants more than there can be", func(in *Input) {
			in.NodePools[0].Spec.Replicas = ptr.To(int64(math.MaxInt64))
		}},
		{"durations are negative or endless", func(in *Input) {
			in.NodePools[0].Spec.Disruption.ConsolidateAfter = v1.After(math.MaxInt64)
			for i := range in.Nodes {
				in.Nodes[i].Claim.Spec.ExpireAfter = v1.After(time.Duration(math.MinInt64 + i))
				in.Nodes[i].Claim.Spec.TerminationGracePeriod = &metav1.Duration{Duration: -time.Hour}
			}
		}},
		{"nobody knows when anything was made", func(in *Input) {
			in.NodePools[0].Spec.Disruption.ConsolidateAfter = v1.After(time.Hour)
			for i := range in.Nodes {
				in.Nodes[i].Node.CreationTimestamp, in.Nodes[i].Claim.CreationTimestamp = metav1.Time{}, metav1.Time{}
				in.Nodes[i].Claim.Spec.ExpireAfter = v1.After(time.Hour)
				in.Nodes[i].Claim.Status.Conditions = nil
			}
		}},
		{"conditions without a time", func(in *Input) {
			in.RepairPolicies = []cloudprovider.RepairPolicy{{Condition: corev1.NodeReady, Status: corev1.ConditionFalse, Tolerate: time.Hour}, {Tolerate: -time.Hour}}
			for i := range in.Nodes {
				in.Nodes[i].Node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionFalse}, {}}
			}
		}},
		{"budgets that say nothing", func(in *Input) {
			in.NodePools[0].Spec.Disruption.Budgets = []v1.Budget{{}, {Nodes: "-1"}, {Nodes: "1", Schedule: ptr.To("")}, {Nodes: "1", Duration: &metav1.Duration{}}}
		}},
		{"disruption budgets without a status", func(in *Input) {
			in.PodDisruptionBudgets = []*policyv1.PodDisruptionBudget{
				{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "a", Generation: 5}, Spec: policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{}}},
				{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "b"}, Status: policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: -3}},
			}
		}},
		{"pods without anything", func(in *Input) {
			in.Nodes[0].Pods = []*corev1.Pod{nil, {}, {ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{}}, DeletionTimestamp: &metav1.Time{}}}}
		}},
		{"the same node twice", func(in *Input) { in.Nodes = append(in.Nodes, in.Nodes...) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := facts(member("a", "general", running("one")), member("b", "general", podOf("StatefulSet", "two"), podOf("DaemonSet", "three")), member("c", "general"))
			tt.edit(&in)
			for _, o := range []Options{{}, {BarePods: BarePodsStay, Evictions: EvictionsInTurn, ExpirationBudget: true, RepairBudget: true, RepairRate: -1}} {
				judgeAll(ask(t, in, o))
			}
			for _, pool := range in.NodePools {
				if pool != nil {
					Lint(pool)
				}
			}
		})
	}
}

// judgeAll asks everything about all candidates.
func judgeAll(p *planner) {
	for _, c := range p.all {
		for _, k := range []class{graceful, eventual, forceful} {
			p.eligible(c, k)
		}
		p.consolidatable(c)
		p.mayGoEmpty(c)
		p.mayConsolidate(c)
		p.drifted(c)
		p.expired(c)
		p.interrupted(c)
		for _, reason := range []v1.DisruptionReason{v1.ReasonDrifted, v1.ReasonEmpty, v1.ReasonUnderutilized, ReasonExpired, ReasonUnhealthy, "other"} {
			p.budgets.admits(c, reason)
			p.budgets.left(c.pool, reason)
		}
		p.pdbs.admits(c)
		p.budgets.take(c)
		p.pdbs.take(c)
		p.budgets.giveBack(c)
		p.pdbs.giveBack(c)
		for _, pod := range c.pods {
			p.demands(pod)
			EvictionCost(pod)
		}
		p.balanced(&part{remove: []*candidate{c}})
	}
	p.broken()
	p.surplus()
	p.staticDrift()
	p.budgets.allowances()
}

// A disruption budget that cannot be read is an error that names it, since nobody knows whom it protects.
func TestDisruptionBudgetsThatCannotBeRead(t *testing.T) {
	bad := intstr.FromString("many")
	for _, tt := range []struct {
		spec policyv1.PodDisruptionBudgetSpec
		says string
	}{
		{policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &bad}, "spec.maxUnavailable"},
		{policyv1.PodDisruptionBudgetSpec{MinAvailable: &bad}, "spec.minAvailable"},
		{policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Near"}}}}, "spec.selector"},
	} {
		in := facts(member("a", "general"))
		in.PodDisruptionBudgets = append(in.PodDisruptionBudgets, &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "db"}, Spec: tt.spec})
		_, err := newPlanner(&in, Options{})
		require.ErrorContains(t, err, "shop/db")
		require.ErrorContains(t, err, tt.says)
	}
}

// village is a cluster of so many nodes with so many pods each, each tenth pod under a disruption budget of its application,
// and the budgets of all applications in one namespace.
func village(nodes, pods, apps int) Input {
	var list []scheduling.Node
	for i := range nodes {
		var on []*corev1.Pod
		for j := range pods {
			app := fmt.Sprintf("app-%d", (i*pods+j)%apps)
			pod := podOf("ReplicaSet", fmt.Sprintf("%s-%d-%d", app, i, j))
			pod.Labels = map[string]string{"app": app, "tier": "web", "pod-template-hash": "x"}
			on = append(on, pod)
		}
		list = append(list, member(fmt.Sprintf("n-%05d", i), "general", on...))
	}
	in := facts(list...)
	for i := 0; i < apps; i += 10 {
		b := budgetFor(fmt.Sprintf("b-%d", i), fmt.Sprintf("app-%d", i), 1)
		b.Spec.Selector.MatchLabels["tier"] = "web"
		in.PodDisruptionBudgets = append(in.PodDisruptionBudgets, b)
	}
	return in
}

func BenchmarkJudgement(b *testing.B) {
	in := village(10000, 20, 5000)
	b.Run("candidates", func(b *testing.B) {
		for b.Loop() {
			newCandidates(&in, Options{})
		}
	})
	b.Run("disruption budgets", func(b *testing.B) {
		all := newCandidates(&in, Options{})
		for b.Loop() {
			g, err := newGuard(&in, Options{}, all)
			require.NoError(b, err)
			for _, c := range all {
				g.admits(c)
			}
		}
	})
	b.Run("all rules", func(b *testing.B) {
		for b.Loop() {
			p, err := newPlanner(&in, Options{})
			require.NoError(b, err)
			judgeAll(p)
		}
	})
}
