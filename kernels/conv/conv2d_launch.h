/* Convolutions over images and volumes of any strides. */
#ifndef GLI_KERNELS_CONV_CONV2D_LAUNCH_H
#define GLI_KERNELS_CONV_CONV2D_LAUNCH_H

#include "glia/ops/common.h"
#include "kernels/gemm/gemm_run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [n, channels, depth, height, width] with the strides n, c, d, h, w, in elements. Extends over fewer than 2^31
 * elements. An image has depth 1 and d 0. */
typedef struct gli_image {
    void *data;
    int depth, height, width;
    int64_t n, c, d, h, w;
} gli_image;

/* y[o] at (p, q) is the sum over i, r, s of x[i] at (p stride - pad + r dilation, ...) w[o,i,r,s], for
 * the o and i of each group. Transposed, x[i] at (h, w) is multiplied by w[o,i] and added to y[o] at
 * (h stride - pad + r dilation, ...). Of volumes there are slices z and t as well; of images t is 1. */
typedef struct gli_convolution {
    glia_dtype dtype;
    int n, groups;
    int in, out; /* channels of x and of y in each group */
    int t, r, s;
    int stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dilation_d, dilation_h, dilation_w;
    bool transposed;
    gli_image x, y;
    void *w;
    int64_t w_group, w_out, w_in, w_t, w_r, w_s; /* strides */
    bool has_bias;
    void *bias; /* [groups out] */
    int64_t bias_stride;
    glia_unary_kind activation; /* linear, sigmoid, tanh or relu */
} gli_convolution;

/* y = act(bias + convolution of x with w), which is also the gradient of a convolution with respect to its input. y
 * overlaps nothing. workspace: bytes that follow from dtype and sizes. */
size_t gli_kernel_conv2d_workspace(const gli_convolution *conv);
cudaError_t gli_kernel_conv2d(const gli_convolution *conv, const gli_gemm_run *run);

/* w = the gradient with respect to the filters, for the gradient y of the output; bias = the sums of y; both f32 where
 * dtype is bf16 or f16. Not transposed. */
size_t gli_kernel_conv2d_filter_workspace(const gli_convolution *conv);
cudaError_t gli_kernel_conv2d_filter(const gli_convolution *conv, const gli_gemm_run *run);

/* Both on tensor cores, accumulated in float: bf16 and f16, and f32 rounded to what run->math allows. f16 needs compute
 * capability 7.5, the others 8.0. out is at least 8, and for the gradient in r s too. */
cudaError_t gli_kernel_conv2d_tensor_cores(const gli_convolution *conv, const gli_gemm_run *run);
cudaError_t gli_kernel_conv2d_filter_tensor_cores(const gli_convolution *conv, const gli_gemm_run *run);

/* The same four over volumes. */
size_t gli_kernel_conv3d_workspace(const gli_convolution *conv);
cudaError_t gli_kernel_conv3d(const gli_convolution *conv, const gli_gemm_run *run);
size_t gli_kernel_conv3d_filter_workspace(const gli_convolution *conv);
cudaError_t gli_kernel_conv3d_filter(const gli_convolution *conv, const gli_gemm_run *run);
cudaError_t gli_kernel_conv3d_tensor_cores(const gli_convolution *conv, const gli_gemm_run *run);
cudaError_t gli_kernel_conv3d_filter_tensor_cores(const gli_convolution *conv, const gli_gemm_run *run);

/* Of images, both for one group of few channels: k = in r s is at most GLI_DIRECT_MAX_K; f32, bf16 and f16, not
 * transposed. */
enum { GLI_DIRECT_MAX_K = 160 };
cudaError_t gli_kernel_conv2d_direct(const gli_convolution *conv, const gli_gemm_run *run);
size_t gli_kernel_conv2d_filter_direct_workspace(const gli_convolution *conv);
cudaError_t gli_kernel_conv2d_filter_direct(const gli_convolution *conv, const gli_gemm_run *run);

/* The same of relu'(relu) y, the derivative by what the activation computed, with the strides of y; NULL: of y. */
cudaError_t gli_kernel_conv2d_filter_direct_relu(const gli_convolution *conv, const void *relu,
                                                 const gli_gemm_run *run);

/* Several calls of gli_kernel_conv2d and gli_kernel_conv2d_filter that do not depend on each other, as one launch
 * but for packed filters and the sums of many splits; each result has the bits of the call alone. */
enum { GLI_CONVOLUTION_GROUP = 4 };
typedef struct gli_convolution_call {
    gli_convolution conv;
    bool filter; /* gli_kernel_conv2d_filter; else gli_kernel_conv2d */
    void *workspace;
} gli_convolution_call;

/* How many of the first of n calls can be launched so: they have one dtype and tiles of one size. */
int gli_kernel_conv2d_group_size(const gli_convolution_call *calls, int n, const gli_gpu *gpu);
cudaError_t gli_kernel_conv2d_group(const gli_convolution_call *calls, int n, const gli_gemm_run *run);

#ifdef __cplusplus
}
#endif
#endif
