/* conv2d and its two backward ops: what every provider of them may rely on. */
#ifndef GLI_OPS_CONV_CONV2D_GEOM_H
#define GLI_OPS_CONV_CONV2D_GEOM_H

#include "glia/ops/backward/conv.h"

enum { GLI_CONV2D_X, GLI_CONV2D_W, GLI_CONV2D_BIAS };   /* inputs of conv2d; bias may be absent */
enum { GLI_CONV2D_DATA_DY, GLI_CONV2D_DATA_W };         /* inputs of conv2d_backward_data */
enum { GLI_CONV2D_FILTER_X, GLI_CONV2D_FILTER_DY };     /* inputs of conv2d_backward_filter */
enum { GLI_CONV2D_FILTER_DW, GLI_CONV2D_FILTER_DBIAS }; /* its outputs; dbias may be absent */

/* The numbers of the forward convolution, for all three ops. */
typedef struct gli_conv2d_geom {
    int n, c, h, w; /* x */
    int k, r, s;    /* filters; each has c / groups channels */
    int p, q;       /* y */
    int groups;
    int stride_h, stride_w;
    int pad_h, pad_w, pad_h_end, pad_w_end;
    int dilation_h, dilation_w;
    glia_unary_kind activation;
} gli_conv2d_geom;

#endif
