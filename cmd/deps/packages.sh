#!/usr/bin/env bash
# Installs the Debian packages that are missing, and asks for no rights when none is.
#
#   packages.sh [--test]          install; --test adds what only the tests need
#   packages.sh --check [--test]  exit 0 if nothing is missing, 1 otherwise
set -euo pipefail

readonly BUILD=(
	ca-certificates g++ git make
	cmake dpkg-dev                       # to unpack and build FAISS from Debian's source package
	libopenblas-dev libopenblas0-pthread # the reference BLAS is several times slower
	libgfortran-12-dev                   # what OpenBLAS was compiled against, to link both in
	librocksdb-dev                       # brings the compressors it links against
	libre2-dev pkg-config                # RE2 itself: its WebAssembly build costs 230 ms at every start
)
readonly TEST=(
	postgresql
	postgresql-15-auto-failover pg-auto-failover-cli # a manager that promotes the second server
	softhsm2 gnome-keyring dbus  # keys kept elsewhere
	chromium fonts-dejavu-core # goes through the dashboard as a person would
)

die() {
	printf '%s\n' "$*" >&2
	exit 1
}

command -v dpkg-query >/dev/null || die "This set-up knows Debian 12 and its packages; dpkg is missing here. Build in a Debian 12 container."

check=
wanted=("${BUILD[@]}")
for arg in "$@"; do
	case $arg in
	--check) check=yes ;;
	--test) wanted+=("${TEST[@]}") ;;
	*) die "packages.sh: unknown argument '$arg'" ;;
	esac
done
# Any npm will do; Debian's own is a large one.
command -v npm >/dev/null || wanted+=(npm)

installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^installed //p' || true)
missing=()
for package in "${wanted[@]}"; do
	grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done

if ((${#missing[@]} == 0)); then
	exit 0
elif [[ $check ]]; then
	exit 1
fi

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if ((EUID == 0)); then
	as_root=(env DEBIAN_FRONTEND=noninteractive)
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
	as_root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
else
	die "Packages are missing and this user may not install them. As root, type:
  apt-get update && ${install[*]}"
fi
"${as_root[@]}" apt-get update
"${as_root[@]}" "${install[@]}"
