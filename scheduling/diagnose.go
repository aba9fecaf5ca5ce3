package scheduling

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// diagnosis is why no host takes a class, in the state that a solve ended in.
type diagnosis struct {
	nodes   []Rejection
	pools   []PoolExplanation
	nearest miss
}

// miss is a host that would have taken the pod but for a few reasons.
type miss struct {
	where   string // "pool gpu" or "node n-1"
	what    string // instance type, for a pool
	reasons []Rejection
	gap     float64 // how far off it is; only compared
}

// diagnose asks every node and every row why it does not take one more pod of the class.
func (s *solver) diagnose(c int32) diagnosis {
	p := s.p
	var d diagnosis
	cl := &p.classes[c]
	details := p.affinityDetails(&p.exemplar(cl).Spec)
	if s.ledger != nil {
		details.ledger = s.ledger.clone()
	}
	var nodes tallyOfReasons
	for i := range p.nodes {
		reasons := s.nodeReasons(cl, i, details)
		if len(reasons) > 0 {
			nodes.add(reasons)
			d.consider(miss{where: "node " + p.nodes[i].object.Name, reasons: reasons, gap: gap(reasons)})
		}
	}
	d.nodes = nodes.sorted()
	for i := range p.pools {
		d.pools = append(d.pools, s.diagnosePool(&d, cl, int32(i), details))
	}
	return d
}

func (d *diagnosis) consider(m miss) {
	if len(m.reasons) == 0 {
		return
	}
	best := &d.nearest
	if len(best.reasons) == 0 || m.gap < best.gap {
		*best = m
	}
}

// diagnosePool looks at the pool's types. Each counts once, for the offering that came nearest.
func (s *solver) diagnosePool(d *diagnosis, cl *class, pool int32, details *affinityDetails) PoolExplanation {
	p := s.p
	pl := &p.pools[pool]
	out := PoolExplanation{Pool: pl.source.Name, Offered: len(pl.types)}
	var reasons tallyOfReasons
	tainted := taintReasons(pl.taints, details.spec.Tolerations)
	for _, t := range pl.types {
		rows := pl.typeRows[t]
		if rows[0] == rows[1] {
			continue
		}
		out.Types++
		var best []Rejection
		for r := rows[0]; r < rows[1]; r++ {
			found := append(slices.Clone(tainted), s.rowReasons(cl, r, details)...)
			if best == nil || gap(found) < gap(best) {
				best = found
			}
			if len(found) == 0 {
				best = []Rejection{{Code: EffortExhausted}}
				break
			}
		}
		reasons.add(best)
		d.consider(miss{where: "pool " + pl.source.Name, what: p.types[t].source.Name, reasons: best, gap: gap(best)})
	}
	if out.Types == 0 && out.Offered > 0 {
		out.Unmet = p.unmet(pl)
	}
	out.Rejections = reasons.sorted()
	for i := range out.Rejections {
		out.Rejections[i].Pool = pl.source.Name
	}
	return out
}

// nodeReasons are all reasons why the existing node does not take one more pod of the class.
func (s *solver) nodeReasons(cl *class, i int, details *affinityDetails) []Rejection {
	n := &s.p.nodes[i]
	var out []Rejection
	if n.leaving {
		out = append(out, Rejection{Code: RequirementConflict, Key: "metadata.deletionTimestamp"})
	}
	out = append(out, taintReasons(n.taints, details.spec.Tolerations)...)
	if !details.nodes.Has(i) {
		out = append(out, details.conflicts(func(key string) (string, bool) { return s.p.nodeLabel(i, key) })...)
	}
	out = append(out, s.p.volumeConflicts(s.p.exemplar(cl), i, false)...)
	out = append(out, s.p.withLimits(s.p.shortages(cl.demand, s.nodeRoom[i]), n.limits)...)
	if details.ledger != nil {
		details.ledger.reasons(i, cl.root, false, func(r Rejection) bool {
			out = append(out, r)
			return true
		})
	} else if n.excludes(cl) {
		out = append(out, s.p.terms.company(cl.ties, n.ties))
	} else if other, forbidden := s.companyForbids(cl, s.onNodes[i]); forbidden {
		out = append(out, s.p.terms.company(cl.ties, other.ties))
	}
	return out
}

