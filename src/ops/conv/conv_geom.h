/* conv2d, conv3d and their backward ops: what every provider of them may rely on. */
#ifndef GLI_OPS_CONV_CONV_GEOM_H
#define GLI_OPS_CONV_CONV_GEOM_H

#include "glia/ops/backward/conv.h"
#include "ops/spatial.h"

enum { GLI_CONV_X, GLI_CONV_W, GLI_CONV_BIAS };     /* inputs of a convolution; bias may be absent */
enum { GLI_CONV_DATA_DY, GLI_CONV_DATA_W };         /* inputs of backward_data */
enum { GLI_CONV_FILTER_X, GLI_CONV_FILTER_DY };     /* inputs of backward_filter */
enum { GLI_CONV_FILTER_DW, GLI_CONV_FILTER_DBIAS }; /* its outputs; dbias may be absent */

/* The numbers of the forward convolution, for all three ops. Of images the depth is 1 everywhere, without padding. */
typedef struct gli_conv_geom {
    int rank; /* the spatial dimensions that the tensors have: 2 or 3 */
    int n, c, k, groups;
    GLI_SPATIAL(in, d, h, w);     /* x */
    GLI_SPATIAL(window, t, r, s); /* filters; each has c / groups channels */
    GLI_SPATIAL(out, z, p, q);    /* y */
    GLI_SPATIAL(stride, stride_d, stride_h, stride_w);
    GLI_SPATIAL(pad, pad_d, pad_h, pad_w);
    GLI_SPATIAL(pad_end, pad_d_end, pad_h_end, pad_w_end);
    GLI_SPATIAL(dilation, dilation_d, dilation_h, dilation_w);
    glia_unary_kind activation;
} gli_conv_geom;

#endif
