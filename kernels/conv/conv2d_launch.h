/* Convolutions over images of any strides. */
#ifndef GLI_KERNELS_CONV_CONV2D_LAUNCH_H
#define GLI_KERNELS_CONV_CONV2D_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/context.h"
#include "glia/ops/common.h"
#include "kernels/device/gpu_info.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [n, channels, height, width] seen through strides, in elements. The extent is below 2^31 elements. */
typedef struct gli_image {
    void *data;
    int height, width;
    int64_t n, c, h, w;
} gli_image;

/* Of all three: y[o] at (p, q) is the sum over i, r, s of x[i] at (p stride - pad + r dilation, ...) w[o,i,r,s], for
 * the o and i of each group. Transposed, x[i] at (h, w) adds its multiple of w[o,i] to y[o] there. */
typedef struct gli_convolution {
    glia_dtype dtype;
    int n, groups;
    int in, out; /* channels of x and of y in each group */
    int r, s;
    int stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
    bool transposed;
    gli_image x, y;
    void *w;
    int64_t w_group, w_out, w_in, w_r, w_s; /* strides */
    bool has_bias;
    void *bias; /* [groups out] */
    int64_t bias_step;
    glia_unary_kind activation; /* linear, sigmoid, tanh or relu */
} gli_convolution;

/* y = act(bias + convolution of x with w), which is also the gradient of a convolution by its input. y overlaps
 * nothing. workspace: bytes that follow from dtype and sizes. */
size_t gli_kernel_conv2d_workspace(const gli_convolution *conv);
cudaError_t gli_kernel_conv2d(const gli_convolution *conv, gli_gpu gpu, void *workspace, cudaStream_t stream);

/* w = the gradient by the filters, for the gradient y of the output; bias = the sums of y. Not transposed. */
size_t gli_kernel_conv2d_filter_workspace(const gli_convolution *conv);
cudaError_t gli_kernel_conv2d_filter(const gli_convolution *conv, gli_gpu gpu, void *workspace, cudaStream_t stream);

/* Both on tensor cores, sums in float: bf16 and f16, and f32 rounded to what `math` allows. Compute capability 7.5 has
 * them for f16, 8.0 for all. out is 8 at least, and for the gradient in r s too. */
cudaError_t gli_kernel_conv2d_wmma(const gli_convolution *conv, glia_math math, void *workspace, cudaStream_t stream);
cudaError_t gli_kernel_conv2d_filter_wmma(const gli_convolution *conv, glia_math math, void *workspace,
                                          cudaStream_t stream);

/* Both for one group of few channels: in r s is GLI_DIRECT_TAPS at most; f32, bf16 and f16, not transposed. */
enum { GLI_DIRECT_TAPS = 160 };
cudaError_t gli_kernel_conv2d_direct(const gli_convolution *conv, cudaStream_t stream);
size_t gli_kernel_conv2d_filter_direct_workspace(const gli_convolution *conv);
cudaError_t gli_kernel_conv2d_filter_direct(const gli_convolution *conv, void *workspace, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
