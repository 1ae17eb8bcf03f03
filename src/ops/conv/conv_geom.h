/* conv2d, conv3d and their backward ops: what every provider of them may rely on. */
#ifndef GLI_OPS_CONV_CONV_GEOM_H
#define GLI_OPS_CONV_CONV_GEOM_H

#include "glia/ops/backward/conv.h"

enum { GLI_CONV_X, GLI_CONV_W, GLI_CONV_BIAS };     /* inputs of a convolution; bias may be absent */
enum { GLI_CONV_DATA_DY, GLI_CONV_DATA_W };         /* inputs of backward_data */
enum { GLI_CONV_FILTER_X, GLI_CONV_FILTER_DY };     /* inputs of backward_filter */
enum { GLI_CONV_FILTER_DW, GLI_CONV_FILTER_DBIAS }; /* its outputs; dbias may be absent */

enum { GLI_CONV_AXES = 3 };

/* The numbers of the forward convolution, for all three ops. Arrays are {depth, rows, columns}, each element of which
 * has a name of its own. Of two dimensions the depth is 1 everywhere, without padding. */
typedef struct gli_conv_geom {
    int rank; /* the spatial dimensions that the tensors have: 2 or 3, the last ones of each array */
    int n, c, k, groups;
    union {
        int in[GLI_CONV_AXES]; /* x */
        __extension__ struct {
            int d, h, w;
        };
    };
    union {
        int window[GLI_CONV_AXES]; /* filters; each has c / groups channels */
        __extension__ struct {
            int t, r, s;
        };
    };
    union {
        int out[GLI_CONV_AXES]; /* y */
        __extension__ struct {
            int z, p, q;
        };
    };
    union {
        int stride[GLI_CONV_AXES];
        __extension__ struct {
            int stride_d, stride_h, stride_w;
        };
    };
    union {
        int pad[GLI_CONV_AXES];
        __extension__ struct {
            int pad_d, pad_h, pad_w;
        };
    };
    union {
        int pad_end[GLI_CONV_AXES];
        __extension__ struct {
            int pad_d_end, pad_h_end, pad_w_end;
        };
    };
    union {
        int dilation[GLI_CONV_AXES];
        __extension__ struct {
            int dilation_d, dilation_h, dilation_w;
        };
    };
    glia_unary_kind activation;
} gli_conv_geom;

#endif
