#!/usr/bin/env bash
# Prints the environment the Go commands need, as lines for a shell: eval "$(cmd/deps/env.sh)".
# The libraries must be there (deps.sh).
set -euo pipefail
. "$(dirname "$0")/common.sh"

case $SIMD in
avx2) faiss=faiss_avx2 ;;
*) faiss=faiss ;;
esac

# with_tags prints the GOFLAGS in force with our build tags merged in: of two -tags flags Go keeps the last.
with_tags() {
	local flag tags=$GO_TAGS kept=()
	for flag in $(go env GOFLAGS); do
		case $flag in
		-tags=* | --tags=*) tags+=,${flag#*=} ;;
		*) kept+=("$flag") ;;
		esac
	done
	kept+=("-tags=$(tr ',' '\n' <<<"$tags" | awk 'NF && !seen[$0]++' | paste -sd,)")
	echo "${kept[*]}"
}

# Setting these replaces Go's default of -O2 -g, hence its return here.
cat <<END
export CGO_ENABLED=1
export CGO_CFLAGS='-O2 -g -I$SQLITE_DIR/include -I$FAISS_DIR/include'
export CGO_CXXFLAGS='-O2 -g -I$SQLITE_DIR/include -I$FAISS_DIR/include'
export CGO_LDFLAGS='-O2 -g -L$SQLITE_DIR/lib -L$FAISS_DIR/lib -lfaiss_c -l$faiss -lopenblas -lgomp -lsqlite3 -lstdc++ -lm'
export GOFLAGS='$(with_tags)'
export ELDERZAN_MODEL='$MODEL_DIR'
END
