#!/bin/sh
# roms_test.sh [COMPILER]: proves how a build comes by its ROMs, without a network: fetch-roms.sh runs against
# a false apt-get with packages made here, and Roms.cmake configures and builds a project of its own.
# COMPILER is the C++ compiler, clang++-19 by default. Prints one line per case; the exit code is 0 if all hold.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
compiler=${1:-clang++-19}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0

check() { # check NAME COMMAND...
  name=$1
  shift
  if "$@" >>checks.log 2>&1; then
    echo "ok    $name"
  else
    echo "WRONG $name"
    failures=$((failures + 1))
  fi
}

# --- a mirror of two packages, and an apt-get that knows only it

make_package() { # make_package VERSION FILE...
  version=$1
  shift
  mkdir -p "tree-$version/DEBIAN" "tree-$version/usr/lib/ipxe" mirror
  printf 'Package: ipxe\nVersion: %s\nArchitecture: all\nMaintainer: test <test@example.org>\nDescription: test\n' \
    "$version" >"tree-$version/DEBIAN/control"
  for file in "$@"; do
    echo "sbat ipxe,1,iPXE,$file,$version,https://ipxe.org" >"tree-$version/usr/lib/ipxe/$file"
  done
  dpkg-deb -b "tree-$version" "mirror/ipxe_${version}_all.deb" >/dev/null
}
make_package 2.0 undionly.kpxe snponly.efi ipxe-amd64.efi ipxe-arm64.efi ipxe-riscv64.efi ipxe-loong64.efi
make_package 1.0 undionly.kpxe snponly.efi ipxe.efi
sha256() { sha256sum "$1" | cut -d ' ' -f 1; }

mkdir -p bin project/roms
cat >bin/apt-get <<'END'
#!/bin/sh
# A false apt-get: the packages lie in $MIRROR; $APT_MODE makes it fail.
echo "$*" >>"$APT_CALLS"
for last; do :; done
case "$*" in
  *indextargets*) echo file:/mirror ;;
  *" update") [ "$APT_MODE" != offline ] || { echo 'E: Could not resolve host' >&2; exit 100; } ;;
  *" download "*)
    [ "$APT_MODE" != killed ] || { kill -KILL "$PPID"; exit 1; }
    [ "$APT_MODE" != interrupted ] || { kill -TERM "$PPID"; exit 1; }
    file="$MIRROR/ipxe_${last#ipxe=}_all.deb"
    [ -e "$file" ] || { echo "E: Version '${last#ipxe=}' for 'ipxe' was not found" >&2; exit 100; }
    cp "$file" .
    ;;
esac
END
chmod +x bin/apt-get
PATH=$work/bin:$PATH MIRROR=$work/mirror APT_CALLS=$work/calls APT_MODE=online
PIXIE_INSTALLED_ROMS=$work/nothing XDG_CACHE_HOME=$work/cache
export PATH MIRROR APT_CALLS APT_MODE PIXIE_INSTALLED_ROMS XDG_CACHE_HOME
: >calls

write_manifest() { # write_manifest SHA-OF-2.0
  printf 'package | ipxe | 2.0 | next,unstable | %s\npackage | ipxe | 1.0 | stable | %s\n' \
    "$1" "$(sha256 mirror/ipxe_1.0_all.deb)" >project/roms/manifest.txt
  grep '^rom ' "$root/roms/manifest.txt" >>project/roms/manifest.txt
}
write_manifest "$(sha256 mirror/ipxe_2.0_all.deb)"

fetch() { "$root/cmake/fetch-roms.sh" project/roms/manifest.txt "$1" >fetch.log 2>&1; }
origin_is() { [ "$(cat "$1/origin")" = "$2" ]; }
says() { grep -q -e "$1" fetch.log; }
calls() { wc -l <calls; }

# --- fetching

check "fetch: the first package is taken" fetch a/key
check "fetch: its origin is recorded" origin_is a/key 'ipxe 2.0 pinned'
check "fetch: the files are the package's" cmp a/key/snponly.efi tree-2.0/usr/lib/ipxe/snponly.efi
before=$(calls)
check "fetch: a second time" fetch a/key
check "fetch: asks no mirror the second time" [ "$(calls)" = "$before" ]
check "fetch: leaves nothing else behind" [ "$(ls -A a)" = key ]

mv mirror/ipxe_2.0_all.deb gone.deb
check "fetch: a version that is gone gives way to the next" fetch b/key
check "fetch: the build says which it took" says 'took ipxe 1.0 (pinned)'
check "fetch: and why" says "Version '2.0' for 'ipxe' was not found"
before=$(calls)
check "fetch: the next one is kept too" fetch b/key
check "fetch: without asking again within a day" [ "$(calls)" = "$before" ]
mv gone.deb mirror/ipxe_2.0_all.deb
touch -d '3 days ago' b/key/origin
check "fetch: after a day the first one is tried again" fetch b/key
check "fetch: and taken" origin_is b/key 'ipxe 2.0 pinned'

write_manifest "$(echo other | sha256sum | cut -d ' ' -f 1)"
check "fetch: a package with another SHA-256 is refused" fetch c/key
check "fetch: and said to be" says 'refused: the SHA-256 of ipxe 2.0'
check "fetch: the next one is taken instead" origin_is c/key 'ipxe 1.0 pinned'
write_manifest "$(sha256 mirror/ipxe_2.0_all.deb)"

for APT_MODE in interrupted killed; do
  check "fetch: $APT_MODE, it fails" sh -c '! "$0" project/roms/manifest.txt d/key' "$root/cmake/fetch-roms.sh"
  check "fetch: $APT_MODE, no folder appears" [ ! -e d/key ]
