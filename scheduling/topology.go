package scheduling

import (
	"cmp"
	"encoding/binary"
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

	tracks     []track
	inclusions []inclusion
	census     []census // by track
	hosts      []host   // the existing nodes, as ledgers start with them
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
type inclusion struct{ rows, nodes bitset.Set }

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
		if bound := t.tracks[track].bound; bound != nil {
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

// compileCells finds the cells of rows and nodes.
func (p *Problem) compileCells() {
	t := &p.topology
	t.domains, t.nodes, t.kindOf = make([]int32, len(t.keys)), make([]hostKind, len(p.nodes)), make([]int32, len(p.rows))
	if len(t.keys) == 0 { // then there is one cell for all
		t.cells = []cell{{}}
		return
	}
	rows, nodes := make([]cell, len(p.rows)), make([]cell, len(p.nodes))
	for i := range rows {
		rows[i] = make(cell, len(t.keys))
	}
	for i := range nodes {
		nodes[i] = make(cell, len(t.keys))
	}
	for k, key := range t.keys {
		ids := map[string]int32{}
		note := func(of *column, into []cell) {
			for i, id := range of.ids {
				if into[i][k] = -1; id >= 0 {
					into[i][k] = ids[of.values[id]]
				}
			}
		}
		ofNodes, ofRows := p.nodePlaces.column(key), p.rowPlaces.column(key)
		for _, value := range slices.Concat(ofNodes.values, ofRows.values) {
			if _, known := ids[value]; !known {
				ids[value] = int32(len(ids))
			}
		}
		note(ofNodes, nodes)
		note(ofRows, rows)
		t.domains[k] = int32(len(ids))
	}
	seen := map[string]int32{}
	name := []byte{}
	number := func(c cell) int32 {
		name = name[:0]
		for _, d := range c {
			name = binary.LittleEndian.AppendUint32(name, uint32(d))
		}
		id, known := seen[string(name)]
		if !known {
			id = int32(len(t.cells))
			seen[string(name)] = id
			t.cells = append(t.cells, c)
		}
		return id
	}
	for i := range nodes {
		t.nodes[i].cell = number(nodes[i])
	}
	for i := range rows {
		t.kindOf[i] = number(rows[i]) // the cell, until kinds are known
	}
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

// inclusions finds the hosts that spread constraints look at, one set for all that agree.
type inclusions struct {
	p     *Problem
	bySig map[string]int32
	bySet map[string]int32
}

// newInclusions starts with the set of all hosts.
func (p *Problem) newInclusions() *inclusions {
	in := &inclusions{p: p, bySig: map[string]int32{}, bySet: map[string]int32{}}
	rows, nodes := bitset.New(len(p.rows)), bitset.New(len(p.nodes))
	rows.Fill(len(p.rows))
	nodes.Fill(len(p.nodes))
	in.number(inclusion{rows, nodes})
	return in
}

func (in *inclusions) number(i inclusion) int32 {
	name := fmt.Sprint(i.rows, i.nodes)
	id, known := in.bySet[name]
	if !known {
		id = int32(len(in.p.topology.inclusions))
		in.bySet[name] = id
		in.p.topology.inclusions = append(in.p.topology.inclusions, i)
	}
	return id
}

// of are the hosts that a constraint of the class looks at, one of several.
func (in *inclusions) of(cl *class, all []spread, s spread) int32 {
	p := in.p
	sig := p.classes[cl.root].sig
	var keys []string
	for _, other := range all {
		if other.key != corev1.LabelHostname {
			keys = append(keys, other.key)
		}
	}
	name := fmt.Sprint(sig, s.affinity, s.taints, strings.Join(keys, ","))
	id, known := in.bySig[name]
	if known {
		return id
	}
	spec := &p.sigs[sig].pod.Spec
	out := inclusion{p.topology.inclusions[0].rows.Clone(), p.topology.inclusions[0].nodes.Clone()}
	if s.affinity {
		out.rows.And(p.rowPlaces.admittedBy(spec))
		out.nodes.And(p.nodePlaces.admittedBy(spec))
	}
	if s.taints {
		p.rejectByPoolTaints(out.rows, spec.Tolerations)
		for i := range p.nodes {
			// The scheduler looks at the taints in the spec here, not at what spec.unschedulable stands for.
			if _, bad := untolerated(p.nodes[i].object.Spec.Taints, spec.Tolerations); bad {
				out.nodes.Remove(i)
			}
		}
	}
	for _, key := range keys {
		for r, id := range p.rowPlaces.column(key).ids {
			if id < 0 {
				out.rows.Remove(r)
			}
		}
		for n, id := range p.nodePlaces.column(key).ids {
			if id < 0 {
				out.nodes.Remove(n)
			}
		}
	}
	id = in.number(out)
	in.bySig[name] = id
	return id
}

// compileHostKinds groups the rows that topology cannot tell apart, and completes what is known of nodes.
func (p *Problem) compileHostKinds() {
	t := &p.topology
	groups := newPartition(len(p.rows))
	for c := range t.cells {
		groups.refine(p.rowsOf(int32(c)))
	}
	byDaemons := map[string]bitset.Set{} // rows whose DaemonSets mean the same to waiting pods
	names := make([]string, len(p.overheads))
	for o := range names {
		tally, ties := p.daemonTally(int32(o))
		names[o] = fmt.Sprint(tally, ties)
	}
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
	for i := range t.inclusions {
		groups.refine(t.inclusions[i].rows)
	}
	t.kinds = make([]hostKind, groups.count)
	done := make([]bool, groups.count)
	for r, g := range groups.of {
		cell := t.kindOf[r]
		t.kindOf[r] = g
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
	t.mates = make([][]int32, len(p.nodes))
	byName := map[string][]int32{}
	for i := range p.nodes {
		t.nodes[i].ties = p.nodes[i].ties
		if p.nodes[i].twin {
			name := p.nodes[i].object.Labels[corev1.LabelHostname]
			byName[name] = append(byName[name], int32(i))
		}
	}
	for i := range p.nodes {
		if p.nodes[i].twin {
			t.mates[i] = byName[p.nodes[i].object.Labels[corev1.LabelHostname]]
		}
	}
	t.hosts = make([]host, len(p.nodes))
	for i := range t.hosts {
		t.hosts[i] = host{kind: &t.nodes[i], node: int32(i), copies: 1}
	}
	t.census = make([]census, len(t.tracks))
	for n := range t.tracks {
		t.census[n] = t.take(&t.tracks[n])
	}
}

// census is what a track counts on all existing nodes together, before waiting pods come.
type census struct {
	counts  []int64 // by domain, on included nodes; nil for tracks by host
	present []int64 // of spread tracks: by domain, how many nodes are included
	total   int64   // on included nodes
	heights heights // of spread tracks by host
	all     []int32 // by domain, on included nodes or not; nil for tracks by host
}

// take counts what the track has on existing nodes. Nodes of one hostname are one domain of it.
func (t *topology) take(tr *track) census {
	var c census
	if tr.key != hostname {
		c.counts, c.all = make([]int64, t.domains[tr.key]), make([]int32, t.domains[tr.key])
		if tr.spread {
			c.present = make([]int64, t.domains[tr.key])
		}
	}
	included := t.inclusions[tr.inclusion].nodes
	count := func(i int) int64 {
		if tr.bound == nil {
			return 0
		}
		return int64(tr.bound[i])
	}
	for i := range t.nodes {
		n, in := count(i), included.Has(i)
		if tr.key != hostname {
			d := t.cells[t.nodes[i].cell][tr.key]
			if d < 0 {
				continue
			}
			c.all[d] += int32(n)
			if !in {
				continue
			}
			c.counts[d] += n
			if tr.spread {
				c.present[d]++
			}
		}
		if !in {
			continue
		}
		c.total += n
		if tr.key == hostname && tr.spread {
			height := n
			if t.mates[i] != nil {
				height = 0
				first := -1
				for _, m := range t.mates[i] {
					if included.Has(int(m)) {
						height += count(int(m))
						if first < 0 {
							first = int(m)
						}
					}
				}
				if first != i {
					continue
				}
			}
			c.heights.add(height, 1)
		}
	}
	return c
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

// rowsOf are the rows of a cell. It must be called before the kinds of rows are known.
func (p *Problem) rowsOf(c int32) bitset.Set {
	set := bitset.New(len(p.rows))
	for r, id := range p.topology.kindOf {
		if id == c {
			set.Add(r)
		}
	}
	return set
}
