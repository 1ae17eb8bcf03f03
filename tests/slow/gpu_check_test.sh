#!/bin/sh
# scripts/gpu_check on the emulated device, with stand-ins for nvidia-smi and compute-sanitizer: every step runs; what
# is wrong, late or missing shows in the summary and in the exit code, and ends no later step.
set -eu

build=$GLIA_BUILD_DIR
path=$PATH # of gpu_check
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || exit 77

# fail TEXT: shows what there is, and ends.
fail() {
    echo "gpu_check_test: $1" >&2
    cat "$work/out/summary.txt" "$work/stdout" >&2
    tar -xzOf "$work/out/logs.tgz" >&2
    exit 1
}
# check CODE OPTION...: runs gpu_check, which has to end with this code and to leave three whole files.
check() {
    want=$1
    shift
    code=0
    rm -rf "$work/out"
    PATH=$path scripts/gpu_check "$@" "$work/out" >"$work/stdout" 2>&1 || code=$?
    [ "$code" -eq "$want" ] || fail "$* ended with $code, must be $want"
    cmp -s "$work/stdout" "$work/out/summary.txt" || fail "$*: the summary is not what was printed"
    [ "$(cd "$work/out" && echo *)" = 'logs.tgz results.json summary.txt' ] || fail "$*: other files: $(ls "$work/out")"
    python3 -c 'import json, sys; json.load(open(sys.argv[1]))["steps"]' "$work/out/results.json" || fail "results.json"
}
# says STATUS STEP [TEXT]: a line of the summary.
says() { grep -q "^$1 *$2 .*${3:-}" "$work/out/summary.txt" || fail "no line '$1 $2 ${3:-}'"; }
# stand_in FOLDER NAME: a program of what standard input says.
stand_in() {
    mkdir -p "$1"
    { echo '#!/bin/sh'; cat; } >"$1/$2"
    chmod +x "$1/$2"
}
# build_of FOLDER PROGRAM...: a build that has these programs of ours.
build_of() {
    folder=$1
    mkdir -p "$folder/bin"
    shift
    for program; do ln -sf "$build/bin/$program" "$folder/bin/$program"; done
}
# no_children: of programs that were ended.
no_children() {
    while read -r child; do
        ! grep -qs ') [RSD] ' "/proc/$child/stat" || fail "a child of a program that was ended still runs"
    done <"$work/children"
}

[ "$(scripts/gpu_check --list | grep -c '^part [ab]: 480 s$')" -eq 2 ] || fail "a part has not eight minutes"
if ! python3 -c 'import ctypes; ctypes.CDLL("libcuda.so.1")' 2>/dev/null; then
    check 3 --commit some-commit
    says FAILED machine
    grep -q '"commit": "some-commit"' "$work/out/results.json" || fail "--commit"
fi

# refused TEXT OPTION...: gpu_check does not begin.
refused() {
    text=$1
    shift
    code=0
    scripts/gpu_check "$@" >"$work/stdout" 2>&1 || code=$?
    if [ "$code" -ne 2 ] || ! grep -q -- "$text" "$work/stdout"; then
        echo "gpu_check_test: $* ended with $code, must be 2 and say '$text': $(cat "$work/stdout")" >&2
        exit 1
    fi
}
echo '{"steps": [1]}' >"$work/no_results"
rm -rf "$work/out"
refused 'where should the results go'
refused "invalid choice: 'cpu'" --device cpu "$work/out"
refused 'no folder bin' --device emulated --build "$work" "$work/out"
refused "no step 'docter'" --steps docter "$work/out"
refused 'invalid positive value' --seconds nan "$work/out"
refused '--after is for --part b' --after "$work/no_results" "$work/out"
refused 'No such file' --part b --after "$work/no_such_file" "$work/out"
refused 'no_results has no results of gpu_check' --part b --after "$work/no_results" "$work/out"
refused 'the results have no place' --device emulated --build "$build" "$work/no_results"
[ ! -e "$work/out" ] || fail "what is refused leaves a folder"

# Everything is there. The sanitizer reports the planted bugs, and nothing else.
for program in "$build"/bin/*; do build_of "$work/build" "${program##*/}"; done
echo 'exit 0' | stand_in "$work/build/bin" planted_bugs
echo 'echo "Test GPU, 580.65.06, 81559 MiB"; echo "Another GPU"' | stand_in "$work/tools" nvidia-smi
stand_in "$work/tools" compute-sanitizer <<'END_OF_SCRIPT'
for argument in "$@"; do
    case $argument in */planted_bugs) exit 86 ;; esac
