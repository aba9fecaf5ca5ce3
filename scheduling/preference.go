package scheduling

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// Preferences restrict nothing; under [PreferencesRespect] they decide what is bought. Each root with preferences has
// rungs: classes of the same pods that are bound to keep some preferences, the first rung as many as can be kept
// together, each further one without the lightest of the rung before, the root itself without any. Where some preferences
// can be kept on nodes that exist and on no other, the rungs start over without those once they are gone. Existing nodes
// are offered to all rungs before anything is bought, since the scheduler would use them whatever a pod prefers; what is
// left is bought for rung by rung. Pods are never edited, and the exact rules of settling know nothing of preferences.

// wish is one preference.
type wish struct {
	text   string
	weight int32
	// term admits nodes by label; soft says that taints with effect PreferNoSchedule are to be avoided.
	term *corev1.NodeSelectorTerm
	soft bool
	// What concerns other pods, one of these: as a constraint it would read so.
	spread *spread
	near   *affinity
	anti   *softAnti

	rows, nodes bitset.Set // that a term or soft admits; nil for the others
	related     *related   // the others as constraints that the ledger understands
	ties        podTies    // of anti over hostnames
}

// softAnti is a preferred anti-affinity term.
type softAnti struct {
	matcher int32
	key     string
	host    int32 // the same as an antiTerm over hostnames; -1 for other keys
}

// heaviest is the weight of preferences that state none: topology spread and taints. It is the most that a preferred
// term can have.
const heaviest = 100

// maxRungs bounds how many preferences of a pod are tried; lighter ones are only reported.
const maxRungs = 6

// wishes reads the pod's preferences, the heaviest first. spreads are the topology spread constraints that hold for it.
func (t *terms) wishes(f *findings, x printer, pod *corev1.Pod, path string, spreads []corev1.TopologySpreadConstraint, known bool) []wish {
	out := []wish{{text: "no PreferNoSchedule taint", weight: heaviest, soft: true}}
	for i := range spreads {
		c := spreads[i]
		if c.WhenUnsatisfiable != corev1.ScheduleAnyway {
			continue
		}
		where := fmt.Sprintf("%s.spec.topologySpreadConstraints[%d]", path, i)
		if s, ok := t.readSpread(f, x, pod, where, &c); ok {
			out = append(out, wish{text: "spread over " + shortKey(c.TopologyKey), weight: heaviest, spread: &s})
		}
	}
	if a := pod.Spec.Affinity; a != nil {
		if a.NodeAffinity != nil {
			for i := range a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
				p := &a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution[i]
				if len(p.Preference.MatchExpressions)+len(p.Preference.MatchFields) > 0 { // an empty term matches nothing and counts for nothing
					out = append(out, wish{text: termText(&p.Preference), weight: p.Weight, term: &p.Preference})
				}
			}
		}
		if a.PodAffinity != nil {
			for i := range a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
				p := &a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution[i]
				where := fmt.Sprintf("%s.spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[%d].podAffinityTerm", path, i)
				if s, ok := readTerm(f, where, pod, &p.PodAffinityTerm, known); ok {
					near := &affinity{keys: []string{p.PodAffinityTerm.TopologyKey}, matcher: t.matcher(x, matcher{selectors: []podSelector{s}})}
					out = append(out, wish{text: "affinity over " + shortKey(near.keys[0]), weight: p.Weight, near: near})
				}
			}
		}
		if a.PodAntiAffinity != nil {
			for i := range a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
				p := &a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution[i]
				where := fmt.Sprintf("%s.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[%d].podAffinityTerm", path, i)
				if s, ok := readTerm(f, where, pod, &p.PodAffinityTerm, known); ok {
					anti := &softAnti{matcher: t.matcher(x, matcher{selectors: []podSelector{s}}), key: p.PodAffinityTerm.TopologyKey, host: -1}
					if anti.key == corev1.LabelHostname {
						anti.host = t.antiTerm(x, anti.matcher, anti.key)
					}
					out = append(out, wish{text: "anti-affinity over " + shortKey(anti.key), weight: p.Weight, anti: anti})
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b wish) int { return cmp.Compare(b.weight, a.weight) })
	return out
}

// constraints is what the preference asks of other pods; nil if nothing, or if it is exclusion from hosts.
func (w *wish) constraints() *constraints {
	switch {
	case w.spread != nil:
		return &constraints{spreads: []spread{*w.spread}}
	case w.near != nil:
		return &constraints{soft: []*affinity{w.near}}
	case w.anti != nil && w.anti.host < 0:
		return &constraints{avoid: []*softAnti{w.anti}}
	}
	return nil
}

