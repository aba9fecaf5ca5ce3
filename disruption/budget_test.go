package disruption

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// during is a budget that is in force for so long from each instant of the schedule.
func during(nodes, schedule string, span time.Duration, reasons ...v1.DisruptionReason) v1.Budget {
	return v1.Budget{Nodes: nodes, Schedule: ptr.To(schedule), Duration: &metav1.Duration{Duration: span}, Reasons: reasons}
}

func always(nodes string, reasons ...v1.DisruptionReason) v1.Budget {
	return v1.Budget{Nodes: nodes, Reasons: reasons}
}

func TestLeft(t *testing.T) {
	for _, tt := range []struct {
		name    string
		budgets []v1.Budget
		nodes   []scheduling.Node
		edit    func(in *Input)
		reason  v1.DisruptionReason
		want    int
		why     string
		until   time.Time
	}{
		{name: "no budgets", nodes: members(10), reason: v1.ReasonEmpty, want: v1.Unlimited},
		{name: "30 %", budgets: []v1.Budget{always("30%")}, nodes: members(10), reason: v1.ReasonEmpty, want: 3},
		{name: "rounded up", budgets: []v1.Budget{always("50%")}, nodes: members(3), reason: v1.ReasonEmpty, want: 2},
		{name: "a number", budgets: []v1.Budget{always("4")}, nodes: members(10), reason: v1.ReasonEmpty, want: 4},
		{name: "none", budgets: []v1.Budget{always("0")}, nodes: members(10), reason: v1.ReasonEmpty, why: "general allows 0 for empty"},
		{name: "0 %", budgets: []v1.Budget{always("0%")}, nodes: members(10), reason: v1.ReasonDrifted, why: "general allows 0 for drifted"},
		{name: "the smallest that applies counts", budgets: []v1.Budget{always("10"), always("4", v1.ReasonEmpty), always("5", v1.ReasonDrifted)},
			nodes: members(20), reason: v1.ReasonEmpty, want: 4},
		{name: "for another reason another", budgets: []v1.Budget{always("10"), always("4", v1.ReasonEmpty), always("5", v1.ReasonDrifted)},
			nodes: members(20), reason: v1.ReasonDrifted, want: 5},
		{name: "for the third the one for all", budgets: []v1.Budget{always("10"), always("4", v1.ReasonEmpty), always("5", v1.ReasonDrifted)},
			nodes: members(20), reason: v1.ReasonUnderutilized, want: 10},
		{name: "one that cannot be read closes all", budgets: []v1.Budget{always("10"), always("some", v1.ReasonEmpty)}, nodes: members(10), reason: v1.ReasonDrifted,
			why: `general allows none, since its budgets cannot be read: spec.disruption.budgets[1]: nodes "some" is neither a number such as 5 nor a percentage from 0% to 100%`},
		{name: "closed until one", budgets: []v1.Budget{during("0", "0 9 * * *", 4*time.Hour)}, nodes: members(2), reason: v1.ReasonEmpty,
			why: "general allows 0 for empty", until: noon.Add(time.Hour)},
		{name: "open until one", budgets: []v1.Budget{during("0", "0 13 * * *", time.Hour)}, nodes: members(2), reason: v1.ReasonEmpty, want: v1.Unlimited},
		{name: "the next window follows at once", budgets: []v1.Budget{during("0", "0 9 * * *", 4*time.Hour), during("0", "0 13 * * *", time.Hour)}, nodes: members(2),
			reason: v1.ReasonEmpty, why: "general allows 0 for empty", until: noon.Add(2 * time.Hour)},
		{name: "unmanaged, young and ending nodes do not count", budgets: []v1.Budget{always("100%")}, nodes: members(13), edit: func(in *Input) {
			in.Nodes[0].Claim = nil
			delete(in.Nodes[1].Node.Labels, v1.InitializedLabelKey)
			in.Nodes[1].Claim.Status.Conditions = nil
			condition(&in.Nodes[2], v1.ConditionTypeInstanceTerminating, metav1.ConditionTrue, "", noon)
		}, reason: v1.ReasonEmpty, want: 10},
		{name: "never below none", budgets: []v1.Budget{always("10%")}, nodes: members(10), edit: func(in *Input) {
			for i := range in.Nodes {
				in.Nodes[i].Claim.DeletionTimestamp = &metav1.Time{Time: noon}
			}
		}, reason: v1.ReasonEmpty, why: "general allows 1 for empty, 10 in progress"},
		{name: "those that are going count", budgets: []v1.Budget{always("100%")}, nodes: members(10), edit: func(in *Input) {
			in.Nodes[0].Claim.DeletionTimestamp = &metav1.Time{Time: noon}
			in.InProgress = []Command{{ID: "x", Remove: []string{"n1"}}}
		}, reason: v1.ReasonEmpty, want: 8},
		{name: "those that are not ready count", budgets: []v1.Budget{always("100%")}, nodes: members(10), edit: func(in *Input) {
			in.Nodes[0].Node.Status.Conditions[0].Status = corev1.ConditionFalse
			in.Nodes[1].Node.Status.Conditions = nil
		}, reason: v1.ReasonEmpty, want: 8},
		{name: "forced reasons ask for none", budgets: []v1.Budget{always("0")}, nodes: members(2), reason: ReasonExpired, want: v1.Unlimited},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := facts(tt.nodes...)
			in.NodePools[0].Spec.Disruption.Budgets = tt.budgets
			if tt.edit != nil {
				tt.edit(&in)
			}
			p := ask(t, in, Options{})
			n, why, until := p.budgets.left(in.NodePools[0], tt.reason)
			require.Equal(t, tt.want, n)
			require.Equal(t, tt.why, why)
			require.True(t, tt.until.Equal(until), "%v", until)
		})
	}
}

