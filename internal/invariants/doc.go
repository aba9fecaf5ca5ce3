// Package invariants says whether a build checks itself while it runs: a build with the race detector, or with the tag
// invariants, does. What is checked then must always hold; a failure is a bug of this library and panics. Ordinary
// builds pay nothing, since [On] is a constant.
package invariants
