#!/usr/bin/env bash
# fuzz.sh DURATION PACKAGE...: fuzzes every target of the packages for DURATION each, and names the failed. A target has failed
# if the input that fuzzing kept fails when it is played again: the engine also gives up on a worker that a loaded machine has
# held for more than a second, and keeps the input that was under way. Such a target is fuzzed once more. An input is made smaller by
# one try only: the engine would otherwise spend up to a minute on each that reaches new code, with all its workers standing still.
set -euo pipefail

duration=$1
shift

# `go test -list` prints a package's targets and then, on a line of its own, the package.
targets=$(go test -list '^Fuzz' "$@" | awk '/^Fuzz/ { name[n++] = $1 } /^ok/ { for (i = 0; i < n; i++) print $2, name[i]; n = 0 }')
fuzz() { go test -run '^$' -fuzz "^$1\$" -fuzztime "$duration" -fuzzminimizetime 1x "$2" </dev/null; }
failed=()
while read -r package target; do
	[[ $target ]] || continue
	echo "== $package $target"
	fuzz "$target" "$package" || { go test -run "^$target\$" "$package" </dev/null && fuzz "$target" "$package"; } || failed+=("$package $target")
done <<<"$targets"

if ((${#failed[@]})); then
	printf 'failed: %s\n' "${failed[@]}"
	exit 1
fi
