package oracle

import (
	"math"
	"slices"
	"strconv"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Which values of a label somebody can tell apart.

// mentions is what mentioned answers for a key.
type mentions struct {
	values []string
	asked  bool
}

// mentioned lists values that stand for all that somebody can tell apart, and whether any pod or DaemonSet looks at the
// key at all.
func (w *world) mentioned(key string) (values []string, asked bool) {
	known, ok := w.heard[key]
	if !ok {
		known.values, known.asked = w.listen(key)
		w.heard[key] = known
	}
	return slices.Clone(known.values), known.asked
}

// isTopology reports whether some pod is spread over the key, wants others near or apart over it, or belongs to a group
// that does.
func (w *world) isTopology(key string) bool {
	pods := slices.Concat(w.s.Pods, w.daemons)
	for _, h := range w.existing {
		pods = append(pods, h.bound...)
	}
	for _, pod := range pods {
		for _, term := range slices.Concat(antiTerms(pod), affinityTerms(pod)) {
			if term.TopologyKey == key {
				return true
			}
		}
		for _, c := range w.spreadsOf(pod) {
			if c.key == key {
				return true
			}
		}
	}
	return slices.ContainsFunc(w.s.Groups, func(g scheduling.Group) bool { return g.TopologyKey == key })
}

func (w *world) listen(key string) (values []string, asked bool) {
	note := func(list ...string) {
		for _, value := range list {
			values = append(values, value)
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 && n < math.MaxInt64 {
				values = append(values, strconv.FormatInt(n-1, 10), strconv.FormatInt(n+1, 10))
			}
		}
	}
	note("other", "0", "1")
	for _, pod := range slices.Concat(w.s.Pods, w.daemons) {
		if value, ok := pod.Spec.NodeSelector[key]; ok {
			asked = true
			note(value)
		}
		if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil || pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
			continue
		}
		for _, term := range pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
			for _, e := range term.MatchExpressions {
				if e.Key == key {
					asked = true
					note(e.Values...)
				}
			}
		}
	}
	for _, pool := range w.s.NodePools {
		for _, r := range pool.Spec.Template.Spec.Requirements {
			if todaysKey(w.s, r.Key) == key {
				note(r.Values...)
			}
		}
	}
	for _, v := range w.s.Storage.Volumes {
		if v.Spec.NodeAffinity == nil || v.Spec.NodeAffinity.Required == nil {
			continue
		}
		for _, term := range v.Spec.NodeAffinity.Required.NodeSelectorTerms {
			for _, e := range term.MatchExpressions {
				if e.Key == key {
					asked = true
					note(e.Values...)
				}
			}
		}
	}
	for _, class := range w.s.Storage.Classes {
		for _, term := range class.AllowedTopologies {
			for _, e := range term.MatchLabelExpressions {
				if e.Key == key {
					asked = true
					note(e.Values...)
				}
			}
		}
	}
	if w.isTopology(key) {
		asked = true
		for _, h := range w.hosts {
			if value, ok := h.node.Labels[key]; ok {
				note(value)
			}
		}
	}
	return values, asked
}
