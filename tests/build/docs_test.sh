#!/bin/sh
# What README.md and docs/*.md speak of is there. Paths between backticks and linked pages exist,
# and every C block compiles: one that begins with the path of a file as part of a copy of the tree, one that begins with
# #include as a program that links with the library.
set -eu

library=$(dirname "$GLIA_LIBRARY")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
set -- docs/*.md
[ ! -e README.md ] || set -- README.md "$@"
failed=0

# compile OPTIONS...
compile() { "$CC" -std=c17 -Wall -Wextra -Wpedantic -Werror "$@" || failed=1; }

mkdir "$tree/tests"
cp -r include kernels src "$tree"
cp -r tests/cases tests/support "$tree/tests"
sh tests/build/scale_op.sh "$tree" >/dev/null
touch "$tree/sources" "$tree/programs"
awk -v tree="$tree" '
    /^```c$/        { inside = first = 1; next }
    /^```/          { if (file) close(file); inside = 0; file = ""; next }
    inside && first { first = 0
                      if ($0 ~ /^\/\* [a-z_0-9\/]*\.(c|h|cu) \*\/$/) { file = tree "/" $2; print file > (tree "/sources") }
                      else if ($0 ~ /^#include/) { file = tree "/program" ++n ".c"; print file > (tree "/programs") } }
    file            { print > file }' "$@"

for page in "$@"; do
    # shellcheck disable=SC2016 # the backticks are the document's
    grep -o '`[A-Za-z_0-9./-]*/[A-Za-z_0-9.-]*`' "$page" | tr -d '`' | sort -u |
        grep -v -e '^build/' -e '^third_party/' -e '^/' >"$tree/paths" || true
    while read -r path; do
        if [ ! -e "$path" ] && [ ! -e "$tree/$path" ]; then
            echo "$page: there is no $path"
            failed=1
        fi
    done <"$tree/paths"
    grep -o '](\([^):]*\))' "$page" | sed 's/](//; s/)$//; s/#.*//' >"$tree/links" || true
    while read -r link; do
        if [ ! -e "$(dirname "$page")/$link" ]; then
            echo "$page: links to $link, which is not there"
            failed=1
        fi
    done <"$tree/links"
done

grep '\.c$' "$tree/sources" >"$tree/units" || true
while read -r file; do
    compile -Wno-missing-field-initializers -fsyntax-only -I "$tree/include" -I "$tree/src" -I "$tree" \
        -I "$tree/src/emulator" "$file"
done <"$tree/units"
grep '\.cu$' "$tree/sources" >"$tree/kernels.list" || true
while read -r file; do # against the emulator, which every machine can build
    "$CXX" -x c++ -std=c++17 -Wall -Wextra -Werror -Wno-missing-field-initializers -fsyntax-only -I "$tree/src/emulator" \
        -I "$tree/include" -I "$tree/src" -I "$tree" "$file" || failed=1
done <"$tree/kernels.list"
set -- -L "$library" -lglia -o "$tree/program"
case $GLIA_LIBRARY in *.a) set -- -fsyntax-only ;; esac
while read -r file; do
    compile -I include "$file" "$@"
done <"$tree/programs"
exit $failed
