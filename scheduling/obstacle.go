package scheduling

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Reasons are ranked by a thought experiment: what would have to be otherwise for the pod to run? Each host, a node or a
// further machine that could be bought, has some obstacles, and each obstacle a weight, which is small for what passes
// by itself and large for what contradicts the pod's own words:
//
//   - supply (limits, stock, minValues): the machine is right, and only cannot be had today. Several of these together
//     weigh less than one of the others.
//   - room: by the share that is missing.
//   - taints: tolerations are often forgotten. A pod that lacks little room is nearer than one that lacks a toleration,
//     and one that lacks most of its room is farther.
//   - company: where other pods are keeps the pod away.
//   - place: its volumes are elsewhere, and then its own selectors say that the host is not meant.
//   - kind: the machine has none of a resource at all, so it is of another kind than the pod needs; or the pod names a
//     host, or nodes of no pool, and this is not one.
//
// A pool for which nothing is offered weighs more than a lack of some room, and less than a taint.
//
// A host is as near as its obstacles together are light, and the root cause is the reason of the nearest host. What could
// be bought goes before what exists, however near: that existing nodes are full is the usual state of affairs, and why no
// further one helps is the question. Only for pods that are tied to nodes by their names, by a volume on one, or by
// shunning pools do nodes go first, since no pool could help them. Of hosts that are equally near, the reason of most goes first.

// obstacle is one reason of a host, and what it weighs.
type obstacle struct {
	Rejection
	weight float64

	// Of a resource, until Want and Have are written.
	dim        int
	want, have int64
}

// obstacles are all reasons of a host, or of some aspect of it, and what they weigh together.
type obstacles struct {
	list   []obstacle
	weight float64
}

func (o *obstacles) add(list ...obstacle) {
	for _, one := range list {
		o.list = append(o.list, one)
		o.weight += one.weight
	}
}

// note adds reasons, each kind once.
func (o *obstacles) note(list ...Rejection) {
	for _, r := range list {
		if slices.ContainsFunc(o.list, func(other obstacle) bool { return other.Code == r.Code && other.Key == r.Key }) {
			continue
		}
		o.add(obstacle{Rejection: r, weight: weigh(r)})
	}
}

const (
	weightOfRoom    = 0.25 // and up to half of one more
	weightOfNothing = 0.3  // of a pool for which nothing is offered
	weightOfKind    = 1.5
	weightOfNames   = 2
)

// weigh is what an obstacle weighs; see above.
func weigh(r Rejection) float64 {
	switch r.Code {
	case MinValues:
		return 0.01
	case NodePoolLimit:
		return 0.02 + 0.02*shortfall(r)
	case NoAvailableOffering:
		return 0.05
	case InsufficientResource:
		return weightOfRoom + 0.5*shortfall(r)
	case UntoleratedTaint:
		return 0.4
	case TopologySpread:
		if r.Want != absentLabel {
			return 0.6 + 0.01*min(amount(r.Have)-amount(r.Want), 10)
		}
		return 0.8
	case PodAffinity, PodAntiAffinity, HostPortInUse:
		if r.Want == absentLabel {
			return 0.8
		}
		return 0.6
	case VolumeConflict:
		return 0.7
	case RequirementConflict:
		if r.Key == corev1.LabelHostname || r.Key == nodeNameKey {
			return weightOfNames
		}
		return 0.8
	case GroupIncomplete, NotSupported, Nominated, EffortExhausted:
	}
	return 1
}

// ranked is a counted reason, and how near the nearest of its hosts is.
type ranked struct {
	Rejection
	rank float64
	host hostRef // that host
}

// hostRef is an existing node, or a row.
type hostRef struct{ node, row int32 }

// grounds counts why hosts turned a pod away. A host with several reasons counts once, for the one that it shares with most
// others: what no host has is the root of the trouble, not what the smallest ones lack besides.
type grounds struct {
	groups map[string]int
	list   []alike
	name   []byte
}

// alike are hosts with the same kinds of reasons.
type alike struct {
	hosts   int
	reasons []obstacle // of the nearest
	rank    float64
	host    hostRef
}

func (t *grounds) add(o *obstacles, host hostRef) {
	t.name = t.name[:0]
	for i := range o.list {
		t.name = append(append(append(append(t.name, o.list[i].Code...), 0), o.list[i].Key...), 0)
	}
	i, known := t.groups[string(t.name)]
	if !known {
		if t.groups == nil {
			t.groups = map[string]int{}
		}
		t.groups[string(t.name)] = len(t.list)
		t.list = append(t.list, alike{hosts: 1, reasons: slices.Clone(o.list), rank: o.weight, host: host})
		return
	}
	g := &t.list[i]
	g.hosts++
	for k := range g.reasons {
		if o.list[k].weight < g.reasons[k].weight {
			g.reasons[k] = o.list[k]
		}
	}
	if o.weight < g.rank {
		g.rank, g.host = o.weight, host
	}
}

// sorted are the counted reasons, the most frequent first. The best that was found of a resource is kept.
func (t *grounds) sorted(p *Problem) []ranked {
	type kind struct {
		code Code
		key  string
	}
	frequency := map[kind]int{}
	for i := range t.list {
		for _, r := range t.list[i].reasons {
			frequency[kind{r.Code, r.Key}] += t.list[i].hosts
		}
	}
	var out []ranked
	for i := range t.list {
		g := &t.list[i]
		main := g.reasons[0]
		for _, r := range g.reasons[1:] {
			if frequency[kind{r.Code, r.Key}] > frequency[kind{main.Code, main.Key}] {
				main = r
			}
		}
		r := p.worded(main)
		r.Count = g.hosts
		out = counted(out, ranked{r, g.rank, g.host})
	}
	slices.SortStableFunc(out, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Want, b.Want))
	})
	return out
}

// counted adds the reason to the list.
func counted(list []ranked, r ranked) []ranked {
	for i := range list {
		o := &list[i]
		if o.Code != r.Code || o.Key != r.Key || o.Want != r.Want && (r.Code != NodePoolLimit || o.Have != r.Have) {
			continue
		}
		if weigh(r.Rejection) < weigh(o.Rejection) {
			o.Want, o.Have, o.Used = r.Want, r.Have, r.Used
		}
		if r.rank < o.rank {
			o.rank, o.host = r.rank, r.host
		}
		o.Count += r.Count
		return list
	}
	return append(list, r)
}

// byRank sorts reasons, the root cause first.
func byRank(list []ranked, nodesFirst bool) {
	before := func(r *ranked) int {
		if (r.Pool == "") == nodesFirst {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(before(&a), before(&b)), cmp.Compare(a.rank, b.rank), cmp.Compare(b.Count, a.Count))
	})
}

// plainly are the reasons without their ranks.
func plainly(list []ranked) []Rejection {
	out := make([]Rejection, len(list))
	for i := range list {
		out[i] = list[i].Rejection
	}
	return out
}
