#!/usr/bin/env bash
# Builds one of the tools that this module pins and prints the path of the binary:
#
#   $(internal/tools/install.sh benchstat) old.txt new.txt
#
# Binaries are kept outside the tree, in a folder named after the pinned versions and the Go release, so a
# second call costs nothing and a change of either builds anew.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
name="${1:?usage: internal/tools/install.sh benchstat|controller-gen|deepcopy-gen|golangci-lint}"

cd "$here"
package="$(go list -f '{{.ImportPath}}' tool | grep -E "/${name}\$" || true)"
if [[ -z "$package" ]]; then
  echo "internal/tools/go.mod has no tool directive for ${name}" >&2
  exit 1
fi

pins="$(cat go.mod <(go env GOVERSION GOOS GOARCH) | sha256sum | cut -c1-12)"
bin="${XDG_CACHE_HOME:-$HOME/.cache}/kerf/bin/${pins}/${name}"
if [[ ! -x "$bin" ]]; then
  echo "building ${name}, once" >&2
  mkdir -p "$(dirname "$bin")"
  go build -o "$bin.new" "$package" >&2
  mv "$bin.new" "$bin"
fi
echo "$bin"
