/* NVIDIA's libraries, opened at run time. Each is opened when an op first asks for it, so that creating a context stays
 * cheap; a context has function tables and handles of its own. */
#ifndef GLI_CUDA_LIBRARY_LIBRARY_H
#define GLI_CUDA_LIBRARY_LIBRARY_H

#include "core/device.h"
#include "cuda/device/cuda_device.h"
#include "cuda/library/library_search.h"

typedef struct gli_cuda_library {
    gli_library_kind kind;
    const char *provider; /* the name of its providers */
    const char *without;  /* what is not there, or not as fast, without it */
    /* A handle of the library that works on the context's stream; NULL: it has none. */
    glia_status (*create)(glia_context *ctx, const void *table, void **handle);
    void (*destroy)(glia_context *ctx, const void *table, void *handle);
    /* See gli_device; NULL: it has no convolutions. */
    gli_image_formats (*image_formats)(glia_context *ctx, glia_dtype dtype);
} gli_cuda_library;

/* Of this context, opened if need be; NULL: it is here. Otherwise the reason, which stays valid as long as the context.
 * Opening touches no device. */
const char *gli_cuda_library_missing(glia_context *ctx, const gli_cuda_library *library);

/* Its functions and its handle, which is created at the first use. GLIA_UNSUPPORTED: the library is missing. */
glia_status gli_cuda_library_use(glia_context *ctx, const gli_cuda_library *library, const void **table, void **handle);

void gli_cuda_libraries_close(glia_context *ctx);

/* The device's `image_formats`: those of a library whose convolutions are used, else those of our own kernels. */
#define GLI_CUDA_OWN_IMAGE_FORMATS \
    (gli_image_formats) { GLI_CHANNELS_LAST, GLI_ROW_MAJOR }
gli_image_formats gli_cuda_image_formats(glia_context *ctx, glia_dtype dtype);

/* The device's `part`: the driver, the runtime and the libraries of this build. */
bool gli_cuda_part(int i, gli_device_part *out);

#endif
