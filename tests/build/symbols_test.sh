#!/bin/sh
# The shared library never ends or writes to its host's process, exports what the public
# headers declare, and nothing else.
set -eu
case $GLIA_LIBRARY in *.a) exit 77 ;; esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C

nm -D --undefined-only "$GLIA_LIBRARY" | sed 's/.* //; s/@.*//' | sort -u >"$work/imported"
# clang exports what chooses between the clones of a function, by a name that no program in C can have.
nm -D --defined-only "$GLIA_LIBRARY" | sed 's/.* //; s/@.*//' | grep -v '\.resolver$' | sort -u >"$work/exported"
# GLIA_API becomes an attribute; the name that follows it, before the parenthesis, is the function.
echo '#include <glia/glia.h>' | "$CC" -E -P -std=c17 -DGLIA_BUILD -I include - | tr '\n' ' ' |
    grep -o '__attribute__((visibility("default")))[^(;]*(' | sed 's/ *($//; s/.*[ *]//' | sort -u >"$work/declared"

# each_fails TEXT: each line of standard input is a failure.
each_fails() { sed "s/^/symbols_test: $1: /" >>"$work/failures"; }

[ "$(wc -l <"$work/declared")" -gt 20 ] || echo "too few" | each_fails "functions found in the headers"
grep -E -x '_?(_Exit|exit|abort|assert|__assert_fail|quick_exit|perror)|(__)?v?f?printf(_chk)?|puts|putchar|raise|kill|signal' \
    "$work/imported" | each_fails "imported, but the library may not end or print"
comm -23 "$work/exported" "$work/declared" | each_fails "exported, but in no public header"
comm -13 "$work/exported" "$work/declared" | each_fails "declared in a public header, but not exported"
cat "$work/failures"
[ ! -s "$work/failures" ]
