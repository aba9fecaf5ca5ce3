package scenario

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// PlanDocument is a plan for machines to read. Its JSON is a public contract: fields are added, never renamed, and
// readers skip those that they do not know. Lists are empty rather than null, and in the order of the plan.
type PlanDocument struct {
	// NewNodes are the launches.
	NewNodes []NewNode `json:"newNodes"`
	// ExistingNodes are the nodes, and claims in flight, that take pods, by name.
	ExistingNodes []ExistingNode `json:"existingNodes"`
	// Unscheduled are the pods left out, by name.
	Unscheduled []UnscheduledPod `json:"unscheduled"`
	// Forgone are the preferences that placed pods state and the plan does not keep, by pod, the heaviest first.
	Forgone []ForgonePreference `json:"forgone"`
	// Explanations are those of the pods that the scenario asks about.
	Explanations []PodExplanation `json:"explanations,omitempty"`
	// PricePerHour is what the new nodes cost together, in dollars.
	PricePerHour float64 `json:"pricePerHour"`
	// LowerBoundPerHour is what no plan for the same placed pods can undercut, in dollars.
	LowerBoundPerHour float64 `json:"lowerBoundPerHour"`
	// Flexibility is what alternatives for all launches came to; absent if the scenario does not ask for any.
	Flexibility *PlanFlexibility `json:"flexibility,omitempty"`
	// Stats counts the work that was done.
	Stats PlanStats `json:"stats"`
}

// NewNode is one node to launch.
type NewNode struct {
	// Name is unique in the plan and not the name of an existing node.
	Name string `json:"name"`
	// NodePool is the name of the pool.
	NodePool string `json:"nodePool"`
	// InstanceTypes are those that the node could be as well, cheapest first, the chosen one among them.
	InstanceTypes []string `json:"instanceTypes"`
	// Offering is what is bought.
	Offering PlanOffering `json:"offering"`
	// Node is the node once it is registered and initialised.
	Node PlanNode `json:"node"`
	// Pods are expected on the node, as namespace/name.
	Pods []string `json:"pods"`
	// DaemonPods are the DaemonSets that will run on it, as namespace/name.
	DaemonPods []string `json:"daemonPods"`
	// Alternatives is how many of the types are of about one price; absent if the scenario does not ask for any.
	Alternatives int `json:"alternatives,omitempty"`
	// ShortOfAlternatives is true if these are fewer than the scenario asks for.
	ShortOfAlternatives bool `json:"shortOfAlternatives,omitempty"`
}

// PlanFlexibility is what alternatives for all launches came to.
type PlanFlexibility struct {
	// MinAlternatives and WithinPercent are what was asked for.
	MinAlternatives int     `json:"minAlternatives"`
	WithinPercent   float64 `json:"withinPercent"`
	// CostPerHour is how much dearer the plan is than one without, in dollars.
	CostPerHour float64 `json:"costPerHour"`
	// Short is how many launches have fewer alternatives than asked for.
	Short int `json:"short"`
}

// PlanOffering is what is bought, and for how many dollars per hour.
type PlanOffering struct {
	InstanceType string  `json:"instanceType"`
	Zone         string  `json:"zone"`
	CapacityType string  `json:"capacityType"`
	Price        float64 `json:"price"`
}

// PlanNode is a core Node with the fields that a plan knows.
type PlanNode struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"`
	Metadata   PlanNodeMetadata `json:"metadata"`
	Spec       PlanNodeSpec     `json:"spec"`
	Status     PlanNodeStatus   `json:"status"`
}

