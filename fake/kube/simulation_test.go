package kube_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/fake/kube"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// policy is a function as a kube.Policy.
type policy func(in disruption.Input) (*disruption.Decision, error)

func (policy) Name() string { return "test" }
func (p policy) Decide(_ context.Context, in disruption.Input) (*disruption.Decision, error) {
	return p(in)
}

func TestTheSameSimulationGivesTheSameBytes(t *testing.T) {
	run := func(seed uint64) string {
		reports, err := kube.DailyWave(8, 14*time.Hour, seed).Compare(t.Context(), kube.Never{}, &kube.Karpenter{}, kube.Kerf{})
		require.NoError(t, err)
		return kube.Table(reports...)
	}
	first := run(1)
	require.Equal(t, first, run(1))
	require.NotEqual(t, first, run(2))
	require.Contains(t, first, "karpenter")
}

func TestGivingNodesBackSavesMoney(t *testing.T) {
	reports, err := kube.DailyWave(10, 24*time.Hour, 3).Compare(t.Context(), kube.Never{}, &kube.Karpenter{}, &kube.Karpenter{SpotToSpot: true})
	require.NoError(t, err)
	never, karpenter, spot := reports[0], reports[1], reports[2]
	require.Less(t, karpenter.Dollars, never.Dollars)
	require.Less(t, spot.Dollars, never.Dollars)
	require.Greater(t, karpenter.Evictions, never.Evictions)
	require.Equal(t, 24*time.Hour, never.Span)
	for _, r := range reports {
		require.LessOrEqual(t, r.Removals, r.Launches)
		require.Zero(t, r.Unscheduled, "the night is over")
		require.LessOrEqual(t, r.Median, r.P99)
		require.LessOrEqual(t, r.P99, r.Longest)
		require.Less(t, r.Longest, 20*time.Minute)
	}
}

// Nothing that a policy makes happen exceeds a PodDisruptionBudget at any time.
func TestPoliciesKeepToBudgets(t *testing.T) {
	span := 14 * time.Hour
	s := kube.DailyWave(10, span, 5)
	s.Weather = kube.Weather{OutOfStock: 0.1} // no interruptions: machines that are lost ask nobody
	for _, p := range []kube.Policy{&kube.Karpenter{}, kube.Kerf{}} {
		t.Run(p.Name(), func(t *testing.T) {
			c := cluster(t, s.Config)
			for _, b := range s.Trace.Budgets() {
				require.NoError(t, c.AddBudget(b))
			}
			require.NoError(t, s.Trace.Play(c))
			evicted := 0
			c.Listen(func(e kube.Event) {
				if e.Kind != kube.PodEvicted {
					return
				}
				evicted++
				for _, b := range c.PodDisruptionBudgets() {
					if b.Spec.Selector.MatchLabels["app"] == e.Pod.Labels["app"] && e.Pod.Status.Phase == corev1.PodRunning {
						require.GreaterOrEqual(t, b.Status.CurrentHealthy, b.Status.DesiredHealthy, "%s has been evicted", e.Pod.Name)
					}
				}
			})
			a := kube.NewAutoscaler(t.Context(), c, p, s.Autoscaler)
			pass(c, span)
			require.NoError(t, a.Err())
			require.Positive(t, evicted)
			require.NotEmpty(t, a.History())
		})
	}
}

// town is a cluster with four pods on one machine on demand, and the command that replaces it by a spot machine.
func town(t *testing.T, config kube.Config, command func(in disruption.Input) disruption.Command) (*kube.Cluster, *kube.Autoscaler, *int) {
	t.Helper()
	c := cluster(t, config)
	asked := 0
	a := kube.NewAutoscaler(t.Context(), c, policy(func(in disruption.Input) (*disruption.Decision, error) {
		d := &disruption.Decision{}
		if len(in.Nodes) == 1 && len(in.Pods) == 0 && len(in.History) == 0 && len(in.InProgress) == 0 && c.Initialized(in.Nodes[0].Name()) {
			asked++
			d.Commands = append(d.Commands, command(in))
		}
		return d, nil
	}), kube.AutoscalerOptions{})
	workload(t, c, web(), 3)
	return c, a, &asked
}

func replace(in disruption.Input, key cloudprovider.OfferingKey) disruption.Command {
	old := in.Nodes[0]
	l := scheduling.Launch{Name: "general-1", NodePool: "general", Node: old.Node, Choices: []cloudprovider.Choice{{OfferingKey: key}}}
	return disruption.Command{ID: "replace", Reason: v1.ReasonUnderutilized, Remove: []string{old.Name()}, Replace: []scheduling.Launch{l}}
}

