package kubeoracle

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// Check names what was asked.
type Check string

const (
	// Final is the state in which the plan has come true.
	Final Check = "final"
	// Sequence is the way there, pod by pod.
	Sequence Check = "sequence"
	// Unplaced is about pods that the plan calls infeasible.
	Unplaced Check = "unplaced"
	// Together is about groups of pods that are placed together or not at all.
	Together Check = "together"
	// Daemons is about the DaemonSets of new nodes.
	Daemons Check = "daemons"
	// Malformed is a plan that cannot be judged: it speaks of pods or nodes that are not there.
	Malformed Check = "malformed"
)

// Finding is one disagreement between the plan and the scheduler.
type Finding struct {
	Check Check
	// Pod is the pod, or the DaemonSet, in question.
	Pod types.NamespacedName
	// Node is the name of the node in question; for Unplaced it may describe one that could be bought.
	Node string
	// Plugin is the scheduler plugin that refuses; empty for Unplaced, where none does.
	Plugin string
	// Message is what the plugin says.
	Message string
	// OrderDependent is set for a violation of Final by topology spread in a plan that has a legal order: the scheduler
	// could bind the pods that way, but need not.
	OrderDependent bool
}

// String is one line.
func (f Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: pod %s on %s: %s", f.Check, f.Pod, f.Node, f.Message)
	if f.Plugin != "" {
		fmt.Fprintf(&b, " (%s)", f.Plugin)
	}
	if f.OrderDependent {
		b.WriteString(" [order dependent]")
	}
	return b.String()
}

// Kind is what findings that have one cause have in common: check and plugin.
func (f Finding) Kind() string { return string(f.Check) + " " + f.Plugin }
