// Package tools pins the programs that build and check this repository: the linter, the generators of deepcopy
// functions and CRD manifests, and the benchmark comparer.
//
// It is a module of its own, so that what a linter links never reaches the go.mod of a user of Kerf. There is no code
// here: the `tool` directives of go.mod name each program and go.sum pins each of its sources.
//
// install.sh builds one program into the user's cache folder and prints its path; generate.sh regenerates what is
// derived from the types under apis:
//
//	$(internal/tools/install.sh golangci-lint) run ./...
//	$(internal/tools/install.sh benchstat) old.txt new.txt
//	internal/tools/generate.sh
//	internal/tools/generate.sh --check
//
// Raising a version is `go get -tool PACKAGE@VERSION` and `go mod tidy` in this folder. The generators follow the
// Kubernetes version of the root module; a mismatch shows as a diff in the generated files.
package tools
