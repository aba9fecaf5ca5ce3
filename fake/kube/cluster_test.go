package kube_test

import (
	"fmt"
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
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/fake/kube"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// small is a cloud that sells nodes of 4 and 8 CPUs in two zones.
func small() kube.Config {
	return kube.Config{
		NodePools: []*v1.NodePool{fake.NodePool("general")},
		InstanceTypes: []*cloudprovider.InstanceType{
			fake.InstanceType("four", "4", "16Gi", fake.OnDemand("zone-a", 0.2), fake.OnDemand("zone-b", 0.2)),
			fake.InstanceType("eight", "8", "32Gi", fake.OnDemand("zone-a", 0.4), fake.Spot("zone-a", 0.12)),
		},
	}
}

func cluster(t *testing.T, config kube.Config) *kube.Cluster {
	t.Helper()
	c, err := kube.NewCluster(config)
	require.NoError(t, err)
	return c
}

// launch buys what the pods that wait need.
func launch(t *testing.T, c *kube.Cluster) []string {
	t.Helper()
	plan, err := scheduling.Solve(t.Context(), c.Snapshot(), scheduling.Options{})
	require.NoError(t, err)
	var names []string
	for _, l := range plan.Launches {
		name, err := c.Launch(l)
		require.NoError(t, err)
		names = append(names, name)
	}
	return names
}

func pass(c *kube.Cluster, d time.Duration) { c.RunUntil(c.Now().Add(d)) }

func workload(t *testing.T, c *kube.Cluster, w kube.Workload, replicas int) {
	t.Helper()
	require.NoError(t, c.AddWorkload(w))
	require.NoError(t, c.Scale(w.Pod.Namespace, w.Pod.Name, replicas))
}

func web(options ...fake.PodOption) kube.Workload {
	return kube.Workload{Pod: fake.Pod("web", append(options, fake.Requests("1", "1Gi"), fake.Label("app", "web"))...)}
}

func budget(spec policyv1.PodDisruptionBudgetSpec) *policyv1.PodDisruptionBudget {
	spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	return &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", Generation: 1}, Spec: spec}
}

func TestANodeFromItsOrderToItsEnd(t *testing.T) {
	config := small()
	config.DaemonPods = []*corev1.Pod{fake.DaemonPod("logs", fake.Requests("100m", ""))}
	config.NodePools = []*v1.NodePool{fake.NodePool("general", fake.StartupTaint("starting", "", corev1.TaintEffectNoSchedule), fake.Label("team", "shop"))}
	c := cluster(t, config)
	var events []string
	c.Listen(func(e kube.Event) { events = append(events, string(e.Kind)) })
	workload(t, c, web(), 2)
	nodes := launch(t, c)
	require.Equal(t, []string{"general-00001"}, nodes)
	s := c.Snapshot()
	require.Len(t, s.Pods, 2)
	require.Nil(t, s.Nodes[0].Node)
	require.Equal(t, "eight", s.Nodes[0].Claim.Labels[corev1.LabelInstanceTypeStable])
	require.InDelta(t, 0.12, c.Rate(), 1e-9)

	pass(c, 5*time.Minute)
	n := c.Snapshot().Nodes[0]
	require.Equal(t, "true", n.Node.Labels[v1.InitializedLabelKey])
	require.Equal(t, "shop", n.Node.Labels["team"])
	require.Empty(t, n.Node.Spec.Taints, "the startup taint is gone")
	require.Len(t, n.Pods, 3, "two pods and a daemon")
	require.False(t, n.Claim.Status.LastPodEventTime.IsZero())
	for _, p := range c.Pods("default", "web") {
		require.Equal(t, corev1.PodRunning, p.Status.Phase)
		require.Equal(t, nodes[0], p.Spec.NodeName)
	}
	require.Nil(t, s.Nodes[0].Node, "a snapshot does not change")
	require.Len(t, s.Pods, 2)

	c.Delete(nodes[0])
	require.NotNil(t, c.Snapshot().Nodes[0].Node.DeletionTimestamp)
	pass(c, 5*time.Minute)
	require.Empty(t, c.Snapshot().Nodes)
	require.Len(t, c.Snapshot().Pods, 2, "the pods are there anew")
	require.Zero(t, c.Rate())
	require.Contains(t, events, string(kube.Gone))
	require.NotContains(t, events, string(kube.PodLost))
}

func TestWhatABudgetAllows(t *testing.T) {
	one, half, all := intstr.FromInt32(1), intstr.FromString("50%"), intstr.FromString("100%")
	for name, tc := range map[string]struct {
		spec     policyv1.PodDisruptionBudgetSpec
		expected int32
		desired  int32
		allowed  int32
	}{
		"no bound":                 {policyv1.PodDisruptionBudgetSpec{}, 5, 0, 5},
		"maxUnavailable 1":         {policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &one}, 5, 4, 1},
		"maxUnavailable 50%":       {policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &half}, 5, 2, 3},
		"maxUnavailable 100%":      {policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &all}, 5, 0, 5},
		"minAvailable 1":           {policyv1.PodDisruptionBudgetSpec{MinAvailable: &one}, 5, 1, 4},
		"minAvailable 50%":         {policyv1.PodDisruptionBudgetSpec{MinAvailable: &half}, 5, 3, 2},
		"minAvailable 100%":        {policyv1.PodDisruptionBudgetSpec{MinAvailable: &all}, 5, 5, 0},
		"minAvailable beyond that": {policyv1.PodDisruptionBudgetSpec{MinAvailable: ptr.To(intstr.FromInt32(9))}, 5, 9, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster(t, small())
			require.NoError(t, c.AddBudget(budget(tc.spec)))
			workload(t, c, web(), 5)
			status := func() policyv1.PodDisruptionBudgetStatus { return c.PodDisruptionBudgets()[0].Status }
			require.Zero(t, status().CurrentHealthy)
			require.Zero(t, status().DisruptionsAllowed, "nobody is healthy yet")
			launch(t, c)
			pass(c, 5*time.Minute)
			require.Equal(t, policyv1.PodDisruptionBudgetStatus{
				ObservedGeneration: 1, CurrentHealthy: 5, DesiredHealthy: tc.desired, ExpectedPods: tc.expected, DisruptionsAllowed: tc.allowed,
			}, status())
			var evicted int32
			for _, p := range c.Pods("default", "web") {
				if c.Evict(p.Namespace, p.Name) == nil {
					evicted++
				}
			}
			require.Equal(t, tc.allowed, evicted)
			require.Zero(t, status().DisruptionsAllowed)
		})
	}
}

