package scheduling

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Groups are placed together or not at all. A group's topology key is affinity of each member to the others. The rest is
// done from outside: a plan is made as if members were single pods; the group that comes out least complete is left out,
// and the others are planned again without it. What is left out at the end gets a last chance in the room that remains.

// checkGroups finds groups that cannot be told apart, and pods in two of them.
func checkGroups(f *findings, s *Snapshot) {
	names := map[string]bool{}
	waiting := make(map[types.NamespacedName]bool, len(s.Pods))
	if len(s.Groups) > 0 {
		for _, pod := range s.Pods {
			if pod != nil {
				waiting[podName(pod)] = true
			}
		}
	}
	member := map[types.NamespacedName]string{}
	for i := range s.Groups {
		g := &s.Groups[i]
		path := fmt.Sprintf("Groups[%s]", g.Name)
		if g.Name == "" {
			path = fmt.Sprintf("Groups[%d]", i)
			f.add(path+".Name", "must not be empty")
		} else if names[g.Name] {
			f.add(path, "occurs twice")
		}
		names[g.Name] = true
		if g.MinCount < 0 {
			f.add(path+".MinCount", "must not be negative, is %d", g.MinCount)
		}
		for _, pod := range g.Pods {
			if other, taken := member[pod]; taken && other != g.Name && waiting[pod] {
				f.add(fmt.Sprintf("%s.Pods[%s]", path, pod), "is in group %s as well", other)
			}
			member[pod] = g.Name
		}
	}
}

// setGroups says which pods are in which group.
func (t *terms) setGroups(groups []Group) {
	t.groups, t.keyed = map[types.NamespacedName]int32{}, make([]string, len(groups)+1)
	for i := range groups {
		t.keyed[i+1] = groups[i].TopologyKey
		for _, pod := range groups[i].Pods {
			t.groups[pod] = int32(i) + 1
		}
	}
}

// addGroup notes that the pod must be near the other members of its group; nil if it need not.
func (t *terms) addGroup(x printer, pod *corev1.Pod) *affinity {
	g := t.groups[podName(pod)]
	if g == 0 || t.keyed[g] == "" {
		return nil
	}
	return &affinity{keys: []string{t.keyed[g]}, matcher: t.matcher(x, matcher{group: g})}
}

// quorums are, by group, how many members must be placed if any is.
func (p *Problem) quorums() []int64 {
	waiting := make([]int64, len(p.snapshot.Groups)+1)
	for c := range p.classes {
		cl := &p.classes[c]
		waiting[cl.group] += int64(cl.planned())
	}
	for i := range p.snapshot.Groups {
		if n := p.snapshot.Groups[i].MinCount; n > 0 {
			waiting[i+1] = int64(n)
		}
	}
	return waiting
}

// leftOut are groups that a plan does without.
type leftOut map[int32]shortOf

// shortOf is what is known of a group that is left out.
type shortOf struct {
	placed int64 // how many of its members had found a place
	// member is a root of which a pod had no place when all others had theirs, and why is the reason; nil if nobody knows.
	member int32
	why    *diagnosis
}

// leavesOut reports whether the class is of a group that is left out.
func (s *solver) leavesOut(cl *class) bool {
	_, out := s.out[cl.group]
	return out
}

// incomplete are the groups of which some members are placed but too few: those of the lowest priority first, then those
// that are farthest from complete.
func (s *solver) incomplete() []int32 {
	if len(s.p.snapshot.Groups) == 0 {
		return nil
	}
	quorums, members := s.p.quorums(), s.membersPlaced()
	priority := make([]int32, len(quorums))
	for c := range s.p.classes {
		cl := &s.p.classes[c]
		priority[cl.group] = max(priority[cl.group], cl.priority)
	}
	share := func(g int32) float64 { return float64(members[g]) / float64(quorums[g]) }
	var out []int32
	for g := int32(1); int(g) < len(members); g++ {
		if members[g] > 0 && members[g] < quorums[g] {
			out = append(out, g)
		}
	}
	slices.SortStableFunc(out, func(a, b int32) int {
		return cmp.Or(cmp.Compare(priority[a], priority[b]), cmp.Compare(share(a), share(b)))
	})
	return out
}

// membersPlaced is how many members of each group have a place.
func (s *solver) membersPlaced() []int64 {
	out := make([]int64, len(s.p.snapshot.Groups)+1)
	for c, n := range s.placed() {
		out[s.p.classes[c].group] += n
	}
	return out
}

