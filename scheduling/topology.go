package scheduling

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// Constraints between pods speak of domains: hosts with one value of a topology key. For keys wider than a host, all that
// matters of a host is its cell, the tuple of values that it has for all such keys. Pods with such constraints are given
// to cells first (assign.go), and then packed onto hosts of their cell like any others. What a constraint looks at is a
// number for each domain, a track: the pods there that a matcher matches, or that own an anti-affinity term.

// topology is how hosts fall into domains, and what is counted in them.
type topology struct {
	keys    []string // label keys in use, hostname apart, sorted
	domains []int32  // by key, how many values it has
	cells   []cell
	nodes   []hostKind // by existing node
	kinds   []hostKind // of rows
	kindOf  []int32    // by row
	mates   [][]int32  // by existing node: others with the same hostname

	layout *layout
	gone   []int32 // Problem.gone
	hosts  []host  // the existing nodes, as ledgers start with them

	tracks     []track
	inclusions []inclusion
	census     []census // by track
}

// cell is the domain of each key, -1 where the key is absent.
type cell []int32

// hostname is the key of tracks by host.
const hostname = -1

// track is a number that is kept for each domain of a key.
type track struct {
	key       int32 // in topology.keys, or hostname
	matcher   int32 // counts pods that match it, if not -1
	anti      int32 // counts pods that own this term, if not -1
	inclusion int32 // hosts that count, in topology.inclusions
	spread    bool  // some spread constraint looks at it, so the minimum over all domains matters
	skew      int32 // the least maxSkew of the constraints that must hold
	required  bool  // some constraint that must hold looks at it, not preferences alone
	// bound are the pods that count on each existing node before waiting pods come, whether the host is included or not;
	// those of DaemonSets that are owed one are among them. nil if there are none.
	bound []int32
}

// inclusion is a set of hosts that a spread constraint looks at: those that have the keys of all the pod's constraints
// and that its node inclusion policies admit.
type inclusion struct {
	rows, nodes bitset.Set
	whole       *inclusion // of a derived problem: the same, with the nodes that are gone
}

// hostKind is what topology sees of a host before waiting pods come to it.
type hostKind struct {
	cell int32
	ties podTies

	// Of rows; for existing nodes see inclusion.nodes and track.bound.
	included bitset.Set // of topology.inclusions
	tally    []held     // what its DaemonSet pods add to tracks
}

// includes reports whether the track counts pods on a host of the kind: the existing node, or a launched one if node is -1.
func (t *topology) includes(h *hostKind, node, track int32) bool {
	in := t.tracks[track].inclusion
	if node >= 0 {
		return t.inclusions[in].nodes.Has(int(node))
	}
	return h.included.Has(int(in))
}

// before is what the host holds of a track before waiting pods come, whether it is included or not.
func (t *topology) before(h *hostKind, node, track int32) int64 {
	if node >= 0 {
		if bound := t.tracks[track].bound; bound != nil && !slices.Contains(t.gone, node) {
			return int64(bound[node])
		}
		return 0
	}
	if i, found := slices.BinarySearchFunc(h.tally, track, func(e held, t int32) int { return int(e.track - t) }); found {
		return int64(h.tally[i].count)
	}
	return 0
}

// held is a track and what something adds to it.
type held struct {
	track int32
	count int32
}

// together reports whether the first pod decides where all others of the root must go.
func (r *related) together() bool {
	return r.aside && slices.ContainsFunc(r.near, func(n nearCheck) bool { return n.first })
}

// related is what a root has to do with other pods.
type related struct {
	constraints *constraints
	matches     bitset.Set

	counted []int32 // tracks that each of its pods adds to, on hosts that they include
	needs   []int32 // keys that its hosts must have
	spreads []spreadCheck
	near    []nearCheck
	empty   []int32 // tracks of which the host's domains must be empty
	wide    bool    // what it asks or what it adds to concerns keys wider than a host
	wished  bool    // so it does, but preferences alone are concerned
	// aside is set where only the ledger, pod by pod, can tell where the class may go.
	aside bool
}

