/* conv2d_transpose: what every provider of it may rely on. */
#ifndef GLI_OPS_CONV_CONV2D_TRANSPOSE_GEOM_H
#define GLI_OPS_CONV_CONV2D_TRANSPOSE_GEOM_H

#include "ops/conv/conv_geom.h"

enum { GLI_CONV2D_TRANSPOSE_X, GLI_CONV2D_TRANSPOSE_W, GLI_CONV2D_TRANSPOSE_BIAS }; /* inputs; bias may be absent */

/* x [n,c,h,w], w [c,k/groups,r,s] and y [n,k,p,q] as the header names them. output_pad is in p and q. */
typedef gli_conv_geom gli_conv2d_transpose_geom;

#endif
