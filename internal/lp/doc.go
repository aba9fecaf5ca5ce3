// Package lp solves the two small linear programs that the engine lives on. Both have few rows or few columns, so both
// solvers are dense, allocate little, and fit on a page.
//
// [Maximize] is the textbook primal simplex on a dictionary, for problems with few variables and many rows: the prices
// of resources, given what machines offer and cost.
//
// [Knapsack] is the bounded-variable primal simplex with an explicit inverse, for problems with few rows and many
// variables: what to put on one machine, given what each kind of pod is worth. Every state it passes through is
// feasible, so stopping early costs quality and never correctness.
//
// Both are deterministic: ties go to the lowest index. Neither is a general solver. Right-hand sides must not be
// negative, there are no equalities, and numbers are expected to be scaled to within a few orders of magnitude of one.
package lp
