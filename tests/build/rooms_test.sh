#!/bin/sh
# What the rooms promise and no compiler looks at.
set -eu

failed=0
fails() {
    echo "rooms_test: $1"
    failed=1
}

# The reference judges the others, so it shares no code with them.
if grep -rn '#include "cpu/\(native\|onednn\)/' src/cpu/reference; then
    fails "the reference includes what it judges"
fi
if grep -rn '#include "cpu/reference/' src/cpu/native src/cpu/onednn; then
    fails "a provider includes its judge"
fi

# Only the files behind the wall see oneDNN's API.
if grep -rln 'include <oneapi/' src | grep -v '^src/cpu/onednn/dnn_'; then
    fails "files other than src/cpu/onednn/dnn_* include oneDNN's headers"
fi

# clang makes a global symbol of a static function that is compiled for several processors.
names=$(grep -rh 'GLI_CLONES static' src | sed 's/(.*//; s/.*[ *]//' | sort)
[ "$(echo "$names" | wc -l)" -gt 20 ] || fails "too few functions with GLI_CLONES found"
twice=$(echo "$names" | uniq -d)
[ -z "$twice" ] || fails "several functions with GLI_CLONES have one name: $twice"

exit $failed
