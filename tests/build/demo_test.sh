#!/bin/sh
# scripts/demo on machines with and without a GPU and nvcc, and the architectures that CMake builds for there: with
# stand-ins for all that would build or run.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$PWD
fail() {
    echo "demo_test: $1" >&2
    cat "$work/out" >&2
    exit 1
}
# stand_in FILE: a program of what standard input says.
stand_in() {
    { echo '#!/bin/sh'; cat; } >"$1"
    chmod +x "$1"
}
mkdir -p "$work/tree/scripts" "$work/tools" "$work/gpu"
cp scripts/demo "$work/tree/scripts/"
stand_in "$work/tree/scripts/install-deps" </dev/null
stand_in "$work/tools/cmake" <<'END_OF_SCRIPT'
echo "cmake $*" >>calls
case "$*" in *glia_cuda*) [ ! -e no_cuda ] || exit 1 ;; esac
mkdir -p build/release/bin
printf '#!/bin/sh\necho "trains $*"\n' >build/release/bin/cnn_fashion
chmod +x build/release/bin/cnn_fashion
END_OF_SCRIPT
stand_in "$work/gpu/nvidia-smi" <<'END_OF_SCRIPT'
case "$*" in
*=name*) printf 'Test GPU\nAnother GPU\n' ;;
*=compute_cap*) printf '12.0\n9.0\n9.0\n' ;;
esac
END_OF_SCRIPT
stand_in "$work/gpu/nvcc" </dev/null

# demo PATH: runs it; what it says goes to out, what it builds to tree/calls.
demo() {
    rm -f "$work/tree/calls"
    (cd "$work/tree" && PATH=$1:$PATH scripts/demo --epochs 1) >"$work/out" 2>&1 || fail "it failed"
}
said() { grep -q -- "$1" "$work/out" || fail "not said: $1"; }

demo "$work/tools:$work/gpu"
said 'building for Test GPU alone'
said 'training on Test GPU'
said 'trains --data .* --device cuda:0 --epochs 1'
grep -q 'target cnn_fashion glia_cuda' "$work/tree/calls" || fail "glia_cuda was not built"
touch "$work/tree/no_cuda"
demo "$work/tools:$work/gpu"
said 'the build for the GPU failed'
said 'trains --data [^ ]* --epochs 1'
if ! command -v nvidia-smi >/dev/null 2>&1; then
    demo "$work/tools"
    said 'trains --data [^ ]* --epochs 1'
    ! grep -q glia_cuda "$work/tree/calls" || fail "glia_cuda was built without a GPU"
fi

# built_for PATH CHOICE: what CMake builds for.
built_for() {
    cat >"$work/ask.cmake" <<END_OF_SCRIPT
include($root/cmake/cuda_architectures.cmake)
set(GLIA_CUDA_ARCHITECTURES $2)
glia_cuda_architectures(list)
message("built for \${list}")
END_OF_SCRIPT
    PATH=$1:$PATH cmake -P "$work/ask.cmake" >"$work/out" 2>&1 || fail "cmake failed"
}
built_for "$work/gpu" AUTO
said 'built for 90-real;120-real;90-virtual$'
built_for "$work/gpu" all
said 'built for 75-real;80-real;86-real;89-real;90-real;100-real;120-real;80-virtual$'
built_for "$work/gpu" '90 75'
said 'built for 75-real;90-real;90-virtual$'
built_for "$work/gpu" 75
said 'built for 75-real;75-virtual$'
stand_in "$work/gpu/nvidia-smi" <<'END_OF_SCRIPT'
echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver 570.1'
exit 9
END_OF_SCRIPT
built_for "$work/gpu" AUTO
said 'built for 75-real;80-real;86-real;89-real;90-real;100-real;120-real;80-virtual$'