func TestTwoBudgetsAllowNothing(t *testing.T) {
	c := cluster(t, small())
	first, second := budget(policyv1.PodDisruptionBudgetSpec{}), budget(policyv1.PodDisruptionBudgetSpec{})
	second.Name = "other"
	require.NoError(t, c.AddBudget(first))
	require.NoError(t, c.AddBudget(second))
	require.ErrorContains(t, c.AddBudget(first), "PodDisruptionBudget default/web")
	workload(t, c, web(), 1)
	launch(t, c)
	pass(c, 5*time.Minute)
	require.ErrorContains(t, c.Evict("default", "web-00001"), "2 PodDisruptionBudgets")
}

// A drain takes no more than the budget allows at any time, waits for the pods to be ready elsewhere, and ends.
func TestDrainsKeepToBudgets(t *testing.T) {
	for _, limit := range []int32{1, 2, 3} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			c := cluster(t, small())
			bound := intstr.FromInt32(limit)
			require.NoError(t, c.AddBudget(budget(policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &bound})))
			workload(t, c, web(), 12)
			old := launch(t, c)
			pass(c, 5*time.Minute)
			require.Empty(t, c.Snapshot().Pods)
			evicted := 0
			c.Listen(func(e kube.Event) {
				if e.Kind == kube.PodEvicted {
					evicted++
				}
				status := c.PodDisruptionBudgets()[0].Status
				require.GreaterOrEqual(t, status.CurrentHealthy, 12-limit, e.Kind)
			})
			for _, name := range old {
				c.Delete(name)
			}
			pass(c, time.Second)
			require.Len(t, c.Snapshot().Pods, int(limit), "the first are evicted at once")
			launch(t, c)
			for range 40 {
				pass(c, time.Minute)
				launch(t, c)
			}
			require.Equal(t, 12, evicted)
			require.Empty(t, c.Snapshot().Pods)
			for _, n := range c.Snapshot().Nodes {
				require.NotContains(t, old, n.Name())
			}
		})
	}
}

