package scenario

import (
	"time"

	"sigs.k8s.io/yaml"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// DecisionDocument is a decision about disruption for machines to read. Its JSON is a public contract: fields are added,
// never renamed, and readers skip those that they do not know. Lists are empty rather than null, and in the order of the
// decision. Instants are RFC 3339 in UTC; one that there is not is left out.
type DecisionDocument struct {
	// Now is the instant that the decision was made for.
	Now string `json:"now"`
	// Commands may all be carried out at once, in any order, or any part of them. What is worth most comes first. Pasted into
	// spec.disruption.inProgress of a Scenario they are commands that are being carried out.
	Commands []DecisionCommand `json:"commands"`
	// Kept are all other nodes, by name.
	Kept []KeptNode `json:"kept"`
	// Budgets are what the NodePools allow, by pool and reason.
	Budgets []DecisionBudget `json:"budgets"`
	// Recheck is the earliest instant at which the same facts could decide otherwise; RecheckBecause says what happens then.
	Recheck        string `json:"recheck,omitempty"`
	RecheckBecause string `json:"recheckBecause,omitempty"`
	// PricePerHour is what all nodes of known price cost now, in dollars, and AfterPerHour what they cost once the commands
	// have been carried out.
	PricePerHour float64 `json:"pricePerHour"`
	AfterPerHour float64 `json:"afterPerHour"`
	// BoundPerHour is what no set of nodes for the same pods can undercut, in dollars; absent if that is unknown.
	BoundPerHour float64 `json:"boundPerHour,omitempty"`
	// Frontier is what could be saved by disturbing so many pods.
	Frontier []FrontierPoint `json:"frontier"`
	// Explanations are those of the pods that the scenario asks about.
	Explanations []PodExplanation `json:"explanations,omitempty"`
	// Stats counts the work that was done.
	Stats DecisionStats `json:"stats"`
}

// DecisionCommand removes nodes and launches others in their place.
type DecisionCommand struct {
	// ID is the same for the same command.
	ID string `json:"id"`
	// Reason is one of Empty, Underutilized, Drifted, Expired, Unhealthy, Interrupted, Surplus; Detail is more for people.
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
	// Remove are the names of the nodes.
	Remove []string `json:"remove"`
	// Replace are the machines to launch first.
	Replace []ReplacementNode `json:"replace"`
	// Moves say where each pod that must move is expected, by pod.
	Moves []PodMove `json:"moves"`
	// Stranded are pods, as namespace/name, that have no other place.
	Stranded []string `json:"stranded"`
	// SavingsPerHour is in dollars, at the first choices; WorstSavingsPerHour at the dearest ones.
	SavingsPerHour      float64 `json:"savingsPerHour"`
	WorstSavingsPerHour float64 `json:"worstSavingsPerHour"`
	// Disruption is what it costs to disturb the pods; a plain pod counts 1.
	Disruption float64 `json:"disruption"`
	// Deadline is when the nodes will be gone whatever happens, Ready when the replacements must be there.
	Deadline string `json:"deadline,omitempty"`
	Ready    string `json:"ready,omitempty"`
}

// ReplacementNode is a node to launch in place of others.
type ReplacementNode struct {
	NewNode
	// Choices are the offerings that may be bought, in the order in which they should be tried.
	Choices []OfferingChoice `json:"choices"`
}

// OfferingChoice is an offering that may be bought, and for how many dollars per hour.
type OfferingChoice struct {
	InstanceType string `json:"instanceType"`
	Zone         string `json:"zone"`
	CapacityType string `json:"capacityType"`
	// StockKey is the name of the offering's stock; absent without one.
	StockKey string  `json:"stockKey,omitempty"`
	Price    float64 `json:"price"`
}

// PodMove is where a pod is expected.
type PodMove struct {
	// Pod is namespace/name.
	Pod string `json:"pod"`
	// Node is the name of a node, or with Launch set of one that the command launches.
	Node   string `json:"node"`
	Launch bool   `json:"launch,omitempty"`
}

// KeptNode is a node that stays.
type KeptNode struct {
	Node string `json:"node"`
	// Code is for machines; see [disruption.Code]. Detail is for people.
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
	// Until is when the reason ends by itself.
	Until string `json:"until,omitempty"`
}

// DecisionBudget is how many nodes of a NodePool may be disrupted for a reason.
type DecisionBudget struct {
	NodePool string `json:"nodePool"`
	Reason   string `json:"reason"`
	// Nodes is how many nodes count.
	Nodes int `json:"nodes"`
	// Allowed is how many of them may be disrupted at once, and Left how many more; null without a budget.
	Allowed *int `json:"allowed"`
	Left    *int `json:"left"`
	// Disrupting is how many are being disrupted or out of order, Used how many the commands take.
	Disrupting int `json:"disrupting"`
	Used       int `json:"used"`
	// Changes is when a budget opens or closes next.
	Changes string `json:"changes,omitempty"`
}

// FrontierPoint is what some of the commands come to, from the first of the reasons Empty and Underutilized.
type FrontierPoint struct {
	Commands int `json:"commands"`
	Nodes    int `json:"nodes"`
	Pods     int `json:"pods"`
	// SavingPerHour is in dollars.
	SavingPerHour float64 `json:"savingPerHour"`
}

// DecisionStats counts the work that was done.
type DecisionStats struct {
	Nodes      int `json:"nodes"`
	Candidates int `json:"candidates"`
	Evaluated  int `json:"evaluated"`
	WhatIfs    int `json:"whatIfs"`
	// DecideSeconds is the time that it took, the one field that differs between runs.
	DecideSeconds float64 `json:"decideSeconds"`
}

// DecisionDocument is the decision for machines; nil if the result is a plan.
func (r *Result) DecisionDocument() *DecisionDocument {
	in := r.Decision
	if in == nil {
		return nil
	}
	d := &DecisionDocument{
		Now:      whenKnown(r.scenario.Snapshot.Now),
		Commands: make([]DecisionCommand, 0, len(in.Commands)),
		Kept:     make([]KeptNode, 0, len(in.Kept)),
		Budgets:  make([]DecisionBudget, 0, len(in.Budgets)),
		Recheck:  whenKnown(in.Recheck), RecheckBecause: in.RecheckBecause,
		PricePerHour: in.Price, AfterPerHour: in.After, BoundPerHour: in.Bound,
		Frontier: make([]FrontierPoint, 0, len(in.Frontier)),
		Stats: DecisionStats{
			Nodes: in.Stats.Nodes, Candidates: in.Stats.Candidates, Evaluated: in.Stats.Evaluated, WhatIfs: in.Stats.WhatIfs,
			DecideSeconds: r.SolveTime.Seconds(),
		},
	}
	for i := range in.Commands {
		d.Commands = append(d.Commands, commandDocument(&in.Commands[i]))
	}
	for _, k := range in.Kept {
		d.Kept = append(d.Kept, KeptNode{Node: k.Node, Code: string(k.Code), Detail: k.Detail, Until: whenKnown(k.Until)})
	}
	for _, a := range in.Budgets {
		d.Budgets = append(d.Budgets, budgetDocument(a))
	}
	for _, p := range in.Frontier {
		d.Frontier = append(d.Frontier, FrontierPoint{Commands: p.Commands, Nodes: p.Nodes, Pods: p.Pods, SavingPerHour: p.Saving})
	}
	for _, pod := range r.scenario.Explain {
		d.Explanations = append(d.Explanations, PodExplanation{Pod: pod.String(), Text: r.fate(pod)})
	}
	return d
}

func commandDocument(c *disruption.Command) DecisionCommand {
	out := DecisionCommand{
		ID: c.ID, Reason: string(c.Reason), Detail: c.Detail,
		Remove:  append([]string{}, c.Remove...),
		Replace: make([]ReplacementNode, 0, len(c.Replace)),
		Moves:   make([]PodMove, 0, len(c.Moves)), Stranded: podNames(c.Stranded),
		SavingsPerHour: c.Savings, WorstSavingsPerHour: c.WorstSavings, Disruption: c.Disruption,
		Deadline: whenKnown(c.Deadline), Ready: whenKnown(c.Ready),
	}
	for i := range c.Replace {
		out.Replace = append(out.Replace, replacementNode(&c.Replace[i]))
	}
	for _, m := range c.Moves {
		out.Moves = append(out.Moves, PodMove{Pod: m.Pod.String(), Node: m.Node, Launch: m.Launch})
	}
	return out
}

func replacementNode(l *scheduling.Launch) ReplacementNode {
	out := ReplacementNode{NewNode: newNode(l)}
	for _, c := range l.Choices {
		out.Choices = append(out.Choices, OfferingChoice{
			InstanceType: c.InstanceType, Zone: c.Zone, CapacityType: c.CapacityType, StockKey: c.StockKey, Price: c.Price,
		})
	}
	return out
}

func budgetDocument(a disruption.Allowance) DecisionBudget {
	out := DecisionBudget{
		NodePool: a.NodePool, Reason: string(a.Reason), Nodes: a.Nodes, Disrupting: a.Disrupting, Used: a.Used, Changes: whenKnown(a.Changes),
	}
	if a.Allowed < v1.Unlimited {
		left := a.Left()
		out.Allowed, out.Left = &a.Allowed, &left
	}
	return out
}

// whenKnown is the instant as text, or empty.
func whenKnown(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// JSON is the document, indented.
func (d *DecisionDocument) JSON() ([]byte, error) { return indented(d) }

// YAML is the same document as YAML.
func (d *DecisionDocument) YAML() ([]byte, error) { return yaml.Marshal(d) }
