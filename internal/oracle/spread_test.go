package oracle

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

type constraint = corev1.TopologySpreadConstraint

func TestSpread(t *testing.T) {
	web, ignore, honor := app("web"), corev1.NodeInclusionPolicyIgnore, corev1.NodeInclusionPolicyHonor
	wrong := []Rule{Spread}
	// pair is a zone each, where zone a has one web pod already; the plan sends another there.
	pair := func(change func(f fixture, pod *corev1.Pod), options ...func(*constraint)) func() fixture {
		return func() fixture {
			f := newTown("a", "b")
			f.runs("n-1", "web-0", web)
			pod := f.waits("n-1", "web-1", web, spreadOver(zone, options...))
			if change != nil {
				change(f, pod)
			}
			return f
		}
	}
	runTowns(t, []town{
		{"the fuller zone", pair(nil), wrong},
		{"the emptier zone", pair(func(f fixture, _ *corev1.Pod) { f.p.Assignments[0].Node = "n-2" }), nil},
		{"a skew of two", pair(nil, func(c *constraint) { c.MaxSkew = 2 }), nil},
		{"only a wish", pair(nil, func(c *constraint) { c.WhenUnsatisfiable = corev1.ScheduleAnyway }), nil},
		{"a node without the label", pair(func(f fixture, _ *corev1.Pod) { delete(f.s.Nodes[0].Node.Labels, zone) }), wrong},
		{"nobody elsewhere has the label", pair(func(f fixture, _ *corev1.Pod) { delete(f.s.Nodes[1].Node.Labels, zone) }), nil},
		{"fewer zones than there should be", pair(func(f fixture, _ *corev1.Pod) {
			delete(f.s.Nodes[1].Node.Labels, zone)
		}, func(c *constraint) { c.MinDomains = new(int32(2)) }), wrong},
		{"as many zones as there should be", pair(func(f fixture, _ *corev1.Pod) {
			f.runs("n-2", "web-2", web)
		}, func(c *constraint) { c.MinDomains = new(int32(2)) }), nil},
		{"the other zone is not for the pod", pair(func(f fixture, pod *corev1.Pod) {
			pod.Spec.NodeSelector = map[string]string{zone: "a"}
		}), nil},
		{"the other zone is not for the pod and counts", pair(func(f fixture, pod *corev1.Pod) {
			pod.Spec.NodeSelector = map[string]string{zone: "a"}
		}, func(c *constraint) { c.NodeAffinityPolicy = &ignore }), wrong},
		{"the other zone is tainted and counts", pair(func(f fixture, pod *corev1.Pod) {
			f.s.Nodes[1].Node.Spec.Taints = []corev1.Taint{{Key: "x", Effect: corev1.TaintEffectNoSchedule}}
		}), wrong},
		{"the other zone is tainted and does not count", pair(func(f fixture, pod *corev1.Pod) {
			f.s.Nodes[1].Node.Spec.Taints = []corev1.Taint{{Key: "x", Effect: corev1.TaintEffectNoSchedule}}
		}, func(c *constraint) { c.NodeTaintsPolicy = &honor }), nil},
		{"the other zone is tainted softly and counts", pair(func(f fixture, pod *corev1.Pod) {
			f.s.Nodes[1].Node.Spec.Taints = []corev1.Taint{{Key: "x", Effect: corev1.TaintEffectPreferNoSchedule}}
		}, func(c *constraint) { c.NodeTaintsPolicy = &honor }), wrong},
		{"the other zone is cordoned and counts", pair(func(f fixture, pod *corev1.Pod) {
			f.s.Nodes[1].Node.Spec.Unschedulable = true
		}, func(c *constraint) { c.NodeTaintsPolicy = &honor }), wrong},
		{"the other node is being deleted and counts", pair(func(f fixture, pod *corev1.Pod) {
			f.s.Nodes[1].Node.DeletionTimestamp = &metav1.Time{}
		}), wrong},
		{"a pod that is being deleted does not count", pair(func(f fixture, _ *corev1.Pod) {
			f.s.Nodes[0].Pods[0].DeletionTimestamp = &metav1.Time{}
		}), nil},
		{"a pod that has finished does not count", pair(func(f fixture, _ *corev1.Pod) {
			f.s.Nodes[0].Pods[0].Status.Phase = corev1.PodSucceeded
		}), nil},
		{"a pod of another namespace does not count", pair(func(f fixture, _ *corev1.Pod) {
			f.s.Nodes[0].Pods[0].Namespace = "other"
		}), nil},
		{"a DaemonSet's pod counts", pair(func(f fixture, _ *corev1.Pod) {
			f.s.Nodes[0].Pods = nil
			agent := newPod("agent")
			agent.Labels = map[string]string{"app": "web"}
			agent.Spec.NodeSelector = map[string]string{zone: "a"}
			f.s.DaemonPods = []*corev1.Pod{agent}
		}), wrong},
		{"a selector that selects everything counts nothing", pair(nil, func(c *constraint) { c.LabelSelector = &metav1.LabelSelector{} }), nil},
		{"without a selector nothing counts", pair(nil, func(c *constraint) { c.LabelSelector, c.MatchLabelKeys = nil, []string{"app"} }), nil},
		{"a selector of nothing and a key", pair(nil, func(c *constraint) {
			c.LabelSelector, c.MatchLabelKeys = &metav1.LabelSelector{}, []string{"app", "unknown"}
		}), wrong},
		{"another value of a key that must match", pair(func(f fixture, pod *corev1.Pod) {
			f.s.Nodes[0].Pods[0].Labels["version"], pod.Labels["version"] = "1", "2"
		}, func(c *constraint) { c.MatchLabelKeys = []string{"version"} }), nil},
		{"the pod is not one of those it counts", pair(func(f fixture, pod *corev1.Pod) { pod.Labels = nil }), nil},
		{"nor are there too many of them", pair(func(f fixture, pod *corev1.Pod) {
			pod.Labels = nil
			f.runs("n-1", "web-2", web)
		}), wrong},
		{"a node that lacks another key counts nowhere", pair(func(f fixture, pod *corev1.Pod) {
			f.s.Nodes[0].Node.Labels["rack"] = "1"
			spreadOver("rack")(pod)
			pod.Spec.TopologySpreadConstraints[1].MaxSkew = 9
		}), nil},
		{"two constraints, the second broken", func() fixture {
			f := newTown("a", "a", "b")
			f.runs("n-1", "web-0", web)
			f.runs("n-3", "web-1", web)
			f.waits("n-1", "web-2", web, spreadOver(zone), spreadOver(corev1.LabelHostname))
			return f
		}, wrong},
		{"two constraints, both kept", func() fixture {
			f := newTown("a", "a", "b")
			f.runs("n-1", "web-0", web)
			f.runs("n-3", "web-1", web)
			f.waits("n-2", "web-2", web, spreadOver(zone), spreadOver(corev1.LabelHostname))
			return f
		}, nil},
	})
}