func TestATerminationGracePeriodEndsTheDrain(t *testing.T) {
	config := small()
	config.NodePools[0].Spec.Template.Spec.TerminationGracePeriod = &metav1.Duration{Duration: 10 * time.Minute}
	c := cluster(t, config)
	workload(t, c, web(fake.Annotation(v1.DoNotDisruptAnnotationKey, "true")), 1)
	nodes := launch(t, c)
	pass(c, 5*time.Minute)
	c.Delete(nodes[0])
	pass(c, 9*time.Minute)
	require.Len(t, c.Snapshot().Nodes, 1, "the pod asks not to be disrupted")
	pass(c, 2*time.Minute)
	require.Empty(t, c.Snapshot().Nodes)
}

func TestSpotMachinesAreTakenBackAfterNotice(t *testing.T) {
	config := small()
	config.Weather = kube.Weather{Interruptions: 1}
	c := cluster(t, config)
	var notice, gone time.Time
	lost := 0
	c.Listen(func(e kube.Event) {
		switch e.Kind {
		case kube.Interrupted:
			notice = c.Now()
			require.Len(t, c.Input().Interruptions, 1)
		case kube.Gone:
			gone = c.Now()
		case kube.PodLost:
			lost++
		}
	})
	workload(t, c, web(), 5)
	launch(t, c)
	c.RunUntil(c.Now().Add(100 * time.Hour))
	require.Equal(t, 2*time.Minute, gone.Sub(notice))
	require.Equal(t, 5, lost)
	require.Empty(t, c.Input().Interruptions)
	require.Len(t, c.Snapshot().Pods, 5)
}

func TestWhatIsOutOfStockComesBack(t *testing.T) {
	config := small()
	config.Weather = kube.Weather{OutOfStock: 1}
	c := cluster(t, config)
	workload(t, c, web(), 1)
	plan, err := scheduling.Solve(t.Context(), c.Snapshot(), scheduling.Options{})
	require.NoError(t, err)
	_, err = c.Launch(plan.Launches[0])
	require.ErrorIs(t, err, cloudprovider.ErrInsufficientCapacity)
	available := func() (n int) {
		for _, types := range c.Snapshot().InstanceTypes["general"] {
			for _, o := range types.Offerings {
				if o.Available {
					n++
				}
			}
		}
		return n
	}
	require.Zero(t, available())
	pass(c, 31*time.Minute)
	require.Equal(t, 4, available())
}

func TestSpotPricesWanderTheSameWayWhateverHappens(t *testing.T) {
	config := small()
	config.Weather = kube.Weather{PriceNoise: 0.1}
	price := func(c *kube.Cluster) (out []float64) {
		for range 100 {
			pass(c, time.Hour)
			for _, types := range c.Snapshot().InstanceTypes["general"] {
				for _, o := range types.Offerings {
					if o.CapacityType == v1.CapacityTypeSpot {
						require.LessOrEqual(t, o.Price, 0.4, "never above the price on demand")
						out = append(out, o.Price)
					}
				}
			}
		}
		return out
	}
	idle, busy := cluster(t, config), cluster(t, config)
	workload(t, busy, web(), 20)
	launch(t, busy)
	first := price(idle)
	require.Equal(t, first, price(busy))
	require.NotEqual(t, first[0], first[99])
	config.Seed = 7
	require.NotEqual(t, first, price(cluster(t, config)))
}

