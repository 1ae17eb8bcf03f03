#!/bin/sh
# Installs into an empty folder, moves it, and builds and runs programs outside the tree
# against it, in C and C++, found by CMake and by pkg-config.
set -eu

source=$PWD/tests/build/install
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$GLIA_BUILD_DIR" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/prefix"

cmake -S "$source" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_C_COMPILER="$CC" \
    -DCMAKE_CXX_COMPILER="$CXX"
cmake --build "$work/build"
"$work/build/consumer_c"
"$work/build/consumer_cc"

# The command finds the library beside it, and the library those of its devices.
[ "$("$work/prefix/bin/glia" --version)" = "glia $(sed -n 's/^#define GLIA_VERSION_[A-Z]* //p' "$work/prefix/include/glia/glia.h" | paste -sd.)" ]
"$work/prefix/bin/glia" doctor >"$work/diagnosis" || [ $? -eq 1 ]
for library in "$work"/prefix/lib*/libglia_*.so "$work"/prefix/lib*/*/libglia_*.so; do
    [ ! -e "$library" ] || grep -q " library .*/$(basename "$library")\$" "$work/diagnosis"
done

if ! command -v pkg-config >/dev/null; then exit 0; fi
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name glia.pc)")
export PKG_CONFIG_PATH
libdir=$(pkg-config --variable=libdir glia)
static=
case $GLIA_LIBRARY in *.a) static=--static ;; esac
# shellcheck disable=SC2046 # lists of words
"$CC" -std=c17 -Wall -Wextra -Wpedantic -Werror "$source/consumer.c" -o "$work/by_hand" $(pkg-config $static --cflags --libs glia)
LD_LIBRARY_PATH=$libdir "$work/by_hand"
# shellcheck disable=SC2046
"$CXX" -std=c++17 -Wall -Wextra -Wpedantic -Werror "$source/consumer.cc" -o "$work/by_hand_cc" $(pkg-config $static --cflags --libs glia)
LD_LIBRARY_PATH=$libdir "$work/by_hand_cc"
[ "$(pkg-config --modversion glia)" = "$(sed -n 's/^#define GLIA_VERSION_[A-Z]* //p' "$work/prefix/include/glia/glia.h" | paste -sd.)" ]
