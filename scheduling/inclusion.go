package scheduling

import (
	"encoding/binary"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

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
	if u := p.universe; u != nil {
		in.number(p.narrowed(u.inclusions.of(inclusionKey{sig: -1}, func() *inclusion { return &inclusion{rows: rows, nodes: nodes} })))
	} else {
		in.number(inclusion{rows: rows, nodes: nodes})
	}
	return in
}

// setName is equal for equal sets.
func setName(sets ...bitset.Set) string {
	var name []byte
	for _, set := range sets {
		for _, word := range set {
			name = binary.LittleEndian.AppendUint64(name, word)
		}
	}
	return string(name)
}

func (in *inclusions) number(i inclusion) int32 {
	name := setName(i.rows, i.nodes)
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
	id = in.number(p.narrowed(p.included(sig, s, keys)))
	in.bySig[name] = id
	return id
}

// narrowed is the inclusion without nodes that are gone.
func (p *Problem) narrowed(whole *inclusion) inclusion {
	return inclusion{rows: whole.rows, nodes: p.without(whole.nodes), whole: whole}
}

// included are the hosts that a constraint of the signature looks at: they have the keys, and its policies admit them.
func (p *Problem) included(sig int32, s spread, keys []string) *inclusion {
	if u := p.universe; u != nil {
		key := inclusionKey{p.sigs[sig].kin, s.affinity, s.taints, strings.Join(keys, ",")}
		return u.inclusions.of(key, func() *inclusion { return u.included(key.sig, s, keys) })
	}
	spec := &p.sigs[sig].pod.Spec
	out := &inclusion{rows: bitset.New(len(p.rows)), nodes: bitset.New(len(p.nodes))}
	out.rows.Fill(len(p.rows))
	out.nodes.Fill(len(p.nodes))
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
	return out
}