// companyForbids finds a class on a node that keeps a further pod of cl away.
func (s *solver) companyForbids(cl *class, content []portion) (*class, bool) {
	for _, part := range content {
		other := &s.p.classes[part.class]
		if other == cl && part.count >= int64(cl.perNode) || other != cl && cl.ties.conflict(other.ties) {
			return other, true
		}
	}
	return nil, false
}

// taintReasons are the taints that keep a pod with those tolerations away.
func taintReasons(taints []corev1.Taint, tolerations []corev1.Toleration) []Rejection {
	var out []Rejection
	for i := range taints {
		if taint, bad := untolerated(taints[i:i+1], tolerations); bad {
			out = append(out, Rejection{Code: UntoleratedTaint, Key: taint.ToString()})
		}
	}
	return out
}

// rowReasons are all reasons, the pool's taints apart, why no further node of the row is bought for a pod of the class.
func (s *solver) rowReasons(cl *class, r int32, details *affinityDetails) []Rejection {
	p := s.p
	row := &p.rows[r]
	var out []Rejection
	if !details.rows.Has(int(r)) {
		out = append(out, details.rowConflicts(p, int(r))...)
	}
	out = append(out, p.volumeConflicts(p.exemplar(cl), int(r), true)...)
	out = append(out, details.topologyReasons(p, cl.root, r)...)
	for d := range p.overheads[p.overheadOf[r]].daemons.All() {
		if details.ledger == nil && p.sigs[cl.sig].shunned.Has(d) {
			out = append(out, p.terms.company(cl.ties, p.daemons[d].ties))
			break
		}
	}
	out = append(out, details.rowShortages(p, cl, r)...)
	if !p.offers[row.offer].source.Available {
		out = append(out, Rejection{Code: NoAvailableOffering, Key: p.offers[row.offer].source.Zone})
	} else if st := p.offers[row.offer].stock; st >= 0 && s.supply.stocks[st] <= 0 {
		out = append(out, Rejection{Code: NoAvailableOffering, Key: p.stocks[st].key,
			Want: "1", Have: "0"})
	}
	out = append(out, s.limitReasons(row)...)
	if pool := row.pool; len(out) == 0 && s.opts.MinValues != MinValuesBestEffort && len(p.pools[pool].minimums) > 0 {
		need := needs{demand: cl.demand, anywhere: onlySig(p, cl.sig)}
		values := p.newTally(pool)
		for _, t := range p.hostTypes(r, &need) {
			values.add(t)
		}
		for i, m := range p.pools[pool].minimums {
			if have := len(values.seen[i]); have < m.want {
				out = append(out, Rejection{Code: MinValues, Key: m.key, Want: strconv.Itoa(m.want), Have: strconv.Itoa(have)})
			}
		}
	}
	return out
}

// limitReasons are the pool's limits that one more of the row's machines would exceed.
func (s *solver) limitReasons(row *row) []Rejection {
	p := s.p
	pl := &p.pools[row.pool]
	var out []Rejection
	if s.supply.nodes[row.pool] <= 0 {
		used := pl.maxNodes - s.supply.nodes[row.pool]
		out = append(out, Rejection{Code: NodePoolLimit, Key: string(limitNodes),
			Want: strconv.FormatInt(used+1, 10), Have: strconv.FormatInt(pl.maxNodes, 10), Used: strconv.FormatInt(used, 10)})
	}
	capacity := p.types[row.typ].capacity
	for d, room := range s.supply.room[row.pool] {
		if room != math.MaxInt64 && (room < 0 || capacity[d] > room) {
			out = append(out, Rejection{Code: NodePoolLimit, Key: string(p.limitDims.Name(d)),
				Want: p.limitDims.Format(d, pl.limit[d]-room+capacity[d]), Have: p.limitDims.Format(d, pl.limit[d]),
				Used: p.limitDims.Format(d, pl.limit[d]-room)})
		}
	}
	return out
}

