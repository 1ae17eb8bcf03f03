/* Pooling and interpolation, over rows and columns or volumes. The gradients are in glia/ops/backward/pool.h.
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

/* ---- Volumes: x [N,C,D,H,W], y [N,C,Z,P,Q]; the same with slices before the rows, in the same order in params ---- */

typedef struct glia_max_pool3d_params {
    int kernel[3]; /* T, R, S */
    int stride[3], pad[3], pad_end[3], dilation[3];
    bool ceil_mode;
    glia_activation activation; /* of y: linear or relu */
} glia_max_pool3d_params;

/* Windows side by side: stride = kernel; no padding, dilation 1. */
GLIA_API glia_max_pool3d_params glia_max_pool3d_defaults(int kernel_slices, int kernel_rows, int kernel_columns);

/* y and indices as glia_max_pool2d's; indices = (slice H + row) W + column, and may be NULL. */
GLIA_API glia_status glia_max_pool3d(glia_context *ctx, const glia_max_pool3d_params *params, const glia_tensor *x,
                                     glia_tensor *y, glia_tensor *indices);

typedef struct glia_avg_pool3d_params {
    int kernel[3]; /* T, R, S */
    int stride[3], pad[3], pad_end[3];
    bool ceil_mode;
    bool count_include_pad;
} glia_avg_pool3d_params;

/* Windows side by side: stride = kernel; no padding. */
GLIA_API glia_avg_pool3d_params glia_avg_pool3d_defaults(int kernel_slices, int kernel_rows, int kernel_columns);

/* y as glia_avg_pool2d's. */
GLIA_API glia_status glia_avg_pool3d(glia_context *ctx, const glia_avg_pool3d_params *params, const glia_tensor *x,
                                     glia_tensor *y);

/* ---- Interpolation: an image in another size ---- */

enum { GLIA_MAX_SPATIAL = 3 }; /* dimensions of an image, behind its samples and channels */

typedef enum glia_interpolate_mode { GLIA_INTERPOLATE_NEAREST, GLIA_INTERPOLATE_LINEAR } glia_interpolate_mode;

/* The coordinate in x, of I elements along the axis, of output element o of O. */
typedef enum glia_interpolate_coordinates {
    GLIA_COORDINATES_HALF_PIXEL,    /* (o + 1/2) I / O - 1/2: elements are areas, and both images cover the same one */
    GLIA_COORDINATES_ALIGN_CORNERS, /* o (I - 1) / (O - 1), and 0 where O is 1: the first and last elements coincide */
    GLIA_COORDINATES_ASYMMETRIC     /* o I / O */
} glia_interpolate_coordinates;

/* Which element is the nearest of a place between two. */
typedef enum glia_interpolate_rounding {
    GLIA_ROUNDING_PREFER_CEIL, /* the nearer one; in the middle the one after it */
    GLIA_ROUNDING_PREFER_FLOOR,
    GLIA_ROUNDING_FLOOR, /* the one before it */
    GLIA_ROUNDING_CEIL
} glia_interpolate_rounding;

typedef struct glia_interpolate_params {
    int size[GLIA_MAX_SPATIAL]; /* of y, in the order of x's dimensions; those that x does not have are not read */
    glia_interpolate_mode mode;
    glia_interpolate_coordinates coordinates;
    glia_interpolate_rounding rounding; /* of the mode nearest */
} glia_interpolate_params;

/* Nearest, by half pixels, prefer_ceil; size has to be set. */
GLIA_API glia_interpolate_params glia_interpolate_defaults(void);

/* y = x at the places that the coordinates name: its nearest element, or along each dimension the two that are next to
 * it, weighted by how near they are: bilinear of an image, trilinear of a volume. Places before the first element have
 * that one, those after the last the last; an element whose weight is 0 does not count, infinite or not. Places are
 * fractions, computed exactly.
 * x: [N,C,L], [N,C,H,W] or [N,C,D,H,W], y: [N,C,size]. Floats.
 * Source: PyTorch's interpolate, whose "nearest-exact" the defaults are, whose "nearest" is asymmetric with floor, and
 * whose "area" is glia_adaptive_avg_pool2d; ONNX Resize without antialiasing. */
GLIA_API glia_status glia_interpolate(glia_context *ctx, const glia_interpolate_params *params, const glia_tensor *x,
                                      glia_tensor *y);

#ifdef __cplusplus
}
#endif
#endif
