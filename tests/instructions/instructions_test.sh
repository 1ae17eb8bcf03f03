#!/bin/sh
# A training step takes no more instructions than counts.txt says, and 3 % more. Valgrind's processor has AVX2 and no
# AVX-512, whatever the machine has. After a change that is worth its instructions:
#   GLIA_INSTRUCTIONS=renew ctest --test-dir build/release -R instructions_test
set -eu

counts=tests/instructions/counts.txt
command -v valgrind >/dev/null || {
    echo "instructions_test: no valgrind"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count() {
    valgrind --tool=callgrind --toggle-collect=measured_steps --callgrind-out-file="$work/out" "$GLIA_STEPS" "$1" \
        2>"$work/log" || {
        cat "$work/log" >&2
        return 1
    }
    sed -n 's/.*Collected : //p' "$work/log"
}

if [ "${GLIA_INSTRUCTIONS:-}" = renew ]; then
    grep -v "^$GLIA_CONFIGURATION " $counts >"$work/counts" || true
    for network in dense cnn lstm; do
        found=$(count $network) # of its own: within echo a failure would not end the script
        echo "$GLIA_CONFIGURATION $network $found" >>"$work/counts"
    done
    cat "$work/counts" >$counts
    exit 0
fi

grep "^$GLIA_CONFIGURATION " $counts >"$work/lines" || {
    echo "instructions_test: $counts has no lines for $GLIA_CONFIGURATION"
    exit 77
}
failed=0
while read -r _ network expected; do
    found=$(count "$network" </dev/null)
    change=$(((found - expected) * 1000 / expected))
    echo "$network: $found instructions, $expected in $counts, a change of $change in a thousand"
    if [ $change -gt 30 ]; then
        echo "instructions_test: $network takes over 3 % more instructions"
        failed=1
    fi
done <"$work/lines"
exit $failed
