package scheduling

import (
	"math"
	"slices"
	"strconv"
)

// ledger counts, host by host, what is where, and answers as the scheduler's filters would: may one more pod of a root go
// to a host, everything else staying where it is? Resources and what a host admits by itself are not its concern; the
// constraints between pods are, all of them and exactly.
type ledger struct {
	p       *Problem
	hosts   []host
	counts  [][]int64 // by track and domain; nil for tracks by host
	total   []int64   // by track
	present [][]int64 // by spread track and domain: how many included hosts it has; nil for tracks by host
	heights []heights // by spread track over hosts
}

// host is an existing node, or some launched ones that are alike in all.
type host struct {
	kind    *hostKind
	node    int32     // existing node, or -1
	row     int32     // of launched ones
	copies  int64     // how many there are
	content []portion // by root
}

// heights counts domains by how many pods they have.
type heights []int64

func (h *heights) add(height, domains int64) {
	for int64(len(*h)) <= height {
		*h = append(*h, 0)
	}
	(*h)[height] += domains
}

// least is the smallest height that a domain has, and how many domains there are.
func (h heights) least() (least, domains int64) {
	least = math.MaxInt64
	for height, n := range h {
		if domains += n; n > 0 && least == math.MaxInt64 {
			least = int64(height)
		}
	}
	return least, domains
}

// newLedger starts with the existing nodes, in their order, without any waiting pod.
func (p *Problem) newLedger() *ledger {
	t := &p.topology
	l := &ledger{
		p: p, hosts: slices.Clone(t.hosts), counts: make([][]int64, len(t.tracks)), total: make([]int64, len(t.tracks)),
		present: make([][]int64, len(t.tracks)), heights: make([]heights, len(t.tracks)),
	}
	for i := range t.census {
		c := &t.census[i]
		l.counts[i], l.present[i], l.total[i], l.heights[i] = slices.Clone(c.counts), slices.Clone(c.present), c.total, slices.Clone(c.heights)
	}
	return l
}

// clone is a ledger that can be changed while l stays.
func (l *ledger) clone() *ledger {
	out := &ledger{p: l.p, hosts: slices.Clone(l.hosts), total: slices.Clone(l.total)}
	for i := range out.hosts {
		out.hosts[i].content = slices.Clone(out.hosts[i].content)
	}
	for i := range l.counts {
		out.counts = append(out.counts, slices.Clone(l.counts[i]))
		out.present = append(out.present, slices.Clone(l.present[i]))
		out.heights = append(out.heights, slices.Clone(l.heights[i]))
	}
	return out
}

// open adds launched hosts that hold nothing but what their kind says, and returns their place in the list.
func (l *ledger) open(h host) int {
	l.hosts = append(l.hosts, h)
	at := len(l.hosts) - 1
	l.appear(at, 1)
	return at
}

// shut undoes the last open. The hosts must hold no waiting pod.
func (l *ledger) shut(at int) {
	l.appear(at, -1)
	l.hosts = l.hosts[:at]
}

// appear makes the hosts come (1) or go (-1).
func (l *ledger) appear(at int, sign int64) {
	h := &l.hosts[at]
	t := &l.p.topology
	for i, tr := range t.tracks {
		if !tr.spread || !l.includes(at, int32(i)) {
			continue
		}
		if tr.key == hostname {
			l.heights[i].add(l.holds(at, int32(i)), sign*h.copies)
		} else if d := t.cells[h.kind.cell][tr.key]; d >= 0 {
			l.present[i][d] += sign * h.copies
		}
	}
	for _, e := range h.kind.tally {
		if l.includes(at, e.track) {
			l.bump(at, e.track, sign*int64(e.count))
		}
	}
}

// includes reports whether the track counts pods on the host.
func (l *ledger) includes(at int, track int32) bool {
	return l.p.topology.includes(l.hosts[at].kind, l.hosts[at].node, track)
}

