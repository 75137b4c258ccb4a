#!/usr/bin/env bash
# Builds build/arm64/pixie on any machine, against Debian's arm64 libraries (kept in the user's cache folder), and
# runs it under emulation.
set -eu
cd "$(dirname "$0")/.."
sysroot=$(/usr/bin/python3 tests/lab/assets.py sysroot arm64)
target=aarch64-linux-gnu
if [ ! -f build/arm64/build.ninja ]; then
  cmake -G Ninja -S . -B build/arm64 -DCMAKE_BUILD_TYPE=Release -DPIXIE_TESTS=OFF \
    -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_SYSROOT="$sysroot" \
    -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_C_COMPILER=clang-19 -DCMAKE_ASM_COMPILER=clang-19 \
    -DCMAKE_CXX_COMPILER_TARGET=$target -DCMAKE_C_COMPILER_TARGET=$target -DCMAKE_ASM_COMPILER_TARGET=$target \
    -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER \
    -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY
fi
ninja -C build/arm64 pixie
passed=0 failed=0
check() { if "$@" >/dev/null; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $*"; fi; }
is_static_arm64() { readelf -h build/arm64/pixie | grep -q AArch64 && ! readelf -l build/arm64/pixie | grep -q INTERP; }
is_small() { [ "$(stat -c %s build/arm64/pixie)" -lt 16000000 ]; }
check is_static_arm64
check is_small
for words in --version "roms verify" "roms list" man; do
  # shellcheck disable=SC2086
  check qemu-aarch64-static build/arm64/pixie $words
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
