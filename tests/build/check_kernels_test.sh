#!/bin/sh
# The kernels of this build keep to kernels/limits.txt.
set -eu
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || exit 77
exec python3 scripts/check_kernels --build "$GLIA_BUILD_DIR"
