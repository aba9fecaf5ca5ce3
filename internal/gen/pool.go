package gen

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// Labels that pools give their nodes.
const (
	team  = "example.com/team"
	tier  = "example.com/tier"
	shard = "example.com/shard"
	slot  = "example.com/slot"
	mark  = "example.com/mark"
	level = "example.com/level"
)

func (m *maker) makePools(n int) {
	for i := range n {
		p := m.nodePool([]string{"general", "batch", "edge", "spare"}[i])
		m.s.NodePools = append(m.s.NodePools, p)
		types := []*cloudprovider.InstanceType{}
		share := pick(m, 1.0, 1.0, 0.7)
		for _, t := range m.catalog {
			switch {
			case !m.chance(share):
			case i > 0 && m.chance(0.05): // the same type on other terms
				c := cloneType(t)
				for j := range c.Offerings {
					c.Offerings[j].Price = float64(m.between(1, 9)) / 8
				}
				types = append(types, c)
			default:
				types = append(types, t)
			}
		}
		m.s.InstanceTypes[p.Name] = types
	}
}

func (m *maker) nodePool(name string) *v1.NodePool {
	p := &v1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if m.chance(0.5) {
		weight := int32(pick(m, 1, 10, 10, 50))
		p.Spec.Weight = &weight
	}
	t := &p.Spec.Template
	t.Labels = map[string]string{}
	if m.f.CustomKeys && m.chance(0.4) {
		t.Labels[team] = pick(m, "a", "b")
	}
	if m.f.CustomKeys && m.chance(0.2) {
		t.Labels[tier] = pick(m, "gold", "silver")
	}
	if m.f.CustomKeys && m.chance(0.04) {
		t.Labels[family] = pick(m, "m", "c")
	}
	if m.chance(0.6) {
		t.Spec.NodeClassRef = &v1.NodeClassReference{Group: "example.com", Kind: "NodeShape", Name: "default"}
	}
	m.poolRequirements(p)
	if m.f.Taints {
		m.poolTaints(p)
	}
	if m.f.Limits && m.chance(0.35) {
		m.poolLimits(p)
	}
	if m.f.Closed {
		m.closePool(p)
	}
	return p
}

func (m *maker) closePool(p *v1.NodePool) {
	switch {
	case m.chance(0.06):
		replicas := int64(2)
		p.Spec.Replicas = &replicas
	case m.chance(0.03):
		p.Status.Conditions = []metav1.Condition{{Type: v1.ConditionTypeReady, Status: metav1.ConditionFalse}}
	case m.chance(0.02):
		p.DeletionTimestamp = &metav1.Time{Time: m.s.Now}
	}
}

func (m *maker) require(p *v1.NodePool, chance float64, key, operator string, values ...string) bool {
	if !m.chance(chance) {
		return false
	}
	r := v1.NodeRequirement{Key: key, Operator: corev1.NodeSelectorOperator(operator), Values: values}
	p.Spec.Template.Spec.Requirements = append(p.Spec.Template.Spec.Requirements, r)
	return true
}

func (m *maker) poolRequirements(p *v1.NodePool) {
	zones := some(m, m.between(1, len(m.zones)), m.zones...)
	if !m.require(p, 0.3, corev1.LabelTopologyZone, "In", zones...) && len(m.zones) > 1 {
		m.require(p, 0.1, corev1.LabelTopologyZone, "NotIn", m.zones[0])
	}
	switch m.IntN(6) {
	case 0:
		m.require(p, 1, v1.CapacityTypeLabelKey, "In", v1.CapacityTypeOnDemand)
	case 1:
		m.require(p, 1, v1.CapacityTypeLabelKey, "In", v1.CapacityTypeOnDemand, v1.CapacityTypeSpot)
	case 2:
		m.require(p, 1, v1.CapacityTypeLabelKey, "NotIn", v1.CapacityTypeSpot)
	}
	m.require(p, 0.15, corev1.LabelArchStable, "In", "amd64")
	m.require(p, 0.12, family, pick(m, "In", "NotIn"), some(m, 2, "m", "c", "r", "a")...)
	m.require(p, 0.12, generation, pick(m, "Gt", "Gte", "Lt", "Lte"), pick(m, "1", "2", "4"))
	m.require(p, 0.06, gpuModel, pick(m, "Exists", "DoesNotExist"))
	m.require(p, 0.05, cores, "Lt", "9")
	if m.f.CustomKeys {
		m.customRequirements(p)
	}
	if m.f.MinValues && m.chance(0.15) {
		m.poolMinValues(p)
	}
}