var four = cloudprovider.OfferingKey{InstanceType: "four", Zone: "zone-b", CapacityType: v1.CapacityTypeOnDemand}

func TestReplacementsComeFirst(t *testing.T) {
	var events []string
	c, a, asked := town(t, small(), func(in disruption.Input) disruption.Command { return replace(in, four) })
	c.Listen(func(e kube.Event) {
		if e.Pod == nil {
			events = append(events, fmt.Sprint(e.Kind, " ", e.Node))
		}
	})
	pass(c, 4*time.Minute)
	require.Len(t, a.InProgress(), 1)
	require.Equal(t, "general-00002", a.InProgress()[0].Replace[0].Name)
	pass(c, 20*time.Minute)
	require.NoError(t, a.Err())
	require.Equal(t, 1, *asked)
	require.Equal(t, []string{
		"Launched general-00001", "Registered general-00001", "Initialized general-00001",
		"Launched general-00002", "Registered general-00002", "Initialized general-00002",
		"Leaving general-00001", "Gone general-00001",
	}, events)
	require.Len(t, a.History(), 1)
	past := a.History()[0]
	require.False(t, past.Failed)
	require.Len(t, past.Moved, 3)
	require.Equal(t, "general-00001", past.Removed[0].Node)
	require.Equal(t, disruption.Bought{Node: "general-00002", NodePool: "general", OfferingKey: four}, past.Launched[0])
	require.Empty(t, c.Snapshot().Pods)
}

func TestCommandsAreUndone(t *testing.T) {
	sold := func(in disruption.Input) disruption.Command { return replace(in, four) }
	for name, tc := range map[string]struct {
		config  func(*kube.Config)
		command func(disruption.Input) disruption.Command
		left    int
	}{
		"the replacement is not in stock": {func(*kube.Config) {}, func(in disruption.Input) disruption.Command {
			return replace(in, cloudprovider.OfferingKey{InstanceType: "four", Zone: "zone-z", CapacityType: v1.CapacityTypeSpot})
		}, 1},
		"it is late": {func(c *kube.Config) {}, func(in disruption.Input) disruption.Command {
			command := sold(in)
			command.Ready = in.Now.Add(time.Second)
			return command
		}, 2},
		"it is late by default": {func(c *kube.Config) {
			c.Timing.Boot = kube.Span{Min: time.Minute, Max: time.Minute}
			c.Timing.Initialize = kube.Span{Min: 15 * time.Minute, Max: 15 * time.Minute}
		}, sold, 2},
	} {
		t.Run(name, func(t *testing.T) {
			config := small()
			tc.config(&config)
			c, a, asked := town(t, config, tc.command)
			pass(c, time.Hour)
			require.NoError(t, a.Err())
			require.Equal(t, 1, *asked)
			require.Len(t, a.History(), 1)
			require.True(t, a.History()[0].Failed)
			require.Len(t, c.Snapshot().Nodes, tc.left)
			for _, n := range c.Snapshot().Nodes {
				require.Empty(t, n.Node.Spec.Taints)
				require.Nil(t, n.Claim.DeletionTimestamp)
			}
		})
	}
}

func TestAPolicyThatFailsStopsTheSimulation(t *testing.T) {
	s := kube.DailyWave(5, time.Hour, 1)
	broken := errors.New("broken")
	_, err := s.Run(t.Context(), policy(func(disruption.Input) (*disruption.Decision, error) { return nil, broken }))
	require.ErrorIs(t, err, broken)
	_, err = s.Run(t.Context(), policy(func(disruption.Input) (*disruption.Decision, error) { return nil, nil }))
	require.ErrorContains(t, err, "no decision")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Run(ctx, kube.Never{})
	require.ErrorIs(t, err, context.Canceled)
	s.Trace.Workloads[0].MaxUnavailable = "many"
	_, err = s.Run(t.Context(), kube.Never{})
	require.ErrorContains(t, err, "PodDisruptionBudget default/service-00: spec.maxUnavailable")
	s = kube.DailyWave(5, time.Hour, 1)
	s.Budgets = []*policyv1.PodDisruptionBudget{budget(policyv1.PodDisruptionBudgetSpec{})}
	_, err = s.Run(t.Context(), kube.Never{})
	require.NoError(t, err)
}

