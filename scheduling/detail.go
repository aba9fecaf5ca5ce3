package scheduling

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// What stands behind a reason that is about other pods is looked up when the reasons have been counted, since few are
// left then.

// maxDetails is how many domains or pods a detail names.
const maxDetails = 6

// detail says of reasons between pods which others are meant.
func (q *inquiry) detail(list []ranked) {
	for i := range list {
		r := &list[i]
		if r.Want == absentLabel {
			continue
		}
		switch r.Code {
		case TopologySpread:
			r.Detail = q.counts(r.Key)
		case PodAffinity:
			r.Detail = q.targets(r.Key)
		case PodAntiAffinity, HostPortInUse:
			r.Detail = q.culprit(r.host, r.Key)
		case NoAvailableOffering:
			if r.Have == "" && r.host.row >= 0 {
				r.Detail = q.soldOut(r.host.row)
			}
		case InsufficientResource, UntoleratedTaint, RequirementConflict, VolumeConflict, NodePoolLimit, MinValues,
			GroupIncomplete, Nominated, NotSupported, EffortExhausted:
		}
	}
}

// soldOut are the zones in which the row's type would do for the pod if it were available.
func (q *inquiry) soldOut(row int32) string {
	p := q.p
	of := &p.rows[row]
	rows := p.rowsOfType(&p.pools[of.pool], of.typ)
	var zones []string
	for r := rows[0]; r < rows[1]; r++ {
		if found := q.row(r).list; len(found) == 1 && found[0].Code == NoAvailableOffering && found[0].Have == "" {
			zones = append(zones, found[0].Key)
		}
	}
	slices.Sort(zones)
	return listed(slices.Compact(zones))
}

// domain names a domain of the key: the value that the label has on any of its hosts.
func (q *inquiry) domain(key, d int32) string {
	p := q.p
	for i := range p.topology.nodes {
		if p.topology.cells[p.topology.nodes[i].cell][key] == d {
			value, _ := p.nodeLabel(i, p.topology.keys[key])
			return value
		}
	}
	for r := range p.rows {
		if p.topology.cells[p.kind(int32(r)).cell][key] == d {
			value, _ := p.rowLabel(r, p.topology.keys[key])
			return value
		}
	}
	return strconv.Itoa(int(d))
}

// hostText names a host of the ledger.
func (q *inquiry) hostText(h *host) string {
	if h.node >= 0 {
		return q.p.nodes[h.node].object.Name
	}
	row := &q.p.rows[h.row]
	return "a launched " + q.p.types[row.typ].source.Name
}

// counts says how many pods a spread constraint over the key counts where, and why no pod goes where there are fewest.
func (q *inquiry) counts(name string) string {
	t := &q.p.topology
	for _, check := range q.cl.topo.spreads {
		tr := &t.tracks[check.track]
		if t.name(tr.key) != name {
			continue
		}
		if tr.key == hostname {
			return q.emptiest(check.track)
		}
		type domain struct {
			name string
			id   int32
			pods int64
		}
		var all []domain
		for d, n := range q.ledger.counts[check.track] {
			if q.ledger.present[check.track][d] > 0 {
				all = append(all, domain{q.domain(tr.key, int32(d)), int32(d), n})
			}
		}
		slices.SortFunc(all, func(a, b domain) int { return strings.Compare(a.name, b.name) })
		var parts []string
		least := slices.MinFunc(append(all, domain{pods: 1 << 62}), func(a, b domain) int { return int(min(max(a.pods-b.pods, -1), 1)) })
		for _, d := range all {
			parts = append(parts, fmt.Sprintf("%s %d", d.name, d.pods))
		}
		if len(parts) > maxDetails {
			parts = append(parts[:maxDetails], fmt.Sprintf("%d more", len(parts)-maxDetails))
		}
		text := strings.Join(parts, ", ")
		if len(all) < int(check.minDomains) {
			return fmt.Sprintf("%s; minDomains %d", text, check.minDomains)
		}
		if why := q.closed(TopologySpread, name, func(k *hostKind, node int32) bool {
			return t.includes(k, node, check.track) && t.cells[k.cell][tr.key] == least.id
		}); why != "" {
			text += "; " + least.name + " takes none: " + why
		}
		return text
	}
	return ""
}

// emptiest names a host with the fewest pods that the track counts.
func (q *inquiry) emptiest(track int32) string {
	least, _ := q.ledger.heights[track].least()
	for i := range q.ledger.hosts {
		if h := &q.ledger.hosts[i]; q.ledger.includes(i, track) && q.ledger.named(i, track) == least {
			text, node := fmt.Sprintf("%s %d", q.hostText(h), least), h.node
			if why := q.closed(TopologySpread, corev1.LabelHostname, func(_ *hostKind, n int32) bool { return node >= 0 && n == node }); why != "" {
				text += "; " + q.hostText(h) + " takes none: " + why
			}
			return text
		}
	}
	return ""
}

