#!/bin/sh
# scripts/demo on machines with and without a GPU and nvcc, and the architectures that CMake builds for there. Stand-ins
# take the place of all that would build or run.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$PWD
fail() {
    echo "demo_test: $1" >&2
    cat "$work/out" >&2
    exit 1
}
# stand_in FILE: makes a program of standard input.
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

# demo PATH: runs scripts/demo; its output goes to `out`, what it builds to tree/calls.
demo() {
    rm -f "$work/tree/calls"
    (cd "$work/tree" && PATH=$1:$PATH scripts/demo --epochs 1) >"$work/out" 2>&1 || fail "it failed"
}
said() { grep -q -- "$1" "$work/out" || fail "not said: $1"; }

demo "$work/tools:$work/gpu"
said 'building for Test GPU alone'
said 'training on Test GPU'
said 'trains --data .* --device auto --epochs 1'
grep -q 'target cnn_fashion glia_cuda' "$work/tree/calls" || fail "glia_cuda was not built"
touch "$work/tree/no_cuda"
demo "$work/tools:$work/gpu"
said 'the build for the GPU failed'
said 'trains --data [^ ]* --epochs 1'
rm "$work/tree/no_cuda"
mkdir "$work/broken"
stand_in "$work/broken/nvidia-smi" <<'END_OF_SCRIPT'
echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver 570.1'
exit 9
END_OF_SCRIPT
demo "$work/tools:$work/broken:$work/gpu"
said 'trains --data [^ ]* --epochs 1'
! grep -q glia_cuda "$work/tree/calls" || fail "glia_cuda was built for a GPU that nvidia-smi does not find"
if ! command -v nvidia-smi >/dev/null 2>&1; then
    demo "$work/tools"
    said 'trains --data [^ ]* --epochs 1'
    ! grep -q glia_cuda "$work/tree/calls" || fail "glia_cuda was built without a GPU"
fi

# ask PATH CHOICE [NVCC]: asks CMake which architectures it builds for.
ask() {
    cat >"$work/ask.cmake" <<END_OF_SCRIPT
cmake_minimum_required(VERSION 3.24)
include($root/cmake/cuda_architectures.cmake)
set(GLIA_CUDA_ARCHITECTURES $2)
set(CMAKE_CUDA_COMPILER ${3:-})
glia_cuda_architectures(list ptx)
message("built for \${list}")
message("PTX of \${ptx}")
END_OF_SCRIPT
    PATH=$1:$PATH cmake -P "$work/ask.cmake" >"$work/out" 2>&1
}
built_for() { ask "$@" || fail "cmake failed"; }
refused() {
    ! ask "$work/gpu" "$1" || fail "'$1' is taken"
    said "$2"
}
built_for "$work/gpu" AUTO
said 'built for 90-real;120-real;90-virtual$'
built_for "$work/gpu" all
said 'built for 75-real;80-real;86-real;89-real;90-real;100-real;120-real;80-virtual$'
said 'PTX of 800$'
built_for "$work/gpu" '90 75'
said 'built for 75-real;90-real;90-virtual$'
said 'PTX of 900$'
built_for "$work/gpu" native
said 'built for native$'
said 'PTX of 0$'
built_for "$work/gpu" 75
said 'built for 75-real;75-virtual$'
refused auto "is 'auto', must be"
refused 9.0 "is '9.0', must be"
refused '80 70' "is '80;70', must be"
refused '' "is '', must be"
built_for "$work/broken" AUTO
said 'built for 75-real;80-real;86-real;89-real;90-real;100-real;120-real;80-virtual$'

# GPUs that are older and newer than nvcc.
stand_in "$work/tools/nvcc_12" <<'END_OF_SCRIPT'
printf 'compute_%s\n' 50 61 75 80 86 89 90
END_OF_SCRIPT
built_for "$work/broken" AUTO "$work/tools/nvcc_12"
said 'built for 75-real;80-real;86-real;89-real;90-real;80-virtual$'
built_for "$work/gpu" AUTO "$work/tools/nvcc_12"
said 'built for 90-real;90-virtual$'
echo 'echo 6.1; echo 8.9' | stand_in "$work/gpu/nvidia-smi"
built_for "$work/gpu" AUTO "$work/tools/nvcc_12"
said 'built for 89-real;89-virtual$'
echo "echo 6.1" | stand_in "$work/gpu/nvidia-smi"
built_for "$work/gpu" AUTO
said 'built for 75-real;80-real;86-real;89-real;90-real;100-real;120-real;80-virtual$'
echo "echo '[N/A]'" | stand_in "$work/gpu/nvidia-smi"
built_for "$work/gpu" AUTO
said 'built for 75-real;80-real;86-real;89-real;90-real;100-real;120-real;80-virtual$'
