#!/bin/sh
# As a part of another project, in C alone, Glia changes nothing outside of its own targets: the parent has the same
# settings, targets, tests and installation as without it. Its own sources compile against Glia's headers.
set -eu

source=$PWD/tests/build/subproject
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fails() {
    echo "subproject_test: $1"
    failed=1
}

# configure HOW OPTION...: into the folder $work/HOW.
configure() {
    build=$work/$1
    joined=$1
    shift
    rm -rf "$build"
    mkdir "$build"
    CXX=/nonexistent/c++ cmake -S "$source" -B "$build" -G Ninja -DHOW="$joined" -DGLIA_SOURCE="$PWD" \
        -DCMAKE_C_COMPILER="$CC" "$@" >"$build/log" 2>&1 || {
        cat "$build/log"
        fails "$joined does not configure"
        exit 1
    }
    [ ! -e "$build/compile_commands.json" ] || echo compile_commands.json >>"$build/state.txt"
    find "$build" -name cmake_install.cmake -exec grep -h 'file(INSTALL' {} + >>"$build/state.txt" || true
}

# compare HOW OPTION...
compare() {
    how=$1
    shift
    configure none "$@"
    configure "$how" "$@"
    diff "$work/none/state.txt" "$work/$how/state.txt" || fails "$how changes its parent"
}

compare add_subdirectory
compare add_subdirectory -DBUILD_SHARED_LIBS=ON -DCMAKE_BUILD_TYPE=MinSizeRel -DCMAKE_C_FLAGS=-g1
compare FetchContent
ninja -C "$work/FetchContent" -t targets all | grep -q 'libglia\.a:' || fails "the library is not static by default"
ninja -C "$work/FetchContent" CMakeFiles/parent.dir/program.c.o >/dev/null || fails "the parent does not compile"
exit $failed
