package disruption

import (
	"time"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Options steer [Decide]. The zero value is the production default. Where 0 means a default, a negative number means none.
type Options struct {
	// Scheduling are the options of the engine that finds places for the pods. MinValues is Strict whatever it says, and Effort,
	// Round and MaxLaunches are not used.
	Scheduling scheduling.Options
	// MinSavings is what a command must save at the least, in dollars per hour, to be worth it. 0 means 0.001.
	MinSavings float64
	// MinSavingsPercent is what a command that launches something must save at the least, in percent of what the nodes cost
	// that it removes. 0 means 1: less is not worth the risk that each replacement brings.
	MinSavingsPercent float64
	// SpotMargin is what a command must save when it replaces spot machines by spot machines, in percent, since prices of spot
	// capacity wander by about as much from one day to the next. 0 means 15.
	SpotMargin float64
	// SpotAlternatives is how many instance types the replacement of a single spot node by a spot node must be able to choose
	// from, as in Karpenter, where it is 15. 0 asks for none: SpotMargin takes its place.
	SpotAlternatives int
	// EvictionPrice is what it costs to disturb one plain pod, in dollars: what is saved within Horizon must be more than
	// that for all pods that are moved, and what replacements cost while what they replace is still there. 0 means 0.001.
	EvictionPrice float64
	// Horizon is how long a new arrangement is expected to last. A node that expires earlier lasts until then. 0 means 2 hours.
	Horizon time.Duration
	// CoolDown is how long a node that a command launched, and a pod that a command moved, are left alone by commands that
	// only save money. 0 means 10 minutes.
	CoolDown time.Duration
	// Memory is for how long a command of Input.History must not be undone: no command buys what one of them gave back in
	// exchange for what that one bought. 0 means 24 hours.
	Memory time.Duration
	// BackOff is how long the nodes of a command that failed are left alone after its first failure; it doubles with each
	// further one, up to 16 times. 0 means 5 minutes.
	BackOff time.Duration
	// MaxNodes is how many nodes one command removes at the most. 0 means 25: beyond that a command takes long to carry out
	// and fails with any of its replacements, and saves hardly more.
	MaxNodes int
	// MaxCommands is how many commands a decision has at the most. 0 means no bound.
	MaxCommands int
	// Evictions says how many pods of one PodDisruptionBudget the commands may evict.
	Evictions EvictionPolicy
	// BarePods says what becomes of pods without a controller.
	BarePods BarePodPolicy
	// BalancedThreshold is the least score of a move in NodePools with policy Balanced: the share of the pool's cost that it
	// saves over the share of the pool's disruption that it causes. 0 means 0.5, as in Karpenter.
	BalancedThreshold float64
	// ExpirationBudget and RepairBudget make the NodePools' budgets count for nodes that have expired or are broken as well,
	// as Allowance for the reasons Expired and Unhealthy. By default nothing but their own rules bounds them: all expired
	// nodes go, and nodes are repaired while at most a fifth of the pool is broken.
	ExpirationBudget, RepairBudget bool
	// RepairRate is how many broken nodes of a NodePool may be replaced at once. 0 means a fifth of the pool, rounded up.
	RepairRate int
	// Effort bounds how many times the engine is asked; 0 means no bound. Candidates that did not get a look are Kept with code
	// not-evaluated.
	Effort int
	// Round says whose turn it is when Effort does not suffice for all: count it up from one decision to the next.
	Round int
	// StartUp is how long a machine takes from its order until it takes pods, where Input.StartUp does not know. 0 means 10
	// minutes.
	StartUp time.Duration
}

// EvictionPolicy is how many pods of one PodDisruptionBudget the commands of a decision may evict.
type EvictionPolicy string

const (
	// EvictionsAtOnce lets no more pods of a budget go than it allows to be evicted at this instant, all commands and those in
	// progress together, so that no drain waits. It is the default; the empty string means the same.
	EvictionsAtOnce EvictionPolicy = "AtOnce"
	// EvictionsInTurn lets any number go as long as the budget allows one now, as in Karpenter: the drain waits for each pod to
	// be ready elsewhere before the next is evicted.
	EvictionsInTurn EvictionPolicy = "InTurn"
)

// BarePodPolicy is what becomes of pods that nothing would make anew.
type BarePodPolicy string

const (
	// BarePodsMove treats them like any other pod, as Karpenter does: they need a place, and somebody must create them there.
	// It is the default; the empty string means the same.
	BarePodsMove BarePodPolicy = "Move"
	// BarePodsStay keeps the nodes that they are on.
	BarePodsStay BarePodPolicy = "Stay"
)
