package scheduling

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	schedulingcorev1 "k8s.io/component-helpers/scheduling/corev1"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// volumeRule is a condition that a volume puts on the node. Volumes that mean the same share one rule.
type volumeRule struct {
	keys        []string // labels that it looks at, and nodeNameKey for the name
	admits      func(n *corev1.Node) bool
	want        string                    // how a node fails it, to stand behind the claim
	terms       []corev1.NodeSelectorTerm // the label values that it names
	rows, nodes bitset.Set                // that it admits
}

// rule finds or makes the rule of that meaning.
func (s *storage) rule(meaning string, build func() volumeRule) int32 {
	id, known := s.ruleIDs[meaning]
	if !known {
		id = int32(len(s.rules))
		s.ruleIDs[meaning] = id
		r := build()
		slices.Sort(r.keys)
		r.keys = slices.Compact(r.keys)
		s.rules = append(s.rules, r)
	}
	return id
}

func (n *volumeNeeds) obey(key types.NamespacedName, rule int32) {
	n.claims = append(n.claims, key)
	n.rules = append(n.rules, rule)
}

// bindTo restricts the pod to where the volume is: by its node affinity and, for volumes of claims that the pod names,
// by its zone labels.
func (s *storage) bindTo(n *volumeNeeds, key types.NamespacedName, v *corev1.PersistentVolume, zoned bool) {
	if moved, _ := s.migrated(v); volumeAffinity(v) != nil || moved != nil {
		n.obey(key, s.boundRule(v))
	}
	if labels := zoneLabels(v); zoned && len(labels) > 0 {
		n.obey(key, s.zoneRule(labels))
	}
}

func volumeAffinity(v *corev1.PersistentVolume) *corev1.NodeSelector {
	if v.Spec.NodeAffinity == nil {
		return nil
	}
	return v.Spec.NodeAffinity.Required
}

// reaches reports whether the volume's node affinity admits the node. It looks at labels, never at the name.
func reaches(required *corev1.NodeSelector, n *corev1.Node) bool {
	if required == nil {
		return true
	}
	nameless := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: n.Labels}}
	ok, err := schedulingcorev1.MatchNodeSelectorTerms(nameless, required)
	return ok && err == nil
}

// affinityRule is the rule of a volume with node affinity that is to be bound.
func (s *storage) affinityRule(required *corev1.NodeSelector) int32 {
	return s.rule("affinity "+affinityText(required), func() volumeRule {
		return volumeRule{
			keys: selectorKeys(required), terms: required.NodeSelectorTerms, want: whereText(required),
			admits: func(n *corev1.Node) bool { return reaches(required, n) },
		}
	})
}

// boundRule is the rule of a volume with node affinity that is bound. Nodes that have moved the volume's plugin to its CSI
// driver look at other labels.
func (s *storage) boundRule(v *corev1.PersistentVolume) int32 {
	required := volumeAffinity(v)
	moved, plugin := s.migrated(v)
	if moved == nil {
		return s.affinityRule(required)
	}
	shown := required
	if required == nil {
		shown = moved
	}
	return s.rule(plugin+" "+affinityText(required)+" "+affinityText(moved), func() volumeRule {
		return volumeRule{
			keys: slices.Concat(selectorKeys(required), selectorKeys(moved), []string{nodeNameKey}), terms: shown.NodeSelectorTerms, want: whereText(shown),
			admits: func(n *corev1.Node) bool {
				if s.migratedAt[plugin][n.Name] {
					return reaches(moved, n)
				}
				return reaches(required, n)
			},
		}
	})
}

// zoneLabel is a zone or region label of a volume.
type zoneLabel struct {
	key    string
	values []string
}

func zoneKeys() []string {
	return []string{corev1.LabelFailureDomainBetaZone, corev1.LabelFailureDomainBetaRegion, corev1.LabelTopologyZone, corev1.LabelTopologyRegion}
}

// zoneLabels are the volume's zone and region labels. A value may list several, joined by two underscores; one with an
// empty part says nothing.
func zoneLabels(v *corev1.PersistentVolume) []zoneLabel {
	var out []zoneLabel
	for _, key := range zoneKeys() {
		value, ok := v.Labels[key]
		if !ok {
			continue
		}
		values := strings.Split(value, "__")
		for i := range values {
			values[i] = strings.TrimSpace(values[i])
		}
		if !slices.Contains(values, "") {
			slices.Sort(values)
			out = append(out, zoneLabel{key, slices.Compact(values)})
		}
	}
	return out
}

