#!/bin/sh
# What export_test writes, by onnxruntime. Skipped where no Python has numpy, onnx and onnxruntime; PYTHON names one.
set -eu

for python in "${PYTHON:-}" build/tools/bin/python3 python3; do
    [ -n "$python" ] && "$python" -c 'import numpy, onnx, onnxruntime' 2>/dev/null && break
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
