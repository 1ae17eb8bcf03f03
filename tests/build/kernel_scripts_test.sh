#!/bin/sh
# scripts/check_machine_code and scripts/check_kernels on recorded output of tools, without nvcc.
set -eu
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' && command -v c++filt >/dev/null || exit 77
exec python3 tests/build/kernel_scripts/kernel_scripts_test.py
