#!/bin/sh
# scripts/gpu_check on the emulated device, with a stand-in for compute-sanitizer: every step
# runs, and what is wrong or missing shows in the summary and in the exit code.
set -eu

build=$GLIA_BUILD_DIR
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || exit 77

# fail TEXT: shows what there is, and ends.
fail() {
    echo "gpu_check_test: $1" >&2
    cat "$work"/out/summary.txt "$work"/out/*.log >&2
    exit 1
}
# check CODE OPTION...: runs gpu_check, which has to end with this code.
check() {
    want=$1
    shift
    code=0
    scripts/gpu_check "$@" --build "$build" "$work/out" >"$work/stdout" 2>&1 || code=$?
    [ "$code" -eq "$want" ] || fail "$* ended with $code, must be $want"
    cmp -s "$work/stdout" "$work/out/summary.txt" || fail "$*: the summary is not what was printed"
    python3 -c 'import json, sys; json.load(open(sys.argv[1]))["steps"]' "$work/out/results.json" || fail "results.json"
}
# says STATUS STEP: a line of the summary.
says() { grep -q "^$1 *$2 " "$work/out/summary.txt" || fail "no line '$1 $2'"; }

# It reports the planted bugs, and nothing else.
cat >"$work/sees" <<'END'
#!/bin/sh
for argument in "$@"; do
    case $argument in */planted_bugs) exit 86 ;; esac
done
while [ "${1#/}" = "$1" ]; do shift; done
exec "$@"
END
printf '#!/bin/sh\nexit 0\n' >"$work/blind"
printf '#!/bin/sh\nsleep 60\n' >"$work/asleep"
chmod +x "$work/sees" "$work/blind" "$work/asleep"

if ! python3 -c 'import ctypes; ctypes.CDLL("libcuda.so.1")' 2>/dev/null; then
    check 3
    says FAILED machine
fi

export COMPUTE_SANITIZER="$work/sees"
check 0 --device emulated
for step in machine doctor providers fidelity device_tests training bench_ops bench_train bench_rnn; do
    says passed "$step"
done
sanitized=skipped # without CUDA there are no planted bugs, and so no word of compute-sanitizer counts
[ ! -x "$build/bin/planted_bugs" ] || sanitized=passed
for step in memcheck racecheck; do says $sanitized "$step"; done
for step in build pytorch pytorch_rnn; do says skipped "$step"; done
for file in bench_ops.jsonl bench_train.jsonl bench_rnn.jsonl; do
    [ -s "$work/out/$file" ] || fail "no $file"
done

if [ -x "$build/bin/planted_bugs" ]; then
    COMPUTE_SANITIZER="$work/blind" check 1 --device emulated --steps planted,memcheck
    says FAILED planted
    says skipped memcheck
    COMPUTE_SANITIZER="$work/asleep" check 1 --device emulated --steps planted --seconds 3
    grep -q 'ran out of time' "$work/out/summary.txt" || fail "no time limit"
fi
check 0 --device emulated --seconds 1
says skipped providers