// mates are the hosts with the host's name, itself included.
func (l *ledger) mates(at int) []int {
	if node := l.hosts[at].node; node >= 0 && l.p.topology.mates[node] != nil {
		var out []int
		for _, m := range l.p.topology.mates[node] {
			out = append(out, int(m))
		}
		return out
	}
	return []int{at}
}

// holds is how many pods on one of the hosts the track counts.
func (l *ledger) holds(at int, track int32) int64 {
	h := &l.hosts[at]
	n := l.p.topology.before(h.kind, h.node, track)
	for _, part := range h.content {
		if _, counts := slices.BinarySearch(l.p.classes[part.class].topo.counted, track); counts {
			n += part.count
		}
	}
	return n
}

// named is how many pods the track counts on all hosts with the host's name.
func (l *ledger) named(at int, track int32) int64 {
	n := int64(0)
	for _, m := range l.mates(at) {
		if l.includes(m, track) {
			n += l.holds(m, track)
		}
	}
	return n
}

// bump adds n pods on each of the hosts to what the track counts in domains.
func (l *ledger) bump(at int, track int32, n int64) {
	h := &l.hosts[at]
	t := &l.p.topology
	n *= h.copies
	if key := t.tracks[track].key; key != hostname {
		d := t.cells[h.kind.cell][key]
		if d < 0 {
			return
		}
		l.counts[track][d] += n
	}
	l.total[track] += n
}

// put adds n pods of the root to each of the hosts; a negative n takes them away.
func (l *ledger) put(at int, root int32, n int64) {
	h := &l.hosts[at]
	for _, track := range l.p.classes[root].topo.counted {
		if !l.includes(at, track) {
			continue
		}
		if tr := &l.p.topology.tracks[track]; tr.spread && tr.key == hostname {
			before := l.named(at, track)
			l.heights[track].add(before, -h.copies)
			l.heights[track].add(before+n, h.copies)
		}
		l.bump(at, track, n)
	}
	i, found := slices.BinarySearchFunc(h.content, root, func(part portion, c int32) int { return int(part.class - c) })
	switch {
	case !found:
		h.content = slices.Insert(h.content, i, portion{root, n})
	case h.content[i].count+n == 0:
		h.content = slices.Delete(h.content, i, i+1)
	default:
		h.content[i].count += n
	}
}

// refuses reports whether the scheduler's filters would not let one more pod of the root onto one of the hosts.
func (l *ledger) refuses(at int, root int32) bool {
	refused := false
	l.reasons(at, root, false, func(Rejection) bool {
		refused = true
		return false
	})
	return refused
}

// needs is the kind of constraint for which the hosts must have the key.
func (l *ledger) needs(r *related, key int32) Code {
	for _, near := range r.near {
		if slices.ContainsFunc(near.tracks, func(n int32) bool { return l.p.topology.tracks[n].key == key }) {
			return PodAffinity
		}
	}
	return TopologySpread
}

// reasons yields each reason why the filters would not let a pod of the root in, until yield returns false. With self one
// that is there is left out of the account: would it be let in again?
func (l *ledger) reasons(at int, root int32, self bool, yield func(Rejection) bool) {
	cl := &l.p.classes[root]
	more := true
	l.unmet(cl.topo, at, root, self, func(r Rejection) bool {
		more = yield(r)
		return more
	})
	if !more {
		return
	}
	if bad := l.excluded(cl.ties, at, root, self); bad != nil {
		yield(*bad)
	}
}

// meets reports whether constraints, not necessarily the root's own, hold for a pod of it on the host.
func (l *ledger) meets(r *related, at int, root int32, self bool) bool {
	ok := true
	l.unmet(r, at, root, self, func(Rejection) bool {
		ok = false
		return false
	})
	return ok
}

