package scheduling

import (
	"math"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
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

// diagnose asks every node and every row why it does not take one more pod of the class.
func (s *scene) diagnose(c int32) diagnosis {
	p := s.p
	var d diagnosis
	q := s.inquire(&p.classes[c])
	d.nearest.gap = math.Inf(1)
	var nodes grounds
	for k := range p.nodeCount() {
		i := p.nodeAt(k)
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
	for _, rows := range pl.typeRows {
		if rows[0] == rows[1] {
			continue
		}
		out.Types++
		best, least := int32(-1), math.Inf(1)
		for r := rows[0]; r < rows[1] && least > 0; r++ {
			if r > rows[0] && q.alike(r-1, r) {
				continue
			}
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
	if out.Types == 0 {
		if out.Offered > 0 {
			out.Unmet = q.p.unmet(pl)
		}
		empty := Rejection{Code: RequirementConflict, Want: out.nothingMeets(), Count: max(out.Offered, 1)}
		ranks = append(ranks, ranked{empty, q.emptyPool(pool), hostRef{-1, -1}})
	}
	for i := range ranks {
		ranks[i].Pool = pl.source.Name
	}
	return out, ranks
}

// alike reports whether two rows of a type have the same obstacles, as far as a look tells.
func (q *inquiry) alike(a, b int32) bool {
	p, x, y := q.p, &q.p.rows[a], &q.p.rows[b]
	o, other := &p.offers[x.offer], &p.offers[y.offer]
	return x.variant == y.variant && q.rows.Has(int(a)) && q.rows.Has(int(b)) && p.overheadOf[a] == p.overheadOf[b] &&
		p.topology.kindOf[a] == p.topology.kindOf[b] && o.source.Available == other.source.Available && o.stock == other.stock &&
		len(p.pools[x.pool].minimums) == 0 && len(p.volumeRules(p.exemplar(q.cl))) == 0
}

// emptyPool is what keeps the pod off a pool without types: that nothing is offered, and what its nodes would have against
// the pod in any case, by their taints and the labels that all of them would carry.
func (q *inquiry) emptyPool(pool int32) float64 {
	pl := &q.p.pools[pool]
	out := weightOfNothing + q.tainted(pool).weight
	for _, r := range q.conflicts(func(key string) (string, bool) { value, ok := pl.labels[key]; return value, ok }) {
		if _, fixed := pl.labels[r.Key]; fixed {
			out += weigh(r)
		}
	}
	return out
}

// tied reports whether the pod can run only on a node that exists: by its name, by what is stored there, or because the
// pod says that it runs on nodes of no pool.
func (q *inquiry) tied() bool {
	named := (len(namedHosts(q.spec)) > 0 || shunsPools(q.spec)) && q.rows.Empty() && !q.nodes.Empty()
	return named || slices.ContainsFunc(q.p.volumeRules(q.p.exemplar(q.cl)), func(id int32) bool {
		return q.p.storage.rules[id].toNodes()
	})
}

// shunsPools reports whether each term of the pod's required node affinity excludes nodes of any NodePool.
func shunsPools(spec *corev1.PodSpec) bool {
	terms := requiredTerms(spec)
	return len(terms) > 0 && !slices.ContainsFunc(terms, func(t corev1.NodeSelectorTerm) bool {
		return !slices.ContainsFunc(t.MatchExpressions, func(e corev1.NodeSelectorRequirement) bool {
			return e.Key == v1.NodePoolLabelKey && e.Operator == corev1.NodeSelectorOpDoesNotExist
		})
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

// tainted are the taints of a pool that the pod does not tolerate.
func (q *inquiry) tainted(pool int32) *obstacles {
	return q.taintsOf.of(pool, func(o *obstacles) {
		o.note(taintReasons(q.p.pools[pool].taints, q.spec.Tolerations)...)
	})
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
	out.join(q.tainted(row.pool))
	if !q.rows.Has(int(r)) {
		out.join(q.conflictsOf(p.rowPlaces, int(r), func(key string) (string, bool) { return p.rowLabel(int(r), key) }))
	}
	out.add(p.volumeConflicts(p.exemplar(q.cl), int(r), true)...)
	if q.ledger != nil {
		out.join(q.topologyOf.of(p.topology.kindOf[r], func(o *obstacles) { q.topology(o, r) }))
	} else if p.overheads[p.overheadOf[r]].daemons.Intersects(p.sigs[q.cl.sig].shunned) {
		for d := range p.overheads[p.overheadOf[r]].daemons.All() {
			if p.sigs[q.cl.sig].shunned.Has(d) {
				out.note(p.terms.company(q.cl.ties, p.daemons[d].ties))
				break
			}
		}
	}
	out.join(q.shortagesIn.of(roomKey{row.typ, p.overheadOf[r]}, func(o *obstacles) {
		typ := p.types[row.typ].source
		p.shortages(o, q.cl.demand, p.room(r), typ.Capacity, typ.VolumeLimits)
	}))
	if !p.offers[row.offer].source.Available {
		out.note(Rejection{Code: NoAvailableOffering, Key: p.offers[row.offer].source.Zone})
	} else if st := p.offers[row.offer].stock; st >= 0 && q.supply.stocks[st] <= 0 {
		out.note(Rejection{Code: NoAvailableOffering, Key: p.stocks[st].key, Want: "1", Have: "0"})
	}
	out.join(q.limitsOf.of([2]int32{row.pool, row.typ}, func(o *obstacles) { o.note(q.limitReasons(row)...) }))
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
		if have == 0 && absent(machine, name) {
			o.weight = weightOfKind
		}
		out.add(o)
	}
}

func absent(list corev1.ResourceList, name corev1.ResourceName) bool {
	q := list[name]
	return q.Sign() <= 0
}

// worded is the reason with its amounts.
func (p *Problem) worded(o obstacle) Rejection {
	if o.want > 0 {
		o.Want, o.Have = p.dims.Format(o.dim, o.want), p.dims.Format(o.dim, o.have)
	}
	return o.Rejection
}
