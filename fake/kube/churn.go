package kube

import (
	"time"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/disruption"
)

// tally is what an autoscaler counts.
type tally struct {
	plans, decisions, undone, dropped, cycles int
	commands                                  map[v1.DisruptionReason]int
	made                                      map[string]*replacement // the command that launched it, by node
	bought                                    map[string]bool         // nodes that have been bought back
}

// replacement is a command that has been carried out.
type replacement struct {
	at   time.Time
	past disruption.Past
	load float64
}

func newTally() tally {
	return tally{commands: map[v1.DisruptionReason]int{}, made: map[string]*replacement{}, bought: map[string]bool{}}
}

// cycleSpan is within which time a node must be bought back to count as a cycle.
const cycleSpan = 24 * time.Hour

// replaced takes note of a command, and counts the nodes that it buys back; see [Report.Cycles].
func (t *tally) replaced(r replacement) {
	for _, launched := range r.past.Launched {
		if t.buysBack(&r, launched) {
			t.cycles++
		}
	}
	for _, launched := range r.past.Launched {
		t.made[launched.Node] = &r
	}
}

// buysBack reports whether the node launched by the command takes the place of one that an earlier command gave up for a
// node that this one removes.
func (t *tally) buysBack(r *replacement, launched disruption.Bought) bool {
	for _, between := range r.past.Removed {
		earlier := t.made[between.Node]
		if earlier == nil || r.at.Sub(earlier.at) > cycleSpan || !alike(r.load, earlier.load) || same(between, launched) {
			continue
		}
		for _, first := range earlier.past.Removed {
			if same(first, launched) && !t.bought[first.Node] {
				t.bought[first.Node] = true
				return true
			}
		}
	}
	return false
}

// same reports whether both are of one offering and NodePool.
func same(a, b disruption.Bought) bool {
	return a.NodePool == b.NodePool && a.InstanceType == b.InstanceType && a.Zone == b.Zone && a.CapacityType == b.CapacityType
}
