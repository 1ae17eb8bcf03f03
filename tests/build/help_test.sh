#!/bin/sh
# Every program that is no test answers --help on its standard output, and refuses an option that it does not know.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fails() {
    echo "help_test: $1"
    failed=1
}

programs=0
for program in "$GLIA_BUILD_DIR"/bin/*; do
    name=${program##*/}
    case $name in *_test | *_fuzz | random_calls | random_models | planted_bugs) continue ;; esac
    programs=$((programs + 1))
    timeout 20 "$program" --help >"$work/out" 2>"$work/err" </dev/null || fails "$name --help ends with $?"
    grep -q "^usage: $name" "$work/out" || fails "$name --help shows no usage"
    [ ! -s "$work/err" ] || fails "$name --help complains: $(head -n 1 "$work/err")"
    code=0
    timeout 20 "$program" --no-such-option >"$work/out" 2>"$work/err" </dev/null || code=$?
    [ "$code" -eq 2 ] || fails "$name --no-such-option ends with $code, must be 2"
    grep -q -e '--no-such-option' "$work/err" || fails "$name does not say what it refuses"
    [ ! -s "$work/out" ] || fails "$name --no-such-option prints on its standard output"
done
# A build may have no examples and no benches; then this is about the command alone.
[ "$programs" -gt 0 ] || exit 77
exit $failed
