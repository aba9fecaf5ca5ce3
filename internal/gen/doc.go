// Package gen makes random worlds for property tests: snapshots in which constraints bite and most pods still find a
// place.
//
// A pod group is made by choosing something that could be launched, its target, and then asking for a part of its room
// and for some of its labels. So most groups can be placed somewhere, and few can be placed everywhere. Some groups are
// spoilt on purpose: too big, in contradiction with themselves, or in want of something that the engine does not know.
//
// What a world may contain is a set of [Features]. [Base] has what a node can be asked about by itself; [Full] has all:
// topology spread, affinity and anti-affinity between pods, volumes, groups, and the scheduler's own settings. One world
// in three is about constraints between pods and has many. Bound pods are counted by selectors of waiting ones, and some
// nodes are odd: in no zone, in one where nothing is sold, or of another node's hostname.
//
// What it is not: a model of real clusters. Catalogues and workloads of real clusters belong to benchmarks.
//
// The calls:
//
//	s := gen.World(seed, gen.Full())      // a world of mixed size
//	t := gen.Tiny(seed, gen.Full())       // one that can be searched through
//	u := gen.Shuffle(s, seed)             // the same facts in another order
//	c := gen.Clone(s)                     // a deep copy
//	text := gen.Dump(s)                   // all facts as text, for people and for comparisons
//	m := gen.Shrink(s, fails)             // a smaller world that fails still
//
// Invariants:
//
//   - The same seed and features give the same world, on every machine.
//   - Every world is valid: scheduling.Compile accepts it.
//   - Worlds share nothing: a world may be written to.
package gen
