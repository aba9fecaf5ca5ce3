package scheduling

import "github.com/kerf-autoscaler/kerf/cloudprovider"

// Options steer [Solve]. The zero value is the production default.
type Options struct {
	// MinValues says what to do when a NodePool asks for more flexibility than its instance types have.
	MinValues MinValuesPolicy
	// Preferences says whether soft constraints are honoured: preferred node affinity, preferred pod affinity and
	// anti-affinity, topology spread with ScheduleAnyway, and taints with effect PreferNoSchedule.
	Preferences PreferencePolicy
	// Reserved says what becomes of a pod that could run on reserved capacity when the plan has used it up.
	Reserved ReservedPolicy
	// Effort bounds the work of the solver in steps (one step is one node filled once). It is the only bound on work
	// inside the engine, so that a slow machine gives the same plan. 0 means no bound. Pods that did not get a look
	// are Unplaced with code EffortExhausted, and Plan.Truncated is set.
	Effort int
	// Round says whose turn it is when Effort does not suffice for all: count it up from one plan for a cluster to the
	// next, and no kind of pods waits for a look for ever. With enough effort it changes nothing. An Effort below 4 is
	// too little to take turns.
	Round int
	// Workers is how many goroutines may work at once; 0 means as many as there are processors. It never changes the
	// plan.
	Workers int
	// MaxLaunches bounds how many nodes one plan launches; 0 means no bound.
	MaxLaunches int
	// MaxPrice bounds what the launches of one plan cost together, in dollars per hour; 0 means no bound.
	MaxPrice float64
	// MinAlternatives asks that each launch could be bought as at least so many instance types of about one price, so that
	// there is somewhere to turn when one is sold out or taken back: types that hold all of the launch's pods, are among
	// its Choices, and whose prices are within WithinPercent of the least of them. The launch is still bought as the
	// cheapest type that holds its pods, which is one of them, or cheaper than all of them by at most WithinPercent. Nodes
	// are filled to the room that such types have in common, and may be dearer for it; Plan.Flexibility says by how much.
	// 0 asks for nothing.
	//
	// It is a wish: no pod is left out for it, and while plans are compared, a launch that has fewer alternatives counts as
	// WithinPercent dearer. If it is the better one for all that, or there are no such types, it is bought and says so in
	// ShortOfAlternatives. The weight of NodePools and their minValues come first. Launches on reserved capacity need no
	// alternatives.
	//
	// Solving takes more than twice as long, since a plan without it is made for comparison. Effort bounds each of the two.
	MinAlternatives int
	// WithinPercent is how far the prices of alternatives may be above the least of them, in percent; 0 means 25.
	WithinPercent float64
	// MaxPodsShare bounds what is lost with one node: no launch holds more than this share of all pods that wait
	// (Stats.Pods), rounded down, but may always hold one. DaemonSets do not count, and existing nodes take what they can
	// hold. Pods that could only be placed against it are left out. 0, or 1, is no bound.
	MaxPodsShare float64
	// Draft asks for the first plan instead of the cheapest that can be found: one attempt, nothing taken apart again, and no
	// bound (Plan.Bound is 0). It places the same pods by the same rules, in a small part of the time, for a few percent more.
	// It is for what-ifs, of which only the best are then planned for good.
	Draft bool
	// Trace receives what happens inside; nil means nobody listens.
	Trace *Trace
}

// withinPercent is what WithinPercent is when it is 0.
const withinPercent = 25

// MinValuesPolicy is what happens when the instance types that could host a launch have fewer distinct values of a key
// than the NodePool's minValues asks for.
type MinValuesPolicy string

const (
	// MinValuesStrict leaves the pods out. It is the default; the empty string means the same.
	MinValuesStrict MinValuesPolicy = "Strict"
	// MinValuesBestEffort launches with as many values as there are, and says so in Launch.RelaxedMinValues.
	MinValuesBestEffort MinValuesPolicy = "BestEffort"
)

// ReservedPolicy is what becomes of pods that reserved capacity (offerings of capacity type reserved) could host.
type ReservedPolicy string

const (
	// ReservedFallback buys whatever is cheapest, as for any other pod: reserved capacity while its stock lasts and is
	// worth its price, and something else for the pods after that. It is the default; the empty string means the same.
	ReservedFallback ReservedPolicy = "Fallback"
	// ReservedStrict uses reserved capacity for such pods and buys nothing else, whatever it costs. When the stock is
	// used up by the plan itself, the pods that are left are NotEvaluated with code NoAvailableOffering: the next round
	// sees what the cloud has made of the plan. Reserved capacity that is sold out from the start holds no pod back. Room
	// on nodes that exist, or are on their way, is used as ever.
	ReservedStrict ReservedPolicy = "Strict"
)

// PreferencePolicy is how much soft constraints count.
type PreferencePolicy string

const (
	// PreferencesRespect buys for each pod a node that keeps its preferences, the heaviest longest, even where another
	// would be cheaper, as long as that costs no pod its place. What is given up is in Plan.Forgone. Room on nodes that
	// exist, or are on their way, is used whatever pods prefer: the scheduler would bind them there at once. It is the
	// default; the empty string means the same.
	PreferencesRespect PreferencePolicy = "Respect"
	// PreferencesIgnore plans as if soft constraints were not written, and reports none as given up.
	PreferencesIgnore PreferencePolicy = "Ignore"
)

// Trace is a set of hooks, in the manner of net/http/httptrace. Any may be nil. They are called from the goroutine that
// solves, in an order that depends on the input alone.
type Trace struct {
	// Attempt is called after each attempt at a plan: how it went about it, what its launches cost in dollars per
	// hour, and how many pods it left out. The best attempt becomes the plan.
	Attempt func(strategy string, price float64, unplaced int)
	// Columns is called each time that column generation has covered what an attempt still had to place: how many kinds of
	// pods, how many contents of nodes it made, what its solution with fractions of nodes costs in dollars per hour, and how
	// many whole nodes of it were bought.
	Columns func(shapes, contents int, price float64, bought int)
	// Pattern is called for each kind of node in the finished plan: where it is bought, how many nodes of the kind,
	// and how many pods on each.
	Pattern func(pool string, offering cloudprovider.OfferingKey, nodes, pods int)
}
