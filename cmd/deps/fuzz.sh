#!/usr/bin/env bash
# fuzz.sh DURATION PACKAGE...: fuzzes every target of the packages for DURATION each, and names the failed.
set -euo pipefail

duration=$1
shift

# `go test -list` prints a package's targets and then, on a line of its own, the package.
targets=$(go test -list '^Fuzz' "$@" | awk '/^Fuzz/ { name[n++] = $1 } /^ok/ { for (i = 0; i < n; i++) print $2, name[i]; n = 0 }')
failed=()
while read -r package target; do
	[[ $target ]] || continue
	echo "== $package $target"
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" "$package" </dev/null || failed+=("$package $target")
done <<<"$targets"

if ((${#failed[@]})); then
	printf 'failed: %s\n' "${failed[@]}"
	exit 1
fi
