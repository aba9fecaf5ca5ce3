// Package golden compares text with what a test expects of it, and rewrites the expectation on demand.
//
// The one call:
//
//	golden.Compare(t, golden.File("testdata/plan.txt"), plan.String())
//
// When the texts differ the test fails with a line-by-line diff in the usual notation: lines that were expected and are
// missing begin with -, lines that came instead with +. When the tests run with the flag -update, the expectation is
// rewritten instead and the test passes:
//
//	go test ./scheduling -run Scenarios -update
//
// Where the expectation lives is up to [Store]: [File] is a whole file; a scenario file keeps it in one block of a
// document (package fake/scenario).
//
// # Invariants
//
// Nothing is written without -update, nor when expectation and text agree. The flag exists in test binaries only, so
// that a program which happens to link the package has no such flag. [Diff] is pure and gives the same text for the same
// input.
//
// # What it is not
//
// It does not normalise, sort or mask: a text that differs from run to run is a bug in what prints it.
package golden
