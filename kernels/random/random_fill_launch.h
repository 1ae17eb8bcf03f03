/* Random numbers and masks: the functions of core/philox.h for many elements. */
#ifndef GLI_KERNELS_RANDOM_RANDOM_FILL_LAUNCH_H
#define GLI_KERNELS_RANDOM_RANDOM_FILL_LAUNCH_H

#include <cuda_runtime_api.h>

#include "core/philox.h"
#include "glia/ops/random.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_dropout_args {
    glia_dtype dtype;
    int count;
    gli_random use;      /* without the step */
    const int64_t *step; /* in device memory, of which the low 32 bits count; NULL: 0 */
    uint64_t threshold;  /* element i is kept where its 32 bits are not below */
    double scale;        /* of what is kept */
    const void *x;
    void *y; /* may be x */
} gli_dropout_args;

/* y[i] = number i is kept ? scale x[i] : 0, over dense arrays. */
cudaError_t gli_kernel_dropout(const gli_dropout_args *args, cudaStream_t stream);

typedef struct gli_random_fill_args {
    glia_dtype dtype;
    glia_random_kind kind;
    int count;
    gli_random use;
    double offset, scale;
    void *y; /* dense */
} gli_random_fill_args;

/* y[i] = offset + scale u or scale z, in double as glia/ops/random.h says, and rounded once. */
cudaError_t gli_kernel_random_fill(const gli_random_fill_args *args, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
