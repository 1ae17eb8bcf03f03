/* The binary format of CIFAR-10 and CIFAR-100: records of one label byte, or a coarse and a fine one, and an image of
 * 32x32 bytes of red, then of green, then of blue. A file has no header, so the number of records follows from its
 * size. */
#ifndef GLI_IO_CIFAR_H
#define GLI_IO_CIFAR_H

#include "core/memory.h"
#include "glia/data.h"

enum { GLI_CIFAR_SIDE = 32, GLI_CIFAR_CHANNELS = 3 };

typedef struct gli_cifar_set {
    int64_t count;
    gli_block images, labels; /* bytes; the caller's to free */
} gli_cifar_set;

/* Reads the files one after the other. max_bytes bounds what each gzipped one may unpack to. */
glia_status gli_cifar_read(glia_context *ctx, const char *const *paths, int n_paths, glia_cifar kind, size_t max_bytes,
                           gli_cifar_set *out);

#endif
