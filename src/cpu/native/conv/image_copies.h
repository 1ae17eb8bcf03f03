/* Images copied into the layout that the kernel reads. */
#ifndef GLI_CPU_NATIVE_CONV_IMAGE_COPIES_H
#define GLI_CPU_NATIVE_CONV_IMAGE_COPIES_H

#include "cpu/native/conv/convolution.h"

/* Planes of x, [images][channels][rows][columns], that hold the zeros around it as well: what a tap reads is there. */
gli_convolution_image gli_padded_planes(const gli_convolution *c);
/* Why these planes are not made, or NULL: dilation and padding can make them any size. */
const char *gli_convolution_decline_planes(const gli_convolution *c);
void gli_convolution_pad(const glia_context *ctx, const gli_convolution *c, const float *x, float *planes);

/* Without gaps, the channels innermost. */
gli_convolution_image gli_image_channels_last(const gli_convolution_image *image);
void gli_image_copy(const glia_context *ctx, int64_t images, const gli_convolution_image *image, const float *from,
                    const gli_convolution_image *copied, float *to);

#endif
