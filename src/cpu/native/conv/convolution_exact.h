/* What infinite numbers and NaN come to. The tiles multiply the zeros beside the image with them, which would be NaN;
 * here nothing beside the image is read. */
#ifndef GLI_CPU_NATIVE_CONV_CONVOLUTION_EXACT_H
#define GLI_CPU_NATIVE_CONV_CONVOLUTION_EXACT_H

#include "cpu/native/conv/convolution.h"

/* Whether the sums have such zeros. */
bool gli_convolution_reads_zeros(const gli_convolution *c);

/* Computes those channels of y again whose filters are not all finite. */
void gli_convolution_redo_channels(const glia_context *ctx, const gli_convolution *c, const float *x, const float *w,
                                   const glia_tensor *bias, float *y);

/* Computes those elements of dw again that are not finite. c: y is dy. */
void gli_convolution_redo_filters(const glia_context *ctx, const gli_convolution *c, const float *x, const float *dy,
                                  const glia_tensor *dw);

#endif
