// Package resource turns Kubernetes resource lists into small vectors of int64, the only form in which the engine
// counts resources.
//
// An [Index] gives each resource name a position. A [Vector] holds one amount per position: CPU in thousandths of a
// core, everything else in its plain unit (bytes, devices, pods). Two functions cross the border between quantities
// and vectors, and they round in opposite directions so that no plan rests on a rounding error: [Index.Demand] rounds
// up, [Index.Capacity] rounds down. Amounts too large for an int64 stay at its maximum.
//
// A resource that nobody asks for has no position: what is not demanded cannot run out.
//
// Arithmetic on vectors follows the kube-scheduler's NodeResourcesFit plugin: a resource that a pod does not ask for
// is not looked at, so an overcommitted node still takes a pod that wants none of what is overcommitted. [Vector.Fits]
// and [Vector.Times] implement exactly that.
//
// The package is not a replacement for resource.Quantity. It has no units, no printing beyond [Index.Format], and no
// place outside the engine.
package resource
