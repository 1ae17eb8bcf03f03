/* Pooling over rows and columns. The gradients are in glia/ops/backward/pool.h.
 *
 * x: [N,C,H,W], y: [N,C,P,Q], each channel on its own. Floats; indices are i32.
 *
 * A window is at rows p stride - pad + r dilation, r = 0 .. R-1; P is chosen as in glia_conv2d. With ceil_mode the
 * division of P rounds up, and a last window that would start past x and the padding before it is left out. No
 * pad may be as large as the kernel. Source of all of it: PyTorch's and ONNX's pooling. */
#ifndef GLIA_OPS_POOL_H
#define GLIA_OPS_POOL_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_max_pool2d_params {
    int kernel[2]; /* R, S */
    int stride[2];
    int pad[2];     /* before the first row and column; padding never wins */
    int pad_end[2]; /* after the last */
    int dilation[2];
    bool ceil_mode;
    glia_activation activation; /* of y: linear or relu */
} glia_max_pool2d_params;

/* Windows side by side: stride = kernel; no padding, dilation 1. */
GLIA_API glia_max_pool2d_params glia_max_pool2d_defaults(int kernel_rows, int kernel_columns);

/* y = the largest element of the window, indices = where it is: row W + column. Of equal elements the first in
 * row-major order counts; NaN counts as larger than everything else, the last NaN of a window as the largest. A window
 * without elements, which dilation can make, gives -infinity and index -1. With relu as activation a y of at most 0 is
 * 0 and its index -1, so that nothing goes back through it. indices may be NULL. */
GLIA_API glia_status glia_max_pool2d(glia_context *ctx, const glia_max_pool2d_params *params, const glia_tensor *x,
                                     glia_tensor *y, glia_tensor *indices);

typedef struct glia_avg_pool2d_params {
    int kernel[2]; /* R, S */
    int stride[2];
    int pad[2];
    int pad_end[2];
    bool ceil_mode;
    bool count_include_pad; /* as PyTorch's modules do; ONNX and Keras do not */
} glia_avg_pool2d_params;

/* Windows side by side: stride = kernel; no padding. */
GLIA_API glia_avg_pool2d_params glia_avg_pool2d_defaults(int kernel_rows, int kernel_columns);

/* y = the sum of the window's elements of x, divided by their number. With count_include_pad the padding's elements
 * count too, but not what ceil_mode lets the window extend past it. */
GLIA_API glia_status glia_avg_pool2d(glia_context *ctx, const glia_avg_pool2d_params *params, const glia_tensor *x,
                                     glia_tensor *y);

typedef struct glia_adaptive_pool2d_params {
    int size[2]; /* P, Q */
} glia_adaptive_pool2d_params;
typedef glia_adaptive_pool2d_params glia_adaptive_avg_pool2d_params;
typedef glia_adaptive_pool2d_params glia_adaptive_max_pool2d_params;

/* Windows that make an output of the requested size: rows floor(p H / P) .. ceil((p+1) H / P) - 1, columns alike. They
 * may overlap, and repeat elements where P is above H. Source: PyTorch's adaptive pooling. */
GLIA_API glia_status glia_adaptive_avg_pool2d(glia_context *ctx, const glia_adaptive_avg_pool2d_params *params,
                                              const glia_tensor *x, glia_tensor *y);
/* y and indices as glia_max_pool2d's; its gradient is glia_max_pool2d_backward. indices may be NULL. */
GLIA_API glia_status glia_adaptive_max_pool2d(glia_context *ctx, const glia_adaptive_max_pool2d_params *params,
                                              const glia_tensor *x, glia_tensor *y, glia_tensor *indices);

/* One window over the whole channel, y: [N,C,1,1]: the adaptive ops with size {1, 1}. */
GLIA_API glia_status glia_global_avg_pool2d(glia_context *ctx, const glia_tensor *x, glia_tensor *y);
GLIA_API glia_status glia_global_max_pool2d(glia_context *ctx, const glia_tensor *x, glia_tensor *y,
                                            glia_tensor *indices);

#ifdef __cplusplus
}
#endif
#endif
