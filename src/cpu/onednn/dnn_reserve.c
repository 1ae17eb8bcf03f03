#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <stdlib.h>
#include <sys/mman.h>

#include "cpu/onednn/dnn_list.h"

static bool pages_are_there(size_t bytes) {
    void *pages      = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const bool there = pages != MAP_FAILED;
    if (there) munmap(pages, bytes);
    return there;
}

glia_status gli_dnn_reserve(glia_context *ctx, size_t bytes) {
    void *volatile heap = malloc(bytes); /* volatile: compilers leave out an allocation that nobody uses */
    const bool there    = heap && pages_are_there(bytes);
    free(heap);
    GLI_REQUIRE(ctx, there, GLIA_OUT_OF_MEMORY, "out of memory: %zu bytes for oneDNN to work with", bytes);
    return GLIA_OK;
}
