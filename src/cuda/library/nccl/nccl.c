/* NCCL: found and reported; no op runs on it yet. */
#include <nccl.h>
#include <stdio.h>

#include "cuda/library/library.h"

typedef struct functions {
    __typeof__(ncclGetVersion) *ncclGetVersion;
} functions;

static const gli_library_function listed[] = {{"ncclGetVersion", offsetof(functions, ncclGetVersion)}, {NULL, 0}};

static bool check(const void *table, char *version, size_t size) {
    const functions *f = table;
    int v              = 0;
    if (f->ncclGetVersion(&v) != ncclSuccess || v / 10000 != NCCL_MAJOR) {
        snprintf(version, size, "it is version %d of NCCL, and this build needs %d", v / 10000, NCCL_MAJOR);
        return false;
    }
    snprintf(version, size, "%d.%d.%d", v / 10000, v / 100 % 100, v % 100);
    return true;
}

static const char *const files[] = {"libnccl.so.2", NULL};

extern const gli_cuda_library gli_nccl_library;
const gli_cuda_library gli_nccl_library = {
    .kind    = {.name        = "NCCL",
                .files       = files,
                .package     = "nccl",
                .functions   = listed,
                .table_bytes = sizeof(functions),
                .check       = check},
    .without = "nothing: training uses one GPU",
};
