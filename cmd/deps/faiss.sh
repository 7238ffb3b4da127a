#!/usr/bin/env bash
# faiss.sh OUT VERSION SHA256 LEVEL: builds FAISS and its C API as static libraries into OUT/{include,lib}.
# Works in the current folder, which its caller removes.
#
# Debian's own binary package is a scalar build without the C API; its source package has both, and comes
# over the mirror and the signatures this machine already trusts.
set -euo pipefail

out=$1 version=$2 sha256=$3 level=$4

# source_lists writes a deb-src entry for each place this machine takes Debian's main archive from. The
# two formats of apt are handled; other vendors' archives fail the match on suite and component.
source_lists() {
	local codename
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	find /etc/apt -maxdepth 2 -type f -path '/etc/apt/sources.list*' -name '*.list' -exec cat {} + |
		awk -v codename="$codename" '
			$1 == "deb" {
				sub(/^[ \t]*deb/, "deb-src")
				rest = $0
				sub(/^deb-src[ \t]+(\[[^]]*\][ \t]*)?/, "", rest)
				split(rest, field, /[ \t]+/)
				if (field[2] == codename && rest ~ /[ \t]main([ \t]|$)/) print
			}' >apt/sources.list.d/debian.list
	find /etc/apt -maxdepth 2 -type f -path '/etc/apt/sources.list*' -name '*.sources' -exec sed -s '$G' {} + |
		awk -v RS= -v codename="$codename" '
			"\n" $0 "\n" ~ "\nSuites:([^\n]*[ \t])?" codename "[ \t\n]" && /\nComponents:[^\n]*main/ && !/\nEnabled:[ \t]*no/ {
				sub(/(^|\n)Types:[^\n]*/, "\nTypes: deb-src")
				sub(/\nSuites:[^\n]*/, "\nSuites: " codename)
				sub(/\nComponents:[^\n]*/, "\nComponents: main")
				sub(/^\n/, "")
				print $0 "\n"
			}' >apt/sources.list.d/debian.sources
	cat apt/sources.list.d/*
}

# Lists and cache of our own: the system's stay as they are, and no rights are needed.
apt() {
	apt-get -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$PWD/apt/sources.list.d" \
		-o Dir::State::Lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache" -o APT::Sandbox::User=root "$@"
}

mkdir -p apt/sources.list.d apt/lists/partial apt/cache/archives/partial
source_lists
apt update
apt source --download-only faiss
echo "$sha256  faiss_$version.orig.tar.gz" | sha256sum -c -
dpkg-source -x ./faiss_"$version"-*.dsc source

case $level in
avx2) library=faiss_avx2 ;;
generic) library=faiss ;;
*) echo "unknown SIMD level '$level'" >&2 && exit 1 ;;
esac
# The C API asks for the scalar library by name, which would be built only to be thrown away.
sed -i "s/target_link_libraries(faiss_c PRIVATE faiss)/target_link_libraries(faiss_c PRIVATE $library)/" source/c_api/CMakeLists.txt

unset CFLAGS CXXFLAGS CPPFLAGS LDFLAGS
cmake -S source -B build -DCMAKE_BUILD_TYPE=Release -DFAISS_OPT_LEVEL="$level" -DFAISS_ENABLE_C_API=ON \
	-DFAISS_ENABLE_GPU=OFF -DFAISS_ENABLE_PYTHON=OFF -DBUILD_TESTING=OFF -DBUILD_SHARED_LIBS=OFF \
	-DBLA_VENDOR=OpenBLAS -DCMAKE_DISABLE_FIND_PACKAGE_MKL=ON
cmake --build build --target "$library" faiss_c -j "$(nproc)"

mkdir -p "$out/lib" "$out/include/faiss/c_api"
cp "build/faiss/lib$library.a" build/c_api/libfaiss_c.a "$out/lib/"
(cd source/faiss && find . -name '*.h' -not -path './gpu/*' -exec cp --parents {} "$out/include/faiss/" \;)
(cd source/c_api && find . -name '*.h' -not -path './gpu/*' -exec cp --parents {} "$out/include/faiss/c_api/" \;)
cp source/LICENSE "$out/LICENSE"
