/* cuDNN's graph API behind a wall: this header, cudnn.c, cudnn_graph.c and cudnn_plan.c are all that knows it. An
 * adapter X_cudnn.c describes one convolution; glia_cudnn_plan makes the plans that may do it, glia_cudnn_execute runs
 * one of them. */
#ifndef GLIA_CUDA_LIBRARY_CUDNN_CUDNN_H
#define GLIA_CUDA_LIBRARY_CUDNN_CUDNN_H

#include "cuda/device/cuda_device.h"

/* NULL: cuDNN is here. Otherwise why not. */
const char *glia_cudnn_missing(glia_context *ctx);

typedef enum glia_cudnn_convolving {
    GLIA_CUDNN_FORWARD,        /* x, w -> y */
    GLIA_CUDNN_BACKWARD_DATA,  /* y, w -> x */
    GLIA_CUDNN_BACKWARD_FILTER /* x, y -> w */
} glia_cudnn_convolving;

/* An image [N,C,H,W] or filters [K,C/G,R,S]. */
typedef struct glia_cudnn_tensor {
    int64_t dim[4], stride[4];
    int alignment; /* bytes that its address is a multiple of */
} glia_cudnn_tensor;

typedef struct glia_cudnn_convolution {
    glia_cudnn_convolving kind;
    glia_dtype dtype;
    glia_cudnn_tensor x, w, y;
    bool bias; /* forward: of each channel, added to y */
    int bias_alignment;
    int64_t stride[2], dilation[2], pad[2], pad_end[2];
} glia_cudnn_convolution;

/* Where the tensors are; bias NULL: none. What kind writes is written. */
typedef struct glia_cudnn_pointers {
    void *x, *w, *y, *bias;
} glia_cudnn_pointers;

typedef struct glia_cudnn_plans glia_cudnn_plans; /* several that do the same, cuDNN's favourite first */

/* GLIA_UNSUPPORTED: cuDNN has nothing for it that keeps Glia's promises about precision and repeatability. */
glia_status glia_cudnn_plan(glia_context *ctx, const glia_cudnn_convolution *convolution, glia_cudnn_plans **out);
void glia_cudnn_plans_free(glia_cudnn_plans *plans);
int glia_cudnn_plans_count(const glia_cudnn_plans *plans);
size_t glia_cudnn_workspace(const glia_cudnn_plans *plans, int i); /* bytes that plan i needs */

/* workspace: at GLIA_CUDNN_ALIGNMENT. */
enum { GLIA_CUDNN_ALIGNMENT = 256 };
glia_status glia_cudnn_execute(const glia_cudnn_plans *plans, int i, const glia_cudnn_pointers *pointers,
                               void *workspace);

#endif
