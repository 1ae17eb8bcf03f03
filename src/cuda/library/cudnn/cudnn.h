/* cuDNN's graph API behind a wall: this header, cudnn.c, cudnn_graph.c and cudnn_plan.c are all that knows it. An
 * adapter X_cudnn.c describes one convolution; gli_cudnn_plan makes the plans that may do it, gli_cudnn_execute runs
 * one of them. */
#ifndef GLI_CUDA_LIBRARY_CUDNN_CUDNN_H
#define GLI_CUDA_LIBRARY_CUDNN_CUDNN_H

#include "core/device.h"
#include "cuda/device/cuda_device.h"

/* NULL: cuDNN is here. Otherwise why not. */
const char *gli_cudnn_missing(glia_context *ctx);

/* In which its engines convolve without conversions. */
gli_image_formats gli_cudnn_image_formats(glia_context *ctx, glia_dtype dtype);

typedef enum gli_cudnn_convolving {
    GLI_CUDNN_FORWARD,        /* x, w -> y */
    GLI_CUDNN_BACKWARD_DATA,  /* y, w -> x */
    GLI_CUDNN_BACKWARD_FILTER /* x, y -> w */
} gli_cudnn_convolving;

/* An image [N,C,H,W] or filters [K,C/G,R,S]. */
typedef struct gli_cudnn_tensor {
    int64_t dim[4], stride[4];
    int alignment; /* bytes that its address is a multiple of */
} gli_cudnn_tensor;

typedef struct gli_cudnn_convolution {
    gli_cudnn_convolving kind;
    glia_dtype dtype;
    gli_cudnn_tensor x, w, y;
    bool bias; /* forward: of each channel, added to y; aligned as y is */
    int64_t stride[2], dilation[2], pad[2], pad_end[2];
} gli_cudnn_convolution;

/* Where the tensors are; bias NULL: none. What kind writes is written. */
typedef struct gli_cudnn_pointers {
    void *x, *w, *y, *bias;
} gli_cudnn_pointers;

typedef struct gli_cudnn_plans gli_cudnn_plans; /* several that do the same, cuDNN's favourite first */

/* GLIA_UNSUPPORTED: cuDNN has no engine for it that is as precise and deterministic as Glia promises. */
glia_status gli_cudnn_plan(glia_context *ctx, const gli_cudnn_convolution *convolution, gli_cudnn_plans **out);
void gli_cudnn_plans_free(gli_cudnn_plans *plans);
int gli_cudnn_plans_count(const gli_cudnn_plans *plans);
size_t gli_cudnn_workspace(const gli_cudnn_plans *plans, int i); /* bytes that plan i needs */

/* false: they were made for a device that is only described; see cudnn.c. */
bool gli_cudnn_can_execute(const gli_cudnn_plans *plans);

/* What cuDNN says of plan i, for logs: "engine 28, TENSOR_CORE, workspace 0 bytes". */
enum { GLI_CUDNN_TEXT = 256 };
const char *gli_cudnn_plan_text(const gli_cudnn_plans *plans, int i, char *text);

/* workspace: at GLI_CUDNN_ALIGNMENT. */
enum { GLI_CUDNN_ALIGNMENT = 256 };
glia_status gli_cudnn_execute(const gli_cudnn_plans *plans, int i, const gli_cudnn_pointers *pointers, void *workspace);

#endif