// unmet yields the constraints that do not hold for a pod of the root on the host, until yield returns false.
func (l *ledger) unmet(r *related, at int, root int32, self bool, yield func(Rejection) bool) {
	cell := l.p.topology.cells[l.hosts[at].kind.cell]
	missing := false
	for _, key := range r.needs {
		if cell[key] < 0 {
			missing = true
			if !yield(Rejection{Code: l.needs(r, key), Key: l.p.topology.keys[key], Want: "absent"}) {
				return
			}
		}
	}
	if missing {
		return
	}
	for i := range r.spreads {
		if bad := l.skewed(at, &r.spreads[i], self); bad != nil && !yield(*bad) {
			return
		}
	}
	for i := range r.near {
		if bad := l.lonely(at, root, &r.near[i], self); bad != nil && !yield(*bad) {
			return
		}
	}
	for _, track := range r.empty {
		key := l.p.topology.tracks[track].key
		if cell[key] >= 0 && l.counts[track][cell[key]]-l.own(root, track, self) > 0 &&
			!yield(Rejection{Code: PodAntiAffinity, Key: l.p.topology.keys[key]}) {
			return
		}
	}
}

// own is what the pod itself adds to a count, if it is there.
func (l *ledger) own(root, track int32, self bool) int64 {
	if self {
		if _, counts := slices.BinarySearch(l.p.classes[root].topo.counted, track); counts {
			return 1
		}
	}
	return 0
}

// skewed holds a spread constraint against the host.
func (l *ledger) skewed(at int, check *spreadCheck, self bool) *Rejection {
	t := &l.p.topology
	tr := &t.tracks[check.track]
	mine := int64(0)
	if self && check.self == 1 && l.includes(at, check.track) {
		mine = 1
	}
	var here, least, domains int64
	if tr.key == hostname {
		here = l.named(at, check.track) - mine
		if least, domains = l.heights[check.track].least(); mine == 1 {
			least = min(least, here)
		}
	} else {
		d := t.cells[l.hosts[at].kind.cell][tr.key]
		here, least = l.counts[check.track][d]-mine, math.MaxInt64
		for other, n := range l.counts[check.track] {
			if l.present[check.track][other] > 0 {
				if domains++; other == int(d) {
					n -= mine
				}
				least = min(least, n)
			}
		}
	}
	if domains == 0 {
		return nil
	}
	if domains < int64(check.minDomains) {
		least = 0
	}
	if skew := here + int64(check.self) - least; skew > int64(check.maxSkew) {
		return &Rejection{
			Code: TopologySpread, Key: t.name(tr.key), Want: strconv.Itoa(int(check.maxSkew)), Have: strconv.FormatInt(skew, 10),
		}
	}
	return nil
}

// lonely reports that no pod is near that the root must be near.
func (l *ledger) lonely(at int, root int32, near *nearCheck, self bool) *Rejection {
	t := &l.p.topology
	first := near.first
	for _, track := range near.tracks {
		first = first && l.total[track]-l.own(root, track, self) == 0
	}
	if first {
		return nil
	}
	for _, track := range near.tracks {
		there := int64(0)
		if key := t.tracks[track].key; key == hostname {
			there = l.named(at, track)
		} else {
			there = l.counts[track][t.cells[l.hosts[at].kind.cell][key]]
		}
		if there-l.own(root, track, self) <= 0 {
			return &Rejection{Code: PodAffinity, Key: t.name(t.tracks[track].key)}
		}
	}
	return nil
}

// excluded reports a pod on the host, or on one with its name, that does not go together there with one of the root that
// has those ties.
func (l *ledger) excluded(ties podTies, at int, root int32, self bool) *Rejection {
	if ties.empty() {
		return nil
	}
	own := ties
	for _, m := range l.mates(at) {
		h := &l.hosts[m]
		if ties = own; m != at {
			ties = own.beyond(l.p.terms.local)
		}
		if ties.conflict(h.kind.ties) {
			r := l.p.terms.company(ties, h.kind.ties)
			return &r
		}
		for _, part := range h.content {
			if self && m == at && part.class == root && part.count == 1 {
				continue
			}
			if other := &l.p.classes[part.class]; ties.conflict(other.ties) {
				r := l.p.terms.company(ties, other.ties)
				return &r
			}
		}
	}
	return nil
}