// dropGroups adds groups to those that are left out, the worst half of the incomplete ones, and reports whether there
// were any.
func (s *solver) dropGroups(out leftOut) bool {
	list := s.incomplete()
	if len(list) == 0 || s.stopped || s.hurried {
		return false
	}
	members := s.membersPlaced()
	for _, g := range list[:(len(list)+1)/2] {
		out[g] = shortOf{placed: members[g]}
	}
	return true
}

// readmit tries to place the members of the groups that were left out in what room there is, group by group. Groups that
// the effort does not suffice for are left out as well.
func (s *solver) readmit(ctx context.Context) error {
	for _, g := range sortedKeys(s.out) {
		before, ledger, held := s.save(), s.ledger, s.out[g]
		delete(s.out, g)
		s.wait(g)
		if err := s.settle(ctx); err != nil {
			return err
		}
		members := s.membersPlaced()
		if members[g] == 0 || len(s.incomplete()) > 0 {
			held.placed = max(held.placed, members[g])
			held.member, held.why = s.obstructed(g)
			s.restore(before)
			s.ledger = ledger
			s.out[g] = held
		}
	}
	stopped := s.stopped
	for list := s.incomplete(); len(list) > 0; list = s.incomplete() {
		for _, g := range list {
			held := shortOf{placed: s.membersPlaced()[g]}
			held.member, held.why = s.obstructed(g)
			s.out[g] = held
			s.takeOff(g)
			stopped = stopped || s.hurried // with more effort it might be complete
		}
		if err := s.settle(ctx); err != nil { // others may have come for their sake
			return err
		}
	}
	s.stopped = s.stopped || stopped
	return nil
}

// takeOff takes the members of a group off all nodes, and none of them waits any more.
func (s *solver) takeOff(g int32) {
	for c := range s.p.classes {
		if s.p.classes[c].group == g {
			s.remaining[c], s.waiting[c] = 0, 0
		}
	}
	for i := range s.onNodes {
		for _, part := range slices.Clone(s.onNodes[i]) {
			if cl := &s.p.classes[part.class]; cl.group == g {
				s.onNodes[i] = portions(s.onNodes[i], part.class, -part.count)
				s.occupy(i, part.class, -part.count)
			}
		}
	}
	for i := range s.patterns {
		pt := &s.patterns[i]
		pt.become(pt.row, slices.DeleteFunc(slices.Clone(pt.content), func(part portion) bool {
			return s.p.classes[part.class].group == g
		}))
	}
	s.dropEmpty()
}

// wait lets the members of a group wait for a place.
func (s *solver) wait(g int32) {
	for c := range s.p.classes {
		if cl := &s.p.classes[c]; cl.group == g && cl.unsupported == "" {
			s.waiting[c] = int64(cl.planned())
		}
	}
}

// obstructed finds a root of the group of which a pod has no place, and why; nil if there is none, or only the effort kept
// it out.
func (s *solver) obstructed(g int32) (int32, *diagnosis) {
	for c := range s.p.classes {
		cl := &s.p.classes[c]
		if cl.group != g || int(cl.root) != c || s.remaining[c] == 0 || cl.unsupported != "" {
			continue
		}
		if d := s.scene(s.ledger).diagnose(int32(c)); !d.fits && !s.stopped && len(d.all) > 0 {
			return int32(c), &d
		}
	}
	return -1, nil
}

// groupReasons are why the members of a group that is left out are: that it is incomplete, and then why a member of it
// has no place.
func (s *solver) groupReasons(g int32) []Rejection {
	held := s.out[g]
	out := []Rejection{{
		Code: GroupIncomplete, Key: s.p.snapshot.Groups[g-1].Name, Count: 1,
		Want: strconv.FormatInt(s.p.quorums()[g], 10), Have: strconv.FormatInt(held.placed, 10),
	}}
	if held.why != nil {
		out[0].Detail = fmt.Sprintf("%s: %s", s.lastOf(held.member), held.why.all[0])
		out = append(out, held.why.all...)
	}
	return out
}

// lastOf is the pod of a root that gets a place last.
func (s *solver) lastOf(root int32) types.NamespacedName {
	pods := s.p.classes[root].pods
	return podName(s.p.pods[pods[len(pods)-1]])
}
