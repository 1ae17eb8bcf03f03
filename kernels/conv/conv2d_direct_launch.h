/* What the direct convolutions of conv2d_launch.h take. */
#ifndef GLI_KERNELS_CONV_CONV2D_DIRECT_LAUNCH_H
#define GLI_KERNELS_CONV_CONV2D_DIRECT_LAUNCH_H

#include "kernels/conv/conv2d_launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether shared memory has room for the part of an image under four neighbouring output pixels. Large dilations leave
 * none. It is a matter of sizes alone. */
bool gli_kernel_conv2d_direct_fits(const gli_convolution *conv);

#ifdef __cplusplus
}
#endif
#endif
