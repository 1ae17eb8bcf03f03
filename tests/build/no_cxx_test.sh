#!/bin/sh
# Glia configures without a C++ compiler, and builds all that is C: only the tests and the emulated device need one.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for options in "" "-DGLIA_TESTS=OFF -DGLIA_BENCH=OFF"; do
    rm -rf "$work/build"
    # shellcheck disable=SC2086 # a list of words
    CXX=/nonexistent/c++ cmake -S . -B "$work/build" -G Ninja -DGLIA_CUDA=OFF -DCMAKE_C_COMPILER="$CC" $options \
        >"$work/log" 2>&1 || {
        cat "$work/log"
        echo "no_cxx_test: does not configure with '$options'"
        exit 1
    }
    ninja -C "$work/build" -t targets all >"$work/targets"
    for target in libglia.so bin/glia bin/xor; do grep -q "$target:" "$work/targets"; done
    if grep -E 'CXX_COMPILER|_test:' "$work/targets"; then exit 1; fi
done