// eachKey yields the topology keys of the preference.
func (w *wish) eachKey(yield func(string)) {
	switch {
	case w.spread != nil:
		yield(w.spread.key)
	case w.near != nil:
		yield(w.near.keys[0])
	case w.anti != nil:
		yield(w.anti.key)
	}
}

// termText is a node selector term in words.
func termText(term *corev1.NodeSelectorTerm) string {
	var parts []string
	for _, e := range slices.Concat(term.MatchExpressions, term.MatchFields) {
		text := shortKey(e.Key) + " " + strings.ToLower(string(e.Operator))
		if len(e.Values) > 0 {
			text += " {" + strings.Join(e.Values, ", ") + "}"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " and ")
}

// print tells lists of preferences apart.
func (w *wish) print(x printer) print128 {
	h := x.text(w.text).number(uint64(w.weight))
	switch {
	case w.term != nil:
		h = x.nodeTerms(x.nodeTerms(h.number(1), w.term.MatchExpressions), w.term.MatchFields)
	case w.spread != nil:
		h = h.join((&constraints{spreads: []spread{*w.spread}}).print(x)).number(2)
	case w.near != nil:
		h = h.join((&constraints{affinity: w.near}).print(x)).number(3)
	case w.anti != nil:
		h = h.join(x.text(w.anti.key)).number(uint64(w.anti.matcher)).number(4)
	}
	return h
}

// compileRungs works out which rows and nodes each preference admits and makes the rungs.
func (p *Problem) compileRungs() {
	p.rungs = make([][]int32, len(p.classes))
	roots := len(p.classes)
	soft := p.softTaints()
	terms := map[string]*wish{}
	sigs := rungSigs{p: p, known: map[string]int32{}}
	for c := range roots {
		if !soft {
			p.classes[c].wishes = slices.DeleteFunc(p.classes[c].wishes, func(w wish) bool { return w.soft })
		}
		root := p.classes[c] // a copy: the list grows
		list := root.wishes
		if root.unsupported != "" || len(list) == 0 {
			continue
		}
		p.wishing = true
		for i := range list {
			w := &list[i]
			switch {
			case w.soft:
				w.rows, w.nodes = p.withoutSoftTaints(&root)
			case w.term != nil:
				key := fmt.Sprint(*w.term)
				if terms[key] == nil {
					spec := &corev1.PodSpec{Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
						RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{*w.term}},
					}}}
					w.rows, w.nodes = p.rowPlaces.admittedBy(spec), p.without(p.nodePlaces.admittedBy(spec))
					terms[key] = w
				}
				w.rows, w.nodes = terms[key].rows, terms[key].nodes
			case w.anti != nil && w.anti.host >= 0:
				w.ties = podTies{owns: bitset.New(len(p.terms.anti)), selectedBy: bitset.New(len(p.terms.anti))}
				w.ties.owns.Add(int(w.anti.host))
			}
		}
		add := func(kept []*wish, least int) {
			for n := len(kept); n >= least; n-- {
				p.rungs[c] = append(p.rungs[c], int32(len(p.classes)))
				p.classes = append(p.classes, p.rung(&root, kept[:n], &sigs))
			}
		}
		kept, sold := p.compatible(&root, list)
		if first := slices.IndexFunc(kept, func(w *wish) bool { return !slices.Contains(sold, w) }); first >= 0 {
			add(kept, first+1)
		}
		add(sold, 1)
	}
	p.rungs = append(p.rungs, make([][]int32, len(p.classes)-roots)...)
}

// softTaints reports whether any pool or node has a taint with effect PreferNoSchedule.
func (p *Problem) softTaints() bool {
	for i := range p.pools {
		if shunned(p.pools[i].taints, nil) {
			return true
		}
	}
	for _, i := range p.shunned {
		if !p.isGone(int(i)) {
			return true
		}
	}
	return false
}

// withoutSoftTaints are the rows and nodes without a PreferNoSchedule taint that the class does not tolerate.
func (p *Problem) withoutSoftTaints(cl *class) (rows, nodes bitset.Set) {
	tolerations := p.sigs[cl.sig].pod.Spec.Tolerations
	rows, nodes = bitset.New(len(p.rows)), bitset.New(len(p.nodes))
	for i := range p.pools {
		if !shunned(p.pools[i].taints, tolerations) {
			for r := p.pools[i].rows[0]; r < p.pools[i].rows[1]; r++ {
				rows.Add(int(r))
			}
		}
	}
	for i := range p.nodes {
		if !shunned(p.nodes[i].taints, tolerations) && !p.isGone(i) {
			nodes.Add(i)
		}
	}
	return rows, nodes
}

