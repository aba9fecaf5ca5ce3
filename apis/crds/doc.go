// Package crds has the manifests of the CustomResourceDefinitions that this library works with: NodePool, NodeClaim,
// NodeOverlay and CapacityBuffer. They are generated from the Go types and their markers in packages v1, v1alpha1 and
// autoscaling; edit those and run internal/tools/generate.sh.
//
// A program that installs them needs no file of this repository at run time:
//
//	for _, manifest := range crds.Manifests() {
//		// manifest.Name is "karpenter.sh_nodepools.yaml", manifest.YAML the document.
//	}
//
// The package installs nothing itself and depends on nothing but the standard library. Whoever installs decodes the
// document with the client at hand and applies it; `kubectl apply -f apis/crds` does the same from a checkout.
//
// # Relation to Karpenter's manifests
//
// Names, versions, fields, defaults and columns are the same, so that objects of a cluster stay valid. Four rules differ
// on purpose. A key whose domain only ends in the letters karpenter.sh (notkarpenter.sh/x) is allowed. The items of
// requirements[].values have the pattern and length of label values, which there stand on the list and so bind nothing.
// The names in keys of requirements, labels and taints, and the values of taints, have at most 63 characters. The keys
// of template labels must look like keys. Kubernetes refuses labels and taints that break the last three on any node, so
// no pool that could ever launch one is affected; the API server keeps objects that break them as long as the field
// does not change.
//
// # Invariants
//
// One document per file, one file per kind, in the order of their names. Every call returns new memory.
package crds
