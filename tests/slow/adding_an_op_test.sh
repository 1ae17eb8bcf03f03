#!/bin/sh
# docs/adding-an-op.md: its op, with its gradient, on the CPU and on CUDA, touches at most twelve files, which the page
# names, and passes the tests that read the tables.
set -eu

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cp -r CMakeLists.txt CMakePresets.json cmake include kernels src tests "$tree"
cp -r "$tree" "$tree.before"
trap 'rm -rf "$tree" "$tree.before"' EXIT

sh tests/build/scale_op.sh "$tree" | sort -u >"$tree.files"
diff -rq "$tree.before" "$tree" | sed "s|^Files .* and $tree/\(.*\) differ|\1|; s|^Only in $tree/*\(.*\): \(.*\)|\1/\2|" | sort >"$tree.touched"
trap 'rm -rf "$tree" "$tree.before" "$tree.files" "$tree.touched"' EXIT
diff "$tree.files" "$tree.touched"
count=$(wc -l <"$tree.touched")
if [ "$count" -gt 12 ]; then
    echo "$count files: $(cat "$tree.touched")"
    exit 1
fi
while read -r file; do
    grep -qF "$file" docs/adding-an-op.md || {
        echo "the page does not name $file"
        exit 1
    }
done <"$tree.touched"

programs='provider_test gradient_test params_test api_test abuse_test'
cmake -S "$tree" -B "$tree/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O0 -DCMAKE_CXX_FLAGS=-O0 \
    -DGLIA_CUDA=OFF -DGLIA_EMULATOR=OFF -DGLIA_ONEDNN=OFF -DGLIA_BENCH=OFF -DGLIA_EXAMPLES=OFF -DGLIA_TOOLS=OFF \
    -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" >/dev/null
# shellcheck disable=SC2086 # a list
cmake --build "$tree/build" --target $programs >/dev/null

# passes PROGRAM FILTER LEAST: at least so many tests ran, and all passed.
passes() {
    "$tree/build/bin/$1" --gtest_brief=1 --gtest_filter="$2" >"$tree/log" 2>&1 || {
        cat "$tree/log"
        exit 1
    }
    passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests*\.$/\1/p' "$tree/log")
    if [ "${passed:-0}" -lt "$3" ]; then
        echo "$1: $passed tests of scale passed, expected $3 or more"
        exit 1
    fi
}
passes provider_test '*scale__*' 20
passes gradient_test '*scale*' 3
passes params_test '*scale*' 2
passes api_test '*scale*' 1
passes abuse_test '*scale*' 1
