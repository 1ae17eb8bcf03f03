/* Convolutions and transposed ones as matrix products in which the rows are pixels: for each pixel of the output and
 * each tap of the filter, the kernel reads the input's channels where they are. f32. */
#ifndef GLI_CPU_NATIVE_CONV_CONVOLUTION_H
#define GLI_CPU_NATIVE_CONV_CONVOLUTION_H

#include "core/provider.h"
#include "ops/conv/conv_geom.h"

typedef struct gli_convolution_image {
    int64_t channels, rows, columns;
    int64_t image_stride, channel_stride, row_stride, column_stride;
} gli_convolution_image;

/* Output pixel p sums over the taps r of the filter, along rows as along columns: input pixel p stride - pad +
 * r dilation; transposed: (p + pad - r dilation) / stride, where that is an integer. */
typedef struct gli_convolution {
    bool transposed;
    bool spread; /* for loops over channels: see depthwise.h */
    int side;    /* where groups are not spread: channels of each, of x as of y; otherwise 0 */
    int images, groups;
    gli_convolution_image x, y;
    int taps[2], stride[2], pad[2], dilation[2]; /* rows, columns */
    /* of the filters: from one group, channel of y, channel of x, row of taps, or tap to the next */
    int64_t group_stride, out_stride, in_stride, tap_row_stride, tap_stride;
    glia_unary_kind activation;
} gli_convolution;

gli_convolution_image gli_image_of(const glia_tensor *image);

#define GLI_ACCEPTS_CONVOLUTION {GLI_TAKES_F32, GLI_ANY_FORMAT, .flags = GLI_NOT_EMPTY}

/* All but the other strides of the filters, and not transposed. */
gli_convolution gli_convolution_of(const gli_conv_geom *g, const glia_tensor *x, const glia_tensor *y,
                                   const glia_tensor *w);

/* Why not, or NULL. */
const char *gli_convolution_decline(const gli_convolution *c);
size_t gli_convolution_workspace(const gli_convolution *c);

/* bias: NULL, or one of y's channels. */
void gli_convolution_run(const glia_context *ctx, const gli_convolution *c, const float *x, const float *w,
                         const glia_tensor *bias, float *y, void *workspace);

/* What cpu.winograd leaves to the direct sums. */
extern const gli_provider gli_conv2d_native, gli_conv2d_backward_data_native, gli_conv2d_backward_filter_native;

#endif
