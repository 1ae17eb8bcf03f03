/* dense and its backward op: what every provider of them may rely on. */
#ifndef GLIA_OPS_LINEAR_DENSE_GEOM_H
#define GLIA_OPS_LINEAR_DENSE_GEOM_H

#include "core/ops.h"
#include "glia/ops/linear.h"

enum { DENSE_X, DENSE_W, DENSE_BIAS };          /* inputs of dense; bias may be absent */
enum { DENSE_WEIGHTS_X, DENSE_WEIGHTS_DY };     /* inputs of dense_backward_weights */
enum { DENSE_WEIGHTS_DW, DENSE_WEIGHTS_DBIAS }; /* its outputs; dbias may be absent */

/* Of both ops. All dimensions but the last are one here. */
typedef struct glia_dense_geom {
    int rows; /* x: [rows,k], y: [rows,u] */
    int k, u; /* w: [u,k] */
    glia_unary_kind activation;
} glia_dense_geom;

#endif
