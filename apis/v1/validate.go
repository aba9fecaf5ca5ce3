package v1

import (
	"bytes"
	"encoding/json"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ValidateNodePool returns all that is wrong with a pool that has its defaults: every rule of the manifest, and the
// rules that only code can check. Those are, for the pools of a running cluster, what may be found wrong although the
// API server has accepted the object:
//
//   - requirements and labels that together admit no value of a key, or fewer than minValues
//   - a capacity type that does not exist, where no other is given
//   - two taints with the same key and effect, startup taints included
//   - limits below zero
//   - a schedule that is no cron expression, or that never hits
//   - names in the domain part of a key that are no DNS names, or too long
//   - a name of the pool that does not fit into the label karpenter.sh/nodepool
//
// The list is empty for a valid pool. The argument is not changed.
func ValidateNodePool(p *NodePool) field.ErrorList {
	errs := validatePoolName(p.Name, field.NewPath("metadata", "name"))
	path := field.NewPath("spec")
	template := path.Child("template")
	errs = append(errs, validateTemplateLabels(p.Spec.Template.Labels, template.Child("metadata", "labels"))...)
	spec := &p.Spec.Template.Spec
	at := template.Child("spec")
	errs = append(errs, validateTaints(spec.Taints, spec.StartupTaints, at)...)
	errs = append(errs, validateRequirements(spec.Requirements, at.Child("requirements"), forPool)...)
	errs = append(errs, validateTogether(p.Spec.Template.Labels, spec.Requirements, at.Child("requirements"))...)
	errs = append(errs, validateClassRef(spec.NodeClassRef, at.Child("nodeClassRef"))...)
	errs = append(errs, validateGracePeriod(spec.TerminationGracePeriod, at.Child("terminationGracePeriod"))...)
	errs = append(errs, validateNillable(spec.ExpireAfter, at.Child("expireAfter"))...)
	errs = append(errs, validateDisruption(&p.Spec.Disruption, path.Child("disruption"))...)
	errs = append(errs, validateLimits(p.Spec.Limits, path.Child("limits"))...)
	if w := p.Spec.Weight; w != nil && (*w < 1 || *w > 100) {
		errs = append(errs, field.Invalid(path.Child("weight"), *w, "must be from 1 to 100"))
	}
	return append(errs, validateStatic(&p.Spec, path)...)
}

// ValidateNodePoolUpdate returns what is wrong with changing old into p: all of [ValidateNodePool], and changes of what
// may not change.
func ValidateNodePoolUpdate(p, old *NodePool) field.ErrorList {
	errs := ValidateNodePool(p)
	path := field.NewPath("spec")
	if (p.Spec.Replicas == nil) != (old.Spec.Replicas == nil) {
		errs = append(errs, field.Forbidden(path.Child("replicas"), "a pool with replicas cannot become one without, nor the reverse"))
	}
	ref, before := p.Spec.Template.Spec.NodeClassRef, old.Spec.Template.Spec.NodeClassRef
	if ref == nil || before == nil {
		return errs
	}
	at := path.Child("template", "spec", "nodeClassRef")
	if ref.Group != before.Group {
		errs = append(errs, field.Forbidden(at.Child("group"), "group is immutable"))
	}
	if ref.Kind != before.Kind {
		errs = append(errs, field.Forbidden(at.Child("kind"), "kind is immutable"))
	}
	return errs
}

// ValidateNodeClaim returns all that is wrong with a claim that has its defaults, by the rules of [ValidateNodePool] as
// far as a claim has the fields.
func ValidateNodeClaim(c *NodeClaim) field.ErrorList {
	spec := &c.Spec
	path := field.NewPath("spec")
	errs := validateTaints(spec.Taints, spec.StartupTaints, path)
	errs = append(errs, validateRequirements(spec.Requirements, path.Child("requirements"), forClaim)...)
	errs = append(errs, validateTogether(nil, spec.Requirements, path.Child("requirements"))...)
	errs = append(errs, validateClassRef(spec.NodeClassRef, path.Child("nodeClassRef"))...)
	errs = append(errs, validateGracePeriod(spec.TerminationGracePeriod, path.Child("terminationGracePeriod"))...)
	return append(errs, validateNillable(spec.ExpireAfter, path.Child("expireAfter"))...)
}

// ValidateNodeClaimUpdate returns what is wrong with changing old into c: all of [ValidateNodeClaim], and any change of
// the spec.
func ValidateNodeClaimUpdate(c, old *NodeClaim) field.ErrorList {
	errs := ValidateNodeClaim(c)
	after, errAfter := json.Marshal(c.Spec)
	before, errBefore := json.Marshal(old.Spec)
	if errAfter != nil || errBefore != nil || !bytes.Equal(after, before) {
		errs = append(errs, field.Forbidden(field.NewPath("spec"), "spec is immutable"))
	}
	return errs
}

// validatePoolName: the name is the value of a label. An empty one is the API server's business.
func validatePoolName(name string, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, problem := range validation.IsValidLabelValue(name) {
		errs = append(errs, field.Invalid(path, name, "must fit into the label "+NodePoolLabelKey+": "+problem))
	}
	return errs
}

// validateStatic has the rules of pools with replicas.
func validateStatic(spec *NodePoolSpec, path *field.Path) field.ErrorList {
	if spec.Replicas == nil {
		return nil
	}
	var errs field.ErrorList
	if *spec.Replicas < 0 {
		errs = append(errs, field.Invalid(path.Child("replicas"), *spec.Replicas, "must not be negative"))
	}
	if spec.Weight != nil {
		errs = append(errs, field.Forbidden(path.Child("weight"), "a pool with replicas may have no weight"))
	}
	for _, name := range sortedNames(spec.Limits) {
		if name != string(ResourceNodes) {
			errs = append(errs, field.Forbidden(path.Child("limits").Key(name), "a pool with replicas may have limits on nodes only"))
		}
	}
	return errs
}
