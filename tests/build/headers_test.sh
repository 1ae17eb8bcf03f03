#!/bin/sh
# Each public header compiles alone, as C17 and as C++17, with all warnings as errors.
set -eu

cd include
set -- "$CC" "$CXX"
failed=0
for header in $(find glia -name '*.h' | sort); do
    printf '#include <%s>\ntypedef int not_empty;\n' "$header" | "$1" -x c -std=c17 -I. -Wall -Wextra -Wpedantic -Werror -fsyntax-only - || failed=1
    echo "#include <$header>" | "$2" -x c++ -std=c++17 -I. -Wall -Wextra -Wpedantic -Werror -fsyntax-only - || failed=1
done
exit $failed
