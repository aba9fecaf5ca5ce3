package v1

import (
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// NodePoolHashVersion names the algorithm of [NodePool.Hash]. It goes into the annotation
// [NodePoolHashVersionAnnotationKey] next to the hash, and must change whenever the algorithm gives another value for
// any template.
//
// It is deliberately not a version of Karpenter's ("v3" and before): the same fields are hashed, but by another function,
// so the values differ. Whoever finds another version than its own must write its own hash and version to the pool and
// to those of its claims that have not drifted, instead of comparing. Both sides do that, so that a cluster can move
// from one to the other and back without a node being replaced.
const NodePoolHashVersion = "kerf-1"

// Hash is a decimal number that stands for all that a pool's nodes get from the template, its requirements excepted:
// labels, annotations, taints, startup taints, the class, the grace period and the expiry. Nodes whose claim has another
// hash in its annotation have drifted. Requirements are compared with the labels of the node instead, so that widening
// them replaces nothing.
//
// The order of taints, repetitions of a taint, and how a duration is written do not matter. What is not set does not
// count: an empty map is like none. The value is the 64-bit FNV-1a hash of a canonical text.
func (p *NodePool) Hash() string {
	h := fnv.New64a()
	h.Write([]byte(p.Spec.Template.canonical())) // never fails
	return strconv.FormatUint(h.Sum64(), 10)
}

// canonical has one line for each thing that is set, values quoted so that no two templates give the same text.
func (t *NodeClaimTemplate) canonical() string {
	var b strings.Builder
	line := func(field string, values ...string) {
		b.WriteString(field)
		for _, v := range values {
			b.WriteByte(' ')
			b.WriteString(strconv.Quote(v))
		}
		b.WriteByte('\n')
	}
	for _, key := range slices.Sorted(maps.Keys(t.Labels)) {
		line("label", key, t.Labels[key])
	}
	for _, key := range slices.Sorted(maps.Keys(t.Annotations)) {
		line("annotation", key, t.Annotations[key])
	}
	for _, taint := range canonicalTaints(t.Spec.Taints) {
		line("taint", taint)
	}
	for _, taint := range canonicalTaints(t.Spec.StartupTaints) {
		line("startupTaint", taint)
	}
	if ref := t.Spec.NodeClassRef; ref != nil {
		line("nodeClassRef", ref.Group, ref.Kind, ref.Name)
	}
	if d := t.Spec.TerminationGracePeriod; d != nil {
		line("terminationGracePeriod", d.Duration.String())
	}
	if d := t.Spec.ExpireAfter.Duration; d != nil {
		line("expireAfter", d.String())
	}
	return b.String()
}

// canonicalTaints is the set of taints, in order.
func canonicalTaints(taints []Taint) []string {
	out := make([]string, 0, len(taints))
	for _, t := range taints {
		text := strconv.Quote(t.Key) + strconv.Quote(t.Value) + strconv.Quote(string(t.Effect))
		if t.TimeAdded != nil {
			text += t.TimeAdded.UTC().Format(time.RFC3339)
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
