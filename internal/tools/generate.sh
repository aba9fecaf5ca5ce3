#!/usr/bin/env bash
# Regenerates what is derived from the Go types under apis:
#
#   internal/tools/generate.sh           deepcopy functions and CRD manifests, written in place
#   internal/tools/generate.sh --check   the same, and fails with a diff if anything was out of date
#
# A package takes part by its markers in doc.go: `+k8s:deepcopy-gen=package` for deepcopy functions, `+groupName`
# for a manifest of each type that embeds TypeMeta and ObjectMeta (`+kubebuilder:skipversion` on a type leaves it out).
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
check=no
case "${1:-}" in
  "") ;;
  --check) check=yes ;;
  *) echo "usage: internal/tools/generate.sh [--check]" >&2; exit 2 ;;
esac

cd "$root"
if [[ ! -d apis ]]; then
  echo "generate: no apis yet, nothing to do"
  exit 0
fi

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

# The generated files there are now, with their paths, into $1.
collect() {
  mkdir -p "$1"
  find apis \( -name 'zz_generated.deepcopy.go' -o -path 'apis/crds/*.yaml' \) -exec cp --parents {} "$1" \;
}

# Packages under apis whose Go files carry the marker $1, as ./apis/v1 ./apis/v1alpha1 ...
marked() {
  grep -rlE --include='*.go' "^// ?\+$1" apis | xargs -r -n1 dirname | sort -u | sed 's|^|./|'
}

collect "$scratch/before"

mapfile -t deepcopy < <(marked 'k8s:deepcopy-gen=package')
if (( ${#deepcopy[@]} )); then
  echo "generate: deepcopy for ${deepcopy[*]}"
  tool="$("$here/install.sh" deepcopy-gen)"
  "$tool" --output-file zz_generated.deepcopy.go --go-header-file "$here/boilerplate.txt" "${deepcopy[@]}"
fi

mapfile -t crds < <(marked 'groupName=')
if (( ${#crds[@]} )); then
  echo "generate: manifests for ${crds[*]}"
  tool="$("$here/install.sh" controller-gen)"
  # Documents of scenario files have prices as numbers and no manifest; a manifest itself may have no float.
  "$tool" crd:allowDangerousTypes=true "${crds[@]/#/paths=}" output:crd:dir="$scratch/crds"
  if grep -n 'type: number' "$scratch"/crds/*.yaml; then
    echo "generate: a float in a resource: clients round it differently, so write it as a string" >&2
    exit 1
  fi
  mkdir -p apis/crds
  rm -f apis/crds/*.yaml # so that the manifest of a removed type goes too
  # A type left out by skipversion still yields an empty manifest, named after no group and no plural: `_.yaml`.
  find "$scratch/crds" -name '*.yaml' ! -name '_.yaml' -exec cp {} apis/crds/ \;
fi

if [[ "$check" == yes ]]; then
  collect "$scratch/after"
  if ! diff -ruN "$scratch/before" "$scratch/after"; then
    echo "generate: the files above were out of date; run internal/tools/generate.sh and commit the result" >&2
    exit 1
  fi
  echo "generate: everything is up to date"
fi