// shortages are the resources that the room lacks for the demand.
func (p *Problem) shortages(demand, room resource.Vector) []Rejection {
	var out []Rejection
	for d, want := range demand {
		if want > 0 && want > room[d] {
			if r, ok := p.volumeShortage(d, want, room[d]); ok {
				out = append(out, r)
				continue
			}
			out = append(out, Rejection{Code: InsufficientResource, Key: string(p.dims.Name(d)),
				Want: p.dims.Format(d, want), Have: p.dims.Format(d, max(room[d], 0))})
		}
	}
	return out
}

// gap says how much would have to change for the reasons to go away, for choosing the nearest miss: a limit can be
// raised, stock comes back, a toleration can be added; a missing resource counts by what is missing.
func gap(reasons []Rejection) float64 {
	total := 0.0
	for _, r := range reasons {
		switch r.Code {
		case MinValues:
			total += 0.05
		case NodePoolLimit:
			total += 0.1 + 0.1*shortfall(r)
		case NoAvailableOffering:
			total += 0.2
		case UntoleratedTaint:
			total += 0.4
		case RequirementConflict, PodAntiAffinity, HostPortInUse:
			total += 0.5
		case InsufficientResource:
			if total += 0.6 + 0.5*shortfall(r); shortfall(r) == 1 {
				total++ // there is none of it at all
			}
		case TopologySpread, PodAffinity, VolumeConflict, GroupIncomplete, NotSupported, Nominated, EffortExhausted:
			total++
		}
	}
	return total
}

// tallyOfReasons counts why hosts turned a pod away. A host with several reasons counts once, for the reason that it
// shares with most others: what no host has is the root of the trouble, not what the smallest ones lack besides.
type tallyOfReasons struct{ hosts [][]Rejection }

func (t *tallyOfReasons) add(reasons []Rejection) { t.hosts = append(t.hosts, reasons) }

// sorted are the counted reasons, the most frequent first. The best that was found of a resource is kept.
func (t *tallyOfReasons) sorted() []Rejection {
	type kind struct {
		code Code
		key  string
	}
	frequency := map[kind]int{}
	for _, reasons := range t.hosts {
		for _, r := range reasons {
			frequency[kind{r.Code, r.Key}]++
		}
	}
	var list []Rejection
	for _, reasons := range t.hosts {
		main := reasons[0]
		for _, r := range reasons[1:] {
			if frequency[kind{r.Code, r.Key}] > frequency[kind{main.Code, main.Key}] {
				main = r
			}
		}
		list = counted(list, main)
	}
	slices.SortFunc(list, func(a, b Rejection) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Want, b.Want))
	})
	return list
}

// counted adds one more of the reason to the list.
func counted(list []Rejection, r Rejection) []Rejection {
	for i := range list {
		o := &list[i]
		if o.Code != r.Code || o.Key != r.Key {
			continue
		}
		switch {
		case r.Code == NodePoolLimit && o.Have == r.Have:
			if amount(r.Want) < amount(o.Want) {
				o.Want = r.Want
			}
		case o.Want != r.Want:
			continue
		case shortfall(r) < shortfall(*o):
			o.Have = r.Have
		}
		o.Count++
		return list
	}
	r.Count = 1
	return append(list, r)
}

// affinityDetails finds out which of a pod's node requirements a place fails.
type affinityDetails struct {
	spec        *corev1.PodSpec
	rows, nodes bitset.Set // that the pod's node selector and affinity admit, taints and company aside
	keys        []string   // that they look at

	// What rows with the same values of these keys, and rows with the same room, have in common.
	conflictsOf  map[string][]Rejection
	shortagesFor map[roomKey][]Rejection

	ledger     *ledger               // nil if no constraint between pods needs it
	topologyOf map[int32][]Rejection // by kind of row
}

// topologyReasons are why constraints between pods keep a pod of the root off a new node of the row.
func (a *affinityDetails) topologyReasons(p *Problem, root, r int32) []Rejection {
	if a.ledger == nil {
		return nil
	}
	kind := p.topology.kindOf[r]
	found, known := a.topologyOf[kind]
	if !known {
		at := a.ledger.open(host{kind: p.kind(r), node: -1, row: r, copies: 1})
		a.ledger.reasons(at, root, false, func(r Rejection) bool {
			found = append(found, r)
			return true
		})
		a.ledger.shut(at)
		a.topologyOf[kind] = found
	}
	return found
}

