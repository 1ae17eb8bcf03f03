#!/bin/sh
# kernels/registers.tsv says what ptxas says of the kernels of this build.
set -eu
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || exit 77
exec python3 scripts/kernel_table --build "$GLIA_BUILD_DIR" --check
