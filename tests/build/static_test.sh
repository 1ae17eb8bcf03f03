#!/bin/sh
# libglia.a, installed and moved: programs in C and C++ that CMake and pkg-config find it for link, and run without
# libglia.so. Built without optimisation, since only how it links matters.
set -eu

source=$PWD/tests/build/install
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake -S . -B "$work/static" -G Ninja -DBUILD_SHARED_LIBS=OFF -DGLIA_CUDA=OFF -DGLIA_EMULATOR=OFF -DGLIA_TESTS=OFF \
    -DGLIA_BENCH=OFF -DGLIA_EXAMPLES=OFF -DGLIA_TOOLS=OFF -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG=-O0 \
    -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_COMPILER_LAUNCHER="$GLIA_C_LAUNCHER" -DGLIA_ONEDNN="$GLIA_ONEDNN" \
    -DCMAKE_DISABLE_FIND_PACKAGE_ZLIB="$GLIA_WITHOUT_ZLIB" >/dev/null
cmake --build "$work/static" -j 2 >"$work/log" || {
    cat "$work/log"
    exit 1
}
cmake --install "$work/static" --prefix "$work/first" >/dev/null
rm -r "$work/static"
mv "$work/first" "$work/prefix"
[ -z "$(find "$work/prefix" -name '*.so*')" ]

# runs PROGRAM: it does, and no libglia is loaded.
runs() {
    "$1"
    if objdump -p "$1" | grep 'NEEDED.*libglia'; then return 1; fi
}

cmake -S "$source" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_C_COMPILER="$CC" \
    -DCMAKE_CXX_COMPILER="$CXX"
cmake --build "$work/build"
runs "$work/build/consumer_c"
runs "$work/build/consumer_cc"

if ! command -v pkg-config >/dev/null; then exit 0; fi
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name glia.pc)")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # lists of words
"$CC" -std=c17 -Wall -Wextra -Wpedantic -Werror "$source/consumer.c" -o "$work/by_hand" \
    $(pkg-config --static --cflags --libs glia)
runs "$work/by_hand"
# shellcheck disable=SC2046
"$CXX" -std=c++17 -Wall -Wextra -Wpedantic -Werror "$source/consumer.cc" -o "$work/by_hand_cc" \
    $(pkg-config --static --cflags --libs glia)
runs "$work/by_hand_cc"