func TestASpreadThatALaterPodTipsIsOrderDependent(t *testing.T) {
	f := newTown("a", "b")
	f.waits("n-1", "web-0", app("web"), spreadOver(zone))
	f.waits("n-1", "web-1", app("web"))
	violations := Check(*f.s, f.p)
	requireRules(t, violations, Spread)
	require.True(t, violations[0].OrderDependent)
	require.Contains(t, violations[0].String(), "order dependent")

	f.runs("n-1", "web-2", app("web"))
	violations = Check(*f.s, f.p)
	requireRules(t, violations, Spread)
	for _, v := range violations {
		require.False(t, v.OrderDependent, v)
	}
}

func TestDefaultSpread(t *testing.T) {
	owned := func(pod *corev1.Pod) {
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web", Controller: new(true)}}
	}
	world := func(options ...func(*corev1.Pod)) fixture {
		f := newTown("a", "b")
		f.runs("n-1", "web-0", app("web"))
		f.waits("n-1", "web-1", append([]func(*corev1.Pod){app("web")}, options...)...)
		f.s.Profile.DefaultConstraints = []constraint{{MaxSkew: 1, TopologyKey: zone, WhenUnsatisfiable: corev1.DoNotSchedule}}
		return f
	}
	selected := func(f fixture, kind, ns string, selector *metav1.LabelSelector) fixture {
		f.s.Profile.Selectors = append(f.s.Profile.Selectors, scheduling.PodSelector{Kind: kind, Namespace: ns, Name: "web", Selector: selector})
		return f
	}
	wrong := []Rule{Spread}
	runTowns(t, []town{
		{"nobody selects the pod", func() fixture { return world() }, nil},
		{"a Service does", func() fixture { return selected(world(), "Service", "default", selecting("app", "web")) }, wrong},
		{"a Service of another namespace", func() fixture { return selected(world(), "Service", "other", selecting("app", "web")) }, nil},
		{"a Service of others", func() fixture { return selected(world(), "Service", "default", selecting("app", "db")) }, nil},
		{"its controller does", func() fixture { return selected(world(owned), "ReplicaSet", "default", selecting("app", "web")) }, wrong},
		{"a controller that is not its own", func() fixture { return selected(world(), "ReplicaSet", "default", selecting("app", "web")) }, nil},
		{"the Service selects fewer than the controller", func() fixture {
			f := selected(world(owned, labelled("app", "web", "track", "new")), "Service", "default", selecting("track", "new"))
			return selected(f, "ReplicaSet", "default", selecting("app", "web"))
		}, nil},
		{"a pod with a wish of its own", func() fixture {
			return selected(world(spreadOver(zone, func(c *constraint) { c.WhenUnsatisfiable = corev1.ScheduleAnyway })), "Service", "default", selecting("app", "web"))
		}, nil},
	})
}