func TestBudgetsAddUpOverReasons(t *testing.T) {
	in := facts(members(10)...)
	in.NodePools[0].Spec.Disruption.Budgets = []v1.Budget{always("3"), always("1", v1.ReasonDrifted)}
	p := ask(t, in, Options{})
	pool := in.NodePools[0]
	left := func(reason v1.DisruptionReason) int {
		n, _, _ := p.budgets.left(pool, reason)
		return n
	}
	require.Equal(t, []int{3, 1}, []int{left(v1.ReasonEmpty), left(v1.ReasonDrifted)})
	p.budgets.take(p.by["n0"])
	require.Equal(t, []int{2, 0}, []int{left(v1.ReasonEmpty), left(v1.ReasonDrifted)})
	kept, ok := p.budgets.admits(p.by["n1"], v1.ReasonDrifted)
	require.False(t, ok)
	require.Equal(t, Kept{Node: "n1", Code: CodeBudget, Detail: "general allows 1 for drifted, 1 taken"}, kept)
	require.Equal(t, Allowance{NodePool: "general", Reason: v1.ReasonDrifted, Nodes: 10, Allowed: 1, Used: 1}, p.budgets.allowances()[0])
	p.budgets.giveBack(p.by["n0"])
	require.Equal(t, []int{3, 1}, []int{left(v1.ReasonEmpty), left(v1.ReasonDrifted)})
}

// A node that is out of order has its share already, and so it does not stand in the way of its own replacement.
func TestADisruptedNodeTakesNothingMore(t *testing.T) {
	in := facts(members(5)...)
	in.NodePools[0].Spec.Disruption.Budgets = []v1.Budget{always("1")}
	in.Nodes[0].Node.Status.Conditions[0].Status = corev1.ConditionFalse
	p := ask(t, in, Options{})
	_, ok := p.budgets.admits(p.by["n0"], v1.ReasonDrifted)
	require.True(t, ok)
	p.budgets.take(p.by["n0"])
	_, ok = p.budgets.admits(p.by["n1"], v1.ReasonDrifted)
	require.False(t, ok)
}

func TestAllowances(t *testing.T) {
	in := facts(members(4)...)
	in.NodePools = append(in.NodePools, fake.NodePool("fixed", fake.Replicas(2)))
	in.NodePools[0].Spec.Disruption.Budgets = []v1.Budget{always("50%"), during("0", "0 13 * * *", time.Hour, v1.ReasonEmpty)}
	in.NodePools[1].Spec.Disruption.Budgets = nil
	got := ""
	for _, a := range ask(t, in, Options{ExpirationBudget: true}).budgets.allowances() {
		got += fmt.Sprintf("%s %s %d of %d", a.NodePool, a.Reason, a.Left(), a.Nodes)
		if !a.Changes.IsZero() {
			got += " until " + stamp(a.Changes)
		}
		got += "\n"
	}
	require.Equal(t, `fixed Drifted 2147483647 of 0
fixed Expired 2147483647 of 0
general Drifted 2 of 4
general Empty 2 of 4 until 2026-01-05T13:00:00Z
general Expired 2 of 4
general Underutilized 2 of 4
`, got)
}