done
APT_MODE=online
check "fetch: afterwards it succeeds" fetch d/key
check "fetch: and is whole" origin_is d/key 'ipxe 2.0 pinned'

APT_MODE=offline
check "fetch: without a mirror it fails" sh -c '! "$0" project/roms/manifest.txt e/key >fetch.log 2>&1' \
  "$root/cmake/fetch-roms.sh"
check "fetch: naming one other way" says '-DPIXIE_IPXE_BUNDLE='
check "fetch: and the other" says '-DPIXIE_ROMS_DIR='
PIXIE_INSTALLED_ROMS=$work/tree-1.0/usr/lib/ipxe
check "fetch: the installed package is the last resort" fetch f/key
check "fetch: and said to be" grep -q ' installed$' f/key/origin
PIXIE_INSTALLED_ROMS=$work/nothing

# --- embedding

ln -s "$root/src" project/src
ln -s "$root/cmake" project/cmake
cat >project/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(roms LANGUAGES C CXX ASM)
set(CMAKE_CXX_STANDARD 23)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_SOURCE_DIR}/cmake)
include(Roms)
END
build() { # build FOLDER OPTION...
  folder=$1
  shift
  cmake -G Ninja -S project -B "$folder" -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_C_COMPILER="$(echo "$compiler" | sed 's/clang++/clang/; s/g++/gcc/')" "$@" >build.log 2>&1 &&
    cmake --build "$folder" >>build.log 2>&1 || { cat build.log; return 1; }
}
field() { # field FOLDER ROM FIELD: its value in the generated table
  sed -n "/\.name = \"$2\"/,/\.source/s/^ *\.$3 = \(.*\)/\1/p" "$1/roms/embedded.cc" | sed 's/},*$//; s/,$//'
}
is() { [ "$(field "$1" "$2" "$3")" = "$4" ]; }
lacks() { is "$1" "$2" sha256 '""'; }

APT_MODE=online
check "embed: from the package" build from-package
check "embed: its origin" is from-package snponly64.efi origin '"Debian package ipxe 2.0"'
check "embed: the version of a ROM that tells it" is from-package snponly64.efi version '"2.0"'
check "embed: what no package has is missing" lacks from-package snponly32.efi
before=$(calls)
check "embed: another build folder" build from-cache
check "embed: takes the cache" [ "$(calls)" = "$before" ]

APT_MODE=offline
XDG_CACHE_HOME=$work/empty-cache
check "embed: without any ROM the configuration fails" sh -c '! cmake -G Ninja -S project -B none >none.log 2>&1'
check "embed: saying what to do" grep -q 'PIXIE_IPXE_BUNDLE' none.log

mkdir -p all/x86_64 all/i386
for file in undionly.kpxe snponly64.efi ipxe.efi snponly-arm64.efi snponly-arm32.efi ipxe-arm64.efi \
  ipxe-riscv64.efi ipxe-loong64.efi i386/snponly.efi i386/ipxe.efi; do
  echo "ipxe,1,iPXE,$file,9.9,https://ipxe.org" >"all/$file"
done
before=$(calls)
check "embed: from a folder that has everything" build from-folder -DPIXIE_ROMS_DIR="$work/all"
check "embed: then nothing is fetched" [ "$(calls)" = "$before" ]
check "embed: by alias" is from-folder ipxe64.efi sha256 "\"$(sha256 all/ipxe.efi)\""
check "embed: by the bundle's path" is from-folder snponly32.efi sha256 "\"$(sha256 all/i386/snponly.efi)\""
check "embed: the folder is the origin" is from-folder ipxe32.efi origin '"folder all, given to the build"'

mkdir -p ipxeboot/x86_64 ipxeboot/arm32 ipxeboot/i386
for file in x86_64/snponly.efi arm32/snponly.efi i386/undionly.kpxe x86_64/undionly.kpxe; do
  echo "bundle ipxe,1,iPXE,$file,8.8,https://ipxe.org" >"ipxeboot/$file"
done
echo compressed >ipxeboot/i386/undionly.kpxe
ln -s x86_64/snponly.efi ipxeboot/snponly.efi
tar -czf ipxeboot.tar.gz ipxeboot
APT_MODE=online
check "embed: a bundle, and the rest from the package" build from-bundle -DPIXIE_IPXE_BUNDLE="$work/ipxeboot.tar.gz"
check "embed: the bundle's file wins" is from-bundle snponly64.efi version '"8.8"'
check "embed: the bundle is the origin" \
  is from-bundle snponly-arm32.efi origin '"release bundle ipxeboot.tar.gz, given to the build"'
check "embed: the i386 BIOS ROM is preferred" \
  is from-bundle undionly.kpxe sha256 "\"$(sha256 ipxeboot/i386/undionly.kpxe)\""
check "embed: it has the bundle's version" is from-bundle undionly.kpxe version '"8.8"'
check "embed: the package gives the rest" is from-bundle ipxe64.efi origin '"Debian package ipxe 2.0"'
check "embed: a folder goes before a bundle" build from-both -DPIXIE_IPXE_BUNDLE="$work/ipxeboot.tar.gz" \
  -DPIXIE_ROMS_DIR="$work/all"
check "embed: for what both have" is from-both snponly64.efi version '"9.9"'
check "embed: the stack stays not executable" sh -c \
  'readelf -SW from-both/CMakeFiles/embedded_roms.dir/roms/embedded.S.o | grep -q "note.GNU-stack .* 0 *1$"'

[ "$failures" = 0 ] || { echo "$failures cases are wrong:"; tail -n 40 checks.log; exit 1; }
