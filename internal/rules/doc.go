// Package rules holds the rules of this repository as ordinary Go tests, so that `go test ./...` is the whole gate and
// a change that breaks a rule is told which one and why.
//
// There is no code to import. Each file is one kind of rule, written as a table whose rows carry the reason that is
// printed when the row fails:
//
//   - imports: which package may import which, what the pure packages may not touch, what scheduling may link
//   - globals: no package-level state, clock or randomness in the pure packages
//   - packagedoc: one package comment per package, in doc.go
//   - size: the longest file and the longest function
//   - gomod: no replace, no dependency that no decision record explains
//   - readme: the program in README.md is examples/hello, and prints what README.md says
//   - words: no paths of a developer's machine, no notes to self
//   - links: every link between two files of the repository resolves
//
// The tests read the tree and ask the go command about it; they need no network. A rule that is in the way is changed
// in its table, with a new reason, or a decision record under .adr when users would notice.
package rules
