#!/bin/sh
# scale_op.sh TREE: does in a copy of the tree what docs/adding-an-op.md says. Prints each file that it makes or changes.
set -eu
page=docs/adding-an-op.md
tree=$1

# Code: whole files, and what goes to the end of a public header.
awk -v tree="$tree" '
    /^```c$/        { inside = first = 1; next }
    /^```/          { if (file) close(file); if (tail) insert(); inside = 0; file = tail = ""; next }
    inside && first { first = 0
                      if ($0 ~ /^\/\* [a-z_0-9\/]*\.(c|h|cu) \*\/$/) { file = tree "/" $2; print $2 }
                      else if ($0 ~ /^\/\* at the end of /) { tail = $6; print $6; text = ""; next } }
    file            { print > file }
    tail            { text = text $0 "\n" }
    function insert(    path, all, line) {
        path = tree "/" tail
        while ((getline line < path) > 0) all = all line "\n"
        close(path)
        # Before the end of extern "C".
        at = match(all, /\n#ifdef __cplusplus\n}\n#endif\n#endif\n$/)
        printf "%s", substr(all, 1, at) "\n" text substr(all, at) > path
        close(path)
    }' "$page"

# Rows of tables: - `FILE`: `ROW`
# shellcheck disable=SC2016 # the backticks are the document's
sed -n 's/^- `\([a-z_/]*\.inc\)`: `\(.*\)`$/\1 \2/p' "$page" | while read -r file row; do
    echo "$row" >>"$tree/$file"
    echo "$file"
done

# Cases, and the defaults for C++.
grep -E '^(BENCH_)?CASE\(scale, ' "$page" >"$tree/tests/cases/scale.inc"
echo tests/cases/scale.inc
# shellcheck disable=SC2016
row=$(sed -n 's/.*`\(struct scale { .* };\)`.*/\1/p' "$page")
sed -i "s|^// For a function of the C API.*|$row\n&|" "$tree/tests/support/params.h"
grep -q 'struct scale' "$tree/tests/support/params.h"
echo tests/support/params.h