done
while [ "${1#/}" = "$1" ]; do shift; done
exec "$@"
END_OF_SCRIPT
all="--device emulated --build $work/build"
path=$work/tools:$PATH
# shellcheck disable=SC2086 # options
check 0 $all
says passed machine 'Test GPU, 580.65.06, 81559 MiB, Another GPU'
for step in doctor bench_train bench_train_own training device_tests providers providers_rest constants bench_ops \
    memcheck bench_rnn; do
    says passed $step
done
says skipped pytorch_rnn 'there is no GPU'
for file in bench_train.jsonl bench_ops.jsonl bench_rnn.jsonl constants.jsonl; do
    tar -xzOf "$work/out/logs.tgz" "logs/$file" | grep -q '^{' || fail "no $file"
done
cp "$work/out/results.json" "$work/part_a.json"
# shellcheck disable=SC2086
check 0 $all --part b --after "$work/part_a.json"
for step in racecheck synccheck initcheck faults fidelity; do says passed $step; done
says skipped again_alone 'nothing failed'

# A program that fails, one that dies and one that never ends, with a child; part b begins with what they left.
build_of "$work/wrong" glia provider_test
stand_in "$work/wrong/bin" cuda_plan_test <<'END_OF_SCRIPT'
echo '[ RUN      ] devices/A.is_right/emulated'
echo '[       OK ] devices/A.is_right/emulated (0 ms)'
echo '[ RUN      ] devices/A.is_wrong/emulated'
echo '[  FAILED  ] devices/A.is_wrong/emulated, where GetParam() = "emulated" (0 ms)'
echo '[ RUN      ] devices/A.dies/emulated'
exit 134
END_OF_SCRIPT
stand_in "$work/wrong/bin" fidelity_test <<END_OF_SCRIPT
echo '[       OK ] some.test (0 ms)'
sleep 600 & echo \$! >>"$work/children"
wait
END_OF_SCRIPT
check 1 --device emulated --build "$work/wrong" --steps device_tests,fidelity,doctor --seconds 8
says FAILED device_tests '1 tests passed, 2 failed, first cuda_plan_test:devices/A.is_wrong/emulated'
says unfinished fidelity 'tests passed, . of . programs ran out of time'
no_children
cp "$work/out/results.json" "$work/part_a.json"
check 1 --device emulated --build "$work/wrong" --part b --after "$work/part_a.json" --seconds 6
says FAILED again_alone
first=$(sed -n '2,4s/^[A-Za-z]* *\([a-z_]*\) .*/\1/p' "$work/out/summary.txt" | tr '\n' ' ')
[ "$first" = 'doctor device_tests fidelity ' ] || fail "what is open from part a does not come first, but $first"
# The same, ended from outside: what ran, what it wrote and what did not begin are known.
rm -rf "$work/out" "$work/children"
scripts/gpu_check --device emulated --build "$work/wrong" --steps fidelity,doctor "$work/out" >"$work/stdout" 2>&1 &
checking=$!
for _ in $(seq 100); do
    [ ! -s "$work/children" ] || break
    sleep 0.1
done
kill -TERM "$checking"
code=0
wait "$checking" || code=$?
[ "$code" -eq 130 ] || fail "an interrupted run ended with $code, must be 130"
says unfinished fidelity 'it was interrupted'
[ "$(grep -c -e '"status": "unfinished"' -e '"note": "no time was left"' "$work/out/results.json")" -eq 2 ] ||
    fail "not all is open in results.json"
tar -xzOf "$work/out/logs.tgz" logs/fidelity.log | grep -q 'some.test' || fail "the log of an interrupted step is lost"
no_children
check 0 --device emulated --build "$work/build" --steps doctor,providers --seconds 1
says skipped providers 'no time was left'

# A sanitizer that is blind.
echo 'exit 0' | stand_in "$work/tools" compute-sanitizer
check 1 --device emulated --build "$work/build" --steps memcheck
says FAILED memcheck 'does not report its planted bug'

# No git, no sanitizer, no nvidia-smi, no PyTorch, no cmake.
python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
mkdir "$work/few" "$work/no_torch"
ln -s "$python" "$work/few/python3"
echo 'raise ModuleNotFoundError("No module named torch")' >"$work/no_torch/torch.py"
path=$work/few
export PYTHONPATH="$work/no_torch"
check 0 --device emulated --build "$work/build" --steps machine,bench_train,pytorch,memcheck
says passed machine python
says skipped pytorch 'has no torch'
says skipped memcheck 'there is no compute-sanitizer'
code=0
python3 bench/rnn_against_pytorch >"$work/stdout" 2>&1 || code=$?
[ "$code" -eq 77 ] || fail "rnn_against_pytorch without torch ended with $code, must be 77"
grep -q '"commit": "\(unknown\|[0-9a-f]\{40\}\)"' "$work/out/results.json" || fail "no commit"
check 1 --device emulated --steps build
says FAILED build 'there is no cmake'
