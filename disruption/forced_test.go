package disruption

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

func TestExpired(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(n *scheduling.Node)
		want cause
	}{
		{"never", func(*scheduling.Node) {}, cause{}},
		{"not set", func(n *scheduling.Node) { n.Claim.Spec.ExpireAfter = v1.NillableDuration{} }, cause{}},
		{"in an hour", func(n *scheduling.Node) { n.Claim.Spec.ExpireAfter = v1.After(25 * time.Hour) }, cause{next: noon.Add(time.Hour)}},
		{"now", func(n *scheduling.Node) { n.Claim.Spec.ExpireAfter = v1.After(day) },
			cause{reason: ReasonExpired, detail: "older than 24h0m0s", since: noon}},
		{"the claim is older than its Node", func(n *scheduling.Node) {
			n.Claim.Spec.ExpireAfter = v1.After(23 * time.Hour)
			n.Node.CreationTimestamp = metav1.NewTime(noon)
		}, cause{reason: ReasonExpired, detail: "older than 23h0m0s", since: noon.Add(-time.Hour)}},
		{"nobody knows its age", func(n *scheduling.Node) {
			n.Claim.Spec.ExpireAfter = v1.After(time.Hour)
			n.Claim.CreationTimestamp = metav1.Time{}
		}, cause{}},
		{"nobody manages it", func(n *scheduling.Node) { n.Claim = nil }, cause{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := member("n", "general")
			tt.edit(&n)
			p := ask(t, facts(n), Options{})
			why, ok := p.expired(p.by["n"])
			require.Equal(t, tt.want.reason != "", ok)
			require.Equal(t, tt.want, why)
		})
	}
}

func TestInterrupted(t *testing.T) {
	notice := func(kind cloudprovider.InterruptionKind, machine string, in time.Duration, message string) cloudprovider.Interruption {
		return cloudprovider.Interruption{ID: string(kind) + machine, ProviderID: machine, Kind: kind, Deadline: noon.Add(in), Message: message}
	}
	for _, tt := range []struct {
		name    string
		notices []cloudprovider.Interruption
		want    cause
	}{
		{"of another machine", []cloudprovider.Interruption{notice(cloudprovider.InterruptionReclaim, "fake:///m", time.Minute, "")}, cause{}},
		{"a risk", []cloudprovider.Interruption{notice(cloudprovider.InterruptionRisk, "fake:///n", time.Minute, "")}, cause{}},
		{"reclaimed", []cloudprovider.Interruption{notice(cloudprovider.InterruptionReclaim, "fake:///n", time.Minute, "bye")},
			cause{reason: ReasonInterrupted, detail: "Reclaim at 2026-01-05T12:01:00Z: bye", deadline: noon.Add(time.Minute)}},
		{"no deadline", []cloudprovider.Interruption{{ID: "1", ProviderID: "fake:///n", Kind: cloudprovider.InterruptionReclaim}},
			cause{reason: ReasonInterrupted, detail: "Reclaim"}},
		{"the worse of two", []cloudprovider.Interruption{
			notice(cloudprovider.InterruptionMaintenance, "fake:///n", time.Minute, ""),
			notice(cloudprovider.InterruptionReclaim, "fake:///n", time.Hour, ""),
		}, cause{reason: ReasonInterrupted, detail: "Reclaim at 2026-01-05T13:00:00Z", deadline: noon.Add(time.Hour)}},
		{"the sooner of two", []cloudprovider.Interruption{
			notice(cloudprovider.InterruptionReclaim, "fake:///n", time.Hour, "a"),
			notice(cloudprovider.InterruptionReclaim, "fake:///n", time.Minute, "b"),
		}, cause{reason: ReasonInterrupted, detail: "Reclaim at 2026-01-05T12:01:00Z: b", deadline: noon.Add(time.Minute)}},
		{"stopped", []cloudprovider.Interruption{notice(cloudprovider.InterruptionStopped, "fake:///n", time.Minute, "")},
			cause{reason: ReasonInterrupted, detail: "Stopped"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := facts(member("n", "general"))
			in.Interruptions = tt.notices
			p := ask(t, in, Options{})
			why, ok := p.interrupted(p.by["n"])
			require.Equal(t, tt.want.reason != "", ok)
			require.Equal(t, tt.want, why)
		})
	}
}

// ill is a node of the pool whose condition has been so for as long.
func ill(name, pool string, kind corev1.NodeConditionType, status corev1.ConditionStatus, reason string, span time.Duration) scheduling.Node {
	n := member(name, pool)
	n.Node.Status.Conditions = []corev1.NodeCondition{{Type: kind, Status: status, Reason: reason, LastTransitionTime: metav1.NewTime(noon.Add(-span))}}
	return n
}

