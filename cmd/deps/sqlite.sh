#!/usr/bin/env bash
# sqlite.sh OUT PACKAGE SHA256: builds SQLite with page encryption as a static library into OUT/{include,lib}.
# Works in the current folder, which its caller removes.
#
# The npm package is used for the amalgamation it carries: SQLite with SQLite3 Multiple Ciphers, which reads
# and writes SQLCipher 4 files. Debian's sqlcipher is built on a SQLite too old for us.
set -euo pipefail

out=$1 package=$2 sha256=$3

npm pack --silent --ignore-scripts "$package"
echo "$sha256  $(echo ./*.tgz)" | sha256sum -c -
tar -xzf ./*.tgz
source=package/deps/sqlite3

flags=(
	-DCODEC_TYPE=CODEC_TYPE_SQLCIPHER
	-DSQLITE_THREADSAFE=1
	-DSQLITE_TEMP_STORE=3    # temporary tables never reach a file in the clear
	-DSQLITE_SECURE_DELETE   # what is deleted is overwritten, not only unlinked
	-DSQLITE_DQS=0           # a mistyped column is an error, not a string
	-DSQLITE_USE_URI=1       # the cipher and its key are given in the URI
	-DSQLITE_DEFAULT_MEMSTATUS=0
	-DSQLITE_ENABLE_FTS5
	-DSQLITE_ENABLE_MATH_FUNCTIONS
	-DSQLITE_ENABLE_DBSTAT_VTAB
	-DSQLITE_ENABLE_STAT4
	-DHAVE_USLEEP=1          # or a busy wait sleeps in whole seconds
	-DHAVE_FDATASYNC=1       # or each commit writes the times of the log's inode as well
	-DHAVE_PREAD=1 -DHAVE_PWRITE=1 # or each page costs a seek besides
)

# Each page that is written or read is authenticated by HMAC-SHA512, which takes most of a commit's time: its inner
# function is compiled with more care than -O2, and a second time for processors with BMI2, chosen at run time. It must be
# found in the source, or the build stops.
amalgamation=$source/sqlite3.c
careful='__attribute__((optimize("O3")'
[[ $(uname -m) != x86_64 ]] || careful+=', target_clones("bmi2", "default")'
sed -i "s/^void sha512_transf(/$careful))\n&/" "$amalgamation"
[[ $(grep -cF "$careful" "$amalgamation") == 1 ]] || { echo "sqlite.sh: sha512_transf is not where it was" >&2; exit 1; }

# AES-NI needs no flag: those functions carry their own target attribute and are chosen at run time.
gcc -O2 -fPIC "${flags[@]}" -c "$amalgamation" -o sqlite3.o

mkdir -p "$out/lib" "$out/include"
ar rcs "$out/lib/libsqlite3.a" sqlite3.o
cp "$source/sqlite3.h" "$source/sqlite3ext.h" "$out/include/"
cp package/LICENSE "$out/LICENSE"
