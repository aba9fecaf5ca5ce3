// Package v1 has the types of API group karpenter.sh, version v1: [NodePool] and [NodeClaim], with their labels,
// annotations, taints, conditions, defaults and rules. They are wire compatible with Karpenter's: objects, dashboards
// and tools of a cluster keep working. The Go code is this library's own.
//
// The package is pure: no clock, no I/O, no client, no variables. What depends on time takes the time as an argument.
//
// # Life of an object
//
// An object read from an API server has its defaults and has passed the rules of the manifests in package crds. One
// that is read from a file or built in Go has not; give it both:
//
//	v1.SetDefaultsNodePool(pool)
//	if errs := v1.ValidateNodePool(pool); len(errs) > 0 {
//		return errs.ToAggregate()
//	}
//
// [ValidateNodePool] knows every rule of the manifest and some more, which the manifest cannot state: requirements that
// exclude each other, cron expressions that cannot be parsed, keys that are restricted. It returns all that it finds,
// each with its path. Two textual rules are the manifest's alone, because Go has only the parsed value: the spelling of
// durations in fields of type metav1.Duration ("1.5h" is refused there, 90m is not), and unknown fields.
//
// A few types of other packages have more rules in the manifests than in those packages: taints, conditions, label
// values. Generators read them from schema.go instead; see aliases.go.
//
// # Requirements
//
// [NodeRequirement] is the entry in the API; [NodeRequirement.Requirement] and [Requirements] give the algebra of
// package requirement.
//
// # Budgets
//
// [NodePool.AllowedDisruptions] says how many nodes of a pool may be under disruption at a time, for a reason;
// [Budget.Active] and [Budget.NextChange] tell when that changes. Schedules are in UTC and percentages are rounded up.
//
// # Drift
//
// [NodePool.Hash] covers all of the template but its requirements. Two pools with equal hashes launch nodes that need
// not be replaced by one another; [NodePoolHashVersion] names the algorithm.
//
// # Invariants
//
// Zero values work: an empty NodePool has no limits, weight 0, no budgets and so no restraint on disruption, and its
// nodes never expire. Defaults are applied by [SetDefaultsNodePool] alone, never by an accessor. No function modifies
// its input, the SetDefaults functions excepted.
//
// +k8s:deepcopy-gen=package
// +groupName=karpenter.sh
package v1
