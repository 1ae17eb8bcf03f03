#!/bin/sh
# What scripts/check_machine_code reads from a disassembly, without nvcc.
set -eu
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' && command -v c++filt >/dev/null || exit 77
exec python3 tests/build/machine_code/sass_test.py