func TestBroken(t *testing.T) {
	policies := []cloudprovider.RepairPolicy{
		{Condition: "Ready", Status: "False", Reason: "Maintenance", Tolerate: 10 * time.Hour},
		{Condition: "Ready", Status: "False", Tolerate: 30 * time.Minute},
		{Condition: "Disk", Status: "True", Tolerate: 0},
	}
	notReady := func(name string, span time.Duration) scheduling.Node {
		return ill(name, "general", "Ready", "False", "", span)
	}
	well := func(n int) (out []scheduling.Node) {
		for i := range n {
			out = append(out, member(fmt.Sprintf("w%d", i), "general"))
		}
		return out
	}
	for _, tt := range []struct {
		name  string
		nodes []scheduling.Node
		edit  func(in *Input)
		o     Options
		want  map[string]string
		kept  map[string]string
		wake  time.Time
	}{
		{name: "beyond what is tolerated", nodes: append(well(4), notReady("n", time.Hour)), want: map[string]string{"n": "Ready=False since 2026-01-05T11:00:00Z"}},
		{name: "rounded up in a pool of one", nodes: []scheduling.Node{notReady("n", time.Hour)}, want: map[string]string{"n": "Ready=False since 2026-01-05T11:00:00Z"}},
		{name: "another condition", nodes: []scheduling.Node{ill("n", "general", "Memory", "True", "", time.Hour)}},
		{name: "another status", nodes: []scheduling.Node{ill("n", "general", "Ready", "Unknown", "", time.Hour)}},
		{name: "not long enough", nodes: []scheduling.Node{notReady("n", 29*time.Minute)}, wake: noon.Add(time.Minute)},
		{name: "the first policy that a condition matches decides", nodes: []scheduling.Node{ill("n", "general", "Ready", "False", "Maintenance", time.Hour)}, wake: noon.Add(9 * time.Hour)},
		{name: "of two conditions the one that is due first", nodes: []scheduling.Node{func() scheduling.Node {
			n := notReady("n", 10*time.Minute)
			n.Node.Status.Conditions = append(n.Node.Status.Conditions, corev1.NodeCondition{Type: "Disk", Status: "True", LastTransitionTime: metav1.NewTime(noon)})
			return n
		}()}, want: map[string]string{"n": "Disk=True since 2026-01-05T12:00:00Z"}},
		{name: "nobody knows since when", nodes: []scheduling.Node{func() scheduling.Node {
			n := notReady("n", 0)
			n.Node.Status.Conditions[0].LastTransitionTime = metav1.Time{}
			return n
		}()}, want: map[string]string{"n": "Ready=False since 2026-01-04T12:00:00Z"}},
		{name: "no policies", nodes: []scheduling.Node{notReady("n", time.Hour)}, edit: func(in *Input) { in.RepairPolicies = nil }},
		{name: "what the node wants does not count", nodes: []scheduling.Node{notReady("n", time.Hour)}, edit: func(in *Input) {
			metav1.SetMetaDataAnnotation(&in.Nodes[0].Node.ObjectMeta, v1.DoNotDisruptAnnotationKey, "true")
			in.NodePools[0].Spec.Disruption.Budgets = []v1.Budget{{Nodes: "0"}}
		}, want: map[string]string{"n": "Ready=False since 2026-01-05T11:00:00Z"}},
		{name: "nobody manages it", nodes: []scheduling.Node{notReady("n", time.Hour)}, edit: func(in *Input) { in.Nodes[0].Claim = nil }},
		{name: "more than a fifth, tolerated ones included", nodes: append(well(3), notReady("a", time.Hour), notReady("b", time.Minute)),
			kept: map[string]string{"a": "Ready=False since 2026-01-05T11:00:00Z, but so are others: 2 of 5 nodes of general, of at most 1"}, wake: noon.Add(29 * time.Minute)},
		{name: "a fifth, rounded up", nodes: append(well(4), notReady("a", time.Hour), notReady("b", 2*time.Hour)), want: map[string]string{
			"a": "Ready=False since 2026-01-05T11:00:00Z", "b": "Ready=False since 2026-01-05T10:00:00Z"}},
		{name: "one at a time, the longest broken first", nodes: append(well(4), notReady("a", time.Hour), notReady("b", 2*time.Hour)), o: Options{RepairRate: 1},
			want: map[string]string{"b": "Ready=False since 2026-01-05T10:00:00Z"},
			kept: map[string]string{"a": "Ready=False since 2026-01-05T11:00:00Z, and 1 of general are repaired already"}},
		{name: "one at a time, and one is on its way", nodes: append(well(4), notReady("a", time.Hour), notReady("b", time.Hour)), o: Options{RepairRate: 1},
			edit: func(in *Input) { in.InProgress = []Command{{ID: "x", Remove: []string{"b"}}} },
			kept: map[string]string{"a": "Ready=False since 2026-01-05T11:00:00Z, and 1 of general are repaired already"}},
		{name: "without a pool the cluster counts", nodes: append(well(4), notReady("a", time.Hour), notReady("b", time.Hour)), edit: func(in *Input) {
			delete(in.Nodes[5].Node.Labels, v1.NodePoolLabelKey)
			delete(in.Nodes[5].Claim.Labels, v1.NodePoolLabelKey)
		}, want: map[string]string{"a": "Ready=False since 2026-01-05T11:00:00Z", "b": "Ready=False since 2026-01-05T11:00:00Z"}},
		{name: "too many in the cluster", nodes: append(well(3), notReady("a", time.Hour), notReady("b", time.Hour)), edit: func(in *Input) {
			delete(in.Nodes[4].Node.Labels, v1.NodePoolLabelKey)
			delete(in.Nodes[4].Claim.Labels, v1.NodePoolLabelKey)
		}, want: map[string]string{"a": "Ready=False since 2026-01-05T11:00:00Z"},
			kept: map[string]string{"b": "Ready=False since 2026-01-05T11:00:00Z, but so are others: 2 of 5 nodes of the cluster, of at most 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := facts(tt.nodes...)
			in.RepairPolicies = policies
			if tt.edit != nil {
				tt.edit(&in)
			}
			p := ask(t, in, tt.o)
			got := map[string]string{}
			for c, why := range p.broken() {
				got[c.name] = why.detail
				require.Equal(t, ReasonUnhealthy, why.reason)
			}
			if tt.want == nil {
				tt.want = map[string]string{}
			}
			require.Equal(t, tt.want, got)
			for name, detail := range tt.kept {
				require.Equal(t, Kept{Node: name, Code: CodeBudget, Detail: detail}, p.kept[name])
			}
			require.Len(t, p.kept, len(tt.kept))
			require.Equal(t, tt.wake, p.recheck)
		})
	}
}