// PlanNodeMetadata is the metadata of a [PlanNode].
type PlanNodeMetadata struct {
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// PlanNodeSpec is the spec of a [PlanNode].
type PlanNodeSpec struct {
	Taints []corev1.Taint `json:"taints,omitempty"`
}

// PlanNodeStatus is the status of a [PlanNode].
type PlanNodeStatus struct {
	Capacity    corev1.ResourceList `json:"capacity,omitempty"`
	Allocatable corev1.ResourceList `json:"allocatable"`
}

// ExistingNode is a node, or a claim in flight, that takes pods.
type ExistingNode struct {
	Name string   `json:"name"`
	Pods []string `json:"pods"`
}

// UnscheduledPod is a pod left out.
type UnscheduledPod struct {
	// Pod is namespace/name.
	Pod string `json:"pod"`
	// Verdict is infeasible or notEvaluated.
	Verdict string `json:"verdict"`
	// Message is for people.
	Message string `json:"message"`
	// Reasons are the same for machines, the most telling first.
	Reasons []PlanReason `json:"reasons"`
}

// ForgonePreference is a preference that the plan does not keep.
type ForgonePreference struct {
	// Pod is namespace/name.
	Pod string `json:"pod"`
	// Preference is for people.
	Preference string `json:"preference"`
	Weight     int32  `json:"weight"`
	// PricePerHour is what the cheapest further node would cost, in dollars, to which the pod could move and have the
	// preference kept; null if there is none to be had.
	PricePerHour *float64 `json:"pricePerHour"`
}

// PlanReason is one counted reason; see [scheduling.Rejection] for the fields.
type PlanReason struct {
	Code string `json:"code"`
	Pool string `json:"pool,omitempty"`
	Key  string `json:"key,omitempty"`
	Want string `json:"want,omitempty"`
	Have string `json:"have,omitempty"`
	Used string `json:"used,omitempty"`
	// Detail names the others that the reason is about, in words.
	Detail string `json:"detail,omitempty"`
	Count  int    `json:"count"`
}

// PodExplanation says in words what became of a pod.
type PodExplanation struct {
	// Pod is namespace/name.
	Pod  string `json:"pod"`
	Text string `json:"text"`
}

// PlanStats counts the work that was done.
type PlanStats struct {
	Pods      int  `json:"pods"`
	Classes   int  `json:"classes"`
	Offerings int  `json:"offerings"`
	Effort    int  `json:"effort"`
	Truncated bool `json:"truncated"`
	// SolveSeconds is the time that compiling and solving took, the one field that differs between runs.
	SolveSeconds float64 `json:"solveSeconds"`
}

// Document is the plan for machines; nil if the result is a decision.
func (r *Result) Document() *PlanDocument {
	p := r.Plan
	if p == nil {
		return nil
	}
	d := &PlanDocument{
		NewNodes:          make([]NewNode, 0, len(p.Launches)),
		ExistingNodes:     existingNodes(p),
		Unscheduled:       make([]UnscheduledPod, 0, len(p.Unplaced)),
		Forgone:           make([]ForgonePreference, 0, len(p.Forgone)),
		PricePerHour:      p.Price(),
		LowerBoundPerHour: p.Bound,
		Stats: PlanStats{
			Pods: p.Stats.Pods, Classes: p.Stats.Classes, Offerings: p.Stats.Offerings, Effort: p.Stats.Effort,
			Truncated: p.Truncated, SolveSeconds: r.SolveTime.Seconds(),
		},
	}
	if f := p.Flexibility; f != nil {
		d.Flexibility = &PlanFlexibility{
			MinAlternatives: f.MinAlternatives, WithinPercent: f.WithinPercent, CostPerHour: f.Cost, Short: f.Short,
		}
	}
	for i := range p.Launches {
		d.NewNodes = append(d.NewNodes, newNode(&p.Launches[i]))
	}
	for i := range p.Unplaced {
		d.Unscheduled = append(d.Unscheduled, unscheduledPod(&p.Unplaced[i]))
	}
	for i := range p.Forgone {
		d.Forgone = append(d.Forgone, forgonePreference(&p.Forgone[i]))
	}
	for _, pod := range r.scenario.Explain {
		d.Explanations = append(d.Explanations, PodExplanation{Pod: pod.String(), Text: p.Explain(pod).String()})
	}
	return d
}

func newNode(l *scheduling.Launch) NewNode {
	o := l.Offering()
	return NewNode{
		Name: l.Name, NodePool: l.NodePool, InstanceTypes: append([]string{}, l.InstanceTypes...),
		Offering: PlanOffering{InstanceType: o.InstanceType, Zone: o.Zone, CapacityType: o.CapacityType, Price: o.Price},
		Node: PlanNode{
			APIVersion: "v1", Kind: "Node",
			Metadata: PlanNodeMetadata{Name: l.Node.Name, Labels: l.Node.Labels, Annotations: l.Node.Annotations},
			Spec:     PlanNodeSpec{Taints: l.Node.Spec.Taints},
			Status:   PlanNodeStatus{Capacity: l.Node.Status.Capacity, Allocatable: l.Node.Status.Allocatable},
		},
		Pods: podNames(l.Pods), DaemonPods: podNames(l.DaemonPods),
		Alternatives: l.Alternatives, ShortOfAlternatives: l.ShortOfAlternatives,
	}
}

// existingNodes groups the assignments, which are sorted by pod, by the node that exists.
func existingNodes(p *scheduling.Plan) []ExistingNode {
	out := []ExistingNode{}
	at := map[string]int{}
	for _, a := range p.Assignments {
		if a.Launch {
			continue
		}
		i, known := at[a.Node]
		if !known {
			i = len(out)
			at[a.Node] = i
			out = append(out, ExistingNode{Name: a.Node})
		}
		out[i].Pods = append(out[i].Pods, a.Pod.String())
	}
	slices.SortFunc(out, func(a, b ExistingNode) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func unscheduledPod(u *scheduling.Unplaced) UnscheduledPod {
	out := UnscheduledPod{
		Pod: u.Pod.String(), Verdict: string(u.Verdict),
		Message: joinRejections(u.Rejections), Reasons: make([]PlanReason, 0, len(u.Rejections)),
	}
	for _, r := range u.Rejections {
		out.Reasons = append(out.Reasons, PlanReason{
			Code: string(r.Code), Pool: r.Pool, Key: r.Key, Want: r.Want, Have: r.Have, Used: r.Used, Detail: r.Detail, Count: r.Count,
		})
	}
	return out
}

// forgonePreference has no price where no node is to be had: JSON knows no infinity.
func forgonePreference(f *scheduling.Forgone) ForgonePreference {
	out := ForgonePreference{Pod: f.Pod.String(), Preference: f.Preference, Weight: f.Weight}
	if !math.IsInf(f.Price, 1) {
		out.PricePerHour = &f.Price
	}
	return out
}

func joinRejections(list []scheduling.Rejection) string {
	texts := make([]string, len(list))
	for i, r := range list {
		texts[i] = r.String()
		if r.Pool != "" {
			texts[i] = "pool " + r.Pool + ": " + texts[i]
		}
	}
	return strings.Join(texts, "; ")
}

func podNames(list []types.NamespacedName) []string {
	out := make([]string, len(list))
	for i, name := range list {
		out[i] = name.String()
	}
	return out
}

// JSON is the document, indented.
func (d *PlanDocument) JSON() ([]byte, error) { return indented(d) }

// YAML is the same document as YAML.
func (d *PlanDocument) YAML() ([]byte, error) { return yaml.Marshal(d) }

func indented(document any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(document)
	return b.Bytes(), err
}

// JSON is the result for machines, a [PlanDocument] or a [DecisionDocument], as indented JSON.
func (r *Result) JSON() ([]byte, error) {
	if r.Decision != nil {
		return r.DecisionDocument().JSON()
	}
	return r.Document().JSON()
}

// YAML is the same as YAML.
func (r *Result) YAML() ([]byte, error) {
	if r.Decision != nil {
		return r.DecisionDocument().YAML()
	}
	return r.Document().YAML()
}
