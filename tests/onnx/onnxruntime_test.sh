#!/bin/sh
# What export_test writes, by onnxruntime. Skipped where no Python has numpy, onnx, and onnxruntime 1.26, before which the
# states of an RNN's sequences of length 0 were read from beyond its memory; PYTHON names one.
set -eu

needed='import numpy, onnx, onnxruntime as o; assert [*map(int, o.__version__.split(".")[:2])] >= [1, 26]'

for python in "${PYTHON:-}" build/tools/bin/python3 python3; do
    [ -n "$python" ] && "$python" -c "$needed" 2>/dev/null && break
    python=
done
[ -n "$python" ] || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
GLIA_ONNX_KEEP=$work "$GLIA_BUILD_DIR"/bin/export_test --gtest_brief=1 --gtest_filter='Each/*' >"$work/log" || {
    cat "$work/log"
    exit 1
}
"$python" tests/onnx/check_exported.py "$work"