// zoneRule is the rule of a volume with zone labels: a node that has any zone or region label must have each of the
// volume's, under its own or the newer key.
func (s *storage) zoneRule(labels []zoneLabel) int32 {
	meaning := "zones"
	for _, l := range labels {
		meaning += " " + l.key + "=" + strings.Join(l.values, "__")
	}
	return s.rule(meaning, func() volumeRule {
		r := volumeRule{keys: zoneKeys(), want: "is in " + listed(labels[len(labels)-1].values)}
		newer := map[string]string{
			corev1.LabelFailureDomainBetaZone: corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaRegion: corev1.LabelTopologyRegion,
		}
		var term corev1.NodeSelectorTerm
		for _, l := range labels {
			if _, old := newer[l.key]; !old {
				term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{Key: l.key, Operator: corev1.NodeSelectorOpIn, Values: l.values})
			}
			if strings.HasSuffix(l.key, "zone") {
				r.want = "is in " + listed(l.values)
			}
		}
		r.terms = []corev1.NodeSelectorTerm{term}
		r.admits = func(n *corev1.Node) bool {
			if !slices.ContainsFunc(zoneKeys(), func(key string) bool { _, ok := n.Labels[key]; return ok }) {
				return true
			}
			for _, l := range labels {
				value, ok := n.Labels[l.key]
				if !ok {
					value, ok = n.Labels[newer[l.key]]
				}
				if !ok || !slices.Contains(l.values, value) {
					return false
				}
			}
			return true
		}
		return r
	})
}

// noProvisioner is the provisioner of classes that make no volumes.
const noProvisioner = "kubernetes.io/no-provisioner"

func provisions(class *storagev1.StorageClass) bool {
	return class.Provisioner != "" && class.Provisioner != noProvisioner
}

// madeAnywhere reports whether volumes of the class can be made wherever a pod goes.
func madeAnywhere(class *storagev1.StorageClass) bool {
	return provisions(class) && len(class.AllowedTopologies) == 0
}

// madeAt reports whether a volume of the class can be made for a pod on the node.
func madeAt(class *storagev1.StorageClass, n *corev1.Node) bool {
	if !provisions(class) {
		return false
	}
	return len(class.AllowedTopologies) == 0 || slices.ContainsFunc(class.AllowedTopologies, func(t corev1.TopologySelectorTerm) bool {
		return len(t.MatchLabelExpressions) > 0 && !slices.ContainsFunc(t.MatchLabelExpressions, func(e corev1.TopologySelectorLabelRequirement) bool {
			value, ok := n.Labels[e.Key]
			return !ok || !slices.Contains(e.Values, value)
		})
	})
}

// madeRule is the rule of a claim whose volume is to be made.
func (s *storage) madeRule(class *storagev1.StorageClass) int32 {
	return s.rule("made by class "+class.Name, func() volumeRule {
		r := volumeRule{admits: func(n *corev1.Node) bool { return madeAt(class, n) }}
		r.terms = topologyTerms(class)
		r.keys = selectorKeys(&corev1.NodeSelector{NodeSelectorTerms: r.terms})
		if r.want = "has no volume to bind, and StorageClass " + class.Name + " makes none"; provisions(class) {
			r.want = "can be made " + placesText(r.terms) + " only"
		}
		return r
	})
}

// topologyTerms are the class's allowed topologies as terms of a node selector.
func topologyTerms(class *storagev1.StorageClass) []corev1.NodeSelectorTerm {
	var out []corev1.NodeSelectorTerm
	for _, t := range class.AllowedTopologies {
		var term corev1.NodeSelectorTerm
		for _, e := range t.MatchLabelExpressions {
			term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{Key: e.Key, Operator: corev1.NodeSelectorOpIn, Values: e.Values})
		}
		out = append(out, term)
	}
	return out
}

// selectedRule is the rule of a claim whose volume is being made for one node.
func (s *storage) selectedRule(name string) int32 {
	return s.rule("selected node "+name, func() volumeRule {
		return volumeRule{
			keys: []string{nodeNameKey}, want: "gets its volume on node " + name,
			admits: func(n *corev1.Node) bool { return n.Name == name },
			terms:  []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{{Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{name}}}}},
		}
	})
}

// selectorKeys are the label keys that a node selector looks at.
func selectorKeys(s *corev1.NodeSelector) []string {
	var out []string
	if s == nil {
		return nil
	}
	for _, t := range s.NodeSelectorTerms {
		for _, e := range t.MatchExpressions {
			out = append(out, e.Key)
		}
	}
	return out
}

// affinityText writes a node selector so that two that differ differ in it.
func affinityText(s *corev1.NodeSelector) string {
	var b strings.Builder
	if s == nil {
		return "none"
	}
	write := func(list []corev1.NodeSelectorRequirement) {
		for _, e := range list {
			b.WriteString(strconv.Quote(e.Key) + " " + string(e.Operator))
			for _, v := range e.Values {
				b.WriteString(" " + strconv.Quote(v))
			}
			b.WriteString(";")
		}
	}
	for _, t := range s.NodeSelectorTerms {
		b.WriteString("(")
		write(t.MatchExpressions)
		b.WriteString("|")
		write(t.MatchFields)
		b.WriteString(")")
	}
	return b.String()
}

