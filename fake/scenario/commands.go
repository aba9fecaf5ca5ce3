package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// reasons are those of commands.
func reasons() []string {
	return []string{
		string(v1.ReasonEmpty), string(v1.ReasonUnderutilized), string(v1.ReasonDrifted), string(disruption.ReasonExpired),
		string(disruption.ReasonUnhealthy), string(disruption.ReasonInterrupted), string(disruption.ReasonSurplus),
	}
}

// inProgress reads commands that are being carried out. Their nodes need not exist any more, nor their launches yet.
func (f *facts) inProgress(out *disruption.Input) {
	ids, removed := map[string]bool{}, map[string]bool{}
	for i := range f.in.InProgress {
		in, path := &f.in.InProgress[i], fmt.Sprintf("inProgress[%d].", i)
		c := disruption.Command{
			ID: in.ID, Reason: v1.DisruptionReason(in.Reason), Detail: in.Detail,
			Remove: slices.Clone(in.Remove), Stranded: f.pods(path+"stranded", in.Stranded),
			Savings: in.SavingsPerHour, WorstSavings: in.WorstSavingsPerHour, Disruption: in.Disruption,
			Deadline: in.Deadline.Time, Ready: in.Ready.Time,
		}
		if c.ID == "" {
			c.ID = fmt.Sprintf("in-progress-%d", i+1)
		}
		if ids[c.ID] {
			f.bad(path+"id", "%s is there twice", c.ID)
		}
		ids[c.ID] = true
		f.choice(path+"reason", in.Reason, true, reasons()...)
		if len(in.Remove) == 0 {
			f.bad(path+"remove", "must not be empty")
		}
		for j, node := range in.Remove {
			at := fmt.Sprintf("%sremove[%d]", path, j)
			if f.required(at, node) && removed[node] {
				f.bad(at, "%s is removed already", node)
			}
			removed[node] = true
		}
		slices.Sort(c.Remove)
		for j := range in.Replace {
			c.Replace = append(c.Replace, f.launch(fmt.Sprintf("%sreplace[%d].", path, j), &in.Replace[j]))
		}
		c.Moves = f.moves(path, in)
		out.InProgress = append(out.InProgress, c)
	}
}

func (f *facts) moves(path string, in *v1alpha1.ScenarioCommand) []scheduling.Assignment {
	var out []scheduling.Assignment
	launches := map[string]bool{}
	for i := range in.Replace {
		launches[in.Replace[i].Name] = true
	}
	for i, m := range in.Moves {
		at := fmt.Sprintf("%smoves[%d].", path, i)
		f.required(at+"pod", m.Pod)
		if f.required(at+"node", m.Node) && m.Launch && !launches[m.Node] {
			f.bad(at+"node", "the command does not launch %q", m.Node)
		}
		out = append(out, scheduling.Assignment{Pod: PodName(m.Pod), Node: m.Node, Launch: m.Launch})
	}
	slices.SortFunc(out, func(a, b scheduling.Assignment) int { return compareNames(a.Pod, b.Pod) })
	return out
}

// launch reads a replacement. What nothing is said of is left out of its Node.
func (f *facts) launch(path string, in *v1alpha1.ScenarioLaunch) scheduling.Launch {
	f.required(path+"name", in.Name)
	if f.required(path+"nodePool", in.NodePool) && !f.nodePools[in.NodePool] {
		f.bad(path+"nodePool", "no document declares NodePool %q", in.NodePool)
	}
	o := &in.Offering
	l := scheduling.Launch{
		Name: in.Name, NodePool: in.NodePool, Choices: []cloudprovider.Choice{f.offering(path+"offering.", o)},
		InstanceTypes: in.InstanceTypes, Pods: f.pods(path+"pods", in.Pods), DaemonPods: f.pods(path+"daemonPods", in.DaemonPods),
		Alternatives: in.Alternatives, ShortOfAlternatives: in.ShortOfAlternatives,
	}
	if len(in.Choices) > 0 {
		l.Choices = nil
	}
	for i := range in.Choices {
		l.Choices = append(l.Choices, f.offering(fmt.Sprintf("%schoices[%d].", path, i), &in.Choices[i]))
	}
	if len(l.InstanceTypes) == 0 {
		l.InstanceTypes = []string{o.InstanceType}
	}
	if l.Node = in.Node; l.Node == nil {
		l.Node = &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: in.Name, Labels: map[string]string{
			v1.NodePoolLabelKey: in.NodePool, corev1.LabelInstanceTypeStable: o.InstanceType, corev1.LabelTopologyZone: o.Zone,
			v1.CapacityTypeLabelKey: o.CapacityType, corev1.LabelHostname: in.Name,
		}}}
	}
	return l
}

func (f *facts) offering(path string, o *v1alpha1.ScenarioOffering) cloudprovider.Choice {
	f.required(path+"instanceType", o.InstanceType)
	f.required(path+"zone", o.Zone)
	f.required(path+"capacityType", o.CapacityType)
	if o.Price < 0 {
		f.bad(path+"price", "must not be negative, is %v", o.Price)
	}
	return cloudprovider.Choice{
		OfferingKey: cloudprovider.OfferingKey{InstanceType: o.InstanceType, Zone: o.Zone, CapacityType: o.CapacityType, StockKey: o.StockKey},
		Price:       o.Price,
	}
}

func (f *facts) history(out *disruption.Input, now time.Time) {
	for i := range f.in.History {
		in, path := &f.in.History[i], fmt.Sprintf("history[%d].", i)
		p := disruption.Past{
			Command: in.Command, At: in.At.Time, Failed: in.Failed, Moved: f.pods(path+"moved", in.Moved),
			Removed: f.bought(path+"removed", in.Removed), Launched: f.bought(path+"launched", in.Launched),
		}
		if p.Command == "" {
			p.Command = fmt.Sprintf("past-%d", i+1)
		}
		switch {
		case p.At.IsZero():
			f.bad(path+"at", "must be the instant at which the last node was gone")
		case p.At.After(now):
			f.bad(path+"at", "must not be after spec.now, is %s", p.At.UTC().Format(time.RFC3339))
		}
		out.History = append(out.History, p)
	}
}

func (f *facts) bought(path string, list []v1alpha1.ScenarioBought) []disruption.Bought {
	var out []disruption.Bought
	for i, b := range list {
		at := fmt.Sprintf("%s[%d].", path, i)
		f.required(at+"node", b.Node)
		f.required(at+"nodePool", b.NodePool)
		f.required(at+"instanceType", b.InstanceType)
		f.required(at+"zone", b.Zone)
		f.required(at+"capacityType", b.CapacityType)
		out = append(out, disruption.Bought{Node: b.Node, NodePool: b.NodePool, OfferingKey: cloudprovider.OfferingKey{
			InstanceType: b.InstanceType, Zone: b.Zone, CapacityType: b.CapacityType, StockKey: b.StockKey,
		}})
	}
	return out
}

// pods reads names of pods, and sorts them.
func (f *facts) pods(path string, names []string) []types.NamespacedName {
	var out []types.NamespacedName
	for i, name := range names {
		f.required(fmt.Sprintf("%s[%d]", path, i), name)
		out = append(out, PodName(name))
	}
	slices.SortFunc(out, compareNames)
	return out
}

func compareNames(a, b types.NamespacedName) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
}
