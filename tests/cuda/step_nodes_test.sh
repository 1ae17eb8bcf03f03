#!/bin/sh
# step_nodes_test.sh BENCH_TRAIN DOCUMENT: the table of steps and nodes in the document is what the emulated device records.
# Its rows: | `network` | batch | width | steps of the plan | nodes of the CUDA graph |
set -eu

bench_train=$1
document=$2
failed=0
rows=0
table=$(mktemp)
trap 'rm -f "$table"' EXIT

# The row of a network, as a run of it says.
row_of() {
    GLIA_LOG=plan "$bench_train" --device emulated --network "$1" --batch "$2" --width "$3" --steps 3 --epochs 1 2>&1 |
        awk -v row="| \`$1\` | $2 | $3 |" '
            / recorded [0-9]+ nodes/            { nodes = $(NF - 1) }
            /plan: [0-9]+ steps recorded as one/ { print row, $3, "|", nodes, "|" }'
}

# shellcheck disable=SC2016 # the backticks are the document's
grep '^| `[a-z0-9_]*` | [0-9]* | [0-9]* | [0-9]* | [0-9]* |$' "$document" >"$table"
while read -r row; do
    # shellcheck disable=SC2046 # three words
    got=$(row_of $(echo "$row" | tr -d '`|' | cut -d' ' -f2,4,6))
    rows=$((rows + 1))
    [ "$got" = "$row" ] && continue
    echo "step_nodes_test: $document has $row"
    echo "step_nodes_test: and now it is $got"
    failed=1
done <"$table"
[ $rows -ge 4 ] || { echo "step_nodes_test: $document has $rows rows"; failed=1; }
exit $failed
