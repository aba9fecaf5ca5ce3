package kubeoracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// maxVariants bounds the labellings of one offering for one pool that are tried.
const maxVariants = 512

// pool is a NodePool that may launch nodes.
type pool struct {
	source   *v1.NodePool
	require  requirement.Set
	labels   map[string]string // of every node of the pool
	minimums map[string]int    // minValues by key
	further  []*further        // every node that could be launched, limits and availability aside
}

// further is one node that could be launched.
type further struct {
	pool     *pool
	typ      *cloudprovider.InstanceType
	offering *cloudprovider.Offering
	node     *corev1.Node
	owed     *framework.NodeInfo // the node with its DaemonSets, once it is asked for
}

// info is the node with the pods of its DaemonSets. It must not be changed.
func (st *state) info(f *further) *framework.NodeInfo {
	if f.owed == nil {
		f.owed = framework.NewNodeInfo()
		f.owed.SetNode(f.node)
		st.allDaemons(f.owed)
	}
	return f.owed
}

// String describes the node.
func (f *further) String() string {
	return fmt.Sprintf("a further %s %s/%s of pool %s, labels %v", f.typ.Name, f.offering.Zone, f.offering.CapacityType, f.pool.source.Name, f.node.Labels)
}

// readPools reads the pools that may launch, by name.
func (st *state) readPools() ([]*pool, error) {
	var out []*pool
	provider, known := st.providerKeys(), st.mentions()
	for _, source := range st.s.NodePools {
		notReady := slices.ContainsFunc(source.Status.Conditions, func(c metav1.Condition) bool {
			return c.Type == "Ready" && c.Status == metav1.ConditionFalse
		})
		if source.Spec.Replicas != nil || source.DeletionTimestamp != nil || notReady {
			continue
		}
		p := &pool{source: source, labels: map[string]string{}, minimums: map[string]int{}}
		maps.Copy(p.labels, source.Spec.Template.Labels)
		p.labels["karpenter.sh/nodepool"] = source.Name
		for _, entry := range source.Spec.Template.Spec.Requirements {
			entry.Key = st.s.Vocabulary.Canonical(entry.Key)
			r, err := entry.Requirement()
			if err != nil {
				return nil, fmt.Errorf("pool %s: %w", source.Name, err)
			}
			p.require = p.require.With(r)
			if r.MinValues() > 0 {
				p.minimums[r.Key()] = max(p.minimums[r.Key()], r.MinValues())
			}
		}
		for _, t := range st.s.InstanceTypes[source.Name] {
			for i := range t.Offerings {
				for _, labels := range p.variants(t, &t.Offerings[i], provider, known) {
					p.further = append(p.further, p.furtherNode(t, &t.Offerings[i], labels))
				}
			}
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *pool) int { return strings.Compare(a.source.Name, b.source.Name) })
	return out, nil
}

// freshName is the name of a further node of the type.
func freshName(t *cloudprovider.InstanceType) string { return "further." + t.Name }

func (p *pool) furtherNode(t *cloudprovider.InstanceType, o *cloudprovider.Offering, labels map[string]string) *further {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: freshName(t), Labels: labels}}
	labels[corev1.LabelHostname] = node.Name
	if ref := p.source.Spec.Template.Spec.NodeClassRef; ref != nil && ref.Group != "" {
		labels[ref.Group+"/"+strings.ToLower(ref.Kind)] = ref.Name
	}
	for old, today := range map[string]string{
		"beta.kubernetes.io/arch": corev1.LabelArchStable, "beta.kubernetes.io/os": corev1.LabelOSStable,
		"beta.kubernetes.io/instance-type": corev1.LabelInstanceTypeStable,
	} {
		if value, ok := labels[today]; ok {
			labels[old] = value // the kubelet sets both
		}
	}
	node.Spec.Taints = p.source.Spec.Template.Spec.Taints
	node.Status.Capacity, node.Status.Allocatable = t.Capacity, t.Allocatable()
	return &further{pool: p, typ: t, offering: o, node: node}
}

// providerKeys are the label keys that types and offerings decide: those that they state, those that these stand for, and
// those that the vocabulary calls well known.
func (st *state) providerKeys() map[string]bool {
	out := map[string]bool{}
	note := func(keys []string) {
		for _, key := range keys {
			out[key], out[st.s.Vocabulary.Canonical(key)] = true, true
		}
	}
	for _, key := range st.s.Vocabulary.WellKnown {
		out[key] = true
	}
	for _, list := range st.s.InstanceTypes {
		for _, t := range list {
			note(t.Requirements.Keys())
			for i := range t.Offerings {
				note(t.Offerings[i].Requirements.Keys())
			}
		}
	}
	return out
}

// variants are the sets of labels that a node bought at the offering can have, as far as they differ for anybody.
func (p *pool) variants(t *cloudprovider.InstanceType, o *cloudprovider.Offering, provider map[string]bool, known mentioned) []map[string]string {
	bought := map[string]string{
		corev1.LabelInstanceTypeStable: t.Name, corev1.LabelTopologyZone: o.Zone, "karpenter.sh/capacity-type": o.CapacityType,
	}
	keys := map[string]bool{}
	for _, list := range [][]string{t.Requirements.Keys(), o.Requirements.Keys(), p.require.Keys(), slices.Collect(maps.Keys(p.labels)), slices.Collect(maps.Keys(bought))} {
		for _, key := range list {
			keys[key] = true
		}
	}
	delete(keys, corev1.LabelHostname)
	out := []map[string]string{{}}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		r := t.Requirements.Get(key).Intersect(o.Requirements.Get(key)).Intersect(p.require.Get(key))
		if value, ok := bought[key]; ok {
			r = r.Intersect(requirement.In(key, value))
		}
		if value, ok := p.labels[key]; ok {
			r = r.Intersect(requirement.In(key, value))
		}
		stated := t.Requirements.Has(key) || o.Requirements.Has(key)
		_, fixed := p.labels[key]
		if _, ok := bought[key]; !ok && !fixed && !stated && (provider[key] || wellKnown(key)) {
			r = r.Intersect(requirement.DoesNotExist(key)) // nobody gives the node such a label
		}
		out = multiply(out, key, r, known[key], p.minimums[key] > 0)
	}
	return out
}

// wellKnown reports whether the provider decides the label even where no type has it.
func wellKnown(key string) bool {
	return scheduling.Snapshot{}.Vocabulary.IsWellKnown(key)
}

// multiply gives each set of labels each value that the requirement admits and that somebody can tell from others.
func multiply(sets []map[string]string, key string, r requirement.Requirement, told []string, counted bool) []map[string]string {
	var values []string
	if r.Finite() {
		values = r.Values()
	} else {
		for _, value := range told {
			if r.Has(value) {
				values = append(values, value)
			}
		}
		if other, ok := r.Intersect(requirement.NotIn(key, values...)).Pick(); ok {
			values = append(values, other)
		}
	}
	absent := r.HasAbsent()
	if len(told) == 0 && !counted { // nobody looks at the label: one way is as good as another
		if absent {
			values = nil
		} else if len(values) > 1 {
			values = values[:1]
		}
	}
	var out []map[string]string
	for i, set := range sets {
		if absent {
			out = append(out, set)
		}
		for _, value := range values {
			if i > 0 && len(out) >= maxVariants {
				break
			}
			with := maps.Clone(set)
			with[key] = value
			out = append(out, with)
		}
	}
	return out
}