// nearCheck asks for pods nearby: none of the tracks may be empty in the host's domain. first says that pods of the root
// are among those that the tracks count, so that one may come first, while they are empty everywhere.
type nearCheck struct {
	tracks []int32
	first  bool
}

// spreadCheck is a spread constraint over a track.
type spreadCheck struct {
	track, maxSkew, minDomains, self int32
}

// spreadsOver reports whether one of the spread constraints is over the track.
func (r *related) spreadsOver(track int32) bool {
	return slices.ContainsFunc(r.spreads, func(s spreadCheck) bool { return s.track == track })
}

// asked are the tracks that the constraints look at.
func (r *related) asked() []int32 {
	out := slices.Clone(r.empty)
	for _, s := range r.spreads {
		out = append(out, s.track)
	}
	for _, n := range r.near {
		out = append(out, n.tracks...)
	}
	return out
}

// bound reports whether other pods restrict where the class may go, exclusion from a host apart.
func (r *related) bound() bool {
	return len(r.spreads)+len(r.near)+len(r.empty)+len(r.needs) > 0
}

// topologyKeys are the keys, hostname apart, that required constraints of waiting pods use, or others' on them.
func (p *Problem) topologyKeys() []string {
	var keys []string
	add := func(key string) {
		if key != corev1.LabelHostname {
			keys = append(keys, key)
		}
	}
	for c := range p.classes {
		cl := &p.classes[c]
		if cl.unsupported != "" {
			continue
		}
		for _, s := range cl.topo.constraints.spreads {
			add(s.key)
		}
		for _, a := range cl.topo.constraints.near() {
			for _, key := range a.keys {
				add(key)
			}
		}
		for _, a := range cl.topo.constraints.avoid {
			add(a.key)
		}
		for _, w := range cl.wishes {
			w.eachKey(add)
		}
		for _, id := range cl.topo.constraints.anti {
			add(p.terms.anti[id].topologyKey)
		}
		for m := range cl.topo.matches.All() {
			for _, id := range p.terms.antiOf[m] {
				add(p.terms.anti[id].topologyKey)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// compileTopology finds cells and tracks and divides the roots that need it into parts.
func (p *Problem) compileTopology() {
	p.compileRungs()
	p.keepApart()
	p.parts = make([][]int32, len(p.classes))
	t := &p.topology
	t.keys = p.topologyKeys()
	p.compileCells()
	p.compileTracks()
	p.compileHostKinds()
	p.compileCaps()
	p.divide()
	p.settleApart()
	if p.exacting() {
		p.rowOrder = p.orderedRows()
	}
}

// orderedRows are the rows as pods that are placed one by one try them.
func (p *Problem) orderedRows() []int32 {
	if p.rowOrder != nil {
		return p.rowOrder
	}
	order := make([]int32, len(p.rows))
	for r := range order {
		order[r] = int32(r)
	}
	slices.SortFunc(order, func(a, b int32) int {
		x, y := p.pools[p.rows[a].pool].weight, p.pools[p.rows[b].pool].weight
		return cmp.Or(cmp.Compare(y, x), p.compareRows(a, b))
	})
	return order
}

// compileTracks finds what is to be counted, and what each root asks of it.
func (p *Problem) compileTracks() {
	t := &p.topology
	type trackKey struct {
		key, matcher, anti, inclusion int32
		spread                        bool
	}
	ids := map[trackKey]int32{}
	members, owners := make([][]int32, len(p.terms.matchers)), make([][]int32, len(p.terms.anti))
	id := func(tr track) int32 {
		name := trackKey{tr.key, tr.matcher, tr.anti, tr.inclusion, tr.spread}
		n, known := ids[name]
		if !known {
			n = int32(len(t.tracks))
			ids[name] = n
			tr.skew = math.MaxInt32
			t.tracks = append(t.tracks, tr)
			if tr.anti >= 0 {
				owners[tr.anti] = append(owners[tr.anti], n)
			} else {
				members[tr.matcher] = append(members[tr.matcher], n)
			}
		}
		return n
	}
	in := p.newInclusions()
	for c := range p.classes {
		cl := &p.classes[c]
		if cl.unsupported != "" {
			continue
		}
		p.relate(cl.topo, cl, in, id)
		if int(cl.root) != c {
			continue
		}
		for _, s := range cl.topo.spreads {
			t.tracks[s.track].skew = min(t.tracks[s.track].skew, s.maxSkew)
		}
		for _, n := range cl.topo.asked() {
			t.tracks[n].required = true
		}
		for i := range cl.wishes {
			if con := cl.wishes[i].constraints(); con != nil {
				cl.wishes[i].related = &related{constraints: con, matches: cl.topo.matches}
				p.relate(cl.wishes[i].related, cl, in, id)
			}
		}
	}
	for c := range p.classes {
		r := p.classes[c].topo
		r.counted = p.counted(members, owners, r.matches, r.constraints.anti)
		required := len(r.needs) > 0
		r.wide = required
		for _, n := range slices.Concat(r.counted, r.empty) {
			if t.tracks[n].key != hostname {
				r.wide, required = true, required || t.tracks[n].required
			}
		}
		r.wished = r.wide && !required
	}
	for d := range p.daemons {
		p.daemons[d].counted = p.counted(members, owners, p.daemons[d].matches, p.daemons[d].anti)
	}
	p.countBound(members, owners)
}

// relate turns constraints of the class into questions about tracks.
func (p *Problem) relate(r *related, cl *class, in *inclusions, id func(track) int32) {
	t := &p.topology
	for _, s := range r.constraints.spreads {
		key := t.key(s.key)
		if key >= 0 {
			r.needs = append(r.needs, key)
		}
		if s.matcher < 0 {
			continue
		}
		n := id(track{key: key, matcher: s.matcher, anti: -1, inclusion: in.of(cl, r.constraints.spreads, s), spread: true})
		r.spreads = append(r.spreads, spreadCheck{n, s.maxSkew, s.minDomains, count(r.matches.Has(int(s.matcher)))})
	}
	for _, a := range r.constraints.near() {
		check := nearCheck{first: r.matches.Has(int(a.matcher))}
		for _, name := range a.keys {
			key := t.key(name)
			if key >= 0 {
				r.needs = append(r.needs, key)
			}
			check.tracks = append(check.tracks, id(track{key: key, matcher: a.matcher, anti: -1}))
			r.aside = r.aside || key == hostname
		}
		slices.Sort(check.tracks)
		check.tracks = slices.Compact(check.tracks)
		r.near = append(r.near, check)
	}
	for _, a := range r.constraints.avoid {
		r.empty = append(r.empty, id(track{key: t.key(a.key), matcher: a.matcher, anti: -1}))
	}
	for _, n := range r.constraints.anti {
		if term := &p.terms.anti[n]; !term.host() {
			r.empty = append(r.empty, id(track{key: t.key(term.topologyKey), matcher: term.matcher, anti: -1}))
		}
	}
	for _, n := range p.terms.against(r.matches) {
		if r == cl.topo {
			r.empty = append(r.empty, id(track{key: t.key(p.terms.anti[n].topologyKey), matcher: -1, anti: n}))
		}
	}
	for _, list := range []*[]int32{&r.needs, &r.empty} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

func count(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// key is the position of a label key.
func (t *topology) key(name string) int32 {
	if name == corev1.LabelHostname {
		return hostname
	}
	i, _ := slices.BinarySearch(t.keys, name)
	return int32(i)
}

// name is the label key.
func (t *topology) name(key int32) string {
	if key == hostname {
		return corev1.LabelHostname
	}
	return t.keys[key]
}

// counted are the tracks that a pod adds to which matches and owns these.
func (p *Problem) counted(members, owners [][]int32, matches bitset.Set, anti []int32) []int32 {
	var out []int32
	for m := range matches.All() {
		out = append(out, members[m]...)
	}
	for _, n := range anti {
		out = append(out, owners[n]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// countBound tallies the pods on existing nodes, those of DaemonSets that are owed one included.
func (p *Problem) countBound(members, owners [][]int32) {
	if len(p.topology.tracks) == 0 {
		return
	}
	if u := p.universe; u != nil {
		for i := range p.topology.tracks {
			tr := &p.topology.tracks[i]
			if tr.anti >= 0 {
				tr.bound = u.owning[tr.anti]
			} else {
				tr.bound = u.matching[tr.matcher]
			}
		}
		return
	}
	for i := range p.nodes {
		n := &p.nodes[i]
		add := func(tracks []int32) {
			for _, track := range tracks {
				tr := &p.topology.tracks[track]
				if tr.bound == nil {
					tr.bound = make([]int32, len(p.nodes))
				}
				tr.bound[i]++
			}
		}
		for _, pod := range n.pods {
			add(p.counted(members, owners, p.terms.matchesOf(pod), p.boundAnti[pod]))
		}
		for _, d := range n.owed {
			add(p.daemons[d].counted)
		}
	}
}

func sortedTally(sums map[int32]int32) []held {
	var out []held
	for _, t := range sortedKeys(sums) {
		out = append(out, held{t, sums[t]})
	}
	return out
}

// compileHostKinds groups the rows that topology cannot tell apart, and completes what is known of nodes.
func (p *Problem) compileHostKinds() {
	t := &p.topology
	names := make([]string, len(p.overheads)) // of what their DaemonSets mean to waiting pods
	for o := range names {
		tally, ties := p.daemonTally(int32(o))
		names[o] = fmt.Sprint(tally, ties)
	}
	included := make([]bitset.Set, len(t.inclusions))
	for i := range included {
		included[i] = t.inclusions[i].rows
	}
	groups := t.layout.rowKinds.of(strings.Join(names, "\n")+"\n"+setName(included...), func() *partition {
		groups := newPartition(len(p.rows))
		for _, rows := range t.layout.byRow {
			groups.refine(rows)
		}
		byDaemons := map[string]bitset.Set{}
		for r, o := range p.overheadOf {
			name := names[o]
			if byDaemons[name] == nil {
				byDaemons[name] = bitset.New(len(p.rows))
			}
			byDaemons[name].Add(r)
		}
		for _, name := range sortedKeys(byDaemons) {
			groups.refine(byDaemons[name])
		}
		for _, rows := range included {
			groups.refine(rows)
		}
		return groups
	})
	t.kinds, t.kindOf = make([]hostKind, groups.count), groups.of
	done := make([]bool, groups.count)
	for r, g := range groups.of {
		cell := t.layout.rowCell[r]
		if done[g] {
			continue
		}
		done[g] = true
		kind := &t.kinds[g]
		kind.cell, kind.included = cell, bitset.New(len(t.inclusions))
		for i := range t.inclusions {
			if t.inclusions[i].rows.Has(r) {
				kind.included.Add(i)
			}
		}
		kind.tally, kind.ties = p.daemonTally(p.overheadOf[r])
	}
	t.census = make([]census, len(t.tracks))
	for n := range t.tracks {
		t.census[n] = p.take(int32(n))
	}
}

// daemonTally is what the DaemonSets of a set of rows add to tracks, and how they relate to other pods on the host.
func (p *Problem) daemonTally(overhead int32) ([]held, podTies) {
	sums := map[int32]int32{}
	ties := podTies{owns: bitset.New(len(p.terms.anti)), selectedBy: bitset.New(len(p.terms.anti))}
	for d := range p.overheads[overhead].daemons.All() {
		ties = ties.with(p.daemons[d].ties)
		for _, n := range p.daemons[d].counted {
			sums[n]++
		}
	}
	return sortedTally(sums), ties
}