// compatible are the preferences that are tried: of those about nodes, the heaviest first, each that leaves some row to
// buy beside the heavier ones; of those about other pods all that hold between domains wider than a host, and exclusion
// from hosts. kept has besides those that only nodes which exist could keep.
func (p *Problem) compatible(root *class, list []wish) (kept, sold []*wish) {
	rows := bitset.New(len(p.rows))
	for r := range p.sigs[root.sig].rows.All() {
		if p.available(int32(r)) && p.room(int32(r)).Fits(root.demand) {
			rows.Add(r)
		}
	}
	for i := range list {
		w := &list[i]
		switch {
		case len(kept) == maxRungs, w.near != nil && w.near.keys[0] == corev1.LabelHostname:
			continue
		case w.rows != nil:
			both := rows.Clone()
			both.And(w.rows)
			if both.Equal(rows) && w.nodes.Count() == p.nodeCount() {
				continue // had anyway
			}
			if both.Empty() {
				if p.exists(root, w) {
					kept = append(kept, w)
				}
				continue
			}
			rows = both
		}
		kept, sold = append(kept, w), append(sold, w)
	}
	return kept, sold
}

// exists reports whether a node that exists admits the root's pods and has what the preference asks of it.
func (p *Problem) exists(root *class, w *wish) bool {
	for i := range w.nodes.All() {
		if p.accepts(i, root.sig) && p.nodes[i].free.Fits(root.demand) {
			return true
		}
	}
	return false
}

// rung is the class of the root's pods that keeps the preferences.
func (p *Problem) rung(root *class, kept []*wish, sigs *rungSigs) class {
	out := *root
	con := *root.topo.constraints
	con.spreads, con.soft, con.avoid = slices.Clone(con.spreads), nil, nil
	rows := p.sigs[root.sig].rows.Clone()
	nodes := bitset.New(len(p.nodes))
	nodes.Fill(len(p.nodes))
	out.ties = podTies{owns: root.ties.owns.Clone(), selectedBy: root.ties.selectedBy}
	for _, w := range kept {
		switch {
		case w.rows != nil:
			rows.And(w.rows)
			nodes.And(w.nodes)
		case w.spread != nil:
			con.spreads = append(con.spreads, *w.spread)
		case w.near != nil:
			con.soft = append(con.soft, w.near)
		case w.anti.host >= 0:
			out.ties.owns.Add(int(w.anti.host))
		default:
			con.avoid = append(con.avoid, w.anti)
		}
	}
	out.pods, out.sig, out.base, out.apart = nil, sigs.of(root.sig, rows, nodes), int32(len(p.classes)), nil
	out.topo = &related{constraints: &con, matches: root.topo.matches}
	return out
}

// rungSigs makes the signatures of rungs: those of their roots, narrowed to what preferences admit.
type rungSigs struct {
	p     *Problem
	known map[string]int32
}

func (r *rungSigs) of(root int32, rows, nodes bitset.Set) int32 {
	name := fmt.Sprint(root, rows, nodes)
	sig, known := r.known[name]
	if !known {
		of := &r.p.sigs[root]
		sig = int32(len(r.p.sigs))
		r.known[name] = sig
		nodes.And(of.nodes)
		r.p.sigs = append(r.p.sigs, signature{pod: of.pod, shunned: of.shunned, rows: rows, nodes: nodes, root: root})
	}
	return sig
}

// start is the class under which the root's pods are first given a place: its first rung, unless preferences are ignored.
func (s *solver) start(root int32) int32 {
	if list := s.p.rungs[root]; len(list) > 0 && s.respects() {
		return list[0]
	}
	return root
}

func (s *solver) respects() bool {
	return s.opts.Preferences != PreferencesIgnore && !s.strategy.ranked
}

// expects reports whether a pod waits on a rung for the place of others to be known.
func (s *solver) expects() bool {
	for _, list := range s.p.rungs {
		if slices.ContainsFunc(list, func(c int32) bool { return s.waiting[c] > 0 }) {
			return true
		}
	}
	return false
}

// give lets n pods of the undivided class be placed.
func (s *solver) give(c int32, n int64) {
	if s.divides(c) || s.p.classes[c].topo.aside {
		s.waiting[c] += n
	} else {
		s.remaining[c] += n
	}
}

// divides reports whether the pods of the undivided class are given to its parts. Those that only preferences concern stay
// together where preferences are ignored.
func (s *solver) divides(c int32) bool {
	return s.p.parts[c] != nil && (s.respects() || !s.p.classes[c].topo.wished)
}

// take gets back the pods of the undivided class, and of its parts, that have no place.
func (s *solver) take(c int32) int64 {
	n := s.waiting[c] + s.remaining[c]
	s.waiting[c], s.remaining[c] = 0, 0
	for _, part := range s.p.parts[c] {
		if part >= 0 {
			n += s.remaining[part]
			s.remaining[part] = 0
		}
	}
	return n
}

