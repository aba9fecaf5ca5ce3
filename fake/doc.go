// Package fake is everything that a test, an example or a simulation needs instead of a cluster and a cloud: builders
// of plain API objects, a generated catalogue, and [Cloud], an in-memory cloudprovider.Provider that keeps the whole
// contract. It ships with the library on purpose: a decision about NodePools is tested with the same parts that test the
// library itself.
//
// A builder takes a name and options and returns an ordinary object that may be changed further:
//
//	small := fake.InstanceType("small", "2", "8Gi", fake.OnDemand("zone-a", 0.08), fake.Spot("zone-a", 0.03))
//	web := fake.Pod("web", fake.Requests("1", "1Gi"), fake.InZone("zone-b"))
//	general := fake.NodePool("general", fake.Limit("cpu", "100"), fake.Require("kubernetes.io/arch", "In", "amd64"))
//
// An option says the same thing of every kind that it fits: [Label] and [Taint] are for nodes, pools and claims alike,
// and the compiler refuses the rest. What no option covers is done by a function: [PodFunc], [NodeFunc], [NodePoolFunc],
// [NodeClaimFunc], [TypeFunc], [BudgetFunc] are options too.
//
// [Managed] builds a node with its claim and pods, as a NodePool would have launched it, and [PodDisruptionBudget] what keeps
// pods from being evicted:
//
//	node := fake.Managed("n-1", general, fake.OfType(small, "zone-a", "on-demand"), created, fake.With(web))
//	budget := fake.PodDisruptionBudget("web", map[string]string{"app": "web"}, fake.MaxUnavailable("1"), fake.Allowing(1, 3))
//
// [Catalog] generates instance types as a cloud would sell them, the same at every call. For real price lists see
// package catalog.
//
// [Cloud] has no clock of its own: machines stay Pending until [Cloud.Boot] and Terminating until [Cloud.Settle], unless
// told to do both at once. It obeys orders, stocks and quotas, and can be made to sell out, change prices, lose
// machines and announce interruptions.
//
// # Invariants
//
//   - Builders are deterministic: no clock, no random numbers, no counters. UIDs are made from names.
//   - Builders panic on malformed quantities, as regexp.MustCompile does. Nothing else in the package panics.
//   - Objects look as the API server would return them where the library reads them: defaults are filled in.
//   - An option is applied in the order given; the last one wins where two set one field.
//   - Catalogue values are never modified once published; a change publishes new values.
package fake
