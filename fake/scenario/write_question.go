package scenario

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// document is the Scenario document of the scenario.
func (s *Scenario) document() *v1alpha1.Scenario {
	out := &v1alpha1.Scenario{}
	spec, o := &out.Spec, &s.Options
	spec.Now, spec.Decide, spec.Expect, spec.ExpectError = metav1.NewTime(s.Snapshot.Now.UTC()), s.Decide, s.Expect, s.ExpectError
	spec.Options = v1alpha1.ScenarioOptions{
		Preferences: string(o.Preferences), MinValues: string(o.MinValues), Reserved: string(o.Reserved),
		Effort: o.Effort, Round: o.Round, MaxLaunches: o.MaxLaunches, MaxPrice: o.MaxPrice,
		MinAlternatives: o.MinAlternatives, WithinPercent: o.WithinPercent, MaxPodsShare: o.MaxPodsShare,
	}
	for _, pod := range s.Explain {
		spec.Options.Explain = append(spec.Options.Explain, pod.String())
	}
	spec.SchedulerProfile = v1alpha1.ScenarioSchedulerProfile{
		SchedulerNames: s.Snapshot.Profile.SchedulerNames, DefaultConstraints: s.Snapshot.Profile.DefaultConstraints,
	}
	spec.Vocabulary = v1alpha1.ScenarioVocabulary{WellKnown: s.Snapshot.Vocabulary.WellKnown, Aliases: s.Snapshot.Vocabulary.Aliases}
	spec.Disruption = s.facts()
	return out
}

// facts is what the reader's facts are read from.
func (s *Scenario) facts() v1alpha1.ScenarioDisruption {
	in := &s.Disruption
	out := v1alpha1.ScenarioDisruption{Options: writtenOptions(&s.DisruptionOptions), Drifted: in.Drifted, Print: s.Print}
	for _, p := range in.RepairPolicies {
		out.RepairPolicies = append(out.RepairPolicies, v1alpha1.ScenarioRepairPolicy{
			Condition: string(p.Condition), Status: string(p.Status), Reason: p.Reason, Tolerate: metav1.Duration{Duration: p.Tolerate}, Action: string(p.Action),
		})
	}
	for _, n := range in.Interruptions {
		out.Interruptions = append(out.Interruptions, v1alpha1.ScenarioInterruption{
			ID: n.ID, ProviderID: n.ProviderID, Kind: string(n.Kind), Deadline: writtenTime(n.Deadline), Message: n.Message,
		})
	}
	for node, until := range in.Expected {
		if out.Expected == nil {
			out.Expected = map[string]metav1.Time{}
		}
		out.Expected[node] = writtenTime(until)
	}
	for pool, long := range in.StartUp {
		if out.StartUp == nil {
			out.StartUp = map[string]metav1.Duration{}
		}
		out.StartUp[pool] = metav1.Duration{Duration: long}
	}
	for i := range in.InProgress {
		out.InProgress = append(out.InProgress, writtenCommand(&in.InProgress[i]))
	}
	for _, p := range in.History {
		out.History = append(out.History, v1alpha1.ScenarioPast{
			Command: p.Command, At: writtenTime(p.At), Removed: writtenBought(p.Removed), Launched: writtenBought(p.Launched),
			Moved: podNames(p.Moved), Failed: p.Failed,
		})
	}
	return out
}

func writtenOptions(o *disruption.Options) v1alpha1.ScenarioDisruptionOptions {
	long := func(d time.Duration) metav1.Duration { return metav1.Duration{Duration: d} }
	return v1alpha1.ScenarioDisruptionOptions{
		MinSavings: o.MinSavings, MinSavingsPercent: o.MinSavingsPercent, SpotMargin: o.SpotMargin, SpotAlternatives: o.SpotAlternatives,
		EvictionPrice: o.EvictionPrice, Horizon: long(o.Horizon), CoolDown: long(o.CoolDown), Memory: long(o.Memory), BackOff: long(o.BackOff),
		MaxNodes: o.MaxNodes, MaxCommands: o.MaxCommands, Evictions: string(o.Evictions), BarePods: string(o.BarePods),
		BalancedThreshold: o.BalancedThreshold, ExpirationBudget: o.ExpirationBudget, RepairBudget: o.RepairBudget, RepairRate: o.RepairRate,
		Effort: o.Effort, Round: o.Round, StartUp: long(o.StartUp),
	}
}

func writtenCommand(c *disruption.Command) v1alpha1.ScenarioCommand {
	out := v1alpha1.ScenarioCommand{
		ID: c.ID, Reason: string(c.Reason), Detail: c.Detail, Remove: c.Remove, Stranded: podNames(c.Stranded),
		SavingsPerHour: c.Savings, WorstSavingsPerHour: c.WorstSavings, Disruption: c.Disruption,
		Deadline: writtenTime(c.Deadline), Ready: writtenTime(c.Ready),
	}
	for i := range c.Replace {
		out.Replace = append(out.Replace, writtenLaunch(&c.Replace[i]))
	}
	for _, m := range c.Moves {
		out.Moves = append(out.Moves, v1alpha1.ScenarioMove{Pod: m.Pod.String(), Node: m.Node, Launch: m.Launch})
	}
	return out
}

func writtenLaunch(l *scheduling.Launch) v1alpha1.ScenarioLaunch {
	out := v1alpha1.ScenarioLaunch{
		Name: l.Name, NodePool: l.NodePool, InstanceTypes: l.InstanceTypes, Node: l.Node, Pods: podNames(l.Pods), DaemonPods: podNames(l.DaemonPods),
		Alternatives: l.Alternatives, ShortOfAlternatives: l.ShortOfAlternatives,
	}
	for _, c := range l.Choices {
		out.Choices = append(out.Choices, v1alpha1.ScenarioOffering{
			InstanceType: c.InstanceType, Zone: c.Zone, CapacityType: c.CapacityType, StockKey: c.StockKey, Price: c.Price,
		})
	}
	if len(out.Choices) > 0 {
		out.Offering = out.Choices[0]
	}
	return out
}

func writtenBought(list []disruption.Bought) []v1alpha1.ScenarioBought {
	var out []v1alpha1.ScenarioBought
	for _, b := range list {
		out = append(out, v1alpha1.ScenarioBought{
			Node: b.Node, NodePool: b.NodePool, InstanceType: b.InstanceType, Zone: b.Zone, CapacityType: b.CapacityType, StockKey: b.StockKey,
		})
	}
	return out
}

func writtenTime(t time.Time) metav1.Time {
	if t.IsZero() {
		return metav1.Time{}
	}
	return metav1.NewTime(t.UTC())
}