// rowConflicts are the conflicts of a row.
func (a *affinityDetails) rowConflicts(p *Problem, r int) []Rejection {
	values := make([]byte, 0, 4*len(a.keys))
	for _, key := range a.keys {
		values = binary.LittleEndian.AppendUint32(values, uint32(p.rowPlaces.column(key).ids[r]))
	}
	found, known := a.conflictsOf[string(values)]
	if !known {
		found = a.conflicts(func(key string) (string, bool) { return p.rowLabel(r, key) })
		a.conflictsOf[string(values)] = found
	}
	return found
}

// rowShortages are the resources of which a node of the row has too little for a pod of the class.
func (a *affinityDetails) rowShortages(p *Problem, cl *class, r int32) []Rejection {
	key := roomKey{p.rows[r].typ, p.overheadOf[r]}
	found, known := a.shortagesFor[key]
	if !known {
		found = p.withLimits(p.shortages(cl.demand, p.room(r)), p.types[key.typ].source.VolumeLimits)
		a.shortagesFor[key] = found
	}
	return found
}

func (p *Problem) affinityDetails(spec *corev1.PodSpec) *affinityDetails {
	return &affinityDetails{
		spec: spec, rows: p.rowPlaces.admittedBy(spec), nodes: p.nodePlaces.admittedBy(spec), keys: affinityKeys(spec),
		conflictsOf: map[string][]Rejection{}, shortagesFor: map[roomKey][]Rejection{}, topologyOf: map[int32][]Rejection{},
	}
}

// conflicts are the requirements that the place's labels fail: those of the node selector, and those of the term of the
// required node affinity that fails fewest.
func (a *affinityDetails) conflicts(label func(key string) (string, bool)) []Rejection {
	var out []Rejection
	fails := func(key string, op corev1.NodeSelectorOperator, values []string) []Rejection {
		r, err := requirement.New(key, requirement.Operator(op), values)
		if err != nil {
			return []Rejection{{Code: RequirementConflict, Key: key, Want: err.Error()}}
		}
		if value, ok := label(key); ok && r.Has(value) || !ok && r.HasAbsent() {
			return nil
		}
		return []Rejection{{Code: RequirementConflict, Key: key, Want: failureText(op, values)}}
	}
	for _, key := range sortedKeys(a.spec.NodeSelector) {
		out = append(out, fails(key, corev1.NodeSelectorOpIn, []string{a.spec.NodeSelector[key]})...)
	}
	var nearest []Rejection
	for _, term := range requiredTerms(a.spec) {
		var failed []Rejection
		for _, e := range term.MatchExpressions {
			failed = append(failed, fails(e.Key, e.Operator, e.Values)...)
		}
		for _, e := range term.MatchFields {
			if name, _ := label(nodeNameKey); slices.Contains(e.Values, name) != (e.Operator == corev1.NodeSelectorOpIn) {
				failed = append(failed, Rejection{Code: RequirementConflict, Key: e.Key, Want: failureText(e.Operator, e.Values)})
			}
		}
		if len(failed) > 0 && (nearest == nil || len(failed) < len(nearest)) {
			nearest = failed
		}
	}
	if out = append(out, nearest...); len(out) == 0 {
		out = []Rejection{{Code: RequirementConflict, Key: "nodeAffinity", Want: "without a term matches nothing"}}
	}
	return out
}

// failureText is how a place fails a requirement, to stand behind the key.
func failureText(op corev1.NodeSelectorOperator, values []string) string {
	list := "{" + strings.Join(values, ", ") + "}"
	switch requirement.Operator(op) {
	case requirement.OpIn:
		return "not in " + list
	case requirement.OpNotIn:
		return "in " + list
	case requirement.OpExists:
		return "absent"
	case requirement.OpDoesNotExist:
		return "present"
	case requirement.OpGt:
		return "not greater than " + strings.Join(values, ", ")
	case requirement.OpLt:
		return "not less than " + strings.Join(values, ", ")
	case requirement.OpGte:
		return "less than " + strings.Join(values, ", ")
	case requirement.OpLte:
		return "greater than " + strings.Join(values, ", ")
	}
	return "fails " + string(op) + " " + list
}