func (m *maker) customRequirements(p *v1.NodePool) {
	if m.require(p, 0.2, shard, "In", some(m, m.between(1, 3), "0", "1", "2", "3")...) {
		m.require(p, 0.2, shard, "NotIn", "9")
	}
	if m.require(p, 0.1, slot, pick(m, "Gt", "Gte"), pick(m, "3", "5")) {
		m.require(p, 0.4, slot, pick(m, "Lt", "Lte"), pick(m, "8", "20"))
	}
	m.require(p, 0.12, mark, pick(m, "Exists", "NotIn"))
	for i := range p.Spec.Template.Spec.Requirements {
		if r := &p.Spec.Template.Spec.Requirements[i]; r.Key == mark && r.Operator == "NotIn" {
			r.Values = some(m, m.between(1, 2), "x", "y", "z")
		}
	}
	m.require(p, 0.04, "example.com/nothing", "DoesNotExist")
	if value, ok := p.Spec.Template.Labels[team]; ok {
		m.require(p, 0.1, team, "In", value, "other")
	}
}

// poolMinValues asks for more than one value of something.
func (m *maker) poolMinValues(p *v1.NodePool) {
	want := m.between(2, 3)
	key := pick(m, corev1.LabelInstanceTypeStable, corev1.LabelInstanceTypeStable, family, corev1.LabelTopologyZone, generation)
	for i := range p.Spec.Template.Spec.Requirements {
		if r := &p.Spec.Template.Spec.Requirements[i]; r.Key == key {
			if len(r.Values) >= 2 && r.Operator == "In" {
				want = 2
				r.MinValues = &want
			}
			return
		}
	}
	p.Spec.Template.Spec.Requirements = append(p.Spec.Template.Spec.Requirements, v1.NodeRequirement{Key: key, Operator: "Exists", MinValues: &want})
}

func (m *maker) poolTaints(p *v1.NodePool) {
	spec := &p.Spec.Template.Spec
	if m.chance(0.25) {
		spec.Taints = append(spec.Taints, corev1.Taint{Key: "dedicated", Value: p.Name, Effect: pick(m, corev1.TaintEffectNoSchedule, corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute)})
	}
	if m.chance(0.04) {
		spec.Taints = append(spec.Taints, corev1.Taint{Key: level, Value: "5", Effect: corev1.TaintEffectNoSchedule})
	}
	if m.chance(0.1) {
		spec.Taints = append(spec.Taints, corev1.Taint{Key: "soft", Effect: corev1.TaintEffectPreferNoSchedule})
	}
	if m.chance(0.2) {
		spec.StartupTaints = append(spec.StartupTaints, corev1.Taint{Key: "example.com/starting", Value: "yes", Effect: corev1.TaintEffectNoSchedule})
	}
}

func (m *maker) poolLimits(p *v1.NodePool) {
	scale := max(1, m.pods/12)
	p.Spec.Limits = v1.Limits{}
	if m.chance(0.5) {
		p.Spec.Limits[corev1.ResourceCPU] = quantity("%d", m.between(2, 40)*scale)
	}
	if m.chance(0.25) {
		p.Spec.Limits[corev1.ResourceMemory] = quantity("%dGi", m.between(8, 160)*scale)
	}
	if m.chance(0.4) {
		p.Spec.Limits["nodes"] = quantity("%d", m.between(1, 4)*scale)
	}
	if m.f.Extended && m.chance(0.2) {
		p.Spec.Limits[gpu] = quantity("%d", m.between(0, 6))
	}
	if len(p.Spec.Limits) == 0 {
		p.Spec.Limits[corev1.ResourceCPU] = quantity("%dm", m.between(1000, 30000))
	}
}

// app is the name of the n-th group of pods.
func app(n int) string { return fmt.Sprintf("app%d", n) }
