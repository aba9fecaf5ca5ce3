package scheduling

import (
	"cmp"
	"context"
	"slices"
)

// When Effort does not suffice for all pods, somebody has to go without a look. Who that is changes from round to round.
//
// Most of the effort goes into filling whole nodes, which finds good plans and looks at pods in the order of their worth. A
// part of it is kept for those who are still waiting then: each kind of pod gets one step in turn, in which every host is
// asked, so that the answer is a place or the reason why there is none. Options.Round says whose turn it is. As long as
// nothing changes, n kinds are all looked at within n divided by that part rounds. Pods that are too large for every host, or
// admitted by none, take nobody's turn.

// reserve is the part of the effort that is kept for pods whose turn it is, in steps.
func (o *Options) reserve() int { return o.Effort / 4 }

// complete places pods that wait, one by one, until no more is admitted anywhere. It returns how many it placed.
func (g *settling) complete(ctx context.Context) (int, error) {
	var roots []int32
	for c, n := range g.waiting {
		switch {
		case n == 0:
		case g.meter.limit > 0 && !g.hostable(int32(c)):
			g.looked.Add(c)
		default:
			roots = append(roots, int32(c))
		}
	}
	slices.SortFunc(roots, g.p.byPriorityThenID)
	roots, inTurn := g.inTurn(roots)
	placed := 0
	for progress := true; progress; {
		progress = false
		for _, root := range roots {
			if err := ctx.Err(); err != nil {
				return placed, err
			}
			for g.waiting[root] > 0 && g.step() {
				if !g.placeOne(root) {
					g.looked.Add(int(root))
					break
				}
				placed++
				progress = true
				if inTurn {
					break // one at a time
				}
			}
		}
	}
	return placed, nil
}

// inTurn orders the roots by whose turn it is, and reports whether there are turns at all: whether the steps that are left
// may not suffice for all pods. As many roots as there are steps have theirs, and among these the highest priority goes
// first. roots are in the order of priority already.
func (g *settling) inTurn(roots []int32) ([]int32, bool) {
	n, steps := len(roots), g.meter.limit-g.meter.used
	wanted := int64(n)
	for _, root := range roots {
		wanted += g.waiting[root]
	}
	if g.meter.limit == 0 || int64(steps) >= wanted {
		return roots, false
	}
	if steps <= 0 || steps >= n {
		return roots, true
	}
	start := (g.opts.Round % n) * (steps % n) % n
	turn := slices.Concat(roots[start:], roots[:start])
	slices.SortStableFunc(turn[:steps], g.p.byPriorityThenID)
	return turn, true
}

// byPriorityThenID orders classes by priority, the highest first.
func (p *Problem) byPriorityThenID(a, b int32) int {
	return cmp.Or(cmp.Compare(p.classes[b].priority, p.classes[a].priority), cmp.Compare(a, b))
}

// hostable reports whether any host has the room for a pod of the root, other pods' wishes aside. Where none has, that is
// the answer, and it takes no step to find.
func (g *settling) hostable(root int32) bool {
	p := g.p
	for i := range p.sigs[p.classes[root].sig].nodes.All() {
		if g.nodeRoom[i].Fits(p.classes[root].demand) {
			return true
		}
	}
	if p.parts[root] == nil {
		return p.hosted(root, g.opts)
	}
	return slices.ContainsFunc(p.parts[root], func(part int32) bool { return part >= 0 && p.hosted(part, g.opts) })
}
