package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/awslabs/operatorpkg/status"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	karpcloud "sigs.k8s.io/karpenter/pkg/cloudprovider"
	karpsched "sigs.k8s.io/karpenter/pkg/scheduling"
	"sigs.k8s.io/karpenter/pkg/utils/nodepool"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// catalog is what can be launched, as Karpenter has it.
type catalog struct {
	pools []*karpv1.NodePool
	types map[string][]*karpcloud.InstanceType // by pool
	// sources are the types of Kerf that they were made of.
	sources map[*karpcloud.InstanceType]*cloudprovider.InstanceType
	// offerings are the offerings of Kerf that those of Karpenter were made of.
	offerings map[*karpcloud.Offering]*cloudprovider.Offering
}

// convert makes another type with the same wire format of an API object.
func convert[T any](object any) (*T, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	out := new(T)
	return out, json.Unmarshal(data, out)
}

// newCatalog converts the pools that may launch, and their types. The keys are the provider's labels.
func newCatalog(s *scheduling.Snapshot, keys []string) (*catalog, error) {
	c := &catalog{
		types:     map[string][]*karpcloud.InstanceType{},
		sources:   map[*karpcloud.InstanceType]*cloudprovider.InstanceType{},
		offerings: map[*karpcloud.Offering]*cloudprovider.Offering{},
	}
	for _, pool := range s.NodePools {
		if !launches(pool) || len(s.InstanceTypes[pool.Name]) == 0 {
			continue
		}
		if pool.Spec.Template.Spec.NodeClassRef == nil {
			return nil, beyondError("a pool without a NodeClass")
		}
		converted, err := convert[karpv1.NodePool](pool)
		if err != nil {
			return nil, fmt.Errorf("NodePool %s: %w", pool.Name, err)
		}
		c.pools = append(c.pools, converted)
		for _, t := range s.InstanceTypes[pool.Name] {
			made, err := c.instanceType(t, keys)
			if err != nil {
				return nil, fmt.Errorf("instance type %s: %w", t.Name, err)
			}
			c.types[pool.Name] = append(c.types[pool.Name], made)
		}
	}
	nodepool.OrderByWeight(c.pools)
	return c, nil
}

// launches reports whether the provisioner looks at the pool.
func launches(pool *v1.NodePool) bool {
	notReady := slices.ContainsFunc(pool.Status.Conditions, func(c metav1.Condition) bool {
		return c.Type == status.ConditionReady && c.Status != "True"
	})
	return pool.Spec.Replicas == nil && pool.DeletionTimestamp == nil && !notReady
}

// providerKeys are the labels that the types or the vocabulary know.
func providerKeys(s *scheduling.Snapshot) []string {
	keys := map[string]bool{}
	for _, list := range s.InstanceTypes {
		for _, t := range list {
			for _, key := range t.Requirements.Keys() {
				keys[key] = true
			}
			for i := range t.Offerings {
				for _, key := range t.Offerings[i].Requirements.Keys() {
					keys[key] = true
				}
			}
		}
	}
	for _, key := range s.Vocabulary.WellKnown {
		keys[key] = true
	}
	delete(keys, corev1.LabelHostname)
	return slices.Sorted(maps.Keys(keys))
}

// instanceType converts one type. Karpenter wants a requirement for each label that the provider knows, absent ones too, and
// those of the offerings together at the type.
func (c *catalog) instanceType(t *cloudprovider.InstanceType, keys []string) (*karpcloud.InstanceType, error) {
	out := &karpcloud.InstanceType{
		Name: t.Name, Capacity: t.Capacity, Requirements: karpsched.NewRequirements(),
		Overhead: &karpcloud.InstanceTypeOverhead{KubeReserved: t.Overhead},
	}
	offered := map[string][]string{corev1.LabelTopologyZone: nil, karpv1.CapacityTypeLabelKey: nil}
	for i := range t.Offerings {
		o := &t.Offerings[i]
		made := &karpcloud.Offering{Price: o.Price, Available: o.Available, Requirements: karpsched.NewLabelRequirements(map[string]string{
			corev1.LabelTopologyZone: o.Zone, karpv1.CapacityTypeLabelKey: o.CapacityType,
		})}
		offered[corev1.LabelTopologyZone] = append(offered[corev1.LabelTopologyZone], o.Zone)
		offered[karpv1.CapacityTypeLabelKey] = append(offered[karpv1.CapacityTypeLabelKey], o.CapacityType)
		for r := range o.Requirements.All() {
			if !r.Finite() {
				return nil, fmt.Errorf("offering in %s: %v leaves a label open", o.Zone, r)
			}
			made.Requirements.Add(converted(r)...)
			offered[r.Key()] = append(offered[r.Key()], r.Values()...)
		}
		out.Offerings = append(out.Offerings, made)
		c.offerings[made] = o
	}
	for _, o := range out.Offerings {
		for key := range offered {
			if !o.Requirements.Has(key) {
				o.Requirements.Add(karpsched.NewRequirement(key, corev1.NodeSelectorOpDoesNotExist))
			}
		}
	}
	for key, values := range offered {
		out.Requirements.Add(karpsched.NewRequirement(key, corev1.NodeSelectorOpIn, values...))
	}
	for r := range t.Requirements.All() {
		out.Requirements.Add(converted(r)...)
	}
	out.Requirements.Add(karpsched.NewRequirement(corev1.LabelInstanceTypeStable, corev1.NodeSelectorOpIn, t.Name))
	for _, key := range slices.Concat(keys, []string{corev1.LabelTopologyRegion, corev1.LabelWindowsBuild}) {
		if !out.Requirements.Has(key) {
			out.Requirements.Add(karpsched.NewRequirement(key, corev1.NodeSelectorOpDoesNotExist))
		}
	}
	c.sources[out] = t
	return out, nil
}

// converted is a requirement as Karpenter has it, which is several where there are bounds.
func converted(r requirement.Requirement) []*karpsched.Requirement {
	values := r.Values()
	switch {
	case r.Finite() && len(values) == 0:
		return []*karpsched.Requirement{karpsched.NewRequirement(r.Key(), corev1.NodeSelectorOpDoesNotExist)}
	case r.Finite():
		return []*karpsched.Requirement{karpsched.NewRequirement(r.Key(), corev1.NodeSelectorOpIn, values...)}
	}
	var out []*karpsched.Requirement
	for _, e := range r.Entries() {
		out = append(out, karpsched.NewRequirement(e.Key, corev1.NodeSelectorOperator(e.Operator), e.Values...))
	}
	return out
}

// kerfSet is what a claim of Karpenter requires, as Kerf has it.
func kerfSet(requirements karpsched.Requirements) (requirement.Set, error) {
	var list []requirement.Requirement
	for _, entry := range requirements.NodeSelectorRequirements() {
		r, err := requirement.New(entry.Key, requirement.Operator(entry.Operator), entry.Values)
		if err != nil {
			return requirement.Set{}, err
		}
		list = append(list, r)
	}
	return requirement.NewSet(list...), nil
}

// speak makes the provider's labels known to Karpenter, which keeps them in variables of its package. The answer undoes it.
func speak(keys []string, vocabulary cloudprovider.Vocabulary) (restore func()) {
	known, aliases := karpv1.WellKnownLabels.Clone(), maps.Clone(karpv1.NormalizedLabels)
	karpv1.WellKnownLabels.Insert(keys...)
	for alias, key := range vocabulary.Aliases {
		karpv1.NormalizedLabels[alias] = key
	}
	return func() { karpv1.WellKnownLabels, karpv1.NormalizedLabels = known, aliases }
}