func TestJobsEndAndStatefulSetsKeepTheirNames(t *testing.T) {
	c := cluster(t, small())
	workload(t, c, kube.Workload{Kind: kube.Job, Run: time.Hour, Pod: fake.Pod("batch", fake.Requests("1", "1Gi"))}, 2)
	workload(t, c, kube.Workload{Kind: kube.StatefulSet, Pod: fake.Pod("db", fake.Requests("1", "1Gi"))}, 2)
	launch(t, c)
	pass(c, 10*time.Minute)
	require.NoError(t, c.Evict("default", "db-0"))
	require.Len(t, c.Pods("default", "db"), 2, "the successor comes when the predecessor is gone")
	pass(c, 10*time.Minute)
	names := map[string]bool{}
	for _, p := range c.Pods("default", "db") {
		names[p.Name] = true
	}
	require.Equal(t, map[string]bool{"db-0": true, "db-1": true}, names)
	pass(c, 2*time.Hour)
	require.Empty(t, c.Pods("default", "batch"))
	left, _ := c.Replicas("default", "batch")
	require.Zero(t, left)
}

func TestTheSchedulerKeepsConstraints(t *testing.T) {
	c := cluster(t, small())
	spread := kube.Workload{Pod: fake.Pod("spread", fake.Requests("100m", "64Mi"), fake.Label("app", "spread"),
		fake.Spread(corev1.LabelTopologyZone, 1, map[string]string{"app": "spread"}))}
	alone := kube.Workload{Pod: fake.Pod("alone", fake.Requests("100m", "64Mi"), fake.Label("app", "alone"),
		fake.PodAntiAffinity(corev1.LabelHostname, map[string]string{"app": "alone"}))}
	workload(t, c, web(), 6)
	workload(t, c, spread, 6)
	workload(t, c, alone, 3)
	for range 5 {
		launch(t, c)
		pass(c, 5*time.Minute)
	}
	require.Empty(t, c.Snapshot().Pods)
	zones, hosts := map[string]int{}, map[string]int{}
	for _, n := range c.Snapshot().Nodes {
		for _, p := range n.Pods {
			switch p.Labels["app"] {
			case "spread":
				zones[n.Node.Labels[corev1.LabelTopologyZone]]++
			case "alone":
				hosts[n.Name()]++
			}
		}
	}
	require.Equal(t, map[string]int{"zone-a": 3, "zone-b": 3}, zones)
	require.Len(t, hosts, 3)
}

func TestWrongConfigurationsAreNamed(t *testing.T) {
	for want, spoil := range map[string]func(*kube.Config){
		"NodePools: there are none":     func(c *kube.Config) { c.NodePools = nil },
		"two NodePools \"general\"":     func(c *kube.Config) { c.NodePools = append(c.NodePools, c.NodePools[0]) },
		"InstanceTypes: there are none": func(c *kube.Config) { c.InstanceTypes = nil },
		"InstanceTypes: ": func(c *kube.Config) {
			c.InstanceTypes = append(c.InstanceTypes, c.InstanceTypes[0])
		},
		"Timing.Boot":        func(c *kube.Config) { c.Timing.Boot = kube.Span{Min: 2, Max: 1} },
		"Weather.OutOfStock": func(c *kube.Config) { c.Weather.OutOfStock = 2 },
		"negative number":    func(c *kube.Config) { c.Weather.PriceNoise = -1 },
	} {
		config := small()
		spoil(&config)
		_, err := kube.NewCluster(config)
		require.ErrorContains(t, err, want)
	}
	c := cluster(t, small())
	require.NoError(t, c.AddWorkload(web()))
	require.ErrorContains(t, c.AddWorkload(web()), "workload default/web: there is one already")
	require.ErrorContains(t, c.AddWorkload(kube.Workload{Kind: kube.Job, Pod: fake.Pod("job")}), "time to run")
	require.ErrorContains(t, c.AddWorkload(kube.Workload{Kind: "CronJob", Pod: fake.Pod("cron")}), "CronJob")
	require.ErrorContains(t, c.Scale("default", "none", 1), "default/none")
	require.ErrorContains(t, c.Scale("default", "web", -1), "-1")
}
