package scheduling

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// Plan is what to launch and which pod is expected where. It is plain data: nothing has happened yet.
type Plan struct {
	// Launches are the machines to buy, in the order of their names' pools and numbers.
	Launches []Launch
	// Assignments say where each placed pod is expected, sorted by namespace and name of the pod.
	Assignments []Assignment
	// Unplaced are the pods left out, sorted likewise, each with its reasons.
	Unplaced []Unplaced
	// Forgone are the preferences that placed pods state and the plan does not keep, by pod, the heaviest first.
	Forgone []Forgone
	// Flexibility is what Options.MinAlternatives came to; nil if it is not set.
	Flexibility *Flexibility
	// Truncated is set when Options.Effort ran out before every pod got a look.
	Truncated bool
	// Bound is a proven lower bound in dollars per hour: no plan that places the same pods costs less.
	Bound float64
	// Stats counts the work that was done.
	Stats Stats

	problem *Problem
	final   *solver // the state that the plan was written from, for Explain
}

// Stats counts what a solve was made of. The same input gives the same counts.
type Stats struct {
	// Pods is how many pods wanted a home, Classes how many kinds of them there were.
	Pods, Classes int
	// Offerings is how many (NodePool, instance type, zone, capacity type) could be bought.
	Offerings int
	// Effort is how many steps of Options.Effort were used.
	Effort int
	// Pivots is how many steps the linear programs took that say what goes onto nodes, and Checks how often it was asked
	// whether the constraints between pods let one go to a host. Both are work that Effort does not tell.
	Pivots, Checks int
}

// Launch is one machine that the plan wants. It becomes a NodeClaim.
//
// Launches of one plan share what is the same for several of them: lists, maps and the parts of Node other than its name and
// its labels are not to be modified in place.
type Launch struct {
	// Name is unique within the plan: the NodePool's name and a number.
	Name string
	// NodePool is the name of the pool whose template the machine follows.
	NodePool string
	// Choices are the offerings that can host the launch's pods, in the order in which they should be tried. The
	// first is what the plan pays for.
	Choices []cloudprovider.Choice
	// InstanceTypes are the names of the types among the choices, cheapest first.
	InstanceTypes []string
	// Node is the node as it will look once registered and initialised, bought at the first choice: labels, taints
	// (without startup taints) and allocatable.
	Node *corev1.Node
	// Pods are expected to be bound to it, sorted.
	Pods []types.NamespacedName
	// DaemonPods are the DaemonSets (namespace and name) that will run on it, sorted.
	DaemonPods []types.NamespacedName
	// Requests is what the pods and daemon pods ask for together.
	Requests corev1.ResourceList
	// RelaxedMinValues lists the requirement keys whose minValues could not be met under MinValuesBestEffort, with
	// the number of values that there are. nil when all are met.
	RelaxedMinValues map[string]int
	// Alternatives is how many instance types of about one price are among the choices, in the sense of
	// Options.MinAlternatives; the launch's own counts if it is one of them. 0 if that option is not set.
	Alternatives int
	// ShortOfAlternatives is set when these are fewer than Options.MinAlternatives asks for.
	ShortOfAlternatives bool
}

// Flexibility is what alternatives for all launches cost.
type Flexibility struct {
	// MinAlternatives and WithinPercent are what was asked for.
	MinAlternatives int
	WithinPercent   float64
	// Cost is how much dearer the plan is than the one that was made for comparison without MinAlternatives, in dollars
	// per hour. 0 if that one places other pods.
	Cost float64
	// Short is how many launches have fewer alternatives than asked for.
	Short int
}

// Assignment is where a pod is expected to run.
type Assignment struct {
	// Pod is the pod's namespace and name.
	Pod types.NamespacedName
	// Node is the name of an existing node, of an in-flight NodeClaim, or of a launch of the same plan.
	Node string
	// Launch is true when Node names a launch.
	Launch bool
}

// Verdict tells a pod that cannot be placed from one that was not looked at.
type Verdict string

const (
	// Infeasible means that there is no way to place the pod: limits and stock included.
	Infeasible Verdict = "infeasible"
	// NotEvaluated means that there is no answer: the pod uses something not supported, the effort ran out, the pod was
	// left for the next round under ReservedStrict, or the scheduler has found it a node already.
	NotEvaluated Verdict = "notEvaluated"
)

// Unplaced is a pod left out.
type Unplaced struct {
	// Pod is the pod's namespace and name.
	Pod types.NamespacedName
	// Verdict says whether more capacity of a kind the NodePools admit could not help (Infeasible) or nobody knows.
	Verdict Verdict
	// Rejections are the counted reasons, most telling first. Never empty.
	Rejections []Rejection
}

// Rejection is one counted reason why a pod was turned away.
type Rejection struct {
	// Code is the class of the reason; it tells whether retrying, buying or evicting can help.
	Code Code
	// Pool is the NodePool whose instance types gave the reason; empty when it was existing nodes, or the pod itself.
	Pool string
	// Key is what the reason is about: a resource, a label, a taint, a field of the pod.
	Key string
	// Want is what the pod asks for, Have the best that was found; either may be empty. For a NodePoolLimit Want is
	// what the pool would have with one more node, Have the limit, and Used what it has.
	Want, Have, Used string
	// Detail names the others where the reason is about them: how many pods each domain has for a TopologySpread, where the
	// wanted pods are for a PodAffinity, one that excludes the pod for a PodAntiAffinity or HostPortInUse, a member without
	// a place for GroupIncomplete. For a NoAvailableOffering it is all zones in which the type would do. For people; empty if there is nothing to name.
	Detail string
	// Count is how many nodes, or offered instance types of the pool, gave this reason first.
	Count int
}

// Price is what the launches cost together at their first choice, in dollars per hour.
func (p *Plan) Price() float64 {
	total := 0.0
	for i := range p.Launches {
		total += p.Launches[i].Price()
	}
	return total
}

// Offering is the launch's first choice: what the plan pays for.
func (l *Launch) Offering() cloudprovider.Choice { return l.Choices[0] }

// Price is what the launch costs at its first choice, in dollars per hour.
func (l *Launch) Price() float64 { return l.Choices[0].Price }