// closed is why the nearest of some hosts, nodes and rows, does not take the pod, other than for the reason asked about. A
// row has no node.
func (q *inquiry) closed(code Code, key string, meant func(k *hostKind, node int32) bool) string {
	p, best, why := q.p, 0.0, ""
	consider := func(o *obstacles) {
		if why != "" && o.weight >= best {
			return
		}
		for _, one := range o.list {
			if one.Code != code || one.Key != key {
				best, why = o.weight, p.worded(one).String()
				return
			}
		}
	}
	for r := range p.rows {
		if meant(p.kind(int32(r)), -1) {
			consider(q.row(int32(r)))
		}
	}
	for k := range p.nodeCount() {
		if i := p.nodeAt(k); meant(&p.topology.nodes[i], int32(i)) {
			consider(q.node(i))
		}
	}
	return why
}

// targets says where the pods are that affinity over the key asks for, if there are some.
func (q *inquiry) targets(name string) string {
	t := &q.p.topology
	for _, near := range q.cl.topo.near {
		for _, track := range near.tracks {
			key := t.tracks[track].key
			if t.name(key) != name || q.ledger.total[track] == 0 {
				continue
			}
			var places []string
			there := map[int32]bool{} // nodes, or domains
			if key == hostname {
				for i := range q.ledger.hosts {
					if h := &q.ledger.hosts[i]; q.ledger.includes(i, track) && q.ledger.holds(i, track) > 0 {
						places, there[h.node] = append(places, q.hostText(h)), true
					}
				}
			} else {
				for d, n := range q.ledger.counts[track] {
					if n > 0 {
						places, there[int32(d)] = append(places, q.domain(key, int32(d))), true
					}
				}
			}
			why := q.closed(PodAffinity, name, func(k *hostKind, node int32) bool {
				if key == hostname {
					return node >= 0 && there[node]
				}
				return there[t.cells[k.cell][key]]
			})
			slices.Sort(places)
			if places = slices.Compact(places); len(places) > maxDetails {
				places = append(places[:maxDetails], fmt.Sprintf("%d more", len(places)-maxDetails))
			}
			return joined(", closed by ", strings.Join(places, ", "), why)
		}
	}
	return ""
}

// culprit names a pod that keeps the class off the host, over a topology key or a port.
func (q *inquiry) culprit(at hostRef, name string) string {
	p, t := q.p, &q.p.topology
	kind := q.kindAt(at)
	if kind == nil {
		return ""
	}
	if name != corev1.LabelHostname && slices.Contains(t.keys, name) {
		key := t.key(name)
		for _, track := range q.cl.topo.empty {
			d := t.cells[kind.cell][key]
			if t.tracks[track].key != key || d < 0 || q.ledger.counts[track][d] == 0 {
				continue
			}
			for i := range q.ledger.hosts {
				h := &q.ledger.hosts[i]
				if t.cells[h.kind.cell][key] == d && q.ledger.holds(i, track) > 0 {
					return q.onHost(h, func(pod *corev1.Pod) bool { return p.tracked(track, pod) },
						func(c *class) bool { _, counts := slices.BinarySearch(c.topo.counted, track); return counts })
				}
			}
		}
		return ""
	}
	h := &host{kind: kind, node: at.node, row: at.row}
	if at.node >= 0 {
		h.content = q.onNodes[at.node]
	}
	return q.onHost(h, func(pod *corev1.Pod) bool {
		return q.cl.ties.conflict(p.terms.ties(p.boundAnti[pod], p.terms.matches(pod)))
	}, func(c *class) bool { return c.ties.conflict(q.cl.ties) })
}

// kindAt is what topology sees of the host; nil if it is none.
func (q *inquiry) kindAt(at hostRef) *hostKind {
	switch {
	case at.node >= 0:
		return &q.p.topology.nodes[at.node]
	case at.row >= 0:
		return q.p.kind(at.row)
	}
	return nil
}

// tracked reports whether the track counts the bound pod.
func (p *Problem) tracked(track int32, pod *corev1.Pod) bool {
	tr := &p.topology.tracks[track]
	if tr.anti >= 0 {
		return slices.Contains(p.boundAnti[pod], tr.anti)
	}
	return p.terms.selects(&p.terms.matchers[tr.matcher], pod)
}

// onHost names the first pod of the host that is one of those: a bound one, one of a DaemonSet, or a waiting one.
func (q *inquiry) onHost(h *host, bound func(*corev1.Pod) bool, waiting func(*class) bool) string {
	p := q.p
	var daemons []int32
	if h.node >= 0 {
		n := &p.nodes[h.node]
		for _, pod := range n.pods {
			if bound(pod) {
				return podName(pod).String()
			}
		}
		daemons = n.owed
	} else {
		for d := range p.overheads[p.overheadOf[h.row]].daemons.All() {
			daemons = append(daemons, int32(d))
		}
	}
	for _, part := range h.content {
		if cl := &p.classes[p.classes[part.class].root]; waiting(cl) {
			return podName(p.exemplar(cl)).String()
		}
	}
	for _, d := range daemons {
		daemon := &p.daemons[d]
		if c := (&class{ties: daemon.ties, topo: &related{counted: daemon.counted}}); waiting(c) {
			return "DaemonSet " + daemon.pod.Namespace + "/" + daemon.pod.Name
		}
	}
	return ""
}
