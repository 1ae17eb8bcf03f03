/* The arrays that all normalizations have. */
#ifndef GLI_KERNELS_NORM_NORM_ARRAYS_H
#define GLI_KERNELS_NORM_NORM_ARRAYS_H

#include <cuda_runtime_api.h>

#include "glia/tensor.h"

/* Counters in device memory, zero before and after each kernel of a stream. */
enum { GLI_NORM_ARRIVALS = 128 };

/* Dense. x, y, dy, dx and a residual are of the dtype, all other arrays of what it is computed in: of floats beside
 * bf16 and f16. */
typedef struct gli_norm_arrays {
    glia_dtype dtype;
    bool channels_last;            /* images are [n, area, c]; otherwise [n, c, area] */
    const void *x, *weight, *bias; /* weight, bias: NULL: ones, zeros */
    void *y, *mean, *rstd;         /* mean, rstd: NULL: not requested */
    void *workspace;
    unsigned *arrivals; /* GLI_NORM_ARRIVALS */
} gli_norm_arrays;

typedef struct gli_norm_backward_arrays {
    glia_dtype dtype;
    bool channels_last;
    const void *x, *dy, *weight, *mean, *rstd; /* weight: NULL: ones */
    void *dx, *dweight, *dbias;                /* dweight, dbias: NULL: not requested */
    const void *y;                             /* of batchnorm with an activation; else NULL */
    const void *dy2;                           /* of batchnorm; added to dy, and it may be dx; NULL: zeros */
    void *dresidual;                           /* of batchnorm; it may be dy; NULL: not requested */
    void *workspace;
    unsigned *arrivals; /* GLI_NORM_ARRIVALS */
} gli_norm_backward_arrays;

#endif
