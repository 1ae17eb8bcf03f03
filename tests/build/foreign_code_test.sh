#!/bin/sh
# Libraries of devices are code: none is taken from a folder that a set-uid program's caller names, nor from the current
# directory.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work/evil" "$work/own"

cat >"$work/evil.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
__attribute__((constructor)) static void come_in(void) {
    printf("loaded with the rights of %d\n", (int)geteuid());
    fflush(stdout);
}
C
"$CC" -shared -fPIC "$work/evil.c" -o "$work/evil/libglia_cuda.so"

cat >"$work/program.c" <<'C'
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv) {
    void *library = dlopen(argv[1], RTLD_NOW);
    int (*create)(const char *, const void *, void **) = library ? (int (*)(const char *, const void *, void **))dlsym(library, "glia_context_create") : NULL;
    void *context = NULL;
    if (!create) return puts(dlerror()), 2;
    if (argc > 2 && chdir(argv[2]) != 0) return 3;
    int status = create("cuda:0", NULL, &context);
    printf("status %d\n", status);
    return 0;
}
C
"$CC" -std=gnu17 "$work/program.c" -o "$work/program" -ldl
cp "$GLIA_LIBRARY" "$work/own/libglia.so"

# The trap works: where the caller may name folders, this one is taken.
GLIA_LIBRARY_DIR=$work/evil "$work/program" "$work/own/libglia.so" | grep -q 'loaded with'

# untouched: what the program said, in $work/said, has nothing of the trap.
untouched() {
    if grep 'loaded with' "$work/said"; then exit 1; fi
}

# A library that was loaded by a relative path, and a current directory that changed since.
(cd "$work/own" && env -u GLIA_LIBRARY_DIR "$work/program" ./libglia.so "$work/evil") >"$work/said"
untouched
(cd "$work/own" && LD_LIBRARY_PATH=. "$work/program" libglia.so "$work/evil") >"$work/said"
untouched
# A relative folder is refused.
(cd "$work" && GLIA_LIBRARY_DIR=evil "$work/program" "$work/own/libglia.so") >"$work/said"
untouched

# Set-uid, run by somebody else.
if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null; then
    echo "not root, or no setpriv: set-uid programs were not tried"
    exit 0
fi
chmod 4755 "$work/program"
GLIA_LIBRARY_DIR=$work/evil GLIA_CUDA_LIBRARY_PATH=$work/evil setpriv --reuid 65534 --clear-groups \
    "$work/program" "$work/own/libglia.so" >"$work/said"
grep -q '^status' "$work/said"
untouched