// whereText says where a volume with that node affinity is.
func whereText(s *corev1.NodeSelector) string {
	if len(s.NodeSelectorTerms) == 0 {
		return "is nowhere"
	}
	return "is " + placesText(s.NodeSelectorTerms)
}

// placesText says for people which nodes the terms admit: "in zone-a", "on n-1", "where example.com/rack in {r1}".
func placesText(terms []corev1.NodeSelectorTerm) string {
	var out []string
	for _, t := range terms {
		var parts []string
		for _, e := range slices.Concat(t.MatchExpressions, t.MatchFields) {
			switch {
			case e.Operator == corev1.NodeSelectorOpIn && (e.Key == corev1.LabelTopologyZone || e.Key == corev1.LabelTopologyRegion):
				parts = append(parts, "in "+listed(e.Values))
			case e.Operator == corev1.NodeSelectorOpIn && e.Key == corev1.LabelHostname:
				parts = append(parts, "on "+listed(e.Values))
			case len(e.Values) == 0:
				parts = append(parts, "where "+e.Key+" "+string(e.Operator))
			default:
				parts = append(parts, "where "+e.Key+" "+string(e.Operator)+" {"+strings.Join(e.Values, ", ")+"}")
			}
		}
		out = append(out, strings.Join(parts, " and "))
	}
	return listed(out)
}

// noteVolumes adds what volumes say of labels and names of nodes to what pods say.
func (p *Problem) noteVolumes(mentioned mentions) {
	for i := range p.storage.rules {
		spec := p.storage.rules[i].spec()
		mentioned.add(spec)
		for _, name := range namedHosts(spec) {
			p.reserved[name] = true
		}
	}
}

// spec is that of a pod which asks for the label values that the rule names.
func (r *volumeRule) spec() *corev1.PodSpec {
	return &corev1.PodSpec{Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: r.terms},
	}}}
}

// compileVolumeRules asks each rule which rows and nodes it admits.
func (p *Problem) compileVolumeRules() {
	for i := range p.storage.rules {
		r := &p.storage.rules[i]
		r.rows, r.nodes = p.rowPlaces.obeying(r), p.nodePlaces.obeying(r)
	}
}

// obeying returns the places that a rule admits. Places that agree in all keys are asked once.
func (t *places) obeying(r *volumeRule) bitset.Set {
	out := bitset.New(t.n)
	verdicts := map[string]bool{}
	values := make([]byte, 0, 4*len(r.keys))
	for i := range t.n {
		values = values[:0]
		for _, key := range r.keys {
			values = binary.LittleEndian.AppendUint32(values, uint32(t.column(key).ids[i]))
		}
		verdict, asked := verdicts[string(values)]
		if !asked {
			verdict = r.admits(t.node(i, r.keys))
			verdicts[string(values)] = verdict
		}
		if verdict {
			out.Add(i)
		}
	}
	return out
}

// node is the place as a node with those labels alone.
func (t *places) node(i int, keys []string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: make(map[string]string, len(keys))}}
	for _, key := range keys {
		c := t.column(key)
		switch id := c.ids[i]; {
		case id < 0:
		case key == nodeNameKey:
			n.Name = c.values[id]
		default:
			n.Labels[key] = c.values[id]
		}
	}
	return n
}

// restrictToVolumes leaves those rows and nodes that the volumes of the signature's pods can be reached from.
func (p *Problem) restrictToVolumes(sig *signature, rows, nodes bitset.Set) {
	for _, id := range p.volumeRules(sig.pod) {
		rows.And(p.storage.rules[id].rows)
		nodes.And(p.storage.rules[id].nodes)
	}
}

func (p *Problem) volumeRules(pod *corev1.Pod) []int32 {
	if n := p.storage.needs[pod]; n != nil {
		return n.rules
	}
	return nil
}

// volumeConflicts are the volumes that a place is out of reach of. ofRow says whether i is a row or a node.
func (p *Problem) volumeConflicts(pod *corev1.Pod, i int, ofRow bool) []obstacle {
	var out []obstacle
	n := p.storage.needs[pod]
	if n == nil {
		return nil
	}
	for k, id := range n.rules {
		rule := &p.storage.rules[id]
		set := rule.nodes
		if ofRow {
			set = rule.rows
		}
		if set.Has(i) {
			continue
		}
		o := obstacle{Rejection: Rejection{Code: VolumeConflict, Key: claimKey(n.claims[k]), Want: rule.want}}
		if o.weight = weigh(o.Rejection); rule.toNodes() {
			o.weight = weightOfNames
		}
		out = append(out, o)
	}
	return out
}

// toNodes reports whether the rule admits some nodes that exist, by their names, and no other.
func (r *volumeRule) toNodes() bool {
	return r.rows.Empty() && !r.nodes.Empty() && (slices.Contains(r.keys, corev1.LabelHostname) || slices.Contains(r.keys, nodeNameKey))
}
