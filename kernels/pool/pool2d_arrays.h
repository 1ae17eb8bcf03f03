/* The arrays of a pooling op, for all launchers of this folder. */
#ifndef GLI_KERNELS_POOL_POOL2D_ARRAYS_H
#define GLI_KERNELS_POOL_POOL2D_ARRAYS_H

#include <cuda_runtime_api.h>

#include "ops/pool/pool_geom.h"

typedef struct gli_pool2d_arrays {
    glia_dtype dtype;
    bool adaptive;  /* the geometry has sizes only; windows are those of gli_adaptive_first and gli_adaptive_last */
    const void *in; /* x; of a backward op dy */
    void *out;      /* y; of a backward op dx */
    int *indices;   /* of max pooling, which writes them (NULL: not requested) and whose backward op reads them */
    /* Of [N,C,H,W] and [N,C,P,Q], or [N,C,D,H,W] and [N,C,Z,P,Q], in elements; backward of dx and dy. */
    int64_t x_stride[5], y_stride[5], indices_stride[5];
} gli_pool2d_arrays;

#endif