// fall moves the pods of rungs that have no place one rung down and reports whether there were any.
func (s *solver) fall() bool {
	moved := false
	for root, list := range s.p.rungs {
		for i := len(list) - 1; i >= 0; i-- {
			next := int32(root)
			if i+1 < len(list) {
				next = list[i+1]
			}
			if n := s.take(list[i]); n > 0 {
				s.give(next, n)
				moved = true
			}
		}
	}
	return moved
}

// rise moves the pods without a place up to their first rung.
func (s *solver) rise() {
	for root, list := range s.p.rungs {
		if len(list) > 0 {
			s.give(s.start(int32(root)), s.take(int32(root)))
		}
	}
}

// Forgone is a preference that a plan does not keep.
type Forgone struct {
	// Pod is the pod's namespace and name.
	Pod types.NamespacedName
	// Preference is the preference in words, Weight its weight: 100 for topology spread and taints, which state none.
	Preference string
	Weight     int32
	// Price is what the cheapest further node would cost, in dollars per hour, to which the pod could move and have the
	// preference kept, everything else staying where it is; +Inf if there is none to be had.
	Price float64
}

// MarshalJSON writes an infinite price as null, since JSON knows no infinity.
func (f Forgone) MarshalJSON() ([]byte, error) {
	type plain Forgone
	out := struct {
		plain
		Price *float64
	}{plain: plain(f)}
	if !math.IsInf(f.Price, 1) {
		out.Price = &f.Price
	}
	return json.Marshal(out)
}

// forgone are the preferences that a pod of the root on the host does not keep, with their prices.
func (s *solver) forgone(root int32, at int) []Forgone {
	var out []Forgone
	list := s.p.classes[root].wishes
	for i := range list {
		w := &list[i]
		if s.keeps(w, root, at) {
			continue
		}
		out = append(out, Forgone{Preference: w.text, Weight: w.weight, Price: s.wishPrice(int32(i), root, at)})
	}
	return out
}

// keeps reports whether a pod of the root that is on the host has its wish.
func (s *solver) keeps(w *wish, root int32, at int) bool {
	h := &s.ledger.hosts[at]
	switch {
	case w.rows != nil && h.node >= 0:
		return w.nodes.Has(int(h.node))
	case w.rows != nil:
		return w.rows.Has(int(h.row))
	case w.related != nil:
		return s.ledger.meets(w.related, at, root, true)
	}
	return s.ledger.excluded(w.ties, at, root, true) == nil
}

// wishPrice is the price of the cheapest further node to which a pod of the root could move from the host and have its
// wish.
func (s *solver) wishPrice(wish, root int32, from int) float64 {
	l, w := s.ledger, &s.p.classes[root].wishes[wish]
	if l.hosts[from].copies > 1 {
		defer l.join(from, l.split(from))
	}
	l.put(from, root, -1)
	defer l.put(from, root, 1)
	for _, r := range s.wishRows(wish, root) {
		at := l.open(host{kind: s.p.kind(r), node: -1, row: r, copies: 1})
		ok := !l.refuses(at, root)
		switch {
		case w.related != nil:
			ok = ok && l.meets(w.related, at, root, false)
		case w.rows == nil:
			ok = ok && l.excluded(w.ties, at, root, false) == nil
		}
		l.shut(at)
		if ok {
			return s.p.rowPrice(r)
		}
	}
	return math.Inf(1)
}

type wishKey struct{ root, wish int32 }

// wishRows are rows that have room for a pod of the root and all of its wish that does not depend on other pods: of each
// kind the cheapest, the cheapest kind first.
func (s *solver) wishRows(wish, root int32) []int32 {
	key := wishKey{root, wish}
	if out, known := s.wishes[key]; known {
		return out
	}
	p := s.p
	cl, w := &p.classes[root], &p.classes[root].wishes[wish]
	seen := make([]bool, len(p.topology.kinds))
	out := []int32{}
	for r := range p.sigs[cl.sig].rows.All() {
		if w.rows == nil || w.rows.Has(r) {
			out = append(out, int32(r))
		}
	}
	out = slices.DeleteFunc(out, func(r int32) bool {
		return !p.available(r) || !p.room(r).Fits(cl.demand) || s.supply.left(p, &p.rows[r]) == 0
	})
	slices.SortStableFunc(out, func(a, b int32) int { return cmp.Compare(p.rowPrice(a), p.rowPrice(b)) })
	out = slices.DeleteFunc(out, func(r int32) bool {
		kind := p.topology.kindOf[r]
		again := seen[kind]
		seen[kind] = true
		return again
	})
	s.wishes[key] = out
	return out
}
