package scheduling

import (
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

// diagnosis is why no host takes a class, in the state that a solve ended in. Nodes that the plan launches are not asked:
// each is a further machine of its row but for the pods that it holds, and the row answers for those that hold none.
type diagnosis struct {
	nodes   []Rejection
	pools   []PoolExplanation
	all     []Rejection // of nodes and pools, the root cause first; see obstacle.go
	nearest miss
	fits    bool // some row takes the pod: only the effort, or another option, kept it out
}

// miss is a host that would have taken the pod but for a few reasons.
type miss struct {
	host    hostRef
	where   string // "pool gpu" or "node n-1"
	what    string // instance type, for a pool
	reasons []Rejection
	gap     float64 // what the reasons weigh
}

// diagnose asks every node and every row why it does not take one more pod of the class. The ledger is left as it was; it
// is nil if the solve had none.
func (s *solver) diagnose(c int32, l *ledger) diagnosis {
	p := s.p
	var d diagnosis
	q := s.inquire(&p.classes[c], l)
	d.nearest.gap = math.Inf(1)
	var nodes grounds
	for i := range p.nodes {
		at := hostRef{node: int32(i), row: -1}
		if reasons := q.node(i); len(reasons.list) > 0 {
			nodes.add(reasons, at)
			d.consider(at, reasons)
		}
	}
	found := nodes.sorted(p)
	q.detail(found)
	d.nodes = plainly(found)
	for i := range p.pools {
		of, ranks := q.pool(&d, int32(i))
		q.detail(ranks)
		of.Rejections = plainly(ranks)
		d.pools = append(d.pools, of)
		found = append(found, ranks...)
	}
	byRank(found, q.tied())
	d.all = plainly(found)
	q.name(&d.nearest)
	return d
}

// consider keeps the nearest host.
func (d *diagnosis) consider(host hostRef, reasons *obstacles) {
	if len(reasons.list) == 0 || reasons.weight >= d.nearest.gap {
		return
	}
	d.nearest = miss{host: host, gap: reasons.weight}
}

// name completes the nearest miss.
func (q *inquiry) name(m *miss) {
	var reasons *obstacles
	switch p := q.p; {
	case math.IsInf(m.gap, 1):
		return
	case m.host.node >= 0:
		m.where, reasons = "node "+p.nodes[m.host.node].object.Name, q.node(int(m.host.node))
	default:
		row := &p.rows[m.host.row]
		m.where, m.what = "pool "+p.pools[row.pool].source.Name, p.types[row.typ].source.Name
		reasons = q.row(m.host.row)
	}
	found := make([]ranked, len(reasons.list))
	for i, o := range reasons.list {
		found[i] = ranked{q.p.worded(o), 0, m.host}
	}
	q.detail(found)
	m.reasons = plainly(found)
}

// pool looks at the pool's types. Each counts once, for the offering that came nearest.
func (q *inquiry) pool(d *diagnosis, pool int32) (PoolExplanation, []ranked) {
	pl := &q.p.pools[pool]
	out := PoolExplanation{Pool: pl.source.Name, Offered: len(pl.types)}
	var reasons grounds
	for _, t := range pl.types {
		rows := pl.typeRows[t]
		if rows[0] == rows[1] {
			continue
		}
		out.Types++
		best, least := int32(-1), math.Inf(1)
		for r := rows[0]; r < rows[1] && least > 0; r++ {
			if w := q.row(r).weight; w < least {
				best, least = r, w
			}
		}
		at, found := hostRef{node: -1, row: best}, q.row(best)
		if len(found.list) == 0 {
			d.fits = true
			found.note(Rejection{Code: EffortExhausted})
		} else {
			d.consider(at, found)
		}
		reasons.add(found, at)
	}
	ranks := reasons.sorted(q.p)
	if out.Types == 0 && out.Offered > 0 {
		out.Unmet = q.p.unmet(pl)
		ranks = append(ranks, ranked{Rejection{Code: RequirementConflict, Want: out.nothingMeets(), Count: out.Offered}, math.MaxFloat64, hostRef{-1, -1}})
	}
	for i := range ranks {
		ranks[i].Pool = pl.source.Name
	}
	return out, ranks
}

// inquiry asks hosts about one class. What many hosts have in common is worked out once.
type inquiry struct {
	*solver
	cl          *class
	spec        *corev1.PodSpec
	rows, nodes bitset.Set // that the pod's node selector and affinity admit, taints and company aside
	keys        []string   // that they look at
	ledger      *ledger    // nil if no constraint between pods needs it

	// What rows have in common: the same values of the keys, the same room, kind, pool, or type.
	conflictsAt map[string]*obstacles
	shortagesIn map[roomKey]*obstacles
	topologyOf  map[int32]*obstacles
	taintsOf    map[int32]*obstacles
	limitsOf    map[[2]int32]*obstacles

	buffer  []byte
	scratch obstacles
}

func (s *solver) inquire(cl *class, l *ledger) *inquiry {
	spec := &s.p.exemplar(cl).Spec
	return &inquiry{
		solver: s, cl: cl, spec: spec, rows: s.p.rowPlaces.admittedBy(spec), nodes: s.p.nodePlaces.admittedBy(spec), keys: affinityKeys(spec), ledger: l,
		conflictsAt: map[string]*obstacles{}, shortagesIn: map[roomKey]*obstacles{}, topologyOf: map[int32]*obstacles{},
		taintsOf: map[int32]*obstacles{}, limitsOf: map[[2]int32]*obstacles{},
	}
}

// tied reports whether the pod can run only on a node that exists, by its name or by what is stored there.
func (q *inquiry) tied() bool {
	named := len(namedHosts(q.spec)) > 0 && q.rows.Empty() && !q.nodes.Empty()
	return named || slices.ContainsFunc(q.p.volumeRules(q.p.exemplar(q.cl)), func(id int32) bool {
		return q.p.storage.rules[id].toNodes()
	})
}

// node are all reasons why the existing node does not take one more pod of the class. They are overwritten by the next
// question.
func (q *inquiry) node(i int) *obstacles {
	p, n, out := q.p, &q.p.nodes[i], &q.scratch
	out.list, out.weight = out.list[:0], 0
	if n.leaving {
		out.note(Rejection{Code: RequirementConflict, Key: "metadata.deletionTimestamp"})
	}
	out.note(taintReasons(n.taints, q.spec.Tolerations)...)
	if !q.nodes.Has(i) {
		out.add(q.conflictsOf(p.nodePlaces, i, func(key string) (string, bool) { return p.nodeLabel(i, key) }).list...)
	}
	out.add(p.volumeConflicts(p.exemplar(q.cl), i, false)...)
	if q.ledger != nil {
		q.ledger.reasons(i, q.cl.root, false, func(r Rejection) bool {
			out.note(r)
			return true
		})
	} else if n.excludes(q.cl) {
		out.note(p.terms.company(q.cl.ties, n.ties))
	} else if other, forbidden := q.companyForbids(q.cl, q.onNodes[i]); forbidden {
		out.note(p.terms.company(q.cl.ties, other.ties))
	}
	p.shortages(out, q.cl.demand, q.nodeRoom[i], n.object.Status.Allocatable, n.limits)
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

// row are all reasons why no further node of the row is bought for a pod of the class. They are overwritten by the next
// question.
func (q *inquiry) row(r int32) *obstacles {
	p, row, out := q.p, &q.p.rows[r], &q.scratch
	out.list, out.weight = out.list[:0], 0
	out.join(once(q.taintsOf, row.pool, func(o *obstacles) {
		o.note(taintReasons(p.pools[row.pool].taints, q.spec.Tolerations)...)
	}))
	if !q.rows.Has(int(r)) {
		out.join(q.conflictsOf(p.rowPlaces, int(r), func(key string) (string, bool) { return p.rowLabel(int(r), key) }))
	}
	out.add(p.volumeConflicts(p.exemplar(q.cl), int(r), true)...)
	if q.ledger != nil {
		out.join(once(q.topologyOf, p.topology.kindOf[r], func(o *obstacles) { q.topology(o, r) }))
	} else if p.overheads[p.overheadOf[r]].daemons.Intersects(p.sigs[q.cl.sig].shunned) {
		for d := range p.overheads[p.overheadOf[r]].daemons.All() {
			if p.sigs[q.cl.sig].shunned.Has(d) {
				out.note(p.terms.company(q.cl.ties, p.daemons[d].ties))
				break
			}
		}
	}
	out.join(once(q.shortagesIn, roomKey{row.typ, p.overheadOf[r]}, func(o *obstacles) {
		typ := p.types[row.typ].source
		p.shortages(o, q.cl.demand, p.room(r), typ.Capacity, typ.VolumeLimits)
	}))
	if !p.offers[row.offer].source.Available {
		out.note(Rejection{Code: NoAvailableOffering, Key: p.offers[row.offer].source.Zone})
	} else if st := p.offers[row.offer].stock; st >= 0 && q.supply.stocks[st] <= 0 {
		out.note(Rejection{Code: NoAvailableOffering, Key: p.stocks[st].key, Want: "1", Have: "0"})
	}
	out.join(once(q.limitsOf, [2]int32{row.pool, row.typ}, func(o *obstacles) { o.note(q.limitReasons(row)...) }))
	if len(out.list) == 0 && q.opts.MinValues != MinValuesBestEffort && len(p.pools[row.pool].minimums) > 0 {
		q.minimums(out, r)
	}
	return out
}

// join adds all of the others.
func (o *obstacles) join(other *obstacles) {
	o.list = append(o.list, other.list...)
	o.weight += other.weight
}

// once is what is known under the key, or else worked out.
func once[K comparable](known map[K]*obstacles, key K, find func(*obstacles)) *obstacles {
	o, ok := known[key]
	if !ok {
		o = &obstacles{}
		find(o)
		known[key] = o
	}
	return o
}

// topology adds why constraints between pods keep a pod of the class off a new node of the row.
func (q *inquiry) topology(out *obstacles, r int32) {
	at := q.ledger.open(host{kind: q.p.kind(r), node: -1, row: r, copies: 1})
	q.ledger.reasons(at, q.cl.root, false, func(r Rejection) bool {
		out.note(r)
		return true
	})
	q.ledger.shut(at)
}

// minimums adds the minValues that a node of the row for a pod of the class would not meet.
func (q *inquiry) minimums(out *obstacles, r int32) {
	p, pool := q.p, q.p.rows[r].pool
	need := needs{demand: q.cl.demand, anywhere: onlySig(p, q.cl.sig)}
	values := p.newTally(pool)
	for _, t := range p.hostTypes(r, &need) {
		values.add(t)
	}
	for i, m := range p.pools[pool].minimums {
		if have := len(values.seen[i]); have < m.want {
			out.note(Rejection{Code: MinValues, Key: m.key, Want: strconv.Itoa(m.want), Have: strconv.Itoa(have)})
		}
	}
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

// shortages adds the resources that the room lacks for the demand. machine is what the host has in all, limits how many
// volumes it attaches.
func (p *Problem) shortages(out *obstacles, demand, room resource.Vector, machine corev1.ResourceList, limits map[string]int) {
	for d, want := range demand {
		if want <= 0 || want <= room[d] {
			continue
		}
		if r, ok := p.volumeShortage(d, want, room[d]); ok {
			out.note(p.withLimits([]Rejection{r}, limits)...)
			continue
		}
		name, have := p.dims.Name(d), max(room[d], 0)
		o := obstacle{
			Rejection: Rejection{Code: InsufficientResource, Key: string(name)}, dim: d, want: want, have: have,
			weight: weightOfRoom + 0.5*(1-float64(have)/float64(want)),
		}
		if all := machine[name]; all.Sign() <= 0 {
			o.weight = weightOfKind
		}
		out.add(o)
	}
}

// worded is the reason with its amounts.
func (p *Problem) worded(o obstacle) Rejection {
	if o.want > 0 {
		o.Want, o.Have = p.dims.Format(o.dim, o.want), p.dims.Format(o.dim, o.have)
	}
	return o.Rejection
}

// conflictsOf are the conflicts of a place, worked out once for all that agree in the keys.
func (q *inquiry) conflictsOf(t *places, i int, label func(key string) (string, bool)) *obstacles {
	q.buffer = q.buffer[:0]
	if t == q.p.nodePlaces {
		q.buffer = append(q.buffer, 'n')
	}
	for _, key := range q.keys {
		q.buffer = binary.LittleEndian.AppendUint32(q.buffer, uint32(t.column(key).ids[i]))
	}
	found, known := q.conflictsAt[string(q.buffer)]
	if !known {
		found = &obstacles{}
		found.note(q.conflicts(label)...)
		q.conflictsAt[string(q.buffer)] = found
	}
	return found
}

// conflicts are the requirements that the place's labels fail: those of the node selector, and those of the term of the
// required node affinity that fails fewest.
func (q *inquiry) conflicts(label func(key string) (string, bool)) []Rejection {
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
	for _, key := range sortedKeys(q.spec.NodeSelector) {
		out = append(out, fails(key, corev1.NodeSelectorOpIn, []string{q.spec.NodeSelector[key]})...)
	}
	var nearest []Rejection
	for _, term := range requiredTerms(q.spec) {
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
