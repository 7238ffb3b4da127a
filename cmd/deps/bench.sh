#!/usr/bin/env bash
# bench.sh PACKAGE...: runs the benchmarks here and on $BASE (main), and compares them.
# $BENCH chooses benchmarks by name (all), $COUNT the runs of each (6, fewer tell little).
set -euo pipefail

readonly BENCHSTAT=golang.org/x/perf/cmd/benchstat@v0.0.0-20250813145418-2f7363a06fe1
base=${BASE:-main}

run() { go test -run '^$' -bench "${BENCH:-.}" -benchmem -count "${COUNT:-6}" -timeout 2h "$@"; }

out=$(mktemp -d)
trap 'git worktree remove --force "$out/base" 2>/dev/null || true; rm -rf "$out"' EXIT

run "$@" | tee "$out/new.txt"
if git diff --quiet HEAD && [[ $(git rev-parse HEAD) == "$(git rev-parse "$base")" ]]; then
	go run "$BENCHSTAT" "$out/new.txt"
	exit
fi
git worktree add --quiet --detach "$out/base" "$base"
echo "== $base"
(cd "$out/base" && run "$@") | tee "$out/old.txt"
go run "$BENCHSTAT" "$base=$out/old.txt" "here=$out/new.txt"