const shop = `time,workload,replicas,change,cpu,memory,kind,run,zone,max_unavailable,per_node
0,web,10,,500m,1Gi,,,zone-a,10%,
# the morning
600,db,2,,2,8Gi,StatefulSet,,,,true
1h,web,,5,,,,,,,
1h30m,batch,,4,1,1Gi,Job,20m,,,
`

func TestTracesAreRead(t *testing.T) {
	trace, err := kube.ReadTrace(strings.NewReader(shop))
	require.NoError(t, err)
	require.Len(t, trace.Workloads, 3)
	require.Equal(t, []kube.Step{
		{Workload: 0, Replicas: 10},
		{At: 10 * time.Minute, Workload: 1, Replicas: 2},
		{At: time.Hour, Workload: 0, Replicas: 5, Relative: true},
		{At: 90 * time.Minute, Workload: 2, Replicas: 4, Relative: true},
	}, trace.Steps)
	require.Equal(t, 20*time.Minute, trace.Workloads[2].Run)
	require.Len(t, trace.Budgets(), 1)
	require.Equal(t, 90*time.Minute, trace.Length())
	s := kube.DailyWave(1, 3*time.Hour, 1)
	s.Trace = trace
	report, err := s.Run(t.Context(), kube.Never{})
	require.NoError(t, err)
	require.Equal(t, 10+2+5+4, report.Pods-report.Evictions-report.Lost)
}

func TestWrongTracesAreNamed(t *testing.T) {
	const head = "time,workload,replicas,change,cpu,kind,run,max_unavailable,min_available\n"
	for want, text := range map[string]string{
		"the file is empty":                                     "",
		"line 1: unknown column \"color\"":                      "time,workload,color\n",
		"line 1: column \"workload\" is missing":                "time,replicas\n",
		"line 1: column \"time\" is there twice":                "time,time,workload\n",
		"line 1: one of the columns replicas and change":        "time,workload,cpu\n",
		"line 2: time: \"soon\"":                                head + "soon,web,1,,1,,,,\n",
		"line 3: time: 1s comes after 2s":                       head + "2,web,1,,1,,,,\n1,web,1,,,,,,\n",
		"line 2: workload: no name":                             head + "0,,1,,1,,,,\n",
		"line 2: cpu: \"much\"":                                 head + "0,web,1,,much,,,,\n",
		"line 2: cpu, memory: nothing says":                     head + "0,web,1,,,,,,\n",
		"line 3: cpu: \"2\", and \"1\" where workload default/": head + "0,web,1,,1,,,,\n0,web,1,,2,,,,\n",
		"line 2: replicas, change: one of the two":              head + "0,web,1,1,1,,,,\n",
		"line 2: replicas: \"-1\"":                              head + "0,web,-1,,1,,,,\n",
		"line 2: change: \"x\"":                                 head + "0,web,,x,1,,,,\n",
		"line 2: kind: \"CronJob\"":                             head + "0,web,1,,1,CronJob,,,\n",
		"line 2: run: a Job needs it":                           head + "0,web,,1,1,Job,,,\n",
		"line 2: replicas: pods of a Job":                       head + "0,web,1,,1,Job,1h,,\n",
		"line 2: max_unavailable: \"x%\"":                       head + "0,web,1,,1,,,x%,\n",
		"line 2: max_unavailable, min_available":                head + "0,web,1,,1,,,1,1\n",
		"line 2: wrong number of fields":                        head + "0,web\n",
	} {
		_, err := kube.ReadTrace(strings.NewReader(text))
		require.ErrorContains(t, err, want)
	}
}

func TestWavesAndBatchesFollowTheirNumbers(t *testing.T) {
	trace := &kube.Trace{}
	w := kube.TracedWorkload{Workload: kube.Workload{Pod: fake.Pod("web")}}
	trace.AddWave(w, kube.Wave{Low: 10, High: 30, Peak: 12 * time.Hour}, 24*time.Hour, 1)
	at := map[time.Duration]int{}
	for _, step := range trace.Steps {
		at[step.At] = step.Replicas
		require.GreaterOrEqual(t, step.Replicas, 10)
		require.LessOrEqual(t, step.Replicas, 30)
	}
	require.Equal(t, 10, at[0])
	require.Less(t, trace.Length(), 24*time.Hour)
	require.Contains(t, slices.Collect(maps.Values(at)), 30)

	trace = &kube.Trace{}
	trace.AddBatch(w, kube.Batch{Pods: 3, Every: time.Hour}, 1000*time.Hour, 1)
	require.InDelta(t, 1000, len(trace.Steps), 100)
	require.Equal(t, kube.Job, trace.Workloads[0].Kind)
}
