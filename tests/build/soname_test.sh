#!/bin/sh
# Programs are bound to the major version, and before 1.0 to the minor one: the name that they record says so.
set -eu
case $GLIA_LIBRARY in *.a) exit 77 ;; esac

version() { sed -n "s/^#define GLIA_VERSION_$1 *//p" include/glia/glia.h; }
major=$(version MAJOR)
expected=libglia.so.$major
[ "$major" -gt 0 ] || expected=$expected.$(version MINOR)
found=$(objdump -p "$GLIA_LIBRARY" | sed -n 's/^ *SONAME *//p')
if [ "$found" != "$expected" ]; then
    echo "soname_test: the SONAME is $found, must be $expected"
    exit 1
fi
[ "$(readlink -f "$(dirname "$GLIA_LIBRARY")/$found")" = "$(readlink -f "$GLIA_LIBRARY")" ]
